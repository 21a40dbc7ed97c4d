# SPDX-License-Identifier: Apache-2.0
"""What readers return."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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


class TaggedRow(NamedTuple):
    """One tagged sentence.

    Attributes:
        links: None if tag i belongs to token i; else for each tag the token whose predicted tag it
            is held against, -1 for none.
        line: first line of the sentence in its file, from 1.
    """

    id: str
    language: str
    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    links: tuple[int, ...] | None
    line: int


class AlignedRow(NamedTuple):
    """A sentence, its translation, and which words belong together.

    Attributes:
        source: words of the sentence that was translated.
        tokens: words of the translation.
        pairs: (word of the source, word of the translation), from 0.
    """

    language: str
    source: tuple[str, ...]
    tokens: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    line: int


class QuestionRow(NamedTuple):
    """One question about a context.

    Attributes:
        text_language: language of context and question.
        group: the paragraph; the same across languages in parallel data.
        starts: place of each answer, in code points of the context.
    """

    id: str
    language: str
    text_language: str
    group: str
    context: str
    question: str
    answers: tuple[str, ...]
    starts: tuple[int, ...]


class SideRow(NamedTuple):
    """One sentence of a bilingual collection.

    Attributes:
        language: the foreign language of the collection, for both sides.
        side: ``source`` (foreign) or ``target`` (English).
        gold: ids of a source row's partners.
    """

    id: str
    language: str
    side: str
    text: str
    gold: tuple[str, ...]


@dataclass
class Reading:
    """All of one file.

    Attributes:
        rows: of a file whose rows have ids, or are numbered; of the type of the format.
        translations: of a file whose rows are identified by the pair they translate.
        dropped: malformed rows that were left out, by reason (machine translations only).
        quoted: rows whose csv quoting was undone.
    """

    rows: list[Any] = field(default_factory=list)
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
