# SPDX-License-Identifier: Apache-2.0
"""Lines and rows of a tab-separated file, and the errors that name them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from xling.errors import DataError

RESTORE = "copy or download the file again, then run snakemake again"
# MultiNLI's machine translations write one label in another way; XTREME maps it too.
_SPELLINGS = {"contradictory": "contradiction"}


@dataclass(frozen=True)
class Lines:
    """The lines of one file, without line ends.

    Attributes:
        complete: whether the last line ends with a newline.
    """

    path: Path
    texts: list[str]
    complete: bool

    def header(self, *columns: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Return all names of the first line and the positions of the wanted ``columns``."""
        fields = tuple(name.strip() for name in self.texts[0].split("\t"))
        missing = [name for name in columns if name not in fields]
        if missing:
            raise self.error(
                1,
                f"the header lacks the column {', '.join(missing)}",
                allowed=f"column names separated by tabs, among them {', '.join(columns)}",
            )
        return fields, tuple(fields.index(name) for name in columns)

    def error(self, number: int, what: str, *, allowed: str, cut: bool = False) -> DataError:
        """Return the error for a damaged line, from 1.

        It says so if the file seems to end there too early: the last line has no line end, or
        ``cut`` is true.
        """
        last = number == len(self.texts)
        if last and (cut or not self.complete):
            what += "; the file ends in the middle of this row (truncated?)"
        return DataError(what, where=f"{self.path}, line {number}", allowed=allowed, fix=RESTORE)


@dataclass(frozen=True)
class Shape:
    """Where the rows of a format keep what is read.

    Attributes:
        names: all fields.
        sentences: positions of the sentences.
        label: position of the label; None if there is none.
        labels: allowed labels; none means that labels are not looked at.
        clean: what is done to the text of a sentence.
    """

    names: tuple[str, ...]
    sentences: tuple[int, ...]
    label: int | None
    labels: tuple[str, ...]
    clean: Callable[[str], str] = str.strip


class Fields(NamedTuple):
    """One row: its line in the file, all fields, and the checked ones cleaned."""

    line: int
    all: list[str]
    sentences: list[str]
    label: str


def read_lines(path: Path) -> Lines:
    """Read a UTF-8 text file; a byte order mark and CRLF line ends are taken away.

    Only newline ends a line: other separators that ``str.splitlines`` knows occur in sentences.

    Raises:
        DataError: the file cannot be read, is empty or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"a raw file cannot be read ({error.strerror})", where=str(path), fix=RESTORE
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = raw.count(b"\n", 0, error.start) + 1
        cut = "; the file ends in the middle of a character (truncated?)"
        raise DataError(
            "invalid UTF-8" + (cut if error.end == len(raw) else ""),
            where=f"{path}, line {number}",
            allowed="text in the encoding UTF-8",
            fix=RESTORE,
        ) from error
    if not text.strip():
        raise DataError("the file is empty", where=str(path), fix=RESTORE)
    texts = [line.removesuffix("\r") for line in text.split("\n")]
    complete = texts[-1] == ""
    if complete:
        texts.pop()
    return Lines(path, texts, complete)


def read_rows(
    lines: Lines, shape: Shape, *, first: int, dropped: Counter[str] | None = None
) -> Iterator[Fields]:
    """Give the rows of a file in order.

    Args:
        lines: the file.
        shape: what a row must be.
        first: line of the first row, from 1.
        dropped: where malformed rows are counted by reason; without it they are errors.

    Raises:
        DataError: a row is damaged and ``dropped`` is not given.
    """
    labels, clean, width = shape.labels, shape.clean, len(shape.names)
    for number, text in enumerate(lines.texts[first - 1 :], start=first):
        fields = text.split("\t")
        if len(fields) != width:
            reason, label, sentences = "wrong number of fields", "", []
        else:
            label = "" if shape.label is None else fields[shape.label].strip()
            label = _SPELLINGS.get(label, label)
            sentences = [clean(fields[position]) for position in shape.sentences]
            if labels and label not in labels:
                reason = "unknown label"
            elif not all(sentences):
                reason = "empty sentence"
            else:
                yield Fields(number, fields, sentences, label)
                continue
        if dropped is None:
            raise _damage(lines, number, shape, reason, len(fields), label)
        dropped[reason] += 1


def _damage(
    lines: Lines, number: int, shape: Shape, reason: str, width: int, label: str
) -> DataError:
    if reason == "unknown label":
        return lines.error(number, f"unknown label '{label}'", allowed=", ".join(shape.labels))
    if reason == "empty sentence":
        return lines.error(number, reason, allowed="sentences that are not empty")
    return lines.error(
        number,
        f"{reason}: {width} instead of {len(shape.names)}",
        allowed=f"{', '.join(shape.names)}, separated by tabs",
        cut=width < len(shape.names),
    )


def refuse_repeated(lines: Lines, number: int, row_id: str, seen: set[str]) -> None:
    """Remember an id; raise :class:`DataError` if it was there before."""
    if row_id in seen:
        raise lines.error(
            number, f"the id '{row_id}' occurs twice", allowed="one row per id and language"
        )
    seen.add(row_id)
