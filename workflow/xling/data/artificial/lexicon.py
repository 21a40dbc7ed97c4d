# SPDX-License-Identifier: Apache-2.0
"""Words: how each lemma is spelt in each language.

A target language takes a share of its words from the source through a few regular sound changes
(cognates) and invents the others from its own syllables.  Both are built in Latin letters and then
written in the language's script.  No two lemmas of one language share a spelling.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xling.config.study import ArtificialLanguage
from xling.data.artificial.second_lexicon import (
    contractions,
    second_source_forms,
    second_target_forms,
)
from xling.data.artificial.spelling import Forms, Inventor, changed, same, sound_changes, written
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import (
    CATEGORY_OF,
    FUNCTION_CATEGORIES,
    LEMMAS,
    SHARED,
)


@dataclass(frozen=True)
class Lexicon:
    """All word forms of one language.

    Attributes:
        forms: spellings by lemma and feature.
        contractions: one word for an adposition and the definite article, by adposition.
    """

    forms: dict[str, Forms]
    contractions: dict[str, str] = field(default_factory=dict)

    def form(self, lemma: str, feature: str) -> str:
        """Return the spelling of a lemma with a feature (``spelling.FEATURES``)."""
        return self.forms[lemma][feature]


def source_lexicon() -> Lexicon:
    """Return the words of the source language."""
    return Lexicon(_source_forms() | second_source_forms())


def target_lexicon(seed: int, code: str, language: ArtificialLanguage, inflects: bool) -> Lexicon:
    """Return the words of a target language.

    Args:
        seed: of the artificial languages.
        code: of the language.
        language: its share of cognates and its script.
        inflects: whether nouns take an ending in the plural.
    """
    forms = _target_forms(seed, code, language, inflects)
    forms |= second_target_forms(seed, code, language, _spellings(forms), _source_spellings())
    fused = contractions(seed, code, forms, _spellings(forms))
    return Lexicon(
        {
            lemma: {name: written(form, language.script) for name, form in spelt.items()}
            for lemma, spelt in forms.items()
        },
        {adposition: written(word, language.script) for adposition, word in fused.items()},
    )


def _spellings(forms: dict[str, Forms]) -> set[str]:
    """Return all spellings in small letters, as some scripts have no capitals."""
    return {form.lower() for spelt in forms.values() for form in spelt.values()}


def _source_spellings() -> set[str]:
    return _spellings(_source_forms()) | _spellings(second_source_forms())


def _source_forms() -> dict[str, Forms]:
    """Return the forms of the first vocabulary in the source language."""
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
    return forms


def _target_forms(
    seed: int, code: str, language: ArtificialLanguage, inflects: bool
) -> dict[str, Forms]:
    """Return the forms of the first vocabulary in Latin letters."""
    cognates = _cognates(seed, code, language.cognates)
    changes = sound_changes(seed, code)
    words = Inventor(Stream(seed, "words", code))
    # No invented word may look like a source word: that would be a false friend.
    words.used.update(_spellings(_source_forms()))
    ending = Stream(seed, "plural", code).pick(("i", "en", "ot", "ur"))
    forms: dict[str, Forms] = {}
    for lemma in sorted(LEMMAS, key=lambda lemma: lemma not in cognates):
        category = CATEGORY_OF[lemma]
        if lemma in SHARED:
            stem = lemma
        elif lemma in cognates:
            stem = words.free(changed(lemma, changes), lemma)
        else:
            stem = words.invent(syllables=1 if category in FUNCTION_CATEGORIES else 2)
        forms[lemma] = same(stem)
        if inflects and category == "noun":
            forms[lemma]["plural"] = words.free(stem + ending, "")
    return forms


def _cognates(seed: int, code: str, share: float) -> frozenset[str]:
    """Return which content words come from the source; names are the same anyway."""
    content = [
        lemma
        for lemma in LEMMAS
        if CATEGORY_OF[lemma] not in FUNCTION_CATEGORIES and lemma not in SHARED
    ]
    order = Stream(seed, "cognates", code).shuffled(content)
    return frozenset(order[: round(share * len(content))])
