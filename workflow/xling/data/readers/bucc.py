# SPDX-License-Identifier: Apache-2.0
"""Formats ``bucc-source``, ``bucc-target`` and ``bucc-gold`` of BUCC 2018.

A side is lines of ``id TAB text``: the foreign language (source) or English (target).  The gold is
lines of ``foreign id TAB English id``.  None has a header.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from xling.data.manifest import RawFile
from xling.data.readers.lines import Lines, read_lines, refuse_repeated
from xling.data.readers.rows import Reading, SideRow


class GoldPair(NamedTuple):
    """Two sentences that translate each other, by id.  ``line`` is its line, from 1."""

    source: str
    target: str
    line: int


def read_side(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one side; the rows have no gold yet.

    Only the first tab of a line separates: the rest is text.
    """
    del labels  # Sentences have none.
    lines = read_lines(path)
    side = about.format.removeprefix("bucc-")
    reading, seen = Reading(), set[str]()
    for number in range(1, len(lines.texts) + 1):
        row_id, text = _fields(lines, number, ("id", "text"))
        refuse_repeated(lines, number, row_id, seen)
        reading.rows.append(SideRow(row_id, about.language, side, text, ()))
    return reading


def read_gold(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read the gold; the rows are :class:`GoldPair`."""
    del about, labels  # Ids are all there is.
    lines = read_lines(path)
    reading, seen = Reading(), set[str]()
    for number in range(1, len(lines.texts) + 1):
        source, target = _fields(lines, number, ("foreign id", "English id"))
        refuse_repeated(lines, number, f"{source}\t{target}", seen)
        reading.rows.append(GoldPair(source, target, number))
    return reading


def _fields(lines: Lines, number: int, names: tuple[str, str]) -> tuple[str, str]:
    """Return both fields of a line, stripped; neither may be empty."""
    allowed = f"{names[0]} and {names[1]}, separated by a tab"
    line = lines.texts[number - 1]
    if not line.strip():
        raise lines.error(number, "the line is empty", allowed=allowed)
    first, tab, second = line.partition("\t")
    if not tab:
        raise lines.error(number, "the line has no tab", allowed=allowed, cut=True)
    if not first.strip():
        raise lines.error(number, f"the {names[0]} is empty", allowed=allowed)
    if not second.strip():
        raise lines.error(number, f"the {names[1]} is empty", allowed=allowed, cut=True)
    return first.strip(), second.strip()
