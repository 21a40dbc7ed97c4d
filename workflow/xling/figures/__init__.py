# SPDX-License-Identifier: Apache-2.0
"""Figures as PNG and SVG: of records, one per paper and task; of analyses, a paper's by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xling.figures import robust
from xling.figures.xmixup import draw_figures, planned_figures
from xling.files import whole_file
from xling.plan import Plan
from xling.records import Record
from xling.tables.robust.planned import PAPER as ROBUST
from xling.tables.robust.planned import variants as robust_variants
from xling.tables.table import Table, build_table, paper_tasks
from xling.tables.xmixup import NO_ANALYSES, PAPER, Analyses
from xling.tables.xmixup.planned import variants

FORMATS = ("png", "svg")


def figure_path(folder: Path, paper: str, task: str, suffix: str) -> Path:
    """Return where a figure is kept."""
    return folder / paper / f"{task}-languages.{suffix}"


def numbered_path(folder: Path, name: str, suffix: str, paper: str = PAPER) -> Path:
    """Return where a figure of a paper's own is kept."""
    return folder / paper / f"{name}.{suffix}"


def figure_paths(plan: Plan, folder: Path) -> list[Path]:
    """Return the files of all figures.

    :func:`write_figures` draws them, but those of translation models and of sentence encoders:
    :mod:`xling.figures.cats` and :mod:`xling.figures.distill` do.
    """
    paths = [
        figure_path(folder, paper, task, suffix)
        for paper, task in paper_tasks(plan)
        for suffix in FORMATS
    ]
    names = [(PAPER, one.name) for one in planned_figures(plan)]
    names += [(ROBUST, one.name) for one in robust.planned_figures(plan)]
    paths += [
        numbered_path(folder, name, suffix, paper) for paper, name in names for suffix in FORMATS
    ]
    if plan.translation:
        from xling.figures import cats

        paths += cats.figure_paths(plan.translation, folder)
    if plan.distillation:
        from xling.figures import distill

        paths += distill.figure_paths(plan.distillation, folder)
    return paths


def write_figures(
    plan: Plan, records: Sequence[Record], folder: Path, analyses: Analyses = NO_ANALYSES
) -> list[Path]:
    """Draw all figures of a study and return their paths.

    Raises:
        DataError: if records of one figure were made by different versions or on different data, or
            a run that the plan has analysed has no analysis.
    """
    from xling.figures.languages import images

    paths = []
    for paper, task in paper_tasks(plan):
        made = images(_without_variants(build_table(plan, paper, task, records)))
        paths += [
            _written(figure_path(folder, paper, task, suffix), made[suffix]) for suffix in FORMATS
        ]
    for paper, figures in (
        (PAPER, draw_figures(plan, records, analyses)),
        (ROBUST, robust.draw_figures(plan, records, analyses)),
    ):
        for name, drawn in figures:
            paths += [
                _written(numbered_path(folder, name, suffix, paper), drawn[suffix])
                for suffix in FORMATS
            ]
    return paths


def _without_variants(table: Table) -> Table:
    """Leave out variants: a dozen marks beside each other cannot be told apart.

    Their tables are those of the ablations of X-Mixup and the sweeps of robust training.
    """
    known = {PAPER: variants, ROBUST: robust_variants}
    left_out = known[table.paper](table.plan) if table.paper in known else []
    systems = tuple(system for system in table.systems if system.method not in left_out)
    return replace(table, systems=systems) if systems else table


def _written(path: Path, content: bytes) -> Path:
    with whole_file(path) as part:
        part.write_bytes(content)
    return path
