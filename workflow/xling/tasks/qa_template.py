# SPDX-License-Identifier: Apache-2.0
"""The special sub-words of a question and a context, as the encoder's tokenizer puts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class Template:
    """What an encoder puts around a question and a context.

    Attributes:
        before, between, after: ids of the special sub-words.
        question_segment, context_segment: segments; the special sub-words before a text or after
            it belong to that text's segment.
        split: how many of ``between`` belong to the question.
    """

    before: np.ndarray
    between: np.ndarray
    after: np.ndarray
    question_segment: int
    context_segment: int
    split: int

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Template:
        """Read the template off an encoded pair."""
        encoding = tokenizer.encode("a", "b")
        ids, segments = np.array(encoding.ids, dtype=np.int32), np.array(encoding.type_ids)
        sides = np.array([-1 if i is None else i for i in encoding.sequence_ids])
        (question,), (context,) = (np.flatnonzero(sides == i)[[0, -1]][None] for i in (0, 1))
        between = slice(question[1] + 1, context[0])
        return cls(
            before=ids[: question[0]],
            between=ids[between],
            after=ids[context[1] + 1 :],
            question_segment=int(segments[question[0]]),
            context_segment=int(segments[context[0]]),
            split=int((segments[between] == segments[question[0]]).sum()),
        )

    @property
    def size(self) -> int:
        """Special sub-words in a window."""
        return len(self.before) + len(self.between) + len(self.after)

    def ids(self, question: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Return the ids of a window."""
        return np.concatenate([self.before, question, self.between, context, self.after])

    def segments(self, question: int, context: int) -> np.ndarray:
        """Return the segments of a window with so many sub-words of each text."""
        first = len(self.before) + question + self.split
        rest = len(self.between) - self.split + context + len(self.after)
        return np.repeat([self.question_segment, self.context_segment], [first, rest])

    def first(self, question: int) -> int:
        """Return the place of the first sub-word of the context."""
        return len(self.before) + question + len(self.between)
