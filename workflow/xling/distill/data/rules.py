# SPDX-License-Identifier: Apache-2.0
"""Which pairs are used: named rules, each counted per corpus and language.

Rules that only look at one pair are here; those that need other pairs are in ``store``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from xling.distill.data.corpus import PairReader, SentencePair
from xling.distill.data.overlap import TestTexts
from xling.mt.data.lines import has_separator, one_line

#: A side has no visible character.
EMPTY = "empty"
#: A side has more characters than allowed; the whole pair goes, as in the authors' code.
TOO_LONG = "too_long"
#: The same pair was there before: targets of a source are a set (distill.md, section 2).
REPEATED = "repeated"
#: A training pair has a source or a target of a held-out pair, of any corpus and language.
HELD_OUT = "held_out"
#: The corpus had enough pairs in this language.
OVER_CAP = "over_cap"
#: A side is in a test set; ``in_test:<name>``, the first that has it.
IN_TEST = "in_test"
#: A line separator inside a text became a blank; the pair is kept.
SEPARATOR = "separator_inside"


@dataclass(frozen=True)
class Rules:
    """What is dropped of single pairs.

    Attributes:
        max_characters: of a side: 250 at the time of the EMNLP paper, 128 in v1.
        without_tests: drop pairs a side of which is in a test set.
    """

    max_characters: int = 250
    without_tests: bool = False


class PairFilter:
    """Applies the rules to what one reader gives.

    Attributes:
        read: pairs the reader came across, with those it dropped itself.
        dropped: pairs by rule.
        repaired: pairs by repair.
    """

    def __init__(self, pairs: PairReader, rules: Rules, tests: TestTexts) -> None:
        self._pairs, self._rules, self._tests = pairs, rules, tests
        self._given = 0
        self._by_reader: Counter[str] = Counter()
        self._by_rule: Counter[str] = Counter()
        self.repaired: Counter[str] = Counter()

    @property
    def read(self) -> int:
        """Return the number of pairs so far, used or not."""
        return self._given + self._by_reader.total()

    @property
    def dropped(self) -> Counter[str]:
        """Return the pairs dropped so far, by rule of the reader and of the filter."""
        return self._by_reader + self._by_rule

    def drop(self, rule: str) -> None:
        """Count a pair that was given out and is not used after all."""
        self._by_rule[rule] += 1

    def kept(self) -> Iterator[SentencePair]:
        """Give the pairs that are used, each side one line without blanks at its ends."""
        for pair in self._pairs(self._by_reader):
            self._given += 1
            clean = pair._replace(source=one_line(pair.source), target=one_line(pair.target))
            if reason := self._reason(clean):
                self.drop(reason)
                continue
            if has_separator(pair.source) or has_separator(pair.target):
                self.repaired[SEPARATOR] += 1
            yield clean

    def _reason(self, pair: SentencePair) -> str:
        if not (_visible(pair.source) and _visible(pair.target)):
            return EMPTY
        if max(len(pair.source), len(pair.target)) > self._rules.max_characters:
            return TOO_LONG
        if self._rules.without_tests and (names := self._tests.having(pair)):
            return f"{IN_TEST}:{names[0]}"
        return ""


def _visible(text: str) -> bool:
    return any(char.isprintable() and not char.isspace() for char in text)
