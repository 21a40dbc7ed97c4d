# SPDX-License-Identifier: Apache-2.0
"""Prepared parallel data: training pairs and held-out pairs, a Parquet file each.

Each corpus has one row group per language.  Rows are written while the raw files are read; what is
kept of one corpus in one language is in memory at a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from xling.data.manifest import sha256_of
from xling.distill.data.corpus import ParallelCorpus
from xling.distill.data.rules import PairFilter
from xling.distill.data.selection import SCHEMA, Recipe, Selection, held_out_of
from xling.errors import DataError
from xling.files import whole_file

_SUMMARY = "xling"


class Part(NamedTuple):
    """One corpus in one language of a prepared file; ``row_group`` is its number there."""

    corpus: str
    language: str
    rows: int
    row_group: int


def write_parallel(
    train: Path,
    dev: Path,
    corpora: Sequence[ParallelCorpus],
    recipe: Recipe,
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Write training and held-out pairs, both whole or not at all; equal input gives equal bytes.

    The raw files are read twice: held-out sentences of all corpora must be known before the first
    training pair is written.

    Args:
        train, dev: the Parquet files.
        corpora: in the order of the row groups.
        recipe: what is dropped, held out and compared.
        about: further entries of the summary, such as where the data comes from.

    Returns:
        The summary, which is in the metadata of both files (:func:`read_summary`).  By corpus and
        language: ``read`` (pairs, both splits), ``rows``, ``sources`` (different English sentences
        among the rows), ``dev_rows``, ``overlap`` with each test set
        (:meth:`~xling.distill.data.overlap.Overlap.counts`).  By rule, corpus and language:
        ``dropped``, ``repaired``, and the same of published development parts as ``dev_dropped``.
        ``settings``, ``files``.

    Raises:
        DataError: a raw file is damaged, or a corpus has no training pair in a language.
        ValueError: a corpus comes twice in a language.
    """
    if len({(corpus.name, corpus.language) for corpus in corpora}) < len(corpora):
        raise ValueError("a corpus comes twice in a language")
    drawn = [held_out_of(corpus, recipe) for corpus in corpora]
    kept_out = frozenset(text for one in drawn for text in one.texts)
    names = "read rows sources dev_rows overlap dropped repaired dev_dropped"
    summary: dict[str, Any] = {name: {} for name in names.split()}
    with whole_file(train) as one, whole_file(dev) as two:
        writers = [pq.ParquetWriter(part, SCHEMA, compression="zstd") for part in (one, two)]
        try:
            for corpus, own in zip(corpora, drawn, strict=True):
                _write(writers, Selection(corpus, recipe, own, kept_out), summary)
            summary |= {"settings": _settings(recipe), "files": _files(corpora), **about}
            text = json.dumps(summary, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            for writer in writers:
                writer.add_key_value_metadata({_SUMMARY: text})
        finally:
            for writer in writers:
                writer.close()
    return summary


def parts(path: Path) -> list[Part]:
    """Return what a prepared file holds, in the order of its row groups."""
    found = []
    with _opened(path) as file:
        for index in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(index)
            corpus, language = (
                group.column(SCHEMA.get_field_index(name)).statistics.min
                for name in ("corpus", "language")
            )
            found.append(Part(corpus, language, group.num_rows, index))
    return found


def read_part(path: Path, part: Part, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the rows of one corpus in one language; all columns by default."""
    with _opened(path) as file:
        table = file.read_row_group(
            part.row_group, columns=None if columns is None else list(columns)
        )
        return table.replace_schema_metadata(None)


def read_summary(path: Path) -> dict[str, Any]:
    """Return the summary that was written with the rows.

    Raises:
        DataError: the file cannot be read.
    """
    with _opened(path) as file:
        summary: dict[str, Any] = json.loads(file.metadata.metadata[_SUMMARY.encode()])
    return summary


def _write(writers: list[Any], selection: Selection, summary: dict[str, Any]) -> None:
    corpus, good = selection.corpus, selection.filter
    train, dev = selection.tables()
    _check(corpus, good, train.num_rows)
    for writer, part in zip(writers, (train, dev), strict=True):
        if part.num_rows:
            writer.write_table(part, row_group_size=part.num_rows)
    counts = {
        "read": good.read + selection.dev_filter.read,
        "rows": train.num_rows,
        "sources": selection.sources,
        "dev_rows": dev.num_rows,
        "overlap": selection.overlap.counts(),
    }
    for name, value in counts.items():
        summary[name].setdefault(corpus.name, {})[corpus.language] = value
    for name, by_rule in (
        ("dropped", good.dropped),
        ("repaired", good.repaired + selection.dev_filter.repaired),
        ("dev_dropped", selection.dev_filter.dropped),
    ):
        for rule, count in by_rule.items():
            in_rule = summary[name].setdefault(rule, {})
            in_rule.setdefault(corpus.name, {})[corpus.language] = count


def _check(corpus: ParallelCorpus, good: PairFilter, rows: int) -> None:
    if rows:
        return
    dropped = ", ".join(f"{name} {count:,}" for name, count in sorted(good.dropped.items()))
    raise DataError(
        f"{corpus.where} has no pair that can be trained on",
        where=" and ".join(str(file) for file in corpus.files),
        allowed=f"pairs that no rule drops (read {good.read:,}; {dropped or 'none dropped'})",
        fix="fetch the data set again, or take the language out of the study",
    )


def _settings(recipe: Recipe) -> dict[str, Any]:
    return {
        "max_characters": recipe.rules.max_characters,
        "without_tests": recipe.rules.without_tests,
        "tests": recipe.tests.sizes,
        "cap": recipe.cap,
        "caps": {f"{name} {code}": cap for (name, code), cap in sorted(recipe.caps.items())},
        "held_out": recipe.held_out,
        "seed": recipe.seed,
    }


def _files(corpora: Sequence[ParallelCorpus]) -> list[dict[str, Any]]:
    """Return all raw files; of their paths only the end, so that folders may move."""
    files = sorted({file for corpus in corpora for file in corpus.files})
    return [
        {"path": "/".join(p.parts[-2:]), "sha256": sha256_of(p), "bytes": p.stat().st_size}
        for p in files
    ]


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(
            "a prepared file cannot be read",
            where=str(path),
            allowed=f"a Parquet file of parallel pairs ({type(error).__name__})",
            fix="delete the file and run snakemake again",
        ) from error
