# SPDX-License-Identifier: Apache-2.0
"""What the terminal shows of translation models: mean BLEU of groups of languages."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

from xling.mt.plan import TranslationPlan
from xling.mt.scoring.averages import AVERAGES
from xling.mt.scoring.metrics import MAIN
from xling.mt.systems import SYSTEMS
from xling.records import Record
from xling.score import is_collapsed

NOTE = (
    "BLEU, means over languages; ± is the standard deviation over seeds; † holds a collapsed run.  "
    "CATS is a reconstruction (docs/cats.md)."
)


def overview(plan: TranslationPlan, records: Sequence[Record]) -> list[tuple[str, list[list[str]]]]:
    """Return, for each task and model, a title and the columns of a table, heads first.

    The first column has the names of the systems, in the order of the built-in ones.
    """
    order = list(SYSTEMS)
    found = []
    for task in plan.tasks:
        for model in plan.models:
            own = [r for r in records if (r.task, r.model) == (task, model)]
            methods = sorted(
                {r.method for r in own},
                key=lambda name: (order.index(plan.origin(name)), name != plan.origin(name), name),
            )
            if methods:
                found.append((f"{task}, {model}", _columns(plan, own, methods)))
    return found


def _columns(
    plan: TranslationPlan, records: Sequence[Record], methods: Sequence[str]
) -> list[list[str]]:
    by_method = {name: [r for r in records if r.method == name] for name in methods}
    columns = [["", *(_title(plan, name, by_method[name]) for name in methods)]]
    for group in AVERAGES.values():
        cells = [_cell(by_method[name], group) for name in methods]
        if any(cells):
            columns.append([group, *(cell or "–" for cell in cells)])
    columns.append(["seeds", *(str(len(by_method[name])) for name in methods)])
    return columns


def _title(plan: TranslationPlan, method: str, records: Sequence[Record]) -> str:
    dagger = " †" if any(is_collapsed(record.flags) for record in records) else ""
    return plan.title(method) + dagger


def _cell(records: Sequence[Record], group: str) -> str:
    """Return mean and spread over seeds; empty if nothing has such an average."""
    values = [
        s.value
        for record in records
        for s in record.scores
        if (s.metric, s.language) == (MAIN, group)
    ]
    if not values:
        return ""
    spread = f" ±{stdev(values):.1f}" if len(values) > 1 else ""
    return f"{fmean(values):.1f}{spread}"
