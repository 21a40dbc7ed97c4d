# SPDX-License-Identifier: Apache-2.0
"""Two systems on the same items: against slow loops, exact tests, and simulated truth."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from xling.errors import DataError, UsageError
from xling.stats.holm import holm
from xling.stats.items import compare_items, f1_score
from xling.stats.languages import Systems, compare_languages, compare_pairs


def answers(n, better, seed=0):
    """Two systems' right (100) and wrong (0) answers; ``better``: chance of a changed item."""
    rng = np.random.default_rng(seed)
    second = 100.0 * (rng.random(n) < 0.6)
    first = np.where(rng.random(n) < better, 100.0, second)
    return first, second


def spans(n, seed):
    """Counts (right, predicted, gold) of sentences."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 5, n)
    right = rng.binomial(gold, 0.7)
    return np.stack([right, right + rng.integers(0, 2, n), gold], axis=1).astype(float)


def f1_of(rows):
    right, predicted, gold = np.sum(rows, axis=0)
    return 200.0 * right / (predicted + gold)


def slow_bootstrap(first, second, score, resamples, seed):
    """One resample at a time; the package's draws."""
    n = len(first)
    rng = np.random.default_rng([seed, 1])
    found = []
    for _ in range(resamples):
        rows = rng.integers(0, n, size=n)
        found.append(score(first[rows]) - score(second[rows]))
    return np.array(found)


def test_bootstrap_equals_a_loop():
    first, second = answers(50, 0.2)
    test = compare_items(first, second, resamples=200, seed=4)
    drawn = slow_bootstrap(first, second, np.mean, 200, 4)
    assert test.difference == first.mean() - second.mean()
    assert (test.low, test.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    extreme = (np.abs(drawn - drawn.mean()) >= test.difference - 1e-9).sum()
    assert test.p_bootstrap == (extreme + 1) / 201
    assert test.items == 50


def test_f1_is_made_of_sums_of_counts():
    first, second = spans(40, 1), spans(40, 2)
    test = compare_items(first, second, score=f1_score, resamples=150, seed=9)
    drawn = slow_bootstrap(first, second, f1_of, 150, 9)
    assert test.difference == pytest.approx(f1_of(first) - f1_of(second))
    assert (test.low, test.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def exact_randomisation(first, second, score):
    """All 2^n exchanges."""
    observed = abs(score(first) - score(second))
    hits = 0
    for swap in product((False, True), repeat=len(first)):
        where = np.array(swap).reshape(-1, *(1,) * (first.ndim - 1))
        a, b = np.where(where, second, first), np.where(where, first, second)
        hits += abs(score(a) - score(b)) >= observed - 1e-9
    return hits / 2 ** len(first)


@pytest.mark.parametrize("kind", ["accuracy", "f1"])
def test_randomisation_comes_near_the_exact_test(kind):
    if kind == "accuracy":
        first, second = answers(12, 0.7, seed=5)
        exact = exact_randomisation(first, second, np.mean)
        test = compare_items(first, second, resamples=20_000)
    else:
        first, second = spans(12, 5), spans(12, 6)
        exact = exact_randomisation(first, second, f1_of)
        test = compare_items(first, second, score=f1_score, resamples=20_000)
    assert 0.01 < exact < 0.9
    assert test.p_randomisation == pytest.approx(exact, abs=0.015)


def test_randomisation_of_right_and_wrong_is_the_sign_test():
    # 9 items only the first has right, 2 only the second: McNemar's exact test.
    first = np.array([100.0] * 9 + [0.0] * 2 + [100.0] * 30)
    second = np.array([0.0] * 9 + [100.0] * 2 + [100.0] * 30)
    exact = stats.binomtest(9, 11).pvalue
    assert compare_items(first, second).p_randomisation == pytest.approx(exact, abs=0.01)


def test_equal_systems_are_never_different():
    first, _ = answers(100, 0.0)
    test = compare_items(first, first)
    assert (test.difference, test.low, test.high) == (0.0, 0.0, 0.0)
    assert test.p_bootstrap == test.p_randomisation == 1.0


def test_sides_are_exchangeable_and_seeds_repeat():
    first, second = answers(80, 0.1)
    one, other = compare_items(first, second), compare_items(second, first)
    assert other.difference == -one.difference
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))
    assert other.p_bootstrap == one.p_bootstrap
    assert compare_items(first, second) == one
    assert compare_items(first, second, seed=1) != one


def test_true_nulls_are_claimed_as_often_as_promised():
    rng = np.random.default_rng(0)
    found = [compare_items(*rng.normal(size=(2, 60)), resamples=400, seed=i) for i in range(400)]
    for p_values in ([t.p_randomisation for t in found], [t.p_bootstrap for t in found]):
        # 5 % of 400, two and a half standard errors either way.
        assert 9 <= sum(p <= 0.05 for p in p_values) <= 32


def test_languages_and_their_mean():
    first = {"de": answers(60, 0.3, 1)[0], "sw": answers(90, 0.1, 2)[0]}
    second = {"de": answers(60, 0.3, 1)[1], "sw": answers(90, 0.1, 2)[1]}
    found = compare_languages(first, second, parallel=False, resamples=2_000)
    assert list(found.languages) == ["de", "sw"]
    gaps = [first[c].mean() - second[c].mean() for c in first]
    assert found.macro.difference == pytest.approx(np.mean(gaps))
    assert found.macro.items == 150
    # Independent languages: the error of the mean follows from those of the parts.
    widths = [t.high - t.low for t in found.languages.values()]
    assert found.macro.high - found.macro.low == pytest.approx(np.hypot(*widths) / 2, rel=0.1)
    assert list(found.adjusted.values()) == holm(
        [t.p_randomisation for t in found.languages.values()]
    )
    # A language's draws do not depend on which others there are.
    alone = compare_languages(
        {"sw": first["sw"]}, {"sw": second["sw"]}, parallel=False, resamples=2_000
    )
    assert alone.languages["sw"] == found.languages["sw"]


def test_translations_of_the_same_items_are_drawn_together():
    first, second = answers(100, 0.2)
    languages = {"de": (first, second), "es": (first, second), "fr": (first, second)}
    sides = [{c: pair[i] for c, pair in languages.items()} for i in (0, 1)]
    together = compare_languages(*sides, parallel=True, resamples=1_000)
    # Copies of one language tell no more than one.
    assert together.macro.p_randomisation == together.languages["de"].p_randomisation
    assert together.macro.high == pytest.approx(together.languages["de"].high)
    apart = compare_languages(*sides, parallel=False, resamples=1_000)
    width = together.macro.high - together.macro.low
    assert (apart.macro.high - apart.macro.low) < 0.75 * width


def test_sums_of_languages_are_tested_like_their_mean():
    sides = [{c: answers(80, better, s)[i] for c, better, s in LANGUAGES} for i in (0, 1)]
    gap = {"en": 1.0, "de": -0.5, "sw": -0.5}
    sums = {"gap": gap, "mean": dict.fromkeys(gap, 1 / 3), "de": {"de": 1.0}}
    found = compare_languages(*sides, parallel=True, combine=sums, resamples=300, seed=3)
    assert found.combined["mean"].difference == pytest.approx(found.macro.difference)
    assert found.combined["mean"].p_randomisation == found.macro.p_randomisation
    assert found.combined["de"] == found.languages["de"]
    # One resample at a time, the same items in all languages.
    rng = np.random.default_rng([3, 1])
    drawn = []
    for _ in range(300):
        rows = rng.integers(0, 80, size=80)
        drawn.append(sum(w * (sides[0][c] - sides[1][c])[rows].mean() for c, w in gap.items()))
    test = found.combined["gap"]
    assert (test.low, test.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    assert test.difference == pytest.approx(
        sum(w * (sides[0][c] - sides[1][c]).mean() for c, w in gap.items())
    )
    assert test.items == 240
    with pytest.raises(DataError, match="weighs a language that is not compared"):
        compare_languages(*sides, parallel=True, combine={"gap": {"fr": 1.0}}, resamples=1)


LANGUAGES = (("en", 0.2, 1), ("de", 0.5, 2), ("sw", 0.1, 3))


def test_true_equal_gaps_are_claimed_as_often_as_promised():
    # The first system is much better, by as much in both languages.
    rng = np.random.default_rng(1)
    claimed = 0
    for i in range(200):
        sides = [{c: rng.normal(level, 1.0, 60) for c in ("en", "de")} for level in (3.0, 0.0)]
        gap = {"gap": {"en": 1.0, "de": -1.0}}
        found = compare_languages(*sides, parallel=True, combine=gap, resamples=300, seed=i)
        claimed += found.combined["gap"].p_bootstrap <= 0.05
    # 5 % of 200, two and a half standard errors either way.
    assert 3 <= claimed <= 18


@pytest.mark.parametrize("score", [None, f1_score])
def test_items_that_a_language_lacks_weigh_nothing(score):
    whole = [answers(60, 0.3, 1)[i] if score is None else spans(60, i) for i in (0, 1)]
    other = [answers(60, 0.3, 2)[i] if score is None else spans(60, i + 2) for i in (0, 1)]
    lacking = [values.astype(float).copy() for values in other]
    gone = np.arange(0, 60, 4)
    for values in lacking:
        values[gone] = np.nan
    value = np.mean if score is None else f1_of
    options = {} if score is None else {"score": score}
    found = compare_languages(
        {"en": whole[0], "de": lacking[0]},
        {"en": whole[1], "de": lacking[1]},
        parallel=True,
        resamples=150,
        seed=5,
        **options,
    )
    kept = [np.delete(values, gone, axis=0) for values in other]
    test = found.languages["de"]
    assert test.difference == pytest.approx(value(kept[0]) - value(kept[1]))
    assert (test.items, found.macro.items) == (45, 105)
    rng = np.random.default_rng([5, 1])
    drawn = []
    for _ in range(150):
        rows = rng.integers(0, 60, size=60)
        there = rows[~np.isin(rows, gone)]
        drawn.append(value(other[0][there]) - value(other[1][there]))
    assert (test.low, test.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    # Where one system lacks it, the systems were not tested on the same items.
    with pytest.raises(DataError, match="no finite number"):
        compare_languages({"de": lacking[0]}, {"de": other[1]}, parallel=True, resamples=1)
    nothing = np.full_like(lacking[0], np.nan)
    with pytest.raises(DataError, match="fewer than two items"):
        compare_languages({"de": nothing}, {"de": nothing}, parallel=True, resamples=1)


@pytest.mark.parametrize("parallel", [True, False])
def test_pairs_get_the_same_draws_as_alone(parallel):
    sides = [{c: answers(80, better, s)[i] for c, better, s in LANGUAGES} for i in (0, 1)]
    third = {c: answers(80, 0.4, s + 9)[0] for c, _, s in LANGUAGES}
    pairs = {"one": Systems(sides[0], sides[1], {}), "other": Systems(sides[0], third, {})}
    found = compare_pairs(pairs, parallel=parallel, resamples=200)
    for name, systems in pairs.items():
        alone = compare_languages(systems.first, systems.second, parallel=parallel, resamples=200)
        assert found[name].macro.p_randomisation == alone.macro.p_randomisation
        assert found[name].macro.p_bootstrap == alone.macro.p_bootstrap
        assert found[name].macro.low == pytest.approx(alone.macro.low)
        assert list(found[name].languages) == ["en", "de", "sw"]
    shorter = Systems(*({c: side[c][:50] for c in side} for side in sides), {})
    with pytest.raises(DataError, match="different numbers of items"):
        compare_pairs(pairs | {"other": shorter}, parallel=parallel, resamples=1)


def test_what_cannot_be_compared_is_refused():
    first, second = answers(10, 0.2)
    for a, b in ((first, second[:9]), (first[:1], second[:1]), (first, second[:, None])):
        with pytest.raises(DataError, match="have the shapes"):
            compare_items(a, b)
    with pytest.raises(DataError, match="no finite number"):
        compare_items(first, np.where(second > 0, np.inf, 0.0))
    with pytest.raises(UsageError, match="resamples"):
        compare_items(first, second, resamples=0)
    with pytest.raises(DataError, match="same languages"):
        compare_languages({"de": first}, {"es": second}, parallel=True)
    with pytest.raises(DataError, match="different numbers of items"):
        compare_languages(
            {"de": first, "es": first[:5]}, {"de": second, "es": second[:5]}, parallel=True
        )


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
    with pytest.raises(DataError, match="no p value"):
        holm([0.1, 1.2])
