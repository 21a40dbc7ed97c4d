# SPDX-License-Identifier: Apache-2.0
"""FAMO (Liu et al., NeurIPS 2023, arXiv 2306.03792): equal rates of decrease of log losses.

After the released code (Cranial-XIX/FAMO).  z = softmax(xi), xi starts at 0:

    the model descends on sum_n alpha_n L_n,   alpha_n = (z_n / L_n) / sum_m (z_m / L_m)
    delta_n = log L_n(before) - log L_n(after), both on the same batches
    Adam descends on xi with J^T delta + gamma xi, J the Jacobian of the softmax

so that a language whose loss falls fast loses weight.  Losses are cross-entropies, whose lower
bound is taken as 0.

Ours: ``before`` and ``after`` lie K updates apart and are measured on probe batches; the paper
measures every batch twice.  L_n in alpha is that of the last measurement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from xling.errors import DataError, UsageError
from xling.mt.cats.projection import softmax, through_softmax
from xling.mt.rivals.settings import FamoSettings
from xling.mt.vector_adam import VectorAdam
from xling.mt.weighting import ActsOn, Floats, Measured, Needs, State, Weighting, vector


class Famo(Weighting):
    """Learns the shares of the loss from how losses fall."""

    needs: ClassVar[Needs] = Needs("period", repeated=True)
    acts_on: ClassVar[ActsOn] = "loss"
    settings: FamoSettings

    def __init__(self, languages: Sequence[str], settings: FamoSettings) -> None:
        super().__init__(languages, settings)
        count = len(self.languages)
        self._adam = VectorAdam(
            np.zeros(count), learning_rate=settings.rate, weight_decay=settings.decay
        )
        self._losses: Floats | None = None
        self._last: State = {}

    @property
    def weights(self) -> Floats:
        """Alpha, [N]; uniform before the first measurement."""
        shares = softmax(self._adam.values)
        if self._losses is None:
            return shares
        shares = shares / self._losses
        return shares / shares.sum()

    def _observe(self, measured: Measured) -> None:
        given = [measured.losses] + ([] if measured.repeated is None else [measured.repeated])
        if not all((losses > 0).all() for losses in given):
            raise DataError("FAMO was told a loss that is not positive", allowed="cross-entropies")
        self._last = {"update": measured.update, "loss": self.by_language(measured.losses)}
        if self._losses is not None:
            if measured.repeated is None:
                raise UsageError(
                    "FAMO was not told the losses of the batches measured before",
                    allowed="'repeated' at every measurement but the first",
                )
            fall = np.log(self._losses) - np.log(measured.repeated)
            self._adam.step(through_softmax(softmax(self._adam.values), fall))
            self._last["fall"] = self.by_language(fall)
        self._losses = np.array(measured.losses)

    def trace(self) -> State:
        """Return the shares, and what was measured last."""
        return {**super().trace(), "alpha": self.by_language(self.weights), **self._last}

    def _state(self) -> State:
        losses = None if self._losses is None else self._losses.tolist()
        return {"adam": self._adam.state(), "losses": losses}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._adam.restore(state["adam"])
        losses = state["losses"]
        self._losses = None if losses is None else vector(losses, self.languages)
