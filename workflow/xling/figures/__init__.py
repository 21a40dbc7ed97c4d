# SPDX-License-Identifier: Apache-2.0
"""Figures made of records: one per paper and task, as PNG and SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xling.files import whole_file
from xling.plan import Plan
from xling.records import Record
from xling.tables.table import build_table, paper_tasks

FORMATS = ("png", "svg")


def figure_path(folder: Path, paper: str, task: str, suffix: str) -> Path:
    """Return where a figure is kept."""
    return folder / paper / f"{task}-languages.{suffix}"


def figure_paths(plan: Plan, folder: Path) -> list[Path]:
    """Return the files that :func:`write_figures` writes."""
    return [
        figure_path(folder, paper, task, suffix)
        for paper, task in paper_tasks(plan)
        for suffix in FORMATS
    ]


def write_figures(plan: Plan, records: Sequence[Record], folder: Path) -> list[Path]:
    """Draw all figures of a study and return their paths.

    Raises:
        DataError: if records of one figure were made by different versions or on different data.
    """
    from xling.figures.languages import images

    paths = []
    for paper, task in paper_tasks(plan):
        made = images(build_table(plan, paper, task, records))
        for suffix in FORMATS:
            path = figure_path(folder, paper, task, suffix)
            with whole_file(path) as part:
                part.write_bytes(made[suffix])
            paths.append(path)
    return paths
