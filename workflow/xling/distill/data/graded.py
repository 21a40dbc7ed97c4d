# SPDX-License-Identifier: Apache-2.0
"""Pairs of artificial sentences with a graded similarity, for a teacher and for STS.

Equal words must not be enough to tell the grade, else an untrained encoder, whose mean vector is
little more than a bag of words, would do as well as a trained one.  So words and facts are made to
disagree, in both directions:

- much the same words, little in common: agent and patient are exchanged;
- other words, the same fact: the opposite verb with a negation, other articles and numbers,
  a place or time in front;
- other words, half the fact: a noun of the same class.

How far they disagree is measured in ``docs/distill-data.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from xling.data.artificial.events import RETRIEVAL, draw_clause
from xling.data.artificial.meaning import (
    SLOTS,
    Clause,
    Entity,
    Sentence,
    Style,
    class_of,
    draw_slot,
    filled,
    other_noun,
    with_slot,
)
from xling.data.artificial.purposes import Purpose, purpose_of
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import CLASS_OF, CLASSES, OPPOSITE, VERBS
from xling.distill.data.similarity import said_verb, similarity

# All shares are ours, chosen so that words alone tell little of the grade.
EXCHANGED = 0.25
REWORDED = 0.5
RESTYLED = 0.4
# Of changed nouns, those that stay in their class.
SAME_CLASS = 0.5
# Pairs that have nothing to do with each other.
UNRELATED = 0.1
# A changed clause is for the wanted purpose once in eight times at worst.
_ATTEMPTS = 24
# Changed parts of the eight there are.
MOST_CHANGES = 4
_PLACES = ("agent", "patient", "verb", *SLOTS)


@dataclass(frozen=True)
class GradedPair:
    """Two sentences and their similarity from 0 to 5."""

    first: Sentence
    second: Sentence
    score: float


@dataclass(frozen=True)
class _Plan:
    """How the second sentence comes from the first; ``changes`` counts its changed parts."""

    unrelated: bool
    exchanged: bool
    reworded: bool
    changes: int


def draw_graded(stream: Stream, purpose: Purpose, count: int) -> Iterator[GradedPair]:
    """Yield pairs both of whose clauses may be used for a purpose; no first clause comes twice."""
    seen: set[Clause] = set()
    while len(seen) < count:
        plan = _draw_plan(stream)
        one, two = _draw_clauses(stream, purpose, plan)
        if one in seen:
            continue
        seen.add(one)
        first = Sentence(one, _draw_style(stream, one))
        yield GradedPair(first, Sentence(two, _draw_style(stream, two)), similarity(one, two))


def _draw_plan(stream: Stream) -> _Plan:
    return _Plan(
        unrelated=stream.chance(UNRELATED),
        exchanged=stream.chance(EXCHANGED),
        reworded=stream.chance(REWORDED),
        changes=stream.below(MOST_CHANGES + 1),
    )


def _draw_clauses(stream: Stream, purpose: Purpose, plan: _Plan) -> tuple[Clause, Clause]:
    """Draw two clauses by a plan.

    The plan stays while clauses are drawn again: else pairs with the same words, which always have
    the same purpose, would be far more frequent than planned.
    """
    while True:
        one = draw_clause(stream, purpose, RETRIEVAL)
        # Verbs without opposite tell the types of their names: a place visits nobody.
        if one.verb not in OPPOSITE and (plan.exchanged or plan.reworded):
            continue
        if plan.unrelated:
            return one, draw_clause(stream, purpose, RETRIEVAL)
        for _ in range(_ATTEMPTS):
            two = _draw_second(stream, one, plan)
            if _is_sound(two) and purpose_of(two) == purpose:
                return one, two


def _draw_second(stream: Stream, one: Clause, plan: _Plan) -> Clause:
    two = replace(one, agent=one.patient, patient=one.agent) if plan.exchanged else one
    two = _with_changes(stream, two, plan.changes)
    if plan.reworded:
        two = replace(two, verb=OPPOSITE[two.verb], negated=not two.negated)
    return _with_other_forms(stream, two)


def _with_changes(stream: Stream, clause: Clause, count: int) -> Clause:
    """Return a clause that says something else in some of its parts."""
    for place in stream.shuffled(_PLACES)[:count]:
        clause = _CHANGES.get(place, _change_slot)(stream, clause, place)
    return clause


def _change_noun(stream: Stream, clause: Clause, role: str) -> Clause:
    """Change who it is; a name becomes a noun."""
    entity: Entity = getattr(clause, role)
    other = clause.patient if role == "agent" else clause.agent
    if entity.name is None and entity.noun in CLASS_OF and stream.chance(SAME_CLASS):
        members = CLASSES[CLASS_OF[entity.noun]]
        noun = stream.pick([word for word in members if word != entity.noun])
    elif entity.name is None:
        noun = other_noun(stream, entity.noun, {class_of(entity.noun), class_of(other.noun)})
    else:
        free = [name for name in CLASSES if name != class_of(other.noun)]
        noun = stream.pick(CLASSES[stream.pick(free)])
    changes: dict[str, Any] = {role: replace(entity, noun=noun, name=None)}
    return replace(clause, **changes)


def _change_verb(stream: Stream, clause: Clause, _: str) -> Clause:
    verb = stream.pick([verb for verb in VERBS if verb != said_verb(clause)])
    return replace(clause, verb=verb, negated=False)


def _change_slot(stream: Stream, clause: Clause, slot: str) -> Clause:
    """Change, add or take away a modifier; a name takes no adjective."""
    role = slot.removesuffix("_adjective")
    if role != slot and getattr(clause, role).is_name:
        return clause
    if filled(clause, slot) and stream.chance(0.5):
        return with_slot(clause, slot, None)
    changed = draw_slot(stream, clause, slot)
    while changed == clause:
        changed = draw_slot(stream, clause, slot)
    return changed


_CHANGES: dict[str, Callable[[Stream, Clause, str], Clause]] = {
    "agent": _change_noun,
    "patient": _change_noun,
    "verb": _change_verb,
}


def _with_other_forms(stream: Stream, clause: Clause) -> Clause:
    """Return the clause with articles and numbers drawn again, which are no facts."""
    changes: dict[str, Any] = {}
    for role in ("agent", "patient"):
        entity: Entity = getattr(clause, role)
        if entity.name is None and entity.numeral is None:
            changes[role] = replace(entity, plural=stream.chance(0.5), definite=stream.chance(0.5))
    return replace(clause, **changes)


def _is_sound(clause: Clause) -> bool:
    """Whether no word comes twice and agent and patient are of different classes."""
    lemmas = list(clause.lemmas())
    nouns = class_of(clause.agent.noun) != class_of(clause.patient.noun)
    return nouns and len(set(lemmas)) == len(lemmas)


def _draw_style(stream: Stream, clause: Clause) -> Style:
    if clause.place and stream.chance(RESTYLED):
        return Style(fronted="place")
    return Style(fronted="time") if clause.time and stream.chance(RESTYLED) else Style()
