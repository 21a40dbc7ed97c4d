# SPDX-License-Identifier: Apache-2.0
"""The artificial PAN-X in the layout of WikiANN's archives."""

from __future__ import annotations

from xling.config.study import Artificial
from xling.data.artificial import events
from xling.data.artificial.alignment import Groups
from xling.data.artificial.grammar import Language
from xling.data.artificial.meaning import Sentence
from xling.data.artificial.phrases import Token
from xling.data.artificial.raw_tagging import draw, write_translations
from xling.data.artificial.release import Release
from xling.tasks import SOURCE_LANGUAGE

TASK = "panx"


def write_panx(release: Release, settings: Artificial, languages: dict[str, Language]) -> None:
    """Write all files of the task."""
    sentences = draw(settings, TASK, events.PANX)
    for code, language in languages.items():
        for split, drawn in sentences.items():
            if drawn and (split != "train" or code == SOURCE_LANGUAGE):
                release.add(
                    f"panx/{code}/{split}",
                    "".join(_block(language, sentence) for sentence in drawn),
                    form="wikiann",
                    uses=[("labelled", split, code)],
                )
    write_translations(release, settings, languages, TASK, sentences, written)


def written(language: Language, words: list[Token]) -> tuple[list[str], Groups]:
    """Return the words of a sentence; each is written on its own."""
    del language
    return [word.form for word in words], [[index] for index in range(len(words))]


def _block(language: Language, sentence: Sentence) -> str:
    """Return one sentence, a token and its tag per line, and the blank line after it."""
    words = language.say(sentence)
    return "".join(f"{language.code}:{word.form}\t{word.entity}\n" for word in words) + "\n"
