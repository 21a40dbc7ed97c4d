# SPDX-License-Identifier: Apache-2.0
"""Prepared data: one Parquet file per task and split, all languages in it.

Columns depend on the task's family (:data:`SCHEMAS`).  Each language is one row group, so a job
reads only the languages it needs.  The summary of the preparation travels in the file's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xling.errors import DataError
from xling.files import whole_file

_TEXT = pa.string()
_TEXTS = pa.list_(pa.string())
_PAIRS = pa.schema(
    [
        ("id", _TEXT),
        ("language", _TEXT),
        ("sentence1", _TEXT),
        ("sentence2", _TEXT),
        ("label", _TEXT),
    ]
)
#: By family; ``text`` is the pre-training text.
SCHEMAS: dict[str, pa.Schema] = {
    "text": _PAIRS,
    "classification": _PAIRS,
    # ``tags``: empty where not known (words of a translation that are aligned with nothing).
    # ``links``: null if tag i belongs to token i; else the token whose predicted tag the gold tag i
    # is held against, -1 for none (tags of a sentence, predicted on its translation).
    "tagging": pa.schema(
        [
            ("id", _TEXT),
            ("language", _TEXT),
            ("tokens", _TEXTS),
            ("tags", _TEXTS),
            ("links", pa.list_(pa.int32())),
        ]
    ),
    # ``text_language``: in which context and question are written; ``group``: the paragraph;
    # ``starts``: of the answers, in code points of the untouched context.
    "qa": pa.schema(
        [
            ("id", _TEXT),
            ("language", _TEXT),
            ("text_language", _TEXT),
            ("group", _TEXT),
            ("context", _TEXT),
            ("question", _TEXT),
            ("answers", _TEXTS),
            ("starts", pa.list_(pa.int32())),
        ]
    ),
    # ``side``: source (foreign) or target (English); ``gold``: ids of a source row's partners.
    "retrieval": pa.schema(
        [
            ("id", _TEXT),
            ("language", _TEXT),
            ("side", _TEXT),
            ("text", _TEXT),
            ("gold", _TEXTS),
        ]
    ),
}
_SUMMARY = b"xling"


def table_of(rows: Sequence[Any], family: str) -> pa.Table:
    """Return rows (objects with an attribute per column) as a table, in their order."""
    schema = SCHEMAS[family]
    return pa.table({name: [getattr(row, name) for row in rows] for name in schema.names}, schema)


def write_table(path: Path, table: pa.Table, summary: dict[str, Any]) -> None:
    """Write a table, whole or not at all; equal tables and summaries give equal bytes.

    The rows of a language must stand together; each language becomes one row group.
    """
    text = json.dumps(summary, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    schema = table.schema.with_metadata({_SUMMARY: text.encode("utf-8")})
    table = table.replace_schema_metadata(schema.metadata)
    with whole_file(path) as part, pq.ParquetWriter(part, schema, compression="zstd") as writer:
        for start, stop in _blocks(table):
            writer.write_table(table.slice(start, stop - start), row_group_size=stop - start)


def read_table(
    path: Path, languages: Sequence[str] | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """Read prepared rows.

    Args:
        path: the Parquet file.
        languages: these languages, in this order; all of them in the file's order by default.
        columns: these columns; all by default.

    Raises:
        DataError: the file cannot be read or lacks a language.
    """
    with _opened(path) as file:
        groups = _groups(file)
        wanted = list(groups) if languages is None else list(languages)
        for code in wanted:
            if code not in groups:
                raise DataError(
                    f"the prepared file has no row of the language '{code}'",
                    where=str(path),
                    allowed=", ".join(groups),
                    fix="delete the file and run snakemake again",
                )
        names = list(file.schema_arrow.names if columns is None else columns)
        table = file.read_row_groups([groups[code] for code in wanted], columns=names)
        return table.replace_schema_metadata(None).select(names)


def languages_of(path: Path) -> list[str]:
    """Return the languages of a prepared file, in its order."""
    with _opened(path) as file:
        return list(_groups(file))


def read_summary(path: Path) -> dict[str, Any]:
    """Return the summary that was written with a table."""
    with _opened(path) as file:
        summary: dict[str, Any] = json.loads(file.schema_arrow.metadata[_SUMMARY])
        return summary


def _blocks(table: pa.Table) -> list[tuple[int, int]]:
    """Return first row and end of each language."""
    runs = pc.run_end_encode(table.column("language").combine_chunks())
    ends: list[int] = runs.run_ends.to_pylist()
    if len(ends) != len(set(runs.values.to_pylist())):
        raise ValueError("the rows of a language do not stand together")
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(
            "a prepared file cannot be read",
            where=str(path),
            allowed=f"a Parquet file that 'xling prepare' writes ({type(error).__name__})",
            fix="delete the file and run snakemake again",
        ) from error


def _groups(file: pq.ParquetFile) -> dict[str, int]:
    """Return the row group of each language, in the file's order."""
    columns = [file.schema.column(i).name for i in range(len(file.schema))]
    column = columns.index("language")
    return {
        file.metadata.row_group(i).column(column).statistics.min: i
        for i in range(file.metadata.num_row_groups)
    }
