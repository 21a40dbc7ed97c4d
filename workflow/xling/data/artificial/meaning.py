# SPDX-License-Identifier: Apache-2.0
"""What a sentence says: a small tree of roles, lemmas and features, the same in all languages.

Benchmarks are made of these trees; labels follow from them.  A language only renders them
(:mod:`xling.data.artificial.grammar`), and nothing is ever read back from a string.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from xling.data.artificial.streams import Stream, digest
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

Purpose = Literal["text", "train", "dev", "test"]
# Ours: eighths of all possible sentences.  Text needs most; tests are small.
_EIGHTHS: tuple[Purpose, ...] = ("text", "text", "text", "text", "train", "train", "dev", "test")


@dataclass(frozen=True)
class Entity:
    """One participant; ``partner`` makes it a pair ("the dog and the cat")."""

    noun: str
    plural: bool = False
    definite: bool = True
    adjective: str | None = None
    partner: Entity | None = None

    @property
    def is_name(self) -> bool:
        """Names take no article, adjective or plural."""
        return self.noun in NAMES

    @property
    def many(self) -> bool:
        """Whether a verb agrees with it in the plural."""
        return self.plural or self.partner is not None

    def lemmas(self) -> Iterator[str]:
        """Yield its content words."""
        yield self.noun
        if self.adjective:
            yield self.adjective
        if self.partner:
            yield from self.partner.lemmas()


@dataclass(frozen=True)
class Place:
    """Where it happens: "behind the house"."""

    adposition: str
    noun: str


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
            yield self.place.noun
        if self.time:
            yield self.time


@dataclass(frozen=True)
class Style:
    """How a clause is said; it never changes what is said.

    ``connective`` opens the sentence and tells how it goes on from the one before.
    """

    passive: bool = False
    fronted: Literal["place", "time"] | None = None
    connective: str | None = None


PLAIN = Style()


@dataclass(frozen=True)
class Pair:
    """Two sentences and the label that follows from them."""

    first: Clause
    second: Clause
    label: str
    first_style: Style = PLAIN
    second_style: Style = PLAIN


def purpose_of(clause: Clause) -> Purpose:
    """Return what a clause may be used for as first sentence of a pair.

    It depends on the set of content words alone.  So training, development, test and text never
    share a first sentence, however large each of them is, and none has to know of the others.
    """
    return _EIGHTHS[digest("purpose", *sorted(clause.lemmas())) % len(_EIGHTHS)]


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
