# SPDX-License-Identifier: Apache-2.0
"""What the stages of translations are told: a task, a round, products and prepared rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from xling.data.tables import languages_of
from xling.errors import UsageError
from xling.tasks import SOURCE_LANGUAGE, TASKS
from xling.translate.compare import sampled
from xling.translate.products.ask import ROLES, Ask, Role
from xling.translate.products.build import rows_of
from xling.translate.products.settings import ProductSettings

Round = Literal["there", "back"]
#: Languages of each product, and prepared files by split.
Uses = Mapping[Role, Sequence[str]]
Prepared = Mapping[str, Path]
#: The prepared split that a product translates, and the one that it becomes.
SOURCES: dict[Role, str] = {
    "translate_train": "train",
    "translate_test": "test",
    "translate_dev": "dev",
    "back_translation": "translate_train",
}
#: Products that are prepared splits of the same name; their rows make the round trip.
RETURNING: tuple[Role, ...] = ("translate_train", "translate_test")
# Splits that may be parallel, the best first: a test set should be looked at last.
_HUMAN = ("dev", "test")


@dataclass(frozen=True)
class Work:
    """One round of one task.

    Attributes:
        task: a benchmark.
        round: ``there`` or ``back``.
        uses: languages of each product.
        prepared: files by split: those of :data:`SOURCES`, for back-translations also ``train``.
    """

    task: str
    round: Round
    uses: Uses
    prepared: Prepared
    settings: ProductSettings

    def __post_init__(self) -> None:
        """Raise :class:`UsageError` if a product cannot be made or a prepared file is missing."""
        for role in self.uses:
            if role not in ROLES:
                raise UsageError(
                    f"there is no product '{role}'", where="uses", allowed=", ".join(ROLES)
                )
        for role, languages in self.uses.items():
            for language in languages:
                self.settings.ask(self.task, role, language)
        for role in self.roles:
            self.file(SOURCES[role])

    @property
    def roles(self) -> list[Role]:
        """Products of the round that have languages."""
        back = self.round == "back"
        return [
            role for role in ROLES if (role == "back_translation") == back and self.uses.get(role)
        ]

    def asks(self) -> Iterator[tuple[Ask, list[Any]]]:
        """Yield what is to be made, and the rows that it is made of."""
        for role in self.roles:
            # Training rows are the same for all languages, and many.
            english = self.rows("train", SOURCE_LANGUAGE) if role == "translate_train" else None
            for language in self.uses[role]:
                ask = self.settings.ask(self.task, role, language)
                yield ask, english or self.rows(SOURCES[role], language)

    def rows(self, split: str, language: str) -> list[Any]:
        """Return prepared rows."""
        return rows_of(self.file(split), language, TASKS[self.task].family)

    def file(self, split: str) -> Path:
        """Return a prepared file; raise :class:`UsageError` if it was not given."""
        if split not in self.prepared:
            raise UsageError(
                f"the prepared split '{split}' is missing",
                where=f"translations of {self.task}, round {self.round}",
                allowed=f"given: {', '.join(sorted(self.prepared)) or 'none'}",
                fix="name its Parquet file",
            )
        return self.prepared[split]

    def human(self, language: str) -> tuple[list[Any], list[Any]]:
        """Return English rows that people translated, and their translations.

        Both are samples of the same ids, of the dev set or else the test set; empty if the task is
        not parallel or neither split was given in both languages.
        """
        if TASKS[self.task].gold_english:
            for split in _HUMAN:
                there = languages_of(self.prepared[split]) if split in self.prepared else []
                if {SOURCE_LANGUAGE, language} <= set(there):
                    other = {row.id: row for row in self.rows(split, language)}
                    rows = [r for r in self.rows(split, SOURCE_LANGUAGE) if r.id in other]
                    rows = sampled(rows, self.settings.checked_rows)
                    return rows, [other[row.id] for row in rows]
        return [], []

    def returning(self, role: Role, language: str) -> list[Any]:
        """Return a sample of the rows of a product, to be translated back."""
        if role not in self.prepared or language not in languages_of(self.prepared[role]):
            return []
        return sampled(self.rows(role, language), self.settings.checked_rows)
