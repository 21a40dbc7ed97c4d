# SPDX-License-Identifier: Apache-2.0
"""A translator whose every answer is known, and artificial benchmarks with our translations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from test_artificial import settings

from xling.config.study import SplitSizes
from xling.data.artificial import write_raw
from xling.data.manifest import Manifest, RawFile
from xling.data.prepare import prepare
from xling.data.tables import write_table
from xling.translate.engine import Translation
from xling.translate.products.ask import Ask, Counts
from xling.translate.products.build import build, rows_of, wanted, write

SIZES = {"train": 24, "dev": 12, "test": 16}
CODE = "qaa"
_MARK = re.compile(r"</?[a-z]>|[\[\]]")


def swapped(text: str) -> str:
    """Capital letters for small ones and the other way round: what :class:`Swapping` says."""
    return text.swapcase()


@dataclass
class Swapping:
    """Translates by swapping the case of letters; markers stay.

    Attributes:
        silent: texts (without markers) that it has no translation for.
        forgets: texts (without markers) whose markers it loses.
        flags: of texts.
        asked: what it was asked so far.
    """

    silent: set[str] = field(default_factory=set)
    forgets: set[str] = field(default_factory=set)
    flags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    key: str = "swapping"
    licence: str = "none"

    def translate(self, sentences: list[str], source: str, target: str) -> list[Translation]:
        self.asked += [(sentence, source, target) for sentence in sentences]
        return [self._one(sentence) for sentence in sentences]

    def _one(self, sentence: str) -> Translation:
        plain = _MARK.sub("", sentence)
        if plain in self.silent:
            return Translation("", None, ("empty",))
        parts = [swapped(part) for part in _MARK.split(sentence)]
        marks = [] if plain in self.forgets else _MARK.findall(sentence)
        marks += [""] * (len(parts) - len(marks))
        text = "".join(part + mark for part, mark in zip(parts, marks, strict=True))
        return Translation(text, -1.0, self.flags.get(plain, ()))


class Straight:
    """Aligns the i-th word with the i-th word."""

    key = "straight"

    def align(self, pairs: Any) -> list[list[tuple[int, int]]]:
        return [[(i, i) for i in range(min(len(one.words), len(two.words)))] for one, two in pairs]


class Bench:
    """One artificial task whose translations are replaced by ours."""

    def __init__(self, task: str, folder: Path, **changes: Any) -> None:
        self.task, self.folder = task, folder
        values = {"noise": 0.0, "sizes": {task: SIZES}} | changes
        self.settings = settings(**values)
        self.manifest = write_raw(
            task, self.settings, ["en", CODE], folder, back_translations=task != "mlqa"
        )

    def prepared(self, split: str, language: str) -> list[Any]:
        """Return prepared rows of a language; they go through a file, as in the workflow."""
        table, summary = self.table(split, language)
        path = self.folder / f"{split}-{language}.parquet"
        write_table(path, table, summary)
        from xling.tasks import TASKS

        return rows_of(path, language, TASKS[self.task].family)

    def table(self, split: str, language: str = CODE) -> tuple[Any, dict[str, Any]]:
        sizes = SplitSizes(**SIZES)
        return prepare(self.task, split, [language], self.manifest, self.folder, sizes)

    def make(self, ask: Ask, rows: list[Any], engine: Any, **options: Any) -> tuple[str, Counts]:
        """Translate rows, put the file in place of the published one, and return what was made."""
        listed = wanted(ask, rows)
        assert len(listed) == len(set(listed))
        found = engine.translate(listed, ask.source, ask.target)
        text, counts = build(ask, rows, dict(zip(listed, found, strict=True)), **options)
        self._put(write(ask, text, self.folder))
        assert counts.items == len(rows) == counts.written + counts.dropped.total()
        return text, counts

    def _put(self, file: RawFile) -> None:
        def other(one: RawFile) -> bool:
            return (one.role, one.split, one.language) != (file.role, file.split, file.language)

        kept = [one for one in self.manifest.files if other(one)]
        values = self.manifest.model_dump() | {"files": [*kept, file]}
        self.manifest = Manifest.model_validate(values)
