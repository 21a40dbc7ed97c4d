# SPDX-License-Identifier: Apache-2.0
"""Format ``token-lines``: translated sentences, a word per line, as X-Mixup's released code reads.

The word is the first field of a line; what follows a tab means nothing.  A blank line ends a
sentence.  Sentences have no ids: they are numbered from 1 and stand in the order of what they
translate, so one that is missing must be there as a line with an empty word: a tab and any text.
"""

from __future__ import annotations

from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.rows import Reading, TaggedRow, numbered
from xling.data.readers.sentences import blocks

EMPTY = "empty sentence or word"


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file; no word has a tag; sentences with an empty word are counted and left out."""
    del labels  # Nothing is learned from these words.
    reading = Reading()
    for number, block in enumerate(blocks(path), start=1):
        tokens = tuple([line.partition("\t")[0].strip() for line in block.texts])
        if not all(tokens):
            reading.dropped[EMPTY] += 1
            continue
        row_id, tags = numbered(about.split, number), ("",) * len(tokens)
        reading.rows.append(TaggedRow(row_id, about.language, tokens, tags, None, block.first))
    return reading
