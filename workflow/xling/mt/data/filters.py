# SPDX-License-Identifier: Apache-2.0
"""Which lines are used: named rules, each counted.

Nothing is dropped from development and test sets but lines that are no pair: scores must be over
the published sentences.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from xling.mt.data.bitext import AlignedLine, Corpus
from xling.mt.data.lines import has_separator, one_line

#: A side is the placeholder for "not translated" (TED: neulab's reader drops such pairs).
NULL = "null"
#: A side has no visible character.
EMPTY = "empty"
#: A side is too long to be one sentence; of training data only.
TOO_LONG = "too_long"
#: The pair was there before; with ``deduplicate``, of training data only.
REPEATED = "repeated"
#: The pair is also in a later split (train: dev or test; dev: test); with ``deduplicate``.
HELD_OUT = "also_held_out"
#: A line separator inside a line became a blank; the line is kept.
SEPARATOR = "separator_inside"


@dataclass(frozen=True)
class Rules:
    """What is dropped.

    Attributes:
        max_characters: of a side of a training line.  Ours: published recipes cut at 250
            sub-words (cats-data.md section 3), and sub-words have about four characters.
        deduplicate: drop repeated pairs, and pairs that are also in a later split.  Off in the
            main setting: OPUS-100 is known for such pairs, and published scores include them.
    """

    max_characters: int = 1_000
    deduplicate: bool = False


class Filter:
    """Applies the rules to one corpus.

    Attributes:
        read: lines that came in.
        dropped: lines by rule.
        repaired: lines by repair.
    """

    def __init__(self, corpus: Corpus, rules: Rules, held_out: frozenset[bytes]) -> None:
        """Take a corpus, the rules, and digests of pairs that it must not contain."""
        self._corpus = corpus
        self._rules = rules
        self._held_out = held_out
        self._seen: set[bytes] = set()
        self.read = 0
        self.dropped: Counter[str] = Counter()
        self.repaired: Counter[str] = Counter()

    def kept(self) -> Iterator[AlignedLine]:
        """Give the lines that are used, without separators inside or blanks at their ends."""
        for line in self._corpus.lines():
            self.read += 1
            clean = self._clean(line)
            reason = NULL if clean is None else self._reason(clean)
            if clean is None or reason:
                self.dropped[reason] += 1
                continue
            if has_separator(line.first) or has_separator(line.second):
                self.repaired[SEPARATOR] += 1
            yield clean

    def _clean(self, line: AlignedLine) -> AlignedLine | None:
        """Return the line as it will be written; None if a side is the placeholder."""
        mark = self._corpus.placeholder
        if mark and (mark in line.first or mark in line.second):
            return None
        first, second = one_line(line.first), one_line(line.second)
        if self._corpus.clean:
            first, second = self._corpus.clean[0](first), self._corpus.clean[1](second)
        return AlignedLine(line.number, first, second)

    def _reason(self, line: AlignedLine) -> str:
        """Return the rule that drops a line, or an empty string."""
        if not (_visible(line.first) and _visible(line.second)):
            return EMPTY
        train = self._corpus.split == "train"
        if train and max(len(line.first), len(line.second)) > self._rules.max_characters:
            return TOO_LONG
        if not self._rules.deduplicate:
            return ""
        digest = digest_of(line.first, line.second)
        if digest in self._held_out:
            return HELD_OUT
        if train:
            if digest in self._seen:
                return REPEATED
            self._seen.add(digest)
        return ""


def pairs_of(corpora: Iterable[Corpus]) -> frozenset[bytes]:
    """Return digests of all pairs of corpora, as :class:`Filter` would see them."""
    return frozenset(
        digest_of(line.first, line.second)
        for corpus in corpora
        for line in Filter(corpus, Rules(), frozenset()).kept()
    )


def digest_of(*texts: str) -> bytes:
    """Return 16 bytes that stand for texts: a million pairs fit into memory this way."""
    return hashlib.blake2b("\n".join(texts).encode("utf-8"), digest_size=16).digest()


def _visible(text: str) -> bool:
    """Whether there is a character to see: zero-width characters are none.

    The text has no blanks at its ends, so its first character tells nearly always.
    """
    return bool(text) and (
        text[0].isprintable() or any(char.isprintable() and not char.isspace() for char in text)
    )
