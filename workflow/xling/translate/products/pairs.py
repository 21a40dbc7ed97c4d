# SPDX-License-Identifier: Apache-2.0
"""Translated sentence pairs (XNLI, PAWS-X); the label is copied.

Training, test and dev: the format ``xtreme-translation``.  Back-translations: a line per English
row in its order, in the format of the task's translated training set.  ``NS`` stands for a pair
that was not translated, as in PAWS-X: stages that train leave such rows out and count them.
"""

from __future__ import annotations

from collections.abc import Sequence

from xling.data.readers.rows import NOT_TRANSLATED, Row
from xling.translate.products.ask import (
    SOURCE_KEPT,
    UNTRANSLATED,
    UNWRITABLE,
    Ask,
    Counts,
)
from xling.translate.products.order import in_order
from xling.translate.products.texts import Texts, distinct

_HEADERS = {"xnli": "premise\thypo\tlabel\n", "pawsx": "id\tsentence1\tsentence2\tlabel\n"}

_Pair = tuple[str, str]


def wanted(ask: Ask, rows: Sequence[Row]) -> list[str]:
    """Return the sentences to translate, each once."""
    del ask  # All roles translate both sentences.
    return distinct(s for row in rows for s in row[2:4] if not row.not_translated)


def written(
    ask: Ask, rows: Sequence[Row], texts: Texts, english: Sequence[Row]
) -> tuple[str, Counts]:
    """Return the text of a file and what became of the rows.

    Args:
        ask: the file.
        rows: prepared rows that are translated.
        texts: their translations.
        english: of back-translations: all rows of the English training set.
    """
    counts = Counts(items=len(rows))
    pairs = [_translated(ask, row, texts, counts) for row in rows]
    if ask.role != "back_translation":
        lines = ("\t".join((*row[2:4], *(pair), row.label)) for row, pair in _fit(rows, pairs))
        return "".join(f"{line}\n" for line in lines), counts
    found = {row.id: pair for row, pair in zip(rows, pairs, strict=True)}
    nothing = (NOT_TRANSLATED, NOT_TRANSLATED)
    text = _HEADERS[ask.task]
    for row in in_order(english, ask):
        fields = (*found.get(row.id, nothing), row.label)
        text += "\t".join((row.id, *fields) if ask.task == "pawsx" else fields) + "\n"
    return text, counts


def _fit(rows: Sequence[Row], pairs: Sequence[_Pair]) -> list[tuple[Row, _Pair]]:
    """Return the rows whose own sentences the format can hold, with their translations."""
    return [(row, pair) for row, pair in zip(rows, pairs, strict=True) if not _unwritable(row)]


def _unwritable(row: Row) -> bool:
    return any("\t" in text or "\n" in text for text in row[2:4])


def _translated(ask: Ask, row: Row, texts: Texts, counts: Counts) -> _Pair:
    """Return the translation of a pair, or the placeholder; count what it is."""
    nothing = (NOT_TRANSLATED, NOT_TRANSLATED)
    if ask.role != "back_translation" and _unwritable(row):
        counts.dropped[UNWRITABLE] += 1
        return nothing
    if row.not_translated:
        counts.kept[f"placeholder {NOT_TRANSLATED}"] += 1
        counts.written += 1
        return nothing
    one, two = texts.usable(row.sentence1), texts.usable(row.sentence2)
    if one is None or two is None:
        if not ask.keeps_source or ask.role == "back_translation":
            counts.dropped[UNTRANSLATED] += 1
            return nothing
        counts.kept[SOURCE_KEPT] += 1
    counts.written += 1
    return one or row.sentence1, two or row.sentence2
