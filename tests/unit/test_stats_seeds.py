# SPDX-License-Identifier: Apache-2.0
"""The exact sign-flip test over seeds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from xling.errors import DataError, UsageError
from xling.stats.seeds import NOT_ENOUGH, compare_seeds


def scores(values, start=1):
    return dict(enumerate(values, start=start))


def slow_p(gaps):
    sums = [
        abs(sum(s * g for s, g in zip(signs, gaps, strict=True)))
        for signs in product((1, -1), repeat=len(gaps))
    ]
    return sum(one >= abs(sum(gaps)) - 1e-9 for one in sums) / len(sums)


def test_all_sign_patterns_are_counted():
    gaps = [0.9, -0.2, 1.4, 0.3, 0.8, -0.1, 0.7]
    test = compare_seeds(scores([70 + gap for gap in gaps]), scores([70.0] * 7))
    assert test.p_value == slow_p(gaps)
    assert test.difference == pytest.approx(np.mean(gaps))
    assert test.sd == pytest.approx(np.std(gaps, ddof=1))
    assert test.seeds == (1, 2, 3, 4, 5, 6, 7)
    assert test.note == ""


def test_the_smallest_p_values_are_those_of_coins():
    for count in (5, 6, 8):
        won = compare_seeds(scores(range(71, 71 + count)), scores([70.0] * count))
        assert won.p_value == 2 / 2**count


def test_equal_scores_are_never_different():
    same = scores([70.1, 71.2, 69.9, 70.3, 70.4])
    assert compare_seeds(same, same).p_value == 1.0


def test_sums_that_differ_by_rounding_are_equal():
    # +0.1 +0.2 -0.3 in another order is not exactly 0.
    gaps = [0.1, 0.2, -0.3, 0.1, 0.2, -0.3]
    assert compare_seeds(scores(gaps), scores([0.0] * 6)).p_value == 1.0


def test_fewer_than_five_seeds_claim_nothing():
    test = compare_seeds(scores([90.0, 91.0, 92.0, 93.0]), scores([10.0, 11.0, 12.0, 13.0]))
    assert (test.p_value, test.note) == (None, NOT_ENOUGH)
    assert test.difference == 80.0
    one = compare_seeds({1: 5.0}, {1: 4.0})
    assert (one.sd, one.p_value, one.difference) == (None, None, 1.0)


def test_only_common_seeds_are_paired_and_the_others_are_named():
    test = compare_seeds(scores([1.0] * 6), scores([0.0] * 6, start=2))
    assert test.seeds == (2, 3, 4, 5, 6)
    assert test.left_out == (1, 7)
    with pytest.raises(DataError, match="no seed in common"):
        compare_seeds({1: 1.0}, {2: 1.0})
    with pytest.raises(UsageError, match="too many sign patterns"):
        compare_seeds(scores(range(21)), scores(range(21)))
