# SPDX-License-Identifier: Apache-2.0
"""Items of the artificial BUCC 2018 and Tatoeba: sentences, some of which translate each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from xling.data.artificial.events import RETRIEVAL, draw_clause
from xling.data.artificial.grammar import Language, text_of
from xling.data.artificial.meaning import Clause, Sentence, draw_place
from xling.data.artificial.purposes import Purpose, purpose_of
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import ADVERBS, OPPOSITE, TIMES

# Ours: gold pairs as a share of the sentences of a side (in the release 2 to 3 %).
GOLD = 0.2
# Ours: of the English sentences without partner, those that nearly say what a foreign one says.
NEAR = 0.5
# Ours: further lines of a side that repeat another line of it, as a share of its sentences.
REPEATED = 0.01


@dataclass(frozen=True)
class Corpora:
    """Two sides of comparable text; ``gold`` has pairs of line numbers from 0."""

    foreign: list[str]
    english: list[str]
    gold: list[tuple[int, int]]


class Translation(NamedTuple):
    """A clause in two languages."""

    clause: Clause
    foreign: str
    english: str


def draw_translations(
    stream: Stream, purpose: Purpose, languages: tuple[Language, Language], count: int
) -> Iterator[Translation]:
    """Yield clauses in two languages; no text occurs twice on its side.

    Args:
        stream: where the draws come from.
        purpose: what the clauses may be used for.
        languages: the foreign one and the source.
        count: of clauses.
    """
    foreign: set[str] = set()
    english: set[str] = set()
    while len(foreign) < count:
        clause = draw_clause(stream, purpose, RETRIEVAL)
        one, two = (text_of(language.say(Sentence(clause))) for language in languages)
        if one not in foreign and two not in english:
            foreign.add(one)
            english.add(two)
            yield Translation(clause, one, two)


def draw_corpora(
    stream: Stream, purpose: Purpose, languages: tuple[Language, Language], pairs: int
) -> Corpora:
    """Draw comparable corpora with the given number of gold pairs."""
    drawn = list(draw_translations(stream, purpose, languages, round(pairs / GOLD)))
    english = [item.english for item in drawn[:pairs]]
    taken = {item.english for item in drawn}
    while len(english) < len(drawn):
        clause = draw_clause(stream, purpose, RETRIEVAL)
        if stream.chance(NEAR):
            clause = _draw_near(stream, purpose, stream.pick(drawn).clause)
        text = text_of(languages[1].say(Sentence(clause)))
        if text not in taken:
            taken.add(text)
            english.append(text)
    one, two = _mixed(stream, [item.foreign for item in drawn]), _mixed(stream, english)
    where = [{number: line for line, (number, _) in enumerate(side)} for side in (one, two)]
    gold = sorted((where[0][number], where[1][number]) for number in range(pairs))
    return Corpora([text for _, text in one], [text for _, text in two], gold)


def _draw_near(stream: Stream, purpose: Purpose, clause: Clause) -> Clause:
    """Return a clause that differs in one point, or another one if none is for this purpose."""
    changes = stream.shuffled(("verb", "negation", "manner", "place", "time"))
    for change in changes:
        other = _with_change(stream, clause, change)
        if other != clause and purpose_of(other) == purpose:
            return other
    return draw_clause(stream, purpose, RETRIEVAL)


def _with_change(stream: Stream, clause: Clause, change: str) -> Clause:
    if change == "verb":
        return replace(clause, verb=OPPOSITE.get(clause.verb, clause.verb))
    if change == "negation":
        return replace(clause, negated=not clause.negated)
    if change == "manner":
        return replace(clause, manner=stream.pick(ADVERBS))
    if change == "place":
        return replace(clause, place=draw_place(stream))
    return replace(clause, time=stream.pick(TIMES))


def _mixed(stream: Stream, texts: list[str]) -> list[tuple[int, str]]:
    """Shuffle a side and add repeated lines, which have number -1."""
    numbered = list(enumerate(texts))
    again = [(-1, stream.pick(texts)) for _ in range(round(REPEATED * len(texts)))]
    return stream.shuffled(numbered + again)
