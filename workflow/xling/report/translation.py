# SPDX-License-Identifier: Apache-2.0
"""What the report shows of translation models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xling.figures.cats import KINDS, figure_path, planned_figures
from xling.mt.check import Prepared
from xling.mt.plan import PAPER, TranslationPlan
from xling.records import Record
from xling.report.rows import Row
from xling.tables.cats import build_sheets
from xling.tables.cats.results import read_results

TITLE = "CATS (a reconstruction)"


@dataclass(frozen=True)
class Translated:
    """Results of translation models; empty for a study without them.

    Attributes:
        results: the study's folder of results.
        records: of all runs.
        prepared: summaries of the splits.
    """

    results: Path = Path()
    records: Sequence[Record] = ()
    prepared: Prepared = field(default_factory=dict)

    @property
    def by_task(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Summaries by (task, split), as those of other papers."""
        return {
            (f"{benchmark}-{direction}", split): summary
            for (benchmark, direction, split), summary in self.prepared.items()
        }


def translated_tables(plan: TranslationPlan, results: Path) -> Row:
    """Return the tables, and where the figures lie.

    Raises:
        DataError: a record or the comparisons are missing or damaged, or do not belong together.
    """
    drawn = planned_figures(plan)
    kinds = []
    for kind, words in KINDS.items():
        figures = [
            {
                "name": one.name,
                "title": ", ".join(filter(None, (one.task, one.model))),
                "path": figure_path(results / "figures", one, "svg"),
                "width": "wide",
            }
            for one in drawn
            if one.kind == kind
        ]
        if figures:
            kinds.append({"words": words, "figures": figures})
    return {
        "paper": PAPER,
        "title": f"{TITLE}: tables and figures",
        "short": "CATS",
        "sheets": list(build_sheets(read_results(plan, results)).values()),
        "kinds": kinds,
        "files": "png, .svg, .csv",
    }


def facts(plan: TranslationPlan) -> list[tuple[str, str]]:
    """Return what was run, in a few words each."""
    names = dict.fromkeys(name for block in plan.translation.experiments for name in block.methods)
    return [
        ("translation", ", ".join(plan.tasks)),
        ("systems of translation", ", ".join(map(plan.title, names))),
        ("models of translation", ", ".join(plan.models)),
    ]
