# SPDX-License-Identifier: Apache-2.0
"""What the report shows of distillation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xling.distill.grid import PARALLEL
from xling.distill.plan import DistillPlan
from xling.figures.distill import figure_path, planned_figures
from xling.plan import DISTILLATION as PAPER
from xling.records import Record
from xling.report.rows import Row
from xling.tables.agree import run_of
from xling.tables.distill import build_sheets


@dataclass(frozen=True)
class Distilled:
    """Results of sentence encoders; empty for a study without them.

    Attributes:
        results: the study's folder of results.
        records: of all runs.
        prepared: what is said of prepared data, by path below ``prepared``.
    """

    results: Path = Path()
    records: Sequence[Record] = ()
    prepared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def by_task(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Summaries by (task, split), as those of other papers."""
        return {_place(path): _as_others(summary) for path, summary in self.prepared.items()}

    def checksums(self, plan: DistillPlan) -> dict[tuple[str, str], str]:
        """Return the checksums of training text by (task, split), of what students read."""
        found = {}
        for record in self.records:
            trained = plan.student(run_of(record))
            if trained is not None:
                place = f"distill/{plan.selection(trained).name}"
                found[place, "train"] = record.data["parallel train"].sha256
        return found


def _place(path: str) -> tuple[str, str]:
    """Return a summary's task and split: ``distill/all/summary.json`` is of training text."""
    folder, _, name = path.removesuffix(".json").rpartition("/")
    return folder, "train" if name == "summary" else name


def _as_others(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a summary with the keys of other prepared splits; training text is of corpora."""
    if summary["task"] != PARALLEL:
        return summary
    rows = {
        f"{corpus} {code}": count
        for corpus, counts in summary["rows"].items()
        for code, count in counts.items()
    }
    return {**summary, "rows": rows, "labels": {}, "sources": summary["files"]}


def distilled_tables(plan: DistillPlan, results: Path) -> Row:
    """Return the tables, and where the figures lie.

    Raises:
        DataError: a record or the comparisons are missing or damaged, or do not belong together.
    """
    return {
        "paper": PAPER,
        "title": "Multilingual distillation: tables and figures",
        "short": "Distillation",
        "sheets": build_sheets(plan, results),
        "kinds": [
            {
                "words": one.words,
                "figures": [
                    {
                        "name": one.name,
                        "title": plan.study.name,
                        "path": figure_path(results / "figures", one.name, "svg"),
                        "width": "wide" if one.wide else "narrow",
                    }
                ],
            }
            for one in planned_figures(plan)
        ],
        "files": "png, .svg",
    }


def facts(plan: DistillPlan) -> list[tuple[str, str]]:
    """Return what was run, in a few words each."""
    frame = plan.frame()
    return [
        ("sentence embeddings scored on", ", ".join(plan.tasks)),
        ("systems of distillation", ", ".join(system.title for system in frame.systems)),
        ("parallel corpora", ", ".join(plan.corpora)),
    ]
