# SPDX-License-Identifier: Apache-2.0
"""Translations of the artificial tagging benchmarks, in the shape of those published with xTune.

A line holds the sentence, the language of the translation, the translation, and ``i/j`` for each
word i of the sentence and word j of the translation that stand for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xling.config.study import Artificial
from xling.data.artificial.alignment import Groups, pairs
from xling.data.artificial.events import Mixture, draw_sentences
from xling.data.artificial.grammar import Language
from xling.data.artificial.meaning import Sentence
from xling.data.artificial.noise import traced
from xling.data.artificial.phrases import Token
from xling.data.artificial.purposes import Purpose
from xling.data.artificial.release import Release, Role
from xling.data.artificial.streams import Stream
from xling.tasks import SOURCE_LANGUAGE

# Written words of a sentence, and the indices of the words each is made of.
Writer = Callable[[Language, list[Token]], tuple[list[str], Groups]]


def draw(settings: Artificial, task: str, mixture: Mixture) -> dict[Purpose, list[Sentence]]:
    """Draw the sentences of each split; all languages say the same."""
    sizes = settings.sizes[task]
    counts: dict[Purpose, int] = {"train": sizes.train, "dev": sizes.dev, "test": sizes.test}
    return {
        split: list(draw_sentences(Stream(settings.seed, task, split), split, mixture, count))
        for split, count in counts.items()
    }


def write_translations(
    release: Release,
    settings: Artificial,
    languages: dict[str, Language],
    task: str,
    sentences: dict[Purpose, list[Sentence]],
    writer: Writer,
) -> None:
    """Write, for each target language, the translated training set and the translated test set."""
    source = languages[SOURCE_LANGUAGE]
    for code, target in languages.items():
        if code == SOURCE_LANGUAGE:
            continue
        uses: tuple[tuple[Role, Purpose, Language, Language], ...] = (
            ("translate_train", "train", source, target),
            ("translate_test", "test", target, source),
        )
        for role, split, one, two in uses:
            if not sentences[split]:
                continue
            stream = Stream(settings.seed, "noise", task, role, code)
            release.write(
                f"translations/{task}.translate.{split}.{one.code}-{two.code}.tsv",
                _rows(sentences[split], one, two, settings.noise, stream, writer),
                form="xtune-alignment",
                uses=[(role, split, code)],
            )


def _rows(
    sentences: list[Sentence],
    source: Language,
    target: Language,
    noise: float,
    stream: Stream,
    writer: Writer,
) -> Iterator[list[str]]:
    for sentence in sentences:
        words = source.say(sentence)
        exact = target.say(sentence)
        noisy = traced(stream, target, exact, noise)
        one, one_groups = writer(source, words)
        two, two_groups = writer(target, [word for word, _ in noisy])
        links = pairs(words, one_groups, exact, two_groups, [origin for _, origin in noisy])
        yield [
            " ".join(one),
            target.code,
            " ".join(two),
            " ".join(f"{i}/{j}" for i, j in links),
        ]
