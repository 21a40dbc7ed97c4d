# SPDX-License-Identifier: Apache-2.0
"""The stages of translation: shards into the store, files by hand, converted models, codes."""

from __future__ import annotations

import json
import os
import signal

import pytest
from test_translate_artificial import SETTINGS, drawn, said

from xling.errors import DataError, Interrupted, UsageError
from xling.translate.engine import Translation
from xling.translate.engines import open_engine
from xling.translate.guarded import GuardedEngine
from xling.translate.lists import write_list
from xling.translate.settings import ArtificialEngine, Guard, Machine
from xling.translate.stages import translate_shard as shard_stage
from xling.translate.stages.stopping import stoppable
from xling.translate.stages.translate_file import translate_file
from xling.translate.stages.translate_shard import summary, translate_shard
from xling.translate.store import Store

CPU = Machine(device="cpu")
EXACT = ArtificialEngine(guard=Guard(retry_beam=None))
NOISY = EXACT.model_copy(update={"noise": 0.4})
SENTENCES = said("en", drawn(40))
BACK = said("qaa", drawn(10))


# Shards


def shard(folder, number=0, count=1, settings=None, **changes):
    lists = [folder / "list.parquet"]
    if not lists[0].exists():
        write_list(lists[0], {("en", "qaa"): [*SENTENCES, "zzz"], ("qaa", "en"): BACK})
    return translate_shard(
        **{
            "settings": settings or {"*": EXACT},
            "machine": CPU,
            "lists": lists,
            "number": number,
            "count": count,
            "store": folder / "store",
            "output": folder / f"shard-{number}.json",
            "artificial": SETTINGS,
        }
        | changes
    )


def test_shards_fill_the_store(tmp_path):
    notes = [shard(tmp_path, number, 3) for number in range(3)]
    assert json.loads((tmp_path / "shard-1.json").read_text()) == notes[1]
    assert sum(note["new"] for note in notes) == 51
    key = notes[0]["engines"]["en-qaa"]["key"]
    found = Store(tmp_path / "store").find(key, SENTENCES, "en", "qaa")
    assert [one.text for one in found] == said("qaa", drawn(40))
    sizes = {
        name: sum(note["directions"].get(name, {"sentences": 0})["sentences"] for note in notes)
        for name in ("en-qaa", "qaa-en")
    }
    assert sizes == {"en-qaa": 41, "qaa-en": 10}
    flags = [note["directions"]["en-qaa"]["flags"] for note in notes]
    assert [one for one in flags if one] == [{"word_for_word": 1}]
    # The second time all is there.
    again = shard(tmp_path, 1, 3)
    assert again["new"] == 0
    assert {name: one["sentences"] for name, one in again["directions"].items()} == {
        name: one["sentences"] for name, one in notes[1]["directions"].items()
    }


def test_each_direction_may_have_an_engine(tmp_path):
    note = shard(tmp_path, settings={"qaa-en": EXACT, "*": NOISY})
    keys = {name: one["key"] for name, one in note["engines"].items()}
    assert keys["en-qaa"] == open_engine(NOISY, CPU, SETTINGS).key
    assert keys["qaa-en"] == open_engine(EXACT, CPU, SETTINGS).key
    assert {path.name for path in (tmp_path / "store").iterdir()} == set(keys.values())
    # Any shard names all engines, also one without any sentence of a direction.
    few = tmp_path / "few.parquet"
    write_list(few, {("en", "qaa"): ["zzz"], ("qaa", "en"): BACK})
    notes = [shard(tmp_path, number, 9, lists=[few]) for number in range(9)]
    assert all(set(one["engines"]) == {"en-qaa", "qaa-en"} for one in notes)
    with pytest.raises(UsageError, match="no engine translates en-qaa") as error:
        shard(tmp_path, settings={"qaa-en": EXACT})
    assert error.value.allowed == "qaa-en"


def test_what_cannot_be_translated_is_said(tmp_path):
    with pytest.raises(UsageError, match="no shard 3 of 3"):
        shard(tmp_path, 3, 3)
    other = tmp_path / "other.parquet"
    write_list(other, {("en", "de"): ["a dog"]})
    with pytest.raises(UsageError, match="no artificial language 'de'"):
        shard(tmp_path, lists=[other])
    with pytest.raises(DataError, match="no list of sentences"):
        shard(tmp_path, lists=[tmp_path / "none.parquet"])
    assert not (tmp_path / "shard-0.json").exists()


def test_a_signal_keeps_what_is_translated(tmp_path, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    real = GuardedEngine.translate

    def translate(self, sentences, source, target):
        if source == "qaa":
            os.kill(os.getpid(), signal.SIGTERM)
        return real(self, sentences, source, target)

    monkeypatch.setattr(GuardedEngine, "translate", translate)
    with pytest.raises(Interrupted, match="finished batches are kept"):
        shard(tmp_path)
    assert signal.getsignal(signal.SIGTERM) == before
    assert not (tmp_path / "shard-0.json").exists()
    monkeypatch.setattr(GuardedEngine, "translate", real)
    note = shard(tmp_path)
    assert {name: one["new"] for name, one in note["directions"].items()} == {
        "en-qaa": 0,
        "qaa-en": 10,
    }
    with stoppable():
        pass


def test_engines_load_no_model_where_all_is_there(tmp_path, monkeypatch):
    shard(tmp_path)

    def load(self):
        raise AssertionError("loaded")

    monkeypatch.setattr(GuardedEngine, "model", property(load))
    assert shard(tmp_path)["new"] == 0


def test_summary_counts_flags_and_lost_texts():
    found = [
        Translation("a", None, ("cut", "long")),
        Translation(""),
        Translation("", None, ("cut",)),
    ]
    assert summary(["x", " ", "y"], found) == {
        "sentences": 3,
        "flags": {"cut": 2, "long": 1},
        "empty": 1,
    }
    assert shard_stage.OTHERS == "*"


# Files


def by_hand(folder, text, **changes):
    file = folder / "given.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    output = folder / "made.txt"
    note = translate_file(
        **{
            "settings": EXACT,
            "machine": CPU,
            "file": file,
            "source": "en",
            "target": "qaa",
            "store": folder / "store",
            "output": output,
            "artificial": SETTINGS,
        }
        | changes
    )
    return output.read_text(), note


def test_lines_of_a_text(tmp_path):
    own = said("qaa", drawn(40))
    made, note = by_hand(tmp_path, "\n".join([*SENTENCES, "", SENTENCES[0]]) + "\n")
    assert made.split("\n") == [*own, "", own[0], ""]
    assert (note["lines"], note["different"], note["new"], note["empty"]) == (42, 41, 41, 0)
    assert note["flags"] == {"blank": 1}
    assert json.loads((tmp_path / "made.txt.json").read_text()) == note
    assert note["engine"]["licence"] == "Apache-2.0"
    again, second = by_hand(tmp_path, "\n".join([*SENTENCES, "", SENTENCES[0]]))
    assert (again, second["new"]) == (made, 0)
    assert by_hand(tmp_path, "")[0] == ""
    # Only a line feed ends a line.
    assert by_hand(tmp_path, "zzz\u2028zzz\x85\r\nzzz\n")[0].count("\n") == 2


def test_columns_of_a_table(tmp_path):
    own = said("qaa", drawn(2))
    text = f"id\tone\ttwo\n1\t{SENTENCES[0]}\t{SENTENCES[1]}\n2\t{SENTENCES[1]}\tzzz\n"
    made, note = by_hand(tmp_path, text, columns=["two", "one"])
    assert made == f"id\tone\ttwo\n1\t{own[0]}\t{own[1]}\n2\t{own[1]}\tzzz\n"
    assert (note["lines"], note["different"]) == (2, 3)
    made, _ = by_hand(tmp_path, text, columns=["one"])
    assert made.endswith(f"2\t{own[1]}\tzzz\n")


@pytest.mark.parametrize(
    ("text", "changes", "error", "words"),
    [
        (b"ok\n\xff\xfe", {}, DataError, "not UTF-8 .byte 3."),
        ("a\tb\n1\n", {"columns": ["a"]}, DataError, "has 1 cells"),
        ("a\tb\n1\t2\n", {"columns": ["c"]}, UsageError, "no column 'c'"),
        ("", {"columns": ["c"]}, UsageError, "no column 'c'"),
        ("zzz", {"target": "de"}, UsageError, "no artificial language 'de'"),
    ],
)
def test_unusable_files_are_named(tmp_path, text, changes, error, words):
    with pytest.raises(error, match=words):
        by_hand(tmp_path, text, **changes)
    with pytest.raises(DataError, match="not there"):
        by_hand(tmp_path, "", file=tmp_path / "none.txt")
