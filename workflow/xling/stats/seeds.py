# SPDX-License-Identifier: Apache-2.0
"""Two systems over the same seeds: an exact sign-flip permutation test."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from xling.errors import DataError, UsageError

# With m seeds the smallest two-sided p value is 2 / 2^m: 0.25 for three, 0.0625 for five.  So fewer
# than six cannot reach 0.05; five are asked for so that mean and deviation mean something.
FEWEST_SEEDS = 5
# 2^20 sign patterns are the most that are worth listing.
MOST_SEEDS = 20
NOT_ENOUGH = "not enough seeds to claim"
# Sums of the same numbers in another order may differ in the last place.
_TIE = 1e-9


@dataclass(frozen=True)
class SeedTest:
    """Whether one system would beat another with other seeds.

    Attributes:
        difference: mean of the differences, first system less second.
        sd: their sample standard deviation; None for one seed.
        seeds: those that both systems have, ascending.
        left_out: seeds of one system only, ascending.
        p_value: two-sided; None with a ``note``.
        note: :data:`NOT_ENOUGH`, or empty.
    """

    difference: float
    sd: float | None
    seeds: tuple[int, ...]
    left_out: tuple[int, ...]
    p_value: float | None
    note: str


def compare_seeds(first: Mapping[int, float], second: Mapping[int, float]) -> SeedTest:
    """Compare two systems' scores, paired by seed.

    If the systems were equal, each difference could as well have had the other sign: the p value
    is the share of all sign patterns whose mean is at least as far from 0 as the observed one.

    Args:
        first: score of each seed.
        second: of the other system.

    Raises:
        DataError: no seed in common.
        UsageError: more than :data:`MOST_SEEDS`.
    """
    seeds = tuple(sorted(set(first) & set(second)))
    left_out = tuple(sorted(set(first) ^ set(second)))
    if not seeds:
        raise DataError(
            "the two systems have no seed in common",
            where=f"seeds {sorted(first)} and {sorted(second)}",
            allowed="systems that were trained with the same seeds",
            fix="run the missing seeds",
        )
    if len(seeds) > MOST_SEEDS:
        raise UsageError(
            f"{len(seeds)} seeds have too many sign patterns to list",
            allowed=f"{MOST_SEEDS} seeds or fewer",
            fix="name the seeds to be compared",
        )
    gaps = [first[seed] - second[seed] for seed in seeds]
    sd = statistics.stdev(gaps) if len(gaps) > 1 else None
    few = len(seeds) < FEWEST_SEEDS
    return SeedTest(
        difference=statistics.fmean(gaps),
        sd=sd,
        seeds=seeds,
        left_out=left_out,
        p_value=None if few else _sign_flips(np.array(gaps)),
        note=NOT_ENOUGH if few else "",
    )


def _sign_flips(gaps: np.ndarray) -> float:
    """Return the share of sign patterns whose sum is as far from 0 as that of ``gaps``."""
    # Number k in binary, its digits as signs: all patterns once, the observed one among them.
    digits = np.arange(2 ** len(gaps))[:, None] >> np.arange(len(gaps))[None, :] & 1
    sums = (1 - 2 * digits) @ gaps
    bound = abs(gaps.sum()) - _TIE * np.abs(gaps).sum()
    return float(np.count_nonzero(np.abs(sums) >= bound) / len(sums))
