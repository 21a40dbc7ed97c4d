# SPDX-License-Identifier: Apache-2.0
"""Tags carried over to a translation by word alignments.

The rules are ours: the published translations for tagging have no tags.  Words that are aligned
with nothing are outside of entities (``O``); their part of speech is not known, so that nothing is
trained on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xling.data.readers.ud_conllu import HEADS

OUTSIDE = "O"
#: Tag of a word whose part of speech is not known.
NO_CLASS = ""

Pairs = Sequence[tuple[int, int]]


class Carried(NamedTuple):
    """Tags of the words of a translation, and how many of those are aligned with nothing."""

    tags: tuple[str, ...]
    unaligned: int


def carry_classes(tags: Sequence[str], pairs: Pairs, words: int) -> Carried:
    """Give each word of a translation the part of speech of the word it is aligned with.

    Of several it takes the strongest, by the list that also decides for multi-word tokens (a verb
    with its pronoun is a verb); of equal ones it does not matter.

    Args:
        tags: of the source words.
        pairs: (source word, word of the translation), in order.
        words: of the translation.
    """
    order = HEADS["default"]
    rank = {tag: place for place, tag in enumerate(order)}
    found: list[str | None] = [None] * words
    for source, word in pairs:
        old, new = found[word], tags[source]
        if old is None or rank.get(new, len(order)) < rank.get(old, len(order)):
            found[word] = new
    return Carried(tuple([tag or NO_CLASS for tag in found]), found.count(None))


def carry_entities(tags: Sequence[str], pairs: Pairs, words: int) -> Carried:
    """Give each word of a translation the entity of the word it is aligned with.

    Of several source words the first that is part of an entity counts.  Each unbroken run of words
    of one source entity becomes an entity: its first word gets ``B-``, the others ``I-``.

    Args:
        tags: ``O``, ``B-…``, ``I-…`` of the source words; an ``I-`` that continues nothing begins.
        pairs: (source word, word of the translation), in order.
        words: of the translation.
    """
    entities = _entities(tags)
    aligned = [False] * words
    found: list[tuple[int, str] | None] = [None] * words
    for source, word in pairs:
        aligned[word] = True
        found[word] = found[word] or entities[source]
    carried = [
        OUTSIDE if here is None else ("I-" if here == before else "B-") + here[1]
        for before, here in zip([None, *found], found, strict=False)
    ]
    return Carried(tuple(carried), aligned.count(False))


def _entities(tags: Sequence[str]) -> list[tuple[int, str] | None]:
    """Return (number of the entity, type) of each word; None outside."""
    found: list[tuple[int, str] | None] = []
    number, before = 0, ""
    for tag in tags:
        kind = tag[2:]
        if tag == OUTSIDE:
            found.append(None)
        else:
            number += tag[0] == "B" or kind != before
            found.append((number, kind))
        before = kind
    return found
