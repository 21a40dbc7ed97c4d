# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a translation, as far as it can be seen without knowing the languages.

Lengths are widths, as in East Asian typography: an ideograph, a kana or a Hangul syllable counts
for more than a letter, so that ratios mean the same between scripts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

from xling.translate.settings import Guard

# Ours: letters that say as much as a character.  With these, a human translation in XNLI is 0.8 to
# 1.1 times as long as the English, in the middle, in ar de es hi sw zh; no more than 2 in 1,000 are
# flagged with the default limits, most of them English by mistake.
_IDEOGRAPH, _HANGUL = 3.0, 2.0
# Ours: a phrase that is repeated is at most this long; longer loops are found by their beginning.
_LONGEST_PHRASE = 40
#: All flags, and what they mean.
FLAGS = {
    "blank": "the source has no text: nothing was translated",
    "control": "control characters of the source were read as blanks",
    "split": "a sentence was longer than the model takes: it was cut, and the parts joined",
    "cut": "the longest allowed translation was reached before its end",
    "empty": "there is no translation",
    "short": "it is much shorter than its source",
    "long": "it is much longer than its source",
    "repeated": "it says one phrase again and again",
    "copied": "it is the source",
    "word_for_word": "the artificial translator did not understand the sentence",
    "retried": "a second search gave it",
    "source_kept": "the source stands in its place",
    "dropped": "it was bad, and the text was left empty",
}
#: Flags that ask for a second try and for the fallback.
BAD = frozenset(("cut", "empty", "short", "long", "repeated", "copied"))


def readable(text: str) -> tuple[str, bool]:
    """Return a text with a blank for each control character, and whether there was one.

    Line ends and tabs are no control characters here; lone surrogates are.
    """
    if text.isprintable():
        return text, False
    found = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cs") and char not in "\t\n\r" else char
        for char in text
    )
    return found, found != text


def bad_flags(
    source: str, translation: str, guard: Guard, *, cut: bool, same: bool = False
) -> tuple[str, ...]:
    """Return what is wrong with the translation of a sentence, in rising order.

    Args:
        source: not blank.
        translation: of it.
        guard: limits.
        cut: the search ended without an end of the sentence.
        same: source and target language are one; then a copy is right.
    """
    if not translation.strip():
        return ("empty",)
    flags = {"cut"} if cut else set()
    wide = width(source)
    ratio = width(translation) / wide
    if wide >= guard.length_from:
        if ratio < guard.shortest:
            flags.add("short")
        if ratio > guard.longest:
            flags.add("long")
    if repetition(translation, guard.repeats) and not repetition(source, guard.repeats):
        flags.add("repeated")
    if not same and _words(source) >= guard.copied_from and _plain(source) == _plain(translation):
        flags.add("copied")
    return tuple(sorted(flags))


def width(text: str) -> float:
    """Return the length of a text in letters; combining marks count for nothing."""
    return float(len(text)) if text.isascii() else sum(map(_width, text))


@cache
def _width(char: str) -> float:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0.0
    if "\uac00" <= char <= "\ud7a3":
        return _HANGUL
    return _IDEOGRAPH if unicodedata.east_asian_width(char) == "W" else 1.0


def repetition(text: str, times: int) -> bool:
    """Whether a phrase of two characters or more, not only marks, stands ``times`` in a row."""
    text += " "  # the last of some words has no blank behind it
    # Then some four characters are there times - 1 times; in most sentences none are.
    fours = Counter(map("".join, zip(*(text[i:] for i in range(4)), strict=False)))
    if not fours or max(fours.values()) < times - 1:
        return False
    found = re.finditer(rf"(.{{2,{_LONGEST_PHRASE}}}?)\1{{{times - 1}}}", text)
    return any(re.search(r"\w", match[1]) for match in found)


def _words(text: str) -> float:
    """Return the words of a text; where there are no blanks, two ideographs count as one."""
    wide = sum(unicodedata.east_asian_width(char) == "W" for char in text)
    return max(len(text.split()), wide / 2)


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
