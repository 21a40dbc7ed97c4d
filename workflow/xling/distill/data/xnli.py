# SPDX-License-Identifier: Apache-2.0
"""XNLI's sentences as parallel text: those of its dev set; none of its test set is among them.

People translated premises and hypotheses of XNLI into all its languages, row by row.  A premise has
three hypotheses, which repeat much of it: held-out sentences are drawn by premise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from xling.data.readers.lines import read_lines
from xling.data.readers.xtreme_tsv import unquote
from xling.distill.data.corpus import ParallelCorpus, SentencePair
from xling.errors import DataError
from xling.tasks import SOURCE_LANGUAGE

#: The English or the other sentence is also in XNLI's test set of its language.
IN_TEST_SPLIT = "in_test_split"


class _Files(NamedTuple):
    """One language: what is trained on, and what is kept out."""

    dev: Path
    test: Path


def corpora(folder: Path, languages: list[str]) -> list[ParallelCorpus]:
    """Return the pairs of English with each language.

    Numbers are those of the sentences in the file, premise and hypothesis in turn, so equal numbers
    are one English sentence in all languages.

    Args:
        folder: files of XTREME's layout, ``{dev,test}-{language}.tsv``.
        languages: without English.

    Raises:
        DataError: while it is read: a file is damaged, or two languages have not the same rows.
    """
    english = _files(folder, SOURCE_LANGUAGE)
    found = []
    for language in languages:
        files = _files(folder, language)
        reader = partial(_pairs, english, files)
        found.append(ParallelCorpus("XNLI", language, reader, (*english, *files)))
    return found


def _files(folder: Path, language: str) -> _Files:
    return _Files(folder / f"dev-{language}.tsv", folder / f"test-{language}.tsv")


def _pairs(english: _Files, foreign: _Files, dropped: Counter[str]) -> Iterator[SentencePair]:
    sources, targets = _sentences(english.dev), _sentences(foreign.dev)
    if len(sources) != len(targets):
        raise DataError(
            f"{len(sources):,} English sentences and {len(targets):,} of the other language",
            where=f"{english.dev} and {foreign.dev}",
            allowed="the same rows in all languages",
            fix="the files are of different releases: copy them again",
        )
    kept_out = frozenset(_sentences(english.test)), frozenset(_sentences(foreign.test))
    for i, (source, target) in enumerate(zip(sources, targets, strict=True)):
        if source in kept_out[0] or target in kept_out[1]:
            dropped[IN_TEST_SPLIT] += 1
        else:
            yield SentencePair(i + 1, source, target, group=sources[i - i % 2])


def _sentences(path: Path) -> list[str]:
    """Return all sentences of a file, premise and hypothesis in turn."""
    lines = read_lines(path)
    found = []
    for number, line in enumerate(lines.texts, start=1):
        # Labels may have been removed, as XTREME does with test sets.
        fields = line.split("\t")
        if len(fields) < 2:
            raise lines.error(number, "one field", allowed="sentence1, sentence2, label", cut=True)
        found += [unquote(fields[0]), unquote(fields[1])]
    return found
