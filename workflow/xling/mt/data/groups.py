# SPDX-License-Identifier: Apache-2.0
"""Low-, mid- and high-resource languages, and published sizes: ``config/mt_groups.csv``.

CATS' own groups are not known (cats.md, section 7); every row names where its group comes from.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from xling.config.loader import repository_root
from xling.errors import DataError, UsageError, nearest

Group = Literal["low", "mid", "high"]
GROUPS: tuple[Group, ...] = ("low", "mid", "high")
COLUMNS = tuple("task language group alternative train dev test sizes source".split())


@dataclass(frozen=True)
class LanguageGroup:
    """One language of a benchmark.

    Attributes:
        group: None for languages that are not scored (OPUS-100's five pairs without test set).
        alternative: in another published grouping; the same group where there is none.
        train, dev, test: published pairs; None if not known.
        sizes: where the sizes come from.
        source: where the group comes from.
    """

    task: str
    language: str
    group: Group | None
    alternative: Group | None
    train: int | None
    dev: int | None
    test: int | None
    sizes: str
    source: str


def language_groups(task: str, path: Path | None = None) -> dict[str, LanguageGroup]:
    """Return the languages of a benchmark by code, in the order of the file.

    Args:
        task: for example ``opus100``.
        path: the file, if not ``config/mt_groups.csv`` of the checkout.

    Raises:
        UsageError: no row is about the benchmark.
        DataError: the file cannot be read or a value is none of its column.
    """
    path = path or repository_root() / "config" / "mt_groups.csv"
    rows = _rows(path)
    found = {row.language: row for row in rows if row.task == task}
    if not found:
        known = sorted({row.task for row in rows})
        raise UsageError(
            f"there are no language groups for '{task}'",
            where=str(path),
            allowed=", ".join(known),
            fix=nearest(task, known) or "add its languages to the file",
        )
    return found


def by_size(sizes: Mapping[str, int]) -> dict[str, Group]:
    """Divide languages into the smaller half (low) and the larger half (high).

    The rule for TED-8 (cats.md, section 7: the 4 smallest and the 4 largest); ours for benchmarks
    that nobody divided.  The middle one of an odd number is low.
    """
    order = sorted(sizes, key=lambda language: (sizes[language], language))
    half = (len(order) + 1) // 2
    return {language: "low" if order.index(language) < half else "high" for language in sizes}


def _rows(path: Path) -> list[LanguageGroup]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            rows = list(reader)
            header = tuple(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _damage(path, f"it cannot be read ({error})") from error
    if header != COLUMNS:
        raise _damage(path, f"its columns are {','.join(header) or 'missing'}")
    found: dict[tuple[str, str], LanguageGroup] = {}
    for line, row in enumerate(rows, start=2):
        if None in row.values() or None in row:
            raise _damage(path, f"line {line} has not {len(COLUMNS)} fields")
        if (key := (row["task"], row["language"])) in found:
            raise _damage(path, f"line {line}: {key[0]} has '{key[1]}' twice")
        found[key] = _row(path, line, row)
    return list(found.values())


def _row(path: Path, line: int, row: Mapping[str, str]) -> LanguageGroup:
    for column in ("group", "alternative"):
        if row[column] not in (*GROUPS, ""):
            raise _damage(path, f"line {line}: '{row[column]}' is no group")
    for column in ("train", "dev", "test"):
        if row[column] and not row[column].isdecimal():
            raise _damage(path, f"line {line}: '{row[column]}' is no number of pairs")
    if not row["source"]:
        raise _damage(path, f"line {line} names no source")
    group, alternative = row["group"] or None, row["alternative"] or row["group"] or None
    train, dev, test = (int(row[name]) if row[name] else None for name in ("train", "dev", "test"))
    return LanguageGroup(
        task=row["task"],
        language=row["language"],
        group=cast(Group | None, group),
        alternative=cast(Group | None, alternative),
        train=train,
        dev=dev,
        test=test,
        sizes=row["sizes"],
        source=row["source"],
    )


def _damage(path: Path, what: str) -> DataError:
    return DataError(
        f"the table of language groups is damaged: {what}",
        where=str(path),
        allowed=f"a CSV file with the columns {','.join(COLUMNS)}; groups {', '.join(GROUPS)}",
        fix="correct the file",
    )
