# SPDX-License-Identifier: Apache-2.0
"""What a sentence says: a small tree of roles, lemmas and features, the same in all languages.

Benchmarks are made of these trees; labels follow from them.  A language only renders them
(:mod:`xling.data.artificial.grammar`), and nothing is ever read back from a string.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from xling.data.artificial.names import Name
from xling.data.artificial.second_vocabulary import PRONOUNS, SINGULAR_PRONOUNS
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import (
    ADJECTIVES,
    ADVERBS,
    CLASS_OF,
    CLASSES,
    HYPERNYMS,
    NAMES,
    NOUNS,
    PLACE_ADPOSITIONS,
    PLACES,
    TIMES,
    VERBS,
)

Role = Literal["agent", "patient", "place", "time"]


@dataclass(frozen=True)
class Entity:
    """One participant; ``partner`` makes it a pair ("the dog and the cat").

    Attributes:
        noun: a common noun, a pronoun, or the first word of a name.
        name: the whole name, where it may have several words or a type that matters.
        numeral: "two"; for plurals.
    """

    noun: str
    plural: bool = False
    definite: bool = True
    adjective: str | None = None
    partner: Entity | None = None
    name: Name | None = None
    numeral: str | None = None

    @property
    def is_name(self) -> bool:
        """Names take no article, adjective or plural."""
        return self.name is not None or self.noun in NAMES

    @property
    def is_bare(self) -> bool:
        """Names and pronouns take no article."""
        return self.is_name or self.noun in PRONOUNS

    @property
    def many(self) -> bool:
        """Whether a verb agrees with it in the plural."""
        if self.noun in PRONOUNS:
            return self.noun not in SINGULAR_PRONOUNS
        return self.plural or self.partner is not None

    def lemmas(self) -> Iterator[str]:
        """Yield its content words."""
        yield from self.name.lemmas() if self.name else (self.noun,)
        if self.numeral:
            yield self.numeral
        if self.adjective:
            yield self.adjective
        if self.partner:
            yield from self.partner.lemmas()


@dataclass(frozen=True)
class Place:
    """Where it happens: "behind the house", "near Cape Calden"."""

    adposition: str
    noun: str
    name: Name | None = None

    def lemmas(self) -> Iterator[str]:
        """Yield its content words."""
        yield from self.name.lemmas() if self.name else (self.noun,)


@dataclass(frozen=True)
class Clause:
    """One event; negation concerns the verb alone, the scene is the same."""

    agent: Entity
    verb: str
    patient: Entity
    negated: bool = False
    manner: str | None = None
    place: Place | None = None
    time: str | None = None

    def lemmas(self) -> Iterator[str]:
        """Yield its content words."""
        yield from self.agent.lemmas()
        yield self.verb
        yield from self.patient.lemmas()
        if self.manner:
            yield self.manner
        if self.place:
            yield from self.place.lemmas()
        if self.time:
            yield self.time


@dataclass(frozen=True)
class Style:
    """How a clause is said; it never changes what is said.

    ``connective`` opens the sentence and tells how it goes on from the one before; ``asks`` turns
    the clause into a question about one role.
    """

    passive: bool = False
    fronted: Literal["place", "time"] | None = None
    connective: str | None = None
    asks: Role | None = None


PLAIN = Style()


@dataclass(frozen=True)
class Sentence:
    """A clause with punctuation; it may open with an interjection and end with a second clause.

    Attributes:
        second: a subordinator ("because") and its clause.
    """

    clause: Clause
    style: Style = PLAIN
    interjection: str | None = None
    second: tuple[str, Clause] | None = None


@dataclass(frozen=True)
class Pair:
    """Two sentences and the label that follows from them."""

    first: Clause
    second: Clause
    label: str
    first_style: Style = PLAIN
    second_style: Style = PLAIN


def draw_entity(stream: Stream, *, names: float, hypernyms: float) -> Entity:
    """Draw a participant without adjective; the arguments are shares."""
    if stream.chance(names):
        return Entity(stream.pick(NAMES))
    noun = stream.pick(HYPERNYMS) if stream.chance(hypernyms) else stream.pick(NOUNS)
    return Entity(noun, plural=stream.chance(0.25), definite=stream.chance(0.8))


def draw_place(stream: Stream) -> Place:
    """Draw where something happens."""
    return Place(stream.pick(PLACE_ADPOSITIONS), stream.pick(PLACES))


def draw_core(stream: Stream, *, names: float, hypernyms: float, negated: float) -> Clause:
    """Draw agent, verb and patient (never of one class); the keyword arguments are shares."""
    agent = draw_entity(stream, names=names, hypernyms=hypernyms)
    while True:
        patient = draw_entity(stream, names=0.0, hypernyms=hypernyms)
        if class_of(patient.noun) != class_of(agent.noun):
            break
    return Clause(agent, stream.pick(VERBS), patient, negated=stream.chance(negated))


SLOTS = ("agent_adjective", "patient_adjective", "manner", "place", "time")


def filled(clause: Clause, slot: str) -> bool:
    """Whether the clause says anything in a slot."""
    if slot.endswith("_adjective"):
        entity: Entity = getattr(clause, slot.removesuffix("_adjective"))
        return entity.adjective is not None
    return getattr(clause, slot) is not None


def with_slot(clause: Clause, slot: str, value: str | Place | None) -> Clause:
    """Return the clause with a slot filled or emptied."""
    change: dict[str, Any] = {slot: value}
    if slot.endswith("_adjective"):
        role = slot.removesuffix("_adjective")
        change = {role: replace(getattr(clause, role), adjective=value)}
    return replace(clause, **change)


def draw_slot(stream: Stream, clause: Clause, slot: str) -> Clause:
    """Return the clause with a slot filled at random."""
    if slot == "place":
        return with_slot(clause, slot, draw_place(stream))
    words = {"manner": ADVERBS, "time": TIMES}.get(slot, ADJECTIVES)
    return with_slot(clause, slot, stream.pick(words))


def open_slots(clause: Clause) -> list[str]:
    """Return the slots a clause can have: a name takes no adjective."""
    return [slot for slot in SLOTS if not (slot == "agent_adjective" and clause.agent.is_name)]


def class_of(noun: str) -> str:
    """Return the class of a noun; a class is its own, a name stands alone."""
    return CLASS_OF.get(noun, noun)


def other_noun(stream: Stream, noun: str, taken: set[str]) -> str:
    """Return a noun of another class on the same level (another name for a name).

    Args:
        stream: where the draw comes from.
        noun: a member of a class, a class, or a name.
        taken: classes (or names) that must not come out.
    """
    if noun in NAMES:
        return stream.pick([name for name in NAMES if name != noun and name not in taken])
    name = stream.pick([name for name in CLASSES if name != class_of(noun) and name not in taken])
    return stream.pick(CLASSES[name]) if noun in CLASS_OF else name
