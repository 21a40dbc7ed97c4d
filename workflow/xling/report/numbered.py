# SPDX-License-Identifier: Apache-2.0
"""What the report shows of papers' own tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xling.comparison.results import Comparison
from xling.figures import numbered_path
from xling.figures.robust import EMBEDDINGS, SWEEPS
from xling.figures.robust import KINDS as ROBUST_KINDS
from xling.figures.robust import Planned as RobustFigure
from xling.figures.robust import planned_figures as robust_figures
from xling.figures.xmixup import KINDS, LAYERS, SCATTER, Planned, planned_figures
from xling.plan import Plan
from xling.records import Record
from xling.tables.robust import build_sheets as robust_sheets
from xling.tables.robust.planned import PAPER as ROBUST
from xling.tables.robust.planned import TITLE as ROBUST_TITLE
from xling.tables.significance import build_significance
from xling.tables.significance_sheet import significance_sheet
from xling.tables.xmixup import Analyses, build_sheets
from xling.tables.xmixup.planned import PAPER, TITLE
from xling.tasks import SOURCE_LANGUAGE, TASKS

Row = dict[str, Any]
# Languages that fit into one column of a page, as the figures are drawn.
_NARROW = {SCATTER: 6, LAYERS: 4}
ROBUST_NARROW = (EMBEDDINGS, SWEEPS)
FILES = "png, .svg"


def numbered(
    plan: Plan,
    records: Sequence[Record],
    analyses: Analyses,
    comparisons: Sequence[Comparison],
    figures: Path,
) -> list[Row]:
    """Return each paper's own tables and where its figures lie; only papers that have some.

    Raises:
        DataError: if records of one table do not belong together.
    """
    drawn = {
        kind: [_figure(plan, one, figures) for one in planned_figures(plan) if one.kind == kind]
        for kind in KINDS
    }
    robust = {
        kind: [_robust_figure(one, figures) for one in robust_figures(plan) if one.kind == kind]
        for kind in ROBUST_KINDS
    }
    found: list[Row] = [
        {
            "paper": PAPER,
            "title": f"{TITLE}: tables and figures by number",
            "short": "By number",
            "sheets": build_sheets(plan, records, analyses),
            "kinds": _kinds(KINDS, drawn),
            "files": FILES,
        },
        {
            "paper": ROBUST,
            "title": f"{ROBUST_TITLE}: claims, generalised setting, sweeps",
            "short": "Robust training",
            "sheets": robust_sheets(plan, records, comparisons),
            "kinds": _kinds(ROBUST_KINDS, robust),
            "files": FILES,
        },
    ]
    shown = [one for one in found if one["sheets"]]
    for one in shown:
        one["sheets"] += [
            significance_sheet(build_significance(plan, tests, records))
            for tests in comparisons
            if tests.paper == one["paper"]
        ]
    return shown


def _kinds(words: Mapping[str, str], drawn: Mapping[str, list[Row]]) -> list[Row]:
    return [{"words": words[kind], "figures": found} for kind, found in drawn.items() if found]


def _robust_figure(one: RobustFigure, folder: Path) -> Row:
    return {
        "name": one.name,
        "title": f"{TASKS[one.task].title}, {one.model}",
        "path": numbered_path(folder, one.name, "svg", ROBUST),
        "width": "narrow" if one.kind in ROBUST_NARROW else "wide",
    }


def _figure(plan: Plan, one: Planned, folder: Path) -> Row:
    codes = plan.study.tasks[one.task].languages
    targets = sum(code != SOURCE_LANGUAGE for code in codes)
    narrow = one.kind in (SCATTER, LAYERS) and targets <= _NARROW[one.kind]
    return {
        "name": one.name,
        "title": f"{TASKS[one.task].title}, {one.model}",
        "path": numbered_path(folder, one.name, "svg"),
        "width": "narrow" if narrow else "wide",
    }
