# SPDX-License-Identifier: Apache-2.0
"""Items of the artificial XNLI: three hypotheses, one per label, for each premise.

A hypothesis is made in two steps.  The first keeps the truth: nouns may become their class,
modifiers are dropped, a verb may become "not" and its opposite.  The second is the label's: nothing
(entailment), something that excludes the premise (contradiction), something the premise does not
say (neutral).  The hypothesis alone hints at the label, as it does in MultiNLI (Gururangan et al.
2018): a negation at contradiction, one modifier more at neutral.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xling.data.artificial.meaning import (
    Clause,
    Pair,
    Place,
    class_of,
    draw_core,
    draw_slot,
    filled,
    open_slots,
    other_noun,
    with_slot,
)
from xling.data.artificial.purposes import Purpose, purpose_of
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import CLASS_OF, CLASSES, OPPOSITE, PLACES, TIMES

LABELS = ("contradiction", "entailment", "neutral")
# All shares are ours, found by trial (docs/artificial-languages.md).
NAMES = 0.1
HYPERNYMS = 0.2
NEGATED = 0.15
GENERALISED = 0.1
MODIFIERS = 2
# Share of entailed and neutral hypotheses that keep the truth with the opposite verb and polarity,
# so that a negation alone does not make a contradiction.
FLIPPED = 0.05
CONTRADICTIONS = {"negation": 0.45, "verb": 0.25, "class": 0.2, "modifier": 0.1}
NEUTRALS = {"modifier": 0.95, "member": 0.05}


def draw_premise(stream: Stream, purpose: Purpose) -> Clause:
    """Draw a clause with two modifiers that may be used for this purpose."""
    while True:
        clause = draw_core(stream, names=NAMES, hypernyms=HYPERNYMS, negated=NEGATED)
        for slot in stream.shuffled(open_slots(clause))[:MODIFIERS]:
            clause = draw_slot(stream, clause, slot)
        if purpose_of(clause) == purpose:
            return clause


def draw_hypothesis(stream: Stream, premise: Clause, label: str) -> Clause:
    """Draw a hypothesis that has the label by construction: a modifier kept, and one added."""
    kind = ""
    if label == "contradiction":
        kind = stream.weighted(CONTRADICTIONS)
    elif label == "neutral":
        kind = stream.weighted(NEUTRALS)
        if kind == "member" and not any(
            entity.noun in CLASSES for entity in (premise.agent, premise.patient)
        ):
            kind = "modifier"
    added = label == "neutral" and kind == "modifier"
    clause = _drop(stream, premise, 1)
    if added:
        empty = [slot for slot in open_slots(premise) if not filled(premise, slot)]
        clause = draw_slot(stream, clause, stream.pick(empty))
    clause = (_specialise if kind == "member" else _generalise)(stream, clause)
    if label == "contradiction":
        return _contradict(stream, clause, kind)
    return _turn(clause) if stream.chance(FLIPPED) else clause


def draw_pairs(stream: Stream, purpose: Purpose, rows: int) -> Iterator[tuple[int, Pair]]:
    """Yield (premise number, pair): each premise with all labels in random order, no premise twice.

    Labels are balanced; where ``rows`` is no multiple of three, the last premise has fewer.
    """
    seen: set[Clause] = set()
    for start in range(0, rows, len(LABELS)):
        premise = draw_premise(stream, purpose)
        while premise in seen:
            premise = draw_premise(stream, purpose)
        seen.add(premise)
        for label in stream.shuffled(LABELS)[: rows - start]:
            yield len(seen), Pair(premise, draw_hypothesis(stream, premise, label), label)


def _drop(stream: Stream, clause: Clause, keep: int) -> Clause:
    slots = stream.shuffled([slot for slot in open_slots(clause) if filled(clause, slot)])
    for slot in slots[keep:]:
        clause = with_slot(clause, slot, None)
    return clause


def _generalise(stream: Stream, clause: Clause) -> Clause:
    for role in ("agent", "patient"):
        entity = getattr(clause, role)
        if entity.noun in CLASS_OF and stream.chance(GENERALISED):
            clause = replace(clause, **{role: replace(entity, noun=CLASS_OF[entity.noun])})
    return clause


def _specialise(stream: Stream, clause: Clause) -> Clause:
    """Replace one class by a member; the other noun may be generalised."""
    roles = [role for role in ("agent", "patient") if getattr(clause, role).noun in CLASSES]
    role = stream.pick(roles)
    entity = getattr(clause, role)
    member = replace(entity, noun=stream.pick(CLASSES[entity.noun]))
    return replace(_generalise(stream, clause), **{role: member})


def _turn(clause: Clause) -> Clause:
    """Say the same with the opposite verb and the opposite polarity."""
    return replace(clause, verb=OPPOSITE[clause.verb], negated=not clause.negated)


def _contradict(stream: Stream, clause: Clause, kind: str) -> Clause:
    if kind == "negation":
        return replace(clause, negated=not clause.negated)
    if kind == "verb":
        return replace(clause, verb=OPPOSITE[clause.verb])
    if kind == "modifier":
        slots = [slot for slot in open_slots(clause) if filled(clause, slot)]
        return _exclude(stream, clause, stream.pick(slots))
    role = stream.pick(("agent", "patient"))
    entity = getattr(clause, role)
    taken = {class_of(clause.agent.noun), class_of(clause.patient.noun)}
    return replace(clause, **{role: replace(entity, noun=other_noun(stream, entity.noun, taken))})


def _exclude(stream: Stream, clause: Clause, slot: str) -> Clause:
    """Give a modifier the opposite value; any two places or times exclude each other."""
    if slot == "place" and clause.place:
        noun = stream.pick([noun for noun in PLACES if noun != clause.place.noun])
        return with_slot(clause, slot, Place(clause.place.adposition, noun))
    if slot == "time":
        return with_slot(clause, slot, stream.pick([t for t in TIMES if t != clause.time]))
    if slot == "manner" and clause.manner:
        return with_slot(clause, slot, OPPOSITE[clause.manner])
    adjective = getattr(clause, slot.removesuffix("_adjective")).adjective
    return with_slot(clause, slot, OPPOSITE[adjective])
