# SPDX-License-Identifier: Apache-2.0
"""What the terminal shows of sentence encoders: each task's mean over languages."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

from xling.config.distillation import BUCC, STS, TATOEBA
from xling.distill.evaluation import bitext, tatoeba
from xling.distill.plan import DistillPlan
from xling.distill.tables.frame import System
from xling.records import Record
from xling.score import STANDARD, is_collapsed

NOTE = (
    "Means over languages; ± is the standard deviation over seeds; † holds a collapsed run.  STS: "
    "Spearman's correlation; BUCC: F1, oracle threshold; Tatoeba: accuracy, both directions."
)
# Setting and metric of each task's main score.
_MAIN = {
    STS: (STANDARD, "spearman"),
    BUCC: (bitext.ORACLE, "f1"),
    TATOEBA: (tatoeba.MEAN, "accuracy"),
}


def overview(plan: DistillPlan, records: Sequence[Record]) -> list[tuple[str, list[list[str]]]]:
    """Return a title and the columns of a table, heads first; the first column has the systems."""
    systems = [one for one in plan.frame().systems if _of(records, one)]
    if not systems:
        return []
    columns = [["", *(_title(records, one) for one in systems)]]
    for task in (STS, BUCC, TATOEBA):
        if task in plan.tasks:
            cells = [_cell(plan, task, _of(records, one, task)) for one in systems]
            columns.append([task, *(cell or "–" for cell in cells)])
    seeds = [len({record.seed for record in _of(records, one)}) for one in systems]
    columns.append(["seeds", *map(str, seeds)])
    return [("sentence encoders", columns)]


def _of(records: Sequence[Record], system: System, task: str | None = None) -> list[Record]:
    return [
        record
        for record in records
        if (record.method, record.model) == system.key and task in (None, record.task)
    ]


def _title(records: Sequence[Record], system: System) -> str:
    fell = any(is_collapsed(record.flags) for record in _of(records, system))
    return system.title + (" †" if fell else "")


def _cell(plan: DistillPlan, task: str, records: Sequence[Record]) -> str:
    """Return mean and spread over seeds of the mean over languages; empty without records."""
    languages, main = plan.languages(task), _MAIN[task]
    means = [
        fmean(
            score.value
            for score in record.scores
            if (score.setting, score.metric) == main and score.language in languages
        )
        for record in records
    ]
    if not means:
        return ""
    spread = f" ±{stdev(means):.1f}" if len(means) > 1 else ""
    return f"{fmean(means):.1f}{spread}"
