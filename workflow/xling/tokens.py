# SPDX-License-Identifier: Apache-2.0
"""Tokenised splits: made once per (encoder, task, split), then read by every run.

A split is an Arrow file with the columns ``id``, ``language``, ``input_ids``, for encoders with
segments ``token_type_ids``, and those of the task's family.  One row is one input of the model; the
rows keep the prepared table's order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from xling.errors import DataError
from xling.files import whole_file

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset
    from tokenizers import Encoding

T = TypeVar("T")

ROWS_PER_CALL = 10_000


def encoding_columns(encodings: Iterable[Encoding]) -> dict[str, pa.ChunkedArray]:
    """Return ``input_ids`` and, if any segment differs from 0, ``token_type_ids``.

    RoBERTa-type encoders have one segment only: a column of zeros would just be read for nothing.
    """
    import pyarrow as pa

    ids: list[Any] = []
    segments: list[Any] = []
    for part in batched(encodings, ROWS_PER_CALL):
        ids.append(pa.array([e.ids for e in part], pa.list_(pa.int32())))
        segments.append(pa.array([e.type_ids for e in part], pa.list_(pa.int8())))
    columns = {"input_ids": pa.chunked_array(ids, pa.list_(pa.int32()))}
    if any(chunk.values.to_numpy().any() for chunk in segments):
        columns["token_type_ids"] = pa.chunked_array(segments, pa.list_(pa.int8()))
    return columns


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of at most ``size`` items."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


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
    """Tokenised rows for training or prediction; families add what their heads need.

    Attributes:
        dataset: rows in file order.
        info: what was tokenised and how, one entry per file.
    """

    dataset: Dataset
    info: tuple[dict[str, Any], ...]

    @classmethod
    def read(cls, paths: list[Path], languages: Sequence[str] | None = None) -> Self:
        """Read one or more splits; their rows follow each other.

        Args:
            paths: files of :func:`write_tokens`.
            languages: leave out the rows of other languages.
        """
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
        tokens = cls(concatenate_datasets(parts), tuple(info))
        if languages is None or set(tokens.languages) <= set(languages):
            return tokens
        kept = np.flatnonzero(np.isin(np.asarray(tokens.languages), list(languages)))
        # Flattened, because columns are read whole below, without the selection's indices.
        return cls(tokens.dataset.select(kept).flatten_indices(), tokens.info)

    def __len__(self) -> int:
        return len(self.dataset)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Sub-words per row, shape [rows]."""
        return self._column("input_ids")[1][1:] - self._column("input_ids")[1][:-1]

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
    def loss_terms(self) -> np.ndarray:
        """How many terms each row has in the mean loss of its batch, shape [rows]."""
        return np.ones(len(self), dtype=np.int64)

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

    def inputs(self, rows: np.ndarray, pad_id: int) -> dict[str, Any]:
        """Pad rows to the longest of them.

        Returns:
            Tensors ``input_ids``, ``attention_mask`` (and ``token_type_ids``), each
            [len(rows), longest], padded on the right.
        """
        import torch

        longest = int(self.lengths[rows].max())
        mask = np.arange(longest)[None, :] < self.lengths[rows][:, None]
        out = {"attention_mask": torch.from_numpy(mask.astype(np.int64))}
        for name, fill in (("input_ids", pad_id), ("token_type_ids", 0)):
            if name in self.dataset.column_names:
                out[name] = torch.from_numpy(self.padded(name, rows, fill, mask))
        return out

    def padded(self, name: str, rows: np.ndarray, fill: int, mask: np.ndarray) -> np.ndarray:
        """Return a list column of some rows as a matrix.

        Args:
            name: of the column.
            rows: row numbers.
            fill: what stands where a row has no value.
            mask: [len(rows), width], true where a row has a value, from the left.
        """
        values, offsets = self._column(name)
        # Row r, place p reads values[offsets[r] + p]; places beyond the row read its first place.
        places = offsets[rows][:, None] + np.where(mask, np.arange(mask.shape[1])[None, :], 0)
        # An empty last row would point behind the values.
        found = values[np.minimum(places, len(values) - 1)]
        return np.where(mask, found, fill).astype(np.int64)

    def batch(self, rows: np.ndarray, pad_id: int) -> dict[str, Any]:
        """Return the padded inputs of rows and, in families with a head, their targets."""
        return self.inputs(rows, pad_id)
