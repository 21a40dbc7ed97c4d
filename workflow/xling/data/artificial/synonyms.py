# SPDX-License-Identifier: Apache-2.0
"""Synonyms of the source language: what its content words are called in its dialects.

The source language has one word for each lemma, and words of one class differ in what they say.  So
synonyms come about as cognates do, by sound changes: two dialects (ours) spell content words in
their own way and inflect them as the source does.  As in the published table, function words have
no synonyms.
"""

from __future__ import annotations

from xling.data.artificial.lexicon import source_lexicon
from xling.data.artificial.spelling import VOWELS, Inventor, changed, sound_changes
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import (
    ADJECTIVES,
    ADVERBS,
    HYPERNYMS,
    NOUNS,
    PLACES,
    TIMES,
    VERBS,
)

DIALECTS = ("northern", "southern")
_CONTENT = (*NOUNS, *HYPERNYMS, *VERBS, *ADJECTIVES, *ADVERBS, *PLACES, *TIMES)


def source_synonyms(seed: int) -> dict[str, list[str]]:
    """Return the synonyms of each form of each content word, in the order of the dialects.

    Args:
        seed: of the artificial languages.
    """
    forms = source_lexicon().forms
    words = Inventor(Stream(seed, "synonyms"))
    # A synonym must not be another word of the source.
    words.used.update(form.lower() for spelt in forms.values() for form in spelt.values())
    found: dict[str, list[str]] = {}
    for dialect in DIALECTS:
        changes, stream = sound_changes(seed, dialect), Stream(seed, "synonyms", dialect)
        for lemma in _CONTENT:
            stem = words.free(_respelt(changed(lemma, changes), lemma, stream), "")
            for form in dict.fromkeys(forms[lemma].values()):
                # All inflection of the source is at the end.
                found.setdefault(form, []).append(stem + form.removeprefix(lemma))
    return found


def _respelt(word: str, lemma: str, stream: Stream) -> str:
    """Return a word that no sound change reached with another vowel in the place of its first."""
    if word != lemma:
        return word
    place = next(i for i, letter in enumerate(word) if letter in VOWELS)
    vowel = stream.pick([letter for letter in VOWELS if letter != word[place]])
    return word[:place] + vowel + word[place + 1 :]
