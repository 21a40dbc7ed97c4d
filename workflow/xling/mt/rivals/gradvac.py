# SPDX-License-Identifier: Apache-2.0
"""Gradient Vaccine (Wang et al., ICLR 2021): cosines are raised to what they usually are.

For each n, over the other m in random order, with phi the cosine of g_n (as changed so far) and
g_m (as it was): if phi is below its moving average phi_hat,

    g_n += ||g_n|| (phi_hat sqrt(1 - phi^2) - phi sqrt(1 - phi_hat^2))
           / (||g_m|| sqrt(1 - phi_hat^2)) g_m,

after which their cosine is phi_hat; then phi_hat <- (1 - beta) phi_hat + beta phi.  One average per
ordered pair of languages and group of parameters.  Standard definition; our source for it was
secondary, for beta and the start also chenllliang/Gradient-Vaccine.  As in PCGrad, inner products
are all that is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from xling.mt.rivals.pcgrad import batch_gram, orders
from xling.mt.rivals.settings import GradVacSettings
from xling.mt.weighting import ActsOn, Floats, Measured, Needs, State, Weighting

# Below it a gradient has no direction in double precision.
_TINY = 1e-30


def vaccinated(
    gram: Floats, usual: Floats, order: Sequence[Sequence[int]], average: float
) -> Floats:
    """Return the factors of the original gradients in the sum of the changed ones, [N].

    Args:
        gram: G [N, N]; rows of zeros for languages that are not in the batch.
        usual: phi_hat [N, N], changed in place; pairs that are not in the batch stay.
        order: for each language, that of the others.
        average: beta.
    """
    mixture = np.eye(len(gram))
    for language, others in enumerate(order):
        row = mixture[language]
        for other in others:
            own, norm = max(float(row @ gram @ row), 0.0) ** 0.5, float(gram[other, other]) ** 0.5
            if own < _TINY or norm < _TINY:
                continue
            cosine = float(np.clip(row @ gram[:, other] / (own * norm), -1.0, 1.0))
            target = float(usual[language, other])
            if cosine < target:
                sine, wanted = (1.0 - cosine**2) ** 0.5, (1.0 - target**2) ** 0.5
                row[other] += own * (target * sine - cosine * wanted) / (norm * wanted)
            usual[language, other] = (1.0 - average) * target + average * cosine
    return mixture.sum(0)


class GradVac(Weighting):
    """Factors of the gradients of each batch, per group of parameters."""

    needs: ClassVar[Needs] = Needs("update", gradients="gram")
    acts_on: ClassVar[ActsOn] = "gradients"
    settings: GradVacSettings

    def __init__(self, languages: Sequence[str], settings: GradVacSettings) -> None:
        super().__init__(languages, settings)
        self._factors: Floats = np.ones((1, len(self.languages)))
        self._usual: Floats | None = None

    @property
    def weights(self) -> Floats:
        """Factors of the present batch, [groups, N]."""
        return self._factors

    def _observe(self, measured: Measured) -> None:
        count = len(self.languages)
        grams = batch_gram(measured, count, "Gradient Vaccine")
        if self._usual is None:
            self._usual = np.full(grams.shape, self.settings.initial)
        order = orders(count, self.settings.seed, measured.update)
        self._factors = np.stack(
            [
                vaccinated(gram, usual, order, self.settings.average)
                for gram, usual in zip(grams, self._usual, strict=True)
            ]
        )

    def trace(self) -> State:
        """Return each language's mean usual cosine with the others, over groups."""
        if self._usual is None:
            return super().trace()
        others = ~np.eye(len(self.languages), dtype=bool)
        means = [float(self._usual[:, row, others[row]].mean()) for row in range(len(others))]
        return {**super().trace(), "usual_cosine": self.by_language(means)}

    def _state(self) -> State:
        return {"usual": None if self._usual is None else self._usual.tolist()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        usual = state["usual"]
        self._usual = None if usual is None else np.array(usual, dtype=np.float64)
