# SPDX-License-Identifier: Apache-2.0
"""What a clause may be used for, so that tests, training sets and text never share one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

from xling.data.artificial.streams import digest

Purpose = Literal["text", "train", "dev", "test"]
# Ours: eighths of all possible clauses.  Text needs most; tests are small.
_EIGHTHS: tuple[Purpose, ...] = ("text", "text", "text", "text", "train", "train", "dev", "test")


class HasLemmas(Protocol):
    """Something made of content words."""

    def lemmas(self) -> Iterable[str]:
        """Return its content words."""
        ...


def purpose_of(clause: HasLemmas) -> Purpose:
    """Return what a clause may be used for: as first sentence of a pair, or in any other benchmark.

    It depends on the set of content words alone.  So training, development, test and text never
    share such a clause, however large each of them is, and none has to know of the others.
    """
    return _EIGHTHS[digest("purpose", *sorted(clause.lemmas())) % len(_EIGHTHS)]
