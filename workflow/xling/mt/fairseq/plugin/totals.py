# SPDX-License-Identifier: Apache-2.0
"""Losses and tokens of the directions, added up where they are computed.

Adding costs no transfer from the device; reading does.
"""

from __future__ import annotations

import torch

from xling.mt.fairseq.plugin import processes
from xling.mt.weighting import Floats


class Totals:
    """Sums of batches, [3, N]; rows as in :mod:`xling.mt.fairseq.history`."""

    def __init__(self, directions: int) -> None:
        self._sums = torch.zeros(3, directions, dtype=torch.float64)

    def add(self, sums: torch.Tensor) -> None:
        """Add those of a batch."""
        if self._sums.device != sums.device:
            self._sums = self._sums.to(sums.device)
        self._sums += sums

    def take(self, device: torch.device) -> Floats:
        """Return the sums over all processes and begin anew; all processes must call."""
        mean = processes.mean(self._sums.to(device, copy=True))
        self.clear()
        found: Floats = mean.cpu().numpy() * processes.count()
        return found

    def clear(self) -> None:
        """Begin anew."""
        self._sums.zero_()
