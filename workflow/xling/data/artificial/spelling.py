# SPDX-License-Identifier: Apache-2.0
"""How words are spelt: invented syllables, sound changes, scripts."""

from __future__ import annotations

from xling.data.artificial.streams import Stream

# Feature -> spelling, for one lemma.
Forms = dict[str, str]
FEATURES = ("singular", "plural", "infinitive", "participle")

# Letter changes a language may draw; the first member is the source's.  Ours: rare enough that
# some cognates stay as they are, which is what neighbouring languages look like.
SOUND_CHANGES = (
    ("c", "k"),
    ("w", "v"),
    ("sh", "x"),
    ("th", "t"),
    ("ck", "k"),
    ("oo", "u"),
    ("ai", "e"),
    ("ll", "l"),
    ("j", "y"),
    ("qu", "kv"),
)
_CHANGES_PER_LANGUAGE = 2
_ONSETS = tuple("bdfghklmnprstvz")
VOWELS = tuple("aeiou")
# Half of the syllables have no coda.
_CODAS = ("", "", "", "", "", "", *"nrslkm")

# Each line is one to one, so that two spellings differ in every script.
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_SCRIPTS = {
    "latin": _LATIN,
    "cyrillic": "абцдефгхийклмнопќрстувўжыз",
    "greek": "αβψδεφγηιϊκλμνοπθρστυϋωχύζ",
    "georgian": "აბცდეფგჰიჯკლმნოპქრსტუვწხყზ",
}


def same(word: str) -> Forms:
    """Return the forms of a word that does not inflect."""
    return dict.fromkeys(FEATURES, word)


class Inventor:
    """Makes words that are not in use yet."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.used: set[str] = set()

    def invent(self, syllables: int) -> str:
        """Return a new word; it grows by a syllable when it is hard to find a free one."""
        tries = 0
        while True:
            word = "".join(self._syllable() for _ in range(syllables + tries // 50))
            tries += 1
            if len(word) > 1 and word not in self.used:
                self.used.add(word)
                return word

    def free(self, word: str, source: str) -> str:
        """Return the word, lengthened while another lemma has that spelling.

        Args:
            word: wanted spelling.
            source: spelling in the source language that may be kept.
        """
        while word in self.used and word != source:
            word += self._stream.pick(VOWELS)
        self.used.add(word)
        return word

    def _syllable(self) -> str:
        pick = self._stream.pick
        return pick(_ONSETS) + pick(VOWELS) + pick(_CODAS)


def sound_changes(seed: int, code: str) -> list[tuple[str, str]]:
    """Return the letter changes of a language."""
    return Stream(seed, "sound changes", code).shuffled(SOUND_CHANGES)[:_CHANGES_PER_LANGUAGE]


def changed(word: str, changes: list[tuple[str, str]]) -> str:
    """Apply sound changes, long ones first so that "sh" is not read as "s" and "h"."""
    for old, new in sorted(changes, key=lambda change: (-len(change[0]), change)):
        word = word.replace(old, new)
    return word


def written(word: str, script: str) -> str:
    """Write a word in a script; scripts other than Latin have no capitals here."""
    if script == "latin":
        return word
    return word.lower().translate(str.maketrans(_LATIN, _SCRIPTS[script]))
