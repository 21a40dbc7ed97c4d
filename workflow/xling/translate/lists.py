# SPDX-License-Identifier: Apache-2.0
"""Lists of sentences that are to be translated: what a number of jobs share.

A list is a Parquet file with the columns ``source``, ``target`` (ISO 639-1 codes) and ``text``; no
row is there twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xling.errors import DataError
from xling.files import whole_file
from xling.translate.shards import check_shard, in_shard

#: Languages of source and target.
Direction = tuple[str, str]
SCHEMA = pa.schema([(name, pa.string()) for name in ("source", "target", "text")])
# Rows in memory at a time.
_ROWS = 65_536


def write_list(path: Path, sentences: Mapping[Direction, Iterable[str]]) -> dict[str, int]:
    """Write a list, directions sorted, each sentence once in order of appearance.

    Args:
        path: Parquet file to write.
        sentences: by direction, as often as they appear.

    Returns:
        Sentences by direction, ``en-de``.

    Raises:
        DataError: a sentence cannot be written as UTF-8.
    """
    counts = {}
    with (
        whole_file(path) as part,
        pq.ParquetWriter(part, SCHEMA, compression="zstd") as writer,
    ):
        for source, target in sorted(sentences):
            texts = list(dict.fromkeys(sentences[source, target]))
            counts[f"{source}-{target}"] = len(texts)
            columns = [[source] * len(texts), [target] * len(texts), texts]
            try:
                table = pa.table([pa.array(one, pa.string()) for one in columns], schema=SCHEMA)
            except UnicodeEncodeError as error:
                raise DataError(
                    "a sentence has half a character (a lone surrogate)",
                    where=f"{source} to {target}: {error.object[:80]!r}",
                    allowed="text that can be written as UTF-8",
                    fix="correct the data",
                ) from None
            writer.write_table(table, row_group_size=_ROWS)
    return counts


def read_lists(
    paths: Sequence[Path], number: int = 0, count: int = 1
) -> dict[Direction, list[str]]:
    """Return the sentences of one shard by direction, each once, in their order.

    Args:
        paths: that :func:`write_list` wrote.
        number: of the shard, from 0.
        count: of shards.

    Raises:
        DataError: a file is no list of sentences.
        UsageError: there is no such shard.
    """
    check_shard(number, count)
    found: dict[Direction, dict[str, None]] = {}
    for path in paths:
        for source, target, text in _rows(path, SCHEMA.names):
            if in_shard(text, number, count):
                found.setdefault((source, target), {})[text] = None
    return {direction: list(texts) for direction, texts in sorted(found.items())}


def directions_of(paths: Sequence[Path]) -> list[Direction]:
    """Return the directions of lists, sorted.

    Raises:
        DataError: a file is no list of sentences.
    """
    return sorted({(row[0], row[1]) for path in paths for row in _rows(path, SCHEMA.names[:2])})


def _rows(path: Path, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS, columns=list(names)):
                yield from zip(*(batch[name].to_pylist() for name in names), strict=True)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(
            f"this is no list of sentences ({type(error).__name__})",
            where=str(path),
            allowed=f"a Parquet file with the columns {', '.join(SCHEMA.names)}",
            fix="delete it and run snakemake again",
        ) from error
