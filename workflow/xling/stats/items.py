# SPDX-License-Identifier: Apache-2.0
"""Two systems on the same test items: paired bootstrap and approximate randomisation.

What is compared are statistics of items, whose *means* over items give the score: one column of 0
and 100 for accuracy, one of F1 per question, three of counts for the F1 of spans.  With several
seeds, average each item over them first: variance over seeds is the matter of ``seeds``.

Bootstrap: Koehn 2004 and, for the p value, the shifted distribution of Riezler and Maxwell 2005, as
sacreBLEU does.  Randomisation: Noreen 1989; systems are exchanged item by item.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xling.errors import DataError
from xling.stats.resampling import Floats, Score, Shifts, Sides

RESAMPLES = 10_000
LEVEL = 0.95
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
        items: compared items; of a sum of languages, those of all that weigh anything.
    """

    difference: float
    low: float
    high: float
    p_bootstrap: float
    p_randomisation: float
    items: int


def mean_score(means: Floats) -> Floats:
    """Return the first statistic's mean: accuracy, or the mean F1 of questions."""
    return means[..., 0]


def f1_score(means: Floats) -> Floats:
    """Return micro-F1, 0 to 100, of the statistics (right, predicted, gold); 0 if all are 0."""
    right, predicted, gold = means[..., 0], means[..., 1], means[..., 2]
    total = predicted + gold
    return 200.0 * right / np.where(total > 0, total, 1.0)


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
    pair = checked_pair(first, second)
    shifts = Shifts.of([Sides.of([pair])], [[seed]], score, resamples)
    return tested_sum(shifts, np.ones(1), np.array([float(len(pair[0]))]))


def tested_sum(shifts: Shifts, weights: Floats, sizes: Floats) -> ItemTest:
    """Test a weighted sum of the languages' differences; ``sizes``: items of each language."""
    observed = float(weights @ shifts.observed)
    drawn, exchanged = weights @ shifts.drawn, weights @ shifts.exchanged
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return ItemTest(
        difference=observed,
        low=float(low),
        high=float(high),
        p_bootstrap=_share(drawn - drawn.mean(), observed),
        p_randomisation=_share(exchanged, observed),
        items=int(sizes[weights != 0].sum()),
    )


def _share(values: Floats, observed: float) -> float:
    """Return how often a value is as far from 0 as the observed one, which counts as one."""
    bound = abs(observed) * (1.0 - _TIE) - _TIE
    return float((np.count_nonzero(np.abs(values) >= bound) + 1) / (len(values) + 1))


def checked_pair(
    first: npt.ArrayLike, second: npt.ArrayLike, *, lacking: bool = False
) -> tuple[Floats, Floats]:
    """Return both as [items, statistics], checked; ``lacking``: rows of NaN are allowed in both."""
    a, b = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if a.shape != b.shape or a.ndim not in (1, 2) or len(a) < 2:
        raise DataError(
            f"the two systems' items have the shapes {list(a.shape)} and {list(b.shape)}",
            allowed="the same two or more items for both: [items] or [items, statistics]",
            fix="predict the same split with both systems",
        )
    a, b = (values[:, None] if values.ndim == 1 else values for values in (a, b))
    absent = np.isnan(a).all(axis=1) & np.isnan(b).all(axis=1) & lacking
    if not (np.isfinite(a[~absent]).all() and np.isfinite(b[~absent]).all()):
        raise DataError("an item's score is no finite number", allowed="finite numbers")
    if np.count_nonzero(~absent) < 2:
        raise DataError("a language has fewer than two items", allowed="two or more")
    return a, b
