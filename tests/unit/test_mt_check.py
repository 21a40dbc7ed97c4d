# SPDX-License-Identifier: Apache-2.0
"""What is made sure of translation models, and what the terminal shows of them."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from mt_translations import LANGUAGES, plan_of, record_of, write_all

from xling.check import check
from xling.errors import DataError
from xling.found import Found, records_alone
from xling.mt.check import check_translation
from xling.mt.data.bitext import AlignedLine, Corpus, with_english
from xling.mt.data.store import Recipe, write_bitext
from xling.mt.summary import overview
from xling.plan import Plan
from xling.records import read_record
from xling.summary import summary

ROWS = {"train": 40, "dev": 5, "test": 30}
RECIPE = Recipe()
# Where the sentences of a split begin: those that two of them hold are in both.
FIRST = {"train": 0, "dev": 1000, "test": 2000}


def corpus(code, split, first):
    lines = [
        AlignedLine(i + 1, f"sentence {first + i}", f"{code} {first + i}")
        for i in range(ROWS[split])
    ]
    return Corpus(with_english(code), split, lambda: lines, ())


@pytest.fixture
def study(tmp_path):
    """A plan, its folder with all that the check reads, and the prepared summaries."""
    plan = plan_of()
    write_all(plan, tmp_path)
    return plan, tmp_path, prepare(tmp_path, FIRST)


def prepare(folder, first):
    summaries = {}
    for split in ROWS:
        path = folder / "prepared" / "ted8_diverse" / "m2o" / f"{split}.parquet"
        corpora = [corpus(code, split, first[split]) for code in LANGUAGES]
        path.parent.mkdir(parents=True, exist_ok=True)
        summaries["ted8_diverse", "m2o", split] = write_bitext(path, corpora, "m2o", RECIPE, {})
    return summaries


def looked(study) -> Found:
    plan, folder, prepared = study
    records = [read_record(folder / "runs" / run.path / "record.json") for run in plan.runs]
    return check_translation(plan, records, prepared, folder)


def rewritten(study, change):
    """Change the hypotheses of the first run."""
    plan, folder, _ = study
    path = folder / "predictions" / f"{plan.runs[0].path}.parquet"
    pq.write_table(change(pq.read_table(path)), path)


def test_sound_results_have_no_problems(study):
    plan, _, _ = study
    found = looked(study)
    assert found.problems == []
    assert found.runs == len(plan.runs) == 6
    # Two seeds of three systems: not enough.
    (few,) = found.flags
    assert few.startswith("not enough seeds to claim a difference (2, at least 3 needed)")
    result = check(Plan(plan.study), [], {}, [], found)
    assert result.runs == 6
    assert "every language has as many hypotheses as prepared test rows" in result.passed


def test_missing_hypotheses_are_a_problem(study):
    plan, _, _ = study
    rewritten(study, lambda table: table.slice(1))
    (problem,) = looked(study).problems
    assert problem == (
        f"{plan.runs[0].path}: qaa has 29 hypotheses, scored on 30 rows, 30 were prepared"
    )
    with pytest.raises(DataError, match="qaa has 29 hypotheses"):
        check(Plan(plan.study), [], {}, [], looked(study))


def test_empty_hypotheses_are_told(study):
    plan, _, _ = study

    def emptied(table):
        texts = table.column("hypothesis").to_pylist()
        texts[0] = " "
        at = table.column_names.index("hypothesis")
        return table.set_column(at, "hypothesis", [texts])

    rewritten(study, emptied)
    assert f"{plan.runs[0].path}: 1 of 30 hypotheses in qaa are empty" in looked(study).flags


def test_pairs_that_splits_share_are_told(study):
    plan, folder, _ = study
    # 10 of the 30 test pairs are among the 40 of train.
    prepared = prepare(folder, FIRST | {"test": 30})
    flags = looked((plan, folder, prepared)).flags
    named = ", ".join(f"{code} 10" for code in LANGUAGES)
    assert f"ted8_diverse: 40 of 120 test pairs are also in train ({named})" in flags


def test_a_missing_record_and_a_wrong_selection_are_problems(study):
    plan, folder, prepared = study
    records = [record_of(plan, run) for run in plan.runs[1:]]
    wrong = records[0].model_copy(update={"selection": {"policy": "last"}})
    found = check_translation(plan, [wrong, *records[1:]], prepared, folder)
    assert found.problems == [
        f"{plan.runs[0].path}: has no record",
        f"{plan.runs[1].path}: weights selected by 'last', the study says 'best'",
    ]


def test_a_collapsed_run_is_told_first(study):
    plan, _, _ = study
    records = [record_of(plan, run) for run in plan.runs]
    flag = "collapsed: mean BLEU 0.2, at most 1.0"
    records[2] = records[2].model_copy(update={"flags": [flag, "empty: qaa (1)"]})
    found = records_alone(records)
    assert found.collapsed == [f"{plan.runs[2].path}: {flag}"]
    assert found.flags == [f"{plan.runs[2].path}: empty: qaa (1)"]
    ((title, columns),) = overview(plan, records)
    assert title == "ted8_diverse-m2o, tiny"
    assert columns[0] == ["", "T = 1 †", "T = 5", "CATS"]
    assert [column[0] for column in columns[1:]] == ["avg low", "avg high", "avg", "seeds"]


def test_the_overview_is_the_mean_of_the_seeds(study):
    plan, _, _ = study
    records = [record_of(plan, run) for run in plan.runs]
    ((_, columns),) = overview(plan, records)
    values = [
        s.value
        for record in records
        for s in record.scores
        if (record.method, s.metric, s.language) == ("cats", "bleu", "avg low")
    ]
    assert len(values) == 2
    mean, half = sum(values) / 2, abs(values[0] - values[1]) / 2**0.5
    assert columns[1][3] == f"{mean:.1f} ±{half:.1f}"
    text = summary(Plan(plan.study), [], [], [], Path("page.html"), records)
    assert columns[1][3] in text
    assert "reconstruction" in text
