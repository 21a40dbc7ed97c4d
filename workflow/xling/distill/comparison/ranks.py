# SPDX-License-Identifier: Apache-2.0
"""Spearman's correlation when items are drawn anew, or systems exchanged.

Drawn items are ranked anew: ranks of the whole set would leave out that they too depend on what was
drawn.  When systems are exchanged, each item's *ranks* change sides: cosines of two systems are not
on one scale.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from xling.stats.resampling import Floats

# Items times resamples that are held at once; each is a few arrays of 8 bytes.
_AT_ONCE = 1_000_000
_FLAT = 1e-12  # a variance of ranks below it is rounding


def rank_moments(cosines: Floats, gold: Floats) -> Floats:
    """Return x, x², xy, y, y² of each item: the standardised ranks of cosine x and gold score y."""
    x, y = (_standardised(rankdata(values)) for values in (cosines, gold))
    return np.stack([x, x * x, x * y, y, y * y], axis=1)


def _standardised(ranks: Floats) -> Floats:
    spread = float(ranks.std())
    centred = ranks - ranks.mean()
    return centred / spread if spread else centred


def pearson_of_moments(means: Floats) -> Floats:
    """Return the correlation times 100 of means of :func:`rank_moments`; 0 where x is constant."""
    x, xx, xy, y, yy = np.moveaxis(means, -1, 0)
    return _correlation(xy - x * y, xx - x * x, yy - y * y)


def _correlation(covariance: Floats, one: Floats, other: Floats) -> Floats:
    both = np.maximum(one, 0.0) * np.maximum(other, 0.0)
    flat = both < _FLAT
    return np.where(flat, 0.0, 100.0 * covariance / np.sqrt(np.where(flat, 1.0, both)))


def drawn_correlations(
    gold: Sequence[float], cosines: Sequence[Sequence[float]], seed: Sequence[int], resamples: int
) -> Floats:
    """Return Spearman's correlation times 100 of each system on items drawn with replacement.

    Args:
        gold: of the items.
        cosines: of each system, as many.
        seed: of the draws, the same for all systems.
        resamples: how often.

    Returns:
        Shape [systems, resamples]; 0 where all that was drawn is equal.
    """
    n = len(gold)
    rng = np.random.default_rng([*seed, 1])
    rankers = [_Ranker(np.asarray(one)) for one in (gold, *cosines)]
    size = max(1, _AT_ONCE // n)
    parts = []
    for start in range(0, resamples, size):
        count = min(size, resamples - start)
        draws = rng.integers(0, n, size=(count, n)) + n * np.arange(count)[:, None]
        counts = np.bincount(draws.ravel(), minlength=count * n).reshape(count, n).astype(float)
        y, *systems = (ranker.ranks(counts) for ranker in rankers)
        parts.append(np.stack([_weighted(x, y, counts) for x in systems]))
    return np.concatenate(parts, axis=1)


class _Ranker:
    """Ranks items whose values are known and whose counts change."""

    def __init__(self, values: Floats) -> None:
        self.order = np.argsort(values, kind="stable")
        self.place = np.argsort(self.order, kind="stable")
        ordered = values[self.order]
        new = np.append(True, ordered[1:] != ordered[:-1])
        group = np.cumsum(new) - 1
        starts = np.flatnonzero(new)
        self.first = starts[group]
        self.last = np.append(starts[1:], len(values))[group] - 1

    def ranks(self, counts: Floats) -> Floats:
        """Return mean ranks, centred, [resamples, items]; an item is there ``counts`` times."""
        ordered = counts[:, self.order]
        until = np.cumsum(ordered, axis=1)
        before = until[:, self.first] - ordered[:, self.first]
        mean = (before + until[:, self.last]) / 2
        # Ranks from 1 to n have the mean (n + 1) / 2; without the 1/2 on both sides it is n / 2.
        return mean[:, self.place] - counts.shape[1] / 2


def _weighted(x: Floats, y: Floats, counts: Floats) -> Floats:
    """Return the correlation of centred ranks [resamples, items]."""
    scale = float(counts.shape[1]) ** 3 / 12  # of ranks without ties, so that rounding is small
    weighted = counts * y
    return _correlation(
        np.einsum("ri,ri->r", weighted, x) / scale,
        np.einsum("ri,ri,ri->r", counts, x, x) / scale,
        np.einsum("ri,ri->r", weighted, y) / scale,
    )
