# SPDX-License-Identifier: Apache-2.0
"""How the second vocabulary is spelt; its streams leave the words of the first as they are."""

from __future__ import annotations

from xling.config.study import ArtificialLanguage
from xling.data.artificial.second_vocabulary import (
    CATEGORY_OF_ALL,
    CONTENT_CATEGORIES,
    FUNCTION_CATEGORIES,
    NAME_CATEGORIES,
    SECOND_LEMMAS,
)
from xling.data.artificial.spelling import VOWELS, Forms, Inventor, changed, same, sound_changes
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import ADPOSITIONS

# Ours: share of the names that a language spells as the source does; the others follow its rules.
SHARED_NAMES = 0.6


def second_source_forms() -> dict[str, Forms]:
    """Return the forms of the second vocabulary in the source language."""
    forms = {}
    for lemma in SECOND_LEMMAS:
        forms[lemma] = same(lemma)
        if CATEGORY_OF_ALL[lemma] == "second verb":
            forms[lemma]["singular"] = lemma + "s"
            forms[lemma]["participle"] = lemma + ("d" if lemma.endswith("e") else "ed")
    return forms


def second_target_forms(
    seed: int, code: str, language: ArtificialLanguage, own: set[str], source: set[str]
) -> dict[str, Forms]:
    """Return the forms of the second vocabulary in a target language, in Latin letters.

    Args:
        seed: of the artificial languages.
        code: of the language.
        language: its share of cognates.
        own: spellings of the language so far, in small letters.
        source: spellings of the source language, which only cognates and shared names may have.
    """
    changes = sound_changes(seed, code)
    words = Inventor(Stream(seed, "second words", code))
    words.used.update(own | source)
    names = Stream(seed, "second names", code)
    cognates = _cognates(seed, code, language.cognates)
    forms = {}
    for lemma in sorted(SECOND_LEMMAS, key=lambda lemma: lemma not in cognates):
        category = CATEGORY_OF_ALL[lemma]
        small = lemma.lower()
        kept = "" if small in own else small
        if category in NAME_CATEGORIES:
            word = small if names.chance(SHARED_NAMES) else _respelt(small, changes, names)
            word = words.free(word, kept)
        elif lemma in cognates:
            word = words.free(changed(small, changes), kept)
        elif category in CONTENT_CATEGORIES:
            word = words.invent(syllables=2)
        elif category in FUNCTION_CATEGORIES:
            word = words.invent(syllables=1)
        else:
            word = lemma
        forms[lemma] = same(word.capitalize() if lemma != small else word)
    return forms


def contractions(seed: int, code: str, forms: dict[str, Forms], taken: set[str]) -> dict[str, str]:
    """Return one word for each adposition and the definite article, as in Spanish "del".

    Args:
        seed: of the artificial languages.
        code: of the language.
        forms: of all lemmas, in Latin letters.
        taken: spellings that no contraction may have.
    """
    words = Inventor(Stream(seed, "contractions", code))
    words.used.update(taken)
    article = forms["the"]["singular"]
    # The article loses its first letter.
    return {lemma: words.free(forms[lemma]["singular"] + article[1:], "") for lemma in ADPOSITIONS}


def _respelt(word: str, changes: list[tuple[str, str]], stream: Stream) -> str:
    """Return a name as the language writes it: with its sound changes, else another ending."""
    other = changed(word, changes)
    if other != word:
        return other
    stem = word.rstrip("".join(VOWELS))
    return stem + stream.pick([vowel for vowel in VOWELS if stem + vowel != word])


def _cognates(seed: int, code: str, share: float) -> frozenset[str]:
    content = [lemma for lemmas in CONTENT_CATEGORIES.values() for lemma in lemmas]
    order = Stream(seed, "second cognates", code).shuffled(content)
    return frozenset(order[: round(share * len(content))])
