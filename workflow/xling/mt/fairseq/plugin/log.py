# SPDX-License-Identifier: Apache-2.0
"""What training leaves in the history: losses by direction, at each of fairseq's log intervals."""

from __future__ import annotations

import time
from typing import Any

import torch
from fairseq.logging import metrics

from xling.mt.fairseq.history import History
from xling.mt.fairseq.plugin import processes
from xling.mt.fairseq.plugin.criterion import dev_sums
from xling.mt.fairseq.plugin.totals import Totals
from xling.mt.fairseq.steering import Steering


class UpdateLog:
    """Adds up batches, and writes a line every ``interval`` updates."""

    def __init__(self, history: History, steering: Steering, interval: int) -> None:
        self._history, self._steering, self._interval = history, steering, interval
        self._totals = Totals(len(steering.directions))
        self._seconds = 0.0
        self._since: float | None = None

    def begin(self) -> None:
        """Note that an update begins; again for each further batch of it."""
        if self._since is None:
            self._since = time.perf_counter()

    def seen(self, sums: torch.Tensor) -> None:
        """Take in the sums of a batch, [3, N]."""
        self._totals.add(sums)

    def finished(self, update: int, device: torch.device) -> None:
        """Note that an update is finished; all processes must call."""
        if self._since is not None:
            self._seconds += time.perf_counter() - self._since
            self._since = None
        if update % self._interval:
            return
        sums = self._totals.take(device)
        if processes.is_main():
            # Of the same updates: fairseq clears it after each log interval.
            norm = metrics.get_meter("train_inner", "gnorm")
            self._history.train(
                update,
                sums,
                weights=self._steering.in_force,
                factors=self._steering.factors,
                gnorm=None if norm is None else norm.avg,
                seconds=self._seconds,
            )
        self._seconds = 0.0

    def validated(self, update: int, meters: Any) -> None:
        """Write what validation found; ``meters`` are those of the dev set."""
        if processes.is_main():
            self._history.valid(update, dev_sums(meters, self._steering.directions))
