# SPDX-License-Identifier: Apache-2.0
"""Entities of tagged sentences carried over by markers, as links between words.

The readers of translations expect links; :func:`xling.data.tag_projection.carry_entities` makes the
tags of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xling.data.tag_projection import OUTSIDE
from xling.translate.project.links import Links
from xling.translate.project.words import Span, covered


class Entity(NamedTuple):
    """Words ``first`` to ``last`` (both included) of a sentence, and their type."""

    first: int
    last: int
    kind: str

    def place(self, words: Sequence[Span]) -> Span:
        """Return where the entity stands in the text."""
        return Span(words[self.first].start, words[self.last].end)


def entities_of(tags: Sequence[str]) -> list[Entity]:
    """Return the entities of a sentence; an ``I-`` that continues nothing begins one."""
    found: list[Entity] = []
    before = OUTSIDE
    for place, tag in enumerate(tags):
        if tag != OUTSIDE:
            kind = tag[2:]
            if tag[0] == "B" or before == OUTSIDE or kind != before[2:]:
                found.append(Entity(place, place, kind))
            else:
                found[-1] = found[-1]._replace(last=place)
        before = tag
    return found


def entity_links(
    tags: Sequence[str],
    entities: Sequence[Entity],
    places: Sequence[Span | None],
    words: Sequence[Span],
) -> Links:
    """Return links that carry each entity to the words at its place in the translation.

    A word at several places belongs to the first entity.  The other words of the translation are
    linked with the first word outside of entities, if there is one: they are known to be outside.

    Args:
        tags: of the source.
        entities: of the source.
        places: where each entity stands in the translation; None where that is not known.
        words: of the translation.
    """
    owner: dict[int, int] = {}
    for entity, place in zip(entities, places, strict=True):
        for word in covered(words, place) if place else ():
            owner.setdefault(word, entity.first)
    outside = next((place for place, tag in enumerate(tags) if tag == OUTSIDE), None)
    links = [(first, word) for word, first in owner.items()]
    if outside is not None:
        links += [(outside, word) for word in range(len(words)) if word not in owner]
    return sorted(links)
