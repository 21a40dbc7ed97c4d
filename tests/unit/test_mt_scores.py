# SPDX-License-Identifier: Apache-2.0
"""Scores of translations: against sacreBLEU's command line and against counts by hand."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from pathlib import Path

import mt_translations
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xling.errors import DataError, UsageError
from xling.mt.scoring import metrics
from xling.mt.scoring.averages import averages, members
from xling.mt.scoring.run_scores import score_run
from xling.mt.scoring.sentences import translations
from xling.mt.stages.score_mt import score_mt
from xling.records import read_record

REFERENCES = ["the cat sat on the mat .", "a dog ran , fast !", "Rain again ( today ) .  "]
HYPOTHESES = ["the cat sat on a mat .", "a dog ran, fast!", ""]


def command_line(tmp_path: Path, hypotheses: list[str], references: list[str], *options: str):
    """Return score and signature that sacreBLEU prints."""
    files = tmp_path / "hyp", tmp_path / "ref"
    for path, lines in zip(files, (hypotheses, references), strict=True):
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    words = [sys.executable, "-m", "sacrebleu", str(files[1]), "-i", str(files[0])]
    done = subprocess.run(
        [*words, "-f", "json", "-w", "8", *options], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    return found["score"], found["signature"]


def made_up(n: int = 40) -> tuple[list[str], list[str]]:
    draw = random.Random(3)
    references = [
        " ".join(draw.choices(mt_translations.WORDS, k=draw.randint(3, 9))) for _ in range(n)
    ]
    hypotheses = [
        " ".join(
            w if draw.random() < 0.7 else draw.choice(mt_translations.WORDS) for w in one.split()
        )
        for one in references
    ]
    return hypotheses, references


class TestCorpus:
    @pytest.mark.parametrize(
        ("target", "metric", "options"),
        [
            ("en", "bleu", []),
            ("zh", "bleu", ["-tok", "zh"]),
            ("en", "chrf++", ["-m", "chrf", "--chrf-word-order", "2"]),
        ],
    )
    def test_as_the_command_line(self, tmp_path, target, metric, options):
        hypotheses, references = made_up()
        hypotheses += [*HYPOTHESES, "猫坐在垫子上。"]
        references += [*REFERENCES, "猫坐在 mat 上。"]
        found = {
            one.metric: one for one in metrics.score_corpus(hypotheses, references, target, None)
        }
        value, signature = command_line(tmp_path, hypotheses, references, *options)
        assert found[metric].value == pytest.approx(value, abs=1e-7)
        assert found[metric].signature.split("|", 1)[1].startswith("case:mixed|eff:")
        assert found[metric].signature == signature

    def test_bleu_by_hand(self):
        """Of 5 words 4 match, of 4 pairs 2, of 3 triples 1, of 2 quadruples 0: 1/2 of one."""
        (bleu, *_) = metrics.score_corpus(["a b c x d"], ["a b c y d e"], "en", None)
        precisions = (4 / 5, 2 / 4, 1 / 3, 0.5 / 2)
        penalty = math.exp(1 - 6 / 5)
        assert bleu.value == pytest.approx(100 * penalty * math.prod(precisions) ** 0.25)

    def test_unequal_numbers(self):
        with pytest.raises(DataError, match="1 translations for 2 references"):
            metrics.score_corpus(["a"], ["a", "b"], "en", None)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A small model in the place of that of FLORES-200."""
    import sentencepiece

    folder = tmp_path_factory.mktemp("downloads") / metrics.FLORES_KEY
    folder.mkdir()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(made_up(200)[1]),
        model_prefix=str(folder / "small"),
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return folder / "small.model"


class TestFlores:
    def test_as_sacrebleus_own_tokenizer(self, model, tmp_path, monkeypatch):
        from sacrebleu.metrics import BLEU
        from sacrebleu.tokenizers import tokenizer_spm

        cache = tmp_path / "cache"
        place = cache / "models" / "flores200sacrebleuspm"
        place.parent.mkdir(parents=True)
        place.write_bytes(model.read_bytes())
        monkeypatch.setattr(tokenizer_spm, "SACREBLEU_DIR", str(cache))
        hypotheses, references = made_up()
        theirs = BLEU(tokenize="flores200")
        value = theirs.corpus_score(hypotheses, [references]).score
        found = metrics.score_corpus(hypotheses, references, "en", model)[-1]
        assert (found.metric, found.value) == ("spbleu", pytest.approx(value, abs=1e-9))
        assert found.signature == theirs.get_signature().format()
        assert "tok:flores200" in found.signature

    def test_where_it_is_looked_for(self, model, tmp_path, monkeypatch):
        monkeypatch.setenv("SACREBLEU", str(tmp_path))
        assert metrics.flores_model(model.parents[1]) == model
        assert metrics.flores_model(tmp_path / "nothing") is None
        cached = tmp_path / "models" / "flores200sacrebleuspm"
        cached.parent.mkdir()
        cached.write_bytes(b"")
        assert metrics.flores_model(tmp_path / "nothing") == cached

    def test_never_downloaded(self, monkeypatch):
        from sacrebleu import utils

        def refuse(*args, **kwargs):
            raise AssertionError("a download")

        monkeypatch.setattr(utils, "download_file", refuse)
        monkeypatch.setattr("socket.socket.connect", refuse)
        found = metrics.score_corpus(HYPOTHESES, REFERENCES, "en", None)
        assert [one.metric for one in found] == ["bleu", "chrf++"]
        assert "downloads nothing" in metrics.left_out("en", None)["spbleu"]


class TestAverages:
    def test_by_hand(self):
        groups = {"low": ["a", "b"], "mid": [], "high": ["c"]}
        assert averages({"a": 1.0, "b": 2.0, "c": 6.0}, groups) == {
            "avg low": 1.5,
            "avg high": 6.0,
            "avg": 3.0,
        }
        assert members(groups)["avg"] == ("a", "b", "c")

    @pytest.mark.parametrize(
        ("groups", "what"),
        [
            ({"low": ["a"]}, "b"),
            ({"low": ["a", "b"], "high": ["c"]}, "c"),
            ({"low": ["a", "b"], "high": ["b"]}, "b"),
            ({"low": ["a", "b"], "rest": []}, "rest"),
        ],
    )
    def test_groups_that_do_not_fit(self, groups, what):
        with pytest.raises(DataError, match=f"do not fit: {what}"):
            averages({"a": 1.0, "b": 2.0}, groups)


def table(rows: list[tuple[str, str, str, str, str]]) -> pa.Table:
    names = ("id", "language", "source", "reference", "hypothesis")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


class TestRun:
    def rows(self, made: str = "") -> list[tuple[str, str, str, str, str]]:
        hypotheses, references = made_up()
        return [
            (f"test-{i}", code, f"{code} {i}", reference, made or hypothesis)
            for code in ("qaa", "qab")
            for i, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True))
        ]

    def score(self, rows, direction="m2o"):
        return score_run(
            translations(table(rows)), direction, {"low": ["qab"], "high": ["qaa"]}, None
        )

    def test_order_of_rows_changes_nothing(self):
        rows = self.rows()
        shuffled = random.Random(1).sample(rows, len(rows))
        assert shuffled != rows
        assert self.score(shuffled) == self.score(rows)

    def test_direction_says_what_is_translated_to(self):
        rows = [(i, "zh", s, r, h) for i, _, s, r, h in self.rows()[:40]]
        found = {
            direction: score_run(translations(table(rows)), direction, {"low": ["zh"]}, None)
            for direction in ("m2o", "o2m")
        }
        assert "tok:13a" in found["m2o"].scores[0].signature
        assert "tok:zh" in found["o2m"].scores[0].signature

    def test_secondary_scores_say_why_they_are_not_there(self):
        rows = [(i, "ja", s, r, h) for i, _, s, r, h in self.rows()[:40]]
        found = score_run(translations(table(rows)), "o2m", {"low": ["ja"]}, None)
        there = {s.metric for s in found.scores}
        assert ("bleu-mecab" in there) != ("bleu-mecab" in found.left_out)

    def test_flags(self):
        assert self.score(self.rows()).flags == []
        stuck = self.score(self.rows("zzz yyy")).flags
        assert stuck[0] == "collapsed: mean BLEU 0.0, at most 1.0"
        assert stuck[1] == "one translation: qaa (40 of 40), qab (40 of 40)"
        rows = self.rows()
        rows[0] = (*rows[0][:4], " ")
        for i in range(40, 50):
            rows[i] = (*rows[i][:4], rows[i][2])
        assert self.score(rows).flags == ["copied: qab (10 of 40)", "empty: qaa (1)"]

    @pytest.mark.parametrize(
        ("rows", "what"),
        [
            ([("1", "qaa", "s", "r", "h")] * 2, "predicted twice"),
            ([("1", "qaa", "s", "r", None), ("2", "qaa", "s", "r", "h")], "lacks its source"),
        ],
    )
    def test_damaged_predictions(self, rows, what):
        with pytest.raises(DataError, match=what):
            translations(table(rows))


class TestStage:
    def score(self, tmp_path: Path, **changes):
        plan = mt_translations.plan_of()
        run = plan.runs[0]
        files = {}
        for name, note in zip(
            ("train_note", "predict_note"), mt_translations.notes(plan, run), strict=True
        ):
            files[name] = tmp_path / f"{name}.json"
            files[name].write_text(json.dumps(note), encoding="utf-8")
        pq.write_table(mt_translations.predictions(plan, run), tmp_path / "p.parquet")
        given = {
            "study_name": "made-up",
            "comparable": False,
            "method": run.method,
            "model": run.model,
            "task": run.task,
            "seed": run.seed,
            "groups": plan.groups("ted8_diverse"),
            "predictions": tmp_path / "p.parquet",
            **files,
            "output": tmp_path / "record.json",
            "downloads": tmp_path,
        }
        score_mt(**(given | changes))
        return run, read_record(tmp_path / "record.json")

    def test_record(self, tmp_path, monkeypatch):
        monkeypatch.setenv("SACREBLEU", str(tmp_path))
        run, record = self.score(tmp_path)
        assert (record.paper, record.trained_as) == ("cats", run.path)
        bleu = {s.language: s for s in record.scores if s.metric == "bleu"}
        assert list(bleu) == [*mt_translations.LANGUAGES, "avg low", "avg high", "avg"]
        low = (bleu["qac"].value + bleu["qad"].value) / 2  # the two smallest
        assert bleu["avg low"].value == pytest.approx(low)
        assert (bleu["qaa"].n, bleu["avg"].n) == (30, 120)
        assert bleu["avg"].signature.startswith("macro average of 4 languages: nrefs:1|")
        assert record.data["train"].rows["qaa"] == 800
        assert "spbleu" in record.settings["scoring"]["left_out"]
        assert record.timing.keys() == {"train_seconds", "predict_seconds", "score_seconds"}
        assert record.selection["policy"] == "best"

    def test_task_without_direction(self, tmp_path):
        with pytest.raises(UsageError, match="names no direction"):
            self.score(tmp_path, task="ted8_diverse")
