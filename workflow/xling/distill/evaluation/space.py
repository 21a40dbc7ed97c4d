# SPDX-License-Identifier: Apache-2.0
"""Vectors of sentences of several languages (Figure 2: do languages stand apart?)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xling.distill.evaluation.embedder import Floats, SentenceVectors
from xling.distill.evaluation.similarity import languages_of
from xling.errors import DataError
from xling.files import whole_file
from xling.tasks import SOURCE_LANGUAGE

if TYPE_CHECKING:
    import pyarrow as pa

#: Ours: sentences per language that a reader can still tell apart.
MOST_SENTENCES = 200


def sentence_space(table: pa.Table, vectors: Mapping[str, SentenceVectors]) -> dict[str, Floats]:
    """Return vectors of each language's first sentences, by language pair and id.

    Each language is taken from its pair with English, the second sentences, English from English
    with English.  A sentence is there once.

    Args:
        table: prepared STS rows.
        vectors: of :func:`xling.distill.evaluation.similarity.sentence_vectors`.
    """
    found: dict[str, list[str]] = {}
    names = ("language", "id", "sentence2")
    for pair, _, second in sorted(zip(*(table[n].to_pylist() for n in names), strict=True)):
        one, other = languages_of(pair)
        if one == SOURCE_LANGUAGE:
            found.setdefault(other, []).append(second)
    return {
        code: vectors[code].of(list(dict.fromkeys(texts))[:MOST_SENTENCES])
        for code, texts in sorted(found.items())
    }


def write_space(path: Path, space: Mapping[str, Floats]) -> None:
    """Write vectors by language, whole or not at all; equal vectors give equal bytes."""
    with whole_file(path) as part, part.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **dict(space))


def read_space(path: Path) -> dict[str, Floats]:
    """Read vectors by language.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {code: stored[code] for code in stored.files}
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            "vectors of sentences cannot be read",
            where=str(path),
            allowed=f"the file that the evaluation writes ({type(error).__name__})",
            fix="delete the file and run snakemake again",
        ) from error
