# SPDX-License-Identifier: Apache-2.0
"""Named random streams: each purpose has its own, so that one draw never shifts another.

Python promises that ``random.Random(int).random()`` gives the same numbers in every version; it
does not promise that of ``choice`` or ``shuffle``, nor does NumPy of its distributions.  Everything
here is therefore made of ``random()`` alone.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def digest(*names: object) -> int:
    """Return a number of 256 bits that depends on the names and on nothing else."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest(), "big")


class Stream:
    """Random draws for one purpose, for example ``Stream(seed, "noise", "xnli", "qaa")``."""

    def __init__(self, *names: object) -> None:
        self._random = random.Random(digest(*names))

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to ``limit`` - 1."""
        return int(self._random.random() * limit)

    def chance(self, share: float) -> bool:
        """Return true in the given share of calls."""
        return self._random.random() < share

    def pick(self, values: Sequence[T]) -> T:
        """Return one of the values, each as likely as the next."""
        return values[self.below(len(values))]

    def weighted(self, values: dict[T, float]) -> T:
        """Return one of the keys, as likely as its weight says; weights need not add up to 1."""
        point = self._random.random() * sum(values.values())
        for value, weight in values.items():
            point -= weight
            if point < 0:
                return value
        return next(reversed(values))

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """Return the values in random order (Fisher and Yates)."""
        rest = list(values)
        for i in range(len(rest) - 1, 0, -1):
            j = self.below(i + 1)
            rest[i], rest[j] = rest[j], rest[i]
        return rest
