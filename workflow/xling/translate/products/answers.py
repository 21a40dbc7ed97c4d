# SPDX-License-Identifier: Apache-2.0
"""Answers found in the translation of the sentence that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from xling.translate.products.ask import Ask
from xling.translate.products.texts import Texts
from xling.translate.project.aligner import Aligner, Worded
from xling.translate.project.links import linked_span
from xling.translate.project.markers import form_of, marked, recovered, unmarkable
from xling.translate.project.search import find, share_of
from xling.translate.project.words import Span, covered, words_of

# Why an answer was not found, as the report says it; further reasons are those of the markers.
NOT_THERE = "the marked words are not in the plain translation"
NO_LINK = "aligned with nothing"
NOT_TRANSLATED = "the marked sentence is not translated"


class Task(NamedTuple):
    """An answer to find: a sentence, and where the answer stands in it."""

    sentence: str
    answer: Span


class Found(NamedTuple):
    """Where an answer stands in a translation of its sentence.

    Attributes:
        sentence: the translation that holds it.
        span: None if the answer was not found.
        reason: why not.
        strange: see :class:`xling.translate.project.markers.Recovered`.
    """

    sentence: str
    span: Span | None
    reason: str
    strange: int = 0


def requests(ask: Ask, tasks: Iterable[Task]) -> list[str]:
    """Return the marked sentences to translate; none with the method ``alignment``."""
    if ask.projection is None or ask.projection.method != "markers":
        return []
    form = form_of(ask.projection.marker)
    return [
        marked(task.sentence, [task.answer], form)
        for task in tasks
        if not unmarkable(task.sentence, [task.answer], form)
    ]


def find_answers(
    ask: Ask, tasks: Iterable[Task], plain: Mapping[str, str], texts: Texts, aligner: Aligner | None
) -> dict[Task, Found]:
    """Return where each answer stands.

    Args:
        ask: the file.
        tasks: the answers.
        plain: the translation of each sentence that is written.
        texts: of the marked sentences.
        aligner: for the method ``alignment``.
    """
    chosen = list(dict.fromkeys(tasks))
    # A sentence that was kept as it is keeps its answers.
    found = {
        task: Found(task.sentence, task.answer, "")
        for task in chosen
        if plain[task.sentence] == task.sentence
    }
    open_ = [task for task in chosen if task not in found]
    if aligner is not None:
        return found | _by_links(ask, open_, plain, aligner)
    return found | {task: _by_markers(ask, task, plain[task.sentence], texts) for task in open_}


def _by_links(
    ask: Ask, tasks: list[Task], plain: Mapping[str, str], aligner: Aligner
) -> dict[Task, Found]:
    sentences = list(dict.fromkeys(task.sentence for task in tasks))
    sides = {one: (_worded(one, ask.source), _worded(plain[one], ask.target)) for one in sentences}
    links = dict(zip(sentences, aligner.align([sides[one] for one in sentences]), strict=True))
    found = {}
    for task in tasks:
        source, target = sides[task.sentence]
        phrase = covered(source.words, task.answer)
        span = linked_span(links[task.sentence], phrase, target.words)
        found[task] = Found(target.text, span, "" if span else NO_LINK)
    return found


def _worded(text: str, language: str) -> Worded:
    return Worded(text, tuple(words_of(text, language)))


def _by_markers(ask: Ask, task: Task, plain: str, texts: Texts) -> Found:
    """Return the answer between the markers, or its place in the plain translation."""
    projection = ask.projection
    if projection is None:
        raise ValueError("markers without a projection")
    form = form_of(projection.marker)
    if reason := unmarkable(task.sentence, [task.answer], form):
        return Found(plain, None, reason)
    translation = texts.usable(marked(task.sentence, [task.answer], form))
    if translation is None:
        return Found(plain, None, NOT_TRANSLATED)
    back = recovered(translation, 1, form, ask.target)
    span, reason = back.spans[0], back.reasons[0]
    if span is None:
        return Found(plain, None, reason, back.strange)
    if projection.text == "marked":
        return Found(back.text, span, "", back.strange)
    place = find(plain, span.of(back.text), share_of(span, back.text), ask.target)
    return Found(plain, place, "" if place else NOT_THERE, back.strange)
