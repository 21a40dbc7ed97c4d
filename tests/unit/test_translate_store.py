# SPDX-License-Identifier: Apache-2.0
"""The store: nothing is translated twice, a kill loses one batch at most, jobs need no locks."""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from xling.errors import DataError, UsageError
from xling.translate.engine import Translation
from xling.translate.lists import directions_of, read_lists, write_list
from xling.translate.progress import Progress
from xling.translate.shards import check_shard, in_shard
from xling.translate.store import LINE, Store, _batches

DRAW = random.Random(2)
SENTENCES = [
    f"{i} " + "".join(DRAW.choice("ab é漢\t") for _ in range(DRAW.randint(0, 40)))
    for i in range(200)
]
# A process that translates; it says so when a batch begins, and hangs in the last one it may begin.
JOB = """
import json, sys, time
from pathlib import Path
from test_translate_store import Engine
from xling.translate.store import Store
folder, sentences, batches = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
class Slow(Engine):
    def translate(self, sentences, source, target):
        Path(folder, f"begun-{len(self.asked)}").touch()
        while len(self.asked) == batches:
            time.sleep(1)
        return super().translate(sentences, source, target)
Store(Path(folder, "store"), batch_sentences=20).add(Slow(), sentences, "en", "de")
"""


class Engine:
    """Turns sentences round, and remembers what it was asked."""

    key, licence = "engine-1", "CC0-1.0"

    def __init__(self, name=""):
        self.asked = []
        self.name = name
        self.about = {"engine": "made up"}

    def translate(self, sentences, source, target):
        self.asked.append(list(sentences))
        return [
            Translation(
                self.name + one[::-1],
                None if len(one) % 3 else -len(one) / 7,
                ("long", "split") if len(one) % 2 else (),
            )
            for one in sentences
        ]


def wanted(sentences=SENTENCES):
    return Engine().translate(list(sentences), "en", "de")


def start(folder, sentences, batches):
    """Start a job in a process of its own."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    line = [sys.executable, "-c", JOB, str(folder), json.dumps(sentences), str(batches)]
    return subprocess.Popen(line, env=env)


def wait_for(path, process):
    for _ in range(3000):
        if path.exists():
            return
        assert process.poll() is None
        time.sleep(0.01)
    raise AssertionError(path)


def test_nothing_is_translated_twice(tmp_path):
    engine, store = Engine(), Store(tmp_path)
    assert store.translate_all(engine, [*SENTENCES, *SENTENCES[:9]], "en", "de") == [
        *wanted(),
        *wanted(SENTENCES[:9]),
    ]
    assert sorted(one for batch in engine.asked for one in batch) == sorted(SENTENCES)
    again = Store(tmp_path)
    engine.asked.clear()
    assert again.translate_all(engine, ["new", *SENTENCES[::-1]], "en", "de") == [
        *wanted(["new"]),
        *wanted()[::-1],
    ]
    assert engine.asked == [["new"]]
    assert again.add(engine, ["new"], "en", "de") == 0
    # Another direction, another engine: other translations.
    assert again.find("engine-1", ["new"], "en", "sw") == [None]
    assert again.find("engine-2", ["new"], "en", "de") == [None]
    assert again.missing("engine-1", ["new", "newer", "newer"], "en", "de") == ["newer"]
    about = json.loads((tmp_path / "engine-1/engine.json").read_text())
    assert about == {"engine": "made up", "key": "engine-1", "licence": "CC0-1.0"}


def test_texts_of_all_kinds_come_back_as_they_were(tmp_path):
    texts = ["", " ", "\n\t", "a\x00b", "é", "e\u0301", "漢字", "\ud800", "x" * 100_000, "🙂"]

    class Kept(Engine):
        def translate(self, sentences, source, target):
            return [Translation(one.replace("\ud800", "?")) for one in sentences]

    found = Store(tmp_path).translate_all(Kept(), texts, "en", "de")
    assert [one.text for one in found] == [text.replace("\ud800", "?") for text in texts]
    assert Store(tmp_path).find("engine-1", texts, "en", "de") == found


def test_order_batches_and_shards_change_nothing(tmp_path):
    expected = wanted()
    for name, options, count in (("a", {}, 1), ("b", {"batch_sentences": 7}, 3), ("c", {}, 10)):
        store = Store(tmp_path / name, **options)
        mixed = random.Random(name).sample(SENTENCES, len(SENTENCES))
        new = []
        for number in range(count):
            own = [one for one in mixed if in_shard(one, number, count)]
            new.append(store.add(Engine(), own, "en", "de"))
        assert sum(new) == len(SENTENCES)
        assert all(new)
        assert store.find("engine-1", SENTENCES, "en", "de") == expected


def test_batches_have_a_bound_and_go_from_short_to_long():
    found = list(_batches(["aaa", "a", "aa", "b" * 9, "cc"], 2, 5))
    assert found == [["a", "aa"], ["cc", "aaa"], ["b" * 9]]
    assert list(_batches([], 2, 5)) == []


def test_a_kill_loses_the_batch_in_flight(tmp_path):
    job = start(tmp_path, SENTENCES, 3)
    wait_for(tmp_path / "begun-3", job)
    job.send_signal(signal.SIGKILL)
    job.wait()
    store, engine = Store(tmp_path / "store", batch_sentences=20), Engine()
    assert len(store.missing("engine-1", SENTENCES, "en", "de")) == len(SENTENCES) - 3 * 20
    assert store.translate_all(engine, SENTENCES, "en", "de") == wanted()
    done = {one for batch in list(_batches(SENTENCES, 20, 1 << 16))[:3] for one in batch}
    assert {one for batch in engine.asked for one in batch} == set(SENTENCES) - done


def test_a_kill_may_leave_half_a_write(tmp_path):
    store = Store(tmp_path, batch_sentences=50)
    store.add(Engine(), SENTENCES, "en", "de")
    (index,) = (tmp_path / "engine-1/en-de").glob("*.index")
    text = index.with_suffix(".text")
    lines, texts = index.read_bytes(), text.read_bytes()
    # However far the last batch came: text first, then lines.
    for kept_lines, kept_texts in (
        (len(lines) - 1, len(texts)),
        (150 * LINE.itemsize + 5, len(texts)),
        (150 * LINE.itemsize, len(texts) - 30),
        # A crash of the machine may leave zeros, or lines whose text never came.
        (len(lines), len(texts) - 30),
    ):
        index.write_bytes(lines[:kept_lines])
        text.write_bytes(texts[:kept_texts])
        found = Store(tmp_path).find("engine-1", SENTENCES, "en", "de")
        assert sum(one is not None for one in found) >= 150
        assert all(one in (None, two) for one, two in zip(found, wanted(), strict=True))
    index.write_bytes(lines[: -10 * LINE.itemsize] + bytes(10 * LINE.itemsize))
    text.write_bytes(texts)
    engine = Engine()
    assert Store(tmp_path).translate_all(engine, SENTENCES, "en", "de") == wanted()
    assert sum(map(len, engine.asked)) == 10


def test_jobs_write_at_the_same_time(tmp_path):
    jobs = [start(tmp_path, part, 99) for part in (SENTENCES[:150], SENTENCES[50:][::-1])]
    assert [job.wait() for job in jobs] == [0, 0]
    engine = Engine()
    assert Store(tmp_path / "store").translate_all(engine, SENTENCES, "en", "de") == wanted()
    assert not engine.asked
    assert len(list((tmp_path / "store/engine-1/en-de").glob("*.index"))) == 2


def test_of_two_translations_all_readers_take_the_same(tmp_path):
    for name in ("x", "b", "z"):

        class Behind(Store):
            def missing(self, key, sentences, source, target):
                return list(sentences)  # both looked before either wrote

        Behind(tmp_path).add(Engine(name), ["one", "two"], "en", "de")
    for sentences in (["one", "two"], ["two", "one"]):
        found = Store(tmp_path).find("engine-1", sentences, "en", "de")
        assert [one.text for one in found] == ["b" + one[::-1] for one in sentences]


def test_a_failed_engine_leaves_what_was_done(tmp_path):
    class Failing(Engine):
        def translate(self, sentences, source, target):
            if len(self.asked) == 2:
                raise UsageError("no such language")
            return super().translate(sentences, source, target)

    store = Store(tmp_path, batch_sentences=20)
    with pytest.raises(UsageError):
        store.add(Failing(), SENTENCES, "en", "de")
    assert len(store.missing("engine-1", SENTENCES, "en", "de")) == 160

    class Short(Engine):
        def translate(self, sentences, source, target):
            return super().translate(sentences[1:], source, target)

    with pytest.raises(DataError, match="gave 19 translations of 20 texts"):
        store.add(Short(), SENTENCES, "en", "de")
    # Nothing is left of a job that wrote nothing.
    assert len(list((tmp_path / "engine-1/en-de").iterdir())) == 2


def test_damage_is_named(tmp_path):
    store = Store(tmp_path)
    store.add(Engine(), ["abcdef"], "en", "de")
    (text,) = (tmp_path / "engine-1/en-de").glob("*.text")
    text.write_bytes(text.read_bytes().replace(b"f", b"g"))
    with pytest.raises(DataError, match="damaged") as error:
        store.find("engine-1", ["abcdef"], "en", "de")
    assert error.value.where == str(text)


def test_files_are_mapped_not_read(tmp_path):
    from xling.translate import store as module

    store = Store(tmp_path)
    store.add(Engine(), SENTENCES, "en", "de")
    shelf = module._Shelf(tmp_path / "engine-1/en-de")
    assert all(isinstance(one, np.memmap) for one in shelf._texts)


# Shards and lists


def test_shards_share_no_sentence():
    owners = [[i for i in range(7) if in_shard(one, i, 7)] for one in SENTENCES]
    assert all(len(one) == 1 for one in owners)
    assert {one[0] for one in owners} == set(range(7))
    for number, count in ((-1, 3), (3, 3), (0, 0)):
        with pytest.raises(UsageError, match="no shard"):
            check_shard(number, count)


def test_lists(tmp_path):
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    counts = write_list(one, {("qaa", "en"): ["x", "y", "x"], ("en", "qaa"): SENTENCES})
    assert counts == {"en-qaa": 200, "qaa-en": 2}
    write_list(two, {("en", "qaa"): ["new", *SENTENCES[:5]], ("en", "qab"): []})
    assert directions_of([one, two]) == [("en", "qaa"), ("qaa", "en")]
    whole = read_lists([one, two])
    assert whole == {("en", "qaa"): [*SENTENCES, "new"], ("qaa", "en"): ["x", "y"]}
    parts = [read_lists([one, two], number, 4) for number in range(4)]
    for direction, texts in whole.items():
        shared = [text for part in parts for text in part.get(direction, [])]
        assert sorted(shared) == sorted(texts)
    again = tmp_path / "again.parquet"
    write_list(again, {("en", "qaa"): SENTENCES * 2, ("qaa", "en"): ["x", "y"]})
    assert again.read_bytes() == one.read_bytes()


def test_what_is_no_list_is_named(tmp_path):
    file = tmp_path / "list.parquet"
    for content in (None, b"text"):
        if content:
            file.write_bytes(content)
        with pytest.raises(DataError, match="no list of sentences"):
            read_lists([file])
    with pytest.raises(DataError, match="half a character"):
        write_list(file, {("en", "qaa"): ["a\ud800"]})
    assert file.read_bytes() == b"text"


def test_progress_tells_rate_and_time_left(caplog):
    caplog.set_level(logging.INFO)
    progress = Progress("en-de", ["ab", "abcdef", "abcdefgh"], every=0)
    progress.add(["ab"])
    assert progress.line(2.0) == "en-de: 1 of 3 sentences, 0.5 sentences/s, 14 s left"
    assert progress.line(60.0).endswith("7 min left")
    progress.add(["abcdef", "abcdefgh"])
    assert progress.line(4.0) == "en-de: 3 of 3 sentences, 0.8 sentences/s, 0 s left"
    assert len(caplog.messages) == 2
