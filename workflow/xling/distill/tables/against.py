# SPDX-License-Identifier: Apache-2.0
"""Our cells held against the paper's, version by version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from xling.distill.tables.frame import Frame, System
from xling.distill.tables.published import TITLES, Version, paper_cell, printed, same_mean
from xling.reported import Missing, Reported, Verdict, verdict
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section
from xling.tables.table import AVG, Cell


@dataclass(frozen=True)
class Held:
    """One of our cells beside the paper's.

    Attributes:
        version: of the paper; None: it has no such cell.
    """

    version: Version | None
    reported: Reported | Missing
    verdict: Verdict

    @property
    def facts(self) -> dict[str, Fact]:
        """What a CSV file has of it; each version has columns of its own."""
        value: float | None = None
        source: str | None = None
        missing: str | None = None
        if isinstance(self.reported, Missing):
            missing = self.reported.reason
        else:
            value, source = self.reported.value, self.reported.source
        return {
            "paper_v1": value if self.version == "v1" else None,
            "paper_v2": value if self.version == "v2" else None,
            "paper_source": source,
            "paper_missing": missing,
            "difference": self.verdict.difference,
            "verdict": self.verdict.name,
            "reason": self.verdict.reason,
        }


def hold(
    frame: Frame,
    number: str,
    system: System,
    cells: Mapping[str, Cell | None],
    languages: Collection[str],
) -> list[Held]:
    """Hold the cells of a system, by column, against the table of a number.

    A mean is held only against one over the same languages.
    """
    found = []
    for column, ours in cells.items():
        version, cell = paper_cell(number, system.reported, column, languages)
        found.append(Held(version, cell, verdict(ours, cell, frame.comparable)))
    return found


def difference_sections(
    columns: Sequence[str], rows: Sequence[tuple[System, Sequence[Held]]]
) -> list[Section]:
    """Return ours less the paper's, a section per version; empty without any."""
    sections = []
    for version, title in TITLES.items():
        kept = tuple(
            Row((system.title,), tuple(_difference(one, version) for one in held))
            for system, held in rows
            if any(_difference(one, version) is not NOTHING for one in held)
        )
        if kept:
            sections.append(Section(f"Ours less the paper's {title}", tuple(columns), kept))
    return sections


def _difference(one: Held, version: Version) -> Entry:
    if one.version != version or one.verdict.difference is None:
        return NOTHING
    return Entry(f"{one.verdict.difference:+.1f} ({one.verdict.name})")


def paper_sections(
    number: str, columns: Sequence[str], languages: Collection[str]
) -> list[Section]:
    """Return what the paper prints in some columns, a section per version.

    Its means stand there only if they are over the same languages as ours.
    """
    sections = []
    shown = {column for column in columns if column != AVG or same_mean(number, languages)}
    for one in printed(number):
        rows = tuple(
            Row(
                (name,),
                tuple(_value(cells.get(column) if column in shown else None) for column in columns),
            )
            for name, cells in one.cells.items()
            if not shown.isdisjoint(cells)
        )
        if rows:
            title = f"Reported in the paper, {TITLES[one.version]}"
            sections.append(Section(title, tuple(columns), rows))
    return sections


def _value(one: Reported | None) -> Entry:
    return NOTHING if one is None else Entry(f"{one.value:.1f}")


def counted(frame: Frame, held: Iterable[Held]) -> str:
    """Return how often each verdict was given."""
    if not frame.comparable:
        return "not comparable: the study claims no comparison with the paper"
    names = Counter(one.verdict.name for one in held)
    words = ", ".join(f"{name}: {count}" for name, count in sorted(names.items()))
    return f"held against the paper cell by cell: {words or 'nothing'}"


def missing_notes(held: Iterable[Held]) -> list[str]:
    """Say why cells of the paper are empty, and how many."""
    cells = list(held)
    reasons = Counter(c.reported.reason for c in cells if isinstance(c.reported, Missing))
    return [
        f"Empty cells of the paper: {reason} ({count} of {len(cells)})."
        for reason, count in sorted(reasons.items())
    ]
