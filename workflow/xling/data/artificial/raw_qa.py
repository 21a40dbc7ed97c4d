# SPDX-License-Identifier: Apache-2.0
"""The artificial XQuAD (with SQuAD), MLQA and TyDiQA-GoldP, all of them SQuAD 1.1 JSON.

XQuAD has the same questions in all languages; of MLQA each language has a part of them; in TyDiQA
each language has its own.  Translations lack the questions whose answer lost a word.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from xling.config.study import Artificial
from xling.data.artificial.grammar import Language
from xling.data.artificial.paragraphs import MOST_QUESTIONS, draw_paragraphs
from xling.data.artificial.purposes import Purpose
from xling.data.artificial.release import Release, Role
from xling.data.artificial.squad import Item, entries, json_text
from xling.data.artificial.streams import Stream, digest
from xling.data.language_names import TYDIQA
from xling.tasks import SOURCE_LANGUAGE

# Ours: share of MLQA's questions that a language has; in the release few have all four or more.
MLQA_SHARE = 0.8
# Ours: questions in the training file of TyDiQA in other languages than the source, for each in the
# source; they are not used in zero-shot transfer.
TYDIQA_OTHERS = 0.02
_TRANSLATIONS = "xtreme_translations"


def write_xquad(release: Release, settings: Artificial, languages: dict[str, Language]) -> None:
    """Write SQuAD's training and development set, XQuAD, and the translations of both."""
    source = languages[SOURCE_LANGUAGE]
    sizes = settings.sizes["xquad"]
    train = draw(settings, "xquad", "train", sizes.train, source)
    dev = draw(settings, "xquad", "dev", sizes.dev, source)
    test = draw(settings, "xquad", "test", sizes.test, source)
    files = _Files(release, settings, "xquad")
    files.write("squad/train-v1.1.json", train, source, ("labelled", "train", source.code))
    files.write("squad/dev-v1.1.json", dev, source, ("labelled", "dev", source.code), annotators=3)
    for code, language in languages.items():
        files.write(f"xquad/xquad.{code}.json", test, language, ("labelled", "test", code))
        if code != SOURCE_LANGUAGE:
            path = f"{_TRANSLATIONS}/SQuAD/translate-train/squad.translate.train.en-{code}.json"
            files.write(path, train, language, ("translate_train", "train", code))
            path = f"{_TRANSLATIONS}/XQuAD/translate-test/xquad.translate.test.{code}-en.json"
            files.write(path, test, source, ("translate_test", "test", code))


def write_mlqa(release: Release, settings: Artificial, languages: dict[str, Language]) -> None:
    """Write development and test set, and the translations of the latter."""
    source = languages[SOURCE_LANGUAGE]
    sizes = settings.sizes["mlqa"]
    files = _Files(release, settings, "mlqa")
    splits: tuple[tuple[Purpose, int], ...] = (("dev", sizes.dev), ("test", sizes.test))
    for split, size in splits:
        everything = draw(settings, "mlqa", split, round(size / MLQA_SHARE), source)
        for code, language in languages.items():
            order = Stream(settings.seed, "mlqa", "items", split, code).shuffled(everything)
            chosen = {item.id for item in order[:size]}
            items = [item for item in everything if item.id in chosen]
            path = f"MLQA_V1/{split}/{split}-context-{code}-question-{code}.json"
            files.write(path, items, language, ("labelled", split, code))
            if split == "test" and code != SOURCE_LANGUAGE:
                path = f"{_TRANSLATIONS}/MLQA/translate-test/mlqa.translate.test.{code}-en.json"
                files.write(path, items, source, ("translate_test", "test", code))


def write_tydiqa(release: Release, settings: Artificial, languages: dict[str, Language]) -> None:
    """Write one training file, a test file per language, and the translations of both."""
    source = languages[SOURCE_LANGUAGE]
    sizes = settings.sizes["tydiqa"]
    files = _Files(release, settings, "tydiqa")
    train = draw_tydiqa(settings, "train", sizes.train, source, source)
    everything = files.entries(train, source, "labelled", "train", source.code)
    for code, language in languages.items():
        name = TYDIQA.get(code, code)
        test = draw_tydiqa(settings, "test", sizes.test, source, language)
        path = f"tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-{name}.json"
        files.write(path, test, language, ("labelled", "test", code), annotators=2)
        if code == SOURCE_LANGUAGE:
            continue
        others = draw_tydiqa(settings, "train", ceil(TYDIQA_OTHERS * sizes.train), source, language)
        everything += files.entries(others, language, "labelled", "train", code)
        folder = f"{_TRANSLATIONS}/TyDiQA-GoldP"
        path = f"{folder}/translate-train/tydiqa.translate.train.en-{code}.json"
        files.write(path, train, language, ("translate_train", "train", code))
        path = f"{folder}/translate-test/tydiqa.translate.test.{code}-en.json"
        files.write(path, test, source, ("translate_test", "test", code))
    if everything:
        release.add(
            "tydiqa-goldp-v1.1-train.json",
            json_text(everything),
            form="tydiqa-goldp",
            uses=[("labelled", "train", "all")],
        )


def draw(
    settings: Artificial, task: str, split: Purpose, size: int, source: Language
) -> list[Item]:
    """Draw the questions that all languages share; ids are 24 hexadecimal digits as SQuAD's."""
    stream = Stream(settings.seed, task, split)
    paragraphs = draw_paragraphs(stream, split, source, size, MOST_QUESTIONS)
    return [
        Item(f"{digest('question', settings.seed, task, split, i, j):064x}"[:24], paragraph, j)
        for i, paragraph in enumerate(paragraphs)
        for j in range(len(paragraph.questions))
    ]


def draw_tydiqa(
    settings: Artificial, split: Purpose, size: int, source: Language, language: Language
) -> list[Item]:
    """Draw the questions of one language; ids begin with the language, as in the release."""
    stream = Stream(settings.seed, "tydiqa", split, language.code)
    paragraphs = draw_paragraphs(stream, split, source, size, MOST_QUESTIONS)
    name = TYDIQA.get(language.code, language.code)
    return [
        Item(f"{name}-{_number(settings, split, language.code, i)}-{j}", paragraph, j)
        for i, paragraph in enumerate(paragraphs)
        for j in range(len(paragraph.questions))
    ]


def _number(settings: Artificial, split: str, code: str, paragraph: int) -> int:
    return digest("paragraph", settings.seed, "tydiqa", split, code, paragraph) % 10**19


class _Files:
    """Writes the files of one task."""

    def __init__(self, release: Release, settings: Artificial, task: str) -> None:
        self._release = release
        self._settings = settings
        self._task = task

    def write(
        self,
        path: str,
        items: list[Item],
        language: Language,
        use: tuple[Role, Purpose, str],
        *,
        annotators: int = 1,
    ) -> None:
        """Write a file in a language; nothing if there are no items."""
        if items:
            found = self.entries(items, language, *use, annotators=annotators)
            self._release.add(path, json_text(found), form="squad-json", uses=[use])

    def entries(
        self,
        items: list[Item],
        language: Language,
        role: Role,
        split: Purpose,
        code: str,
        *,
        annotators: int = 1,
    ) -> list[dict[str, Any]]:
        """Return the paragraphs of a file as JSON objects."""
        noise = 0.0 if role == "labelled" else self._settings.noise
        stream = Stream(self._settings.seed, "noise", self._task, role, split, code)
        return entries(items, language, noise, stream, annotators)
