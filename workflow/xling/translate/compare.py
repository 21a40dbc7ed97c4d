# SPDX-License-Identifier: Apache-2.0
"""Prepared rows of a translation beside other rows that say the same, found by their ids.

The others are translations by people, exact ones of the artificial languages, or, after a round
trip, the rows that were translated.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from xling.data.readers.rows import QuestionRow, Row, TaggedRow
from xling.data.tag_projection import OUTSIDE
from xling.metrics.prf import scores_of_counts
from xling.metrics.squad import token_f1
from xling.translate.project.entities import entities_of
from xling.translate.project.words import joined

AnyRow = Row | TaggedRow | QuestionRow


class Agreement(NamedTuple):
    """How far labels of a translation are those of the exact translation of the same rows.

    Labels are the answers of a question, the entities (type and words) or the words with their tags
    of a sentence; equal ones of a row are counted as often as they occur on both sides.

    Attributes:
        rows: that both sides have; what was left out is not counted here.
        labels: of the exact translation.
        precision, recall, f1: 0 to 100.
        overlap: of answers: mean F1 of the words of the first answers, 0 to 100; else None.
    """

    rows: int
    labels: int
    precision: float
    recall: float
    f1: float
    overlap: float | None


def row_texts(row: AnyRow, language: str) -> tuple[str, ...]:
    """Return the texts of a row: both sentences, the sentence, or context and question.

    Args:
        row: a pair that was not translated has none.
        language: of its words; decides where blanks stand between them.
    """
    if isinstance(row, Row):
        return () if row.not_translated else (row.sentence1, row.sentence2)
    if isinstance(row, TaggedRow):
        return (joined(row.tokens, language)[0],)
    return (row.context, row.question)


def sampled(rows: Sequence[Any], count: int) -> list[Any]:
    """Return some rows in their order: those whose ids have the smallest digests."""
    chosen = set(sorted({row.id for row in rows}, key=_digest)[:count])
    return [row for row in rows if row.id in chosen]


def text_pairs(
    rows: Iterable[AnyRow], language: str, others: Mapping[str, AnyRow], other_language: str
) -> list[tuple[str, str]]:
    """Return the texts of rows with those of the others of the same id, equal pairs once.

    Args:
        rows: of a translation.
        language: that their texts are in.
        others: by id.
        other_language: that the texts of the others are in.
    """
    found: dict[tuple[str, str], None] = {}
    for row in rows:
        other = others.get(row.id)
        if other is not None:
            both = row_texts(row, language), row_texts(other, other_language)
            found.update(dict.fromkeys(zip(*both, strict=False)))
    return list(found)


def by_id(rows: Iterable[AnyRow]) -> dict[str, AnyRow]:
    """Return rows by id."""
    return {row.id: row for row in rows}


def label_agreement(rows: Iterable[AnyRow], exact: Mapping[str, AnyRow]) -> Agreement | None:
    """Compare labels that were carried over with exact ones; None if rows have none of their own.

    What differs is wrong in the translation or lost on the way of the label: see
    :mod:`xling.translate.project.measure` for the latter alone.
    """
    hits = found = wanted = count = 0
    overlaps: list[float] = []
    for row in rows:
        other = exact.get(row.id)
        if other is None or isinstance(row, Row) or isinstance(other, Row):
            continue
        count += 1
        own, right = _labels(row), _labels(other)
        hits += (own & right).total()
        found += own.total()
        wanted += right.total()
        if isinstance(row, QuestionRow) and isinstance(other, QuestionRow) and other.answers:
            overlaps.append(token_f1(row.answers[0] if row.answers else "", other.answers[0]))
    if not count:
        return None
    overlap = 100 * sum(overlaps) / len(overlaps) if overlaps else None
    return Agreement(count, wanted, *scores_of_counts(hits, found, wanted), overlap)


def _labels(row: TaggedRow | QuestionRow) -> Counter[tuple[str, ...]]:
    if isinstance(row, QuestionRow):
        return Counter((answer,) for answer in row.answers)
    if any(tag == OUTSIDE or tag[1:2] == "-" for tag in row.tags):
        entities = entities_of(row.tags)
        return Counter((one.kind, *row.tokens[one.first : one.last + 1]) for one in entities)
    return Counter((tag, word) for word, tag in zip(row.tokens, row.tags, strict=True) if tag)


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
