# SPDX-License-Identifier: Apache-2.0
"""Table 8: language bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xling.distill.evaluation import bias
from xling.distill.tables.about import about
from xling.distill.tables.frame import PAPER, STS, Frame, System
from xling.distill.tables.results import Results, difference
from xling.tables.sheet import Fact, Row, Section, Sheet, number
from xling.tables.table import Cell

_NAME = "table-8-language-bias"
_COLUMNS = ("expected", "actual", "difference")


def cells_of(results: Results, system: System, group: str) -> tuple[Cell | None, ...]:
    """Return expected and actual correlation of a system, and their difference.

    Args:
        group: ``bias.ALL`` or ``bias.SAME_GOLD``.
    """
    expected, actual = (
        results.cell(system, STS, setting, group, "spearman")
        for setting in (bias.EXPECTED, bias.ACTUAL)
    )
    return expected, actual, difference(actual, expected)


def build(results: Results) -> Sheet:
    """Return Table 8, and below it the pairs of equal gold scores."""
    frame = results.frame
    systems = frame.of("main")
    found = {
        group: [(system, cells_of(results, system, group)) for system in systems]
        for group in (bias.ALL, bias.SAME_GOLD)
    }
    shown = {
        group: rows for group, rows in found.items() if any(cell for _, own in rows for cell in own)
    }
    return Sheet(
        name=f"{frame.study}/{PAPER}/{_NAME}",
        caption=about(
            results,
            {STS},
            "Table 8: language bias, Spearman's correlation times 100",
            (
                ("expected", "mean of the language pairs' own correlations"),
                ("actual", "one correlation over the sentence pairs of all language pairs"),
                ("difference", "actual less expected; far below 0: a bias for some languages"),
                (
                    bias.SAME_GOLD,
                    "language pairs with the gold scores of English with English, where only the "
                    "languages differ (ours)",
                ),
            ),
            said="no value of the paper was read (docs/reported.md)",
        ),
        labels=("system",),
        sections=tuple(
            Section(group, _COLUMNS, tuple(_row(results, *row) for row in rows))
            for group, rows in shown.items()
        ),
        facts=tuple(_fact(group, *row) for group, rows in found.items() for row in rows),
    )


def _row(results: Results, system: System, cells: tuple[Cell | None, ...]) -> Row:
    fell = results.collapsed(system, STS)
    forms = (".1f", ".1f", "+.1f")
    entries = (
        number(cell, form, dagger=fell and cell is not None)
        for cell, form in zip(cells, forms, strict=True)
    )
    return Row((system.title,), tuple(entries))


def _fact(group: str, system: System, cells: tuple[Cell | None, ...]) -> Mapping[str, Fact]:
    numbers = [(cell.mean, cell.sd) if cell else (None, None) for cell in cells]
    named = zip(_COLUMNS, numbers, strict=True)
    return {
        "pairs": group,
        "system": system.title,
        "method": system.method,
        "model": system.model,
        **{name + end: v for name, both in named for end, v in zip(("", "_sd"), both, strict=True)},
        "seeds": len(cells[0].values) if cells[0] else 0,
        "n": cells[0].rows if cells[0] else None,
    }


TABLES: dict[str, tuple[Callable[[Frame], bool], Callable[[Results], Sheet]]] = {
    _NAME: (lambda frame: len(frame.languages(STS)) > 1, build)
}
