# SPDX-License-Identifier: Apache-2.0
"""Linear CKA: the textbook's formula, its invariances, and its estimate from batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xling.analysis.cka import linear_cka, minibatch_cka
from xling.errors import DataError, UsageError

RNG = np.random.default_rng(0)
SHAPES = [(40, 7, 7), (12, 30, 30), (20, 5, 35), (25, 25, 9)]


def related(n, d, e, seed=1):
    """Two representations of the same items, with large means as encoders have them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x + 50.0, x @ rng.normal(size=(d, e)) + rng.normal(size=(n, e)) - 20.0


def slow_cka(x, y):
    """Kornblith et al. 2019, equations 2 and 3: HSIC with the centring matrix written out."""
    n = len(x)
    h = np.eye(n) - np.ones((n, n)) / n

    def hsic(a, b):
        return np.trace(a @ a.T @ h @ b @ b.T @ h) / (n - 1) ** 2

    return hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y))


def slow_hsic(x, y):
    """Unbiased HSIC, term by term: every index of a product differs from the others."""
    n = len(x)
    k, m = x @ x.T, y @ y.T
    pairs = triples = quadruples = 0.0
    for i in range(n):
        for j in range(n):
            if j == i:
                continue
            pairs += k[i, j] * m[i, j]
            for q in range(n):
                if q in (i, j):
                    continue
                triples += k[i, j] * m[i, q]
                for r in range(n):
                    if r not in (i, j, q):
                        quadruples += k[i, j] * m[q, r]
    two, three, four = n * (n - 1), n * (n - 1) * (n - 2), n * (n - 1) * (n - 2) * (n - 3)
    return pairs / two - 2 * triples / three + quadruples / four


@pytest.mark.parametrize(("n", "d", "e"), SHAPES)
def test_equals_the_textbook(n, d, e):
    x, y = related(n, d, e)
    assert linear_cka(x, y) == pytest.approx(slow_cka(x, y), rel=1e-10)
    assert 0.05 < linear_cka(x, y) < 0.999


@pytest.mark.parametrize(("n", "d", "e"), SHAPES)
def test_rotation_scale_and_shift_change_nothing(n, d, e):
    x, y = related(n, d, e)
    turn, _ = np.linalg.qr(RNG.normal(size=(d, d)))
    assert linear_cka(x, x) == pytest.approx(1.0, abs=1e-12)
    assert linear_cka(x, 1e-3 * x @ turn + 3.0) == pytest.approx(1.0, abs=1e-9)
    assert linear_cka(1e8 * x @ turn - 7.0, y) == pytest.approx(linear_cka(x, y), rel=1e-9)


def test_unequal_scales_of_features_do_change_it():
    x, _ = related(60, 4, 4)
    assert linear_cka(x, x * [1.0, 10.0, 0.1, 3.0]) < 0.99


def test_only_the_pairing_of_items_counts():
    x, y = related(50, 6, 6)
    order = RNG.permutation(50)
    assert linear_cka(x[order], y[order]) == pytest.approx(linear_cka(x, y), rel=1e-12)
    assert linear_cka(x[order], y) < linear_cka(x, y) - 0.1
    assert linear_cka(y, x) == pytest.approx(linear_cka(x, y), rel=1e-12)


def test_half_precision_and_tensors_are_summed_in_float64():
    x, y = related(40, 6, 6)
    expected = linear_cka(x.astype(np.float32).astype(np.float64), y)
    assert linear_cka(x.astype(np.float32), y) == expected
    tensor = torch.tensor(x, dtype=torch.float32, requires_grad=True)
    assert linear_cka(tensor, y) == expected
    assert 0.0 < linear_cka(tensor.detach().bfloat16(), y) < 1.0


def test_one_batch_equals_the_estimate_written_out():
    x, y = related(9, 5, 4)
    expected = slow_hsic(x, y) / np.sqrt(slow_hsic(x, x) * slow_hsic(y, y))
    assert minibatch_cka(x, y, 9) == pytest.approx(expected, rel=1e-6)


def test_batches_are_averaged_before_the_division():
    x, y = related(15, 3, 3)
    order = np.random.default_rng(5).permutation(15)
    # 15 items in batches of 4 or more: three of 5.
    parts = [order[:5], order[5:10], order[10:]]
    sums = [sum(slow_hsic(a[rows], b[rows]) for rows in parts) for a, b in ((x, y), (x, x), (y, y))]
    expected = sums[0] / np.sqrt(sums[1] * sums[2])
    assert minibatch_cka(x, y, 4, seed=5) == pytest.approx(expected, rel=1e-6)


def test_batches_converge_to_the_whole():
    x, y = related(1200, 8, 8)
    whole = linear_cka(x, y)
    errors = {
        size: np.mean([abs(minibatch_cka(x, y, size, seed=s) - whole) for s in range(5)])
        for size in (8, 64, 300, 1200)
    }
    assert errors[8] < 0.05
    assert errors[300] < 0.01
    assert errors[1200] < 0.005
    assert errors[1200] < errors[8]


def test_unrelated_representations_are_unbiased_in_batches_only():
    x, y = RNG.normal(size=(2, 60, 120))
    assert linear_cka(x, y) > 0.5
    assert abs(minibatch_cka(x, y, 60)) < 0.1


def test_a_seed_repeats_a_number():
    x, y = related(100, 6, 6)
    assert minibatch_cka(x, y, 10, seed=3) == minibatch_cka(x, y, 10, seed=3)
    assert minibatch_cka(x, y, 10, seed=3) != minibatch_cka(x, y, 10, seed=4)


def test_what_has_no_cka_is_refused():
    x, y = related(10, 4, 4)
    constant = np.full((10, 4), 0.1, dtype=np.float32)
    for first, second, words in (
        (constant, y, "the first representation is the same for all 10 items"),
        (x, constant, "the second representation is the same"),
        (np.zeros((10, 4)), y, "the same for all"),
        (x[:1], y[:1], "CKA of 1 item"),
        (x[:0], y[:0], "CKA of 0 items"),
        (x, y[:9], "10 items with 9 items"),
        (x[0], y[0], "the shape [4]"),
        (np.where(x == x[3, 1], np.nan, x), y, "of 1 of 10 items are no finite numbers"),
    ):
        with pytest.raises(DataError) as caught:
            linear_cka(first, second)
        assert words in caught.value.what
        assert caught.value.allowed
    with pytest.raises(DataError, match="CKA of 3 items"):
        minibatch_cka(x[:3], y[:3], 4)
    with pytest.raises(UsageError, match="batches of 3 items"):
        minibatch_cka(x, y, 3)


def test_batches_in_which_nothing_varies_are_refused():
    x, y = related(8, 4, 4)
    x[:] = 0.0
    x[0] = 1.0
    # One item that differs: the unbiased estimate of its own HSIC is not above 0.
    with pytest.raises(DataError, match="varies too little"):
        minibatch_cka(x, y, 8)
