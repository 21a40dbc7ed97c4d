# SPDX-License-Identifier: Apache-2.0
"""The artificial PAWS-X in the layout of x-final and XTREME's translate-test."""

from __future__ import annotations

from collections.abc import Iterator

from xling.config.study import Artificial
from xling.data.artificial import paraphrase
from xling.data.artificial.grammar import Language, text_of
from xling.data.artificial.meaning import Pair
from xling.data.artificial.noise import translated
from xling.data.artificial.purposes import Purpose
from xling.data.artificial.release import Release, Role
from xling.data.artificial.streams import Stream
from xling.tasks import SOURCE_LANGUAGE

COLUMNS = ("id", "sentence1", "sentence2", "label")
# As in the real release: "NS" marks a sentence that was not translated, and the row has label 0.
PLACEHOLDER = "NS"
_PLACEHOLDER_SHARE = 0.01

Row = tuple[str, str, str]


def write_pawsx(release: Release, settings: Artificial, languages: dict[str, Language]) -> None:
    """Write all files of the task."""
    sizes = settings.sizes["pawsx"]
    items = {
        split: draw(settings, split, rows)
        for split, rows in _purposes(sizes.train, sizes.dev, sizes.test).items()
    }
    for code, language in languages.items():
        source = code == SOURCE_LANGUAGE
        noise = 0.0 if source else settings.noise
        stream = Stream(settings.seed, "noise", "pawsx", "translate_train", code)
        name = "train" if source else "translated_train"
        _write(
            release,
            f"{code}/{name}.tsv",
            [_row(pair, language, noise, stream) for pair in items["train"]],
            ("labelled" if source else "translate_train", "train", code),
        )
        for split in ("dev", "test"):
            rows = labelled_rows(settings, split, items[split], language)
            _write(release, f"{code}/{split}_2k.tsv", rows, ("labelled", split, code))
        if not source:
            english = languages[SOURCE_LANGUAGE]
            release.write(
                f"translate-test/test-{code}-en-translated.tsv",
                _translate_test(settings, items["test"], rows, code, english),
                form="xtreme-translation",
                uses=[("translate_test", "test", code)],
            )


def draw(settings: Artificial, split: Purpose, rows: int) -> list[Pair]:
    """Draw the pairs of a split, which all languages share."""
    return list(paraphrase.draw_pairs(Stream(settings.seed, "pawsx", split), split, rows))


def labelled_rows(
    settings: Artificial, split: str, items: list[Pair], language: Language
) -> list[Row]:
    """Return dev or test rows of a language, a few of them with placeholders."""
    stream = Stream(settings.seed, "pawsx", "placeholders", split, language.code)
    rows = []
    for pair in items:
        one, two, label = _row(pair, language, 0.0, stream)
        if language.code != SOURCE_LANGUAGE and stream.chance(_PLACEHOLDER_SHARE):
            which = stream.below(3)
            one = PLACEHOLDER if which != 1 else one
            two = PLACEHOLDER if which != 0 else two
            label = "0"
        rows.append((one, two, label))
    return rows


def _purposes(train: int, dev: int, test: int) -> dict[Purpose, int]:
    return {"train": train, "dev": dev, "test": test}


def _row(pair: Pair, language: Language, noise: float, stream: Stream) -> Row:
    one, two = (
        text_of(translated(stream, language, language.render(clause, style), noise))
        for clause, style in (
            (pair.first, pair.first_style),
            (pair.second, pair.second_style),
        )
    )
    return one, two, pair.label


def _write(release: Release, path: str, rows: list[Row], use: tuple[Role, str, str]) -> None:
    numbered = [(str(i), *row) for i, row in enumerate(rows, start=1)]
    release.write(f"x-final/{path}", [COLUMNS, *numbered], form="pawsx-x-final", uses=[use])


def _translate_test(
    settings: Artificial, items: list[Pair], rows: list[Row], code: str, english: Language
) -> Iterator[list[str]]:
    """Yield target sentences, their translations and the label; a placeholder stays one."""
    stream = Stream(settings.seed, "noise", "pawsx", "translate_test", code)
    for pair, (one, two, label) in zip(items, rows, strict=True):
        first, second, _ = _row(pair, english, settings.noise, stream)
        first = PLACEHOLDER if one == PLACEHOLDER else first
        second = PLACEHOLDER if two == PLACEHOLDER else second
        yield [one, two, first, second, label]
