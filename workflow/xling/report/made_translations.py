# SPDX-License-Identifier: Apache-2.0
"""What the report shows of translations of our own."""

from __future__ import annotations

from pathlib import Path

from xling.figures import translations as figures
from xling.plan import Plan
from xling.report.numbered import FILES
from xling.report.rows import Row
from xling.tables.translations import build_sheets
from xling.tables.translations.about import FOLDER, engine_words


def made_tables(plan: Plan, results: Path) -> Row:
    """Return the tables and where the figure lies.

    Args:
        plan: of a study with translations of our own.
        results: its folder.

    Raises:
        DataError: a report, record or comparison is missing, damaged or of another study.
    """
    paths = figures.figure_paths(plan, results / "figures")
    drawn = [path for path in paths if path.suffix == ".svg"]
    return {
        "paper": FOLDER,
        "title": "Translations of our own: quality, labels, transfer",
        "short": "Translations",
        "sheets": build_sheets(plan, results),
        "kinds": [{"words": figures.WORDS, "figures": [_figure(plan, path)]} for path in drawn],
        "files": FILES,
    }


def _figure(plan: Plan, path: Path) -> Row:
    return {"name": figures.NAME, "title": plan.study.name, "path": path, "width": "wide"}


def facts(plan: Plan) -> list[tuple[str, str]]:
    """Return who translated, in a few words."""
    if plan.translations is None:
        return []
    return [("translations of our own", engine_words(plan.translations, plan.translations.engines))]
