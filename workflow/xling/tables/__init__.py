# SPDX-License-Identifier: Apache-2.0
"""Tables made of records: one per paper and task, and one of all tasks of a paper.

Each is written as CSV, Markdown and LaTeX.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xling.files import write_text
from xling.plan import Plan
from xling.records import Record
from xling.tables.caption import Caption, caption
from xling.tables.overview import NAME as OVERVIEW
from xling.tables.overview import build_overviews, overview_caption, overview_papers
from xling.tables.render import csv_text, latex_text, markdown_text
from xling.tables.sweep import build_sweep, sweep_caption, sweep_name, sweeps
from xling.tables.table import Grid, build_tables, paper_tasks

FORMATS = {"csv": csv_text, "md": markdown_text, "tex": latex_text}


def table_paths(plan: Plan, folder: Path) -> list[Path]:
    """Return the files that :func:`write_tables` writes: ``{paper}/{task}.{csv,md,tex}``.

    The overview of all tasks is called ``xtreme``, the layers of a task ``{task}-layers``.
    """
    names = paper_tasks(plan) + [(paper, OVERVIEW) for paper in overview_papers(plan)]
    names += [(paper, sweep_name(task)) for paper, task in sweeps(plan)]
    return [
        folder / paper / f"{name}.{suffix}" for paper, name in sorted(names) for suffix in FORMATS
    ]


def write_tables(plan: Plan, records: Sequence[Record], folder: Path) -> list[Path]:
    """Write all tables of a study and return their paths.

    Raises:
        DataError: if records of one table were made by different versions or on different data.
    """
    grids: list[tuple[Grid, Caption]] = [
        (table, caption(table)) for table in build_tables(plan, records)
    ]
    grids += [(one, overview_caption(one)) for one in build_overviews(plan, records)]
    for paper, task in sweeps(plan):
        sweep = build_sweep(plan, paper, task, records)
        grids.append((sweep, sweep_caption(sweep)))
    paths = []
    for grid, about in grids:
        name = grid.name.rpartition("/")[2]
        for suffix, render in FORMATS.items():
            path = folder / grid.paper / f"{name}.{suffix}"
            write_text(path, render(grid, about))
            paths.append(path)
    return sorted(paths)
