# SPDX-License-Identifier: Apache-2.0
"""Proper names: persons, places and organisations, built by rule from a few words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from xling.data.artificial import second_vocabulary as words
from xling.data.artificial.purposes import Purpose
from xling.data.artificial.streams import Stream

# Ours: share of the words of a name in development and test sets that no training set has.
HELD_OUT = 0.5
_FAMILIES = words.FAMILY_NAMES + words.PLACES_AND_FAMILIES
_HELD_OUT_FAMILIES = words.HELD_OUT_FAMILY_NAMES + words.HELD_OUT_PLACES_AND_FAMILIES
PERSONS = {"given": 0.4, "family": 0.15, "both": 0.45}
# Share of the places that are named with two words.
LONG_PLACES = 0.35
ORGANISATIONS = {"family": 0.4, "given": 0.25, "place": 0.35}


@dataclass(frozen=True)
class Name:
    """A proper name.

    Attributes:
        kind: its type as PAN-X marks it.
        words: lemmas; two of an organisation are joined by "and".
        type_word: "Cape" or "Bank"; languages put it where they put adjectives.
    """

    kind: Literal["PER", "LOC", "ORG"]
    words: tuple[str, ...]
    type_word: str | None = None

    def lemmas(self) -> Iterator[str]:
        """Yield its words."""
        yield from self.words
        if self.type_word:
            yield self.type_word


def draw_person(stream: Stream, purpose: Purpose) -> Name:
    """Draw a given name, a family name, or both."""
    form = stream.weighted(PERSONS)
    drawn = []
    if form != "family":
        drawn.append(_pick(stream, purpose, words.GIVEN_NAMES, words.HELD_OUT_GIVEN_NAMES))
    if form != "given":
        drawn.append(_pick(stream, purpose, _FAMILIES, _HELD_OUT_FAMILIES))
    return Name("PER", tuple(drawn))


def draw_place_name(stream: Stream, purpose: Purpose) -> Name:
    """Draw the name of a place."""
    type_word = stream.pick(words.PLACE_WORDS) if stream.chance(LONG_PLACES) else None
    return Name("LOC", (_place(stream, purpose),), type_word)


def draw_organisation(stream: Stream, purpose: Purpose) -> Name:
    """Draw an organisation named after a family, after two persons, or after a place."""
    form = stream.weighted(ORGANISATIONS)
    type_word = stream.pick(words.ORGANISATION_WORDS)
    if form == "place":
        return Name("ORG", (_place(stream, purpose),), type_word)
    if form == "family":
        family = _pick(stream, purpose, _FAMILIES, _HELD_OUT_FAMILIES)
        return Name("ORG", (family,), type_word)
    one = two = _pick(stream, purpose, words.GIVEN_NAMES, words.HELD_OUT_GIVEN_NAMES)
    while two == one:
        two = _pick(stream, purpose, words.GIVEN_NAMES, words.HELD_OUT_GIVEN_NAMES)
    return Name("ORG", (one, two), type_word)


def _place(stream: Stream, purpose: Purpose) -> str:
    return _pick(stream, purpose, words.PLACE_NAMES, words.HELD_OUT_PLACE_NAMES)


def _pick(
    stream: Stream, purpose: Purpose, known: tuple[str, ...], held_out: tuple[str, ...]
) -> str:
    """Draw a word; training sets have the known ones, text has all alike."""
    if purpose == "train":
        return stream.pick(known)
    if purpose == "text":
        return stream.pick(known + held_out)
    return stream.pick(held_out if stream.chance(HELD_OUT) else known)
