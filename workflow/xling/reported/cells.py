# SPDX-License-Identifier: Apache-2.0
"""From our cells to reported ones: the paper's own, and those of other papers' systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xling.config.study import Encoder
from xling.costs import PUBLISHED_SHAPES, shape_of
from xling.reported.rows import AVG, FAMILIES, Reported, reported
from xling.tasks import TASKS

# The file whose rows stand below ours as references.
REFERENCES = "xtreme"
UNREAD = "the paper's tables could not be read (docs/reported.md)"
OTHER_MODEL = "the encoder is none of the paper's"
NO_CELL = "the paper's table has no such cell"


@dataclass(frozen=True)
class Missing:
    """No reported value, and why."""

    reason: str


@dataclass(frozen=True)
class Reference:
    """One system of another paper on one task.

    Attributes:
        paper: who reported it; with ``system`` and ``model`` in the source's words.
        method: our key of the method, or empty.
        family: our key of the encoder, or empty.
        cells: by metric and column, never empty.
    """

    paper: str
    system: str
    model: str
    method: str
    family: str
    cells: Mapping[tuple[str, str], Reported]

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the values were read, each place once."""
        return tuple(dict.fromkeys(one.source for one in self.cells.values()))

    def value(self, column: str, metric: str) -> float | None:
        """Return one value; None if it was not reported."""
        one = self.cells.get((metric, column))
        return one.value if one else None


def model_family(encoder: Encoder) -> str | None:
    """Return our name of a published encoder: one in a folder that has its name and its sizes."""
    if encoder.source == "scratch":
        return None
    # As xling.costs.shape_of: a folder that is not here yet is taken by its name.
    name = Path(encoder.path).expanduser().name
    if name in FAMILIES and shape_of(encoder, 0) == PUBLISHED_SHAPES[name]:
        return FAMILIES[name]
    return None


def paper_cell(
    paper: str,
    table: str,
    *,
    task: str,
    method: str,
    family: str | None,
    column: str,
    metric: str,
) -> Reported | Missing:
    """Return a cell of a paper's own table, or why there is none.

    Args:
        paper: key of the paper.
        table: number of the table: ``3``.
        task: our keys, as in :class:`Reported`.
        method: of the built-in method; a variant has no cell unless the paper has it.
        family: of :func:`model_family`.
        column: language or ``avg``.
        metric: ``accuracy``, ``f1`` or ``em``.
    """
    if family is None:
        return Missing(OTHER_MODEL)
    rows = [r for r in reported(paper) if r.kind == "paper" and r.table == f"Table {table}"]
    if not rows:
        return Missing(UNREAD)
    wanted = (task, method, family, column, metric)
    for row in rows:
        if (row.task, row.method, row.family, row.column, row.metric) == wanted:
            return row
    return Missing(NO_CELL)


def references(task: str, languages: Sequence[str]) -> list[Reference]:
    """Return published systems on a task, for rows below ours, in the order of the file.

    Nobody's reruns are among them.  The mean is given only beside all published languages of the
    task: over others it would be another number.  Languages that the task was not published in
    (artificial ones) have no references at all.
    """
    published = set(TASKS[task].languages)
    if not set(languages) <= published:
        return []
    columns = {*languages, *([AVG] if set(languages) == published else [])}
    groups: dict[tuple[str, str, str], list[Reported]] = {}
    for row in reported(REFERENCES):
        if row.kind == "reference" and row.task == task and row.column in columns:
            groups.setdefault((row.paper, row.system, row.model), []).append(row)
    return [
        Reference(
            paper=rows[0].paper,
            system=rows[0].system,
            model=rows[0].model,
            method=rows[0].method,
            family=rows[0].family,
            cells={(row.metric, row.column): row for row in rows},
        )
        for rows in groups.values()
    ]
