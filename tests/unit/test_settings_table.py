# SPDX-License-Identifier: Apache-2.0
"""The table of what is read at test time, against numbers worked out by hand."""

from __future__ import annotations

import csv
import io

import pytest
from test_check import NO_LEAKS, make_prepared
from test_tables import LANGUAGES, make_plan, make_record

from xling.check import check
from xling.figures import write_figures
from xling.plan import Plan
from xling.records import Record
from xling.report import report_text
from xling.tables import render, table_paths, write_tables
from xling.tables.caption import caption
from xling.tables.settings import build_settings, settings_caption, tasks_with_settings
from xling.tables.table import build_table

# By method and setting: en, qaa, qab of seed 1; seed 2 has one point more everywhere.
VALUES = {
    "translate_train": {"standard": (80.0, 70.0, 60.0)},
    "translate_train_ensemble": {
        "translate_test_mean": (80.0, 73.0, 63.0),
        "gold_mean": (80.0, 79.0, 78.0),
    },
    "xmixup": {
        "translate_test": (81.0, 71.0, 61.0),
        "translate_test_mean": (81.0, 74.0, 64.0),
        "gold": (81.0, 75.0, 70.0),
        "gold_mean": (81.0, 80.0, 79.0),
    },
}
TITLES = [
    "Translate-train-all",
    "Translate-train-all, ensembled, mean of both",
    "Translate-train-all, ensembled, gold English, mean of both (oracle)",
    "X-Mixup, target logits",
    "X-Mixup, mean of both",
    "X-Mixup, gold English, target logits (oracle)",
    "X-Mixup, gold English, mean of both (oracle)",
]


@pytest.fixture
def plan() -> Plan:
    return make_plan(methods=list(VALUES), seeds=[1, 2])


def records_of(plan: Plan, values: dict = VALUES) -> list[Record]:
    made = []
    for run in plan.runs:
        standard = make_record(plan, run, dict.fromkeys(LANGUAGES, 0.0))
        scores = [
            score.model_copy(update={"setting": setting, "value": value + run.seed - 1})
            for setting, of_setting in values[run.method].items()
            for score, value in zip(standard.scores, of_setting, strict=True)
        ]
        made.append(make_record(plan, run, {}, scores=scores, data=standard.data, flags=[]))
    return made


def text_of(plan: Plan, records: list[Record]) -> str:
    table = build_settings(plan, "xmixup", "xnli", records)
    return render.markdown_text(table, settings_caption(table))


def test_each_setting_of_each_system_is_a_row(plan) -> None:
    table = build_settings(plan, "xmixup", "xnli", records_of(plan))
    assert [row.title for row in table.systems] == TITLES
    values = [values for by_setting in VALUES.values() for values in by_setting.values()]
    assert table.columns == (*LANGUAGES, "avg", "avg targets")
    for row, (en, qaa, qab) in zip(table.systems, values, strict=True):
        means = [row.cells[column].mean for column in table.columns]
        expected = [en, qaa, qab, (en + qaa + qab) / 3, (qaa + qab) / 2]
        assert means == pytest.approx([value + 0.5 for value in expected])
        assert row.cells["avg"].values == pytest.approx([expected[3], expected[3] + 1])
    rows = list(csv.DictReader(io.StringIO(render.csv_text(table, settings_caption(table)))))
    assert len(rows) == 7 * 5
    assert rows[-1]["system"] == "X-Mixup, gold English, mean of both (oracle), tiny-x"


def test_an_oracle_is_marked_and_never_best(plan) -> None:
    text = text_of(plan, records_of(plan))
    sd = " ± 0.7"
    assert (
        f"| X-Mixup, mean of both | tiny-x | **81.5**{sd} | **74.5**{sd} | **64.5**{sd} "
        f"| **73.5**{sd} | **69.5**{sd} | 2 |" in text
    )
    assert (
        f"| X-Mixup, gold English, mean of both (oracle) | tiny-x | 81.5{sd} | 80.5{sd} "
        f"| 79.5{sd} | 80.5{sd} | 80.0{sd} | 2 |" in text
    )
    assert "Gold English, mean of both (oracle): each test item is read with the gold" in text
    assert "Other rows: each test item is read by itself" in text


def test_the_tasks_table_shows_the_means_and_says_so(plan) -> None:
    table = build_table(plan, "xmixup", "xnli", records_of(plan))
    assert [row.cells["qaa"].mean for row in table.systems] == [70.5, 73.5, 74.5]
    read = "each test item is read with its translation to English; mean of the logits of both."
    notes = caption(table).notes
    assert f"Translate-train-all, ensembled, tiny-x; X-Mixup, tiny-x: {read}" in notes


def test_what_is_known_of_a_systems_runs_is_said_once(plan) -> None:
    records = [r for r in records_of(plan) if (r.method, r.seed) != ("xmixup", 2)]
    flagged = {"flags": ["collapsed: en"], "own_source": {"gold": {"qaa": 2}}}
    records = [
        r.model_copy(update=flagged) if (r.method, r.seed) == ("xmixup", 1) else r for r in records
    ]
    text = text_of(plan, records)
    assert text.count("not run: seed 2") == 1
    assert "X-Mixup, tiny-x: not run: seed 2." in text
    assert text.count("seed 1 is collapsed") + text.count("seed 1 collapsed") == 1
    assert (
        "X-Mixup, gold English, mean of both (oracle), tiny-x: read with itself for want of "
        "English: 2 items in qaa." in text
    )
    assert "mean of both, tiny-x: read with itself" not in text
    # A collapsed run does not compete.
    assert "| Translate-train-all, ensembled, mean of both | tiny-x | **80.5**" in text
    table = build_table(plan, "xmixup", "xnli", records)
    assert not any("read with itself" in note for note in caption(table).notes)
    other = [r.model_copy(update={"own_source": {"translate_test": {"qab": 1}}}) for r in records]
    notes = caption(build_table(plan, "xmixup", "xnli", other)).notes
    lost = "X-Mixup, tiny-x: read with itself for want of English: 1 items in qab."
    assert any(note.endswith(lost) for note in notes)


def test_files_are_written_where_a_run_has_several_settings(plan, tmp_path) -> None:
    assert tasks_with_settings(plan) == [("xmixup", "xnli")]
    names = {path.name for path in write_tables(plan, records_of(plan), tmp_path)}
    planned = {path.name for path in table_paths(plan, tmp_path)}
    assert {f"xnli-settings.{ending}" for ending in ("csv", "md", "tex")} <= names & planned
    assert tasks_with_settings(make_plan()) == []
    only = make_plan(methods=["translate_train"])
    assert tasks_with_settings(only) == []


def test_a_method_that_votes_is_titled_by_its_name(tmp_path) -> None:
    values = {
        "translate_train": {"standard": (80.0, 70.0, 60.0)},
        "rs_rp_smoothed": {"smoothed": (79.0, 72.0, 62.0)},
        "xmixup": VALUES["xmixup"],
    }
    plan = make_plan(methods=list(values), seeds=[1], paper="robust")
    records = records_of(plan, values)
    table = build_settings(plan, "robust", "xnli", records)
    titles = {row.setting: row.title for row in table.systems}
    assert titles["smoothed"] == "Random noise (RS-RP), voting"
    assert "| Random noise (RS-RP), voting | tiny-x | 79.0 |" in render.markdown_text(
        table, settings_caption(table)
    )
    names = {path.name for path in write_tables(plan, records, tmp_path)}
    assert "xnli-settings.csv" in names


def test_the_page_shows_it(tmp_path) -> None:
    # Of another paper, whose page has no figures of analyses.
    plan = make_plan(methods=list(VALUES), seeds=[1, 2], paper="robust")
    records = records_of(plan)
    write_figures(plan, records, tmp_path)
    prepared = make_prepared(plan)
    page = report_text(plan, records, prepared, check(plan, records, prepared, NO_LEAKS), tmp_path)
    assert "XNLI by what is read at test time" in page
    assert "tables/robust/xnli-settings.csv, .md, .tex" in page
    assert all(f'<th scope="row">{title}</th>' in page for title in TITLES)
