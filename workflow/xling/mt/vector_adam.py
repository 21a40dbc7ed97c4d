# SPDX-License-Identifier: Apache-2.0
"""Adam for a few numbers, one per language, with a state that is JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xling.mt.weighting import Floats, State


class VectorAdam:
    """Torch's Adam with its default betas, in double precision on the CPU.

    Attributes:
        values: [N]; may be changed between steps, Adam's moments stay.
    """

    def __init__(self, values: Floats, *, learning_rate: float, weight_decay: float = 0.0) -> None:
        """Start at ``values``; ``weight_decay`` times them is added to each gradient."""
        import torch

        self._parameter = torch.nn.Parameter(torch.from_numpy(np.array(values, dtype=np.float64)))
        self._adam = torch.optim.Adam(
            [self._parameter], lr=learning_rate, weight_decay=weight_decay
        )

    @property
    def values(self) -> Floats:
        """The present values, as a copy."""
        return np.array(self._parameter.detach().numpy())

    @values.setter
    def values(self, values: Floats) -> None:
        import torch

        with torch.no_grad():
            self._parameter.copy_(torch.from_numpy(np.array(values, dtype=np.float64)))

    def step(self, gradient: Floats) -> None:
        """Make one step against ``gradient`` [N]."""
        import torch

        self._parameter.grad = torch.from_numpy(np.array(gradient, dtype=np.float64))
        self._adam.step()

    def state(self) -> State:
        """Return values and moments; JSON."""
        moments = self._adam.state.get(self._parameter, {})
        return {
            "values": self.values.tolist(),
            "moments": {name: moment.tolist() for name, moment in moments.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; ValueError if it is of another number of values."""
        import torch

        values = np.array(state["values"], dtype=np.float64)
        if values.shape != tuple(self._parameter.shape):
            raise ValueError(f"{values.shape} saved values for {tuple(self._parameter.shape)}")
        self.values = values
        moments = state["moments"]
        self._adam.state[self._parameter] = {
            # The count of steps is single precision in torch, as whole numbers exact.
            name: torch.tensor(value, dtype=torch.float32 if name == "step" else torch.float64)
            for name, value in moments.items()
        }
