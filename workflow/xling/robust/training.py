# SPDX-License-Identifier: Apache-2.0
"""What a training of ADV or RS-RP has beside what all trainings have."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from xling.robust.model import RobustModel
from xling.robust.scale import Scale, mean_embedding_norm, scale_of
from xling.robust.settings import AdvSettings, NoiseSettings, RobustSettings, part_of

if TYPE_CHECKING:
    from xling.config.study import TrainingSettings
    from xling.tokens import Tokens
    from xling.xmixup.training import XMixupTrainer

log = logging.getLogger(__name__)


def perturbing(model: Any, method: str, settings: TrainingSettings, tokens: Tokens) -> RobustModel:
    """Wrap a new model so that its training perturbs it.

    Args:
        model: with the encoder's own weights, of which relative sizes are counted.
        method: ``adv`` or ``rs_rp``.
        settings: of the training.
        tokens: training rows.

    Raises:
        UsageError: the encoder cannot be perturbed there.
    """
    return RobustModel(model, *_sized(model, method, settings, tokens))


def _sized(
    model: Any, method: str, settings: TrainingSettings, tokens: Tokens
) -> tuple[AdvSettings | NoiseSettings, Scale]:
    part = part_of(settings.robust or RobustSettings(), method)
    mean_norm = mean_embedding_norm(model.get_input_embeddings().weight, tokens)
    scale = scale_of(part, mean_norm, model.config.hidden_size)
    log.info("%s at %s: %s", method, part.perturb_at, scale)
    return part, scale


def perturbing_pairs(
    model: Any, method: str, settings: TrainingSettings, tokens: Tokens
) -> Callable[..., XMixupTrainer]:
    """Return what makes a trainer of X-Mixup that perturbs both texts of a pair.

    The arguments are those of :func:`perturbing`; the model stays as it is.
    """
    from xling.robust.xmixup import PerturbedXMixupTrainer

    part, scale = _sized(model, method, settings, tokens)
    return partial(PerturbedXMixupTrainer, perturbs=part, scale=scale)


def noted(note: dict[str, Any], method: str, trainer: Any) -> dict[str, Any]:
    """Return ``train.json`` with what was done: all settings, and sizes in absolute numbers."""
    model = trainer.model
    if isinstance(model, RobustModel):
        settings, scale = model.settings, model.scale
    else:  # X-Mixup, which is perturbed by its trainer
        settings, scale = trainer.perturbs, trainer.scale
    done = {"method": method, "settings": settings.model_dump()}
    return note | {"robust": done | scale.noted()}
