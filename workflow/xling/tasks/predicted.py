# SPDX-License-Identifier: Apache-2.0
"""Rows of a table of predictions, checked and put together by what is scored at once."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.errors import DataError
from xling.files import whole_file
from xling.tasks.by_setting import COLUMN

if TYPE_CHECKING:
    import pyarrow as pa

_FIX = "run the prediction again"


def read_predictions(path: Path) -> pa.Table:
    """Read a run's predictions.

    Raises:
        DataError: the file is not there, or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(
            "a run's predictions cannot be read",
            where=str(path),
            allowed=f"the Parquet file that 'xling predict' writes ({type(error).__name__})",
            fix="delete the file and run snakemake again",
        ) from error


def write_predictions(path: Path, table: pa.Table) -> None:
    """Write a run's predictions, whole or not at all.

    Rows of one setting and language that stand together are a row group, where there are settings:
    pairs of languages are more than a million rows, and readers may want some of them.
    """
    import pyarrow.parquet as pq

    with whole_file(path) as part:
        if COLUMN not in table.column_names:
            pq.write_table(table, part, compression="zstd")
            return
        with pq.ParquetWriter(part, table.schema, compression="zstd") as writer:
            for start, end in _runs(table):
                writer.write_table(table.slice(start, end - start))


def _runs(table: pa.Table) -> list[tuple[int, int]]:
    """Return where rows of one setting and language begin and end."""
    import numpy as np

    changes = np.zeros(table.num_rows, dtype=bool)
    for name in (COLUMN, "language"):
        codes = table[name].combine_chunks().dictionary_encode().indices.to_numpy()
        changes[1:] |= codes[1:] != codes[:-1]
    cuts = [0, *np.flatnonzero(changes).tolist(), table.num_rows]
    return list(pairwise(cuts))


def grouped(
    predictions: pa.Table, by: tuple[str, ...], key: tuple[str, ...], values: tuple[str, ...]
) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return rows (columns of ``key``, then of ``values``) by group, in order of appearance.

    Args:
        predictions: what ``xling predict`` wrote.
        by: columns of a group.
        key: columns that name a row within its group.
        values: further columns.

    Raises:
        DataError: a missing column, no rows, or a row that is there twice.
    """
    names = (*by, *key, *values)
    missing = [name for name in names if name not in predictions.column_names]
    if missing:
        raise DataError(
            f"the predictions lack the column '{missing[0]}'", allowed=", ".join(names), fix=_FIX
        )
    if not predictions.num_rows:
        raise DataError("the predictions have no rows", fix=_FIX)
    columns = (predictions.column(name).to_pylist() for name in names)
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for row in zip(*columns, strict=True):
        groups.setdefault(row[: len(by)], []).append(row[len(by) :])
    for group, rows in groups.items():
        seen = set()
        for row in rows:
            if row[: len(key)] in seen:
                raise DataError(
                    "a row is predicted twice",
                    where=", ".join((*group, *row[: len(key)])),
                    allowed=f"each {' and '.join(key)} once per {', '.join(by)}",
                    fix=_FIX,
                )
            seen.add(row[: len(key)])
    return groups
