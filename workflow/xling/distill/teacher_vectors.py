# SPDX-License-Identifier: Apache-2.0
"""A frozen teacher and the vectors it gives to English sentences."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from xling.distill.vectors import Vectors, VectorStore, teacher_key

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)


class Teacher:
    """A sentence encoder that only encodes; it is loaded when the first sentence needs it.

    Args:
        folder: any model that :func:`xling.distill.student.load_model` reads.
        max_length: sub-words of a sentence, the rest is cut; None: the model's own.
    """

    def __init__(self, folder: Path, max_length: int | None = None) -> None:
        self.folder = folder
        self.max_length = max_length
        self.key = teacher_key(folder, max_length=max_length)

    @cached_property
    def model(self) -> SentenceTransformer:
        """The frozen model."""
        from xling.distill.student import freeze, load_model

        return freeze(load_model(self.folder, self.max_length))

    def encode(self, sentences: list[str]) -> Vectors:
        """Return the sentences' vectors, shape [sentences, width], not normalised."""
        from xling.distill.student import encode

        return encode(self.model, sentences)


@dataclass(frozen=True)
class Encoded:
    """What an encoding did.

    Attributes:
        sentences: different ones.
        new: that were encoded now; the rest was there.
        seconds: of all.
    """

    sentences: int
    new: int
    seconds: float


def encode_sources(
    teacher: Teacher, sentences: Sequence[str], vectors: Path
) -> tuple[VectorStore, Encoded]:
    """Make sure that the store of a teacher has these sentences.

    Args:
        teacher: who encodes.
        sentences: English; equal ones are encoded once.
        vectors: folder of all teachers' stores, which share nothing.

    Raises:
        DataError: the store is damaged, or a vector is not of finite numbers.
    """
    started = time.monotonic()
    store = VectorStore(vectors / teacher.key)
    new = store.add(sentences, teacher.encode)
    done = Encoded(len(set(sentences)), new, round(time.monotonic() - started, 2))
    log.info(
        "teacher %s: %d vectors, %d new, %.1f s", teacher.key, done.sentences, new, done.seconds
    )
    return store, done
