# SPDX-License-Identifier: Apache-2.0
"""What the report shows of translations of our own."""

from __future__ import annotations

from pathlib import Path

from xling.plan import Plan
from xling.report.rows import Row
from xling.tables.translations import build_sheets
from xling.tables.translations.about import FOLDER, engine_words


def made_tables(plan: Plan, results: Path) -> Row:
    """Return the tables.

    Args:
        plan: of a study with translations of our own.
        results: its folder.

    Raises:
        DataError: a report, record or comparison is missing, damaged or of another study.
    """
    return {
        "paper": FOLDER,
        "title": "Translations of our own: quality, labels, transfer",
        "short": "Translations",
        "sheets": build_sheets(plan, results),
        "kinds": [],
    }


def facts(plan: Plan) -> list[tuple[str, str]]:
    """Return who translated, in a few words."""
    if plan.translations is None:
        return []
    return [("translations of our own", engine_words(plan.translations, plan.translations.engines))]
