# SPDX-License-Identifier: Apache-2.0
"""Losses and gradients of the directions at the present parameters (CATS, sections 9.2 and 9.4).

The training does not notice: gradients are taken with ``torch.autograd.grad``, so ``.grad``, the
hooks of distributed training and fp16's copies stay as they are, and so do the random numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from fairseq import utils
from fairseq.distributed import utils as distributed

from xling.mt.cats.probe import Across, Probed, probe
from xling.mt.fairseq import probe_batches
from xling.mt.fairseq.plugin import processes
from xling.mt.fairseq.settings import ProbeSettings
from xling.mt.rivals import multidds
from xling.mt.weighting import Floats


@dataclass(frozen=True)
class Trained:
    """What is measured.

    Attributes:
        model: without the wrapper of distributed training.
        criterion: whose label-smoothed loss is measured, per target token.
        optimizer: of fairseq; knows the loss scale.
        amp: whether training runs under autocast.
        limits: longest source and target that are trained on.
        seed: of the training.
    """

    model: Any
    criterion: Any
    optimizer: Any
    amp: bool
    limits: tuple[int, int]
    seed: int


def gradients(
    trained: Trained,
    datasets: Sequence[Any],
    update: int,
    alpha: Floats,
    settings: ProbeSettings,
    *,
    last_layer: bool = False,
) -> Probed:
    """Measure losses and products of gradients; all processes must call.

    Args:
        trained: what is measured.
        datasets: of the directions, [N].
        update: finished updates; says, with the seed, which sentences are drawn.
        alpha: [N].
        settings: how.
        last_layer: take the gradients by the decoder's last layer alone, as GradNorm does.
    """
    parameters = in_scope(trained.model, "last_layer" if last_layer else settings.scope)
    across = Across(mean=processes.mean, loss_scale=loss_scale(trained.optimizer))
    with _losses(trained, datasets, update, settings) as loss:
        return probe(settings.kind, loss, parameters, alpha, across)


def losses(
    trained: Trained, datasets: Sequence[Any], update: int, settings: ProbeSettings
) -> Floats:
    """Measure losses alone, on the batches that were drawn at ``update``; all must call."""
    with _losses(trained, datasets, update, settings) as loss, torch.no_grad():
        values = torch.stack([loss(direction) for direction in range(len(datasets))])
    found: Floats = processes.mean(values.double()).cpu().numpy()
    return found


def rewards(
    trained: Trained,
    datasets: tuple[Sequence[Any], Sequence[Any]],
    update: int,
    settings: ProbeSettings,
) -> tuple[Floats, Floats]:
    """Measure what MultiDDS-S is told; all processes must call.

    Args:
        trained: what is measured.
        datasets: training and dev sets of the directions, [N] each.
        update: as for :func:`gradients`.
        settings: how.

    Returns:
        Losses on the training sets, and rewards, [N] each.
    """
    parameters = in_scope(trained.model, settings.scope)
    across = Across(mean=processes.mean, loss_scale=loss_scale(trained.optimizer))
    train, dev = datasets
    values: dict[int, torch.Tensor] = {}
    with (
        _losses(trained, train, update, settings) as train_loss,
        _losses(trained, dev, update, settings) as dev_loss,
    ):

        def noted(direction: int) -> torch.Tensor:
            loss: torch.Tensor = train_loss(direction)
            values[direction] = loss.detach()
            return loss

        found = multidds.rewards(noted, dev_loss, (len(train), len(dev)), parameters, across)
    own = torch.stack([values[direction] for direction in range(len(train))])
    return processes.mean(own.double()).cpu().numpy(), found


@contextmanager
def _losses(
    trained: Trained, datasets: Sequence[Any], update: int, settings: ProbeSettings
) -> Iterator[Any]:
    """Draw batches; give a function from a direction to its mean loss per target token.

    It gives the same whenever it is called: dropout is seeded by direction.  Afterwards the random
    numbers go on, and dropout is, as if nothing had been.
    """
    model = trained.model
    random = probe_batches.generator(trained.seed, update, distributed.get_global_rank())
    batches = [
        probe_batches.draw(dataset, settings.tokens, trained.limits, random) for dataset in datasets
    ]
    seeds = [int(seed) for seed in random.integers(2**31, size=len(datasets))]
    device = next(model.parameters()).device
    if device.type == "cuda":
        batches = [utils.move_to_cuda(batch) for batch in batches]

    def loss(direction: int) -> torch.Tensor:
        torch.manual_seed(seeds[direction])
        with torch.autocast(device.type, enabled=trained.amp):
            smoothed, _ = trained.criterion.sentence_losses(model, batches[direction])
        mean: torch.Tensor = smoothed.sum() / batches[direction]["ntokens"]
        return mean

    training = model.training
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        model.train(settings.dropout)
        try:
            yield loss
        finally:
            model.train(training)


def in_scope(model: Any, scope: str) -> list[torch.nn.Parameter]:
    """Return the trained parameters of a part of the model."""
    part = {
        "all": lambda: model,
        "encoder": lambda: model.encoder,
        "decoder": lambda: model.decoder,
        "last_layer": lambda: model.decoder.layers[-1],
    }[scope]()
    return [parameter for parameter in part.parameters() if parameter.requires_grad]


def loss_scale(optimizer: Any) -> float:
    """Return what fairseq multiplies losses by: half precision would lose small gradients."""
    scaler = getattr(optimizer, "scaler", None)
    if scaler is None:
        return 1.0
    return float(scaler.get_scale() if hasattr(scaler, "get_scale") else scaler.loss_scale)
