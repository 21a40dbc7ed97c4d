# SPDX-License-Identifier: Apache-2.0
"""GradNorm (Chen et al., ICML 2018): the languages' weighted gradients get norms that balance.

From the standard definition; our source for it was secondary.  W: the last shared layer.

    G_n = w_n ||grad_W L_n||      r_n = (L_n / L_n(0)) / mean over m of (L_m / L_m(0))
    minimise over w   sum_n |G_n - mean(G) r_n^a|,   mean(G) r_n^a held constant
    then scale w to sum N

Ours: L_n(0) is the loss at the first measurement; measured every K updates on probe batches and
not at every update; a weight never falls below :data:`SMALLEST`, where Adam could make it negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from xling.errors import UsageError
from xling.mt.rivals.settings import GradNormSettings
from xling.mt.vector_adam import VectorAdam
from xling.mt.weighting import ActsOn, Floats, Measured, Needs, State, Weighting, vector

# Of w, whose mean is 1.
SMALLEST = 1e-3


class GradNorm(Weighting):
    """Learns w; the shares of the loss are w / N."""

    needs: ClassVar[Needs] = Needs("period", gradients="norms")
    acts_on: ClassVar[ActsOn] = "loss"
    settings: GradNormSettings

    def __init__(self, languages: Sequence[str], settings: GradNormSettings) -> None:
        super().__init__(languages, settings)
        self._first: Floats | None = None
        self._adam = VectorAdam(np.ones(len(self.languages)), learning_rate=settings.rate)
        self._last: State = {}

    @property
    def weights(self) -> Floats:
        """Alpha = w / N, [N]."""
        return self._adam.values / len(self.languages)

    def _observe(self, measured: Measured) -> None:
        if measured.products is None:
            raise UsageError("GradNorm was told no gradients", allowed="a probe's products")
        if self._first is None:
            self._first = np.array(measured.losses)
        norms = np.sqrt(measured.products.squared_norms)
        weighted = self._adam.values * norms
        progress = measured.losses / self._first
        target = weighted.mean() * (progress / progress.mean()) ** self.settings.restoring
        # d/dw_n of the sum of |w_n norm_n - target_n|.
        self._adam.step(np.sign(weighted - target) * norms)
        moved = np.maximum(self._adam.values, SMALLEST)
        self._adam.values = moved * (len(moved) / moved.sum())
        self._last = {
            "update": measured.update,
            "loss": self.by_language(measured.losses),
            "gradient_norm": self.by_language(norms),
            "target": self.by_language(target),
        }

    def trace(self) -> State:
        """Return the weights, and what was measured last."""
        return {**super().trace(), "alpha": self.by_language(self.weights), **self._last}

    def _state(self) -> State:
        first = None if self._first is None else self._first.tolist()
        return {"first": first, "adam": self._adam.state()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        first = state["first"]
        self._first = None if first is None else vector(first, self.languages)
        self._adam.restore(state["adam"])
