# SPDX-License-Identifier: Apache-2.0
"""Pre-training text with what tagging, questions and retrieval bring: names, marks, questions.

A document has two texts as the others have: a paragraph, and a question about it with its answer;
or two sentences like those that are tagged.
"""

from __future__ import annotations

from collections.abc import Iterator

from xling.config.study import Artificial
from xling.data.artificial import conllu, events
from xling.data.artificial.grammar import Language, text_of
from xling.data.artificial.paragraphs import draw_paragraph
from xling.data.artificial.passages import answer_words
from xling.data.artificial.streams import Stream
from xling.tasks import TASKS

# Ours: such documents for each of the others, and what they are.
MORE = 0.5
KINDS = {"question": 0.5, "names": 0.25, "treebank": 0.25}


def wanted(settings: Artificial) -> bool:
    """Whether a study has a benchmark that needs such text: any but those of sentence pairs."""
    return any(TASKS[task].family != "classification" for task in settings.sizes)


def draw_more(
    stream: Stream, language: Language, source: Language, count: int
) -> Iterator[tuple[str, str]]:
    """Yield documents in a language; all clauses and questions are for text alone."""
    for _ in range(count):
        kind = stream.weighted(KINDS)
        if kind == "question":
            yield _draw_answered(stream, language, source)
        else:
            yield _draw_tagged(stream, language, kind), _draw_tagged(stream, language, kind)


def _draw_tagged(stream: Stream, language: Language, kind: str) -> str:
    """Return a sentence as PAN-X or as a treebank writes it."""
    if kind == "names":
        return text_of(language.say(events.draw_sentence(stream, "text", events.PANX)))
    words = language.say(events.draw_sentence(stream, "text", events.UDPOS))
    return " ".join(conllu.written_words(language, words, conllu.groups(language, words)))


def _draw_answered(stream: Stream, language: Language, source: Language) -> tuple[str, str]:
    """Return a paragraph, and a question followed by the words that answer it."""
    paragraph = draw_paragraph(stream, "text", source, 1)
    told = [language.say(sentence) for sentence in paragraph.sentences]
    question = paragraph.questions[0]
    words = told[question.clause]
    clause = paragraph.sentences[question.clause].clause
    answer = [words[index] for index in answer_words(words, clause, question)]
    return (
        " ".join(text_of(words) for words in told),
        text_of([*language.say(question.sentence), *answer]),
    )
