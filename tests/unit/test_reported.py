# SPDX-License-Identifier: Apache-2.0
"""Reported values, the systems beside ours, and the verdict."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from pathlib import Path

import pytest

from xling.config.study import PretrainedEncoder
from xling.costs import PUBLISHED_SHAPES
from xling.errors import DataError
from xling.reported import (
    Missing,
    Reported,
    model_family,
    paper_cell,
    references,
    reported,
    verdict,
)
from xling.reported import cells as cells_module
from xling.reported.rows import AVG, COLUMNS, FAMILIES, read_reported
from xling.tables import table
from xling.tables.table import Cell
from xling.tasks import TASKS

FOLDER = Path(__file__).parents[2] / "config" / "reported"
GOOD = dict(
    zip(
        COLUMNS,
        "P,Table 3,X-Mixup,mBERT,XNLI,accuracy,avg,70.5,seen there,"
        "paper,xnli,xmixup,mbert,accuracy,avg".split(","),
        strict=True,
    )
)


def write(path: Path, *rows: dict[str, str]) -> Path:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


class TestFiles:
    def test_number_of_rows_of_each_kind(self):
        """As told in docs/reported.md."""
        assert Counter(row.kind for row in reported("xmixup")) == {
            "paper": 1,
            "fact": 2,
            "third_party": 23,
        }
        assert Counter(row.kind for row in reported("xtreme")) == {
            "reference": 370,
            "third_party": 75,
            "fact": 18,
        }
        others = [row for row in reported("xtreme") if row.kind == "reference"]
        assert Counter((bool(row.task), bool(row.column)) for row in others) == {
            (True, True): 318,
            (True, False): 12,
            (False, False): 40,
        }

    @pytest.mark.parametrize(
        ("task", "system", "model", "metric", "column", "value"),
        [
            ("xquad", "zero-shot", "mBERT", "f1", "el", 62.6),
            # The printed mean, 65.2, is over twelve languages.
            ("xquad", "zero-shot", "mBERT", "f1", AVG, 64.5),
            ("xquad", "translate-train (per language)", "mBERT", "f1", AVG, 70.0),
            ("mlqa", "zero-shot", "XLM-R-large", "em", "zh", 45.4),
            ("xnli", "translate-train-all", "XLM-R-large", "accuracy", "sw", 78.0),
            ("udpos", "zero-shot", "XLM-R-large", "f1", AVG, 73.8),
            ("bucc2018", "margin mining", "LASER", "f1", "de", 95.42),
        ],
    )
    def test_values_copied_by_hand(self, task, system, model, metric, column, value):
        found = {
            (one.system, one.model): one.value(column, metric)
            for one in references(task, TASKS[task].languages)
            if one.value(column, metric) is not None
        }
        assert found[system, model] == value

    @pytest.mark.parametrize("paper", ["xmixup", "xtreme"])
    def test_keys_say_what_the_words_say(self, paper):
        """The words stand beside the keys; these can be told apart by program."""
        models = {"mBERT": "mbert", "mBERT cased": "mbert", "XLM-R-base": "xlmr-base"}
        models["XLM-R-large"] = "xlmr-large"
        with (FOLDER / f"{paper}.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if not row["task_key"]:
                    continue
                assert row["family_key"] == models.get(row["model"], "")
                assert row["metric_key"] == row["metric"].split()[0].lower()
                if row["column"] not in ("", AVG):
                    assert row["column"] == row["language"]
                if row["column"] == AVG:
                    assert row["language"].startswith(AVG)
                if row["method_key"] == "translate_train":
                    assert row["system"] == "translate-train-all"
                words = re.sub("[^a-z0-9]", "", row["task"].lower())
                assert words.startswith(row["task_key"])

    def test_printed_means_are_those_of_their_languages(self):
        """What is called avg is over all published languages, to a tenth: all were rounded."""
        checked = 0
        for task, about in TASKS.items():
            for one in references(task, about.languages):
                for metric in about.metrics:
                    each = [one.value(code, metric) for code in about.languages]
                    mean = one.value(AVG, metric)
                    if mean is not None and None not in each:
                        assert math.isclose(sum(each) / len(each), mean, abs_tol=0.11)
                        checked += 1
        assert checked >= 10

    def test_no_cell_of_the_papers_tables_is_known(self):
        known = [row for row in reported("xmixup") if row.kind == "paper" and row.task]
        assert known == []

    def test_names_of_the_tables_own_words(self):
        assert AVG == table.AVG
        assert set(FAMILIES) == set(PUBLISHED_SHAPES)


class TestMistakes:
    def test_a_good_row(self, tmp_path):
        (row,) = read_reported(write(tmp_path / "p.csv", GOOD))
        assert (row.line, row.value, row.task, row.column) == (2, 70.5, "xnli", AVG)

    @pytest.mark.parametrize(
        ("changes", "what", "allowed"),
        [
            ({"value": "70,5"}, "the value is '70,5'", "a number"),
            ({"value": "nan"}, "the value is 'nan'", "a number"),
            ({"source": " "}, "'source' is empty", "where the value is from"),
            ({"kind": "own"}, "'kind' is 'own'", "paper, reference, third_party, fact"),
            ({"task_key": "nli"}, "'task_key' is 'nli'", "xnli"),
            ({"method_key": "mixup"}, "'method_key' is 'mixup'", "xmixup"),
            ({"family_key": "bert"}, "'family_key' is 'bert'", "mbert, xlmr-base, xlmr-large"),
            ({"metric_key": "f1"}, "'metric_key' is 'f1'", "accuracy"),
            ({"metric_key": ""}, "'metric_key' is ''", "accuracy"),
            ({"column": "ja"}, "'column' is 'ja'", "avg, ar, bg"),
            ({"task_key": ""}, "there is no task, but other keys", "or none of"),
            ({"kind": "fact"}, "a fact has a task_key", "none"),
        ],
    )
    def test_name_line_and_what_is_allowed(self, tmp_path, changes, what, allowed):
        path = write(tmp_path / "p.csv", GOOD | {"column": "de"}, GOOD | changes)
        with pytest.raises(DataError) as caught:
            read_reported(path)
        assert what in caught.value.what
        assert caught.value.where == f"{path}, line 3"
        assert allowed in caught.value.allowed

    def test_a_cell_twice(self, tmp_path):
        path = write(tmp_path / "p.csv", GOOD, GOOD | {"value": "70.6"})
        with pytest.raises(DataError, match="the cell of line 2 again"):
            read_reported(path)

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("paper,value\n", "the columns"),
            (",".join(COLUMNS) + "\na,b\n", "2 fields"),
            (",".join(COLUMNS) + '\n"a\n', "end of data"),
        ],
    )
    def test_other_files(self, tmp_path, text, what):
        path = tmp_path / "p.csv"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=what):
            read_reported(path)

    def test_no_file(self):
        with pytest.raises(DataError, match="cannot be read"):
            reported("nobody")


class TestModelFamily:
    def encoder(self, path: Path | str) -> PretrainedEncoder:
        return PretrainedEncoder(source="folder", path=str(path))

    def test_by_name_if_it_is_not_here(self):
        folder = "resources/nowhere/bert-base-multilingual-cased"
        assert model_family(self.encoder(folder)) == "mbert"
        assert model_family(self.encoder("nowhere/xlm-roberta-large/")) == "xlmr-large"
        assert model_family(self.encoder("nowhere/my-encoder")) is None

    @pytest.mark.parametrize(("layers", "family"), [(12, "mbert"), (2, None)])
    def test_another_encoder_of_that_name(self, tmp_path, layers, family):
        folder = tmp_path / "bert-base-multilingual-cased"
        folder.mkdir()
        config = {
            "model_type": "bert",
            "hidden_size": 768,
            "num_hidden_layers": layers,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "vocab_size": 119_547,
            "max_position_embeddings": 512,
            "type_vocab_size": 2,
        }
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        assert model_family(self.encoder(folder)) == family


WANTED = {
    "task": "xnli",
    "method": "xmixup",
    "family": "mbert",
    "column": AVG,
    "metric": "accuracy",
}


class TestPaperCell:
    def test_the_papers_tables_were_not_read(self):
        found = paper_cell("xmixup", "3", **WANTED)
        assert found == Missing("the paper's tables could not be read (docs/reported.md)")

    def test_a_table_that_was_read(self, tmp_path, monkeypatch):
        rerun = GOOD | {"kind": "third_party", "table": "Table 4"}
        rows = read_reported(write(tmp_path / "p.csv", GOOD, rerun))
        monkeypatch.setattr(cells_module, "reported", {"p": rows}.__getitem__)
        found = paper_cell("p", "3", **WANTED)
        assert isinstance(found, Reported)
        assert found.value == 70.5
        for key, value in {"task": "pawsx", "family": "xlmr-large", "column": "de"}.items():
            other = paper_cell("p", "3", **(WANTED | {key: value}))
            assert other == Missing("the paper's table has no such cell")
        assert isinstance(paper_cell("p", "4", **WANTED), Missing)

    def test_an_encoder_that_is_not_the_papers(self):
        found = paper_cell("xmixup", "3", **(WANTED | {"family": None}))
        assert found == Missing("the encoder is none of the paper's")


class TestReferences:
    def test_values_stand_with_their_source(self):
        one = references("xquad", TASKS["xquad"].languages)[0]
        assert (one.system, one.model, one.method, one.family) == (
            "zero-shot",
            "mBERT",
            "zero_shot",
            "mbert",
        )
        assert one.value("de", "f1") == 70.6
        assert one.value("de", "em") == 54.0
        assert one.value("avg targets", "f1") is None
        assert one.cells["f1", "de"].source.startswith("github.com/google-deepmind/xquad@")
        assert len(one.sources) == 2  # the page and our arithmetic on it

    def test_some_languages_have_no_mean(self):
        found = references("mlqa", ["en", "de"])
        assert found
        assert {column for one in found for _, column in one.cells} == {"en", "de"}

    def test_nobodys_reruns(self):
        rows = [
            row
            for task, about in TASKS.items()
            for one in references(task, about.languages)
            for row in one.cells.values()
        ]
        assert {row.kind for row in rows} == {"reference"}
        assert len(rows) == 318  # all that have task and column: none hides another

    def test_artificial_languages_have_none(self):
        assert references("xnli", ["en", "qaa"]) == []


def paper(value: float) -> Reported:
    return Reported(
        2, "paper", "p", "Table 3", "s", "m", value, "w", "xnli", "xmixup", "mbert", "accuracy", AVG
    )


class TestVerdict:
    @pytest.mark.parametrize(
        ("values", "reported_value", "name"),
        [
            # One seed: half a point, one point.
            ((80.6,), 80.1, "reproduced"),
            ((79.5,), 80.0, "reproduced"),
            ((80.7,), 80.1, "close"),
            ((81.0,), 80.0, "close"),
            ((81.1,), 80.0, "differs"),
            # sd 0.3, noise 2 * 0.3 * sqrt(4/3) = 0.69.
            ((79.7, 80.0, 80.3), 80.68, "reproduced"),
            ((79.7, 80.0, 80.3), 80.70, "close"),
            ((79.7, 80.0, 80.3), 81.01, "differs"),
            # sd 1, noise 2.31: more than a point is not called reproduced.
            ((79.0, 80.0, 81.0), 81.0, "reproduced"),
            ((79.0, 80.0, 81.0), 82.3, "close"),
            ((79.0, 80.0, 81.0), 77.6, "differs"),
            # A seed that collapsed: sd 26.6 buys three points, no more.
            ((80.0, 80.0, 34.0), 67.6, "close"),
            ((80.0, 80.0, 34.0), 68.0, "differs"),
        ],
    )
    def test_by_numbers(self, values, reported_value, name):
        found = verdict(Cell(values, 100), paper(reported_value), True)
        assert found.name == name
        assert found.difference == pytest.approx(sum(values) / len(values) - reported_value)

    def test_reason_says_what_it_rests_on(self):
        found = verdict(Cell((79.7, 80.0, 80.3), 100), paper(81.2), True)
        assert found.reason == "-1.2 points; noise of 3 seeds 0.7"
        one = verdict(Cell((80.0,), 100), paper(79.0), True)
        assert one.reason == "+1.0 points; one seed, noise unknown"

    def test_without_numbers(self):
        missing = Missing("not read")
        cell = Cell((80.0,), 100)
        assert verdict(None, paper(80.0), True).name == "not run"
        assert verdict(None, missing, True).name == "not run"
        found = verdict(cell, missing, True)
        assert (found.name, found.reason, found.difference) == ("no paper value", "not read", None)

    @pytest.mark.parametrize("ours", [None, Cell((80.0,), 100)])
    @pytest.mark.parametrize("theirs", [Missing("not read"), paper(80.0)])
    def test_a_study_that_claims_nothing(self, ours, theirs):
        assert verdict(ours, theirs, False).name == "not comparable"

    def test_the_difference_is_shown_all_the_same(self):
        assert verdict(Cell((81.0,), 100), paper(80.0), False).difference == 1.0
