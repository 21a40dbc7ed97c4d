# SPDX-License-Identifier: Apache-2.0
"""The same work done in two ways or more, timed in turns."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: A call makes work ready; a call of that is timed, and its value compared.
Side = Callable[[], Callable[[], Any]]


@dataclass(frozen=True)
class Case:
    """One piece of work.

    Attributes:
        what: the work, as the table prints it.
        ours: how the workflow does it.
        others: how else it is done, by name.
        same: whether a value of ours and one of another side are the same result.
    """

    what: str
    ours: Side
    others: dict[str, Side]
    same: Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Benchmark:
    """How to make a case.

    Attributes:
        build: makes the case of a size, with its files in an empty folder.
        size: what is timed.
        tiny: what warms up, and what the tests run.
        memory: makes the case whose memory is measured too (:mod:`bench.memory`); None: no case.
        digits: of its ratios.
        package: that it needs, if ``make setup`` can do without.
    """

    build: Callable[[int, Path], Case]
    size: int
    tiny: int
    memory: Callable[[int, Path], Case] | None = None
    digits: int = 1
    package: str = ""

    @property
    def installed(self) -> bool:
        """Whether it can be run here."""
        return not self.package or find_spec(self.package) is not None


@dataclass
class Times:
    """Seconds of each side, one number a round."""

    ours: list[float] = field(default_factory=list)
    others: dict[str, list[float]] = field(default_factory=dict)

    def ratios(self, other: str) -> list[float]:
        """Return how many times faster ours is, in each round."""
        return [slow / fast for slow, fast in zip(self.others[other], self.ours, strict=True)]


def compare(case: Case, rounds: int) -> Times:
    """Time all sides once a round; every second round goes the other way round.

    Raises:
        AssertionError: two sides give different results.
    """
    times = Times(others={name: [] for name in case.others})
    for number in range(rounds):
        sides = [("", case.ours), *case.others.items()]
        values = {}
        gc.collect()
        for name, side in reversed(sides) if number % 2 else sides:
            values[name], seconds = _timed(side())
            (times.others[name] if name else times.ours).append(seconds)
        for name in case.others:
            if not case.same(values[""], values[name]):
                raise AssertionError(f"{case.what}: ours and '{name}' give different results")
    return times


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return value and seconds, without the garbage collector, as in the standard timeit."""
    gc.disable()
    try:
        started = time.perf_counter()
        value = work()
        return value, time.perf_counter() - started
    finally:
        gc.enable()


def spread(values: list[float], digits: int) -> tuple[str, str]:
    """Return the median, and the smallest and largest value."""
    numbers = (statistics.median(values), min(values), max(values))
    median, low, high = (f"{number:.{digits}f}" for number in numbers)
    return median, f"{low} to {high}"
