# SPDX-License-Identifier: Apache-2.0
"""Questions as SQuAD 1.1 JSON: articles, paragraphs, questions, answers with their offsets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from xling.data.artificial.grammar import Language
from xling.data.artificial.paragraphs import Paragraph
from xling.data.artificial.passages import Span, tell
from xling.data.artificial.streams import Stream

# Ours: paragraphs of an article, as in XQuAD, where 48 articles have 240.
_ARTICLE = 5
# Ours: share of the further annotators who give the shorter answer.
_SHORT = 0.4


@dataclass(frozen=True)
class Item:
    """A question with its id: the ``number``-th of a paragraph."""

    id: str
    paragraph: Paragraph
    number: int


def entries(
    items: list[Item], language: Language, noise: float, stream: Stream, annotators: int
) -> list[dict[str, Any]]:
    """Return JSON objects of the paragraphs, in the order of the items.

    Questions whose answer lost a word are left out, and paragraphs without questions.

    Args:
        items: those of a paragraph one after the other.
        language: to write in.
        noise: share of wrong words.
        stream: of the noise and of the answers.
        annotators: answers to each question: the whole phrase, then that or a shorter one.
    """
    found = []
    for paragraph, group in groupby(items, key=lambda item: item.paragraph):
        passage = tell(language, paragraph, noise, stream)
        questions = []
        for item in group:
            asked = passage.questions[item.number]
            if asked.answers:
                answers = _answers(asked.answers, stream, annotators)
                questions.append({"answers": answers, "id": item.id, "question": asked.text})
        if questions:
            found.append({"context": passage.context, "qas": questions})
    return found


def json_text(paragraphs: list[dict[str, Any]]) -> str:
    """Return the text of a file."""
    articles = [
        {"paragraphs": paragraphs[i : i + _ARTICLE], "title": f"Article {i // _ARTICLE + 1}"}
        for i in range(0, len(paragraphs), _ARTICLE)
    ]
    value = {"data": articles, "version": "1.1"}
    return json.dumps(value, ensure_ascii=False) + "\n"


def _answers(spans: tuple[Span, Span], stream: Stream, annotators: int) -> list[dict[str, Any]]:
    whole, short = spans
    chosen = [whole]
    chosen += [short if stream.chance(_SHORT) else whole for _ in range(annotators - 1)]
    return [{"answer_start": span.start, "text": span.text} for span in chosen]
