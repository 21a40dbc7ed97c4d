# SPDX-License-Identifier: Apache-2.0
"""What the terminal shows at the end of a run: the tables, what to know, where the rest is."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from xling.distill import summary as distillation
from xling.mt import summary as translation
from xling.plan import DISTILLATION, TRANSLATION, Plan
from xling.records import Record
from xling.tables.caption import Caption, caption
from xling.tables.overview import build_overviews, overview_caption
from xling.tables.render import name_of, spread
from xling.tables.table import Grid, System, build_tables

WIDTH = 100
MOST_FLAGS = 12


def summary(
    plan: Plan,
    records: Sequence[Record],
    flags: Sequence[str],
    table_paths: Sequence[Path],
    report_path: Path,
    translated: Sequence[Record] = (),
    distilled: Sequence[Record] = (),
) -> str:
    """Return all tables as text of at most :data:`WIDTH` columns, then flags and files.

    Args:
        plan: of the study.
        records: of its runs.
        flags: what a reader has to know (:func:`xling.check.to_know`, or those of the check).
        table_paths: files of the tables.
        report_path: the page.
        translated: records of translation models.
        distilled: records of sentence encoders.

    Raises:
        DataError: if records of one table were made by different versions or on different data.
    """
    parts = [_table_text(table, caption(table)) for table in build_tables(plan, records)]
    parts += [_table_text(one, overview_caption(one)) for one in build_overviews(plan, records)]
    if plan.translation:
        tables = translation.overview(plan.translation, translated)
        parts += [_overview_text(plan, TRANSLATION, *one) for one in tables]
        parts += [_wrap(translation.NOTE)] if tables else []
    if plan.distillation:
        tables = distillation.overview(plan.distillation, distilled)
        parts += [_overview_text(plan, DISTILLATION, *one) for one in tables]
        parts += [_wrap(distillation.NOTE)] if tables else []
    if flags:
        more = len(flags) - MOST_FLAGS
        # A flag that names many languages is cut; the report has it in full.
        lines = [_wrap(f"- {textwrap.shorten(f, 2 * WIDTH)}", "  ") for f in flags[:MOST_FLAGS]]
        parts.append("\n".join(["To know:", *lines, *([f"- {more} more"] if more > 0 else [])]))
    folders = sorted({str(path.parent) for path in table_paths})
    places = [*(f"Tables: {folder}" for folder in folders), f"Report: {report_path}"]
    return "\n\n".join([*parts, "\n".join(places)]) + "\n"


def _wrap(text: str, indent: str = "") -> str:
    """Wrap words; paths and other long words stay whole, so that they can be copied."""
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _table_text(table: Grid, about: Caption) -> str:
    """Return one table; columns that do not fit beside each other go below."""
    several = len({system.model for system in table.systems}) > 1
    names = [f"{name_of(s)}, {s.model}" if several else name_of(s) for s in table.systems]
    columns = [
        [column, *(_cell(system, column) for system in table.systems)] for column in table.columns
    ]
    columns.append(["seeds", *(system.count for system in table.systems)])
    models = "" if several else f", {table.systems[0].model}"
    lines = [f"{about.title} (study {table.plan.study.name}, paper {table.paper}{models})", ""]
    for block in _blocks(["", *names], columns):
        lines += [*block, ""]
    lines += [_wrap(about.verdict), *(_wrap(note) for note in about.notes)]
    return "\n".join(lines)


def _overview_text(plan: Plan, paper: str, title: str, columns: Sequence[Sequence[str]]) -> str:
    """Return one table of runs that have rules of their own."""
    lines = [f"{title} (study {plan.study.name}, paper {paper})"]
    for block in _blocks(columns[0], columns[1:]):
        lines += ["", *block]
    return "\n".join(lines)


def _cell(system: System, column: str) -> str:
    cell = system.cells.get(column)
    return "–" if cell is None else f"{cell.mean:.1f}{spread(cell, '±')}"


def _blocks(head: Sequence[str], columns: Sequence[Sequence[str]]) -> list[list[str]]:
    """Lay columns out beside the row names, in as many blocks as the width asks for."""
    first = max(map(len, head))
    blocks: list[list[str]] = []
    room = 0
    for column in columns:
        width = max(map(len, column)) + 2
        if not blocks or room < width:
            blocks.append([name.ljust(first) for name in head])
            room = WIDTH - first
        blocks[-1] = [
            line + text.rjust(width) for line, text in zip(blocks[-1], column, strict=True)
        ]
        room -= width
    return blocks
