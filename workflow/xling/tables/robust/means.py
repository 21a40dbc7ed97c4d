# SPDX-License-Identifier: Apache-2.0
"""Means over pairs of languages: diagonal, the rest, with and without English and ``NS`` rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xling.generalised.names import pair_of
from xling.tables.robust.about import robust_caption
from xling.tables.robust.planned import MEANS as NAME
from xling.tables.robust.planned import PAPER
from xling.tables.robust.results import (
    HEADS,
    MEANS,
    Results,
    baseline_of,
    has_untranslated,
    less,
    mean_cell,
    pair_cells,
)
from xling.tables.sheet import Fact, Row, Section, Sheet, number
from xling.tables.table import Cell, System, Table
from xling.tables.xmixup.about import encoder_words

_ROWS = {False: "all rows", True: "without rows of which a sentence was not translated (NS)"}


def build(results: Results) -> Sheet:
    """Return the table: systems by task; sections by encoder, and by rows that are scored."""
    sections = [
        Section(f"{encoder_words(results.plan, model)}, {words}", tuple(MEANS), rows)
        for model in results.models
        for without_ns, words in _ROWS.items()
        if (rows := tuple(_rows(results, model, without_ns)))
    ]
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{NAME}",
        caption=robust_caption(
            results,
            results.tables,
            "Robust training: means over pairs of languages, 0 to 100",
            tuple(HEADS.items()),
        ),
        labels=("task", "system"),
        sections=tuple(sections),
        facts=tuple(fact for table in results.tables for fact in _facts(table)),
    )


def _rows(results: Results, model: str, without_ns: bool) -> Iterator[Row]:
    for table in results.tables:
        if without_ns and not has_untranslated(table):
            continue
        systems = [system for system in results.main(table) if system.model == model]
        cells = [_cells(system, without_ns) for system in systems]
        best = [_best([own[head] for own in cells]) for head in MEANS]
        for system, own in zip(systems, cells, strict=True):
            entries = (
                number(cell, best=_printed(cell) == top, dagger=bool(system.collapsed))
                for cell, top in zip(own.values(), best, strict=True)
            )
            yield Row((table.task.title, system.title), tuple(entries))


def _cells(system: System, without_ns: bool) -> dict[str, Cell | None]:
    pairs = pair_cells(system, without_ns=without_ns)
    two = any(len(set(pair_of(name))) > 1 for name in pairs)
    return {
        head: mean_cell(pairs, chosen) if two or head.startswith("same") else None
        for head, chosen in MEANS.items()
    }


def _printed(cell: Cell | None) -> str | None:
    return None if cell is None else f"{cell.mean:.1f}"


def _best(column: list[Cell | None]) -> str:
    """Return the best printed mean; one alone is not the best of anything."""
    found = [f"{cell.mean:.1f}" for cell in column if cell is not None]
    return max(found, key=float) if len(found) > 1 else ""


def _facts(table: Table) -> Iterator[Mapping[str, Fact]]:
    for without_ns in (False, True) if has_untranslated(table) else (False,):
        for system in table.systems:
            base = baseline_of(table, system)
            own = _cells(system, without_ns)
            others = _cells(base, without_ns) if base else dict.fromkeys(own)
            for head, cell in own.items():
                seeds = (system.seeds, base.seeds if base else ())
                gain = less(cell, others[head], seeds)
                yield {
                    "task": table.task.name,
                    "system": system.title,
                    "method": system.method,
                    "model": system.model,
                    "without_ns": "yes" if without_ns else "no",
                    "mean_over": head,
                    "mean": cell.mean if cell else None,
                    "sd": cell.sd if cell else None,
                    "seeds": len(system.records),
                    "items": cell.rows if cell else None,
                    "gain": gain.mean if gain else None,
                    "gain_sd": gain.sd if gain else None,
                    "collapsed_seeds": " ".join(map(str, system.collapsed)),
                }
