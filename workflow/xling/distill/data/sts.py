# SPDX-License-Identifier: Apache-2.0
"""Pairs of sentences with a graded similarity: STS 2017 extended, and the English STS benchmark.

Both are tab-separated without quoting, whatever their names say; gold is 0 to 5.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from xling.data.readers.lines import RESTORE
from xling.data.readers.rows import numbered
from xling.data.tables import write_table
from xling.distill.data.corpus import only_file
from xling.errors import DataError
from xling.mt.data.lines import iter_lines
from xling.tasks import SOURCE_LANGUAGE

#: Rows without a score: the file of Turkish and English had 500 rows, 250 of them scored.
UNSCORED = "unscored"
#: Pairs in each file of STS 2017 extended.
PUBLISHED_ROWS = 250
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("id", "language", "sentence1", "sentence2")]
    + [("score", pa.float64())]
)
_NAME = re.compile(r"STS\.([a-z-]+?)-([a-z]+)\.txt")
_BEST = 5.0
_BENCHMARK = "stsbenchmark.tsv"


class StsPair(NamedTuple):
    """Two sentences; ``score`` is 0 (nothing in common) to 5 (the same meaning)."""

    id: str
    sentence1: str
    sentence2: str
    score: float


@dataclass(frozen=True)
class StsSet:
    """The pairs of one file.

    Attributes:
        name: both languages, English first: ``en-fr`` though the file is ``fr-en``.
        pairs: in the order of the file; the first sentence is in the first language of the name.
        dropped: rows by rule.
    """

    name: str
    pairs: list[StsPair]
    dropped: Counter[str] = field(default_factory=Counter)


def read_sts2017(folder: Path, *, expected: int | None = None) -> list[StsSet]:
    """Read all files ``STS.<l1>-<l2>.txt`` of a folder, in alphabetical order of their names here.

    Args:
        folder: ``STS2017-extended``, or the one that holds it.
        expected: pairs that each file must have, for the release ``PUBLISHED_ROWS``.

    Raises:
        DataError: there is no file, or one is damaged or has another number of pairs.
    """
    inside = folder / "STS2017-extended"
    folder = inside if inside.is_dir() else folder
    found = [
        _read_pair(path, (match[1], match[2]), expected)
        for path in sorted(folder.glob("STS.*.txt"))
        if (match := _NAME.fullmatch(path.name))
    ]
    if not found:
        raise DataError(
            "there is no file of STS 2017",
            where=str(folder),
            allowed="files named STS.en-de.txt and so on",
            fix="fetch the data set",
        )
    return sorted(found, key=lambda one: one.name)


def read_stsbenchmark(folder: Path, split: Literal["train", "dev", "test"]) -> StsSet:
    """Read a split of the English STS benchmark.

    Args:
        folder: with the release's ``sts-<split>.csv`` (genre, file, year, number, score and two
            sentences, no header, at times further fields), or with ``stsbenchmark.tsv`` or
            ``.tsv.gz``, which has all splits and a header.
        split: which one.

    Raises:
        DataError: there is no such file, or it is damaged.
    """
    inside = folder / "stsbenchmark"
    folder = inside if inside.is_dir() else folder
    patterns = (f"sts-{split}.csv", _BENCHMARK, f"{_BENCHMARK}.gz")
    path = only_file(folder, patterns, "the STS benchmark")
    rows = _released(path) if path.suffix == ".csv" else _with_header(path, split)
    return _set(path, (SOURCE_LANGUAGE, SOURCE_LANGUAGE), rows)


def shares_gold(sets: Sequence[StsSet]) -> list[str]:
    """Return the names of the sets whose gold is that of ``en-en``, row by row.

    These are made of the English pairs by translation, so that a difference between them is one of
    language alone (distill.md, section 6, item 4).
    """
    gold = {one.name: [pair.score for pair in one.pairs] for one in sets}
    english = gold.get(f"{SOURCE_LANGUAGE}-{SOURCE_LANGUAGE}")
    return [name for name, scores in gold.items() if scores == english]


def texts_of(sets: Iterable[StsSet]) -> Iterator[str]:
    """Give all sentences, for the comparison with training text."""
    for one in sets:
        for pair in one.pairs:
            yield pair.sentence1
            yield pair.sentence2


def write_sts(path: Path, sets: Sequence[StsSet], about: Mapping[str, Any]) -> dict[str, Any]:
    """Write pairs as a prepared file, whole or not at all; ``language`` is the set's name.

    Columns are ``id``, ``language``, ``sentence1``, ``sentence2`` and ``score``; each set is a row
    group.  Returns the summary, which ``xling.data.tables.read_summary`` reads: ``rows`` by set,
    ``dropped`` by rule and set, ``shares_gold``, and what ``about`` says.
    """
    rows = [(one.name, pair) for one in sets for pair in one.pairs]
    columns = {
        "id": [pair.id for _, pair in rows],
        "language": [name for name, _ in rows],
        "sentence1": [pair.sentence1 for _, pair in rows],
        "sentence2": [pair.sentence2 for _, pair in rows],
        "score": [pair.score for _, pair in rows],
    }
    summary: dict[str, Any] = {"rows": {one.name: len(one.pairs) for one in sets}, "dropped": {}}
    for one in sets:
        for rule, count in one.dropped.items():
            summary["dropped"].setdefault(rule, {})[one.name] = count
    summary |= {"shares_gold": shares_gold(sets), **about}
    write_table(path, pa.table(columns, SCHEMA), summary)
    return summary


class _Row(NamedTuple):
    line: int
    sentence1: str
    sentence2: str
    score: str


def _read_pair(path: Path, languages: tuple[str, str], expected: int | None) -> StsSet:
    found = _set(path, languages, _plain(path))
    if expected is not None and len(found.pairs) != expected:
        raise DataError(
            f"the file has {len(found.pairs):,} scored pairs",
            where=str(path),
            allowed=f"{expected:,}, as published",
            fix=RESTORE,
        )
    return found


def _set(path: Path, languages: tuple[str, str], rows: Iterable[_Row]) -> StsSet:
    turned = languages[1] == SOURCE_LANGUAGE != languages[0]
    found = StsSet("-".join(reversed(languages) if turned else languages), [])
    for row in rows:
        if not row.score.strip():
            found.dropped[UNSCORED] += 1
            continue
        sentence1, sentence2 = row.sentence1.strip(), row.sentence2.strip()
        if not (sentence1 and sentence2):
            raise _damage(path, row.line, "an empty sentence")
        if turned:
            sentence1, sentence2 = sentence2, sentence1
        row_id = numbered(found.name, row.line)
        found.pairs.append(StsPair(row_id, sentence1, sentence2, _score(path, row)))
    if not found.pairs:
        raise _damage(path, 1, "no row has a score")
    return found


def _score(path: Path, row: _Row) -> float:
    try:
        score = float(row.score)
    except ValueError:
        score = -1.0
    if not 0.0 <= score <= _BEST:
        raise _damage(path, row.line, f"'{row.score}' is no score")
    return score


def _plain(path: Path) -> Iterator[_Row]:
    for number, line in enumerate(iter_lines(path), start=1):
        fields = line.split("\t")
        if len(fields) < 2:
            raise _damage(path, number, "one field")
        yield _Row(number, fields[0], fields[1], fields[2] if len(fields) > 2 else "")


def _released(path: Path) -> Iterator[_Row]:
    for number, line in enumerate(iter_lines(path), start=1):
        fields = line.split("\t")
        if len(fields) < 7:
            raise _damage(path, number, f"{len(fields)} fields instead of 7 or more")
        yield _Row(number, fields[5], fields[6], fields[4])


def _with_header(path: Path, split: str) -> Iterator[_Row]:
    lines = iter_lines(path)
    names = next(lines).split("\t")
    wanted = ("split", "sentence1", "sentence2", "score")
    if missing := [name for name in wanted if name not in names]:
        raise _damage(path, 1, f"the header lacks {', '.join(missing)}")
    places = [names.index(name) for name in wanted]
    for number, line in enumerate(lines, start=2):
        fields = line.split("\t")
        if len(fields) != len(names):
            raise _damage(path, number, f"{len(fields)} fields instead of {len(names)}")
        part, sentence1, sentence2, score = (fields[place] for place in places)
        if part == split:
            yield _Row(number, sentence1, sentence2, score)


def _damage(path: Path, line: int, what: str) -> DataError:
    return DataError(
        what,
        where=f"{path}, line {line}",
        allowed="two sentences and a score from 0 to 5, separated by tabs",
        fix=RESTORE,
    )
