# SPDX-License-Identifier: Apache-2.0
"""Records of trained and untrained runs, their flags, and the verbs that lead to them by hand."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xling import cli
from xling.data.tables import read_table
from xling.errors import DataError
from xling.plan import Run
from xling.record_run import RESTS_ON, UNTRAINED, build_record
from xling.records import Score, read_record
from xling.score import flags, is_collapsed
from xling.stages import VERSIONS
from xling.tasks import TASKS

ENCODER = {
    "architecture": "bert",
    "sha256": {"model.safetensors": "ab" * 32},
    "pretraining": {"steps": 5, "seconds": 12.5, "loss": [[5, 3.1]]},
}


def part(task, split, origin="made", **rows):
    """What is known of a tokenised split."""
    return {
        "task": task,
        "split": split,
        "sha256": (task + split).encode().hex(),
        "rows": rows or {"en": 2},
        "origin": origin,
        "translations": "by machine",
        "reading": {"max_length": 48},
    }


def train_note(*train, dev=()):
    return {
        "encoder": ENCODER,
        "settings": {"learning_rate": 1e-3, "steps": 7},
        "selection": {"policy": "last", "step": 7},
        "train_data": list(train),
        "dev_data": list(dev),
        "timing": {"train_seconds": 30.0},
        "versions": {"torch": "of training"},
        "hardware": {"cpu": "of training"},
    }


def predict_note(*tested, **decoding):
    return {
        "test_data": list(tested),
        "own_source": {"gold": {"de": 1}},
        "decoding": decoding,
        "encoder": ENCODER,
        "timing": {"predict_seconds": 2.0},
        "versions": {"torch": "of prediction"},
        "hardware": {"cpu": "of prediction"},
    }


def record(run, predictions, train, predicted, trained_as=""):
    return build_record(
        study="s",
        comparable=False,
        run=run,
        predictions=predictions,
        trained_as=trained_as,
        train_note=train,
        predict_note=predicted,
    )


PAIRS = pa.table(
    {
        "id": ["1", "2", "1", "2"],
        "language": ["en", "en", "de", "de"],
        "label": ["0", "1", "0", "1"],
        "prediction": ["0", "1", "0", "0"],
    }
)


class TestTrained:
    def test_a_model_of_its_own(self):
        run = Run("xmixup", "translate_train", "given", "pawsx", 3)
        dev = part("pawsx", "dev")
        note = train_note(part("pawsx", "train"), part("pawsx", "translate_train"), dev=[dev])
        predicted = predict_note(part("pawsx", "test", en=2, de=2))
        made = record(run, PAIRS, note, predicted, run.path)
        assert made.trained_as == run.path
        assert list(made.data) == ["train", "translate_train", "dev", "test"]
        assert made.data["train"].origin == "made"
        assert made.data["translate_train"].origin == "made; translations: by machine"
        assert made.data["test"].rows == {"en": 2, "de": 2}
        assert made.own_source == {"gold": {"de": 1}}
        assert made.settings == {
            "training": {"learning_rate": 1e-3, "steps": 7},
            "encoder": {key: ENCODER[key] for key in ("architecture", "sha256")},
            "reading": {"max_length": 48},
            "decoding": {},
        }
        assert made.selection == {"policy": "last", "step": 7}
        assert [(s.language, s.value, s.n) for s in made.scores] == [("en", 100, 2), ("de", 50, 2)]
        assert made.timing == {
            "train_seconds": 30.0,
            "predict_seconds": 2.0,
            "pretrain_steps": 5,
            "pretrain_seconds": 12.5,
        }
        assert made.versions == {"torch": "of training"}
        assert made.stages == {name: VERSIONS[name] for name in RESTS_ON}

    def test_a_training_on_the_labels_of_a_teacher_rests_on_their_stage(self):
        run = Run("xmixup", "xmixup", "given", "pawsx", 3)
        predicted = predict_note(part("pawsx", "test", en=2, de=2))
        for used, stages in (({"soft_labels": {"sha256": "ab"}}, {"label"}), ({}, set())):
            note = train_note(part("pawsx", "train")) | {"xmixup": used}
            made = record(run, PAIRS, note, predicted, run.path)
            assert made.stages == {name: VERSIONS[name] for name in {*RESTS_ON, *stages}}

    def test_a_borrowed_model_and_the_rows_of_another_task(self):
        run = Run("xmixup", "translate_test", "given", "mlqa", 1)
        answers = pa.table(
            {
                "id": ["a", "b"],
                "language": ["de", "de"],
                "text_language": ["en", "en"],
                "answers": [["the Rhine"], ["1648", "in 1648"]],
                "prediction": ["Rhine", "in 1648 AD"],
                "score": pa.array([0.1, 0.2], pa.float32()),
            }
        )
        tested = part("mlqa", "translate_test", de=2)
        made = record(
            run,
            answers,
            train_note(part("xquad", "train")),
            predict_note(tested, n_best=20),
            "xmixup/zero_shot/given/xquad/seed-1",
        )
        assert made.trained_as == "xmixup/zero_shot/given/xquad/seed-1"
        assert list(made.data) == ["xquad train", "translate_test"]
        assert made.settings["decoding"] == {"n_best": 20}
        # The second answer shares two of its three words with "in 1648": F1 2 * 2 / (3 + 2).
        found = {s.metric: s.value for s in made.scores}
        assert found == {"f1": pytest.approx((100 + 80) / 2), "em": 50}


class TestUntrained:
    RUN = Run("xmixup", "mean_pooled", "given", "bucc2018", 1)

    def predictions(self):
        rows = [
            # split, source, target, score, gold
            ("dev", "d1", "e1", 1.2, True),
            ("dev", "d2", "e2", 1.0, False),
            ("test", "d1", "e1", 1.3, True),
            ("test", "d2", "e2", 1.25, True),
            ("test", "d3", "e3", 1.21, False),
            ("test", "d4", "e4", 0.9, False),
            ("test", "d5", "e5", None, True),
        ]
        names = ("split", "source", "target", "score", "gold")
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        columns["score"] = pa.array(columns["score"], pa.float32())
        return pa.table(
            {"setting": ["standard"] * len(rows), "language": ["de"] * len(rows)} | columns
        )

    def test_what_stands_for_the_training(self):
        predicted = predict_note(part("bucc2018", "dev"), part("bucc2018", "test"), layer=8)
        made = record(self.RUN, self.predictions(), None, predicted)
        assert made.trained_as == ""
        assert made.selection == {"policy": UNTRAINED}
        assert made.settings["training"] == {}
        assert made.settings["decoding"] == {"layer": 8}
        assert made.settings["encoder"]["architecture"] == "bert"
        assert list(made.data) == ["dev", "test"]
        assert made.versions == {"torch": "of prediction"}
        assert made.hardware == {"cpu": "of prediction"}
        assert made.timing["predict_seconds"] == 2.0
        assert made.timing["pretrain_seconds"] == 12.5
        # Threshold 1.2 at most: three pairs are kept, two of them gold, of three gold ones.
        found = {s.metric: (s.value, s.n) for s in made.scores}
        two_thirds = (pytest.approx(200 / 3), 3)
        assert found == dict.fromkeys(("f1", "precision", "recall"), two_thirds)
        assert made.flags == []

    def test_the_record_survives_a_file(self, tmp_path):
        predicted = predict_note(part("bucc2018", "dev"), part("bucc2018", "test"))
        pq.write_table(self.predictions(), tmp_path / "p.parquet")
        (tmp_path / "p.json").write_text(json.dumps(predicted))
        command = ["score", "--study-name", "s", "--paper", "xmixup", "--method", "mean_pooled"]
        command += ["--model", "given", "--task", "bucc2018", "--seed", "1"]
        command += ["--predictions", str(tmp_path / "p.parquet")]
        command += ["--predict-note", str(tmp_path / "p.json")]
        assert cli.main([*command, "--output", str(tmp_path / "record.json")]) == 0
        expected = record(self.RUN, self.predictions(), None, predicted)
        assert read_record(tmp_path / "record.json") == expected


def made_score(task, language, value, metric=None, chance=0.0, n=500):
    return Score(
        setting="standard",
        language=language,
        metric=metric or TASKS[task].metric,
        value=value,
        n=n,
        signature="x",
        chance=chance,
    )


class TestFlags:
    def test_f1_has_a_margin_of_one_point_whatever_the_number_of_rows(self):
        scores = [
            made_score("udpos", "en", 90.0, chance=10.0),
            made_score("udpos", "de", 11.1, chance=10.0, n=10),
            made_score("udpos", "fi", 11.0, chance=10.0, n=100_000),
            made_score("udpos", "hu", 8.9, chance=10.0),
        ]
        assert flags(scores, TASKS["udpos"]) == [
            "at chance: fi (f1 11.0, chance 10.0, n 100000)",
            "below chance: hu (f1 8.9, chance 10.0, n 500)",
        ]

    def test_only_the_main_metric_is_judged(self):
        scores = [
            made_score("udpos", "en", 90.0),
            made_score("udpos", "en", 0.0, metric="accuracy", chance=15.0),
        ]
        assert flags(scores, TASKS["udpos"]) == []
        scores = [made_score("xquad", "en", 60.0), made_score("xquad", "en", 0.0, metric="em")]
        assert flags(scores, TASKS["xquad"]) == []

    def test_a_model_that_answers_nothing_collapsed(self):
        scores = [made_score("xquad", "en", 1.5), made_score("xquad", "de", 40.0)]
        assert is_collapsed(flags(scores, TASKS["xquad"]))
        assert not is_collapsed(flags([made_score("xquad", "en", 2.1)], TASKS["xquad"]))

    def test_retrieval_has_no_source_language_so_the_best_is_judged(self):
        scores = [
            made_score("tatoeba", "jv", 1.5, chance=0.1, n=205),
            made_score("tatoeba", "fr", 60.0, chance=0.1, n=1000),
        ]
        assert flags(scores, TASKS["tatoeba"]) == []
        poor = [made_score("bucc2018", code, value) for code, value in (("de", 1.9), ("fr", 0.4))]
        assert flags(poor, TASKS["bucc2018"]) == [
            "collapsed: de (f1 1.9, chance 0.0, n 500)",
            "at chance: fr (f1 0.4, chance 0.0, n 500)",
        ]

    def test_the_sweep_over_layers_does_not_flag(self):
        swept = made_score("tatoeba", "fr", 0.0, chance=0.1)
        other = swept.model_copy(update={"setting": "layer-0"})
        assert flags([made_score("tatoeba", "fr", 50.0, chance=0.1), other], TASKS["tatoeba"]) == []


# --- the verbs by hand --------------------------------------------------------------------------

PREDICT = ["predict", "--task", "xnli", "--splits", "test", "--tokens", "t", "--tables", "p"]
PREDICT += ["--languages", "en", "--output", "o", "--note", "n"]


def refused(capsys, *command):
    """Return exit code and message of a command line that cannot be read."""
    with pytest.raises(SystemExit) as stop:
        cli.main(list(command))
    return stop.value.code, capsys.readouterr().err


class TestArguments:
    def test_predict_wants_a_model(self, capsys):
        code, said = refused(capsys, *PREDICT)
        assert code == 2
        assert "one of the arguments --train-note --encoder is required" in said

    def test_predict_wants_one_model(self, capsys):
        code, said = refused(capsys, *PREDICT, "--train-note", "a", "--encoder", "b")
        assert code == 2
        assert "--encoder: not allowed with argument --train-note" in said

    def test_tokenize_says_what_is_missing(self, capsys):
        code, said = refused(capsys, "tokenize", "--task", "xnli", "--input", "i")
        assert code == 2
        for name in ("--reading", "--summary", "--tokenizer", "--output"):
            assert name in said

    def test_an_unknown_task_is_told_the_nine(self, capsys):
        code, said = refused(capsys, "tokenize", "--task", "xnil")
        assert code == 2
        assert all(task in said for task in TASKS)

    def test_score_says_what_is_missing(self, capsys):
        assert cli.main(["score", "--paper", "xmixup", "--task", "xnli"]) == 2
        said = capsys.readouterr().err
        assert "the verb 'score' lacks --study-name, --method, --model, --seed" in said
        assert "see xling score --help" in said

    def test_predict_wants_as_many_files_of_each_kind(self, capsys):
        command = [*PREDICT, "--tables", "a", "b", "--languages", "en", "--encoder", "e"]
        assert cli.main([*command, "--output", "o", "--note", "n"]) == 2
        assert "1 splits, 1 tokenised and 2 prepared files" in capsys.readouterr().err

    def test_score_of_damaged_predictions(self, capsys, tmp_path):
        (tmp_path / "p.parquet").write_text("no table")
        (tmp_path / "note.json").write_text("{}")
        command = ["score", "--study-name", "s", "--paper", "xmixup", "--method", "zero_shot"]
        command += ["--model", "m", "--task", "pawsx", "--seed", "1", "--output", "o"]
        command += ["--predictions", str(tmp_path / "p.parquet")]
        assert cli.main([*command, "--predict-note", str(tmp_path / "note.json")]) == 3
        said = capsys.readouterr().err
        assert "predictions cannot be read" in said
        assert "p.parquet" in said

    def test_score_of_a_damaged_note(self, capsys, tmp_path):
        (tmp_path / "note.json").write_text("{")
        pq.write_table(PAIRS, tmp_path / "p.parquet")
        command = ["score", "--study-name", "s", "--paper", "xmixup", "--method", "zero_shot"]
        command += ["--model", "m", "--task", "pawsx", "--seed", "1", "--output", "o"]
        command += ["--predictions", str(tmp_path / "p.parquet")]
        assert cli.main([*command, "--predict-note", str(tmp_path / "note.json")]) == 3
        assert "note.json" in capsys.readouterr().err


class TestPrepare:
    """``--choice`` as the rule writes it, and written wrongly."""

    @pytest.fixture
    def manifest(self, tmp_path):
        """XQuAD in two languages with five paragraphs of one question each."""
        from xling.data.manifest import Manifest, RawFile, sha256_of

        files = []
        for code in ("en", "de"):
            path = tmp_path / f"xquad.{code}.json"
            paragraphs = [
                {
                    "context": f"{code} number {i} stands here.",
                    "qas": [
                        {
                            "id": f"q{i}",
                            "question": f"{code} which {i}?",
                            "answers": [{"text": f"{i}", "answer_start": 10}],
                        }
                    ],
                }
                for i in range(5)
            ]
            text = json.dumps(
                {"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]}
            )
            path.write_text(text, encoding="utf-8")
            files.append(
                RawFile(
                    path=path.name,
                    format="squad-json",
                    role="labelled",
                    split="test",
                    language=code,
                    sha256=sha256_of(path),
                    bytes=path.stat().st_size,
                )
            )
        made = Manifest(task="xquad", origin="a test", translations="", files=files)
        (tmp_path / "manifest.json").write_text(made.dump(), encoding="utf-8")
        return tmp_path / "manifest.json"

    def prepare(self, manifest, split, choice):
        folder = manifest.parent
        command = ["prepare", "--task", "xquad", "--split", split, "--languages", "en"]
        command += ["--sizes", '{"train": 5, "dev": 0, "test": 5}', "--choice", choice]
        command += ["--manifest", str(manifest), "--output", str(folder / f"{split}.parquet")]
        return cli.main([*command, "--summary", str(folder / f"{split}.json")])

    def test_the_choice_divides_the_paragraphs(self, manifest):
        choice = '{"train_split": "test", "test_split": "test", "held_out": 0.2}'
        for split in ("train", "test"):
            assert self.prepare(manifest, split, choice) == 0
        train, test = (
            set(read_table(manifest.parent / f"{split}.parquet")["id"].to_pylist())
            for split in ("train", "test")
        )
        assert (len(train), len(test)) == (4, 1)
        assert train | test == {f"q{i}" for i in range(5)}

    def test_no_choice_means_the_published_splits(self, manifest):
        assert self.prepare(manifest, "test", "{}") == 0
        assert read_table(manifest.parent / "test.parquet").num_rows == 5

    @pytest.mark.parametrize("choice", ["[1]", "{", '"test"', '{"x": 1}', '{"held_out": 2}'])
    def test_no_choice_at_all(self, manifest, choice, capsys):
        assert self.prepare(manifest, "test", choice) == 2
        assert "--choice" in capsys.readouterr().err
        assert not (manifest.parent / "test.parquet").exists()

    def test_a_split_the_task_does_not_have(self, manifest, capsys):
        assert self.prepare(manifest, "tset", "{}") == 2
        said = capsys.readouterr().err
        assert "the task 'xquad' has no split 'tset'" in said
        assert "train, translate_train, dev, test, translate_test" in said


def test_predictions_of_another_task_are_refused():
    run = Run("xmixup", "mean_pooled", "given", "tatoeba", 1)
    with pytest.raises(DataError, match="lack the column"):
        record(run, PAIRS, None, predict_note(part("tatoeba", "test")))
