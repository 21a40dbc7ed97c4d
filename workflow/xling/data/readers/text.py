# SPDX-License-Identifier: Apache-2.0
"""Format ``text``: pre-training text, two coherent sentences per line separated by a tab."""

from __future__ import annotations

from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.lines import Shape, read_lines, read_rows
from xling.data.readers.rows import Reading, numbered, pair_row


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file of one language; the label of every row is empty."""
    del labels  # Text has none.
    lines = read_lines(path)
    reading = Reading()
    shape = Shape(("sentence1", "sentence2"), (0, 1), None, ())
    reading.rows.extend(
        pair_row(numbered("text", fields.line), about.language, fields.sentences, "", fields.line)
        for fields in read_rows(lines, shape, first=1)
    )
    return reading
