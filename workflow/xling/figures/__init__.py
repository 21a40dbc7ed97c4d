# SPDX-License-Identifier: Apache-2.0
"""Figures as PNG and SVG: of records, one per paper and task; of analyses, a paper's by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xling.figures.xmixup import draw_figures, planned_figures
from xling.files import whole_file
from xling.plan import Plan
from xling.records import Record
from xling.tables.table import Table, build_table, paper_tasks
from xling.tables.xmixup import NO_ANALYSES, PAPER, Analyses
from xling.tables.xmixup.planned import variants

FORMATS = ("png", "svg")


def figure_path(folder: Path, paper: str, task: str, suffix: str) -> Path:
    """Return where a figure is kept."""
    return folder / paper / f"{task}-languages.{suffix}"


def numbered_path(folder: Path, name: str, suffix: str) -> Path:
    """Return where a figure of the X-Mixup paper is kept."""
    return folder / PAPER / f"{name}.{suffix}"


def figure_paths(plan: Plan, folder: Path) -> list[Path]:
    """Return the files of all figures.

    :func:`write_figures` draws them, but those of translation models: :mod:`xling.figures.cats`
    does.
    """
    paths = [
        figure_path(folder, paper, task, suffix)
        for paper, task in paper_tasks(plan)
        for suffix in FORMATS
    ]
    paths += [
        numbered_path(folder, one.name, suffix)
        for one in planned_figures(plan)
        for suffix in FORMATS
    ]
    if plan.translation:
        from xling.figures import cats

        paths += cats.figure_paths(plan.translation, folder)
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
    for name, drawn in draw_figures(plan, records, analyses):
        paths += [
            _written(numbered_path(folder, name, suffix), drawn[suffix]) for suffix in FORMATS
        ]
    return paths


def _without_variants(table: Table) -> Table:
    """Leave out variants of X-Mixup: a dozen marks beside each other cannot be told apart.

    Their table is that of the ablations.
    """
    left_out = variants(table.plan) if table.paper == PAPER else []
    systems = tuple(system for system in table.systems if system.method not in left_out)
    return replace(table, systems=systems) if systems else table


def _written(path: Path, content: bytes) -> Path:
    with whole_file(path) as part:
        part.write_bytes(content)
    return path
