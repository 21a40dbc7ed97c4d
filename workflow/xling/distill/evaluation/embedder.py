# SPDX-License-Identifier: Apache-2.0
"""What the evaluation needs of a system, and unit vectors of sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from xling.errors import DataError

Floats = npt.NDArray[np.float32]


class Embedder(Protocol):
    """A system that turns sentences into vectors."""

    def encode(self, sentences: list[str], language: str) -> Floats:
        """Return a vector per sentence, in their order, shape [sentences, width], of any length.

        ``language`` is a code as in the data; most systems do not look at it.
        """


class SentenceVectors:
    """Unit vectors of the sentences of one language; a sentence is encoded once.

    The system sees the different sentences in sorted order, so that neither the order of rows nor
    how often a sentence stands in them reaches its batches: equal sentences have equal vectors, to
    the last bit.
    """

    def __init__(self, embedder: Embedder, sentences: Iterable[str], language: str) -> None:
        """Encode the sentences.

        Raises:
            DataError: not one finite vector per sentence.
        """
        distinct = sorted(set(sentences))
        self._places = {text: place for place, text in enumerate(distinct)}
        self._vectors = _unit(embedder.encode(distinct, language), len(distinct), language)

    def __len__(self) -> int:
        """Return the number of different sentences."""
        return len(self._places)

    @property
    def width(self) -> int:
        """Return the width of a vector."""
        return self._vectors.shape[1]

    def of(self, sentences: Sequence[str]) -> Floats:
        """Return the vectors of some of the sentences, shape [sentences, width]."""
        return self._vectors[[self._places[text] for text in sentences]]


def _unit(vectors: Floats, count: int, language: str) -> Floats:
    """Return vectors of length 1; a vector of zeros stays one."""
    found = np.asarray(vectors)
    if found.ndim != 2 or len(found) != count or not found.shape[1]:
        raise DataError(
            f"the system gave vectors of shape {list(found.shape)} for {count} sentences",
            where=f"language {language}",
            allowed="one vector per sentence, all of one width",
            fix="correct the system's 'encode'",
        )
    wrong = int((~np.isfinite(found).all(axis=1)).sum())
    if wrong:
        raise DataError(
            f"the vectors of {wrong} of {count} sentences are no finite numbers",
            where=f"language {language}",
            allowed="weights whose hidden states fit the number format",
            fix="use fp32, or see whether the model's weights are damaged",
        )
    # A copy: the system's own array is not ours to change.
    unit = found.astype(np.float32, copy=True)
    lengths = np.linalg.norm(unit.astype(np.float64), axis=1, keepdims=True)
    unit /= np.maximum(lengths, np.finfo(np.float32).tiny).astype(np.float32)
    return unit
