# SPDX-License-Identifier: Apache-2.0
"""Our numbers held against the paper's cells: for rows, captions and CSV files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xling.plan import Plan
from xling.reported import Missing, Reported, Verdict, model_family, paper_cell, verdict
from xling.tables.sheet import NOTHING, Entry, Fact, Row
from xling.tables.table import AVG, Cell, System, Table
from xling.tables.xmixup.planned import PAPER

EDITION = "paper"


@dataclass(frozen=True)
class Held:
    """One of our numbers beside the paper's."""

    reported: Reported | Missing
    verdict: Verdict

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The columns that a CSV file has of it."""
        paper: tuple[Fact, ...] = (None, None, _reason(self.reported))
        if isinstance(self.reported, Reported):
            paper = (self.reported.value, self.reported.source, None)
        own = (self.verdict.difference, self.verdict.name, self.verdict.reason)
        return dict(zip(HELD, (*paper, *own), strict=True))


HELD = ("paper", "paper_source", "paper_missing", "difference", "verdict", "reason")


def hold(
    plan: Plan, number: str, table: Table, system: System, metric: str, ours: Cell | None
) -> Held:
    """Hold one of our means over languages against a table of the paper.

    Args:
        number: of the paper's table.
        ours: points of a score.
    """
    cell = paper_cell(
        PAPER,
        number,
        task=table.task.name,
        method=system.method,
        family=model_family(plan.study.encoders[system.model]),
        column=AVG,
        metric=metric,
    )
    return Held(cell, verdict(ours, cell, plan.study.comparable))


def paper_rows(held: Sequence[tuple[str, Sequence[Held | None]]]) -> list[Row]:
    """Return what the paper has for some systems, and how ours differ.

    Args:
        held: title of a system and its cells; None: nothing in the paper corresponds.

    Returns:
        Two rows per system; a single one if the paper has no cell of any.
    """
    rows = []
    for title, cells in held:
        if any(one and isinstance(one.reported, Reported) for one in cells):
            rows.append(Row((f"{title}, {EDITION}",), tuple(map(_value, cells))))
            rows.append(Row((f"{title}, difference",), tuple(map(_difference, cells))))
    if not rows and held:
        rows = [Row((f"all systems, {EDITION}",), (NOTHING,) * len(held[0][1]))]
    return rows


def _value(one: Held | None) -> Entry:
    if one is None or isinstance(one.reported, Missing):
        return NOTHING
    return Entry(f"{one.reported.value:.1f}")


def _difference(one: Held | None) -> Entry:
    if one is None or one.verdict.difference is None:
        return NOTHING
    return Entry(f"{one.verdict.difference:+.1f} ({one.verdict.name})")


def counted(held: Iterable[Held]) -> str:
    """Return how often each verdict was given."""
    names = Counter(one.verdict.name for one in held)
    words = ", ".join(f"{name}: {count}" for name, count in sorted(names.items()))
    return f"held against the paper cell by cell: {words or 'nothing'}"


def missing_notes(held: Iterable[Held]) -> list[str]:
    """Say why cells of the paper are empty, and how many."""
    cells = list(held)
    reasons = Counter(_reason(one.reported) for one in cells if isinstance(one.reported, Missing))
    return [
        f"Empty cells of the paper: {reason} ({count} of {len(cells)})."
        for reason, count in sorted(reasons.items())
    ]


def _reason(cell: Reported | Missing) -> str:
    return cell.reason if isinstance(cell, Missing) else ""
