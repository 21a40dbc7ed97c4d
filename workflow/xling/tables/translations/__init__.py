# SPDX-License-Identifier: Apache-2.0
"""Tables of translations of our own: quality, label projection, and what transfer loses by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.comparison.results import Comparison, read_comparison
from xling.comparison.translations import compared_papers, sources
from xling.errors import DataError
from xling.files import write_text
from xling.plan import Plan, Run
from xling.records import read_record
from xling.tables.sheet import SHEET_FORMATS, Sheet
from xling.tables.translations.about import FOLDER
from xling.tables.translations.projection import NAME as PROJECTION
from xling.tables.translations.projection import projection_sheet
from xling.tables.translations.quality import NAME as QUALITY
from xling.tables.translations.quality import quality_sheet
from xling.tables.translations.read import read_rows
from xling.tables.translations.transfer import NAME as TRANSFER
from xling.tables.translations.transfer import transfer_sheet

if TYPE_CHECKING:
    from xling.translations_plan import TranslationsPlan


def sheet_names(plan: Plan) -> list[str]:
    """Return the names of the tables that a study has, in order; known before any run."""
    if plan.translations is None:
        return []
    names = [QUALITY]
    names += [PROJECTION] if plan.translations.projections else []
    return [*names, *([TRANSFER] if sources(plan) else [])]


def table_paths(plan: Plan, folder: Path) -> list[Path]:
    """Return the files that :func:`write_tables` writes: ``translations/{name}.{csv,md,tex}``."""
    return [
        folder / FOLDER / f"{name}.{suffix}"
        for name in sheet_names(plan)
        for suffix in SHEET_FORMATS
    ]


def shown_runs(plan: Plan) -> list[Run]:
    """Return the runs whose records the tables read, sorted."""
    keys = {(one.paper, one.task, one.model, key) for one in sources(plan) for key in one.systems}
    return [run for run in plan.runs if (run.paper, run.task, run.model, run.method) in keys]


def write_tables(plan: Plan, results: Path, folder: Path) -> list[Path]:
    """Write all tables of a study's translations and return their paths.

    Args:
        plan: of the study.
        results: its folder, with the reports on quality and projection, records, comparisons.
        folder: of the tables.

    Raises:
        DataError: as :func:`build_sheets`.
    """
    paths = []
    for sheet in build_sheets(plan, results):
        for suffix, form in SHEET_FORMATS.items():
            path = folder / FOLDER / f"{sheet.file}.{suffix}"
            write_text(path, form(sheet))
            paths.append(path)
    return paths


def build_sheets(plan: Plan, results: Path) -> list[Sheet]:
    """Return the tables of a study, as :func:`sheet_names` names them.

    Raises:
        DataError: a report, a record or a comparison is missing, damaged or of another study.
    """
    ours = plan.translations
    if ours is None:
        return []
    sheets = [quality_sheet(plan, _quality(ours, results))]
    if ours.projections:
        reports = {
            engine: read_rows(results / ours.projection_path(engine)) for engine in ours.projections
        }
        sheets.append(projection_sheet(plan, reports))
    if sources(plan):
        records = [
            read_record(results / "runs" / run.path / "record.json") for run in shown_runs(plan)
        ]
        sheets.append(transfer_sheet(plan, records, read_comparisons(plan, results)))
    return sheets


def read_comparisons(plan: Plan, results: Path) -> list[Comparison]:
    """Read what was found of systems that differ in their translations alone.

    Raises:
        DataError: a file is missing or damaged.
    """
    folder = results / "comparisons"
    return [
        read_comparison(folder / f"translations-{paper}.json") for paper in compared_papers(plan)
    ]


def _quality(ours: TranslationsPlan, results: Path) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Return the rows of all reports by engine."""
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    for engine in ours.engines:
        rows = []
        for task in ours.tasks(engine):
            path = results / ours.quality_path(engine, task)
            own = read_rows(path)
            if any(row["task"] != task for row in own):
                raise DataError(
                    "a report on translations is of another task",
                    where=str(path),
                    allowed=task,
                    fix="delete the file and run snakemake again",
                )
            rows += own
        found[engine] = rows
    return found
