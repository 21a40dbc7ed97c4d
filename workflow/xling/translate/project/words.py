# SPDX-License-Identifier: Apache-2.0
"""Words of a text and where they stand; characters in languages that write no spaces."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

#: Languages whose words are single characters here, as in PAN-X.  The second line is ours: they
#: write no spaces between words either.
BY_CHARACTER = frozenset(("zh", "ja", "th"))
BY_CHARACTER |= {"my", "km", "lo"}

# Ours: marks that belong to a word if letters stand on both sides ("don't", "e-mail").
_INNER = frozenset("'’-‐·")


class Span(NamedTuple):
    """A part of a text in code points; ``end`` is the place after its last one."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the part."""
        return text[self.start : self.end]

    def meets(self, other: Span) -> bool:
        """Whether both share a character."""
        return self.start < other.end and other.start < self.end


def words_of(text: str, language: str) -> list[Span]:
    """Return where the words of a text stand, in order.

    A word is a run of letters, digits and the marks on them.  Invisible characters (joiners, marks
    of direction) belong to it inside, not at its ends.  Any other character that is no blank is a
    word of its own.  In :data:`BY_CHARACTER` a letter with its marks is a word, but for runs of
    Latin letters and digits.
    """
    single = language in BY_CHARACTER
    found: list[Span] = []
    place = 0
    while place < len(text):
        if text[place].isspace() or _is_format(text[place]):
            place += 1
            continue
        end = _end(text, place, single=single)
        found.append(Span(place, end))
        place = end
    return found


def joined(tokens: Sequence[str], language: str) -> tuple[str, list[Span]]:
    """Return the text of given words, and where each stands in it.

    Words are separated by blanks; in :data:`BY_CHARACTER` only where two Latin words meet.
    """
    text, spans = "", []
    for token in tokens:
        if text and separated(text[-1], token[:1], language):
            text += " "
        spans.append(Span(len(text), len(text) + len(token)))
        text += token
    return text, spans


def separated(before: str, after: str, language: str) -> bool:
    """Whether a blank stands between words that end and begin with these characters."""
    return language not in BY_CHARACTER or (is_latin(before) and is_latin(after))


def covered(words: Sequence[Span], span: Span) -> list[int]:
    """Return the words (indices) that share a character with a span."""
    return [index for index, word in enumerate(words) if word.meets(span)]


@lru_cache(maxsize=100_000)
def is_letter(character: str) -> bool:
    """Whether a character is part of a word: a letter, a digit, a mark on one, or invisible."""
    return unicodedata.category(character)[0] in "LMN" or _is_format(character)


@lru_cache(maxsize=100_000)
def _is_format(character: str) -> bool:
    """Whether a character is invisible, such as a joiner or a mark of direction."""
    return unicodedata.category(character) == "Cf"


@lru_cache(maxsize=100_000)
def is_latin(character: str) -> bool:
    """Whether a character is a Latin letter or an ASCII digit."""
    return "0" <= character <= "9" or (
        character.isalpha() and unicodedata.name(character, "").startswith("LATIN")
    )


def _end(text: str, start: int, *, single: bool) -> int:
    """Return where the word that begins at a place ends."""
    if not is_letter(text[start]):
        return start + 1
    if single and not is_latin(text[start]):
        end = start + 1
        while end < len(text) and unicodedata.category(text[end])[0] == "M":
            end += 1
        return end
    belongs = is_latin if single else is_letter
    end = start + 1
    while end < len(text):
        inner = text[end] in _INNER and end + 1 < len(text) and belongs(text[end + 1])
        if not (belongs(text[end]) or inner):
            break
        end += 1
    while _is_format(text[end - 1]):
        end -= 1
    return end
