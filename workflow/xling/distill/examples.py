# SPDX-License-Identifier: Apache-2.0
"""Prepared parallel rows as training examples.

All is numbers: texts that occur several times, as English sentences do, are kept once.  An example
is a row of text numbers (one column per side) and the number of the teacher's vector it regresses
on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xling.distill.data.store import Part, parts, read_part
from xling.distill.settings import DistillSettings
from xling.errors import DataError

Ints = npt.NDArray[np.int64]
SIDES = ("source", "target")


@dataclass(frozen=True)
class ParallelRows:
    """Rows of a prepared file, part after part.

    Attributes:
        parts: corpus and language of each block of rows.
        texts: different texts, in order of their first occurrence.
        source, target: text number of each side of every row.
        sources: text numbers of the different sources, in the same order.
    """

    parts: list[Part]
    texts: pa.Array
    source: Ints
    target: Ints
    sources: Ints

    @classmethod
    def read(cls, path: Path, languages: Sequence[str] | None = None) -> ParallelRows:
        """Read all rows, or those of some languages.

        Raises:
            DataError: the file cannot be read or has no row in one of the languages.
        """
        found = [one for one in parts(path) if languages is None or one.language in languages]
        missing = sorted(set(languages or ()) - {one.language for one in found})
        if missing or not found:
            there = sorted({one.language for one in parts(path)})
            raise DataError(
                f"the parallel data has no pair in: {', '.join(missing) or 'any language'}",
                where=str(path),
                allowed=", ".join(there) or "at least one pair",
                fix="take the language out, or prepare the data again",
            )
        tables = [read_part(path, one, SIDES) for one in found]
        # Source and target in turns of parts; 64-bit offsets, as all texts may exceed 2 GB.
        chunks = [
            table[side].combine_chunks().cast(pa.large_string())
            for side in SIDES
            for table in tables
        ]
        coded = pa.concat_arrays(chunks).dictionary_encode()
        numbers = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        rows = len(numbers) // 2
        source, target = numbers[:rows], numbers[rows:]
        return cls(found, coded.dictionary, source, target, _in_order(source))

    def __len__(self) -> int:
        return len(self.source)

    def bounds(self) -> Ints:
        """Return the first row of each part and, last, the number of rows."""
        return np.cumsum([0, *(one.rows for one in self.parts)])

    def source_numbers(self) -> Ints:
        """Return of each text its place among ``sources``; -1 for texts that are no source."""
        place = np.full(len(self.texts), -1, dtype=np.int64)
        place[self.sources] = np.arange(len(self.sources))
        return place

    def source_texts(self) -> list[str]:
        """Return the different sources."""
        taken: list[str] = self.texts.take(pa.array(self.sources)).to_pylist()
        return taken

    def rows_per_language(self) -> dict[str, int]:
        """Return how many rows each language has."""
        found: dict[str, int] = {}
        for one in self.parts:
            found[one.language] = found.get(one.language, 0) + one.rows
        return found


@dataclass(frozen=True)
class Examples:
    """What is trained on.

    Attributes:
        sides: name of each column: ``source``, ``target``, or ``sentence`` where they are mixed.
        texts: text numbers, shape [examples, columns].
        vectors: place of the teacher's vector among ``ParallelRows.sources``.
        starts: of each part, the first example of every unit, and the end (``mixing.Order``).
    """

    sides: tuple[str, ...]
    texts: Ints
    vectors: Ints
    starts: list[Ints]

    def __len__(self) -> int:
        return len(self.texts)


def examples_of(rows: ParallelRows, settings: DistillSettings) -> Examples:
    """Return the examples as the settings want them: pairs, or single sentences grouped."""
    if settings.examples == "grouped":
        return _grouped(rows, settings)
    sides = tuple(side for side in SIDES if getattr(settings, f"{side}_side"))
    columns: list[Any] = [getattr(rows, side) for side in sides]
    bounds = rows.bounds().tolist()
    starts = [np.arange(a, b + 1) for a, b in pairwise(bounds)]
    return Examples(sides, np.stack(columns, 1), rows.source_numbers()[rows.source], starts)


def _grouped(rows: ParallelRows, settings: DistillSettings) -> Examples:
    """Make of each part's different sources the set {source, its translations} (section 2).

    A translation that equals its source adds nothing to the set.
    """
    texts, owners, starts, end = [], [], [], 0
    bounds = rows.bounds().tolist()
    for a, b in pairwise(bounds):
        source, target = rows.source[a:b], rows.target[a:b]
        units = _in_order(source)
        place = np.full(len(rows.texts), -1, dtype=np.int64)
        place[units] = np.arange(len(units))
        own = [(np.arange(len(units)), units)] if settings.source_side else []
        if settings.target_side:
            own.append((place[source], target))
        unit = np.concatenate([one for one, _ in own])
        text = np.concatenate([one for _, one in own])
        # The first of each (unit, text), the units in order and the source first.
        first = np.unique(np.stack([unit, text], 1), axis=0, return_index=True)[1]
        first = first[np.lexsort((first, unit[first]))]
        texts.append(text[first])
        owners.append(units[unit[first]])
        counts = np.bincount(unit[first], minlength=len(units))
        starts.append(end + np.concatenate([[0], np.cumsum(counts)]))
        end += len(first)
    owner = rows.source_numbers()[np.concatenate(owners)]
    return Examples(("sentence",), np.concatenate(texts)[:, None], owner, starts)


def _in_order(numbers: Ints) -> Ints:
    """Return the different numbers in order of their first occurrence."""
    values, first = np.unique(numbers, return_index=True)
    return values[np.argsort(first)]
