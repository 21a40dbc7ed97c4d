# SPDX-License-Identifier: Apache-2.0
"""Group DRO with exponentiated gradients (Oren et al. 2019, Sagawa et al. 2020).

    q_i proportional to q_i exp(step (loss_i - baseline_i));    the loss is sum_i q_i L_i

q starts uniform.  A language that is not in a batch keeps its factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from xling.mt.cats.projection import softmax
from xling.mt.rivals.chi_ibr import baselines
from xling.mt.rivals.settings import GroupDroSettings
from xling.mt.weighting import ActsOn, Floats, Measured, Needs, State, Weighting, vector


class GroupDro(Weighting):
    """The worst languages get the largest shares of the loss."""

    needs: ClassVar[Needs] = Needs("update")
    acts_on: ClassVar[ActsOn] = "loss"
    settings: GroupDroSettings

    def __init__(self, languages: Sequence[str], settings: GroupDroSettings) -> None:
        super().__init__(languages, settings)
        self._baselines = baselines(settings.baselines, self.languages)
        self._logits: Floats = np.zeros(len(self.languages))

    @property
    def weights(self) -> Floats:
        """Q, [N]."""
        return softmax(self._logits)

    def _observe(self, measured: Measured) -> None:
        excess = np.nan_to_num(measured.losses - self._baselines, nan=0.0)
        logits = self._logits + self.settings.rate * excess
        # The same shares; the logits stay small.
        self._logits = logits - logits.mean()

    def trace(self) -> State:
        """Return the shares."""
        return {**super().trace(), "alpha": self.by_language(self.weights)}

    def _state(self) -> State:
        return {"logits": self._logits.tolist()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._logits = vector(state["logits"], self.languages)
