# SPDX-License-Identifier: Apache-2.0
"""What readers return."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

#: Stands for a sentence that was not translated (PAWS-X README).
NOT_TRANSLATED = "NS"
#: Stands for a label that the maker of the file did not know.
UNKNOWN_LABEL = "?"


class Row(NamedTuple):
    """One labelled pair.  ``line`` is its line in the file, from 1, for messages."""

    id: str
    language: str
    sentence1: str
    sentence2: str
    label: str
    line: int

    @property
    def not_translated(self) -> bool:
        """Whether a sentence is the placeholder ``NS``; such rows carry label 0 (PAWS-X)."""
        return NOT_TRANSLATED in (self.sentence1, self.sentence2)


class Translation(NamedTuple):
    """One translated pair, and the pair it was translated from, which identifies it."""

    source1: str
    source2: str
    sentence1: str
    sentence2: str
    label: str
    line: int


@dataclass
class Reading:
    """All of one file.

    Attributes:
        rows: of a file whose rows have ids, or are numbered.
        translations: of a file whose rows are identified by the pair they translate.
        dropped: malformed rows that were left out, by reason (machine translations only).
        quoted: rows whose csv quoting was undone.
    """

    rows: list[Row] = field(default_factory=list)
    translations: list[Translation] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    quoted: int = 0

    @property
    def total(self) -> int:
        """Rows of the file, the dropped ones included."""
        return len(self.rows) + len(self.translations) + self.dropped.total()


def pair_row(row_id: str, language: str, pair: Sequence[str], label: str, line: int) -> Row:
    """Return a row; ``pair`` is its two sentences."""
    first, second = pair
    return Row(row_id, language, first, second, label, line)


def translation(texts: Sequence[str], label: str, line: int) -> Translation:
    """Return a translation; ``texts`` is the source pair and the translated pair."""
    one, two, first, second = texts
    return Translation(one, two, first, second, label, line)


def numbered(split: str, number: int) -> str:
    """Return the id of a row in a file without ids; rows are numbered from 1."""
    return f"{split}-{number:06d}"
