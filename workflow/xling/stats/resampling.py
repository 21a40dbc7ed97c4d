# SPDX-License-Identifier: Apache-2.0
"""Differences between two systems when items are drawn anew, or systems exchanged.

An item that exists in several languages is drawn, or exchanged, in all of them at once.  What is
drawn is kept as counts of items, so that all languages follow from one product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xling.errors import UsageError

Floats = npt.NDArray[np.float64]
#: Means of an item's statistics, shape [..., statistics], to scores, shape [...].
Score = Callable[[Floats], Floats]

# Draws that are held at once; each is a few arrays of 8 bytes.
_DRAWS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Sides:
    """Statistics of both systems in languages whose items are drawn together.

    Attributes:
        first: shape [languages, items, statistics]; 0 where a language lacks an item.
        second: the same.
        present: whether a language has an item, shape [languages, items].
    """

    first: Floats
    second: Floats
    present: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, pairs: Sequence[tuple[Floats, Floats]]) -> Sides:
        """Put languages together; rows that are no numbers are items that a language lacks."""
        first, second = (np.stack([pair[i] for pair in pairs]) for i in (0, 1))
        present = ~np.isnan(first[:, :, 0])
        return cls(np.nan_to_num(first), np.nan_to_num(second), present)

    @property
    def sizes(self) -> Floats:
        """Items of each language, shape [languages, 1]."""
        return self.present.sum(axis=1, keepdims=True).astype(np.float64)


@dataclass(frozen=True)
class Shifts:
    """Differences between two systems in every language.

    Attributes:
        observed: shape [languages].
        drawn: with items drawn anew, shape [languages, resamples].
        exchanged: with systems exchanged at random, shape [languages, resamples].
    """

    observed: Floats
    drawn: Floats
    exchanged: Floats

    @classmethod
    def of(
        cls,
        groups: Sequence[Sides],
        seeds: Sequence[Sequence[int]],
        score: Score,
        resamples: int,
    ) -> Shifts:
        """Resample languages group by group, each with its seed."""
        if resamples < 1:
            raise UsageError("a test needs resamples", where="resamples", allowed="1 or more")
        parts = [
            (_observed(group, score), *_resampled(group, seed, score, resamples))
            for group, seed in zip(groups, seeds, strict=True)
        ]
        return cls(*(np.concatenate(kind) for kind in zip(*parts, strict=True)))

    def take(self, languages: Sequence[int]) -> Shifts:
        """Return some languages, by their places."""
        return Shifts(*(kind[languages] for kind in (self.observed, self.drawn, self.exchanged)))


def _observed(sides: Sides, score: Score) -> Floats:
    sizes = sides.sizes
    return score(sides.first.sum(axis=1) / sizes) - score(sides.second.sum(axis=1) / sizes)


def _resampled(
    sides: Sides, seed: Sequence[int], score: Score, resamples: int
) -> tuple[Floats, Floats]:
    return _drawn(sides, seed, score, resamples), _exchanged(sides, seed, score, resamples)


def _drawn(sides: Sides, seed: Sequence[int], score: Score, resamples: int) -> Floats:
    """Return the differences on items drawn with replacement, the same for both systems."""
    # The last number keeps the two tests' streams apart.
    rng = np.random.default_rng([*seed, 1])
    languages, n, statistics = sides.first.shape
    both = _columns(np.concatenate([sides.first, sides.second], axis=2))
    whole = bool(sides.present.all())
    parts = []
    for count in _parts(resamples, n):
        draws = rng.integers(0, n, size=(count, n)) + n * np.arange(count)[:, None]
        counts = np.bincount(draws.ravel(), minlength=count * n).reshape(count, n).astype(float)
        sizes = np.full((count, 1, 1), float(n))
        if not whole:
            # None of few items may be drawn; the mean of nothing is 0 for both systems.
            sizes = np.maximum(counts @ sides.present.T.astype(float), 1.0)[:, :, None]
        means = (counts @ both).reshape(count, languages, 2 * statistics) / sizes
        parts.append(score(means[..., :statistics]) - score(means[..., statistics:]))
    return np.concatenate(parts).T


def _exchanged(sides: Sides, seed: Sequence[int], score: Score, resamples: int) -> Floats:
    """Return the differences after items' results changed sides with probability one half."""
    rng = np.random.default_rng([*seed, 2])
    n, sizes = sides.first.shape[1], sides.sizes
    sums = sides.first.sum(axis=1), sides.second.sum(axis=1)
    gaps = _columns(sides.first - sides.second)
    parts = []
    for count in _parts(resamples, n):
        changes = rng.integers(0, 2, size=(count, n), dtype=np.int8).astype(np.float64)
        moved = (changes @ gaps).reshape(count, *sums[0].shape)
        parts.append(score((sums[0] - moved) / sizes) - score((sums[1] + moved) / sizes))
    return np.concatenate(parts).T


def _columns(values: Floats) -> Floats:
    """Return [languages, items, numbers] as [items, languages x numbers]."""
    return np.ascontiguousarray(values.transpose(1, 0, 2)).reshape(values.shape[1], -1)


def _parts(resamples: int, items: int) -> Iterator[int]:
    """Yield how many resamples are made at once."""
    size = max(1, _DRAWS_AT_ONCE // items)
    for start in range(0, resamples, size):
        yield min(size, resamples - start)
