# SPDX-License-Identifier: Apache-2.0
"""Contexts of questions, translated sentence by sentence so that every place stays known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xling.data.readers.rows import QuestionRow
from xling.translate.products.ask import Ask
from xling.translate.project.words import Span
from xling.translate.sentences import UNSPACED, sentences


@dataclass(frozen=True)
class Context:
    """A context and its sentences.

    Attributes:
        spans: of the sentences, in order; between them are blanks.
    """

    text: str
    spans: tuple[Span, ...]

    def sentence(self, number: int) -> str:
        """Return a sentence."""
        return self.spans[number].of(self.text)

    def number_of(self, span: Span) -> int | None:
        """Return the sentence that holds a span; None if it is in several or in none."""
        for number, sentence in enumerate(self.spans):
            if sentence.start <= span.start and span.end <= sentence.end:
                return number
        return None


def contexts_of(ask: Ask, rows: Sequence[QuestionRow]) -> dict[str, Context]:
    """Return the contexts of some rows by their text, in order of appearance.

    In training, sentences that an answer runs over are one.  Not so in a test: how its contexts are
    translated must not depend on the answers.
    """
    answers: dict[str, list[Span]] = {}
    for row in rows:
        found = answers.setdefault(row.context, [])
        if not ask.testing:
            found += answer_spans(row)
    return {
        text: Context(text, tuple(_merged(_sentences(text, ask.source), spans)))
        for text, spans in answers.items()
    }


def answer_spans(row: QuestionRow) -> list[Span]:
    """Return where the answers of a question stand, without blanks at their ends."""
    found = []
    for answer, start in zip(row.answers, row.starts, strict=True):
        left = len(answer) - len(answer.lstrip())
        found.append(Span(start + left, start + len(answer.rstrip())))
    return found


def assembled(context: Context, translations: Sequence[str], target: str) -> tuple[str, list[int]]:
    """Return a translated context, and where each translated sentence begins in it.

    What stands between two sentences stays, but for a single blank or nothing: that is what the
    target language writes there.

    Args:
        context: what is translated.
        translations: of its sentences, none empty.
        target: language of the translations.
    """
    text, starts, last = "", [], 0
    for span, translation in zip(context.spans, translations, strict=True):
        between = context.text[last : span.start]
        if text.strip() and between in ("", " "):
            between = "" if target in UNSPACED else " "
        text += between
        starts.append(len(text))
        text += translation
        last = span.end
    return text + context.text[last:], starts


def _sentences(text: str, language: str) -> list[Span]:
    return [Span(found.begin, found.end) for found in sentences(text, language)]


def _merged(spans: list[Span], answers: list[Span]) -> list[Span]:
    """Return sentences, those that one answer runs over made one."""
    found: list[Span] = []
    for span in spans:
        if found and any(a.meets(found[-1]) and a.meets(span) for a in answers):
            found[-1] = Span(found[-1].start, span.end)
        else:
            found.append(span)
    return found
