# SPDX-License-Identifier: Apache-2.0
"""How large a perturbation is: from settings to absolute numbers.

Embeddings of different encoders differ in scale, so that one absolute radius means different things
(ours, docs/robust.md).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.robust.settings import AdvSettings, NoiseSettings
from xling.tasks import SOURCE_LANGUAGE

if TYPE_CHECKING:
    import torch

    from xling.tokens import Tokens

# Ours: with 2.5 times the radius in all steps together the border can be reached from anywhere in
# the ball (Madry et al. 2018 use as much).
_STEPS_TOGETHER = 2.5


@dataclass(frozen=True)
class Scale:
    """Absolute numbers of a training.

    Attributes:
        mean_embedding_norm: r, see :func:`mean_embedding_norm`.
        radius: of ADV's ball, or the size of RS-RP's noise.
        step_size: of ADV; None for RS-RP.
    """

    mean_embedding_norm: float
    radius: float
    step_size: float | None = None

    def noted(self) -> dict[str, Any]:
        """Return what ``train.json`` says."""
        return asdict(self)


def mean_embedding_norm(weights: torch.Tensor, tokens: Tokens) -> float:
    """Return r: the mean L2 length of the word embeddings of English training sub-words.

    Each occurrence counts, those of special sub-words too: they are perturbed like the others.

    Args:
        weights: word embeddings [vocabulary, d].
        tokens: training rows; those of other languages are not looked at, unless all are.
    """
    import pyarrow as pa

    english = np.flatnonzero(np.asarray(tokens.languages) == SOURCE_LANGUAGE)
    rows = english if len(english) else np.arange(len(tokens))
    column: pa.ChunkedArray = tokens.dataset.data.column("input_ids").take(rows)
    counts = np.zeros(len(weights), dtype=np.int64)
    for chunk in column.chunks:
        counts += np.bincount(chunk.flatten().to_numpy(), minlength=len(weights))
    lengths = weights.detach().float().norm(dim=1).double().cpu().numpy()
    return float((lengths * counts).sum() / counts.sum())


def scale_of(settings: AdvSettings | NoiseSettings, mean_norm: float, width: int) -> Scale:
    """Return the absolute numbers of settings.

    Args:
        settings: of a method.
        mean_norm: r.
        width: d; a perturbation of r / sqrt(d) in each coordinate is r long.
    """
    per_coordinate = mean_norm / math.sqrt(width)
    if isinstance(settings, NoiseSettings):
        unit = per_coordinate if settings.size_unit == "relative" else 1.0
        return Scale(mean_norm, settings.size * unit)
    unit = 1.0
    if settings.radius_unit == "relative":
        unit = mean_norm if settings.norm == "l2" else per_coordinate
    step = settings.step_size or _STEPS_TOGETHER * settings.radius / settings.steps
    return Scale(mean_norm, settings.radius * unit, step * unit)
