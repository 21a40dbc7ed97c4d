# SPDX-License-Identifier: Apache-2.0
"""Tables of distillation as CSV, Markdown and LaTeX.

The paper's tables are made by :mod:`xling.distill.tables` from records; differences between systems
are of the comparisons.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xling.distill.comparison.contrasts import contrasts
from xling.errors import DataError
from xling.files import write_text
from xling.plan import DISTILLATION as PAPER
from xling.records import Record, read_record
from xling.tables.sheet import SHEET_FORMATS, Sheet

if TYPE_CHECKING:
    from xling.distill.comparison.results import SentenceComparison
    from xling.distill.plan import DistillPlan


def sheet_names(plan: DistillPlan) -> list[str]:
    """Return the names of the tables that a study has, in order; known before any run."""
    from xling.distill.tables import sheet_names as names_of
    from xling.distill.tables.differences import differences_name

    return [*names_of(plan.frame()), *map(differences_name, _compared_tasks(plan))]


def table_paths(plan: DistillPlan, folder: Path) -> list[Path]:
    """Return the files that :func:`write_tables` writes: ``distill/{name}.{csv,md,tex}``."""
    return [
        folder / PAPER / f"{name}.{suffix}"
        for name in sheet_names(plan)
        for suffix in SHEET_FORMATS
    ]


def write_tables(plan: DistillPlan, results: Path, folder: Path) -> list[Path]:
    """Write all tables of a study's distillation and return their paths.

    Args:
        plan: of the study.
        results: its folder, with records and, if systems are compared, comparisons.
        folder: of the tables.

    Raises:
        DataError: as :func:`build_sheets`.
    """
    paths = []
    for sheet in build_sheets(plan, results):
        for suffix, form in SHEET_FORMATS.items():
            path = folder / PAPER / f"{sheet.file}.{suffix}"
            write_text(path, form(sheet))
            paths.append(path)
    return paths


def build_sheets(plan: DistillPlan, results: Path) -> list[Sheet]:
    """Return the tables of a study, as :func:`sheet_names` names them.

    Raises:
        DataError: a record or the comparisons are missing, damaged, or do not belong together.
    """
    from xling.distill.tables import build_sheets as sheets_of
    from xling.distill.tables.differences import build
    from xling.distill.tables.results import collect

    frame, records = plan.frame(), read_records(plan, results)
    sheets = sheets_of(frame, records)
    comparison = read_comparisons(plan, results)
    if comparison is not None:
        found = collect(frame, records)
        sheets += [build(found, comparison, task) for task in _compared_tasks(plan)]
    return sheets


def read_records(plan: DistillPlan, results: Path) -> list[Record]:
    """Read the records of all scored runs.

    Raises:
        DataError: one is missing or damaged.
    """
    return [read_record(results / "runs" / run.path / "record.json") for run in plan.runs]


def read_comparisons(plan: DistillPlan, results: Path) -> SentenceComparison | None:
    """Read the comparisons; None if the study compares no systems.

    Raises:
        DataError: they are missing or damaged, or of another plan.
    """
    planned = contrasts(plan)
    if not planned:
        return None
    from xling.distill.comparison.results import read_comparison

    path = results / "comparisons" / f"{PAPER}.json"
    found = read_comparison(path)
    missing = [one for one in planned if not any(result.of(one) for result in found.results)]
    if found.study != plan.study.name or missing:
        one = missing[0] if missing else planned[0]
        raise DataError(
            "the comparisons of sentence embeddings are not those of the study",
            where=f"{path}: {one.task}, {'/'.join(one.first)} and {'/'.join(one.second)}",
            allowed="all comparisons that the study plans",
            fix="delete the file and run snakemake again",
        )
    return found


def _compared_tasks(plan: DistillPlan) -> list[str]:
    return list(dict.fromkeys(one.task for one in contrasts(plan)))
