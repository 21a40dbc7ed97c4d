# SPDX-License-Identifier: Apache-2.0
"""Rows of other papers' systems on the same benchmark and direction, named by their source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xling.mt.scoring.averages import ALL
from xling.reported import Reported, reported
from xling.tables.sheet import NOTHING, Entry, Row

TITLE = "published by others, not run here: not comparable"
NOT_COMPARABLE = "not comparable"
REASON = "other sub-words, batches and budget"


@dataclass(frozen=True)
class Published:
    """One system in one table of another paper.

    Attributes:
        cells: by language or average.
    """

    paper: str
    table: str
    system: str
    model: str
    cells: dict[str, Reported]

    def row(self, columns: Sequence[str]) -> Row:
        """Return what is printed."""
        found = (self.cells.get(column) for column in columns)
        entries = (Entry(f"{one.value:.1f}") if one else NOTHING for one in found)
        return Row((f"{self.system}: {self.paper}, {self.table}",), tuple(entries))


def published(
    task: str, metric: str, languages: Sequence[str], all_languages: int
) -> list[Published]:
    """Return published systems in the order of the file.

    Args:
        task: benchmark and direction.
        metric: of ours.
        languages: those in the table; of artificial ones nothing was published.
        all_languages: how many the benchmark has; a mean is given beside all of them only.
    """
    columns = {*languages, *([ALL] if len(languages) == all_languages else [])}
    found: dict[tuple[str, str, str, str], dict[str, Reported]] = {}
    for row in reported("cats"):
        wanted = (row.kind, row.task, row.metric) == ("reference", task, metric)
        if wanted and row.column in columns:
            key = (row.paper, row.table, row.system, row.model)
            found.setdefault(key, {})[row.column] = row
    return [Published(*key, cells) for key, cells in found.items()]
