# SPDX-License-Identifier: Apache-2.0
"""From the words of an artificial language back to what they say.

The generator never reads a string; a translator must.  No two lemmas of a language share a
spelling, so only phrases are searched for.  What is found is said again in the same language: it
counts only if that gives the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from xling.data.artificial.grammar import Language
from xling.data.artificial.meaning import Clause, Entity, Place, Sentence, Style
from xling.data.artificial.names import Name
from xling.data.artificial.second_vocabulary import (
    CATEGORY_OF_ALL,
    FAMILY_NAMES,
    GIVEN_NAMES,
    HELD_OUT_FAMILY_NAMES,
    HELD_OUT_GIVEN_NAMES,
    HELD_OUT_PLACES_AND_FAMILIES,
    NAME_CATEGORIES,
    ORGANISATION_WORDS,
    PLACE_WORDS,
    PLACES_AND_FAMILIES,
    PRONOUNS,
    QUESTION_MARK,
)
from xling.data.artificial.spelling import FEATURES
from xling.data.artificial.vocabulary import PLACE_ADPOSITIONS

_VERBS = ("verb", "second verb")
_NAMES = ("name", *NAME_CATEGORIES)
_GIVEN = frozenset(GIVEN_NAMES + HELD_OUT_GIVEN_NAMES)
_FAMILIES = frozenset(
    FAMILY_NAMES + HELD_OUT_FAMILY_NAMES + PLACES_AND_FAMILIES + HELD_OUT_PLACES_AND_FAMILIES
)
# Words between phrases: no phrase goes across them.
_BETWEEN = (*_VERBS, "adverb", "negation", "do", "be", "connective", "question word")
# What is asked for is not said: these stand in for it.
_SOMEBODY, _SOMETHING = Entity("farmer"), Entity("dog")
_SOMEWHERE, _SOMETIME = Place("in", "garden"), "noon"
_ROLES = {
    "who": ("agent",),
    "whom": ("patient",),
    "what": ("agent", "patient"),
    "where": ("place",),
    "when": ("time",),
}


@dataclass(frozen=True)
class _Phrase:
    """A noun phrase, with its adposition if it has one."""

    entity: Entity | None
    place: Place | None
    adposition: str | None
    time: str | None = None


class Reader:
    """Reads one language.

    Args:
        language: of the generator.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        #: Lemma and a feature by spelling.
        self.lemmas: dict[str, tuple[str, str]] = {}
        for lemma, forms in language.lexicon.forms.items():
            for feature in reversed(FEATURES):
                self.lemmas[forms[feature]] = (lemma, feature)
        self._contracted = {
            word: [language.lexicon.form(lemma, "singular") for lemma in (adposition, "the")]
            for adposition, word in language.lexicon.contractions.items()
        }

    def read(self, words: Sequence[str]) -> Sentence | tuple[Clause, Style] | None:
        """Return what a sentence says; None: it is none of the generator's.

        Args:
            words: as separated by blanks, the final mark a word of its own.

        Returns:
            A sentence where there is a final mark; else a clause and how it is said.
        """
        plain = [part for word in words for part in self._parts(word)]
        if not plain or any(word not in self.lemmas for word in plain):
            return None
        if plain[-1] not in (".", QUESTION_MARK):
            return next(self._clauses(plain), None)
        return next(self._sentences(plain), None)

    def groups(self, words: Sequence[str]) -> list[list[int]]:
        """Return what each written word is made of, as places in what the language says."""
        found, place = [], 0
        for word in words:
            count = len(self._parts(word))
            found.append(list(range(place, place + count)))
            place += count
        return found

    def _parts(self, word: str) -> list[str]:
        return self._contracted.get(word, [word])

    def _sentences(self, words: list[str]) -> Iterator[Sentence]:
        first = 1 if self._category(words[0]) == "interjection" else 0
        opening = self.lemmas[words[0]][0] if first else None
        body = words[first:-1]
        for main, second in self._parted(body):
            for clause, style in self._clauses(main):
                for more in [None] if second is None else self._clauses(second[1]):
                    if more and more[1] != Style():
                        continue
                    told = (second[0], more[0]) if second and more else None
                    found = Sentence(clause, style, opening, told)
                    if [token.form for token in self.language.say(found)] == words:
                        yield found

    def _parted(self, words: list[str]) -> Iterator[tuple[list[str], tuple[str, list[str]] | None]]:
        """Give main clause, and subordinator with its clause."""
        places = [i for i, word in enumerate(words) if self._category(word) == "subordinator"]
        if not places:
            yield words, None
            return
        place = places[0]
        lemma = self.lemmas[words[place]][0]
        if self.language.adposition == "before":
            yield words[:place], (lemma, words[place + 1 :])
        elif place == len(words) - 1:
            for cut in range(1, place):
                yield words[:cut], (lemma, words[cut:place])

    def _clauses(self, words: list[str]) -> Iterator[tuple[Clause, Style]]:
        """Give what a clause may say; each gives the same words again."""
        lemmas = [self.lemmas[word][0] for word in words]
        verbs = [lemma for lemma in lemmas if CATEGORY_OF_ALL[lemma] in _VERBS]
        if len(verbs) != 1:
            return
        asked = [lemma for lemma in lemmas if CATEGORY_OF_ALL[lemma] == "question word"]
        manner = [lemma for lemma in lemmas if CATEGORY_OF_ALL[lemma] == "adverb"]
        connective = lemmas[0] if CATEGORY_OF_ALL[lemmas[0]] == "connective" else None
        for phrases in product(*(list(self._phrases(run)) for run in _runs(lemmas))):
            flat = [one for run in phrases for one in run]
            for role in _ROLES[asked[0]] if asked else (None,):
                roles = _roles(flat, "be" in lemmas, role, asked[0] if asked else "")
                if roles is None:
                    continue
                agent, patient, place, time = roles
                clause = Clause(
                    agent, verbs[0], patient, "not" in lemmas, next(iter(manner), None), place, time
                )
                for fronted in (None, "place", "time"):
                    style = Style("be" in lemmas, fronted, connective, role)  # type: ignore[arg-type]
                    if fronted and getattr(clause, fronted) is None:
                        continue
                    if self._says(clause, style, words):
                        yield clause, style

    def _says(self, clause: Clause, style: Style, words: list[str]) -> bool:
        return [token.form for token in self.language.render(clause, style)] == words

    def _phrases(self, lemmas: Sequence[str]) -> Iterator[list[_Phrase]]:
        """Give all ways to read a row of words as phrases."""
        if not lemmas:
            yield []
            return
        # Long ones first: "Anna Keller" is one person.
        for end in range(len(lemmas), 0, -1):
            for phrase in self._phrase(lemmas[:end]):
                for rest in self._phrases(lemmas[end:]):
                    yield [phrase, *rest]

    def _phrase(self, lemmas: Sequence[str]) -> Iterator[_Phrase]:
        before = self.language.adposition == "before"
        edge = lemmas[0] if before else lemmas[-1]
        if CATEGORY_OF_ALL[edge] != "adposition":
            yield from (_Phrase(entity, None, None) for entity in _entities(lemmas))
            return
        inner = lemmas[1:] if before else lemmas[:-1]
        if edge in PLACE_ADPOSITIONS:
            yield from (_Phrase(None, place, edge) for place in _places(edge, inner))
        elif edge == "at" and len(inner) == 1 and CATEGORY_OF_ALL[inner[0]] == "time":
            yield _Phrase(None, None, edge, inner[0])
        elif edge == "by":
            yield from (_Phrase(entity, None, edge) for entity in _entities(inner))

    def _category(self, word: str) -> str:
        return CATEGORY_OF_ALL[self.lemmas[word][0]]


def _runs(lemmas: Sequence[str]) -> list[list[str]]:
    """Return the rows of words that phrases are made of."""
    runs: list[list[str]] = [[]]
    for lemma in lemmas:
        if CATEGORY_OF_ALL[lemma] in _BETWEEN:
            runs.append([])
        else:
            runs[-1].append(lemma)
    return [run for run in runs if run]


def _roles(
    phrases: Sequence[_Phrase], passive: bool, asked: str | None, word: str
) -> tuple[Entity, Entity, Place | None, str | None] | None:
    """Return agent, patient, place and time; None: the phrases are not those of a clause."""
    stand_in = _SOMETHING if word == "what" else _SOMEBODY
    free = [one.entity for one in phrases if one.entity and one.adposition is None]
    by = [one.entity for one in phrases if one.entity and one.adposition == "by"]
    places = [one.place for one in phrases if one.place]
    times = [one.time for one in phrases if one.time]
    if asked == "agent":
        free.insert(0, stand_in)
    elif asked == "patient":
        free.insert(1, stand_in)
    elif asked == "place":
        places.append(_SOMEWHERE)
    elif asked == "time":
        times.append(_SOMETIME)
    agents, patients = (by, free) if passive else (free[:1], free[1:])
    if len(agents) != 1 or len(patients) != 1 or (by and not passive):
        return None
    if len(places) > 1 or len(times) > 1:
        return None
    return agents[0], patients[0], next(iter(places), None), next(iter(times), None)


def _entities(lemmas: Sequence[str]) -> Iterator[Entity]:
    """Give what a noun phrase without adposition may stand for."""
    yield from _singles(lemmas)
    for cut in (i for i, lemma in enumerate(lemmas) if lemma == "and"):
        for first in _singles(lemmas[:cut]):
            for partner in _entities(lemmas[cut + 1 :]):
                yield Entity(**{**vars(first), "partner": partner})


def _singles(lemmas: Sequence[str]) -> Iterator[Entity]:
    found: dict[str, str] = {}
    for lemma in lemmas:
        category = CATEGORY_OF_ALL[lemma]
        if category in found or category not in (
            "article",
            "numeral",
            "adjective",
            "noun",
            "pronoun",
            "plural",
        ):
            yield from (Entity(name.words[0], name=name) for name in _names(lemmas))
            return
        found[category] = lemma
    if set(found) == {"pronoun"} and lemmas[0] in PRONOUNS:
        yield Entity(lemmas[0])
    elif "noun" in found and "article" in found:
        for plural in (False, True):
            yield Entity(
                found["noun"],
                plural,
                found["article"] == "the",
                found.get("adjective"),
                numeral=found.get("numeral"),
            )


def _places(adposition: str, lemmas: Sequence[str]) -> Iterator[Place]:
    if len(lemmas) == 2 and lemmas[0] == "the" and CATEGORY_OF_ALL[lemmas[1]] == "place":
        yield Place(adposition, lemmas[1])
    yield from (Place(adposition, name.words[0], name) for name in _names(lemmas))


def _names(lemmas: Sequence[str]) -> Iterator[Name]:
    """Give the name that words are; its type changes the order of its words alone."""
    types = [lemma for lemma in lemmas if lemma in (*PLACE_WORDS, *ORGANISATION_WORDS)]
    words = tuple(lemma for lemma in lemmas if lemma not in types and lemma != "and")
    if not words or len(types) > 1 or any(CATEGORY_OF_ALL[word] not in _NAMES for word in words):
        return
    if not types:
        if "and" not in lemmas and (len(words) == 1 or _is_person(words)):
            yield Name("PER", words)
    elif types[0] in PLACE_WORDS:
        if len(words) == 1 and "and" not in lemmas:
            yield Name("LOC", words, types[0])
    elif len(words) == 1 or (len(words) == 2 and "and" in lemmas):
        yield Name("ORG", words, types[0])


def _is_person(words: tuple[str, ...]) -> bool:
    return len(words) == 2 and words[0] in _GIVEN and words[1] in _FAMILIES
