# SPDX-License-Identifier: Apache-2.0
"""What all parallel data looks like here: language pairs, aligned lines, corpora.

A corpus is one split of one language pair.  It is a description that can be read any number of
times; only one line of it is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Literal, NamedTuple

from xling.errors import DataError, UsageError, nearest
from xling.mt.data.lines import count_rest, iter_lines
from xling.tasks import SOURCE_LANGUAGE

#: ``o2m``: from English to many languages; ``m2o``: from many languages to English.
Direction = Literal["o2m", "m2o"]
DIRECTIONS: tuple[Direction, ...] = ("o2m", "m2o")
Split = Literal["train", "dev", "test"]


class LanguagePair(NamedTuple):
    """Two languages; ``first`` is English but in OPUS-100's zero-shot pairs."""

    first: str
    second: str

    @property
    def language(self) -> str:
        """The pair's name among others: the other language, or both codes (``ar-de``)."""
        return self.second if self.first == SOURCE_LANGUAGE else f"{self.first}-{self.second}"

    def directed(self, direction: Direction) -> tuple[str, str]:
        """Return source and target language: o2m reads ``first``, m2o reads ``second``."""
        return (self.first, self.second) if direction == "o2m" else (self.second, self.first)


def with_english(language: str) -> LanguagePair:
    """Return the pair of English and a language."""
    return LanguagePair(SOURCE_LANGUAGE, language)


class AlignedLine(NamedTuple):
    """A line in both languages of a pair; ``number`` is its line in the file, from 1."""

    number: int
    first: str
    second: str


@dataclass(frozen=True)
class Corpus:
    """One split of one language pair, as it was published.

    Attributes:
        lines: gives the lines anew at every call, in the order of the files.
        files: what is read, for messages and checksums.
        placeholder: text that marks a cell without translation (TED); empty if there is none.
        clean: what is done to the text of each side, for example to detokenise it; on lines that
            are used only.
        expected: published number of lines, empty and placeholder lines included; None if unknown.
    """

    pair: LanguagePair
    split: Split
    lines: Callable[[], Iterable[AlignedLine]]
    files: tuple[Path, ...]
    placeholder: str = ""
    clean: tuple[Callable[[str], str], Callable[[str], str]] | None = None
    expected: int | None = None


def aligned(first: Path, second: Path) -> Iterator[AlignedLine]:
    """Give the lines of two files that translate each other line by line.

    Raises:
        DataError: a file cannot be read, or the two have different numbers of lines.  That is
            known at the end only: nothing made of the lines may be kept before.
    """
    one, two = iter_lines(first), iter_lines(second)
    for number, (left, right) in enumerate(zip_longest(one, two), start=1):
        if left is None or right is None:
            counts = [number - 1, number - 1]
            counts[left is None] = number + count_rest(one if right is None else two)
            raise DataError(
                f"the two sides have {counts[0]:,} and {counts[1]:,} lines",
                where=f"{first} and {second}",
                allowed="files of the same number of lines; only a newline ends a line",
                fix="one of them is cut off or of another release: fetch the data set again",
            )
        yield AlignedLine(number, left, right)


def chained(parts: Iterable[Callable[[], Iterable[AlignedLine]]]) -> Iterator[AlignedLine]:
    """Give the lines of several files as if they were one file; the numbers go on."""
    number = 0
    for part in parts:
        for line in part():
            number += 1
            yield line._replace(number=number)


def check_known(language: str, known: Iterable[str], benchmark: str) -> None:
    """Raise :class:`UsageError` unless a benchmark has this language."""
    allowed = list(known)
    if language not in allowed:
        raise UsageError(
            f"{benchmark} has no language '{language}'",
            where="languages",
            allowed=", ".join(allowed),
            fix=nearest(language, allowed) or "take the language out of the list",
        )
