# SPDX-License-Identifier: Apache-2.0
"""Which rows go into which update."""

import numpy as np
import pytest

from xling.batches import GROUPS_OF, length_grouped, steps_of, token_batches, updates


def lengths(count, seed=0):
    return np.random.default_rng(seed).integers(4, 100, count)


@pytest.mark.parametrize("count", [1, 7, 32, 33, 5000])
def test_an_epoch_uses_every_row_once(count):
    batches = length_grouped(lengths(count), 32, np.random.default_rng(1))
    assert sorted(np.concatenate(batches)) == list(range(count))
    assert len(batches) == -(-count // 32)
    assert all(len(batch) <= 32 for batch in batches)


def test_rows_of_a_batch_are_of_similar_length():
    sizes = lengths(32 * GROUPS_OF)
    grouped = length_grouped(sizes, 32, np.random.default_rng(1))
    padded = sum(len(b) * sizes[b].max() for b in grouped)
    plain = sum(32 * sizes[i : i + 32].max() for i in range(0, len(sizes), 32))
    assert padded < 1.05 * sizes.sum()
    assert plain > 1.5 * sizes.sum()


def test_batches_are_not_in_order_of_length():
    sizes = lengths(32 * GROUPS_OF)
    longest = [sizes[b].max() for b in length_grouped(sizes, 32, np.random.default_rng(1))]
    assert longest != sorted(longest)
    assert longest != sorted(longest, reverse=True)
    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.5


def test_the_order_is_a_function_of_the_seed():
    one, same, other = (updates(lengths(100), 8, 40, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_more_steps_begin_with_the_same_steps():
    short, long = updates(lengths(100), 8, 10, 1), updates(lengths(100), 8, 40, 1)
    assert all(np.array_equal(a, b) for a, b in zip(short, long[:10], strict=True))
    first, second = long[:13], long[13:26]  # 13 batches an epoch
    assert sorted(np.concatenate(first)) == sorted(np.concatenate(second)) == list(range(100))
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("rows", "batch", "epochs", "steps"),
    [(49_401, 32, 3, 4_632), (49_401, 32, 1, 1_544), (392_702, 32, 1, 12_272), (10, 32, 1, 1)],
)
def test_steps_of_published_recipes(rows, batch, epochs, steps):
    """1,544 and 12,272 updates an epoch: Robust-XLT's released recipe."""
    assert steps_of(rows, batch, epochs) == steps


def test_token_batches_stay_within_the_budget():
    sizes = lengths(500)
    batches = token_batches(sizes, 400)
    assert sorted(np.concatenate(batches)) == list(range(500))
    assert all(len(b) * sizes[b].max() <= 400 for b in batches)


def test_a_row_longer_than_the_budget_stands_alone():
    batches = token_batches(np.array([3, 50, 4]), 10)
    assert [b.tolist() for b in batches] == [[1], [2, 0]]
