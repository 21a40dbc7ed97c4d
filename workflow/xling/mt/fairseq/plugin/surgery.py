# SPDX-License-Identifier: Apache-2.0
"""Gradients of the directions' parts of an update, and their weighted sum (CATS, section 9.3).

All N gradients are kept, N times the parameters in single precision: the methods need all their
inner products before they know a factor, and to compute each gradient twice would double the cost
of training.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from xling.mt.fairseq.plugin import processes
from xling.mt.gradients import gram_of_rows
from xling.mt.weighting import Floats


class DirectionGradients:
    """One row for each direction, in which a model's gradients are collected and put back.

    Attributes:
        groups: columns of each group of parameters.
    """

    def __init__(self, model: Any, directions: int, *, by_layer: bool) -> None:
        """Make room for the gradients.

        Args:
            model: whose trained parameters are meant.
            directions: N.
            by_layer: every layer of encoder and decoder is a group, and so is the rest; else all
                is one.
        """
        grouped: dict[str, list[torch.nn.Parameter]] = {}
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                grouped.setdefault(layer(name) if by_layer else "", []).append(parameter)
        self._parameters = [parameter for members in grouped.values() for parameter in members]
        sizes = [sum(parameter.numel() for parameter in members) for members in grouped.values()]
        ends = np.cumsum(sizes).tolist()
        self.groups = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        device = self._parameters[0].device
        self._rows = torch.zeros(directions, ends[-1], device=device)

    def collect(self, direction: int) -> None:
        """Add what is in ``.grad`` to a direction's row, and clear it."""
        row, start = self._rows[direction], 0
        for parameter in self._parameters:
            end = start + parameter.numel()
            if parameter.grad is not None:
                row[start:end] += parameter.grad.flatten()
                parameter.grad = None
            start = end

    def gram(self) -> Floats:
        """Average the rows over the processes and return their inner products, [groups, N, N]."""
        if processes.count() > 1:
            # One by one: no second copy of all.
            for row in self._rows:
                row.copy_(processes.mean(row))
        return gram_of_rows(self._rows, self.groups)

    def put_back(self, factors: Floats) -> None:
        """Write the sum of factor times gradient into ``.grad``, and begin anew.

        Args:
            factors: [groups, N], or [1, N] for all groups.
        """
        whole = np.broadcast_to(factors, (len(self.groups), len(self._rows)))
        for columns, weights in zip(self.groups, whole, strict=True):
            weight = torch.tensor(weights, dtype=self._rows.dtype, device=self._rows.device)
            # Into the first row: no further copy of the parameters.
            self._rows[0, columns] = weight @ self._rows[:, columns]
        start = 0
        for parameter in self._parameters:
            end = start + parameter.numel()
            parameter.grad = self._rows[0, start:end].view_as(parameter).clone()
            start = end
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self._rows.zero_()


def layer(name: str) -> str:
    """Return the layer that a parameter of fairseq's Transformer is in; "" for the rest."""
    parts = name.split(".")
    if "layers" not in parts:
        return ""
    return ".".join(parts[: parts.index("layers") + 2])
