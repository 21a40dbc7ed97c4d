# SPDX-License-Identifier: Apache-2.0
"""Two systems on the same test items: paired bootstrap and approximate randomisation.

What is compared are statistics of items, whose *means* over items give the score: one column of 0
and 100 for accuracy, one of F1 per question, three of counts for the F1 of spans.  With several
seeds, average each item over them first: variance over seeds is the matter of ``seeds``.

Bootstrap: Koehn 2004 and, for the p value, the shifted distribution of Riezler and Maxwell 2005, as
sacreBLEU does.  Randomisation: Noreen 1989; systems are exchanged item by item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xling.errors import DataError, UsageError
from xling.stats.holm import holm

Floats = npt.NDArray[np.float64]
#: Means of an item's statistics, shape [..., statistics], to scores, shape [...].
Score = Callable[[Floats], Floats]

RESAMPLES = 10_000
LEVEL = 0.95
MACRO = "macro-average"
# Draws that are held at once; each is a few arrays of 8 bytes.
_DRAWS_AT_ONCE = 2_000_000
# Resampled differences this near to the observed one are equal to it: sums of the same numbers in
# another order.
_TIE = 1e-9


@dataclass(frozen=True)
class ItemTest:
    """Whether one system would beat another on other items of the same kind.

    Attributes:
        difference: score of the first system less that of the second.
        low: of the percentile interval (:data:`LEVEL`) of the difference.
        high: of the same.
        p_bootstrap: two-sided.
        p_randomisation: two-sided.
        items: compared items; of the macro-average, those of all languages.
    """

    difference: float
    low: float
    high: float
    p_bootstrap: float
    p_randomisation: float
    items: int


@dataclass(frozen=True)
class LanguageTests:
    """Tests per language and of their unweighted mean.

    Attributes:
        languages: in the order they were given.
        adjusted: the languages' randomisation p values after Holm's correction.
        macro: the mean over languages.
    """

    languages: dict[str, ItemTest]
    adjusted: dict[str, float]
    macro: ItemTest


def mean_score(means: Floats) -> Floats:
    """Return the first statistic's mean: accuracy, or the mean F1 of questions."""
    return means[..., 0]


def f1_score(means: Floats) -> Floats:
    """Return micro-F1, 0 to 100, of the statistics (right, predicted, gold); 0 if all are 0."""
    right, predicted, gold = means[..., 0], means[..., 1], means[..., 2]
    total = predicted + gold
    return 200.0 * right / np.where(total > 0, total, 1.0)


def aligned(
    first: Mapping[str, Sequence[float]], second: Mapping[str, Sequence[float]]
) -> tuple[Floats, Floats]:
    """Return the statistics of two systems' items by id as matrices [items, statistics].

    Raises:
        DataError: the systems were not tested on the same items.
    """
    only = sorted(set(first) ^ set(second))
    if only or not first:
        raise DataError(
            f"{len(only)} items were scored for one of the two systems only",
            where=f"id {only[0]}" if only else "no items",
            allowed="two systems on the same test items",
            fix="predict the same split with both systems",
        )
    ids = sorted(first)
    return np.array([first[one] for one in ids], float), np.array([second[i] for i in ids], float)


def compare_items(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    score: Score = mean_score,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> ItemTest:
    """Compare two systems on one test set.

    Args:
        first: statistics of the first system's items, shape [items] or [items, statistics].
        second: of the second system's, the same items in the same order.
        score: from means of statistics to the score.
        resamples: of each test.
        seed: of both tests.

    Raises:
        DataError: different shapes, fewer than two items, or values that are no finite numbers.
        UsageError: no resamples.
    """
    pair = _pair(first, second)
    shifts = _Shifts.of([pair], [[seed]], score, resamples)
    return shifts.test(len(pair[0]))


def compare_languages(
    first: Mapping[str, npt.ArrayLike],
    second: Mapping[str, npt.ArrayLike],
    *,
    parallel: bool,
    score: Score = mean_score,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> LanguageTests:
    """Compare two systems per language and on the unweighted mean over languages.

    Args:
        first: statistics of the first system's items by language, shapes as in
            :func:`compare_items`.
        second: of the second system's.
        parallel: whether the items of all languages are translations of each other, in the same
            order.  Then they are drawn together: a hard item is hard in every language, and
            drawing them apart would make the mean look more certain than it is.
        score: from means of statistics to the score.
        resamples: of each test.
        seed: with the language's code, decides what is drawn.

    Raises:
        DataError: other languages, other items, or parallel items of different number.
        UsageError: no resamples.
    """
    if not first or set(first) != set(second):
        only = sorted(set(first) ^ set(second))
        raise DataError(
            "the two systems were not scored on the same languages",
            where=f"one of them only: {', '.join(only)}" if only else "no languages",
            allowed="the same languages for both, at least one",
        )
    pairs = {code: _pair(first[code], second[code]) for code in first}
    sizes = {code: len(pair[0]) for code, pair in pairs.items()}
    if parallel and len(set(sizes.values())) > 1:
        raise DataError(
            "parallel test sets have different numbers of items",
            where=", ".join(f"{code}: {size}" for code, size in sizes.items()),
            allowed="the same items in every language",
            fix="keep the items that all languages have, or compare them as not parallel",
        )
    seeds = [[seed] if parallel else [seed, *code.encode("utf-8")] for code in pairs]
    shifts = _Shifts.of(list(pairs.values()), seeds, score, resamples)
    tests = {code: shifts.language(i).test(sizes[code]) for i, code in enumerate(pairs)}
    adjusted = holm([test.p_randomisation for test in tests.values()])
    return LanguageTests(
        tests, dict(zip(pairs, adjusted, strict=True)), shifts.test(sum(sizes.values()))
    )


@dataclass(frozen=True)
class _Shifts:
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
        pairs: Sequence[tuple[Floats, Floats]],
        seeds: Sequence[Sequence[int]],
        score: Score,
        resamples: int,
    ) -> _Shifts:
        """Resample each language; equal seeds draw equal items."""
        if resamples < 1:
            raise UsageError("a test needs resamples", where="resamples", allowed="1 or more")
        return cls(
            np.array([float(_difference(a.mean(axis=0), b.mean(axis=0), score)) for a, b in pairs]),
            np.array([_drawn(*p, s, score, resamples) for p, s in zip(pairs, seeds, strict=True)]),
            np.array(
                [_exchanged(*p, s, score, resamples) for p, s in zip(pairs, seeds, strict=True)]
            ),
        )

    def language(self, i: int) -> _Shifts:
        """Return one language alone."""
        return _Shifts(
            *(values[i : i + 1] for values in (self.observed, self.drawn, self.exchanged))
        )

    def test(self, items: int) -> ItemTest:
        """Test the mean over languages."""
        observed = float(self.observed.mean())
        drawn, exchanged = self.drawn.mean(axis=0), self.exchanged.mean(axis=0)
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return ItemTest(
            difference=observed,
            low=float(low),
            high=float(high),
            p_bootstrap=_share(drawn - drawn.mean(), observed),
            p_randomisation=_share(exchanged, observed),
            items=items,
        )


def _share(values: Floats, observed: float) -> float:
    """Return how often a value is as far from 0 as the observed one, which counts as one."""
    bound = abs(observed) * (1.0 - _TIE) - _TIE
    return float((np.count_nonzero(np.abs(values) >= bound) + 1) / (len(values) + 1))


def _difference(first: Floats, second: Floats, score: Score) -> Floats:
    return score(first) - score(second)


def _drawn(a: Floats, b: Floats, seed: Sequence[int], score: Score, resamples: int) -> Floats:
    """Return the difference on items drawn with replacement, the same for both systems."""
    # The last number keeps the two tests' streams apart.
    rng = np.random.default_rng([*seed, 1])
    n, both = len(a), np.concatenate([a, b], axis=1)
    parts = []
    for count in _parts(resamples, n):
        means = both[rng.integers(0, n, size=(count, n))].mean(axis=1)
        parts.append(_difference(means[:, : a.shape[1]], means[:, a.shape[1] :], score))
    return np.concatenate(parts)


def _exchanged(a: Floats, b: Floats, seed: Sequence[int], score: Score, resamples: int) -> Floats:
    """Return the difference after each item's results changed sides with probability one half."""
    rng = np.random.default_rng([*seed, 2])
    n, sums, gaps = len(a), (a.sum(axis=0), b.sum(axis=0)), a - b
    parts = []
    for count in _parts(resamples, n):
        moved = (rng.integers(0, 2, size=(count, n), dtype=np.int8).astype(np.float64)) @ gaps
        parts.append(_difference((sums[0] - moved) / n, (sums[1] + moved) / n, score))
    return np.concatenate(parts)


def _parts(resamples: int, items: int) -> Iterator[int]:
    """Yield how many resamples are made at once."""
    size = max(1, _DRAWS_AT_ONCE // items)
    for start in range(0, resamples, size):
        yield min(size, resamples - start)


def _pair(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return both as [items, statistics], checked."""
    a, b = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if a.shape != b.shape or a.ndim not in (1, 2) or len(a) < 2:
        raise DataError(
            f"the two systems' items have the shapes {list(a.shape)} and {list(b.shape)}",
            allowed="the same two or more items for both: [items] or [items, statistics]",
            fix="predict the same split with both systems",
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("an item's score is no finite number", allowed="finite numbers")
    if a.ndim == 1:
        return a[:, None], b[:, None]
    return a, b
