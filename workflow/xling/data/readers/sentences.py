# SPDX-License-Identifier: Apache-2.0
"""Sentences in files with one word per line and blank lines between sentences.

Files are read as a stream: a large treebank is never in memory as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from xling.data.manifest import RawFile
from xling.data.readers.lines import RESTORE, read_lines
from xling.data.readers.rows import Reading, TaggedRow, numbered
from xling.errors import DataError


class Block(NamedTuple):
    """The lines between two blank lines, without line ends.

    Attributes:
        path: the file.
        first: number of the first line, from 1.
        texts: the lines.
        cut: whether the last line of the block is the last of the file and has no line end.
    """

    path: Path
    first: int
    texts: list[str]
    cut: bool

    def error(self, place: int, what: str, *, allowed: str) -> DataError:
        """Return the error for the line ``place`` of the block, from 0."""
        if self.cut and place == len(self.texts) - 1:
            what += "; the file ends in the middle of this row (truncated?)"
        where = f"{self.path}, line {self.first + place}"
        return DataError(what, where=where, allowed=allowed, fix=RESTORE)

    def refuse_strange_tag(self, tags: list[str], places: list[int], allowed: set[str]) -> None:
        """Raise :class:`DataError` if a tag is not allowed.

        Args:
            tags: of the sentence.
            places: the line of each tag within the block, from 0.
            allowed: tags; none means that tags are not looked at.
        """
        if allowed and not allowed.issuperset(tags):
            strange = next(i for i, tag in enumerate(tags) if tag not in allowed)
            raise self.error(
                places[strange],
                f"unknown tag '{tags[strange]}'",
                allowed=", ".join(sorted(allowed)),
            )


def lines_of(path: Path) -> Iterator[str]:
    """Give the lines of a file with their newline; a byte order mark is taken away.

    Only newline ends a line: other separators that ``str.splitlines`` knows occur in words.

    Raises:
        DataError: the file cannot be read, is empty or is not UTF-8.
    """
    line = ""
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as stream:
            for line in stream:
                yield line
    except (OSError, UnicodeDecodeError):
        _explain(path)
    if not line:
        _explain(path)


def _explain(path: Path) -> NoReturn:
    """Raise the error that says where a file cannot be read."""
    read_lines(path)
    raise DataError("the file changed while it was read", where=str(path), fix=RESTORE)


def blocks(path: Path) -> Iterator[Block]:
    """Give the sentences of a file, without line ends (CRLF too).

    Raises:
        DataError: the file cannot be read, has no sentence or is not UTF-8.
    """
    first, texts, line, found = 1, [], "", False
    for number, line in enumerate(lines_of(path), start=1):
        if not line.isspace():
            texts.append(line.rstrip("\r\n"))
            continue
        if texts:
            found = True
            yield Block(path, first, texts, cut=False)
            texts = []
        first = number + 1
    if texts:
        yield Block(path, first, texts, cut=not line.endswith("\n"))
    elif not found:
        _explain(path)


def read_tagged(
    path: Path,
    about: RawFile,
    labels: tuple[str, ...],
    word_of: Callable[[str], str | None],
    allowed: str,
) -> Reading:
    """Read a file of lines ``word TAB tag``; sentences are numbered from 1.

    Args:
        path: the file.
        about: its entry in the manifest.
        labels: allowed tags; none means that tags are not looked at.
        word_of: the text before the tab to the word; None if it is malformed.
        allowed: how a line should be, for messages.

    Raises:
        DataError: a line is malformed or a tag is unknown.
    """
    reading = Reading()
    known = {label: label for label in labels}  # one object per tag, whatever the number of words
    for number, block in enumerate(blocks(path), start=1):
        tokens, tags = [], []
        for place, line in enumerate(block.texts):
            fields = line.split("\t")
            word = word_of(fields[0])
            if len(fields) != 2 or word is None:
                raise block.error(place, f"malformed line '{line}'", allowed=allowed)
            tag = fields[1].strip()
            tokens.append(word)
            tags.append(known.get(tag, tag))
        block.refuse_strange_tag(tags, list(range(len(tags))), set(known))
        row_id = numbered(about.split, number)
        row = TaggedRow(row_id, about.language, tuple(tokens), tuple(tags), None, block.first)
        reading.rows.append(row)
    return reading
