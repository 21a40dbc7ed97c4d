# SPDX-License-Identifier: Apache-2.0
"""Prepared parallel data: one Parquet file per direction and split, all languages in it.

Each language is one row group, as in other prepared data, so ``xling.data.tables.read_table`` reads
these files too.  Rows are written while the raw files are read; one language is in memory at a
time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xling.data.artificial.streams import Stream
from xling.data.manifest import sha256_of
from xling.data.readers.rows import numbered
from xling.errors import DataError
from xling.files import whole_file
from xling.mt.data.bitext import AlignedLine, Corpus, Direction
from xling.mt.data.filters import Filter, Rules, pairs_of
from xling.mt.data.sampling import selected

#: ``language`` is the language that is not English (of zero-shot pairs both, as ``ar-de``); ``id``
#: is split and line of the raw file, the same in all languages of a multi-parallel file.
SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in ("id", "language", "source_language", "target_language", "source", "target")
    ]
)
_SUMMARY = "xling"
# Rows that become one Arrow array: large enough to be fast, small beside a language.
_ROWS = 65_536


@dataclass(frozen=True)
class Recipe:
    """What is written of the raw lines.

    Attributes:
        rules: which lines are dropped.
        held_out: by language, corpora whose pairs are dropped if ``rules.deduplicate``.
        sizes: rows of a language, if not all; drawn at random, kept in their order.  Languages
            that have fewer rows keep all.
        first: the first rows of every language, if not all: small dev sets, for example the first
            100 of OPUS-100's (Zhang et al. 2020).  Not together with ``sizes``.
        seed: of the draws.
    """

    rules: Rules = field(default_factory=Rules)
    held_out: Mapping[str, Sequence[Corpus]] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    first: int | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if self.first is not None and self.sizes:
            raise ValueError("rows are either drawn or the first ones")


def write_bitext(
    path: Path,
    corpora: Sequence[Corpus],
    direction: Direction,
    recipe: Recipe,
    about: Mapping[str, Any],
    *,
    check: Callable[[Mapping[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Write one split of all languages, whole or not at all; equal input gives equal bytes.

    Args:
        path: of the Parquet file.
        corpora: one per language, all of one split, in the order of the row groups.
        direction: which side is the source.
        recipe: what is dropped and drawn.
        about: further entries of the summary: ``task``, ``origin``, ``variant`` of the text.
        check: is shown the summary and may refuse it; then nothing is written.

    Returns:
        The summary, which is in the file's metadata too (:func:`read_summary`): ``direction``,
        ``split``, ``settings``; by language ``read`` (lines), ``rows``, ``not_drawn`` (good lines
        that ``sizes`` or ``first`` leave out); ``dropped`` by rule and language, ``repaired`` by
        repair and language; ``sources``.

    Raises:
        DataError: a raw file is damaged, or a language has no line that can be used.
        ValueError: the corpora are of several splits, or two are of one language.
    """
    split = _only_split(corpora)
    summary: dict[str, Any] = {"read": {}, "rows": {}, "not_drawn": {}}
    summary |= {"dropped": {}, "repaired": {}}
    with whole_file(path) as part, pq.ParquetWriter(part, SCHEMA, compression="zstd") as writer:
        for corpus in corpora:
            table = _table(corpus, direction, recipe, summary)
            writer.write_table(table, row_group_size=table.num_rows)
        summary |= {"direction": direction, "split": split, "settings": _settings(recipe)}
        summary |= {"sources": _sources(corpora), **about}
        if check is not None:
            check(summary)
        text = json.dumps(summary, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        writer.add_key_value_metadata({_SUMMARY: text})
    return summary


def read_summary(path: Path) -> dict[str, Any]:
    """Return the summary that was written with the rows.

    Raises:
        DataError: the file cannot be read or has no summary.
    """
    try:
        metadata = pq.read_metadata(path).metadata or {}
        summary: dict[str, Any] = json.loads(metadata[_SUMMARY.encode()])
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise DataError(
            "a prepared file cannot be read",
            where=str(path),
            allowed=f"a Parquet file that 'xling prepare' writes ({type(error).__name__})",
            fix="delete the file and run snakemake again",
        ) from error
    return summary


def _table(
    corpus: Corpus, direction: Direction, recipe: Recipe, summary: dict[str, Any]
) -> pa.Table:
    """Return the rows of a language and enter their numbers into the summary."""
    language = corpus.pair.language
    wanted = recipe.sizes.get(language)
    held_out = frozenset[bytes]()
    if recipe.rules.deduplicate:
        held_out = pairs_of(recipe.held_out.get(language, ()))
    lines = Filter(corpus, recipe.rules, held_out)
    kept: Iterable[AlignedLine] = lines.kept()
    if wanted is not None:
        # Known only after all lines were seen once; reading twice needs less than keeping them.
        size = sum(1 for _ in Filter(corpus, recipe.rules, held_out).kept())
        stream = Stream(recipe.seed, "bitext", corpus.split, language)
        kept = _drawn(kept, selected(size, min(wanted, size), stream))
    if recipe.first is not None:
        kept = _drawn(kept, iter(range(recipe.first)))
    table = pa.Table.from_batches(_batches(kept, corpus, direction), SCHEMA)
    _check(corpus, lines, table.num_rows)
    summary["read"][language] = lines.read
    summary["rows"][language] = table.num_rows
    summary["not_drawn"][language] = lines.read - lines.dropped.total() - table.num_rows
    for name, counts in (("dropped", lines.dropped), ("repaired", lines.repaired)):
        for reason, count in counts.items():
            summary[name].setdefault(reason, {})[language] = count
    return table


def _drawn(lines: Iterable[AlignedLine], numbers: Iterator[int]) -> Iterator[AlignedLine]:
    wanted = next(numbers, -1)
    # To the last line, drawn or not: the two sides are compared at the end.
    for number, line in enumerate(lines):
        if number == wanted:
            wanted = next(numbers, -1)
            yield line


def _batches(
    lines: Iterable[AlignedLine], corpus: Corpus, direction: Direction
) -> Iterator[pa.RecordBatch]:
    source, target = corpus.pair.directed(direction)
    rest = iter(lines)
    while block := list(islice(rest, _ROWS)):
        texts = [[line.first for line in block], [line.second for line in block]]
        if direction == "m2o":
            texts.reverse()
        codes = [[code] * len(block) for code in (corpus.pair.language, source, target)]
        ids = [numbered(corpus.split, line.number) for line in block]
        yield pa.RecordBatch.from_arrays(
            [pa.array(values, pa.string()) for values in (ids, *codes, *texts)], schema=SCHEMA
        )


def _check(corpus: Corpus, lines: Filter, rows: int) -> None:
    files = " and ".join(str(file) for file in corpus.files)
    if corpus.expected is not None and lines.read != corpus.expected:
        raise DataError(
            f"{corpus.split} of '{corpus.pair.language}' has {lines.read:,} lines",
            where=files,
            allowed=f"{corpus.expected:,} lines, as published",
            fix="the files are cut off or of another release: fetch the data set again",
        )
    if not rows:
        dropped = ", ".join(f"{name} {count:,}" for name, count in sorted(lines.dropped.items()))
        raise DataError(
            f"{corpus.split} of '{corpus.pair.language}' has no line that can be used",
            where=files,
            allowed=f"lines with text on both sides (read {lines.read:,}; {dropped or 'none'})",
            fix="fetch the data set again, or take the language out of the study",
        )


def _settings(recipe: Recipe) -> dict[str, Any]:
    return {
        "max_characters": recipe.rules.max_characters,
        "deduplicate": recipe.rules.deduplicate,
        "sizes": dict(recipe.sizes),
        "first": recipe.first,
        "seed": recipe.seed if recipe.sizes else None,
    }


def _sources(corpora: Sequence[Corpus]) -> list[dict[str, Any]]:
    """Return all raw files; of their paths only the end, so that folders may move."""
    files = sorted({file for corpus in corpora for file in corpus.files})
    return [
        {"path": "/".join(p.parts[-2:]), "sha256": sha256_of(p), "bytes": p.stat().st_size}
        for p in files
    ]


def _only_split(corpora: Sequence[Corpus]) -> str:
    if len({corpus.pair.language for corpus in corpora}) < len(corpora):
        raise ValueError("two corpora of one language")
    (split,) = {corpus.split for corpus in corpora}
    return split
