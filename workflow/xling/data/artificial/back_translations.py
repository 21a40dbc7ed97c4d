# SPDX-License-Identifier: Apache-2.0
"""Back-translations of the artificial training sets, in the layout of X-Mixup's released code.

The noisy translation is translated back: a word that was lost, doubled or replaced on the way there
is so in English too.  Then the way back changes as many words again.  Draws of the way there are
those of the ``translate_train`` file, repeated; the way back has streams of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from xling.config.study import Artificial
from xling.data.artificial import events, raw_panx, raw_pawsx, raw_udpos, raw_xnli
from xling.data.artificial.alignment import counterparts
from xling.data.artificial.grammar import Language, text_of
from xling.data.artificial.meaning import Clause, Pair, Sentence, Style
from xling.data.artificial.noise import traced, translated
from xling.data.artificial.passages import laid_out, passage_of, told_in
from xling.data.artificial.phrases import Token
from xling.data.artificial.raw_qa import draw, draw_tydiqa
from xling.data.artificial.raw_tagging import draw as draw_tagged
from xling.data.artificial.release import Release, Role
from xling.data.artificial.squad import Item, json_text
from xling.data.artificial.streams import Stream
from xling.data.sources import back_translation_file
from xling.tasks import SOURCE_LANGUAGE, TASKS

ROLE: Role = "back_translation"


class Traveller:
    """Says sentences in English that have been to another language and back.

    Attributes:
        english: the source language.
        language: the other one.
        noise: probability that a word is changed, on each way.
    """

    def __init__(
        self, settings: Artificial, task: str, english: Language, language: Language
    ) -> None:
        """Take the study's settings, the task, and both languages."""
        self.english, self.language, self.noise = english, language, settings.noise
        names = ("train",) if TASKS[task].family == "qa" else ()  # as the writers name them
        there = (settings.seed, "noise", task, "translate_train", *names, language.code)
        self.there = Stream(*there)
        self.back = Stream(settings.seed, "noise", task, ROLE, language.code)

    def clause(self, clause: Clause, style: Style) -> str:
        """Return a sentence of XNLI or PAWS-X."""
        exact = self.language.render(clause, style)
        noisy = traced(self.there, self.language, exact, self.noise)
        return text_of(self.home(self.english.render(clause, style), exact, noisy))

    def sentence(self, sentence: Sentence) -> list[Token]:
        """Return the words of a tagged sentence."""
        exact = self.language.say(sentence)
        noisy = traced(self.there, self.language, exact, self.noise)
        return self.home(self.english.say(sentence), exact, noisy)

    def home(
        self, source: list[Token], exact: list[Token], noisy: list[tuple[Token, int]]
    ) -> list[Token]:
        """Return the back-translation of a noisy translation.

        Args:
            source: the English sentence.
            exact: its exact translation.
            noisy: the translation, each word with the index of the exact word behind it.
        """
        words = returned(self.english, source, exact, noisy)
        return translated(self.back, self.english, words, self.noise)


def returned(
    english: Language, source: list[Token], exact: list[Token], noisy: list[tuple[Token, int]]
) -> list[Token]:
    """Return the exact back-translation of a noisy translation, in English order.

    English words without a counterpart ("does") are written anew, so they are never wrong here.
    """
    partner = counterparts(source, exact)
    behind: dict[int, list[Token]] = {}
    for token, origin in noisy:
        behind.setdefault(origin, []).append(token)
    words: list[Token] = []
    for index, word in enumerate(source):
        found = behind.get(partner[index], []) if index in partner else [word]
        words += [
            word if token.lemma == word.lemma else english.token(token.lemma, word.feature)
            for token in found
        ]
    return words or source[:1]


def write_back_translations(
    task: str, release: Release, settings: Artificial, languages: dict[str, Language]
) -> None:
    """Write one file per target language; nothing for a task without a training set of its own."""
    about = TASKS[task]
    if about.train_task or not about.trained or not settings.sizes[task].train:
        return
    english = languages[SOURCE_LANGUAGE]
    text_in = _writer(task, settings, english)
    for code, language in languages.items():
        if code != SOURCE_LANGUAGE:
            path, form = back_translation_file(task, code)
            text = text_in(Traveller(settings, task, english, language))
            release.add(path, text, form=form, uses=[(ROLE, "train", code)])


def _writer(task: str, settings: Artificial, english: Language) -> Callable[[Traveller], str]:
    """Return what writes the text of a file; the training set is drawn once for all languages."""
    rows = settings.sizes[task].train
    if task == "xnli":
        drawn = raw_xnli.draw(settings, "train", rows)
        return lambda traveller: _table(_xnli(drawn, traveller))
    if task == "pawsx":
        pairs = raw_pawsx.draw(settings, "train", rows)
        return lambda traveller: _table(_pawsx(pairs, traveller))
    if TASKS[task].family == "tagging":
        mixture = events.UDPOS if task == "udpos" else events.PANX
        written = raw_udpos.written if task == "udpos" else raw_panx.written
        sentences = draw_tagged(settings, task, mixture)["train"]
        return lambda traveller: "".join(
            "".join(f"{word}\tO\n" for word in written(english, traveller.sentence(sentence))[0])
            + "\n"
            for sentence in sentences
        )
    if task == "tydiqa":
        items = draw_tydiqa(settings, "train", rows, english, english)
    else:
        items = draw(settings, task, "train", rows, english)
    return lambda traveller: json_text(list(_paragraphs(items, traveller)))


def _table(rows: Iterator[tuple[str, ...]]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


def _xnli(items: list[raw_xnli.Item], traveller: Traveller) -> Iterator[tuple[str, ...]]:
    yield raw_xnli.MT_COLUMNS
    for _, pair in items:
        texts = [traveller.clause(clause, Style()) for clause in (pair.first, pair.second)]
        yield (*texts, raw_xnli.MT_LABELS[pair.label])


def _pawsx(items: list[Pair], traveller: Traveller) -> Iterator[tuple[str, ...]]:
    yield raw_pawsx.COLUMNS
    for number, pair in enumerate(items, start=1):
        one = traveller.clause(pair.first, pair.first_style)
        two = traveller.clause(pair.second, pair.second_style)
        yield (str(number), one, two, pair.label)


def _paragraphs(items: list[Item], traveller: Traveller) -> Iterator[dict[str, Any]]:
    """Yield the paragraphs and questions that the translated file has; answers are not carried."""
    english, language = traveller.english, traveller.language
    for paragraph, group in groupby(items, key=lambda item: item.paragraph):
        told = told_in(language, paragraph, traveller.noise, traveller.there)
        asked = passage_of(language, paragraph, told).questions
        exact = [language.say(sentence) for sentence in paragraph.sentences]
        questions = [question.sentence for question in paragraph.questions]
        sentences = [
            traveller.home(english.say(sentence), words, noisy)
            for sentence, words, noisy in zip(
                paragraph.sentences, exact, told.sentences, strict=True
            )
        ]
        texts = [
            text_of(traveller.home(english.say(question), language.say(question), noisy))
            for question, noisy in zip(questions, told.questions, strict=True)
        ]
        found = [
            {"answers": [], "id": item.id, "question": texts[item.number]}
            for item in group
            if asked[item.number].answers
        ]
        if found:
            yield {"context": laid_out(sentences, paragraph.layout)[0], "qas": found}
