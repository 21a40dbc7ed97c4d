# SPDX-License-Identifier: Apache-2.0
"""Which rows of two languages are the same item: joined by id, labels compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xling.data.readers.rows import NOT_TRANSLATED
from xling.errors import DataError
from xling.generalised.names import pair_name

if TYPE_CHECKING:
    import pyarrow as pa

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dropped:
    """Items of a pair of languages that cannot be tested.

    Attributes:
        other_label: the two languages disagree about the label.
        no_partner: the second language lacks the item.
    """

    other_label: int
    no_partner: int


@dataclass(frozen=True)
class Pairs:
    """Rows of a prepared split in pairs, those of a pair of languages together.

    Attributes:
        names: pairs of languages, as in :func:`xling.generalised.names.pair_names`.
        starts: where each pair of languages begins, and the end; shape [pairs + 1].
        first: row of the first sentence, shape [items of all pairs].
        second: row of the second sentence, the same shape.
        dropped: by pair, in the order of ``names``.
    """

    names: tuple[str, ...]
    starts: Rows
    first: Rows
    second: Rows
    dropped: dict[str, Dropped]

    def part(self, place: int) -> slice:
        """Return where the items of a pair of languages are."""
        return slice(int(self.starts[place]), int(self.starts[place + 1]))


def all_pairs(table: pa.Table, languages: Sequence[str]) -> Pairs:
    """Join all ordered pairs of languages, each language with itself included.

    Items stand in the order of the first language; nothing but their id says what is the same.

    Args:
        table: prepared rows: ``id``, ``language``, ``label``; an id once per language.
        languages: to be paired.

    Raises:
        DataError: a language has no rows, or an id twice; or a pair has no item.
    """
    ids, labels = _codes(table, "id"), _codes(table, "label")
    rows = {code: _rows_of(table, code, ids) for code in languages}
    names, parts, dropped = [], [], {}
    for first in languages:
        for second in languages:
            name = pair_name(first, second)
            mine, theirs, lost = _joined(rows[first], rows[second], ids, labels)
            if not len(mine):
                raise DataError(
                    f"no item can be tested in the pair of languages {name}",
                    allowed="items with the same id and label in both languages",
                    fix="prepare parallel test sets, all of one release",
                )
            names.append(name)
            parts.append((mine, theirs))
            dropped[name] = lost
    ends = np.cumsum([0, *(len(mine) for mine, _ in parts)])
    first_rows, second_rows = (np.concatenate(side) for side in zip(*parts, strict=True))
    return Pairs(tuple(names), ends, first_rows, second_rows, dropped)


def untranslated(table: pa.Table) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which first and which second sentences are PAWS-X's placeholder ``NS``."""
    import pyarrow.compute as pc

    first, second = (
        pc.equal(table[name], NOT_TRANSLATED).to_numpy(zero_copy_only=False)
        for name in ("sentence1", "sentence2")
    )
    return first, second


def _codes(table: pa.Table, name: str) -> Rows:
    """Return a column as numbers that are equal where its values are."""
    coded = table[name].combine_chunks().dictionary_encode()
    return np.asarray(coded.indices).astype(np.int64)


def _rows_of(table: pa.Table, language: str, ids: Rows) -> Rows:
    import pyarrow.compute as pc

    there = pc.equal(table["language"], language).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(there)
    if not len(rows) or len(np.unique(ids[rows])) < len(rows):
        raise DataError(
            f"the prepared split has {'an id twice' if len(rows) else 'no rows'} in {language}",
            allowed="each id once in every language",
            fix="prepare the split again",
        )
    return rows


def _joined(first: Rows, second: Rows, ids: Rows, labels: Rows) -> tuple[Rows, Rows, Dropped]:
    """Return the rows of both languages that make an item, and what is lost of the first's."""
    place = np.full(int(ids.max()) + 1, -1, dtype=np.int64)
    place[ids[second]] = second
    partners = place[ids[first]]
    there = partners >= 0
    mine, theirs = first[there], partners[there]
    same = labels[mine] == labels[theirs]
    lost = Dropped(other_label=int((~same).sum()), no_partner=int((~there).sum()))
    return mine[same], theirs[same], lost
