# SPDX-License-Identifier: Apache-2.0
"""Published sizes, against which real data is checked; artificial data has none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xling.errors import DataError
from xling.mt.data.bitext import Split
from xling.mt.data.groups import LanguageGroup, language_groups

#: Rows may differ from the published number by this share (cats-data.md 1.3: different readers of
#: TED's file count nearly alike).
TOLERANCE = 0.01


def sizes_of(task: str, split: Split, path: Path | None = None) -> dict[str, int]:
    """Return the published pairs of each language that has a known number of them.

    For OPUS-100 these are lines of the files, exactly: what ``opus100.corpora`` expects.

    Args:
        task: a benchmark of ``config/mt_groups.csv``.
        split: which number.
        path: the table, if not that of the checkout.
    """
    return {
        language: size
        for language, row in language_groups(task, path).items()
        if (size := _size(row, split)) is not None
    }


def check_rows(
    task: str, split: Split, rows: Mapping[str, int], where: Path, path: Path | None = None
) -> None:
    """Raise :class:`DataError` if a language has other than about the published number of pairs.

    Args:
        task: ``ted8_related`` or ``ted8_diverse``: pairs after cells without translation are gone.
        split: of the rows.
        rows: pairs by language, before any is drawn.
        where: the raw file, for the message.
        path: the table, if not that of the checkout.
    """
    for language, expected in sizes_of(task, split, path).items():
        found = rows.get(language, expected)
        if abs(found - expected) > TOLERANCE * expected:
            raise DataError(
                f"{task} {split} '{language}' has {found:,} pairs",
                where=str(where),
                allowed=f"{expected:,} as published, and at most {TOLERANCE:.0%} more or fewer",
                fix="the file is cut off, or another column was read: fetch the data set again",
            )


def _size(row: LanguageGroup, split: Split) -> int | None:
    return {"train": row.train, "dev": row.dev, "test": row.test}[split]
