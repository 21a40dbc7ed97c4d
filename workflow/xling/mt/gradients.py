# SPDX-License-Identifier: Apache-2.0
"""Gradients as lists of tensors, one per parameter: inner products and weighted sums.

They are kept in single precision.  Sums over a tensor are made by torch in single precision, sums
over tensors in double precision.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from xling.mt.weighting import Floats

Gradient = Sequence[torch.Tensor]

# Columns that inner products of rows are made of at a time: single precision loses nothing there.
_COLUMNS = 2**20


def dot(first: Gradient, second: Gradient) -> float:
    """Return the inner product of two gradients."""
    parts = [torch.dot(a.flatten(), b.flatten()) for a, b in zip(first, second, strict=True)]
    # One transfer from the device for all of them.
    return float(torch.stack(parts).double().sum())


def gram(gradients: Sequence[Gradient], groups: Sequence[int] | None = None) -> Floats:
    """Return all inner products, for each group of parameters: [groups, N, N].

    Args:
        gradients: of the N languages.
        groups: of each parameter, counted from 0; None: all are in one.
    """
    members = _members(groups, len(gradients[0]))
    result = np.empty((len(members), len(gradients), len(gradients)))
    for group, places in enumerate(members):
        picked = [[gradient[place] for place in places] for gradient in gradients]
        for row, first in enumerate(picked):
            for column in range(row + 1):
                value = dot(first, picked[column])
                result[group, row, column] = result[group, column, row] = value
    return result


def gram_of_rows(rows: torch.Tensor, groups: Sequence[slice]) -> Floats:
    """Return all inner products of gradients that are rows of a matrix, [groups, N, N].

    Args:
        rows: [N, P].
        groups: the columns of each group of parameters.
    """
    grams = []
    for columns in groups:
        parts = rows[:, columns].split(_COLUMNS, dim=1)
        products = torch.stack([(part @ part.T).double() for part in parts])
        grams.append(products.sum(0))
    found: Floats = torch.stack(grams).cpu().numpy()
    return found


def combine(
    gradients: Sequence[Gradient], factors: Floats, groups: Sequence[int] | None = None
) -> list[torch.Tensor]:
    """Return the sum over languages of factor times gradient, as new tensors.

    Args:
        gradients: of the N languages.
        factors: [groups, N].
        groups: as in :func:`gram`.
    """
    result = [torch.zeros_like(part) for part in gradients[0]]
    for group, places in enumerate(_members(groups, len(result))):
        for place in places:
            for factor, gradient in zip(factors[group], gradients, strict=True):
                result[place].add_(gradient[place], alpha=float(factor))
    return result


def _members(groups: Sequence[int] | None, parameters: int) -> list[list[int]]:
    """Return the places of the parameters of each group."""
    if groups is None:
        return [list(range(parameters))]
    return [
        [place for place, group in enumerate(groups) if group == wanted]
        for wanted in range(max(groups) + 1)
    ]
