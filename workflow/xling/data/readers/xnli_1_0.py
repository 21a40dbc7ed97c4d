# SPDX-License-Identifier: Apache-2.0
"""Format ``xnli-1.0``: ``xnli.dev.tsv`` and ``xnli.test.tsv`` of the XNLI-1.0 release.

All languages in one file, with a header.  A row's id is its ``pairID``, the same in every language.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.lines import Shape, read_lines, read_rows, refuse_repeated
from xling.data.readers.rows import Reading, pair_row


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read all languages of one file, in the order of the file."""
    del about  # The file itself says of which language a row is.
    lines = read_lines(path)
    names, (language, label, first, second, pair) = lines.header(
        "language", "gold_label", "sentence1", "sentence2", "pairID"
    )
    reading = Reading()
    seen: defaultdict[str, set[str]] = defaultdict(set)
    shape = Shape(names, (first, second), label, labels)
    for fields in read_rows(lines, shape, first=2):
        code, row_id = fields.all[language].strip(), fields.all[pair].strip()
        refuse_repeated(lines, fields.line, row_id, seen[code])
        reading.rows.append(pair_row(row_id, code, fields.sentences, fields.label, fields.line))
    return reading
