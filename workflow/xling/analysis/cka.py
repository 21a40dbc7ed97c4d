# SPDX-License-Identifier: Apache-2.0
"""Linear CKA: how alike two representations of the same items are.

Kornblith et al. 2019, "Similarity of Neural Network Representations Revisited", for the whole;
Nguyen, Raghu and Kornblith 2021, "Do Wide and Deep Networks Learn the Same Things?", for batches.
All sums are in float64, whatever comes in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xling.errors import DataError, UsageError

Floats = npt.NDArray[np.float64]

# Ours: what is left after centring is rounding when it is below float32's resolution (1.2e-7) of
# what was there before, with some room for sums of many terms.
_FLAT = 1e-6
# Ours: an estimate of 0 comes out as a few units in float64's last place of its terms.
_ROUNDING = 1e-12
# The unbiased estimate divides by n - 3.
SMALLEST_BATCH = 4


def linear_cka(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Return the linear CKA of two representations, in [0, 1].

    ``|Y'X|^2 / (|X'X| |Y'Y|)`` with centred columns and Frobenius norms.  The same number follows
    from products of features or from products of examples; the smaller of the two is computed, so
    the memory beside the inputs is min(n, d)^2 numbers.

    Two items always have CKA 1.  For few items in many dimensions the value is biased upwards
    (independent representations reach about d / (n + d)); :func:`minibatch_cka` is not.

    Args:
        x: representations of n items, shape [n, d]; a tensor on the CPU will do.
        y: of the same items in the same order, shape [n, e].

    Raises:
        DataError: fewer than two items, different numbers of items, values that are no finite
            numbers, or a representation that is the same for all items.
    """
    a, b = _pair(x, y)
    a, b = _centred(a, "first"), _centred(b, "second")
    if max(a.shape[1], b.shape[1]) <= len(a):
        cross, own, other = b.T @ a, a.T @ a, b.T @ b
        value = _sum_squares(cross) / np.sqrt(_sum_squares(own) * _sum_squares(other))
    else:
        grams = a @ a.T, b @ b.T
        value = np.vdot(*grams) / np.sqrt(_sum_squares(grams[0]) * _sum_squares(grams[1]))
    # Rounding may leave the range by a few units in the last place.
    return float(np.clip(value, 0.0, 1.0))


def minibatch_cka(x: npt.ArrayLike, y: npt.ArrayLike, batch_size: int, *, seed: int = 0) -> float:
    """Return CKA from unbiased HSIC estimates, each averaged over batches before the division.

    It has the same expectation for every batch size, so models may be compared although they were
    read in different batches.  It is at most 1; unlike :func:`linear_cka` it is near 0, and may be
    negative, for unrelated representations.

    Items are dealt out at random: neighbours in a test set are not independent (XNLI has three
    hypotheses per premise).  Every item is in one batch; n that is not a multiple makes batches
    larger.

    Args:
        x: representations of n items, shape [n, d]; a tensor on the CPU will do.
        y: of the same items in the same order, shape [n, e].
        batch_size: items per batch, at least :data:`SMALLEST_BATCH`; n or more is one batch.
        seed: decides which items share a batch.

    Raises:
        UsageError: ``batch_size`` is too small.
        DataError: as in :func:`linear_cka`, or fewer than :data:`SMALLEST_BATCH` items.
    """
    if batch_size < SMALLEST_BATCH:
        raise UsageError(
            f"CKA cannot be estimated from batches of {batch_size} items",
            where="batch_size",
            allowed=f"{SMALLEST_BATCH} or more",
            fix="take larger batches: the estimate's variance falls with their size",
        )
    a, b = _pair(x, y, least=SMALLEST_BATCH)
    # The estimate does not depend on the mean, but large means would cost digits.
    a, b = _centred(a, "first"), _centred(b, "second")
    order = np.random.default_rng(seed).permutation(len(a))
    sums, sizes = np.zeros(3), np.zeros(2)
    for rows in np.array_split(order, max(1, len(order) // batch_size)):
        grams = a[rows] @ a[rows].T, b[rows] @ b[rows].T
        sums += [_hsic(grams[0], grams[1]), _hsic(grams[0], grams[0]), _hsic(grams[1], grams[1])]
        sizes += [_sum_squares(gram) / (len(rows) * (len(rows) - 3)) for gram in grams]
    if (sums[1:] <= _ROUNDING * sizes).any():
        raise DataError(
            "a representation varies too little within batches for an estimate of CKA",
            where=f"{len(a)} items in batches of {batch_size}",
            allowed="representations that differ between items",
            fix="take larger batches",
        )
    return float(min(sums[0] / np.sqrt(sums[1] * sums[2]), 1.0))


def _hsic(k: Floats, m: Floats) -> float:
    """Return the unbiased estimate of HSIC (Song et al. 2012, equation 5) from two Gram matrices.

    Diagonals are taken out here; the constant factor 1 / (n (n - 3)) is kept, as batches may differ
    in size.
    """
    n = len(k)
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    rows = k.sum(axis=0), m.sum(axis=0)
    whole = rows[0].sum() * rows[1].sum() / ((n - 1) * (n - 2))
    value = np.vdot(k, m) + whole - 2.0 / (n - 2) * (rows[0] @ rows[1])
    return float(value / (n * (n - 3)))


def _pair(x: npt.ArrayLike, y: npt.ArrayLike, least: int = 2) -> tuple[Floats, Floats]:
    """Return both as float64 matrices, checked."""
    a, b = _matrix(x), _matrix(y)
    if len(a) != len(b):
        raise DataError(
            f"CKA of {len(a)} items with {len(b)} items",
            allowed="two representations of the same items in the same order",
            fix="keep the items that both languages have, and sort them alike",
        )
    if len(a) < least:
        raise DataError(
            f"CKA of {len(a)} item{'s' * (len(a) != 1)}",
            allowed=f"{least} items or more",
            fix="compare languages that share more test items",
        )
    return a, b


def _matrix(values: Any) -> Floats:
    if hasattr(values, "detach"):  # a tensor: without importing torch for those who have none
        values = values.detach().cpu().double().numpy()
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise DataError(
            f"a representation has the shape {list(matrix.shape)}",
            allowed="[items, width]",
            fix="pool the sub-words of an item to one vector",
        )
    if not np.isfinite(matrix).all():
        wrong = int((~np.isfinite(matrix).all(axis=1)).sum())
        raise DataError(
            f"the representations of {wrong} of {len(matrix)} items are no finite numbers",
            allowed="finite numbers",
            fix="set precision: fp32, or see whether the model's weights are damaged",
        )
    return matrix


def _centred(matrix: Floats, which: str) -> Floats:
    """Return columns with mean 0, scaled so that no product under- or overflows."""
    centred = matrix - matrix.mean(axis=0)
    size = float(np.abs(centred).max())
    if size <= _FLAT * float(np.abs(matrix).max()):
        raise DataError(
            f"the {which} representation is the same for all {len(matrix)} items, so it has no CKA",
            allowed="representations that differ between items",
            fix="the first token of the embedding layer never differs: leave that layer out",
        )
    return centred / size


def _sum_squares(matrix: Floats) -> float:
    return float(np.vdot(matrix, matrix))
