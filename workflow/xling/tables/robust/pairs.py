# SPDX-License-Identifier: Apache-2.0
"""The generalised setting in full: first sentence by second sentence, each system by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xling.generalised.names import pair_name
from xling.tables.robust.about import robust_caption
from xling.tables.robust.planned import BASELINE, PAPER, pairs_name
from xling.tables.robust.results import (
    Results,
    baseline_of,
    has_untranslated,
    in_two_languages,
    less,
    mean_cell,
    pair_cells,
)
from xling.tables.sheet import Fact, Row, Section, Sheet, number
from xling.tables.table import Cell, System, Table

_MEAN = "mean of others"


@dataclass(frozen=True)
class Matrix:
    """Numbers of one system by pair of languages.

    Attributes:
        languages: of rows and columns.
        cells: by pair; a pair that was not tested is absent.
    """

    languages: tuple[str, ...]
    cells: dict[str, Cell]

    def row(self, first: str) -> Cell | None:
        """Return the mean over the other languages of the second sentence."""
        return mean_cell(self.cells, lambda a, b: a == first != b)

    def column(self, second: str) -> Cell | None:
        """Return the mean over the other languages of the first sentence."""
        return mean_cell(self.cells, lambda a, b: a != second == b)


def matrix(table: Table, system: System, *, without_ns: bool = False) -> Matrix:
    """Return what a system reached."""
    return Matrix(table.languages, pair_cells(system, without_ns=without_ns))


def gain_matrix(table: Table, system: System, *, without_ns: bool = False) -> Matrix | None:
    """Return a system's numbers less the baseline's; None without a baseline."""
    base = baseline_of(table, system)
    if base is None:
        return None
    own, others = (pair_cells(one, without_ns=without_ns) for one in (system, base))
    seeds = (system.seeds, base.seeds)
    found = {name: less(cell, others.get(name), seeds) for name, cell in own.items()}
    return Matrix(table.languages, {name: cell for name, cell in found.items() if cell})


def build(results: Results, task: str) -> Sheet:
    """Return the table of one task: a section per system, then one of what it gains."""
    (table,) = (one for one in results.tables if one.task.name == task)
    sections, alone = [], []
    for system in (s for s in results.main(table) if s.records):
        if not in_two_languages(system):
            alone.append(system.title)
            continue
        name = f"{system.title}, {system.model}"
        sections.append(_section(name, matrix(table, system), ".1f"))
        gains = gain_matrix(table, system)
        if gains is not None:
            sections.append(_section(f"{name}, less {results.title(BASELINE)}", gains, "+.1f"))
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{pairs_name(task)}",
        caption=robust_caption(
            results,
            [table],
            f"{table.task.title} in the generalised setting, 0 to 100",
            (
                ("Rows", "language of the first sentence"),
                ("Columns", "language of the second"),
                ("Diagonal", "the standard setting"),
                (_MEAN, "of a row or column without its place on the diagonal"),
            ),
            notes=_untested(alone),
        ),
        labels=("first",),
        sections=tuple(one for one in sections if one.rows),
        facts=tuple(_facts(table)),
    )


def _untested(systems: Sequence[str]) -> list[str]:
    if not systems:
        return []
    return [f"Not tested with sentences in two languages: {'; '.join(systems)}."]


def _section(title: str, own: Matrix, form: str) -> Section:
    rows = [
        Row(
            (first,),
            (
                *(number(own.cells.get(pair_name(first, b)), form) for b in own.languages),
                number(own.row(first), form),
            ),
        )
        for first in own.languages
    ]
    two = mean_cell(own.cells, lambda a, b: a != b)
    last = (*(number(own.column(b), form) for b in own.languages), number(two, form))
    found = (*rows, Row((_MEAN,), last)) if own.cells else ()
    return Section(title, (*own.languages, _MEAN), found)


def _facts(table: Table) -> Iterator[Mapping[str, Fact]]:
    for without_ns in (False, True) if has_untranslated(table) else (False,):
        for system in table.systems:
            own = matrix(table, system, without_ns=without_ns)
            gains = gain_matrix(table, system, without_ns=without_ns)
            for first, second, cell, gain in _lines(own, gains):
                yield {
                    "task": table.task.name,
                    "system": system.title,
                    "method": system.method,
                    "model": system.model,
                    "without_ns": "yes" if without_ns else "no",
                    "first": first,
                    "second": second,
                    "mean": cell.mean,
                    "sd": cell.sd,
                    "seeds": len(cell.values),
                    "items": cell.rows,
                    "gain": gain.mean if gain else None,
                    "gain_sd": gain.sd if gain else None,
                }


def _lines(own: Matrix, gains: Matrix | None) -> Iterator[tuple[str, str, Cell, Cell | None]]:
    """Yield pairs, then means of rows and of columns (``others`` stands for all others)."""
    for first in own.languages:
        for second in own.languages:
            name = pair_name(first, second)
            if name in own.cells:
                yield first, second, own.cells[name], gains.cells.get(name) if gains else None
    for code in own.languages:
        row, column = own.row(code), own.column(code)
        if row:
            yield code, "others", row, gains.row(code) if gains else None
        if column:
            yield "others", code, column, gains.column(code) if gains else None
