# SPDX-License-Identifier: Apache-2.0
"""Format ``xtune-alignment``: translated sentences with word alignments, as xTune publishes them.

No header: sentence, language of the translation, translation, and pairs ``i/j`` (word i of the
sentence belongs to word j of the translation, from 0), separated by tabs.  Words and pairs are
separated by single blanks; the fourth column may be missing.  Rows have no ids; the words of the
sentence identify it.
"""

from __future__ import annotations

import re
from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.rows import AlignedRow, Reading
from xling.data.readers.sentences import lines_of
from xling.tasks import SOURCE_LANGUAGE

_PAIR = re.compile(r"(\d+)/(\d+)", re.ASCII)


class _Words(dict[str, str]):
    """One object per word: a file of all languages repeats each sentence up to 40 times."""

    def __missing__(self, word: str) -> str:
        self[word] = word
        return word


class _Pairs(dict[str, tuple[int, int] | None]):
    """One object per pair; None for text that is none."""

    def __missing__(self, text: str) -> tuple[int, int] | None:
        found = _PAIR.fullmatch(text)
        self[text] = (int(found[1]), int(found[2])) if found else None
        return self[text]


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file; malformed rows are counted and left out.

    A file of the language ``all`` may hold every language, others only their own (``en`` for
    translations of test sets).
    """
    del labels  # The rows have none.
    language = SOURCE_LANGUAGE if about.role == "translate_test" else about.language
    reading = Reading()
    words, pairs = _Words(), _Pairs()
    for number, line in enumerate(lines_of(path), start=1):
        row = _row(line.rstrip("\r\n").split("\t"), language, number, words, pairs)
        if isinstance(row, str):
            reading.dropped[row] += 1
        else:
            reading.rows.append(row)
    return reading


def _row(
    fields: list[str], language: str, number: int, words: _Words, pairs: _Pairs
) -> AlignedRow | str:
    """Return a row, or why it is malformed."""
    if len(fields) not in (3, 4):
        return "wrong number of fields"
    source = tuple([words[word] for word in fields[0].split(" ")])
    tokens = tuple([words[word] for word in fields[2].split(" ")])
    if not fields[0] or not all(tokens):
        return "empty sentence or word"
    if language not in ("all", fields[1]):
        return "another language"
    aligned = set()
    for text in fields[3].split() if len(fields) == 4 else ():
        pair = pairs[text]
        if pair is None or pair[0] >= len(source) or pair[1] >= len(tokens):
            return "malformed alignment"
        aligned.add(pair)
    return AlignedRow(words[fields[1]], source, tokens, tuple(sorted(aligned)), number)
