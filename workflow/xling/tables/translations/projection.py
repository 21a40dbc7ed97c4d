# SPDX-License-Identifier: Apache-2.0
"""How well labels are carried over, on artificial sentences whose labels are known exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xling.plan import Plan
from xling.tables.caption import Caption
from xling.tables.sheet import Fact, Row, Section, Sheet
from xling.tables.translations.about import FOLDER, VERDICT, engine_words, entry
from xling.translate.project.names import GENERATOR

NAME = "projection"
_COLUMNS = ("precision", "recall", "F1", "overlap", "found", "labels")
_MADE = (
    ("Labels", "names in sentences; of word links: pairs of words"),
    ("Precision, recall, F1", "of phrases that are exactly right, 0 to 100"),
    ("Overlap", "mean F1 of the words of found and exact phrases, 0 to 100"),
    ("Generator", "its translations are right but for wrong words: what projection alone loses"),
    ("Engines", "what wrong translations lose is counted too"),
    ("Cognates", "share of words spelt nearly as in the source: nearness of the language"),
)


def projection_sheet(plan: Plan, reports: Mapping[str, Sequence[Mapping[str, Any]]]) -> Sheet:
    """Return the table: a section per translator, near languages first.

    Args:
        plan: of a study with translations.
        reports: of ``measure-projection``, by engine.
    """
    assert plan.translations is not None, "only asked for where there are translations"
    named = _by_translator(reports)
    facts: list[Mapping[str, Fact]] = [
        {"translator": name} | {key: row[key] for key in sorted(row) if key != "translator"}
        for name, rows in named.items()
        for row in rows
    ]
    return Sheet(
        name=f"{plan.study.name}/{FOLDER}/{NAME}",
        caption=Caption(
            title="Labels carried over, against exact phrases of the artificial languages",
            made=(("Translators", engine_words(plan.translations, reports)), *_MADE),
            verdict=VERDICT,
            notes=(),
        ),
        labels=("language", "method"),
        sections=tuple(
            Section(f"translator: {name}", _COLUMNS, tuple(map(_row, rows)))
            for name, rows in named.items()
        ),
        facts=tuple(facts),
    )


def _by_translator(
    reports: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, list[Mapping[str, Any]]]:
    """Return rows by translator; the generator's are the same in the reports of all engines."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for rows in reports.values():
        found.setdefault(GENERATOR, [row for row in rows if row["translator"] == GENERATOR])
    for engine, rows in reports.items():
        found[engine] = [row for row in rows if row["translator"] != GENERATOR]
    return {
        name: sorted(rows, key=lambda row: -row["cognates"]) for name, rows in found.items() if rows
    }


def _row(row: Mapping[str, Any]) -> Row:
    language = f"{row['language']} ({row['word_order']}, {row['cognates']:.0%} cognates)"
    shares = (entry(row[name]) for name in ("precision", "recall", "f1", "overlap"))
    counts = (entry(row[name], "d") for name in ("found", "wanted"))
    return Row((language, f"{row['method']}, {row['detail']}"), (*shares, *counts))
