# SPDX-License-Identifier: Apache-2.0
"""Format ``xtreme-tsv``: XNLI and PAWS-X as XTREME's preparation script writes them.

One file per split and language, no header: sentence1, sentence2, label.  Rows have no ids; the
files of a split are row-parallel, which :mod:`xling.data.joins` verifies.

XTREME writes with a csv writer, which wraps a field that holds a double quote in double quotes
and doubles those inside, and reads it back without undoing that.  Here the wrapping is undone, a
stated deviation from XTREME (docs/real-data.md).
"""

from __future__ import annotations

from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.lines import Lines, Shape, read_lines, read_rows
from xling.data.readers.rows import UNKNOWN_LABEL, Reading, numbered, pair_row
from xling.errors import DataError

_NAMES = ("sentence1", "sentence2", "label")


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file; the label ``?`` (unknown) is kept for the caller to drop.

    Raises:
        DataError: a row is damaged, or the labels were removed.
    """
    lines = read_lines(path)
    reading = Reading()
    if labels:
        _refuse_removed_labels(lines, labels)
        labels = (*labels, UNKNOWN_LABEL)
    shape = Shape(_NAMES, (0, 1), 2, labels, clean=unquote)
    for fields in read_rows(lines, shape, first=1):
        row_id = numbered(about.split, fields.line)
        reading.rows.append(
            pair_row(row_id, about.language, fields.sentences, fields.label, fields.line)
        )
        reading.quoted += [text.strip() for text in fields.all[:2]] != fields.sentences
    return reading


def unquote(field: str) -> str:
    """Strip a field and undo the csv writer's quoting, if it was quoted for a double quote.

    A sentence that merely starts and ends with a double quote stays as it is: a quoted field has
    at least one double quote inside, and only doubled ones.
    """
    text = field.strip()
    if len(text) > 3 and text[0] == text[-1] == '"' and '""' in text:
        inner = text[1:-1]
        plain = inner.replace('""', '"')
        if plain != inner and '"' not in inner.replace('""', ""):
            return plain.strip()
    return text


def refuse_removed_labels(path: Path, labels: tuple[str, ...]) -> None:
    """Raise :class:`DataError` if a file has no labels, or one placeholder instead of them."""
    _refuse_removed_labels(read_lines(path), labels)


def _refuse_removed_labels(lines: Lines, labels: tuple[str, ...]) -> None:
    rows = [text.split("\t") for text in lines.texts]
    if all(len(fields) == len(_NAMES) - 1 for fields in rows):
        found = "there is no third column"
    elif len({fields[-1].strip() for fields in rows}) == 1 and rows[0][-1].strip() not in labels:
        found = f"every row has the label '{rows[0][-1].strip()}'"
    else:
        return
    raise DataError(
        f"the labels of this file were removed: {found}",
        where=str(lines.path),
        allowed=f"sentence1, sentence2, label, separated by tabs; labels: {', '.join(labels)}",
        fix="XTREME's download script removes the labels of test files (google-research/xtreme "
        "issues 24 and 29): take them from the original release and put them back as third column",
    )
