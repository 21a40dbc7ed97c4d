# SPDX-License-Identifier: Apache-2.0
"""What a log says that matters now: how far a training is, why a job failed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

LAST_LINES = 5
# What xling.training.Progress and the four lines of xling.errors look like.
_PROGRESS = re.compile(
    r"step (?P<step>\d+) of (?P<steps>\d+), loss (?P<loss>nan|-?(?:inf|[\d.]+)), "
    r"(?P<rate>[\d.]+) steps/s, (?P<left>\d+) (?P<unit>min|s) left"
)
# What a training in fairseq logs (xling.mt.fairseq): its losses are in history.jsonl.
_UPDATES = re.compile(
    r"update (?P<step>\d+) of (?P<steps>\d+), (?P<rate>[\d.]+) updates/s, "
    r"(?P<minutes>\d+) min (?P<seconds>\d+) s left"
)
_ERROR = re.compile(r"^error: .*(?:\n  (?:where|allowed|do): .*)*", re.MULTILINE)


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        step: updates done.
        steps: updates in all.
        loss: of late; None before the first was logged.
        rate: updates per second.
        seconds_left: by the training's own estimate.
    """

    step: int
    steps: int
    loss: float | None
    rate: float
    seconds_left: int


def progress(text: str) -> Progress | None:
    """Return what the last line of progress says; None if there is none."""
    start = text.rfind(" step ")
    while start >= 0:
        if found := _PROGRESS.match(text, start + 1):
            return _progress(found)
        start = text.rfind(" step ", 0, start)
    start = text.rfind(" update ")
    found = _UPDATES.match(text, start + 1) if start >= 0 else None
    return _updates(found) if found else None


def _progress(found: re.Match[str]) -> Progress:
    loss = float(found["loss"])
    return Progress(
        step=int(found["step"]),
        steps=int(found["steps"]),
        loss=loss if math.isfinite(loss) else None,
        rate=float(found["rate"]),
        seconds_left=int(found["left"]) * (60 if found["unit"] == "min" else 1),
    )


def _updates(found: re.Match[str]) -> Progress:
    return Progress(
        step=int(found["step"]),
        steps=int(found["steps"]),
        loss=None,
        rate=float(found["rate"]),
        seconds_left=60 * int(found["minutes"]) + int(found["seconds"]),
    )


def last_lines(text: str) -> list[str]:
    """Return the last error message in a log, or its last lines if there is none."""
    errors = _ERROR.findall(text)
    if errors:
        return str(errors[-1]).splitlines()
    return [line for line in text.splitlines() if line.strip()][-LAST_LINES:]
