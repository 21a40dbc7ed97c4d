# SPDX-License-Identifier: Apache-2.0
"""Translated questions with contexts and answers (XQuAD, MLQA, TyDiQA), as SQuAD 1.1 JSON.

A paragraph is translated once, whatever the number of its questions.  Only where the translation
of a *marked* sentence is written has a question a context of its own.  Every answer is a part of
its context at its offset.  Ids are those of the prepared rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xling.data.artificial.squad import json_text
from xling.data.readers.rows import QuestionRow
from xling.translate.products.answers import Found, Task, find_answers, requests
from xling.translate.products.ask import SOURCE_KEPT, UNTRANSLATED, WHOLE, Ask, Counts
from xling.translate.products.contexts import Context, answer_spans, assembled, contexts_of
from xling.translate.products.texts import Texts, distinct
from xling.translate.project.aligner import Aligner
from xling.translate.project.words import Span

#: Why a question is left out.
NO_ANSWER = "answer not found"
#: Why an answer of a test question is not looked for.
RUNS_OVER = "the answer runs over sentences"


class Asked(NamedTuple):
    """A question in its translation: id, context, question, and (place, answer) of each answer."""

    id: str
    context: str
    question: str
    answers: list[tuple[int, str]]


def wanted(ask: Ask, rows: Sequence[QuestionRow]) -> list[str]:
    """Return the texts to translate, each once: sentences, questions, marked sentences."""
    contexts = contexts_of(ask, rows)
    plain = [one.sentence(i) for one in contexts.values() for i in range(len(one.spans))]
    tasks = [task for row in rows for _, task in _tasks(row, contexts[row.context]) if task]
    questions = [_question(row) for row in rows]
    return distinct([*plain, *questions, *requests(ask, tasks)])


def written(
    ask: Ask, rows: Sequence[QuestionRow], texts: Texts, aligner: Aligner | None
) -> tuple[str, Counts]:
    """Return the text of a file and what became of the rows.

    Args:
        ask: the file.
        rows: prepared rows that are translated.
        texts: their translations.
        aligner: for the method ``alignment``.
    """
    counts = Counts(items=len(rows))
    contexts = contexts_of(ask, rows)
    sentences = [one.sentence(i) for one in contexts.values() for i in range(len(one.spans))]
    usable = {one: texts.usable(one) for one in sentences}
    plain = {one: text or one for one, text in usable.items()}
    kept = [
        row for row in rows if _translated(ask, row, contexts[row.context], usable, texts, counts)
    ]
    found: dict[Task, Found] = {}
    if ask.projection:
        tasks = [task for row in kept for _, task in _tasks(row, contexts[row.context]) if task]
        found = find_answers(ask, tasks, plain, texts, aligner)
    asked = []
    for row in kept:
        one = _asked(ask, row, contexts[row.context], plain, texts, found, counts)
        if one is None:
            counts.dropped[NO_ANSWER] += 1
        else:
            asked.append(one)
    counts.written = len(asked)
    return json_text(_paragraphs(asked)), counts


def _question(row: QuestionRow) -> str:
    return row.question.strip()


def _tasks(row: QuestionRow, context: Context) -> list[tuple[int, Task | None]]:
    """Return for each answer the number of its sentence and what to find; (-1, None): nothing."""
    found: list[tuple[int, Task | None]] = []
    for span in answer_spans(row):
        number = context.number_of(span)
        if number is None:
            found.append((-1, None))
        else:
            start = context.spans[number].start
            place = Span(span.start - start, span.end - start)
            found.append((number, Task(context.sentence(number), place)))
    return found


def _translated(
    ask: Ask,
    row: QuestionRow,
    context: Context,
    usable: dict[str, str | None],
    texts: Texts,
    counts: Counts,
) -> bool:
    """Whether a question goes on, being translated or kept as it is; count what it is."""
    parts = [usable[context.sentence(i)] for i in range(len(context.spans))]
    if None not in (*parts, texts.usable(_question(row))):
        return True
    if ask.keeps_source and ask.role != "back_translation":
        counts.kept[SOURCE_KEPT] += 1
        return True
    counts.dropped[UNTRANSLATED] += 1
    return False


def _asked(
    ask: Ask,
    row: QuestionRow,
    context: Context,
    plain: dict[str, str],
    texts: Texts,
    found: dict[Task, Found],
    counts: Counts,
) -> Asked | None:
    """Return a question in its translation; None if no answer was found.

    Where the marked translation is written, the first answer alone is there: the others are in
    other translations.
    """
    parts = [plain[context.sentence(i)] for i in range(len(context.spans))]
    question = texts.usable(_question(row)) or _question(row)
    answers: list[tuple[int, Span]] = []
    if ask.projection:
        tasks = _tasks(row, context)
        if ask.projection.text == "marked" and ask.projection.method == "markers":
            tasks = tasks[:1]
        for number, task in tasks:
            span = _judged(ask, task, found, counts)
            if span and task:
                parts[number] = span[0]
                answers.append((number, span[1]))
        if not answers:
            return None
    text, starts = assembled(context, parts, ask.target)
    places = [(starts[number] + span.start, number, span) for number, span in answers]
    return Asked(row.id, text, question, [(at, span.of(parts[n])) for at, n, span in places])


def _judged(
    ask: Ask, task: Task | None, found: dict[Task, Found], counts: Counts
) -> tuple[str, Span] | None:
    """Return the sentence that holds an answer and its place there; count how it went."""
    counts.labels += 1
    if task is None:
        counts.failed[RUNS_OVER] += 1
        return None
    here = found[task]
    counts.strange += here.strange
    if here.span:
        counts.projected += 1
        return here.sentence, here.span
    counts.failed[here.reason] += 1
    if ask.testing or ask.projection is None or ask.projection.failed == "drop":
        return None
    counts.kept[WHOLE] += 1
    return here.sentence, Span(0, len(here.sentence))


def _paragraphs(asked: list[Asked]) -> list[dict[str, Any]]:
    """Return the paragraphs of a file; questions with the same context share one."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in asked:
        answers = [{"answer_start": start, "text": text} for start, text in one.answers]
        entry = {"answers": answers, "id": one.id, "question": one.question}
        found.setdefault(one.context, []).append(entry)
    return [{"context": context, "qas": questions} for context, questions in found.items()]
