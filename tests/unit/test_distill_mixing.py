# SPDX-License-Identifier: Apache-2.0
"""How parts are mixed: shares, passes, and that the order is a function of the seed."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from xling.distill.mixing import WINDOW, Order, epoch_examples, shares
from xling.distill.settings import Mixing

EQUAL = Mixing(share="equal")
PROPORTIONAL = Mixing(share="proportional")


def order(sizes, mixing=EQUAL, *, batch=4, steps=1000, seed=1, unit=1):
    """Parts of so many units, each of ``unit`` examples."""
    ends = np.cumsum([0, *sizes]) * unit
    starts = [np.arange(a, b + 1, unit) for a, b in pairwise(ends)]
    lengths = np.random.default_rng(0).integers(1, 30, ends[-1])
    return Order(starts, lengths, mixing, batch=batch, steps=steps, seed=seed)


def taken(order, steps):
    return np.concatenate([order[step] for step in range(steps)])


def test_shares_by_hand():
    assert shares([1, 8], EQUAL).tolist() == [0.5, 0.5]
    np.testing.assert_allclose(shares([1, 8], PROPORTIONAL), [1 / 9, 8 / 9])
    # 8 ** (1/3) = 2
    cubed = Mixing(share="temperature", temperature=3.0)
    np.testing.assert_allclose(shares([1, 8], cubed), [1 / 3, 2 / 3])
    warm = Mixing(share="temperature", temperature=1.0)
    np.testing.assert_allclose(shares([3, 5], warm), shares([3, 5], PROPORTIONAL))


def test_equal_share_repeats_small_parts_and_cuts_large_ones():
    found = taken(order([10, 1000]), WINDOW * 4)  # 800 examples of two parts: 400 each
    small = Counter(found[found < 10].tolist())
    large = Counter(found[found >= 10].tolist())
    assert small == dict.fromkeys(range(10), 40)
    assert len(large) == 400
    assert set(large.values()) == {1}


def test_every_turn_takes_as_many_units_of_each_part():
    found = taken(order([300, 300, 300], Mixing(turn=10), batch=3), WINDOW * 2)
    turns = found[: 30 * 10].reshape(2, -1)  # a window is 150 examples: five turns
    for window in turns:
        assert np.bincount(window // 300).tolist() == [50, 50, 50]


def test_a_proportional_epoch_has_every_example_once():
    one = order([30, 170], PROPORTIONAL, batch=2)  # 200 examples: two windows
    assert sorted(taken(one, 100).tolist()) == list(range(200))


def test_passes_differ_in_order_and_not_in_what_they_hold():
    one = order([100], Mixing(turn=100), batch=2)
    passes = taken(one, 3 * WINDOW).reshape(3, 100)
    assert all(sorted(each.tolist()) == list(range(100)) for each in passes)
    assert passes[0].tolist() != passes[1].tolist()


def test_the_order_is_a_function_of_the_seed():
    steps = [7, 120, 3, 3, 260]
    one = order([40, 60])
    straight = {step: order([40, 60])[step] for step in steps}
    for step in steps:  # back and forth
        np.testing.assert_array_equal(one[step], straight[step])
    other = order([40, 60], seed=2)
    assert any(other[s].tolist() != one[s].tolist() for s in range(10))


def test_batches_have_examples_of_similar_length():
    one = order([3000], batch=10)
    batches = [one.lengths[one[step]] for step in range(WINDOW)]
    padded = sum(len(batch) * batch.max() for batch in batches)
    assert padded < 1.05 * sum(batch.sum() for batch in batches)


def test_examples_of_a_unit_are_taken_together():
    one = order([20, 20], Mixing(turn=5), batch=3, unit=3)  # a window is 150 examples
    found = Counter((taken(one, 2 * WINDOW) // 3).tolist())
    assert set(found) == set(range(40))
    assert {count % 3 for count in found.values()} == {0}


@pytest.mark.parametrize("turn", [20, 60])
def test_proportional_epochs_have_every_example_as_often(turn):
    # 360 examples, three times, in batches of 6: 180 steps, the last window has 30.
    one = order([120, 240], Mixing(share="proportional", turn=turn), batch=6, steps=180)
    assert np.bincount(taken(one, 180)).tolist() == [3] * 360
    with pytest.raises(IndexError):
        one[180]


def test_the_last_window_may_be_short():
    short = taken(order([50], Mixing(turn=50), batch=5, steps=10), 10)
    assert sorted(short.tolist()) == list(range(50))


def test_epochs():
    starts = order([10, 990]).starts
    assert epoch_examples(starts, Mixing(epoch="largest")) == 990
    assert epoch_examples(starts, Mixing(epoch="total")) == 1000


@pytest.mark.parametrize("wrong", [{"temperature": 5.0}, {"share": "temperature"}])
def test_the_temperature_belongs_to_its_share(wrong):
    with pytest.raises(ValidationError, match="'temperature' belongs to"):
        Mixing(**wrong)
