# SPDX-License-Identifier: Apache-2.0
"""Words: how each lemma is spelt in each language.

A target language takes a share of its words from the source through a few regular sound changes
(cognates) and invents the others from its own syllables.  Both are built in Latin letters and then
written in the language's script.  No two lemmas of one language share a spelling.
"""

from __future__ import annotations

from dataclasses import dataclass

from xling.config.study import ArtificialLanguage
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import (
    CATEGORY_OF,
    FUNCTION_CATEGORIES,
    LEMMAS,
    SHARED,
)

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
_VOWELS = tuple("aeiou")
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


@dataclass(frozen=True)
class Lexicon:
    """All word forms of one language."""

    forms: dict[str, Forms]

    def form(self, lemma: str, feature: str) -> str:
        """Return the spelling of a lemma with a feature (one of ``FEATURES``)."""
        return self.forms[lemma][feature]


def same(word: str) -> Forms:
    """Return the forms of a word that does not inflect."""
    return dict.fromkeys(FEATURES, word)


def source_lexicon() -> Lexicon:
    """Return the words of the source language."""
    forms = {}
    for lemma in LEMMAS:
        category = CATEGORY_OF[lemma]
        forms[lemma] = same(lemma)
        if category == "noun":
            forms[lemma]["plural"] = lemma + "s"
        elif category == "verb":
            forms[lemma]["singular"] = lemma + "s"
            forms[lemma]["participle"] = lemma + ("d" if lemma.endswith("e") else "ed")
    forms["a"] = same("a") | {"plural": "some"}
    forms["do"] = same("do") | {"singular": "does"}
    forms["be"] = same("are") | {"singular": "is"}
    # The source marks the plural on the noun; the particle is a word of target languages only.
    del forms["plural"]
    return Lexicon(forms)


def target_lexicon(seed: int, code: str, language: ArtificialLanguage, inflects: bool) -> Lexicon:
    """Return the words of a target language.

    Args:
        seed: of the artificial languages.
        code: of the language.
        language: its share of cognates and its script.
        inflects: whether nouns take an ending in the plural.
    """
    cognates = _cognates(seed, code, language.cognates)
    changes = Stream(seed, "sound changes", code).shuffled(SOUND_CHANGES)[:_CHANGES_PER_LANGUAGE]
    words = _Inventor(Stream(seed, "words", code))
    source = source_lexicon()
    # No invented word may look like a source word: that would be a false friend.  Small letters,
    # as some scripts have no capitals.
    words.used.update(form.lower() for forms in source.forms.values() for form in forms.values())
    ending = Stream(seed, "plural", code).pick(("i", "en", "ot", "ur"))
    forms: dict[str, Forms] = {}
    for lemma in sorted(LEMMAS, key=lambda lemma: lemma not in cognates):
        category = CATEGORY_OF[lemma]
        if lemma in SHARED:
            stem = lemma
        elif lemma in cognates:
            stem = words.free(_changed(lemma, changes), lemma)
        else:
            stem = words.invent(syllables=1 if category in FUNCTION_CATEGORIES else 2)
        forms[lemma] = same(stem)
        if inflects and category == "noun":
            forms[lemma]["plural"] = words.free(stem + ending, "")
    return Lexicon(
        {
            lemma: {name: _written(form, language.script) for name, form in forms[lemma].items()}
            for lemma in LEMMAS
        }
    )


class _Inventor:
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
            word += self._stream.pick(_VOWELS)
        self.used.add(word)
        return word

    def _syllable(self) -> str:
        pick = self._stream.pick
        return pick(_ONSETS) + pick(_VOWELS) + pick(_CODAS)


def _cognates(seed: int, code: str, share: float) -> frozenset[str]:
    """Return which content words come from the source; names are the same anyway."""
    content = [
        lemma
        for lemma in LEMMAS
        if CATEGORY_OF[lemma] not in FUNCTION_CATEGORIES and lemma not in SHARED
    ]
    order = Stream(seed, "cognates", code).shuffled(content)
    return frozenset(order[: round(share * len(content))])


def _changed(word: str, changes: list[tuple[str, str]]) -> str:
    """Apply sound changes, long ones first so that "sh" is not read as "s" and "h"."""
    for old, new in sorted(changes, key=lambda change: (-len(change[0]), change)):
        word = word.replace(old, new)
    return word


def _written(word: str, script: str) -> str:
    """Write a word in a script; scripts other than Latin have no capitals here."""
    if script == "latin":
        return word
    return word.lower().translate(str.maketrans(_LATIN, _SCRIPTS[script]))
