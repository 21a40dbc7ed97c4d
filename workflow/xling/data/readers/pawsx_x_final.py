# SPDX-License-Identifier: Apache-2.0
"""Format ``pawsx-x-final``: the files of the PAWS-X release (``x-final.tar.gz``).

One file per split and language, with a header: id, sentence1, sentence2, label.
"""

from __future__ import annotations

from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.lines import Shape, read_lines, read_rows, refuse_repeated
from xling.data.readers.rows import Reading, pair_row


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file; malformed rows of translations are counted and left out."""
    lines = read_lines(path)
    names, (key, first, second, label) = lines.header("id", "sentence1", "sentence2", "label")
    reading = Reading()
    seen: set[str] = set()
    translated = about.role != "labelled"
    shape = Shape(names, (first, second), label, labels)
    for fields in read_rows(lines, shape, first=2, dropped=reading.dropped if translated else None):
        row_id = fields.all[key].strip()
        refuse_repeated(lines, fields.line, row_id, seen)
        reading.rows.append(
            pair_row(row_id, about.language, fields.sentences, fields.label, fields.line)
        )
    return reading
