# SPDX-License-Identifier: Apache-2.0
"""The verbs of distillation in their order, on artificial languages and a tiny encoder."""

import json
import shutil

import pyarrow.parquet as pq
import pytest
from distill_chain import DATA, PAIRS, SIZES, make, read, run, student

from xling.cli import main
from xling.data.manifest import read_manifest
from xling.data.notes import list_files, sum_of, write_note
from xling.distill.data.store import parts, read_summary
from xling.distill.evaluation.space import read_space
from xling.distill.model_notes import folder_of
from xling.records import read_record


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of results up to the teacher."""
    folder = tmp_path_factory.mktemp("distilled")
    make(folder)
    return folder


@pytest.fixture(scope="module")
def trained(made):
    """The note of a student."""
    command, note = student(made, "student")
    run(*command)
    return note


class TestData:
    def test_a_selection_has_the_parts_that_were_chosen(self, made):
        file = made / "prepared" / "distill" / "all" / "train.parquet"
        found = [(one.corpus, one.language) for one in parts(file)]
        assert found == [("Talks", "qaa"), ("Talks", "qab"), ("Mined", "qaa")]
        summary = read(made / "prepared" / "distill" / "all" / "summary.json")
        assert summary == read_summary(file) | {"notes": summary["notes"]}
        assert summary["rows"]["Mined"]["qaa"] <= 30
        assert summary["dropped"]["over_cap"]["Mined"]["qaa"] > 0
        assert summary["settings"]["tests"].keys() == {"sts17", "bucc2018", "tatoeba"}
        assert summary["origin"] == "artificial languages, seed 1"
        assert any("test set tatoeba" in note for note in summary["notes"])

    def test_grades_are_from_0_to_1_and_english(self, made):
        table = pq.read_table(made / "prepared" / "graded" / "stsbenchmark" / "train.parquet")
        grades = table["score"].to_numpy()
        assert len(grades) == 60
        assert 0 <= grades.min() < grades.max() <= 1
        assert set(table["language"].to_pylist()) == {"en-en"}

    def test_graded_pairs_that_a_test_holds_are_dropped(self, made, tmp_path):
        # The first pairs stand in for a test set that shares sentences.
        graded = made / "prepared" / "graded" / "stsbenchmark" / "train.parquet"
        test = tmp_path / "sts17" / "test.parquet"
        test.parent.mkdir()
        pq.write_table(pq.read_table(graded).slice(0, 7), test)
        run(
            *("prepare-graded", "--data", "stsbenchmark", "--tests", test),
            *("--manifest", made / "raw" / "graded-stsbenchmark" / "manifest.json"),
            *("--output", tmp_path / "train.parquet", "--summary", tmp_path / "train.json"),
        )
        summary = read(tmp_path / "train.json")
        dropped = summary["dropped"]["in_test:sts17"]["en-en"]
        assert dropped >= 7
        assert summary["rows"]["en-en"] == 60 - dropped

    def test_pairs_of_sts_stand_in_the_study_s_order(self, made):
        summary = read(made / "prepared" / "sts17" / "test.json")
        assert (
            list(
                pq.read_table(made / "prepared" / "sts17" / "test.parquet")["language"]
                .unique()
                .to_pylist()
            )
            == PAIRS
        )
        assert summary["rows"] == dict.fromkeys(PAIRS, 20)

    def test_an_unknown_pair_is_named(self, made, tmp_path, capsys):
        arguments = ["prepare-sts", "--pairs", "en-qax", "--output", tmp_path / "o", "--summary"]
        arguments += [tmp_path / "s", "--manifest", made / "raw" / "sts17" / "manifest.json"]
        assert main(list(map(str, arguments))) == 2
        assert "did you mean 'en-qa" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("source", "uses", "message"),
        [
            (json.loads(DATA), {"kind": "parallel", "name": "TED2020"}, "no artificial data"),
            (json.loads(DATA), {"kind": "graded", "name": "xnli"}, "no artificial data"),
            (json.loads(DATA), {"kind": "parallel", "name": "Mined"}, "no artificial language"),
            ({"source": "download"}, {"kind": "graded", "name": "xnli"}, "cannot be trained"),
            ({"source": "folder", "root": "x"}, {"kind": "parallel", "name": "MUSE"}, "not part"),
            ({"source": "folder", "root": "x"}, {"kind": "graded", "name": "xnli"}, "missing"),
            ({"source": "download"}, {"kind": "sts17"}, "downloads are missing"),
        ],
    )
    def test_what_cannot_be_had_is_said(self, tmp_path, capsys, monkeypatch, source, uses, message):
        monkeypatch.chdir(tmp_path)
        uses = {"languages": ["qab"], "sizes": SIZES} | uses
        arguments = ["fetch-distill", "--dataset", "x", "--data", json.dumps(source)]
        arguments += ["--uses", json.dumps(uses), "--output", "raw/x/manifest.json"]
        assert main(arguments) in (2, 3)
        assert message in capsys.readouterr().err
        assert not (tmp_path / "raw" / "x" / "manifest.json").exists()


def test_real_layouts_are_found_in_a_folder(tmp_path):
    """XNLI gives both parallel text and graded pairs; nothing of its test set is used."""
    (tmp_path / "xnli").mkdir()
    rows = [
        f"premise {i}\thypothesis {i}\t{'entailment neutral'.split()[i % 2]}" for i in range(40)
    ]
    for code in ("en", "de"):
        for split, lines in (("dev", rows), ("test", ["premise 3\tother\tneutral"])):
            text = "".join(f"{line.replace(' ', f'-{code} ')}\n" for line in lines)
            (tmp_path / "xnli" / f"{split}-{code}.tsv").write_text(text, encoding="utf-8")
    data = json.dumps({"source": "folder", "root": str(tmp_path)})
    for dataset, kind, name in (("parallel-XNLI", "parallel", "XNLI"), ("g", "graded", "xnli")):
        uses = {"kind": kind, "name": name, "languages": ["de"] * (kind == "parallel")}
        run(
            *("fetch-distill", "--dataset", dataset, "--data", data, "--uses", json.dumps(uses)),
            *("--output", tmp_path / dataset / "manifest.json"),
        )
    assert len(read_manifest(tmp_path / "parallel-XNLI" / "manifest.json").files) == 4
    run(
        *("prepare-graded", "--data", "xnli", "--manifest", tmp_path / "g" / "manifest.json"),
        *("--output", tmp_path / "g.parquet", "--summary", tmp_path / "g.json"),
    )
    assert read(tmp_path / "g.json")["dropped"] == {"in_test:xnli": {"en-en": 1}}
    assert set(pq.read_table(tmp_path / "g.parquet")["score"].to_pylist()) == {0.5, 1.0}
    choice = {"corpora": {"XNLI": ["de"]}, "rules": {"held_out": 4}}
    run(
        *("prepare-distill", "--choice", json.dumps(choice)),
        *("--manifest", tmp_path / "parallel-XNLI" / "manifest.json"),
        *("--train", tmp_path / "train.parquet", "--dev", tmp_path / "dev.parquet"),
        *("--summary", tmp_path / "summary.json"),
    )
    summary = read(tmp_path / "summary.json")
    assert summary["rows"]["XNLI"]["de"] + summary["dev_rows"]["XNLI"]["de"] == 79
    assert "premise-en 3" not in pq.read_table(tmp_path / "train.parquet")["source"].to_pylist()


def download(base, key, files):
    """Write files of a download and its note."""
    for name, text in files.items():
        path = base / key / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    listed = list_files(base / key)
    sha256, size = sum_of(listed)
    about = {"key": key, "address": "x", "rebuilt": None, "fetched": "2026-01-01"}
    write_note(base, about | {"bytes": size, "sha256": sha256, "files": listed})


def test_downloads_are_read_where_they_lie(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = tmp_path / "resources" / "data"
    words = "".join(f"word{i}\tWort{i}\n" for i in range(40))
    download(base, "muse-en-de", {"en-de.txt": words})
    sts = "A\tB\t5.0\nC\tD\t0.2\n"
    sets = ("fr-en", "en-en")
    download(base, "sts2017-extended", {f"STS2017-extended/STS.{one}.txt": sts for one in sets})
    row = "g\tf\t2017\t1\t{}\tone\ttwo {}\n"
    benchmark = "".join(row.format(i % 6, i) for i in range(12))
    download(base, "stsbenchmark", {"stsbenchmark/sts-train.csv": benchmark})
    for dataset, kind, name, languages in (
        ("parallel-MUSE", "parallel", "MUSE", ["de"]),
        ("sts17", "sts17", "", ["en-fr"]),
        ("graded-stsbenchmark", "graded", "stsbenchmark", []),
    ):
        uses = {"kind": kind, "name": name, "languages": languages}
        run(
            *("fetch-distill", "--dataset", dataset, "--data", '{"source": "download"}'),
            *("--uses", json.dumps(uses), "--output", f"raw/{dataset}/manifest.json"),
        )
    run(
        *("prepare-sts", "--pairs", "en-fr", "--rows", 2, "--manifest", "raw/sts17/manifest.json"),
        *("--output", "sts17/test.parquet", "--summary", "sts17/test.json"),
    )
    assert read(tmp_path / "sts17" / "test.json")["rows"] == {"en-fr": 2}
    assert pq.read_table("sts17/test.parquet")["sentence1"].to_pylist() == ["B", "D"]
    run(
        *("prepare-graded", "--data", "stsbenchmark", "--tests", "sts17/test.parquet"),
        *("--manifest", "raw/graded-stsbenchmark/manifest.json"),
        *("--output", "graded.parquet", "--summary", "graded.json"),
    )
    assert pq.read_table("graded.parquet")["score"].to_pylist() == [i % 6 / 5 for i in range(12)]
    choice = {"corpora": {"MUSE": ["de"]}, "rules": {"held_out": 4}}
    run(
        *("prepare-distill", "--choice", json.dumps(choice)),
        *("--manifest", "raw/parallel-MUSE/manifest.json", "--train", "train.parquet"),
        *("--dev", "dev.parquet", "--summary", "summary.json"),
    )
    summary = read(tmp_path / "summary.json")
    assert (summary["rows"], summary["dev_rows"]) == ({"MUSE": {"de": 36}}, {"MUSE": {"de": 4}})
    assert summary["origin"] == "published releases, downloaded"


@pytest.mark.parametrize("change", ["edited", "gone"])
def test_a_changed_raw_file_is_refused(made, tmp_path, capsys, change):
    raw = tmp_path / "raw"
    shutil.copytree(made / "raw" / "sts17", raw)
    file = raw / "STS2017-extended" / "STS.en-en.txt"
    if change == "gone":
        file.unlink()
    else:
        file.write_text(file.read_text() + "more\tmore\t5.0\n")
    arguments = ["prepare-sts", "--pairs", "en-en", "--manifest", raw / "manifest.json"]
    arguments += ["--output", tmp_path / "o", "--summary", tmp_path / "s"]
    assert main(list(map(str, arguments))) == 3
    assert "STS.en-en.txt" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


class TestSystems:
    @pytest.mark.parametrize("task", ["sts17", "bucc2018", "tatoeba"])
    def test_a_student_is_evaluated_and_recorded(self, made, trained, tmp_path, task):
        table, note = tmp_path / "p.parquet", tmp_path / "p.json"
        options = {"sts17": ["--space", tmp_path / "space.npz"]}.get(task, [])
        prepared = made / "prepared" / task
        if task == "bucc2018":
            options = ["--dev", prepared / "dev.parquet"]
        run(
            *("evaluate-sentences", "--task", task, "--system", '{"kind": "student"}'),
            *("--source", trained, "--test", prepared / "test.parquet", *options),
            *("--note", note, "--output", table),
        )
        run(
            *("score-sentences", "--study-name", "s", "--method", "distilled", "--model", "tiny"),
            *("--task", task, "--seed", 1, "--predictions", table, "--predict-note", note),
            *("--train-note", trained, "--output", tmp_path / "record.json"),
        )
        record = read_record(tmp_path / "record.json")
        train = read(made / "prepared" / "distill" / "all" / "summary.json")["rows"]
        rows = {"qaa": train["Talks"]["qaa"] + train["Mined"]["qaa"], "qab": train["Talks"]["qab"]}
        assert record.data["parallel train"].rows == rows
        assert record.selection["policy"] == "held_out_mse"
        assert record.stages["train_student"] == 1
        assert ("prepare_sts" in record.stages) == (task == "sts17")
        languages = {"sts17": PAIRS}.get(task, ["qaa", "qab"])
        assert {score.language for score in record.scores} >= set(languages)
        if task == "sts17":
            assert set(read_space(tmp_path / "space.npz")) == {"en", "qaa"}

    def test_what_nothing_was_trained_for_has_no_training_in_its_record(self, made, tmp_path):
        table, note = tmp_path / "p.parquet", tmp_path / "p.json"
        run(
            *("evaluate-sentences", "--task", "tatoeba", "--system", '{"kind": "mean_pooled"}'),
            *("--source", made / "encoders" / "tiny" / "encoder.json", "--note", note),
            *("--test", made / "prepared" / "tatoeba" / "test.parquet", "--output", table),
        )
        run(
            *("score-sentences", "--study-name", "s", "--method", "mean_pooled", "--model", "tiny"),
            *("--task", "tatoeba", "--seed", 1, "--predictions", table, "--predict-note", note),
            *("--output", tmp_path / "record.json"),
        )
        record = read_record(tmp_path / "record.json")
        assert set(record.data) == {"test"}
        assert record.trained_as == ""
        assert record.settings["training"] == {}
        assert "train_student" not in record.stages

    def test_given_teachers_are_looked_at_and_are_the_same(self, made, tmp_path):
        given = folder_of(made / "teachers" / "graded" / "train.json")
        state = ("--state", tmp_path / "state")
        for teacher, options in (
            ({"source": "folder", "path": str(given)}, []),
            # A download has its folder beside its note.
            ({"source": "published", "key": "model"}, ["--published", tmp_path / "model.json"]),
        ):
            (tmp_path / "model.json").write_text('{"key": "model", "files": []}')
            if not (tmp_path / "model").exists():
                (tmp_path / "model").symlink_to(given)
            output = tmp_path / teacher["source"] / "train.json"
            run(
                *("train-teacher", "--teacher", json.dumps(teacher), *options, *state),
                *("--output", output),
            )
            assert folder_of(output) == given
            assert read(output)["width"] == 16

    def test_a_model_is_named_once(self, made, tmp_path, capsys):
        arguments = ["evaluate-sentences", "--task", "tatoeba", "--system", '{"kind": "labse"}']
        arguments += [
            "--test",
            tmp_path / "t",
            "--note",
            tmp_path / "n",
            "--output",
            tmp_path / "o",
        ]
        assert main(list(map(str, arguments))) == 2
        assert "no model is named" in capsys.readouterr().err
