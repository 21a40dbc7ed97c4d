# SPDX-License-Identifier: Apache-2.0
"""Inputs of all pairs of languages: each sentence is split into sub-words once.

What is held are the sub-words of the sentences and, per pair of rows, two row numbers and a length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xling.generalised.template import Ints, Template, template_of, truncated
from xling.tokens import ROWS_PER_CALL, batched

if TYPE_CHECKING:
    import pyarrow as pa
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class Sentences:
    """Sub-words of many sentences, without special ones.

    Attributes:
        values: of all sentences behind each other.
        starts: where each begins, and the end; shape [sentences + 1].
    """

    values: npt.NDArray[np.int32]
    starts: Ints

    @classmethod
    def of(cls, tokenizer: Tokenizer, texts: Iterable[str]) -> Sentences:
        """Split sentences into sub-words."""
        sizes, values = [0], []
        for part in batched(texts, ROWS_PER_CALL):
            for one in tokenizer.encode_batch(part, add_special_tokens=False):
                values.append(np.asarray(one.ids, dtype=np.int32))
                sizes.append(len(values[-1]))
        return cls(np.concatenate([np.empty(0, np.int32), *values]), np.cumsum(sizes))

    @property
    def lengths(self) -> Ints:
        """Sub-words of each sentence, shape [sentences]."""
        return np.diff(self.starts)

    def put(self, out: npt.NDArray[np.int64], which: Ints, kept: Ints, at: Ints) -> None:
        """Write the first ``kept`` sub-words of sentences into rows of ``out``, from ``at`` on."""
        rows, places = _places(kept)
        out[rows, at[rows] + places] = self.values[self.starts[which][rows] + places]


@dataclass(frozen=True)
class PairTokens:
    """Inputs of rows that are put together of two sentences when they are asked for.

    They equal what :func:`xling.tasks.classification.tokenize_pairs` makes of the two texts.

    Attributes:
        sides: first and second sentences of the prepared rows.
        rows: prepared row of the first and of the second sentence, each of shape [pairs].
        kept: sub-words that are kept of both, each of shape [pairs].
        templates: of a pair, and of a first sentence alone.
        alone: whether the second sentence is empty, so that the first stands alone, shape [pairs].
        segments: whether inputs have ``token_type_ids``.
    """

    sides: tuple[Sentences, Sentences]
    rows: tuple[Ints, Ints]
    kept: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]
    templates: tuple[Template, Template]
    alone: npt.NDArray[np.bool_]
    segments: bool

    @classmethod
    def of(
        cls,
        table: pa.Table,
        rows: tuple[Ints, Ints],
        tokenizer_file: Path,
        max_length: int,
        *,
        segments: bool,
    ) -> PairTokens:
        """Split the sentences of prepared rows and say how they are put together.

        Args:
            table: columns ``sentence1, sentence2``.
            rows: of the first and of the second sentence of each pair.
            tokenizer_file: a ``tokenizers`` JSON file.
            max_length: sub-words per pair, special ones included.
            segments: whether the encoder reads ``token_type_ids``.

        Raises:
            SetupError: of :func:`xling.generalised.template.template_of`.
        """
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(tokenizer_file))
        templates = template_of(tokenizer), template_of(tokenizer, single=True)
        texts = table["sentence1"].to_pylist(), table["sentence2"].to_pylist()
        sides = Sentences.of(tokenizer, texts[0]), Sentences.of(tokenizer, texts[1])
        empty = np.array([not text for text in texts[1]], dtype=bool)[rows[1]]
        sizes = sides[0].lengths[rows[0]], sides[1].lengths[rows[1]]
        first, second = truncated(*sizes, max_length - templates[0].added)
        only = np.minimum(sizes[0], max_length - templates[1].added)
        kept = np.where(empty, only, first).astype(np.int32), second.astype(np.int32)
        return cls(sides, rows, kept, templates, empty, segments)

    @property
    def lengths(self) -> Ints:
        """Sub-words per pair, special ones included, shape [pairs]."""
        added = np.where(self.alone, self.templates[1].added, self.templates[0].added)
        return (self.kept[0] + self.kept[1] + added).astype(np.int64)

    def inputs(self, rows: np.ndarray, pad_id: int) -> dict[str, Any]:
        """Pad pairs to the longest of them, as :meth:`xling.tokens.Tokens.inputs` does."""
        import torch

        kept = self.kept[0][rows].astype(np.int64), self.kept[1][rows].astype(np.int64)
        alone = self.alone[rows]
        added = np.where(alone, self.templates[1].added, self.templates[0].added)
        lengths = kept[0] + kept[1] + added
        width = int(lengths.max())
        ids = np.full((len(rows), width), pad_id, dtype=np.int64)
        types = np.zeros_like(ids)
        for template, chosen in zip(self.templates, (~alone, alone), strict=True):
            which = np.flatnonzero(chosen)
            if len(which):
                self._put(ids, types, template, which, rows, kept)
        mask = np.arange(width)[None, :] < lengths[:, None]
        found = {"attention_mask": mask.astype(np.int64), "input_ids": ids}
        if self.segments:
            found["token_type_ids"] = types
        return {name: torch.from_numpy(values) for name, values in found.items()}

    def _put(
        self,
        ids: Ints,
        types: Ints,
        template: Template,
        which: Ints,
        rows: np.ndarray,
        kept: tuple[Ints, Ints],
    ) -> None:
        """Write the rows ``which`` of a batch: special sub-words and texts, in turns."""
        at = np.zeros(len(rows), dtype=np.int64)
        for turn in range(3):
            for i, (value, segment) in enumerate(
                zip(template.specials[turn], template.segments[turn], strict=True)
            ):
                ids[which, at[which] + i] = value
                types[which, at[which] + i] = segment
            at[which] += len(template.specials[turn])
            if turn < 2:
                count = np.zeros_like(at)
                count[which] = kept[turn][which]
                self.sides[turn].put(ids, self.rows[turn][rows], count, at)
                if template.text_segments[turn]:
                    row, place = _places(count)
                    types[row, at[row] + place] = template.text_segments[turn]
                at += count


def _places(counts: Ints) -> tuple[Ints, Ints]:
    """Return row and place of every sub-word of rows with so many each."""
    rows = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(counts)
    return rows, np.arange(len(rows)) - np.repeat(ends - counts, counts)


def has_segments(columns: Sequence[str]) -> bool:
    """Return whether a tokenised split says that the encoder reads segments."""
    return "token_type_ids" in columns
