# SPDX-License-Identifier: Apache-2.0
"""The chain from raw files to translations on tiny artificial benchmarks, and what it survives."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from importlib import util

import psutil
import pyarrow.parquet as pq
import pytest
import toy_translation as toy

from xling.config.study import Data
from xling.config.translation import TransformerSettings, TranslationSettings, Vocabulary
from xling.errors import DataError, UsageError
from xling.mt.fairseq.trained import load, read_checkpoint
from xling.mt.stages.binarize import binarize, read_binarized
from xling.mt.stages.fetch_parallel import Uses, fetch_parallel
from xling.mt.stages.generate import generate
from xling.mt.stages.prepare_parallel import Choice, prepare_parallel
from xling.mt.stages.subwords import load_model, subwords
from xling.mt.stages.train_mt import train_mt

pytestmark = [
    pytest.mark.fairseq,
    pytest.mark.skipif(util.find_spec("fairseq") is None, reason="fairseq is not installed"),
]

LANGUAGES = ["qab", "qaa"]  # the order of the study, not of the alphabet
DATA = {
    "source": "artificial",
    "artificial": {
        "seed": 3,
        "languages": {
            "qaa": {"text_share": 0.4, "cognates": 0.5},
            "qab": {"text_share": 0.4, "word_order": "SOV", "script": "greek"},
        },
        "source_text_share": 0.2,
        "text_documents": 1,
        "sizes": {},
    },
}
SIZES = {"largest": 120, "ratio": 3.0, "dev": 12, "test": 15}
MODEL = TransformerSettings(
    encoder_layers=1, decoder_layers=1, width=32, ffn=32, heads=2, dropout=0.1
)
UPDATES = 100
CATS = {"method": "cats", "weighting": {"mode": "relative", "period": 10}, "probe": {"tokens": 60}}
TEMPERATURE = {"method": "temperature", "weighting": {"temperature": 5.0}}


def settings(updates, **changes):
    values = {
        "max_updates": updates,
        "max_tokens": 600,
        "learning_rate": 0.01,
        "warmup_updates": 20,
        "log_every": 20,
        "validate_every": 50,
        "checkpoint_every": 25,
        "beam": 2,
    }
    return TranslationSettings.model_validate(values | changes)


def prepared(folder, benchmark, direction, vocabulary):
    """Write, prepare and binarise a benchmark; return the note and the test rows."""
    manifest = folder / "raw/manifest.json"
    fetch_parallel(
        benchmark=benchmark,
        data=Data.model_validate(DATA),
        uses=Uses.model_validate({"languages": LANGUAGES, "sizes": SIZES}),
        output=manifest,
    )
    tables = {split: folder / f"{split}.parquet" for split in ("train", "dev", "test")}
    for split, table in tables.items():
        prepare_parallel(
            benchmark=benchmark,
            direction=direction,
            split=split,
            languages=LANGUAGES,
            choice=Choice(),
            manifest=manifest,
            output=table,
            summary=table.with_suffix(".json"),
        )
    pieces = folder / "subwords/note.json"
    subwords(settings=vocabulary, train=tables["train"], output=pieces)
    note = folder / "binarized/note.json"
    binarize(**tables, subwords=pieces, output=note)
    return note, tables


@pytest.fixture(scope="module")
def ted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ted")
    return prepared(folder, "ted8_diverse", "m2o", Vocabulary(size=120))


@pytest.fixture(scope="module")
def opus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("opus")
    return prepared(folder, "opus100", "o2m", Vocabulary(size=110, english=90, shared=False))


def options(note, folder, **changes):
    return {
        "binarized": note,
        "settings": settings(UPDATES),
        "model": MODEL,
        "plug_in": CATS,
        "temperature": 1.0,
        "seed": 4,
        "threads": 1,
        "gpus": 0,
        "state": folder / "state",
        "output": folder / "train.json",
        **changes,
    }


def command(given):
    """Return the command line of a training."""
    line = [sys.executable, "-m", "xling.cli", "train-mt"]
    for name, value in given.items():
        if hasattr(value, "model_dump"):
            value = value.model_dump()
        text = json.dumps(value) if isinstance(value, dict) else str(value)
        line += [f"--{name.replace('_', '-')}", text]
    return line


@pytest.fixture(scope="module")
def trained(ted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    return folder, train_mt(**options(ted[0], folder))


def texts(table, language, column):
    rows = pq.read_table(table).to_pylist()
    return [row[column] for row in rows if row["language"] == language]


# Text to numbers


@pytest.mark.parametrize("layout", ["ted", "opus"])
def test_binarised_sentences_are_the_prepared_ones(layout, request):
    note, tables = request.getfixturevalue(layout)
    from xling.mt.fairseq import compat

    compat.install()
    from fairseq.data import Dictionary
    from fairseq.data.indexed_dataset import MMapIndexedDataset

    data = read_binarized(note)
    assert data.languages == LANGUAGES
    for split, side, language in (("train", "source", "qaa"), ("dev", "target", "qab")):
        prefix = data.prefix(split, language, side)
        dictionary = Dictionary.load(str(data.folder / f"dict.{prefix.suffix[1:]}.txt"))
        found = MMapIndexedDataset(str(prefix))
        expected = texts(tables[split], language, side)
        assert len(found) == len(expected)
        model = load_model(data.folder / f"{side}.model")
        for place, text in enumerate(expected):
            *pieces, end = (dictionary[n] for n in found[place].tolist())
            assert end == "</s>"
            # The text as SentencePiece writes it, with a mark for unknown characters.
            known = [
                piece if model.piece_to_id(piece) else "<unk>"
                for piece in model.encode(text, out_type=str)
            ]
            assert pieces == known


def test_note_counts_what_was_encoded(opus):
    note = json.loads(opus[0].read_text())
    vocabulary = json.loads((opus[0].parent.parent / "subwords/note.json").read_text())
    assert note["pairs"] == {"qab": "en-qab", "qaa": "en-qaa"}
    assert (note["shared"], vocabulary["source"]["pieces"], vocabulary["target"]["pieces"]) == (
        False,
        90,
        110,
    )
    assert note["splits"]["train"]["rows"] == {"qab": 120, "qaa": 40}
    model = load_model(opus[0].parent / "data/target.model")
    expected = sum(map(len, model.encode(texts(opus[1]["test"], "qab", "target"))))
    assert note["pieces"]["test"]["target"]["qab"] == expected
    assert note["overlap"]["test"]["qaa"]["rows"] == 15


# Training


def test_train_note_says_what_was_trained(trained):
    folder, note = trained
    assert json.loads((folder / "train.json").read_text()) == note
    assert (note["updates"], note["languages"], note["kind"]) == (UPDATES, LANGUAGES, "translation")
    assert note["train_rows"] == {"qab": 120, "qaa": 40}
    assert note["too_long"] == {"train": {"qab": 0, "qaa": 0}, "dev": {"qab": 0, "qaa": 0}}
    assert not (folder / "state").exists()
    history = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    looks = {line["update"]: line["macro_loss"] for line in history if line["kind"] == "valid"}
    assert sorted(looks) == [50, UPDATES]
    # The checkpoint with the least mean loss over languages.
    best = min(looks, key=lambda update: looks[update])
    assert note["selection"]["step"] == best
    assert note["selection"]["loss"] == pytest.approx(looks[best], rel=1e-6)
    trace = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    assert {30, UPDATES} <= {line["update"] for line in trace}
    # SentencePiece's own three pieces become fairseq's four; and a token for each language.
    width, pieces = 32, 120 - 3 + 4 + 3
    embeddings = 2 * width * pieces
    layer = 4 * width * (width + 1) + 2 * width * (width + 1) + 4 * width
    decoder = layer + 4 * width * (width + 1) + 2 * width
    assert note["parameters"] == embeddings + layer + decoder


def start(given):
    """Start a training; return its process and what it says."""
    return subprocess.Popen(command(given), stderr=subprocess.PIPE, text=True)


def wait_for_checkpoint(state, process, after):
    """Wait for a checkpoint that is newer than a time."""
    until = time.monotonic() + 100
    while not any(p.stat().st_mtime_ns > after for p in state.glob("*/checkpoint_last.pt")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until, "no checkpoint comes"
        time.sleep(0.005)


def saved_updates(state):
    (path,) = state.glob("*/checkpoint_last.pt")
    return read_checkpoint(path)["optimizer_history"][-1]["num_updates"]


def test_stopped_and_killed_training_gives_the_same_weights(ted, trained, tmp_path):
    given = options(ted[0], tmp_path)
    state = given["state"]
    # A signal saves and leaves.
    process = start(given)
    wait_for_checkpoint(state, process, 0)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 143, said
    assert "run the same command again to go on" in said
    stopped = saved_updates(state)
    assert 25 <= stopped < UPDATES
    # A kill loses the updates since the last checkpoint, and leaves no training behind.
    process = start(given)
    wait_for_checkpoint(state, process, time.time_ns())
    (child,) = psutil.Process(process.pid).children()
    process.kill()
    process.communicate(timeout=60)
    _, alive = psutil.wait_procs([child], timeout=10)
    assert not alive
    assert stopped < saved_updates(state) <= UPDATES
    assert not given["output"].exists()
    note = train_mt(**given)
    folder, whole = trained
    assert note["weights_sha256"] == whole["weights_sha256"]
    assert note["selection"] == whole["selection"]
    trace, expected = (path / "trace.jsonl" for path in (tmp_path, folder))
    assert trace.read_bytes() == expected.read_bytes()
    assert not state.exists()


# Translations


@pytest.fixture(scope="module")
def translated(trained, ted, tmp_path_factory):
    folder, _ = trained
    table = tmp_path_factory.mktemp("translated") / "m2o.parquet"
    return table, translate(ted, folder, table)


def translate(data, folder, table, **changes):
    return generate(
        binarized=data[0],
        test=data[1]["test"],
        train_note=folder / "train.json",
        threads=1,
        note=table.with_suffix(".json"),
        output=table,
        **changes,
    )


def test_every_reference_has_a_hypothesis(translated, ted):
    table, note = translated
    found, rows = pq.read_table(table), pq.read_table(ted[1]["test"])
    for name, column in (("id", "id"), ("language", "language"), ("reference", "target")):
        assert found[name].to_pylist() == rows[column].to_pylist()
    assert note["rows"] == {"qab": 15, "qaa": 15}
    assert max(found["score"].to_pylist()) < 0.0
    # Detokenised text: neither marks of sub-words nor language tokens.
    text = " ".join(found["hypothesis"].to_pylist())
    assert len(text.split()) > 30
    assert "\u2581" not in text
    assert "__" not in text


def test_hypotheses_do_not_depend_on_batches(translated, trained, ted, tmp_path):
    one_by_one = tmp_path / "one.parquet"
    translate(ted, trained[0], one_by_one, batch_tokens=1)
    first, second = (pq.read_table(path) for path in (translated[0], one_by_one))
    assert first["hypothesis"].to_pylist() == second["hypothesis"].to_pylist()
    assert first["score"].to_pylist() == pytest.approx(second["score"].to_pylist(), abs=1e-5)


def test_search_is_fairseqs_own(translated, trained, ted, tmp_path):
    toy.run_tool(
        *(
            "generate",
            ted[0].parent / "data",
            "--path",
            trained[0] / "model/checkpoint.pt",
            "--cpu",
        ),
        *("--task", "translation_multi_simple_epoch", "--gen-subset", "test", "--beam", 2),
        *("--lang-pairs", "qab-en,qaa-en", "--langs", "en,qab,qaa", "--encoder-langtok", "src"),
        *("--source-lang", "qaa", "--target-lang", "en", "--results-path", tmp_path),
        *("--required-batch-size-multiple", 1, "--batch-size", 1, "--remove-bpe", "sentencepiece"),
        *("--max-len-a", 2, "--max-len-b", 10),
    )
    lines = (tmp_path / "generate-test.txt").read_text().splitlines()
    fields = [line.split("\t") for line in lines if line.startswith("H-")]
    found = {int(name[2:]): text for name, _, text in fields}
    # fairseq joins sub-words by itself, SentencePiece writes unknown ones otherwise.
    expected = texts(translated[0], "qaa", "hypothesis")
    assert [found[n].replace("<unk>", "\u2047").split() for n in range(15)] == [
        text.split() for text in expected
    ]


def test_opus_from_english_with_two_vocabularies(opus, tmp_path, caplog):
    old = tmp_path / "state/0123456789ab"
    old.mkdir(parents=True)
    (old / "checkpoint_last.pt").write_text("of other settings")
    given = {"settings": settings(20), "plug_in": TEMPERATURE, "temperature": 5.0}
    with caplog.at_level("INFO", logger="xling"):
        note = train_mt(**options(opus[0], tmp_path, **given))
    assert "removing checkpoints of other settings" in caplog.text
    assert note["updates"] == 20
    assert note["vocabulary"]["source"] != note["vocabulary"]["target"]
    # Nothing is measured: there is no trace.
    assert not (tmp_path / "trace.jsonl").exists()
    table = tmp_path / "o2m.parquet"
    translate(opus, tmp_path, table)
    found = pq.read_table(table)
    assert found["source"].to_pylist() == pq.read_table(opus[1]["test"])["source"].to_pylist()
    # The token of the target language comes first, as in training.
    model = load(tmp_path / "model/checkpoint.pt", opus[0].parent / "data")
    for pair, dataset in model.datasets("test").items():
        first = {model.task.source_dictionary[int(row["source"][0])] for row in dataset}
        assert first == {f"__{pair.removeprefix('en-')}__"}


# What does not belong together


def test_embeddings_cannot_be_shared_across_vocabularies(opus, tmp_path):
    model = MODEL.model_copy(update={"share_embeddings": "all"})
    with pytest.raises(UsageError, match="all embeddings are shared"):
        train_mt(**options(opus[0], tmp_path, model=model))


def test_incomplete_folder_is_refused(ted, tmp_path):
    shutil.copytree(ted[0].parent, tmp_path / "copy")
    note = tmp_path / "copy/note.json"
    (tmp_path / "copy/data/valid.qaa-en.en.bin").unlink()
    with pytest.raises(DataError, match="is missing") as error:
        train_mt(**options(note, tmp_path))
    assert error.value.where.endswith("valid.qaa-en.en.bin")
    with pytest.raises(DataError, match="cannot be read"):
        read_binarized(tmp_path / "nothing/note.json")


def test_other_test_rows_are_refused(ted, trained, tmp_path):
    other = (ted[0], ted[1] | {"test": ted[1]["dev"]})
    with pytest.raises(DataError, match="not those that were binarised"):
        translate(other, trained[0], tmp_path / "x.parquet")
    assert not (tmp_path / "x.parquet").exists()


def test_model_of_another_vocabulary_is_refused(opus, trained, tmp_path):
    with pytest.raises(DataError, match="trained with another vocabulary"):
        translate(opus, trained[0], tmp_path / "x.parquet")


def test_splits_of_other_data_are_refused(ted, opus, tmp_path):
    tables = ted[1] | {"dev": opus[1]["dev"]}
    pieces = ted[0].parent.parent / "subwords/note.json"
    with pytest.raises(DataError, match="dev of opus100-o2m"):
        binarize(**tables, subwords=pieces, output=tmp_path / "note.json")
    assert not list(tmp_path.iterdir())
