# SPDX-License-Identifier: Apache-2.0
"""Weights that stay as they are: temperature sampling, and a static scalarisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from xling.errors import DataError, UsageError
from xling.mt.rivals.settings import StaticSettings, TemperatureSettings
from xling.mt.weighting import ActsOn, Floats, Needs, State, Weighting, vector


def proportional(
    sizes: npt.ArrayLike, languages: Sequence[str], temperature: float = 1.0
) -> Floats:
    """Return p_n proportional to (|D_n| / sum |D|)^(1/T), as fairseq samples; [N].

    Raises:
        DataError: a language without data.
    """
    counts = vector(sizes, languages)
    for language, count in zip(languages, counts, strict=True):
        if not (np.isfinite(count) and count > 0):
            raise DataError(
                f"'{language}' has {count:g} training sentences",
                allowed="at least one",
                fix="leave the language out",
            )
    powers = (counts / counts.sum()) ** (1.0 / temperature)
    return powers / powers.sum()


class Temperature(Weighting):
    """Sentences are drawn by language with p_n proportional to |D_n|^(1/T)."""

    needs: ClassVar[Needs] = Needs("never")
    acts_on: ClassVar[ActsOn] = "sampling"

    def __init__(
        self, languages: Sequence[str], sizes: npt.ArrayLike, settings: TemperatureSettings
    ) -> None:
        super().__init__(languages, settings)
        self._probabilities = proportional(sizes, self.languages, settings.temperature)

    @property
    def weights(self) -> Floats:
        """P, [N]."""
        return self._probabilities

    def trace(self) -> State:
        """Return the probabilities."""
        return {**super().trace(), "probability": self.by_language(self._probabilities)}


class Static(Weighting):
    """Losses have fixed weights, one point of a scalarisation front."""

    needs: ClassVar[Needs] = Needs("never")
    acts_on: ClassVar[ActsOn] = "loss"

    def __init__(self, languages: Sequence[str], settings: StaticSettings) -> None:
        super().__init__(languages, settings)
        given = settings.weights
        if set(given) != set(self.languages) or not sum(given.values()) > 0:
            raise UsageError(
                f"static weights are given for {', '.join(given) or 'no language'}",
                allowed=f"one for each of {', '.join(self.languages)}, not all 0",
                fix="name every language of the model",
            )
        weights = np.array([given[language] for language in self.languages])
        self._weights: Floats = weights / weights.sum()

    @property
    def weights(self) -> Floats:
        """Alpha, [N]."""
        return self._weights

    def trace(self) -> State:
        """Return the weights."""
        return {**super().trace(), "alpha": self.by_language(self._weights)}
