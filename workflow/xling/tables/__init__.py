# SPDX-License-Identifier: Apache-2.0
"""Tables made of records: one per paper and task, as CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xling.files import write_text
from xling.plan import Plan
from xling.records import Record
from xling.tables.render import csv_text, latex_text, markdown_text
from xling.tables.table import build_table, paper_tasks

FORMATS = {"csv": csv_text, "md": markdown_text, "tex": latex_text}


def table_paths(plan: Plan, folder: Path) -> list[Path]:
    """Return the files that :func:`write_tables` writes: ``{paper}/{task}.{csv,md,tex}``."""
    return [
        folder / paper / f"{task}.{suffix}"
        for paper, task in paper_tasks(plan)
        for suffix in FORMATS
    ]


def write_tables(plan: Plan, records: Sequence[Record], folder: Path) -> list[Path]:
    """Write all tables of a study and return their paths.

    Raises:
        DataError: if records of one table were made by different versions or on different data.
    """
    paths = []
    for paper, task in paper_tasks(plan):
        table = build_table(plan, paper, task, records)
        for suffix, render in FORMATS.items():
            path = folder / paper / f"{task}.{suffix}"
            write_text(path, render(table))
            paths.append(path)
    return paths
