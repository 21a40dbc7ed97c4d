# SPDX-License-Identifier: Apache-2.0
"""How similar two artificial clauses are: the share of facts they have in common, from 0 to 5.

A fact is what a clause says in one role.  The same word in another role is another fact, and "does
not accept" is the same fact as "rejects".  Articles and the plural are no facts.
"""

from __future__ import annotations

from collections.abc import Iterator

from xling.data.artificial.meaning import Clause, Entity
from xling.data.artificial.vocabulary import CLASS_OF, CLASSES, OPPOSITE

#: Role, kind and value: ``("agent", "class", "beast")``.
Fact = tuple[str, str, str]
BEST = 5.0


def facts_of(clause: Clause) -> frozenset[Fact]:
    """Return what a clause says.

    A noun gives two facts, its class and itself, so that a dog and a cat have one in common; the
    name of a class gives one.  A name gives its type and itself, a place its relation and itself.
    """
    facts = {
        *_participant("agent", clause.agent),
        *_participant("patient", clause.patient),
        ("event", "verb", said_verb(clause)),
    }
    if clause.manner:
        facts.add(("event", "manner", clause.manner))
    if clause.time:
        facts.add(("event", "time", clause.time))
    if clause.place:
        facts.add(("place", "relation", clause.place.adposition))
        facts.add(("place", "is", " ".join(clause.place.lemmas())))
    return frozenset(facts)


def similarity(one: Clause, two: Clause) -> float:
    """Return 5 times the Dice coefficient of the facts, with one decimal as published gold has.

    2 |A and B| / (|A| + |B|): 5 is the same meaning, 0 nothing in common.
    """
    first, second = facts_of(one), facts_of(two)
    return round(BEST * 2 * len(first & second) / (len(first) + len(second)), 1)


def said_verb(clause: Clause) -> str:
    """Return the verb that says the same without a negation; verbs without opposite keep theirs."""
    if not clause.negated:
        return clause.verb
    return OPPOSITE.get(clause.verb, f"not {clause.verb}")


def _participant(role: str, entity: Entity) -> Iterator[Fact]:
    if entity.name:
        yield role, "class", entity.name.kind
        yield role, "is", " ".join(entity.name.lemmas())
    elif entity.noun in CLASSES:
        yield role, "class", entity.noun
    else:
        yield role, "class", CLASS_OF[entity.noun]
        yield role, "is", entity.noun
    if entity.adjective:
        yield role, "adjective", entity.adjective
    if entity.numeral:
        yield role, "numeral", entity.numeral
