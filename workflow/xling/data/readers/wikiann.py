# SPDX-License-Identifier: Apache-2.0
"""Format ``wikiann``: PAN-X as its authors published it (Rahimi et al. 2019).

One file per split and language: ``language:word TAB tag``, a blank line between sentences.  A word
may itself hold a colon or a no-break space.
"""

from __future__ import annotations

from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.rows import Reading
from xling.data.readers.sentences import read_tagged


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file; the text up to the first colon is taken away, blanks around words too."""
    return read_tagged(path, about, labels, _word, "language:word and tag, separated by a tab")


def _word(field: str) -> str | None:
    _, colon, word = field.partition(":")
    return word.strip() if colon else None
