# SPDX-License-Identifier: Apache-2.0
"""One meta step: measure what the method needs, learn, and leave word of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xling.mt.fairseq.plugin import measure, processes
from xling.mt.fairseq.plugin.measure import Trained
from xling.mt.fairseq.steering import Steering, finite
from xling.mt.weighting import Floats, GradientProducts, Measured

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """What is measured on: datasets of the directions, [N] each."""

    train: Sequence[Any]
    dev: Sequence[Any]


def meta_step(steering: Steering, trained: Trained, data: Data, updates: int) -> None:
    """Do it after ``updates`` finished updates; all processes must call."""
    measured, trace = _measure(steering, trained, data, updates)
    used = steering.observe(measured)
    if not used:
        log.warning("update %d: losses or gradients are not finite, weights stay", updates)
    steering.agree(processes.of_main(steering.weighting.state()))
    if processes.is_main():
        steering.write(updates, {"used": used, **trace})


def _measure(
    steering: Steering, trained: Trained, data: Data, updates: int
) -> tuple[Measured, dict[str, Any]]:
    """Measure what the method needs; return that and its part of the trace."""
    needs, probe = steering.weighting.needs, steering.settings.probe
    if needs.gradients == "rewards":
        losses, rewards = measure.rewards(trained, (data.train, data.dev), updates, probe)
        return Measured(updates, losses, rewards=rewards), {"loss": steering.named(losses)}
    datasets = data.train if probe.split == "train" else data.dev
    before = steering.measured
    repeated = None
    if needs.repeated and before:
        repeated = measure.losses(trained, datasets, before, probe)
    if needs.gradients == "none":
        losses = measure.losses(trained, datasets, updates, probe)
        return Measured(updates, losses, repeated=repeated), {"loss": steering.named(losses)}
    last_layer = needs.gradients == "norms"
    alpha = steering.alpha
    probed = measure.gradients(trained, datasets, updates, alpha, probe, last_layer=last_layer)
    trace = _trace(steering, probed.losses, probed.products)
    trace["disagreement"] = finite(probed.disagreement)
    return Measured(updates, probed.losses, probed.products, repeated=repeated), trace


def _trace(steering: Steering, losses: Floats, products: GradientProducts) -> dict[str, Any]:
    return {
        "loss": steering.named(losses),
        "gradient_norm": steering.named(np.sqrt(products.squared_norms)),
        "product": steering.named(products.products),
        "combined": finite(products.combined),
        "uniform": finite(products.uniform),
    }
