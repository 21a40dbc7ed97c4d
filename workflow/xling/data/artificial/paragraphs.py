# SPDX-License-Identifier: Apache-2.0
"""Paragraphs of a few events, and questions that each have one answer in them.

No content word of a paragraph occurs in two of its clauses, so a question that names the verb names
the clause.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from xling.data.artificial.events import QUESTIONS, asked, draw_clause, roles_of
from xling.data.artificial.grammar import Language
from xling.data.artificial.meaning import Clause, Sentence, Style
from xling.data.artificial.purposes import Purpose, purpose_of
from xling.data.artificial.streams import Stream

# Ours: how many clauses a paragraph has, and how many words in the source language, so that a
# small encoder reads paragraph and question at once.
CLAUSES = {3: 0.35, 4: 0.4, 5: 0.2, 6: 0.05}
SHORTEST, LONGEST = 25, 45
MOST_QUESTIONS = 4
# Shares of the paragraphs: blanks at an end and marks without a blank before them occur in the real
# releases and make offsets go wrong.
LAYOUTS = {"plain": 0.93, "blank before": 0.02, "blank after": 0.02, "tight": 0.03}
FRONTED = 0.15
# Share of a clause's details that a question about it leaves out.
_LEFT_OUT = 0.5
# Ways tried to ask about one role; most questions belong to another purpose.
_TRIES = 3

Layout = Literal["plain", "blank before", "blank after", "tight"]


@dataclass(frozen=True)
class Question:
    """A question about one clause of a paragraph.

    Attributes:
        clause: its number in the paragraph, from 0.
        sentence: the question; what it asks for has a value that says nothing.
    """

    clause: int
    sentence: Sentence


@dataclass(frozen=True)
class Paragraph:
    """A few sentences and the questions about them."""

    sentences: tuple[Sentence, ...]
    questions: tuple[Question, ...]
    layout: Layout = "plain"


def draw_paragraph(stream: Stream, purpose: Purpose, source: Language, most: int) -> Paragraph:
    """Draw a paragraph with up to ``most`` questions, at least one.

    Its clauses and its questions may be used for this purpose, so none is in another split.
    """
    while True:
        clauses = _draw_clauses(stream, purpose, stream.weighted(CLAUSES))
        sentences = tuple(Sentence(clause, _draw_style(stream, clause)) for clause in clauses)
        words = sum(len(source.say(sentence)) for sentence in sentences)
        if not SHORTEST <= words <= LONGEST:
            continue
        questions = _draw_questions(stream, purpose, clauses, most)
        if questions:
            layout = stream.weighted(LAYOUTS)
            return Paragraph(sentences, tuple(questions), layout)  # type: ignore[arg-type]


def draw_paragraphs(
    stream: Stream, purpose: Purpose, source: Language, questions: int, most: int
) -> Iterator[Paragraph]:
    """Yield different paragraphs until they have the given number of questions."""
    seen: set[tuple[Sentence, ...]] = set()
    while questions > 0:
        paragraph = draw_paragraph(stream, purpose, source, min(most, questions))
        if paragraph.sentences not in seen:
            seen.add(paragraph.sentences)
            questions -= len(paragraph.questions)
            yield paragraph


def _draw_clauses(stream: Stream, purpose: Purpose, count: int) -> list[Clause]:
    clauses: list[Clause] = []
    taken: set[str] = set()
    while len(clauses) < count:
        clause = draw_clause(stream, purpose, QUESTIONS)
        lemmas = set(clause.lemmas())
        if not taken & lemmas:
            taken |= lemmas
            clauses.append(clause)
    return clauses


def _draw_style(stream: Stream, clause: Clause) -> Style:
    if not stream.chance(FRONTED):
        return Style()
    if clause.place:
        return Style(fronted="place")
    return Style(fronted="time" if clause.time else None)


def _draw_questions(
    stream: Stream, purpose: Purpose, clauses: list[Clause], most: int
) -> list[Question]:
    """Return questions for this purpose about different roles, in random order."""
    questions: list[Question] = []
    targets = [(i, role) for i, clause in enumerate(clauses) for role in roles_of(clause)]
    for number, role in stream.shuffled(targets):
        if len(questions) == most:
            break
        for _ in range(_TRIES):
            clause = asked(_shortened(stream, clauses[number], role), role)
            if purpose_of(clause) == purpose:
                questions.append(Question(number, Sentence(clause, Style(asks=role))))
                break
    return questions


def _shortened(stream: Stream, clause: Clause, role: str) -> Clause:
    """Leave out some of the details that are not asked for."""
    if role != "place" and stream.chance(_LEFT_OUT):
        clause = replace(clause, place=None)
    if role != "time" and stream.chance(_LEFT_OUT):
        clause = replace(clause, time=None)
    if stream.chance(_LEFT_OUT):
        agent, patient = (replace(e, adjective=None) for e in (clause.agent, clause.patient))
        clause = replace(clause, agent=agent, patient=patient)
    return clause
