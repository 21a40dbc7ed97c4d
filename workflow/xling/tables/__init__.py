# SPDX-License-Identifier: Apache-2.0
"""Tables made of records: one per paper and task, one of all tasks, paired significance; by number.

Each is written as CSV, Markdown and LaTeX.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xling.comparison.pairs import compared_papers
from xling.comparison.results import Comparison
from xling.files import write_text
from xling.plan import Plan
from xling.records import Record
from xling.tables.caption import Caption, caption
from xling.tables.overview import NAME as OVERVIEW
from xling.tables.overview import build_overviews, overview_caption, overview_papers
from xling.tables.render import csv_text, latex_text, markdown_text
from xling.tables.robust import PAPER as ROBUST
from xling.tables.robust import build_sheets as robust_sheets
from xling.tables.robust import sheet_names as robust_names
from xling.tables.settings import (
    build_settings,
    settings_caption,
    settings_name,
    tasks_with_settings,
)
from xling.tables.sheet import SHEET_FORMATS
from xling.tables.significance import NAME as SIGNIFICANCE
from xling.tables.significance import build_significance
from xling.tables.significance_sheet import significance_sheet
from xling.tables.sweep import build_sweep, sweep_caption, sweep_name, sweeps
from xling.tables.table import Grid, build_tables, paper_tasks
from xling.tables.xmixup import NO_ANALYSES, PAPER, Analyses, build_sheets, sheet_names

FORMATS = {"csv": csv_text, "md": markdown_text, "tex": latex_text}


def table_paths(plan: Plan, folder: Path) -> list[Path]:
    """Return the files of all tables: ``{paper}/{task}.{csv,md,tex}``.

    The overview of all tasks is called ``xtreme``, the layers of a task ``{task}-layers``, its
    settings at test time ``{task}-settings``, the tests of systems ``significance``, a paper's own
    tables ``table-{number}-{subject}`` or ``table-{subject}``.  :func:`write_tables` writes them,
    but those of translation models, of sentence encoders and of translations of our own:
    :mod:`xling.tables.cats`, :mod:`xling.tables.distill` and :mod:`xling.tables.translations` do.
    The latter are no part of a paper.
    """
    names = paper_tasks(plan) + [(paper, OVERVIEW) for paper in overview_papers(plan)]
    names += [(paper, sweep_name(task)) for paper, task in sweeps(plan)]
    names += [(paper, settings_name(task)) for paper, task in tasks_with_settings(plan)]
    names += [(paper, SIGNIFICANCE) for paper in compared_papers(plan)]
    names += [(PAPER, name) for name in sheet_names(plan)]
    names += [(ROBUST, name) for name in robust_names(plan)]
    paths = [
        folder / paper / f"{name}.{suffix}" for paper, name in sorted(names) for suffix in FORMATS
    ]
    if plan.translation:
        from xling.tables import cats

        paths += cats.table_paths(plan.translation, folder)
    if plan.distillation:
        from xling.tables import distill

        paths += distill.table_paths(plan.distillation, folder)
    if plan.whole is None:
        from xling.tables import translations

        paths += translations.table_paths(plan, folder)
    return paths


def write_tables(
    plan: Plan,
    records: Sequence[Record],
    folder: Path,
    comparisons: Sequence[Comparison] = (),
    analyses: Analyses = NO_ANALYSES,
) -> list[Path]:
    """Write all tables of a study and return their paths.

    Args:
        plan: of the study.
        records: of its runs.
        folder: of the tables.
        comparisons: of the papers in ``compared_papers(plan)``.
        analyses: by run; a run without one has no row in tables of CKA.

    Raises:
        DataError: if records of one table were made by different versions or on different data,
            or comparisons do not fit the plan.
    """
    grids: list[tuple[Grid, Caption]] = [
        (table, caption(table)) for table in build_tables(plan, records)
    ]
    grids += [(one, overview_caption(one)) for one in build_overviews(plan, records)]
    for paper, task in sweeps(plan):
        sweep = build_sweep(plan, paper, task, records)
        grids.append((sweep, sweep_caption(sweep)))
    for paper, task in tasks_with_settings(plan):
        by_setting = build_settings(plan, paper, task, records)
        grids.append((by_setting, settings_caption(by_setting)))
    paths = []
    for grid, about in grids:
        name = grid.name.rpartition("/")[2]
        for suffix, render in FORMATS.items():
            path = folder / grid.paper / f"{name}.{suffix}"
            write_text(path, render(grid, about))
            paths.append(path)
    sheets = [
        (one.paper, significance_sheet(build_significance(plan, one, records)))
        for one in comparisons
    ]
    sheets += [(PAPER, sheet) for sheet in build_sheets(plan, records, analyses)]
    sheets += [(ROBUST, sheet) for sheet in robust_sheets(plan, records, comparisons)]
    for paper, sheet in sheets:
        for suffix, form in SHEET_FORMATS.items():
            path = folder / paper / f"{sheet.file}.{suffix}"
            write_text(path, form(sheet))
            paths.append(path)
    return sorted(paths)
