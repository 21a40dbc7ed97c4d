# SPDX-License-Identifier: Apache-2.0
"""Methods that are told something of every update, between its backward passes and its step.

The one moment when all batches of an update were read and the processes have not yet added their
gradients up is the optimizer's ``all_reduce_grads``, which the trainer calls once per update.
"""

from __future__ import annotations

import logging
from typing import Any

import torch

from xling.mt.fairseq.history import per_token
from xling.mt.fairseq.plugin import directions
from xling.mt.fairseq.plugin.criterion import SUMS
from xling.mt.fairseq.plugin.surgery import DirectionGradients
from xling.mt.fairseq.plugin.totals import Totals
from xling.mt.fairseq.steering import Steering
from xling.mt.rivals.settings import GradVacSettings
from xling.mt.weighting import Measured

log = logging.getLogger(__name__)


class EveryUpdate:
    """Collects what the batches of an update say, and tells the method."""

    def __init__(self, steering: Steering, model: Any, padding: int) -> None:
        """Make room.

        Args:
            steering: with a method that is told every update.
            model: without the wrapper of distributed training.
            padding: the dictionary's.
        """
        self._steering = steering
        self._padding = padding
        self._device = next(model.parameters()).device
        self._totals = Totals(len(steering.directions))
        self._gradients: DirectionGradients | None = None
        if steering.weighting.acts_on == "gradients":
            by_layer = isinstance(steering.settings.weighting, GradVacSettings)
            count = len(steering.directions)
            self._gradients = DirectionGradients(model, count, by_layer=by_layer)
        self._optimizer: Any = None
        self._update = 0

    def watch(self, optimizer: Any, update: int) -> None:
        """Be told when all batches of an update were read.

        Args:
            optimizer: of the training.
            update: finished updates.
        """
        self._update = update
        if optimizer is self._optimizer:
            return
        self._optimizer = optimizer
        reduce = optimizer.all_reduce_grads

        def complete(module: Any) -> None:
            self._complete()
            reduce(module)

        optimizer.all_reduce_grads = complete

    def step(self, train_step: Any, sample: dict[str, Any], ignored: bool) -> Any:
        """Do forward and backward of a batch, by direction if the method needs that.

        Args:
            train_step: of the stock task, for a batch.
            sample: the batch.
            ignored: whether the batch is a stand-in where a process has no more data.
        """
        try:
            if self._gradients is None or ignored:
                found = train_step(sample)
            else:
                found = self._by_direction(self._gradients, train_step, sample)
        except BaseException:
            # The trainer may go on after a lack of memory: without this update.
            self.clear()
            raise
        if not ignored:
            self._totals.add(found[2][SUMS])
        return found

    def _by_direction(
        self, gradients: DirectionGradients, train_step: Any, sample: dict[str, Any]
    ) -> Any:
        losses, logs = [], []
        for direction in sample["direction"].unique().tolist():
            part = directions.only(sample, direction, self._padding)
            loss, _, logged = train_step(part)
            gradients.collect(direction)
            losses.append(loss.detach())
            logs.append(logged)
        whole = {name: sum(logged[name] for logged in logs) for name in logs[0]}
        return torch.stack(losses).sum(), sample["ntokens"], whole

    def _complete(self) -> None:
        """Tell the method; all processes must call."""
        losses, _ = per_token(self._totals.take(self._device))
        gram = None if self._gradients is None else self._gradients.gram()
        used = self._steering.observe(Measured(self._update, losses, gram=gram))
        if not used:
            log.warning("update %d: losses or gradients are not finite, not used", self._update)
        if self._gradients is not None:
            self._gradients.put_back(self._steering.gradient_factors(used=used))

    def clear(self) -> None:
        """Forget the batches of an update that is not finished."""
        self._totals.clear()
        if self._gradients is not None:
            self._gradients.clear()
