# SPDX-License-Identifier: Apache-2.0
"""Scores of mined pairs and the choice of a threshold."""

from __future__ import annotations

import math
import random

import pytest

from xling.errors import DataError
from xling.metrics.mining import best_threshold, pair_scores


def kept_f1(scores: list[float], is_gold: list[bool], number_of_gold: int, cut: float) -> float:
    kept = [gold for score, gold in zip(scores, is_gold, strict=True) if score >= cut]
    hits = sum(kept)
    if not hits:
        return 0.0
    precision, recall = hits / len(kept), hits / number_of_gold
    return 2 * precision * recall / (precision + recall) * 100


def test_pairs_are_sets() -> None:
    gold = [("f1", "e1"), ("f2", "e2"), ("f3", "e3"), ("f3", "e3")]
    predicted = [("f1", "e1"), ("f1", "e1"), ("f2", "e3")]
    assert pair_scores(gold, predicted) == (50.0, pytest.approx(100 / 3), pytest.approx(40.0))
    assert pair_scores(gold, []) == (0.0, 0.0, 0.0)
    assert pair_scores(gold, [("e1", "f1")]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("seed", range(50))
def test_no_cut_is_better_than_the_best(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(0, 40)
    # Few different values, so that ties are common.
    scores = [rng.choice((0.5, 0.75, 1.0, 1.25)) + rng.choice((0, 1e-3)) for _ in range(count)]
    is_gold = [rng.random() < score / 2 for score in scores]
    number_of_gold = sum(is_gold) + rng.randint(1, 5)
    threshold, f1 = best_threshold(scores, is_gold, number_of_gold)
    everywhere = [
        kept_f1(scores, is_gold, number_of_gold, cut) for cut in [*scores, math.inf, -math.inf]
    ]
    assert f1 == pytest.approx(max(everywhere))
    assert kept_f1(scores, is_gold, number_of_gold, threshold) == f1
    worst_kept = min((score for score in scores if score >= threshold), default=math.inf)
    higher = [cut for cut in scores if cut > worst_kept]
    assert all(kept_f1(scores, is_gold, number_of_gold, cut) < f1 for cut in higher)


def test_the_threshold_lies_halfway() -> None:
    assert best_threshold([1.0, 2.0, 4.0], [False, True, True], 2) == (1.5, 100.0)


def test_all_kept_gives_the_lowest_score() -> None:
    assert best_threshold([1.0, 2.0], [True, True], 2) == (1.0, 100.0)


def test_of_equally_good_thresholds_the_highest_wins() -> None:
    # One of one and two of three: F1 is 2/3 with one gold pair more, both times.
    scores, gold = [4.0, 3.0, 2.0, 1.0], [True, False, False, True]
    assert best_threshold(scores, gold, 2) == (3.5, pytest.approx(200 / 3))
    assert kept_f1(scores, gold, 2, 1.0) == pytest.approx(200 / 3)


def test_equal_scores_are_kept_together() -> None:
    threshold, f1 = best_threshold([1.0, 1.0, 0.5], [True, False, False], 1)
    assert (threshold, f1) == (0.75, pytest.approx(200 / 3))


def test_neighbouring_numbers_are_told_apart() -> None:
    low = 1.0
    high = math.nextafter(low, 2.0)
    threshold, f1 = best_threshold([high, low], [True, False], 1)
    assert (threshold, f1) == (high, 100.0)


def test_without_a_hit_nothing_is_kept() -> None:
    assert best_threshold([1.0, 0.5], [False, False], 3) == (math.inf, 0.0)
    assert best_threshold([], [], 3) == (math.inf, 0.0)


@pytest.mark.parametrize(
    ("scores", "is_gold", "number_of_gold", "said"),
    [
        ([1.0], [True], 0, "without gold pairs"),
        ([1.0, math.nan], [True, False], 1, "1 of 2 scores"),
        ([1.0, 0.5], [True, True], 1, "2 mined pairs are gold"),
    ],
)
def test_what_cannot_be_tuned_is_refused(scores, is_gold, number_of_gold, said) -> None:
    with pytest.raises(DataError, match=said):
        best_threshold(scores, is_gold, number_of_gold)


def test_scoring_needs_gold_pairs() -> None:
    with pytest.raises(DataError, match="without gold pairs"):
        pair_scores([], [("f1", "e1")])
