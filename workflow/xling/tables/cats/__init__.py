# SPDX-License-Identifier: Apache-2.0
"""Tables of translation, one module each, as CSV, Markdown and LaTeX.

=====================  =======================================================================
``scores``             a benchmark and direction: systems by languages; BLEU, chrF++, spBLEU
``differences``        every system against T = 5, tested
``temperatures``       the temperature sweep beside CATS
``sweeps``             larger models, larger batches
``settings``           what was trained with, beside what sources publish
``claims``             the abstract's claims and what was measured
=====================  =======================================================================

``planned`` says which of them a study has; ``results`` collects what they are made of; ``agree``
says which records belong together; ``published`` has other papers' systems; ``about`` has what
captions share.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from xling.files import write_text
from xling.mt.plan import PAPER, TranslationPlan
from xling.mt.scoring.metrics import METRICS
from xling.tables.cats import planned
from xling.tables.cats.planned import sheet_names
from xling.tables.sheet import SHEET_FORMATS, Sheet

if TYPE_CHECKING:
    from xling.tables.cats.results import Results

__all__ = ["build_sheets", "sheet_names", "table_paths", "write_tables"]


def table_paths(plan: TranslationPlan, folder: Path) -> list[Path]:
    """Return the files that :func:`write_tables` writes: ``cats/{name}.{csv,md,tex}``."""
    return [
        folder / PAPER / f"{name}.{suffix}"
        for name in sheet_names(plan)
        for suffix in SHEET_FORMATS
    ]


def write_tables(plan: TranslationPlan, results: Path, folder: Path) -> list[Path]:
    """Write all tables of a study's translation models and return their paths.

    Args:
        plan: of the study.
        results: its folder, with records and comparisons.
        folder: of the tables.

    Raises:
        DataError: a record or the comparisons are missing or damaged, or records must not be
            compared.
    """
    from xling.tables.cats.results import read_results

    paths = []
    for name, sheet in build_sheets(read_results(plan, results)).items():
        for suffix, form in SHEET_FORMATS.items():
            path = folder / PAPER / f"{name}.{suffix}"
            write_text(path, form(sheet))
            paths.append(path)
    return sorted(paths)


def build_sheets(results: Results) -> dict[str, Sheet]:
    """Return the tables that a study has by name, in the order of :func:`sheet_names`."""
    builders = _builders(results)
    return {name: builders[name](results) for name in sheet_names(results.plan)}


def _builders(results: Results) -> dict[str, Callable[[Results], Sheet]]:
    """Return what builds each table; tests of systems need numpy, the Snakefile does without."""
    from xling.tables.cats import claims, differences, scores, settings, sweeps, temperatures

    found: dict[str, Callable[[Results], Sheet]] = {
        planned.TEMPERATURES: temperatures.build,
        planned.MODELS: lambda all_of: sweeps.build(all_of, "model"),
        planned.BATCHES: lambda all_of: sweeps.build(all_of, "batch"),
        planned.SETTINGS: settings.build,
        planned.CLAIMS: claims.build,
    }
    for task in results.plan.tasks:
        found[planned.differences_name(task)] = _of_task(differences.build, task)
        for metric in METRICS:
            found[planned.scores_name(task, metric)] = _of_task(scores.build, task, metric)
    return found


def _of_task(build: Callable[..., Sheet], *given: str) -> Callable[[Results], Sheet]:
    return lambda results: build(results, *given)
