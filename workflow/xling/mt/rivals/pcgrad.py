# SPDX-License-Identifier: Apache-2.0
"""PCGrad (Yu et al., NeurIPS 2020): gradients give up what points against another's.

For each n, over the other m in random order: if <g_n, g_m> < 0, g_n loses its part along g_m, the
original one; then all are added.  Every g_n stays a sum of the original gradients, whose inner
products are all that is needed: the module works with coefficients and never sees a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from xling.errors import UsageError
from xling.mt.rivals.settings import PcGradSettings
from xling.mt.weighting import ActsOn, Floats, Measured, Needs, Weighting


def orders(languages: int, seed: int, update: int) -> list[list[int]]:
    """Draw for each language the order of the others; a pure function of its arguments."""
    generator = np.random.default_rng([seed, update])
    return [
        [int(other) for other in generator.permutation(languages) if other != language]
        for language in range(languages)
    ]


def batch_gram(measured: Measured, languages: int, method: str) -> Floats:
    """Return the inner products of a batch, [groups, N, N].

    Raises:
        UsageError: none were measured, or of another number of languages.
    """
    gram = measured.gram
    if gram is None or gram.ndim != 3 or gram.shape[1:] != (languages, languages):
        raise UsageError(
            f"{method} was told no inner products of the batch's gradients",
            allowed=f"'gram' of shape [groups, {languages}, {languages}]",
        )
    return gram


def projected(gram: Floats, order: Sequence[Sequence[int]]) -> Floats:
    """Return the factors of the original gradients in the sum of the changed ones, [N].

    Args:
        gram: G [N, N]; rows of zeros for languages that are not in the batch.
        order: for each language, that of the others.
    """
    mixture = np.eye(len(gram))
    for language, others in enumerate(order):
        row = mixture[language]
        for other in others:
            product = row @ gram[:, other]
            if product < 0:
                row[other] -= product / gram[other, other]
    return mixture.sum(0)


class PcGrad(Weighting):
    """Factors of the gradients of each batch; per group of parameters, though one is the rule."""

    needs: ClassVar[Needs] = Needs("update", gradients="gram")
    acts_on: ClassVar[ActsOn] = "gradients"
    settings: PcGradSettings

    def __init__(self, languages: Sequence[str], settings: PcGradSettings) -> None:
        super().__init__(languages, settings)
        self._factors: Floats = np.ones((1, len(self.languages)))

    @property
    def weights(self) -> Floats:
        """Factors of the present batch, [groups, N]."""
        return self._factors

    def _observe(self, measured: Measured) -> None:
        count = len(self.languages)
        order = orders(count, self.settings.seed, measured.update)
        grams = batch_gram(measured, count, "PCGrad")
        self._factors = np.stack([projected(gram, order) for gram in grams])
