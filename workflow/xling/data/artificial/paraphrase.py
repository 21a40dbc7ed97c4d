# SPDX-License-Identifier: Apache-2.0
"""Items of the artificial PAWS-X: pairs with (nearly) the same words, with or without one meaning.

Both labels re-order the sentence in the same ways (voice, fronted phrase, order of conjuncts).
Label 1 stops there.  Label 0 also changes who does what (hard: no word differs), which adjective
belongs to whom (hard), one word (a noun, the verb), or says more or less: a negation, or no place
and time (easy: lengths differ).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from xling.data.artificial.meaning import (
    Clause,
    Entity,
    Pair,
    Style,
    class_of,
    draw_core,
    draw_entity,
    draw_slot,
    other_noun,
)
from xling.data.artificial.purposes import Purpose, purpose_of
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import ADJECTIVES, OPPOSITE

# All shares are ours, found by trial (docs/artificial-languages.md).
NAMES = 0.2
HYPERNYMS = 0.1
NEGATED = 0.1
PARTNER = 0.25
ADJECTIVE = 0.7
# No passives for now: the encoder of `mini` did not learn both voices in its time.
PASSIVE = 0.0
CHANGES = {
    "roles": 0.1,
    "adjectives": 0.1,
    "noun": 0.15,
    "verb": 0.1,
    "negation": 0.25,
    "modifier": 0.3,
}


def draw_sentence(stream: Stream, purpose: Purpose) -> Clause:
    """Draw a clause with place or time that may be used for this purpose."""
    while True:
        clause = draw_core(stream, names=NAMES, hypernyms=HYPERNYMS, negated=NEGATED)
        if stream.chance(PARTNER):
            clause = replace(clause, agent=_with_partner(stream, clause))
        elif stream.chance(ADJECTIVE):
            clause = _with_adjectives(stream, clause)
        clause = draw_slot(stream, clause, stream.pick(("place", "time")))
        if purpose_of(clause) == purpose:
            return clause


def draw_pair(stream: Stream, clause: Clause, label: str) -> Pair:
    """Draw the second sentence for a first one."""
    first = _draw_style(stream, clause)
    second = _draw_style(stream, clause)
    while second == first:
        second = _draw_style(stream, clause)
    other = clause
    if clause.agent.partner and stream.chance(0.5):
        other = replace(clause, agent=_exchanged(clause.agent))
    if label == "0":
        other = _changed(stream, other)
    return Pair(clause, other, label, first, second)


def draw_pairs(stream: Stream, purpose: Purpose, rows: int) -> Iterator[Pair]:
    """Yield pairs with as many of label 1 as of label 0; no first sentence comes twice."""
    seen: set[Clause] = set()
    labels = stream.shuffled([str(i % 2) for i in range(rows)])
    for label in labels:
        clause = draw_sentence(stream, purpose)
        while clause in seen:
            clause = draw_sentence(stream, purpose)
        seen.add(clause)
        yield draw_pair(stream, clause, label)


def _draw_style(stream: Stream, clause: Clause) -> Style:
    fronted: Literal["place", "time"] = "place" if clause.place else "time"
    return Style(passive=stream.chance(PASSIVE), fronted=fronted if stream.chance(0.5) else None)


def _with_partner(stream: Stream, clause: Clause) -> Entity:
    """Return the agent and a partner whose class (or name) is new to the clause."""
    taken = {class_of(clause.agent.noun), class_of(clause.patient.noun)}
    while True:
        partner = draw_entity(stream, names=NAMES, hypernyms=HYPERNYMS)
        if class_of(partner.noun) not in taken:
            return replace(clause.agent, partner=partner)


def _with_adjectives(stream: Stream, clause: Clause) -> Clause:
    """Give both participants adjectives of different pairs; a name takes none."""
    one = stream.pick(ADJECTIVES)
    two = stream.pick([word for word in ADJECTIVES if word not in (one, OPPOSITE[one])])
    agent = clause.agent if clause.agent.is_name else replace(clause.agent, adjective=one)
    return replace(clause, agent=agent, patient=replace(clause.patient, adjective=two))


def _exchanged(entity: Entity) -> Entity:
    """Return "the cat and the dog" for "the dog and the cat"."""
    if entity.partner is None:
        return entity
    return replace(entity.partner, partner=replace(entity, partner=None))


def _changed(stream: Stream, clause: Clause) -> Clause:
    """Return a clause that says something else."""
    kind = stream.weighted(CHANGES)
    agent, patient = clause.agent, clause.patient
    if kind == "adjectives" and not (agent.adjective and patient.adjective):
        kind = "roles"
    if kind == "adjectives":
        return replace(
            clause,
            agent=replace(agent, adjective=patient.adjective),
            patient=replace(patient, adjective=agent.adjective),
        )
    if kind == "roles":
        # A partner stays: "Anna and the dog help the cat" becomes "the cat and the dog help Anna".
        return replace(
            clause,
            agent=replace(patient, partner=agent.partner),
            patient=replace(agent, partner=None),
        )
    if kind == "verb":
        return replace(clause, verb=OPPOSITE[clause.verb])
    if kind == "negation":
        return replace(clause, negated=not clause.negated)
    if kind == "modifier":
        return replace(clause, place=None, time=None)
    taken = {class_of(noun) for noun in clause.lemmas()}
    role = stream.pick(("agent", "patient"))
    entity = getattr(clause, role)
    return replace(clause, **{role: replace(entity, noun=other_noun(stream, entity.noun, taken))})
