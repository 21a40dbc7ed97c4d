# SPDX-License-Identifier: Apache-2.0
"""A paragraph told in a language: its text, its questions, and where their answers stand."""

from __future__ import annotations

from dataclasses import dataclass

from xling.data.artificial.grammar import Language, text_of
from xling.data.artificial.meaning import Clause, Role
from xling.data.artificial.noise import traced
from xling.data.artificial.paragraphs import Paragraph, Question
from xling.data.artificial.phrases import Token
from xling.data.artificial.second_vocabulary import STOP
from xling.data.artificial.streams import Stream

# Words at the ends of an answer that another annotator may leave out.
_OPTIONAL = ("case", "det")


@dataclass(frozen=True)
class Span:
    """A part of a context; ``start`` counts code points."""

    start: int
    text: str


@dataclass(frozen=True)
class Asked:
    """A question in words.

    Attributes:
        answers: the whole phrase, and the phrase without article and adposition; none if a word of
            the answer was lost in translation.
    """

    text: str
    answers: tuple[Span, Span] | None


@dataclass(frozen=True)
class Passage:
    """A paragraph in one language; its questions in the paragraph's order."""

    context: str
    questions: tuple[Asked, ...]


@dataclass(frozen=True)
class Told:
    """The words of a paragraph in a language, each with the index of the exact word behind it."""

    sentences: list[list[tuple[Token, int]]]
    questions: list[list[tuple[Token, int]]]


def told_in(language: Language, paragraph: Paragraph, noise: float, stream: Stream) -> Told:
    """Return a paragraph word by word, a share of the words wrong."""
    sentences, questions = (
        [traced(stream, language, language.say(sentence), noise) for sentence in part]
        for part in (paragraph.sentences, [asked.sentence for asked in paragraph.questions])
    )
    return Told(sentences, questions)


def tell(language: Language, paragraph: Paragraph, noise: float, stream: Stream) -> Passage:
    """Return a paragraph in a language, with a share of wrong words."""
    return passage_of(language, paragraph, told_in(language, paragraph, noise, stream))


def passage_of(language: Language, paragraph: Paragraph, words_of: Told) -> Passage:
    """Return the text of a paragraph and where its answers stand."""
    exact = [language.say(sentence) for sentence in paragraph.sentences]
    told = words_of.sentences
    context, starts = laid_out([[word for word, _ in words] for words in told], paragraph.layout)
    questions = []
    for question, words in zip(paragraph.questions, words_of.questions, strict=True):
        number = question.clause
        clause = paragraph.sentences[number].clause
        phrase = answer_words(exact[number], clause, question)
        spans = [
            _span(context, told[number], starts[number], wanted)
            for wanted in (phrase, _essential(exact[number], phrase))
        ]
        whole, short = spans
        found = (whole, short) if whole and short else None
        questions.append(Asked(text_of([word for word, _ in words]), found))
    return Passage(context, tuple(questions))


def answer_words(words: list[Token], clause: Clause, question: Question) -> list[int]:
    """Return the words (indices) of a clause that answer a question about it."""
    role = question.sentence.style.asks
    head = next(token for token in words if _fills(token, clause, role))
    return [index for index, token in enumerate(words) if _is_below(token, head)]


def _fills(token: Token, clause: Clause, role: Role | None) -> bool:
    """Whether a word is the head of the phrase in a role."""
    if token.head is None or token.head.head is not None:
        return False
    if role in ("agent", "patient"):
        return token.relation == ("nsubj" if role == "agent" else "obj")
    wanted = clause.time if role == "time" else clause.place.noun if clause.place else None
    return token.relation == "obl" and token.lemma == wanted


def _is_below(token: Token, head: Token) -> bool:
    step: Token | None = token
    while step is not None and step is not head:
        step = step.head
    return step is head


def _essential(words: list[Token], phrase: list[int]) -> list[int]:
    """Return a phrase without adposition and article at its ends."""
    first, last = 0, len(phrase)
    while first < last - 1 and words[phrase[first]].relation in _OPTIONAL:
        first += 1
    while last > first + 1 and words[phrase[last - 1]].relation in _OPTIONAL:
        last -= 1
    return phrase[first:last]


def laid_out(sentences: list[list[Token]], layout: str) -> tuple[str, list[list[int]]]:
    """Return the text of the sentences and where each word starts."""
    text = " " if layout == "blank before" else ""
    starts: list[list[int]] = []
    for number, words in enumerate(sentences):
        starts.append([])
        for place, word in enumerate(words):
            tight = layout == "tight" and word.lemma == STOP
            if (number or place) and not tight:
                text += " "
            starts[-1].append(len(text))
            text += word.form
    return text + (" " if layout == "blank after" else ""), starts


def _span(
    context: str, told: list[tuple[Token, int]], starts: list[int], wanted: list[int]
) -> Span | None:
    """Return where the wanted words stand; None if one of them is missing."""
    places = [place for place, (_, origin) in enumerate(told) if origin in wanted]
    if {told[place][1] for place in places} != set(wanted):
        return None
    end = starts[places[-1]] + len(told[places[-1]][0].form)
    return Span(starts[places[0]], context[starts[places[0]] : end])
