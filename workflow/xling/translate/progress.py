# SPDX-License-Identifier: Apache-2.0
"""Lines of a long translation's log: what is done, how fast, how long it takes still."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

log = logging.getLogger(__name__)

#: Ours: seconds between two lines.
EVERY = 30.0


class Progress:
    """Logs sentences, rate and time left now and then, and at the end.

    Time left follows from characters: batches go from short sentences to long ones.

    Args:
        name: of the work, in front of each line.
        sentences: of all of it.
        every: seconds between two lines, at least.
    """

    def __init__(self, name: str, sentences: Sequence[str], every: float = EVERY) -> None:
        self._name, self._every = name, every
        self._count, self._characters = len(sentences), sum(map(len, sentences))
        self._done = self._read = 0
        self._begun = self._told = time.monotonic()

    def add(self, sentences: Sequence[str]) -> None:
        """Count sentences that are done."""
        self._done += len(sentences)
        self._read += sum(map(len, sentences))
        now = time.monotonic()
        if now - self._told >= self._every or self._done == self._count:
            self._told = now
            log.info("%s", self.line(now - self._begun))

    def line(self, seconds: float) -> str:
        """Return the line after so many seconds."""
        rate = self._done / max(seconds, 1e-9)
        left = seconds * (self._characters - self._read) / max(self._read, 1)
        return (
            f"{self._name}: {self._done:,} of {self._count:,} sentences, {rate:,.1f} sentences/s, "
            + (f"{left / 60:.0f} min left" if left >= 120 else f"{left:.0f} s left")
        )
