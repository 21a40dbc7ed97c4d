# SPDX-License-Identifier: Apache-2.0
"""Format ``xnli-mt-1.0``: ``multinli.train.<language>.tsv`` of the XNLI-MT-1.0 release.

MultiNLI's training set and its machine translations, one file per language, with a header
(premise, hypo, label).  Rows have no ids; the files are row-parallel, which
:mod:`xling.data.joins` verifies.
"""

from __future__ import annotations

from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.lines import Shape, read_lines, read_rows
from xling.data.readers.rows import Reading, numbered, pair_row


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file; malformed rows of a machine translation are counted and left out."""
    lines = read_lines(path)
    names, (premise, hypothesis, label) = lines.header("premise", "hypo", "label")
    reading = Reading()
    translated = about.role != "labelled"
    shape = Shape(names, (premise, hypothesis), label, labels)
    for fields in read_rows(lines, shape, first=2, dropped=reading.dropped if translated else None):
        row_id = numbered(about.split, fields.line - 1)
        reading.rows.append(
            pair_row(row_id, about.language, fields.sentences, fields.label, fields.line)
        )
    return reading
