# SPDX-License-Identifier: Apache-2.0
"""Table 8: the score in the source language less the mean of the target languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xling.analysis.rows import GapRow, gap_rows
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet, number
from xling.tables.table import AVG_TARGETS, System, Table
from xling.tables.xmixup.about import by_task, encoder_words, metric_words, sheet_caption
from xling.tables.xmixup.against import Held, counted, hold, missing_notes, paper_rows
from xling.tables.xmixup.planned import GAP, PAPER
from xling.tables.xmixup.scores import Results
from xling.tasks import SOURCE_LANGUAGE


@dataclass(frozen=True)
class _Gap:
    """One system on one task."""

    table: Table
    system: System
    row: GapRow
    held: Held

    @property
    def printed(self) -> str:
        """The mean as printed, if it may be the smallest of its column."""
        cell = self.row.cell
        return "" if cell is None or self.system.collapsed else f"{cell.mean:.1f}"


def build(results: Results) -> Sheet:
    """Return the table: systems by tasks, an encoder after the other."""
    tables = results.main
    gaps = [gap for table in tables for gap in _gaps(results, table)]
    held = [gap.held for gap in gaps]
    said = [
        (gap.table.task.title, f"{gap.system.title}, {gap.system.model}: {gap.row.note}.")
        for gap in gaps
        if gap.row.note
    ]
    columns = tuple(table.task.title for table in tables)
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{GAP}",
        caption=sheet_caption(
            results.plan,
            tables,
            "Table 8 of X-Mixup: cross-lingual transfer gap, in points",
            (
                ("Cells", "score in en less the mean of the target languages, of each seed"),
                ("Metric", metric_words(tables)),
                ("Bold", "smallest gap of an encoder"),
            ),
            said=counted(held),
            notes=(*missing_notes(held), *by_task(said, len(tables))),
        ),
        labels=("system",),
        sections=tuple(
            Section(encoder_words(results.plan, model), columns, tuple(_rows(tables, own)))
            for model in results.models
            if (own := [gap for gap in gaps if gap.system.model == model])
        ),
        facts=tuple(map(_fact, gaps)),
    )


def _gaps(results: Results, table: Table) -> Iterator[_Gap]:
    for system, row in zip(table.systems, gap_rows(table), strict=True):
        held = hold(results.plan, "8", table, system, table.task.metric, row.cell)
        yield _Gap(table, system, row, held)


def _rows(tables: Sequence[Table], gaps: Sequence[_Gap]) -> Iterator[Row]:
    """Yield the rows of one encoder."""
    titles = dict.fromkeys(gap.system.title for gap in gaps)
    found = {(gap.system.title, gap.table.task.name): gap for gap in gaps}
    tasks = [table.task.name for table in tables]
    least = {task: _least([gap for gap in gaps if gap.table.task.name == task]) for task in tasks}
    for title in titles:
        entries = [
            _entry(found[title, task], least[task]) if (title, task) in found else NOTHING
            for task in tasks
        ]
        yield Row((title,), tuple(entries))
    for_paper = [
        (title, [found[title, task].held if (title, task) in found else None for task in tasks])
        for title in titles
    ]
    yield from paper_rows(for_paper)


def _least(gaps: Sequence[_Gap]) -> str:
    """Return the smallest printed gap; one alone is not the best of anything."""
    printed = [gap.printed for gap in gaps if gap.printed]
    return min(printed, key=float) if len(printed) > 1 else ""


def _entry(gap: _Gap, least: str) -> Entry:
    best = bool(least) and gap.printed == least
    return number(gap.row.cell, best=best, dagger=bool(gap.system.collapsed))


def _fact(gap: _Gap) -> Mapping[str, Fact]:
    cell, cells = gap.row.cell, gap.system.cells
    source, targets = cells.get(SOURCE_LANGUAGE), cells.get(AVG_TARGETS)
    return {
        "task": gap.table.task.name,
        "metric": gap.table.task.metric,
        "system": gap.system.title,
        "method": gap.system.method,
        "model": gap.system.model,
        "source": source.mean if source else None,
        "targets": targets.mean if targets else None,
        "gap": cell.mean if cell else None,
        "sd": cell.sd if cell else None,
        "seeds": len(cell.values) if cell else 0,
        "target_languages": " ".join(gap.row.targets),
        "collapsed_seeds": " ".join(map(str, gap.system.collapsed)),
        "note": gap.row.note,
        **gap.held.facts,
    }
