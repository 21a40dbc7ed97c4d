# SPDX-License-Identifier: Apache-2.0
"""Stages of translation that need no fairseq: raw files, rows, sub-words, the command line."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from xling.cli import parser
from xling.config.study import Data
from xling.config.translation import TransformerSettings, TranslationSettings, Vocabulary
from xling.data.manifest import read_manifest
from xling.data.notes import write_note
from xling.errors import DataError, Interrupted, SetupError, UsageError
from xling.mt.data.opus100 import pair_name
from xling.mt.data.sampling import lines_for_vocabulary, mixture_size
from xling.mt.data.store import read_summary
from xling.mt.stages import train_mt
from xling.mt.stages.binarize import Binarized, read_binarized
from xling.mt.stages.fetch_parallel import Uses, fetch_parallel
from xling.mt.stages.generate import batches
from xling.mt.stages.prepare_parallel import Choice, prepare_parallel
from xling.mt.stages.subwords import load_model, subwords
from xling.mt.stages.train_command import arguments

LANGUAGES = ["qab", "qaa"]
ARTIFICIAL = Data.model_validate(
    {
        "source": "artificial",
        "artificial": {
            "seed": 3,
            "languages": {"qaa": {"text_share": 0.4}, "qab": {"text_share": 0.4}},
            "source_text_share": 0.2,
            "text_documents": 1,
            "sizes": {},
        },
    }
)
SIZES_OF_TEST = {"largest": 60, "ratio": 3.0, "dev": 5, "test": 6}


def uses(languages=LANGUAGES, sizes=SIZES_OF_TEST):
    return Uses.model_validate({"languages": languages, "sizes": sizes})


def fetched(folder, benchmark, data=ARTIFICIAL, given=None):
    manifest = folder / benchmark / "manifest.json"
    fetch_parallel(benchmark=benchmark, data=data, uses=given or uses(), output=manifest)
    return manifest


def prepare(folder, benchmark, manifest, split="train", direction="m2o", codes=None, **choice):
    table = folder / f"{split}.parquet"
    return table, prepare_parallel(
        benchmark=benchmark,
        direction=direction,
        split=split,
        languages=codes or LANGUAGES,
        choice=Choice(**choice),
        manifest=manifest,
        output=table,
        summary=table.with_suffix(".json"),
    )


@pytest.fixture(scope="module")
def ted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ted")
    return folder, fetched(folder, "ted8_diverse")


# Raw files


@pytest.mark.parametrize("benchmark", ["ted8_related", "opus100"])
def test_artificial_files_lie_as_downloads_do(tmp_path, benchmark):
    manifest = read_manifest(fetched(tmp_path, benchmark))
    folder = tmp_path / benchmark
    assert manifest.origin == "artificial languages, seed 3"
    paths = [file.path for file in manifest.files]
    if benchmark == "opus100":
        name = pair_name("en", "qaa")
        assert len(paths) == 2 * 2 * 3
        assert f"opus100-{name}/opus-100-corpus/v1.0/supervised/{name}/opus.{name}-dev.qaa" in paths
    else:
        assert sorted(paths) == [f"ted-talks/all_talks_{s}.tsv" for s in ("dev", "test", "train")]
    for file in manifest.files:
        content = (folder / file.path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)


def test_xnli_is_found_in_a_folder(tmp_path):
    (tmp_path / "xnli").mkdir()
    for name in ("dev-en", "dev-de", "test-en", "test-de", "test-sw"):
        (tmp_path / f"xnli/{name}.tsv").write_text("a\tb\tneutral\n")
    data = Data.model_validate({"source": "folder", "root": str(tmp_path)})
    found = read_manifest(fetched(tmp_path, "xnli_parallel", data, uses(["de"], None)))
    assert {(file.split, file.language) for file in found.files} == {
        (split, code) for split in ("dev", "test") for code in ("de", "en")
    }
    with pytest.raises(DataError) as error:
        fetched(tmp_path, "xnli_parallel", data, uses(["de", "sw"], None))
    assert error.value.where == str(tmp_path / "xnli/dev-sw.tsv")
    with pytest.raises(UsageError, match="not part of XTREME's folder"):
        fetched(tmp_path, "ted8_diverse", data, uses(["bos"], None))


def test_downloads_are_listed_by_their_notes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = tmp_path / "resources/data"
    folder = base / "ted-talks"
    folder.mkdir(parents=True)
    files = []
    for split in ("train", "dev", "test"):
        (folder / f"all_talks_{split}.tsv").write_text("en\tbs\tmr\ttalk_name\na\tb\tc\tt\n")
        files.append({"path": f"all_talks_{split}.tsv", "bytes": 27, "sha256": split * 8})
    data = Data.model_validate({"source": "download"})
    with pytest.raises(DataError, match="downloads are missing") as error:
        fetched(tmp_path, "ted8_diverse", data, uses(["bos", "mar"], None))
    assert error.value.fix == "xling fetch --dataset ted-talks"
    note = {"key": "ted-talks", "address": "a", "rebuilt": None, "bytes": 87, "sha256": "s"}
    write_note(base, note | {"fetched": "today", "files": files})
    manifest = read_manifest(fetched(tmp_path, "ted8_diverse", data, uses(["bos", "mar"], None)))
    # Checksums are those of the note: nothing is read again.
    assert {(file.split, file.language, file.sha256) for file in manifest.files} == {
        (split, "all", split * 8) for split in ("train", "dev", "test")
    }
    (folder / "all_talks_dev.tsv").write_text("en\tbs\tmr\ttalk_name\n")
    with pytest.raises(DataError, match="not as it was fetched"):
        fetched(tmp_path, "ted8_diverse", data, uses(["bos", "mar"], None))


@pytest.mark.parametrize(
    ("benchmark", "given", "source", "text"),
    [
        ("xnli_parallel", uses(), "artificial", "no artificial data can be written"),
        ("opus100", uses(sizes=None), "artificial", "has no sizes"),
        ("opus100", uses(["qaz", "qaa"]), "artificial", "no language 'qaz'"),
        ("ted8_diverse", uses(["de"], None), "download", "no language 'de'"),
        ("opus100", uses(["dz"], None), "download", "no dev and test set of 'dz'"),
        ("xnli_parallel", uses(["de"], None), "download", "is not downloaded"),
    ],
)
def test_what_cannot_be_had_is_said(tmp_path, benchmark, given, source, text):
    data = ARTIFICIAL if source == "artificial" else Data.model_validate({"source": source})
    with pytest.raises(UsageError, match=text):
        fetched(tmp_path, benchmark, data, given)


# Rows


def test_rows_and_summary_of_a_split(tmp_path, ted):
    table, summary = prepare(tmp_path, "ted8_diverse", ted[1])
    rows = pq.read_table(table).to_pylist()
    assert [row["language"] for row in rows] == ["qab"] * 60 + ["qaa"] * 20
    assert {(row["source_language"], row["target_language"]) for row in rows[60:]} == {
        ("qaa", "en")
    }
    assert json.loads(table.with_suffix(".json").read_text()) == summary
    assert summary["task"] == "ted8_diverse-m2o"
    assert summary["dropped"] == {"null": {"qaa": 40}}
    assert summary["notes"] == ["left out, a side marked as not translated: qaa 40"]
    assert summary["scored"] == {"qab": 60, "qaa": 20}
    assert summary["variant"] == "detokenised"
    assert all(row["target"].endswith(".") and " ." not in row["target"] for row in rows)
    again, _ = prepare(tmp_path / "again", "ted8_diverse", ted[1])
    assert again.read_bytes() == table.read_bytes()


def test_choice_of_the_study(tmp_path, ted):
    table, summary = prepare(
        tmp_path, "ted8_diverse", ted[1], "dev", "o2m", variant="tokenised", dev_rows=2
    )
    rows = pq.read_table(table).to_pylist()
    assert [row["id"] for row in rows] == ["dev-000001", "dev-000002"] * 2
    assert all(row["source"].endswith(" .") for row in rows)
    assert summary["not_drawn"] == {"qab": 3, "qaa": 3}
    # Only dev sets are cut.
    _, summary = prepare(tmp_path, "ted8_diverse", ted[1], "test", dev_rows=2)
    assert summary["rows"] == {"qab": 6, "qaa": 6}


def test_deduplication_drops_what_later_splits_hold(tmp_path):
    manifest = fetched(tmp_path, "opus100")
    name = pair_name("en", "qaa")
    folder = tmp_path / f"opus100/opus100-{name}/opus-100-corpus/v1.0/supervised/{name}"
    held = {}
    for code in ("en", "qaa"):
        held[code] = (folder / f"opus.{name}-test.{code}").read_text().splitlines()[2]
        with (folder / f"opus.{name}-train.{code}").open("a") as stream:
            stream.write(held[code] + "\n")
    listed = json.loads(manifest.read_text())
    for file in listed["files"]:
        path = manifest.parent / file["path"]
        file["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(listed))
    _, plain = prepare(tmp_path, "opus100", manifest)
    _, strict = prepare(tmp_path, "opus100", manifest, deduplicate=True)
    assert plain["rows"]["qaa"] == strict["rows"]["qaa"] + 1 == 21
    assert strict["dropped"]["also_held_out"] == {"qaa": 1}
    assert any("pairs that a later split holds: qaa 1" in note for note in strict["notes"])


def test_changed_raw_file_is_refused(tmp_path):
    manifest = fetched(tmp_path, "ted8_diverse")
    path = tmp_path / "ted8_diverse/ted-talks/all_talks_train.tsv"
    path.write_text(path.read_text().replace("a", "o", 1))
    with pytest.raises(DataError, match="not the one that was fetched"):
        prepare(tmp_path, "ted8_diverse", manifest)
    assert not (tmp_path / "train.parquet").exists()
    path.unlink()
    with pytest.raises(DataError):
        prepare(tmp_path, "ted8_diverse", manifest)
    with pytest.raises(DataError, match="list of raw files cannot be read"):
        prepare(tmp_path, "ted8_diverse", tmp_path / "nothing.json")


def test_language_without_rows_is_refused(tmp_path):
    manifest = fetched(tmp_path, "ted8_diverse")
    path = tmp_path / "ted8_diverse/ted-talks/all_talks_dev.tsv"
    header, *rows = path.read_text().splitlines()
    place = header.split("\t").index("qaa")
    for number, row in enumerate(rows):
        cells = row.split("\t")
        cells[place] = "__NULL__"
        rows[number] = "\t".join(cells)
    path.write_text("\n".join([header, *rows]) + "\n")
    listed = json.loads(manifest.read_text())
    for file in listed["files"]:
        if file["split"] == "dev":
            file["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(listed))
    with pytest.raises(DataError, match="dev of 'qaa' has no line that can be used") as error:
        prepare(tmp_path, "ted8_diverse", manifest, "dev")
    assert "null 5" in error.value.allowed


def test_published_numbers_of_ted_are_checked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "resources/data/ted-talks"
    folder.mkdir(parents=True)
    files = []
    for split in ("train", "dev", "test"):
        path = folder / f"all_talks_{split}.tsv"
        path.write_text("en\tbs\ttalk_name\n" + f"one .\t{split} .\tt\n" * 20)
        sha = hashlib.sha256(path.read_bytes()).hexdigest()
        files.append({"path": path.name, "bytes": path.stat().st_size, "sha256": sha})
    note = {"key": "ted-talks", "address": "a", "rebuilt": None, "bytes": 1, "sha256": "s"}
    write_note(folder.parent, note | {"fetched": "today", "files": files})
    data = Data.model_validate({"source": "download"})
    manifest = fetched(tmp_path, "ted8_diverse", data, uses(["bos"], None))
    with pytest.raises(DataError, match="'bos' has 20 pairs"):
        prepare(tmp_path, "ted8_diverse", manifest, codes=["bos"])
    assert not (tmp_path / "train.parquet").exists()
    # The number of test pairs is not known.
    assert prepare(tmp_path, "ted8_diverse", manifest, "test", codes=["bos"])[1]["rows"] == {
        "bos": 20
    }


def test_xnli_keeps_the_order_of_the_study(tmp_path, monkeypatch):
    from xling.mt.data import xnli_parallel

    small = xnli_parallel.Sizes({"de": 20, "sw": 5}, 4, 6)
    monkeypatch.setattr(xnli_parallel.corpora, "__defaults__", (small,))
    (tmp_path / "xnli").mkdir()
    for split in ("dev", "test"):
        for code in ("en", "de", "sw"):
            lines = [f"{code} {split} {i}\t{code} {split} {i} h\tneutral\n" for i in range(30)]
            (tmp_path / f"xnli/{split}-{code}.tsv").write_text("".join(lines))
    data = Data.model_validate({"source": "folder", "root": str(tmp_path)})
    manifest = fetched(tmp_path, "xnli_parallel", data, uses(["sw", "de"], None))
    _, summary = prepare(tmp_path, "xnli_parallel", manifest, codes=["sw", "de"])
    assert list(summary["rows"].items()) == [("sw", 5), ("de", 20)]


# Sub-words


def test_vocabularies_are_a_function_of_the_rows(tmp_path, ted):
    table, _ = prepare(tmp_path, "ted8_diverse", ted[1])
    pytest.importorskip("sentencepiece")
    notes = [tmp_path / name / "note.json" for name in ("one", "two")]
    for note in notes:
        subwords(settings=Vocabulary(size=90), train=table, output=note)
    assert notes[0].read_bytes() == notes[1].read_bytes()
    folder = notes[0].parent
    assert (folder / "source.model").read_bytes() == (folder / "target.model").read_bytes()
    found = json.loads(notes[0].read_text())
    assert found["source"]["pieces"] == 90
    sizes = read_summary(table)["rows"]
    expected = lines_for_vocabulary(sizes, mixture_size(sizes, 5.0), temperature=5.0, seed=1)
    assert found["lines"] == {code: len(lines) for code, lines in expected.items()}
    texts = [row["source"] for row in pq.read_table(table).to_pylist() if row["language"] == "qaa"]
    mean = np.mean([len(ids) for ids in load_model(folder / "source.model").encode(texts)])
    assert found["source"]["length"]["qaa"] == pytest.approx(mean, abs=0.01)
    assert found["source"]["unknown"]["qaa"] == 0.0
    assert found["source"]["covered"]["qaa"] == 1.0


@pytest.mark.parametrize(("direction", "pieces"), [("m2o", (100, 70)), ("o2m", (70, 100))])
def test_separate_vocabularies_have_their_own_sizes(tmp_path, ted, direction, pieces):
    pytest.importorskip("sentencepiece")
    table, _ = prepare(tmp_path, "ted8_diverse", ted[1], direction=direction)
    settings = Vocabulary(size=100, english=70, shared=False)
    note = subwords(settings=settings, train=table, output=tmp_path / "note.json")
    assert (note["source"]["pieces"], note["target"]["pieces"]) == pieces


def test_impossible_vocabularies_say_what_is_possible(tmp_path, ted):
    pytest.importorskip("sentencepiece")
    table, _ = prepare(tmp_path, "ted8_diverse", ted[1])
    with pytest.raises(UsageError, match="shared vocabulary cannot have 5,000") as error:
        subwords(settings=Vocabulary(size=5_000), train=table, output=tmp_path / "note.json")
    assert error.value.allowed.startswith("at most ")
    with pytest.raises(UsageError, match="cannot have 10 pieces") as error:
        subwords(settings=Vocabulary(size=10), train=table, output=tmp_path / "note.json")
    assert error.value.allowed.startswith("more than the ")
    assert not (tmp_path / "note.json").exists()


# The command line of a training


def binarized(tmp_path, direction="m2o"):
    pairs = {c: f"{c}-en" if direction == "m2o" else f"en-{c}" for c in LANGUAGES}
    note = {"direction": direction, "languages": LANGUAGES, "pairs": pairs, "shared": True}
    return Binarized(tmp_path, note)


def options_of(tmp_path, direction="m2o", model=None, gpus=0, **settings):
    values = TranslationSettings(max_updates=9, warmup_updates=3, **settings)
    line = arguments(
        binarized(tmp_path, direction),
        values,
        model or TransformerSettings(),
        plug_in=tmp_path / "plug_in.json",
        temperature=1.5,
        seed=7,
        gpus=gpus,
        save_dir=tmp_path / "state",
    )
    found = {}
    for place, word in enumerate(line):
        if word.startswith("--"):
            following = line[place + 1 : place + 2]
            found[word] = following[0] if following and following[0][:2] != "--" else True
    return found


def test_command_says_what_the_settings_say(tmp_path):
    found = options_of(tmp_path, max_length=50, update_freq=4, validate_every=5, clip_norm=0.5)
    expected = {
        "--task": "cats_translation",
        "--lang-pairs": "qab-en,qaa-en",
        "--langs": "en,qab,qaa",
        "--encoder-langtok": "src",
        "--sampling-temperature": "1.5",
        "--max-update": "9",
        "--update-freq": "4",
        "--validate-interval-updates": "5",
        "--save-interval-updates": "1000",
        "--clip-norm": "0.5",
        "--max-source-positions": "52",
        "--seed": "7",
        "--best-checkpoint-metric": "macro_loss",
        "--cpu": True,
        "--share-decoder-input-output-embed": True,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert not {"--fp16", "--encoder-normalize-before", "--distributed-world-size"} & set(found)


def test_command_of_other_models_and_machines(tmp_path):
    model = TransformerSettings(pre_norm=True, share_embeddings="all", normalised_embeddings=True)
    found = options_of(tmp_path, "o2m", model, 2, precision="bf16")
    assert found["--lang-pairs"] == "en-qab,en-qaa"
    assert found["--encoder-langtok"] == "tgt"
    assert found["--distributed-world-size"] == "2"
    assert {
        "--bf16",
        "--share-all-embeddings",
        "--encoder-normalize-before",
        "--decoder-normalize-before",
        "--layernorm-embedding",
    } <= set(found)
    assert "--cpu" not in found


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (143, Interrupted, "stopped"),
        (-15, Interrupted, "stopped"),
        (-9, SetupError, "killed by SIGKILL"),
        (3, SystemExit, "3"),
    ],
)
def test_training_ends_as_its_process_does(code, kind, text):
    with pytest.raises(kind, match=text):
        train_mt._end_as(code)


def test_finished_training_raises_nothing():
    assert train_mt._end_as(0) is None


# Binarised data, batches, verbs


def test_incomplete_binarised_data_is_named(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/dict.en.txt").write_text("a 1\n")
    note = tmp_path / "note.json"
    files = {"dict.en.txt": {"bytes": 4}, "train.qaa-en.en.bin": {"bytes": 9}}
    note.write_text(json.dumps({"files": files}))
    with pytest.raises(DataError, match="is missing") as error:
        read_binarized(note)
    assert error.value.where == str(tmp_path / "data/train.qaa-en.en.bin")
    (tmp_path / "data/train.qaa-en.en.bin").write_text("short")
    with pytest.raises(DataError, match="has 5 bytes"):
        read_binarized(note)


def test_prefix_is_fairseqs_name(tmp_path):
    data = binarized(tmp_path, "o2m")
    assert data.prefix("dev", "qaa", "source") == tmp_path / "valid.en-qaa.en"
    assert data.prefix("train", "qab", "target") == tmp_path / "train.en-qab.qab"


def test_batches_have_one_length_and_all_sentences_once():
    sizes = np.array([3, 5, 3, 3, 9, 5, 3])
    found = list(batches(sizes, 9))
    assert sorted(place for batch in found for place in batch) == list(range(7))
    for batch in found:
        assert len(set(sizes[batch])) == 1
        assert len(batch) == 1 or sizes[batch].sum() <= 9
    assert found == [[0, 2, 3], [6], [1], [5], [4]]


def test_all_verbs_are_registered(capsys):
    verbs = "fetch-parallel prepare-parallel subwords binarize train-mt generate"
    for verb in (*verbs.split(), "score-mt", "analyse-mt", "compare-mt"):
        with pytest.raises(SystemExit) as left:
            parser().parse_args([verb, "--help"])
        assert left.value.code == 0
    assert "--binarized" in capsys.readouterr().out
