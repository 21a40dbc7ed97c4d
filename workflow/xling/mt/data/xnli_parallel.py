# SPDX-License-Identifier: Apache-2.0
"""A small benchmark on real text: XNLI's sentences, which are parallel in all its languages.

Premises and hypotheses of XNLI's dev and test sets were translated by people.  Made of them: an
imbalanced training set of up to six languages with English, and dev and test sets of the same
English sentences in all languages.  No quality is claimed; all sizes are ours.

A premise has three hypotheses, which repeat much of it.  So they stay together: splits are drawn by
premise, and no English sentence is in two of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from xling.data.artificial.streams import digest
from xling.data.readers.lines import read_lines
from xling.data.readers.xtreme_tsv import unquote
from xling.errors import DataError, UsageError
from xling.mt.data.bitext import AlignedLine, Corpus, Split, with_english
from xling.tasks import SOURCE_LANGUAGE

_FILES = ("dev", "test")


@dataclass(frozen=True)
class Sizes:
    """Sentences of each split.

    Attributes:
        train: by language.  Ours: a ratio of 30 from most to least, as in TED-8, with as much as
            there is; XNLI has 9,999 different English sentences in dev and test together.
        dev, test: of every language.
    """

    train: Mapping[str, int]
    dev: int
    test: int


SIZES = Sizes(
    {"de": 8_000, "es": 4_000, "zh": 2_000, "ar": 1_000, "hi": 500, "sw": 267}, 500, 1_000
)


class _Sentence(NamedTuple):
    """An English sentence: its number from 1, where it first stands, and its premise."""

    number: int
    text: str
    premise: str


def corpora(folder: Path, split: Split, sizes: Sizes = SIZES, *, seed: int = 1) -> list[Corpus]:
    """Return the pairs of English with each language of ``sizes.train``, in its order.

    Training sentences are drawn for each language on its own, so two languages share some; dev
    and test sentences are the same in all.  Ids are those of the English sentences.

    Args:
        folder: files of XTREME's layout, ``{dev,test}-{language}.tsv``: two sentences and a label.
        split: of ours; each is drawn from both files.
        sizes: of the splits.
        seed: of the draws.

    Raises:
        DataError: a file is damaged, or the files are not parallel.
        UsageError: there are fewer sentences than asked for.
    """
    files = {code: _paths(folder, code) for code in (SOURCE_LANGUAGE, *sizes.train)}
    texts = {code: _texts(paths) for code, paths in files.items()}
    _check_parallel(texts, files)
    sentences = _splits(_sentences(texts[SOURCE_LANGUAGE]), sizes, seed)[split]
    found = []
    for code in sizes.train:
        chosen = (
            _chosen(sentences, sizes.train[code], seed, code) if split == "train" else sentences
        )
        lines = [
            AlignedLine(one.number, one.text, texts[code][one.number - 1])
            for one in sorted(chosen, key=lambda one: one.number)
        ]
        both = (*files[SOURCE_LANGUAGE], *files[code])
        found.append(Corpus(with_english(code), split, lines.__iter__, both))
    return found


def _paths(folder: Path, code: str) -> tuple[Path, ...]:
    return tuple(folder / f"{name}-{code}.tsv" for name in _FILES)


def _texts(paths: tuple[Path, ...]) -> list[str]:
    """Return all sentences of a language, premise and hypothesis in turn."""
    found = []
    for path in paths:
        lines = read_lines(path)
        for number, line in enumerate(lines.texts, start=1):
            fields = line.split("\t")
            if len(fields) < 2:
                raise lines.error(
                    number, "one field", allowed="sentence1, sentence2, label", cut=True
                )
            found += [unquote(fields[0]), unquote(fields[1])]
    return found


def _check_parallel(texts: Mapping[str, list[str]], files: Mapping[str, tuple[Path, ...]]) -> None:
    expected = len(texts[SOURCE_LANGUAGE])
    for code, found in texts.items():
        if len(found) != expected:
            raise DataError(
                f"'{code}' has {len(found):,} sentences and English {expected:,}",
                where=" and ".join(str(path) for path in files[code]),
                allowed="the same rows in all languages",
                fix="the files are of different releases: copy them again",
            )


def _sentences(texts: list[str]) -> list[_Sentence]:
    """Return each different English sentence once, with the premise where it first stands."""
    found: dict[str, _Sentence] = {}
    for i, text in enumerate(texts):
        found.setdefault(text, _Sentence(i + 1, text, texts[i - i % 2]))
    return list(found.values())


def _splits(sentences: list[_Sentence], sizes: Sizes, seed: int) -> dict[Split, list[_Sentence]]:
    """Divide sentences by premise: first the test set is filled, then dev; the rest is train.

    What is left of the last premise of test and dev is not used.
    """
    groups: dict[str, list[_Sentence]] = {}
    for sentence in sentences:
        groups.setdefault(sentence.premise, []).append(sentence)
    # In an order that depends on each premise alone: other rows in a file change nothing.
    order = sorted(groups, key=lambda premise: digest("xnli_parallel", seed, premise))
    parts: dict[Split, list[_Sentence]] = {"test": [], "dev": [], "train": []}
    for premise in order:
        if len(parts["test"]) < sizes.test:
            parts["test"] += groups[premise]
        elif len(parts["dev"]) < sizes.dev:
            parts["dev"] += groups[premise]
        else:
            parts["train"] += groups[premise]
    largest = max(sizes.train.values())
    if len(parts["dev"]) < sizes.dev or len(parts["train"]) < largest:
        raise UsageError(
            f"XNLI has {len(sentences):,} different English sentences; test {sizes.test:,}, dev "
            f"{sizes.dev:,} and train {largest:,} are asked for",
            where="sizes",
            allowed="together a little less than there are: premises are not divided",
            fix="ask for fewer training sentences",
        )
    parts["test"], parts["dev"] = parts["test"][: sizes.test], parts["dev"][: sizes.dev]
    return parts


def _chosen(sentences: list[_Sentence], count: int, seed: int, code: str) -> list[_Sentence]:
    return sorted(sentences, key=lambda one: digest("xnli_parallel", seed, code, one.text))[:count]
