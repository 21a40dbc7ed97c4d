# SPDX-License-Identifier: Apache-2.0
"""The artificial XNLI in the layout of XNLI-1.0, XNLI-MT-1.0 and XTREME's translate-test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xling.config.study import Artificial
from xling.data.artificial import nli
from xling.data.artificial.grammar import Language, text_of
from xling.data.artificial.meaning import Pair
from xling.data.artificial.noise import translated
from xling.data.artificial.release import Release
from xling.data.artificial.streams import Stream
from xling.tasks import SOURCE_LANGUAGE

COLUMNS = (
    "language",
    "gold_label",
    "sentence1_binary_parse",
    "sentence2_binary_parse",
    "sentence1_parse",
    "sentence2_parse",
    "sentence1",
    "sentence2",
    "promptID",
    "pairID",
    "genre",
    *("label1", "label2", "label3", "label4", "label5"),
    "sentence1_tokenized",
    "sentence2_tokenized",
    "match",
)
MT_COLUMNS = ("premise", "hypo", "label")
# XNLI-MT-1.0 spells one label otherwise; readers must map it.
MT_LABELS = {label: label for label in nli.LABELS} | {"contradiction": "contradictory"}
# Number of the first premise of a split, so that ids never meet.
_FIRST_PROMPT = {"dev": 1, "test": 100_001}

Item = tuple[int, Pair]


def write_xnli(release: Release, settings: Artificial, languages: dict[str, Language]) -> None:
    """Write all files of the task; ``languages`` in the order of the rows."""
    sizes = settings.sizes["xnli"]
    test = draw(settings, "test", sizes.test)
    for split, items in (("dev", draw(settings, "dev", sizes.dev)), ("test", test)):
        release.write(
            f"XNLI-1.0/xnli.{split}.tsv",
            _labelled(items, _FIRST_PROMPT[split], languages),
            form="xnli-1.0",
            uses=[("labelled", split, "all")],
        )
    train = draw(settings, "train", sizes.train)
    for code, language in languages.items():
        source = code == SOURCE_LANGUAGE
        noise = 0.0 if source else settings.noise
        stream = Stream(settings.seed, "noise", "xnli", "translate_train", code)
        release.write(
            f"XNLI-MT-1.0/multinli/multinli.train.{code}.tsv",
            [MT_COLUMNS, *_train(train, language, noise, stream)],
            form="xnli-mt-1.0",
            uses=[("labelled" if source else "translate_train", "train", code)],
        )
        if not source:
            release.write(
                f"translate-test/test-{code}-en-translated.tsv",
                _translate_test(settings, test, language, languages[SOURCE_LANGUAGE]),
                form="xtreme-translation",
                uses=[("translate_test", "test", code)],
            )


def draw(settings: Artificial, split: nli.Purpose, rows: int) -> list[Item]:
    """Draw the pairs of a split, which all languages share."""
    return list(nli.draw_pairs(Stream(settings.seed, "xnli", split), split, rows))


def _labelled(
    items: list[Item], first: int, languages: dict[str, Language]
) -> Iterator[Sequence[str]]:
    """Yield the header and the rows of all languages, one language after the other."""
    yield COLUMNS
    for code, language in languages.items():
        for number, (prompt, pair) in enumerate(items):
            one = text_of(language.render(pair.first))
            two = text_of(language.render(pair.second))
            row = dict.fromkeys(COLUMNS, "")
            row |= {
                "language": code,
                "gold_label": pair.label,
                "sentence1": one,
                "sentence2": two,
                "promptID": str(first + prompt - 1),
                "pairID": str(3 * first + number),
                "genre": "artificial",
                "sentence1_tokenized": one,
                "sentence2_tokenized": two,
                "match": "True",
            }
            # Five annotators who always agree.
            row |= {f"label{i}": pair.label for i in range(1, 6)}
            yield [row[column] for column in COLUMNS]


def _train(
    items: list[Item], language: Language, noise: float, stream: Stream
) -> Iterator[list[str]]:
    for _, pair in items:
        texts = [
            text_of(translated(stream, language, language.render(clause), noise))
            for clause in (pair.first, pair.second)
        ]
        yield [*texts, MT_LABELS[pair.label]]


def _translate_test(
    settings: Artificial, items: list[Item], target: Language, source: Language
) -> Iterator[list[str]]:
    stream = Stream(settings.seed, "noise", "xnli", "translate_test", target.code)
    for _, pair in items:
        clauses = (pair.first, pair.second)
        yield [
            *(text_of(target.render(clause)) for clause in clauses),
            *(
                text_of(translated(stream, source, source.render(clause), settings.noise))
                for clause in clauses
            ),
            pair.label,
        ]
