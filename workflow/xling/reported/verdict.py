# SPDX-License-Identifier: Apache-2.0
"""The verdict on one of our numbers: the rule, in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from xling.reported.cells import Missing
from xling.reported.rows import Reported

if TYPE_CHECKING:
    from xling.tables.table import Cell

VerdictName = Literal[
    "reproduced", "close", "differs", "not comparable", "not run", "no paper value"
]

# All in points of a score from 0 to 100, all ours; docs/reported.md gives the reasons.
SAME = 0.5
SAME_AT_MOST = 1.0
NEAR = 1.0
NEAR_AT_MOST = 3.0
DEVIATIONS = 2.0


@dataclass(frozen=True)
class Verdict:
    """How one of our numbers stands to the paper's.

    Attributes:
        reason: one phrase, without a full stop.
        difference: ours minus the paper's, in points; None if there are not both.
    """

    name: VerdictName
    reason: str
    difference: float | None = None


def verdict(ours: Cell | None, reported: Reported | Missing, comparable: bool) -> Verdict:
    """Hold a mean over seeds against a paper's value.  Scores from 0 to 100 only.

    The first that holds:

    1. ``not comparable``: the study says ``comparable: false``, whatever the numbers are.
    2. ``not run``: there is no value of ours.
    3. ``no paper value``: the paper's was not read, or it has none.
    4. ``reproduced``: they differ by at most 0.5 points, or by at most the noise if that is more,
       but never by more than 1.
    5. ``close``: by at most 1 point, or by at most the noise if that is more, but never by more
       than 3.
    6. ``differs``.

    The noise is ``2 sd sqrt(1 + 1/n)`` with our n seeds' standard deviation sd; with one seed it is
    not known and counts as nothing.

    Args:
        ours: None if nothing was scored.
        reported: of ``paper_cell``.
        comparable: the study's.
    """
    difference = None
    if ours is not None and isinstance(reported, Reported):
        # Without the last digits of binary fractions: 80.6 - 80.1 is half a point.
        difference = round(ours.mean - reported.value, 6)
    if not comparable:
        return Verdict("not comparable", "the study claims no comparison", difference)
    if ours is None:
        return Verdict("not run", "nothing was scored")
    if isinstance(reported, Missing):
        return Verdict("no paper value", reported.reason)
    assert difference is not None  # both are there
    noise = _noise(ours)
    same = min(max(SAME, noise), SAME_AT_MOST)
    near = min(max(NEAR, noise), NEAR_AT_MOST)
    name: VerdictName = "differs"
    if abs(difference) <= near:
        name = "reproduced" if abs(difference) <= same else "close"
    return Verdict(name, _reason(ours, difference, noise), difference)


def _noise(ours: Cell) -> float:
    """How far our mean and one more run are apart, about 19 times out of 20 if sd is right."""
    if ours.sd is None:
        return 0.0
    return round(DEVIATIONS * ours.sd * math.sqrt(1 + 1 / len(ours.values)), 6)


def _reason(ours: Cell, difference: float, noise: float) -> str:
    seeds = len(ours.values)
    spread = f"noise of {seeds} seeds {noise:.1f}" if seeds > 1 else "one seed, noise unknown"
    return f"{difference:+.1f} points; {spread}"
