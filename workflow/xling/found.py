# SPDX-License-Identifier: Apache-2.0
"""What was found out about runs that have rules of their own, for ``xling check``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xling.plan import Run
from xling.records import Record
from xling.score import is_collapsed
from xling.tables.agree import run_of

# Ours: two values have a spread but no shape, and nothing can be said about a difference.
SEEDS_TO_CLAIM = 3


@dataclass(frozen=True)
class Found:
    """What was found out; nothing for a study without such runs.

    Attributes:
        runs, scores: numbers that were looked at.
        problems: what must not be, in words.
        passed: what was made sure, in words.
        collapsed, flags: what a reader has to know, the gravest apart.
    """

    runs: int = 0
    scores: int = 0
    problems: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    collapsed: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    def __add__(self, other: Found) -> Found:
        return Found(
            self.runs + other.runs,
            self.scores + other.scores,
            self.problems + other.problems,
            self.passed + other.passed,
            self.collapsed + other.collapsed,
            self.flags + other.flags,
        )


def records_alone(records: Sequence[Record]) -> Found:
    """Return what records tell by themselves, before anything else was looked at."""
    ordered = sorted(records, key=run_of)
    return Found(
        runs=len(ordered),
        collapsed=flags_of(ordered, collapsed=True),
        flags=flags_of(ordered, collapsed=False),
    )


def flags_of(records: Iterable[Record], *, collapsed: bool) -> list[str]:
    """Return the flags of records: those of collapsed runs, or the others."""
    return [
        f"{run_of(record).path}: {flag}"
        for record in records
        for flag in record.flags
        if is_collapsed([flag]) == collapsed
    ]


def too_few_seeds(runs: Iterable[Run]) -> list[str]:
    """Name systems that are trained with too few seeds to claim a difference."""
    seeds = Counter(run.path.rpartition("/")[0] for run in runs)
    few: dict[int, list[str]] = {}
    for system, count in sorted(seeds.items()):
        if count < SEEDS_TO_CLAIM:
            few.setdefault(count, []).append(system)
    return [
        f"not enough seeds to claim a difference ({count}, at least {SEEDS_TO_CLAIM} needed): "
        + ", ".join(few[count])
        for count in sorted(few)
    ]
