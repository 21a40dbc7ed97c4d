# SPDX-License-Identifier: Apache-2.0
"""The overview of all tasks: task scores, groups and means against values computed by hand."""

from __future__ import annotations

import copy

import pytest
from test_tables import STUDY, make_plan, make_record

from xling.config.study import Study
from xling.plan import Plan, Run
from xling.records import Score
from xling.tables import render
from xling.tables.overview import build_overview, overview_caption, overview_papers
from xling.tasks import TASKS

LANGUAGES = ("en", "qaa")
# Main metric of en and qaa; question answering has the exact match of both after it.
VALUES = {
    ("zero_shot", "xnli", 1): (80.0, 70.0),
    ("zero_shot", "xnli", 2): (82.0, 72.0),
    ("zero_shot", "pawsx", 1): (90.0, 80.0),
    ("zero_shot", "xquad", 1): (60.0, 40.0, 50.0, 30.0),
    ("translate_train", "xnli", 1): (84.0, 76.0),
    ("translate_train", "xnli", 2): (85.0, 77.0),
}


def plan() -> Plan:
    study = copy.deepcopy(STUDY)
    study["data"]["artificial"]["sizes"]["xquad"] = {"train": 9, "dev": 9, "test": 9}
    study["tasks"] = {task: {"languages": list(LANGUAGES)} for task in ("xnli", "pawsx", "xquad")}
    block = study["experiments"][0]
    study["experiments"] = [
        block | {"methods": ["zero_shot", "translate_train"], "tasks": ["xnli"], "seeds": [1, 2]},
        block | {"methods": ["zero_shot"], "tasks": ["pawsx", "xquad"], "seeds": [1]},
    ]
    return Plan(Study.model_validate(study))


def record(plan: Plan, run: Run):
    values = VALUES[run.method, run.task, run.seed]
    names = TASKS[run.task].metrics
    scores = [
        Score(
            setting="standard",
            language=language,
            metric=name,
            value=values[2 * i + j],
            n=300,
            signature=name,
            chance=0.0,
        )
        for i, name in enumerate(names)
        for j, language in enumerate(LANGUAGES)
    ]
    return make_record(plan, run, {}, scores=scores)


@pytest.fixture
def overview():
    of = plan()
    return build_overview(of, "xmixup", [record(of, run) for run in of.runs])


def test_columns_are_tasks_then_groups_with_several_tasks(overview) -> None:
    assert overview.columns == ("XNLI", "PAWS-X", "XQuAD", "classification", "avg")


def test_cells_by_hand(overview) -> None:
    zero, translate = overview.systems
    means = {name: cell.mean for name, cell in zero.cells.items()}
    assert means == {
        "XNLI": 76.0,  # seeds 75 and 77
        "PAWS-X": 85.0,
        "XQuAD": 45.0,  # half of (50 + 40)
        "classification": 80.0,  # of seed 1 alone: (75 + 85) / 2
        "avg": pytest.approx((75 + 85 + 45) / 3),
    }
    assert zero.cells["XNLI"].values == (75.0, 77.0)
    assert {name: cell.mean for name, cell in translate.cells.items()} == {"XNLI": 80.5}
    assert (zero.count, translate.count) == ("1–2", "2")


def test_what_is_missing_is_said(overview) -> None:
    about = overview_caption(overview)
    assert about.notes == (
        "Not in this study, so avg is not XTREME's: "
        "UD-POS, PAN-X, MLQA, TyDiQA-GoldP, BUCC 2018, Tatoeba.",
    )
    text = render.markdown_text(overview, about)
    assert "| Zero-shot | tiny-x | 76.0 ± 1.4 | 85.0 | 45.0 | 80.0 | 68.3 | 1–2 |" in text
    assert "| Translate-train-all | tiny-x | **80.5** ± 0.7 | – | – | – | – | 2 |" in text


def test_a_paper_with_one_task_has_none() -> None:
    assert overview_papers(make_plan()) == []
    assert overview_papers(plan()) == ["xmixup"]
