# SPDX-License-Identifier: Apache-2.0
"""Events with names, numerals and pronouns: the clauses of tagging, questions and retrieval.

What a name does tells its type, so that a name never seen before can be tagged: persons visit
places and join organisations, organisations employ persons, and things happen near places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from xling.data.artificial import names
from xling.data.artificial import second_vocabulary as words
from xling.data.artificial.grammar import question_word
from xling.data.artificial.meaning import (
    Clause,
    Entity,
    Place,
    Role,
    Sentence,
    Style,
    class_of,
    draw_place,
)
from xling.data.artificial.purposes import Purpose, purpose_of
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import (
    ADJECTIVES,
    ADVERBS,
    HYPERNYMS,
    NOUNS,
    PLACE_ADPOSITIONS,
    TIMES,
    VERBS,
)

# All shares are ours.
_HYPERNYMS = 0.1
_PLURAL = 0.25
_DEFINITE = 0.8
_PARTNERS = {"common": 0.7, "PER": 0.3}
# Share of the verbs that tell the types of their names.
_TELLING_VERBS = 0.5


_DRAW_NAME = {
    "PER": names.draw_person,
    "LOC": names.draw_place_name,
    "ORG": names.draw_organisation,
}


@dataclass(frozen=True)
class Mixture:
    """What clauses and sentences are made of; every number is a share.

    Attributes:
        agents: kinds of agents: ``common`` nouns, ``pronoun``, names ``PER`` and ``ORG``.
        patients: the same for patients of verbs that take any.
        modifiers: manner, place and time, each on its own.
        named_places: of the places, those with a name.
        seconds: sentences with a second clause ("because").
    """

    agents: dict[str, float]
    patients: dict[str, float]
    modifiers: dict[str, float]
    named_places: float = 0.0
    adjectives: float = 0.3
    numerals: float = 0.0
    partners: float = 0.0
    negated: float = 0.0
    seconds: float = 0.0
    questions: float = 0.0
    interjections: float = 0.0


UDPOS = Mixture(
    agents={"common": 0.5, "pronoun": 0.25, "PER": 0.2, "ORG": 0.05},
    patients={"common": 0.85, "PER": 0.1, "ORG": 0.05},
    modifiers={"manner": 0.35, "place": 0.4, "time": 0.3},
    named_places=0.25,
    numerals=0.3,
    partners=0.1,
    negated=0.15,
    seconds=0.25,
    questions=0.1,
    interjections=0.1,
)
PANX = Mixture(
    agents={"common": 0.3, "PER": 0.4, "ORG": 0.3},
    patients={"common": 0.6, "PER": 0.2, "ORG": 0.2},
    modifiers={"place": 0.45, "time": 0.2},
    named_places=0.6,
)
# No negation: a question has one answer, and every clause says what happened.
QUESTIONS = Mixture(
    agents={"common": 0.55, "PER": 0.35, "ORG": 0.1},
    patients={"common": 0.8, "PER": 0.15, "ORG": 0.05},
    modifiers={"place": 0.6, "time": 0.45},
    named_places=0.4,
    partners=0.1,
)
RETRIEVAL = Mixture(
    agents={"common": 0.6, "PER": 0.3, "ORG": 0.1},
    patients={"common": 0.8, "PER": 0.15, "ORG": 0.05},
    modifiers={"manner": 0.3, "place": 0.5, "time": 0.4},
    named_places=0.3,
    numerals=0.2,
    negated=0.1,
)


def draw_clause(stream: Stream, purpose: Purpose, mixture: Mixture) -> Clause:
    """Draw a clause that may be used for this purpose; no word occurs twice in it."""
    while True:
        clause = _draw_any(stream, purpose, mixture)
        lemmas = list(clause.lemmas())
        if len(set(lemmas)) == len(lemmas) and purpose_of(clause) == purpose:
            return clause


def draw_sentence(stream: Stream, purpose: Purpose, mixture: Mixture) -> Sentence:
    """Draw a sentence all of whose clauses may be used for this purpose."""
    if stream.chance(mixture.questions):
        return _draw_question(stream, purpose, mixture)
    clause = draw_clause(stream, purpose, mixture)
    interjection = second = None
    if stream.chance(mixture.interjections):
        interjection = stream.pick(words.INTERJECTIONS)
    if stream.chance(mixture.seconds):
        second = (stream.pick(words.SUBORDINATORS), draw_clause(stream, purpose, mixture))
    return Sentence(clause, interjection=interjection, second=second)


def draw_sentences(
    stream: Stream, purpose: Purpose, mixture: Mixture, rows: int
) -> Iterator[Sentence]:
    """Yield sentences, none of them twice."""
    seen: set[Sentence] = set()
    while len(seen) < rows:
        sentence = draw_sentence(stream, purpose, mixture)
        if sentence not in seen:
            seen.add(sentence)
            yield sentence


def asked(clause: Clause, role: Role) -> Clause:
    """Return the clause with a fixed value where a question has its question word.

    So two questions that read alike are equal, and have one purpose.
    """
    if role == "place":
        return replace(clause, place=Place("in", "garden"))
    if role == "time":
        return replace(clause, time="dawn")
    entity = Entity("beast" if question_word(clause, role) == "what" else "worker")
    return replace(clause, agent=entity) if role == "agent" else replace(clause, patient=entity)


def roles_of(clause: Clause) -> list[Role]:
    """Return what one can ask about a clause."""
    roles: list[Role] = ["agent", "patient"]
    if clause.place:
        roles.append("place")
    if clause.time:
        roles.append("time")
    return roles


def _draw_question(stream: Stream, purpose: Purpose, mixture: Mixture) -> Sentence:
    """Draw a question that may be used for this purpose, whatever its answer is."""
    while True:
        clause = _draw_any(stream, purpose, mixture)
        role = stream.pick(roles_of(clause))
        clause = replace(asked(clause, role), negated=False)
        if purpose_of(clause) == purpose:
            return Sentence(clause, Style(asks=role))


def _draw_any(stream: Stream, purpose: Purpose, mixture: Mixture) -> Clause:
    """Draw a clause with the names of a purpose, whatever it may be used for."""
    agent = _draw_participant(stream, purpose, mixture, mixture.agents)
    kind = agent.name.kind if agent.name else ""
    negated = False
    if kind and stream.chance(_TELLING_VERBS):
        verbs, wanted = _telling(stream, kind)
        patient = _draw_other(stream, purpose, mixture, {wanted: 1.0}, agent)
    else:
        if not kind and agent.noun not in words.PRONOUNS and stream.chance(mixture.partners):
            agent = replace(agent, partner=_draw_partner(stream, purpose, mixture, agent))
        verbs = VERBS
        patient = _draw_other(stream, purpose, mixture, mixture.patients, agent)
        negated = stream.chance(mixture.negated)
    verb = stream.pick(verbs)
    modifiers = {
        slot: _draw_modifier(stream, purpose, mixture, slot)
        for slot, share in mixture.modifiers.items()
        if stream.chance(share)
    }
    return Clause(agent, verb, patient, negated, **modifiers)


def _draw_partner(stream: Stream, purpose: Purpose, mixture: Mixture, agent: Entity) -> Entity:
    partner = _draw_other(stream, purpose, mixture, _PARTNERS, agent)
    return replace(partner, adjective=None)


def _telling(stream: Stream, kind: str) -> tuple[tuple[str, ...], str]:
    """Return verbs of a kind of agent, and the kind of their patient."""
    if kind == "ORG":
        return words.PERSON_VERBS, "PER"
    if stream.chance(0.5):
        return words.PLACE_VERBS, "LOC"
    return words.ORGANISATION_VERBS, "ORG"


def _draw_other(
    stream: Stream, purpose: Purpose, mixture: Mixture, kinds: dict[str, float], first: Entity
) -> Entity:
    """Draw a participant that shares no word and no class with those there are."""
    taken = {class_of(lemma) for lemma in first.lemmas()}
    while True:
        entity = _draw_participant(stream, purpose, mixture, kinds)
        if not taken & {class_of(lemma) for lemma in entity.lemmas()}:
            return entity


def _draw_participant(
    stream: Stream, purpose: Purpose, mixture: Mixture, kinds: dict[str, float]
) -> Entity:
    kind = stream.weighted(kinds)
    if kind == "pronoun":
        return Entity(stream.pick(words.PRONOUNS))
    if kind != "common":
        name = _DRAW_NAME[kind](stream, purpose)
        return Entity(name.words[0], name=name)
    noun = stream.pick(HYPERNYMS if stream.chance(_HYPERNYMS) else NOUNS)
    plural, definite = stream.chance(_PLURAL), stream.chance(_DEFINITE)
    numeral = adjective = None
    if plural and definite and stream.chance(mixture.numerals):
        numeral = stream.pick(words.NUMERALS)
    if stream.chance(mixture.adjectives):
        adjective = stream.pick(ADJECTIVES)
    return Entity(noun, plural, definite, adjective, numeral=numeral)


def _draw_modifier(stream: Stream, purpose: Purpose, mixture: Mixture, slot: str) -> Any:
    """Draw an adverb, a :class:`Place` or a time."""
    if slot != "place":
        return stream.pick(ADVERBS if slot == "manner" else TIMES)
    if not stream.chance(mixture.named_places):
        return draw_place(stream)
    name = names.draw_place_name(stream, purpose)
    return Place(stream.pick(PLACE_ADPOSITIONS), name.words[0], name)
