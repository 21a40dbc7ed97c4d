# SPDX-License-Identifier: Apache-2.0
"""Signals while texts are translated: what the store has is kept, so a stop needs no saving."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xling.errors import Interrupted
from xling.stops import BrokenOff, Stop


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM and SIGINT end the block with :class:`Interrupted`.

    The batch in flight is lost.  While a library computes, Python waits for it.
    """
    with Stop(early=False) as stop:
        stop.hold()
        try:
            with stop.interruptible():
                yield
        except BrokenOff:
            raise Interrupted("the translation stopped; finished batches are kept") from None
