# SPDX-License-Identifier: Apache-2.0
"""Shares with a floor: {alpha_n >= floor, sum = 1}, by projection, softmax or mixing."""

from __future__ import annotations

import numpy as np

from xling.mt.weighting import Floats


def project(values: Floats, floor: float) -> Floats:
    """Return the nearest shares (Euclid) that are all at least ``floor``, below 1/N.

    Without floor: Held, Wolfe and Crowder 1974, by sorting.
    """
    mass = 1.0 - floor * len(values)
    above = values - floor
    falling = np.sort(above)[::-1]
    # The excess that the largest k would have to give up, for each k.
    excess = (np.cumsum(falling) - mass) / np.arange(1, len(values) + 1)
    last = np.flatnonzero(falling > excess)[-1]
    return floor + np.maximum(above - excess[last], 0.0)


def mixed(shares: Floats, floor: float) -> Floats:
    """Return floor + (1 - N floor) * shares: at least ``floor`` each, nearer to equal shares."""
    return floor + (1.0 - floor * len(shares)) * shares


def softmax(logits: Floats) -> Floats:
    """Return exp(logits), normalised."""
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def through_softmax(shares: Floats, gradient: Floats) -> Floats:
    """Return the gradient by the logits, given that by the shares: J^T gradient."""
    return shares * (gradient - shares @ gradient)
