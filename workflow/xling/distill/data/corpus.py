# SPDX-License-Identifier: Apache-2.0
"""What every reader of parallel data gives: corpora of English sentences with translations.

A corpus is a description that can be read any number of times; one pair of it is in memory at a
time, unless its reader says otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from xling.errors import DataError
from xling.tasks import SOURCE_LANGUAGE

#: Language of files that mix all languages and do not say which row is in which
#: (``MUSE-all``, ``WikiTitles-all``).
MIXED = "mul"


class SentencePair(NamedTuple):
    """An English sentence and one translation.

    Attributes:
        number: of the line in the raw file, from 1; the same in all languages of a file that has
            all of them.
        group: what held-out sentences are drawn by; the English sentence itself if empty.
    """

    number: int
    source: str
    target: str
    group: str = ""


#: Gives pairs anew at every call and counts, by rule, what the reader itself leaves out.
PairReader = Callable[[Counter[str]], Iterator[SentencePair]]


@dataclass(frozen=True)
class ParallelCorpus:
    """One corpus in one language, as it was published.

    Attributes:
        name: of the corpus, for example ``TED2020``.
        language: of the translations, or ``mul``.
        pairs: the training part, or all there is.
        files: what is read, for messages and checksums.
        dev: the published development part; None if there is none, then one is drawn.
    """

    name: str
    language: str
    pairs: PairReader
    files: tuple[Path, ...]
    dev: PairReader | None = None

    @property
    def where(self) -> str:
        """Return the corpus in words, for messages."""
        return f"{self.name} '{self.language}'"


def pair_name(language: str) -> str:
    """Return the two codes in alphabetical order, as OPUS and WikiMatrix name files: ``de-en``."""
    return "-".join(sorted((SOURCE_LANGUAGE, language)))


def only_file(folder: Path, patterns: tuple[str, ...], what: str) -> Path:
    """Return the one file below a folder that fits one of the patterns.

    Raises:
        DataError: there is none, or there are several.
    """
    found = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise DataError(
            f"{len(found)} files of {what}: {names}",
            where=str(folder),
            allowed=f"exactly one file named {' or '.join(patterns)}",
            fix="fetch the data set again, or leave one file there",
        )
    return found[0]
