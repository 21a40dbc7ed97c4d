# SPDX-License-Identifier: Apache-2.0
"""Format ``tagged-tsv``: UD-POS and PAN-X as XTREME's preparation script writes them.

One file per split and language: ``word TAB tag``, a blank line between sentences, none needed at
the end.  Sentences have no ids; they are numbered.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.rows import Reading
from xling.data.readers.sentences import blocks, read_tagged
from xling.errors import DataError

_LINE = "word and tag, separated by a tab"
# Ours: enough to know that no line has a tag, and read in no time.
_SENTENCES_LOOKED_AT = 100


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file.

    Raises:
        DataError: a line is damaged, or the tags were removed.
    """
    refuse_removed_labels(path, labels)
    return read_tagged(path, about, labels, str.strip, _LINE)


def refuse_removed_labels(path: Path, labels: tuple[str, ...]) -> None:
    """Raise :class:`DataError` if a file has words alone."""
    if any(
        "\t" in line for block in islice(blocks(path), _SENTENCES_LOOKED_AT) for line in block.texts
    ):
        return
    raise DataError(
        "the tags of this file were removed: there is no second column",
        where=str(path),
        allowed=f"{_LINE}; tags: {', '.join(labels)}",
        fix="XTREME's download script removes the tags of test files (google-research/xtreme "
        "issues 24 and 29): make the file from the original release, or use that instead",
    )
