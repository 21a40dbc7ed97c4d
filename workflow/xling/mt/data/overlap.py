# SPDX-License-Identifier: Apache-2.0
"""How much of dev and test occurs word for word in earlier splits.

Of the larger split only one batch is in memory, of the smaller one the digests of its texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from xling.data.tables import languages_of
from xling.mt.data.filters import digest_of
from xling.tasks import SOURCE_LANGUAGE

_BATCH = 65_536


@dataclass(frozen=True)
class Overlap:
    """Rows of one language in a split that occur in another split.

    Attributes:
        rows: of the language in the split that is looked at.
        source, target: rows whose source or target text is a source or target of the language's
            rows in the other split.
        pair: rows both of whose texts are, in one row.
        english: rows whose English text is in the other split with any language; equals
            ``source`` or ``target`` where languages share no sentences.  0 without English.
    """

    language: str
    rows: int
    source: int
    target: int
    pair: int
    english: int


@dataclass(frozen=True)
class _Digests:
    """Of a row: source, target, pair, and English text (empty if there is none)."""

    source: bytes
    target: bytes
    pair: bytes
    english: bytes


def overlaps(looked_at: Path, other: Path) -> list[Overlap]:
    """Compare two prepared files of one direction, for example test with train.

    Args:
        looked_at: the split whose rows are counted; it should be the smaller one.
        other: the split where they are looked for.

    Returns:
        One entry per language, in the order of ``looked_at``; languages that ``other`` lacks too.
    """
    rows = {language: list(_digests(looked_at, language)) for language in languages_of(looked_at)}
    wanted = {row.english for found in rows.values() for row in found} - {b""}
    english: set[bytes] = set()
    found: dict[str, tuple[set[bytes], set[bytes], set[bytes]]] = {
        language: (set(), set(), set()) for language in rows
    }
    for language in languages_of(other):
        mine = rows.get(language, [])
        sources, targets = {row.source for row in mine}, {row.target for row in mine}
        pairs = {row.pair for row in mine}
        source, target, pair = found.get(language, (set(), set(), set()))
        for row in _digests(other, language):
            if row.source in sources:
                source.add(row.source)
            if row.target in targets:
                target.add(row.target)
            if row.pair in pairs:
                pair.add(row.pair)
            if row.english in wanted:
                english.add(row.english)
    return [
        Overlap(
            language=language,
            rows=len(mine),
            source=sum(row.source in found[language][0] for row in mine),
            target=sum(row.target in found[language][1] for row in mine),
            pair=sum(row.pair in found[language][2] for row in mine),
            english=sum(row.english in english for row in mine),
        )
        for language, mine in rows.items()
    ]


def _digests(path: Path, language: str) -> Iterator[_Digests]:
    """Give the digests of a language's rows."""
    columns = ["source_language", "target_language", "source", "target"]
    with pq.ParquetFile(path) as file:
        group = languages_of(path).index(language)
        for batch in file.iter_batches(_BATCH, row_groups=[group], columns=columns):
            for one, two, source, target in zip(
                *(column.to_pylist() for column in batch.columns), strict=True
            ):
                english = {one: source, two: target}.get(SOURCE_LANGUAGE)
                yield _Digests(
                    digest_of(source),
                    digest_of(target),
                    digest_of(source, target),
                    digest_of(english) if english is not None else b"",
                )
