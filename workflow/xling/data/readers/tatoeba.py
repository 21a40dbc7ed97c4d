# SPDX-License-Identifier: Apache-2.0
"""Formats ``tatoeba-source`` and ``tatoeba-target``: one sentence per line (LASER, v1).

The foreign file (source) and the English file (target) of a language are parallel: the same line
number belongs together.  The number is the id.
"""

from __future__ import annotations

from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.lines import read_lines
from xling.data.readers.rows import Reading, SideRow, numbered


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one side; a sentence of the source has its own id, which is its partner's, as gold."""
    del labels  # Sentences have none.
    lines = read_lines(path)
    side = about.format.removeprefix("tatoeba-")
    reading = Reading()
    for number, line in enumerate(lines.texts, start=1):
        text = line.strip()
        if not text:
            raise lines.error(number, "the line is empty", allowed="one sentence per line")
        row_id = numbered(about.split, number)
        gold = (row_id,) if side == "source" else ()
        reading.rows.append(SideRow(row_id, about.language, side, text, gold))
    return reading
