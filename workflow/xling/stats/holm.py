# SPDX-License-Identifier: Apache-2.0
"""Holm's correction for many comparisons (Holm 1979)."""

from __future__ import annotations

from collections.abc import Sequence

from xling.errors import DataError


def holm(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p values, in the order given.

    Those at most alpha may be claimed together: the chance that any of them is wrong is at most
    alpha, whatever depends on what.

    Raises:
        DataError: a value outside [0, 1].
    """
    wrong = [p for p in p_values if not 0.0 <= p <= 1.0]
    if wrong:
        raise DataError(f"{wrong[0]} is no p value", allowed="numbers from 0 to 1")
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        # A p value must not fall below that of a smaller one.
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
