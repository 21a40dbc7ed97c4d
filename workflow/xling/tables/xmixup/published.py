# SPDX-License-Identifier: Apache-2.0
"""Rows of other papers' systems, named by their source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xling.reported import Reported, references
from xling.tables.sheet import NOTHING, Entry, Fact, Row
from xling.tables.table import AVG, Table

# Ours: a longer remark in brackets is no year or author; the CSV file has it.
_REMARK = re.compile(r" \([^)]{40,}\)")


@dataclass(frozen=True)
class Published:
    """One system of another paper.

    Attributes:
        paper: who reported it, in the source's words as all here.
        cells: means over languages by column of the table, None where none was reported.
    """

    paper: str
    system: str
    model: str
    cells: tuple[Reported | None, ...]

    def row(self) -> Row:
        """Return what is printed."""
        label = _REMARK.sub("", f"{self.system}, {self.model}: {self.paper}")
        entries = (Entry(f"{one.value:.1f}") if one else NOTHING for one in self.cells)
        return Row((label,), tuple(entries))

    def facts(self) -> Iterator[tuple[int, Mapping[str, Fact]]]:
        """Yield each value with the number of its column."""
        for i, one in enumerate(self.cells):
            if one:
                yield (
                    i,
                    {
                        "system": f"{self.paper}: {self.system}",
                        "model": self.model,
                        "method": one.method or None,
                        "mean": one.value,
                        "source": one.source,
                    },
                )


def published(columns: Sequence[tuple[Table, str]]) -> list[Published]:
    """Return the systems of which a mean over all languages of a task was reported.

    Args:
        columns: task and metric of each column.
    """
    found: dict[tuple[str, str, str], list[Reported | None]] = {}
    for i, (table, metric) in enumerate(columns):
        for one in references(table.task.name, table.languages):
            cell = one.cells.get((metric, AVG))
            if cell is not None:
                key = (one.paper, one.system, one.model)
                found.setdefault(key, [None] * len(columns))[i] = cell
    return [Published(*key, tuple(cells)) for key, cells in found.items()]
