# SPDX-License-Identifier: Apache-2.0
"""Format ``myxnli-translation``: the XNLI test translated to English by the myXNLI authors.

Header, five fields: label, sentence1_en, sentence2_en, sentence1_<l>, sentence2_<l>.  Rows have no
ids; the pair that was translated identifies them.
"""

from __future__ import annotations

from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.lines import Shape, read_lines, read_rows
from xling.data.readers.rows import Reading, translation


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file."""
    code = about.language
    lines = read_lines(path)
    names, (label, *sentences) = lines.header(
        "label", f"sentence1_{code}", f"sentence2_{code}", "sentence1_en", "sentence2_en"
    )
    reading = Reading()
    shape = Shape(names, tuple(sentences), label, labels)
    reading.translations.extend(
        translation(fields.sentences, fields.label, fields.line)
        for fields in read_rows(lines, shape, first=2)
    )
    return reading
