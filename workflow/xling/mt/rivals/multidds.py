# SPDX-License-Identifier: Apache-2.0
"""MultiDDS-S (Wang, Tsvetkov and Neubig, ACL 2020): draw what helps the dev sets.

After the released code (cindyxinyiwang/multiDDS).  P = softmax(psi) starts at the distribution of
the data.  The reward R_i of language i is the mean, over dev languages d, of the cosine of its
training gradient with d's dev gradient; then some steps of Adam on -sum_i R_i log P_i.

Ours: psi starts at log p exactly, the code fits it by least squares; each language's training
gradient is taken once and compared with all dev gradients, the code draws a new training batch for
each pair.  The expectation of R is the same, and N + D backward passes do instead of N D.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from xling.errors import DataError, UsageError
from xling.mt.cats.probe import Across, Loss, gradient_of
from xling.mt.cats.projection import softmax
from xling.mt.gradients import dot
from xling.mt.rivals.settings import MultiDdsSettings
from xling.mt.vector_adam import VectorAdam
from xling.mt.weighting import ActsOn, Floats, Measured, Needs, State, Weighting


class MultiDdsS(Weighting):
    """Learns the probabilities that languages are drawn with."""

    needs: ClassVar[Needs] = Needs("period", gradients="rewards")
    acts_on: ClassVar[ActsOn] = "sampling"
    settings: MultiDdsSettings

    def __init__(
        self, languages: Sequence[str], probabilities: Floats, settings: MultiDdsSettings
    ) -> None:
        """Start at the data's own ``probabilities`` [N]."""
        super().__init__(languages, settings)
        if not (np.asarray(probabilities) > 0).all():
            raise DataError("a language has no data", allowed="probabilities above 0")
        self._adam = VectorAdam(np.log(probabilities), learning_rate=settings.rate)
        self._last: State = {}

    @property
    def weights(self) -> Floats:
        """P = softmax(psi), [N]."""
        return softmax(self._adam.values)

    def _observe(self, measured: Measured) -> None:
        if measured.rewards is None:
            raise UsageError("MultiDDS-S was told no rewards", allowed="those of 'rewards'")
        for _ in range(self.settings.steps):
            # d/dpsi of -sum R log softmax(psi).
            self._adam.step(self.weights * measured.rewards.sum() - measured.rewards)
        self._last = {"update": measured.update, "reward": self.by_language(measured.rewards)}

    def trace(self) -> State:
        """Return the probabilities, and the last rewards."""
        return {**super().trace(), "probability": self.by_language(self.weights), **self._last}

    def _state(self) -> State:
        return {"adam": self._adam.state()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._adam.restore(state["adam"])


def rewards(
    train: Loss,
    dev: Loss,
    counts: tuple[int, int],
    parameters: Sequence[torch.Tensor],
    across: Across | None = None,
) -> Floats:
    """Return R_i = mean over d of cos(grad of train i, grad of dev d), [N].

    Holds two gradients at a time: the mean of cosines is the inner product with the mean of the
    dev gradients' unit vectors.  A gradient of length 0 has cosine 0 with all.

    Args:
        train: loss of training language i, as in :func:`xling.mt.cats.probe.probe`.
        dev: loss of dev language d.
        counts: N training languages and D dev languages.
        parameters: that the gradients are taken by.
        across: processes and precision; gradients are averaged before anything is made of them.
    """
    across = across or Across()
    inputs = list(parameters)
    direction: list[torch.Tensor] | None = None
    for language in range(counts[1]):
        unit = _unit(dev, language, inputs, across)
        if direction is None:
            direction = unit
        else:
            for total, part in zip(direction, unit, strict=True):
                total.add_(part)
    if direction is None:
        raise UsageError("MultiDDS-S has no dev set", allowed="at least one language with one")
    found = [
        dot(_unit(train, language, inputs, across), direction) for language in range(counts[0])
    ]
    return np.array(found) / counts[1]


def _unit(
    loss: Loss, language: int, parameters: list[torch.Tensor], across: Across
) -> list[torch.Tensor]:
    _, gradient = gradient_of(loss, language, parameters, across)
    gradient = [across.mean(part) for part in gradient]
    norm = dot(gradient, gradient) ** 0.5
    return gradient if norm == 0 else [part.div_(norm) for part in gradient]
