# SPDX-License-Identifier: Apache-2.0
"""Tokenised splits: made once per (encoder, task, split), then read by every run.

A split is an Arrow file with the columns ``id``, ``language``, ``label`` (class index),
``input_ids`` and, for encoders with segments, ``token_type_ids``; the rows keep the prepared
table's order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.errors import DataError
from xling.files import whole_file

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

ROWS_PER_CALL = 10_000


def tokenize_pairs(
    table: pa.Table, tokenizer_file: Path, labels: tuple[str, ...], max_length: int
) -> pa.Table:
    """Encode sentence pairs with the encoder's own template.

    Pairs longer than ``max_length`` lose sub-words from the end of the longer sentence first
    (XTREME §3.1 of the released preprocessing).  Nothing is padded.

    Args:
        table: prepared rows: ``id, language, sentence1, sentence2, label``.
        tokenizer_file: a ``tokenizers`` JSON file.
        labels: class names in index order; none for text without labels, whose rows get -1.
        max_length: sub-words per pair, special tokens included.
    """
    import pyarrow as pa
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length, strategy="longest_first")
    index = {label: i for i, label in enumerate(labels)}
    chunks: dict[str, list[Any]] = {"input_ids": [], "token_type_ids": []}
    for start in range(0, table.num_rows, ROWS_PER_CALL):
        part = table.slice(start, ROWS_PER_CALL)
        pairs = list(zip(part["sentence1"].to_pylist(), part["sentence2"].to_pylist(), strict=True))
        encodings = tokenizer.encode_batch(pairs)
        chunks["input_ids"].append(pa.array([e.ids for e in encodings], pa.list_(pa.int32())))
        chunks["token_type_ids"].append(
            pa.array([e.type_ids for e in encodings], pa.list_(pa.int8()))
        )
    columns = {
        "id": table["id"],
        "language": table["language"],
        "label": pa.array(
            [index[label] if labels else -1 for label in table["label"].to_pylist()], pa.int32()
        ),
        "input_ids": pa.chunked_array(chunks["input_ids"], pa.list_(pa.int32())),
    }
    segments = pa.chunked_array(chunks["token_type_ids"], pa.list_(pa.int8()))
    # RoBERTa-type encoders have one segment only: a column of zeros would just be read for nothing.
    if any(chunk.values.to_numpy().any() for chunk in segments.chunks if len(chunk)):
        columns["token_type_ids"] = segments
    return pa.table(columns)


def write_tokens(path: Path, table: pa.Table, info: dict[str, Any]) -> None:
    """Write a tokenised split as an Arrow stream that ``datasets`` memory-maps."""
    import pyarrow as pa

    table = table.replace_schema_metadata({"xling": json.dumps(info, sort_keys=True)})
    with (
        whole_file(path) as part,
        pa.OSFile(str(part), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as writer,
    ):
        writer.write_table(table, max_chunksize=ROWS_PER_CALL)


@dataclass(frozen=True)
class Tokens:
    """Tokenised rows for training or prediction.

    Attributes:
        dataset: rows in file order.
        info: what was tokenised and how, one entry per file.
    """

    dataset: Dataset
    info: tuple[dict[str, Any], ...]

    @classmethod
    def read(cls, paths: list[Path]) -> Tokens:
        """Read one or more splits; their rows follow each other."""
        import pyarrow as pa
        from datasets import Dataset, concatenate_datasets

        parts, info = [], []
        for path in paths:
            try:
                with pa.memory_map(str(path)) as source:
                    metadata = pa.ipc.open_stream(source).schema.metadata
                info.append(json.loads(metadata[b"xling"]))
                parts.append(Dataset.from_file(str(path)))
            except (OSError, pa.ArrowInvalid, KeyError, TypeError) as error:
                raise DataError(
                    f"a tokenised split cannot be read ({type(error).__name__}: {error})",
                    where=str(path),
                    allowed="the Arrow file that 'xling tokenize' writes",
                    fix="delete the file and run snakemake again",
                ) from error
        return cls(concatenate_datasets(parts), tuple(info))

    def __len__(self) -> int:
        return len(self.dataset)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Sub-words per row, shape [rows]."""
        return self._column("input_ids")[1][1:] - self._column("input_ids")[1][:-1]

    @cached_property
    def labels(self) -> np.ndarray:
        """Class index per row, shape [rows]."""
        return self.dataset.data.column("label").to_numpy()

    @cached_property
    def languages(self) -> list[str]:
        """Language per row."""
        return self.dataset.data.column("language").to_pylist()

    @cached_property
    def ids(self) -> list[str]:
        """Item id per row; equal across languages for parallel rows."""
        return self.dataset.data.column("id").to_pylist()

    def rows_per_language(self) -> dict[str, int]:
        """Rows of each language, in order of appearance."""
        counts: dict[str, int] = {}
        for language in self.languages:
            counts[language] = counts.get(language, 0) + 1
        return counts

    @cached_property
    def _columns(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        return {}

    def _column(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Flat values and row offsets of a list column."""
        if name not in self._columns:
            chunks = self.dataset.data.column(name).chunks
            values = [np.asarray(chunk.flatten()) for chunk in chunks]
            sizes = [np.diff(np.asarray(chunk.offsets)) for chunk in chunks]
            offsets = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
            self._columns[name] = (np.concatenate(values), offsets)
        return self._columns[name]

    def batch(self, rows: np.ndarray, pad_id: int) -> dict[str, Any]:
        """Pad rows to the longest of them.

        Returns:
            Tensors ``input_ids``, ``attention_mask`` (and ``token_type_ids``), each
            [len(rows), longest], padded on the right, and ``labels`` [len(rows)].
        """
        import torch

        longest = int(self.lengths[rows].max())
        mask = np.arange(longest)[None, :] < self.lengths[rows][:, None]
        out = {"attention_mask": torch.from_numpy(mask.astype(np.int64))}
        for name, fill in (("input_ids", pad_id), ("token_type_ids", 0)):
            if name not in self.dataset.column_names:
                continue
            values, offsets = self._column(name)
            # Row r, place p reads values[offsets[r] + p]; places beyond the row read place 0.
            places = offsets[rows][:, None] + np.where(mask, np.arange(longest)[None, :], 0)
            filled = np.where(mask, values[places], fill).astype(np.int64)
            out[name] = torch.from_numpy(filled)
        out["labels"] = torch.from_numpy(self.labels[rows].astype(np.int64))
        return out
