# SPDX-License-Identifier: Apache-2.0
"""Format ``xtreme-translation``: the machine translations published with XTREME.

No header, five fields: the pair that was translated, its translation, the label.  Rows have
neither ids nor the order of the original; the pair that was translated identifies them.
"""

from __future__ import annotations

from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.lines import Shape, read_lines, read_rows
from xling.data.readers.rows import Reading, translation

_NAMES = ("source1", "source2", "translation1", "translation2", "label")


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file; the published files have malformed rows, which are counted and left out."""
    del about  # The text alone identifies a row.
    lines = read_lines(path)
    reading = Reading()
    shape = Shape(_NAMES, (0, 1, 2, 3), 4, labels)
    reading.translations.extend(
        translation(fields.sentences, fields.label, fields.line)
        for fields in read_rows(lines, shape, first=1, dropped=reading.dropped)
    )
    return reading
