# SPDX-License-Identifier: Apache-2.0
"""What SIGTERM and SIGINT do to a training: a cluster sends one before it takes the machine away.

Imports nothing heavy, so that the handlers are there before the libraries are.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from xling.errors import Interrupted

SIGNALS = (signal.SIGTERM, signal.SIGINT)
BEFORE_TRAINING = "stopped before the first update"


class BrokenOff(BaseException):
    """A signal came where nothing can be lost.

    Not an ``Exception``: libraries catch those when they are imported.
    """


class Stop:
    """Whether this process was asked to leave.

    In the ``with`` block, and until :meth:`hold`, a signal ends the block at once with
    :class:`xling.errors.Interrupted`: nothing was trained yet.  After :meth:`hold` a signal is only
    noted in ``received``, however often it comes, and who trains looks there.  Outside its block
    an object notes nothing.

    Args:
        early: False leaves signals to the system until :meth:`hold`.  That is for workers, which
            may wait for each other in code that Python's handlers do not reach.

    Attributes:
        received: the first signal.
    """

    def __init__(self, *, early: bool = True) -> None:
        self.received: signal.Signals | None = None
        self._early = early
        self._entered = False
        self._held = False
        self._breaks = False
        self._ended_early = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Stop:
        self._entered = True
        if self._early:
            self._breaks = True
            self._install()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._breaks = self._entered = False
        for number, handler in self._before.items():
            signal.signal(number, handler)
        # A library may have turned the exception of the handler into one of its own.
        if self._ended_early and error is not None and not isinstance(error, Interrupted):
            raise Interrupted(BEFORE_TRAINING) from None

    def hold(self) -> None:
        """From now on only note signals: there is something to save."""
        self._breaks = False
        self._held = True
        if self._entered and not self._before:
            self._install()

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal end the block at once with :class:`BrokenOff`; so does one that came."""
        if self.received is not None:
            raise BrokenOff
        self._breaks = True
        try:
            yield
        finally:
            self._breaks = False

    def _install(self) -> None:
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.received = self.received or signal.Signals(number)
        if self._breaks:
            self._breaks = False  # once: a second signal must not disturb how the first one ends
            self._ended_early = not self._held
            raise BrokenOff
