# SPDX-License-Identifier: Apache-2.0
"""One call of ``xling prepare``: what it reads and what it has counted so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from xling.config.study import SplitSizes
from xling.data.checks import LARGEST_LOSS, LARGEST_OWN_LOSS, check_row_count
from xling.data.readers.raw import RawData
from xling.tasks import TASKS

#: A split of the published data.
Own = Literal["train", "dev", "test"]
R = TypeVar("R")


@dataclass
class Job:
    """What the preparers of all families share.

    Attributes:
        task: a benchmark, or ``text``.
        split: the prepared split.
        train_split: published split that training rows are taken from.
        test_split: published split that is tested.
        held_out: share of the groups that is tested where both are the same split.
        raw: the raw files.
        sizes: configured rows of artificial data; None for published data, whose rows must be those
            of the release.
        dropped: rows that were left out, by reason and language.
        verified: labelled rows that were read and checked, by published split and language.
        notes: further sentences for the summary.
        threads: processes that may read files side by side.
    """

    task: str
    split: str
    train_split: Own
    test_split: Own
    held_out: float
    raw: RawData
    sizes: SplitSizes | None
    dropped: dict[str, dict[str, int]] = field(default_factory=dict)
    verified: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    threads: int = 1

    @property
    def artificial(self) -> bool:
        """Whether the data is generated."""
        return self.sizes is not None

    def as_split(self, split: str) -> Job:
        """Return a job that makes another split of the same files and counts on its own.

        What that split leaves out stands in its own summary and not here.
        """
        return replace(self, split=split, dropped={}, notes=[])

    @property
    def own_translations(self) -> bool:
        """Whether the translations among the files are our own."""
        return bool(self.raw.manifest.engines)

    @property
    def largest_loss(self) -> float:
        """Share of the rows that a file of translations may lack; generated ones lack none."""
        if self.own_translations:
            return LARGEST_OWN_LOSS
        return 0.0 if self.artificial else LARGEST_LOSS

    @property
    def shared_split(self) -> bool:
        """Whether training and test rows are parts of one published split."""
        return self.train_split == self.test_split

    def expected(self, split: Own, language: str) -> int | None:
        """Return how many rows a published split must have; None if it is not known."""
        if self.sizes is not None:
            return getattr(self.sizes, split)
        return TASKS[self.task].published_rows(split, language)

    def check_rows(self, path: Path, split: Own, language: str, rows: int) -> None:
        """Raise :class:`DataError` unless a language has the rows it must have."""
        expected = self.expected(split, language)
        if expected is not None:
            check_row_count(path, rows, expected, f"{self.task} {split} {language}")

    def drop(self, reason: str, language: str, count: int) -> None:
        """Count rows that were left out."""
        if count:
            by_language = self.dropped.setdefault(reason, {})
            by_language[language] = by_language.get(language, 0) + count

    def without(self, reason: str, rows: Sequence[R], unwanted: Callable[[R], bool]) -> list[R]:
        """Leave out the unwanted rows (of one language) and count them."""
        kept = [row for row in rows if not unwanted(row)]
        if rows:
            self.drop(reason, rows[0].language, len(rows) - len(kept))  # type: ignore[attr-defined]
        return kept
