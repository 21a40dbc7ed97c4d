# SPDX-License-Identifier: Apache-2.0
"""What the report shows of the X-Mixup paper's tables and figures by number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xling.comparison.results import Comparison
from xling.figures import numbered_path
from xling.figures.xmixup import KINDS, LAYERS, SCATTER, Planned, planned_figures
from xling.plan import Plan
from xling.records import Record
from xling.tables.significance import build_significance
from xling.tables.significance_sheet import significance_sheet
from xling.tables.xmixup import Analyses, build_sheets
from xling.tables.xmixup.planned import PAPER, TITLE
from xling.tasks import SOURCE_LANGUAGE, TASKS

Row = dict[str, Any]
# Languages that fit into one column of a page, as the figures are drawn.
_NARROW = {SCATTER: 6, LAYERS: 4}


def numbered(
    plan: Plan,
    records: Sequence[Record],
    analyses: Analyses,
    comparisons: Sequence[Comparison],
    figures: Path,
) -> Row | None:
    """Return the paper's tables and where its figures lie; None for a study without them.

    Raises:
        DataError: if records of one table do not belong together.
    """
    sheets = build_sheets(plan, records, analyses)
    if not sheets:
        return None
    sheets += [
        significance_sheet(build_significance(plan, one, records))
        for one in comparisons
        if one.paper == PAPER
    ]
    drawn = planned_figures(plan)
    kinds = [
        (words, [_figure(plan, one, figures) for one in drawn if one.kind == kind])
        for kind, words in KINDS.items()
    ]
    return {
        "paper": PAPER,
        "title": f"{TITLE}: tables and figures by number",
        "short": "By number",
        "sheets": sheets,
        "kinds": [{"words": words, "figures": found} for words, found in kinds if found],
        "files": "png, .svg",
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
