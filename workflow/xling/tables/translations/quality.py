# SPDX-License-Identifier: Apache-2.0
"""How good translations of our own are: a row per engine and direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xling.plan import Plan
from xling.tables.caption import Caption
from xling.tables.sheet import Fact, Row, Section, Sheet
from xling.tables.translations.about import FOLDER, VERDICT, engine_words, entry
from xling.tasks import TASKS

NAME = "quality"
_SCORES = ("round_trip", "human", "exact")
# Printed columns: the fact that each shows, and how.
_COLUMNS = {
    "sentences": ("sentences", "d"),
    "translated": ("translated", ".1f"),
    "flagged": ("flagged", ".1f"),
    "length": ("length_median", ".2f"),
    "rows": ("rows", "d"),
    "dropped": ("dropped", ".1f"),
    "labels": ("labels_found", ".1f"),
    "round trip": ("round_trip_chrf++", ".1f"),
    "human": ("human_chrf++", ".1f"),
    "human BLEU": ("human_bleu", ".1f"),
    "exact": ("exact_chrf++", ".1f"),
    "exact BLEU": ("exact_bleu", ".1f"),
    "precision": ("label_precision", ".1f"),
    "recall": ("label_recall", ".1f"),
}
_MADE = (
    ("Translated, flagged", "share of the different sentences, in percent"),
    ("Length", "median of characters of the translation for each of the source"),
    ("Dropped", "share of the rows that are left out, in percent"),
    ("Labels", "answers, entities or words that were found, in percent"),
    ("Round trip", "chrF++ of texts that were translated back"),
    ("Human, exact", "chrF++ and BLEU against translations by people or exact ones"),
    ("Precision, recall", "of labels that were carried over, against those of exact translations"),
)

Reports = Mapping[str, Sequence[Mapping[str, Any]]]


def quality_sheet(plan: Plan, reports: Reports) -> Sheet:
    """Return the table: a section per task and product, engines beside each other.

    Args:
        plan: of a study with translations.
        reports: rows of ``measure-quality``, by engine.
    """
    assert plan.translations is not None, "only asked for where there are translations"
    rows = [(engine, row) for engine, own in reports.items() for row in own]
    order = list(TASKS)
    kinds = dict.fromkeys((row["task"], row["role"]) for _, row in rows)
    sections = []
    for task, role in sorted(kinds, key=lambda kind: order.index(kind[0])):
        own = [one for one in rows if (one[1]["task"], one[1]["role"]) == (task, role)]
        sections.append(
            Section(_title(task, role, own), tuple(_COLUMNS), tuple(_row(*one) for one in own))
        )
    metrics = sorted({said for _, row in rows for said in _signatures(row)})
    return Sheet(
        name=f"{plan.study.name}/{FOLDER}/{NAME}",
        caption=Caption(
            title="Quality of translations of our own",
            made=(
                ("Engines", engine_words(plan.translations, reports)),
                *_MADE,
                ("Metrics", "; ".join(metrics) or "nothing was compared"),
            ),
            verdict=VERDICT,
            notes=tuple(note for engine, row in rows for note in _lost(engine, row)),
        ),
        labels=("engine", "direction"),
        sections=tuple(sections),
        facts=tuple(_fact(engine, row) for engine, row in rows),
    )


def _title(task: str, role: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    methods = sorted({row["method"] for _, row in rows if row["method"]})
    by = f", labels by {' or '.join(methods)}" if methods else ""
    return f"{TASKS[task].title}, {role.replace('_', '-')}{by}"


def _row(engine: str, row: Mapping[str, Any]) -> Row:
    fact = _fact(engine, row)
    entries = tuple(entry(fact[name], form) for name, form in _COLUMNS.values())
    return Row((engine, f"{row['source']}-{row['target']}"), entries)


def _fact(engine: str, row: Mapping[str, Any]) -> dict[str, Fact]:
    """Return a row in full: shares in percent, null where there is nothing to compare."""
    text, counts = row["text"], row["rows"]
    dropped = sum(counts["dropped"].values())
    about = ("task", "role", "language", "source", "target", "method", "key", "licence")
    fact: dict[str, Fact] = {
        "engine": engine,
        **{name: row[name] for name in about},
        "sentences": text["sentences"],
        "translated": _percent(text["translated"]),
        "flagged": _percent(text["flagged"]),
        "flags": _counts({name: round(100 * share, 2) for name, share in text["flags"].items()}),
        "length_5": text["length_ratio"]["5 %"],
        "length_median": text["length_ratio"]["median"],
        "length_95": text["length_ratio"]["95 %"],
        "score": text["score"],
        "rows": counts["items"],
        "written": counts["written"],
        "dropped": _share(dropped, counts["items"]),
        "dropped_rows": _counts(counts["dropped"]),
        "kept_rows": _counts(counts["kept"]),
        "labels": counts["labels"],
        "labels_found": _share(counts["projected"], counts["labels"]),
        "labels_failed": _counts(counts["failed"]),
    }
    for name in _SCORES:
        found = row[name] or {}
        fact |= {f"{name}_{key}": found.get(key) for key in ("sentences", "chrf++", "bleu")}
    found = row["labels"] or {}
    return fact | {f"label_{key}": found.get(key) for key in ("precision", "recall", "overlap")}


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _counts(found: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {found[name]}" for name in sorted(found))


def _signatures(row: Mapping[str, Any]) -> list[str]:
    return [said for name in _SCORES for said in (row[name] or {}).get("signatures", {}).values()]


def _lost(engine: str, row: Mapping[str, Any]) -> list[str]:
    """Return a note if a product lost rows or labels in a language."""
    counts = row["rows"]
    said = [
        f"{what}: {_counts(counts[name])}"
        for what, name in (("left out", "dropped"), ("labels lost", "failed"), ("kept", "kept"))
        if counts[name]
    ]
    title = f"{TASKS[row['task']].title}, {row['role'].replace('_', '-')}, {row['language']}"
    return [f"{engine}: {title}: {'. '.join(said)}."] if said else []
