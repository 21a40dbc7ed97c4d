# SPDX-License-Identifier: Apache-2.0
"""The quality report of a task's translations: a row per product and language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xling.data.tables import languages_of
from xling.errors import DataError
from xling.files import write_text
from xling.tasks import SOURCE_LANGUAGE, TASKS
from xling.translate.compare import AnyRow, by_id, label_agreement, row_texts, text_pairs
from xling.translate.products.ask import Role
from xling.translate.products.build import rows_of
from xling.translate.products.stages import read_products
from xling.translate.products.work import RETURNING, SOURCES, Prepared, Work
from xling.translate.quality import against
from xling.translate.store import Store
from xling.translate.stored import Engines, Stored

#: Prepared splits that products become, by product.
SPLITS: dict[Role, str] = {
    "translate_train": "translate_train",
    "translate_test": "translate_test",
    "back_translation": "back_translate",
}


def measure_quality(
    work: Work,
    *,
    products: Sequence[Path],
    store: Store,
    engines: Engines,
    output: Path,
    exact: Prepared | None = None,
) -> list[dict[str, Any]]:
    """Write what is known of the quality of a task's translations, as JSON.

    Args:
        work: of the round ``back``, whose list has the round trips.  ``prepared`` has the splits
            that were translated, those that the products became, and ``test`` or ``dev``.
        products: ``products.json`` of both rounds.
        store: of all translations.
        engines: provenance of the engine of each direction, of both rounds.
        output: JSON file.
        exact: the same splits with translations that are known to be right (artificial data).

    Returns:
        For each product and language its ``task``, what ``products.json`` says of it, and, null
        where there is nothing to compare: ``round_trip`` (texts that came back against what they
        were), ``human`` (against translations by people), ``exact`` (against exact ones), each of
        :func:`xling.translate.quality.against`, and ``labels``
        (:class:`xling.translate.compare.Agreement` with the exact ones).

    Raises:
        DataError: a file is damaged, products are of another task, or a sentence of the lists is
            not in the store.
        UsageError: a direction has no engine.
    """
    stored, found = Stored(store, engines), []
    for path in products:
        note = read_products(path)
        if note["task"] != work.task:
            raise DataError(
                f"these are translations of {note['task']}",
                where=str(path),
                allowed=f"those of {work.task}",
                fix="give the products of the task",
            )
        for product in note["products"]:
            measured = _Measured(work, product, stored, exact or {})
            found.append({"task": work.task, **product, **measured.all()})
    write_text(output, json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return found


class _Measured:
    """Comparisons of one product in one language."""

    def __init__(
        self, work: Work, product: Mapping[str, Any], stored: Stored, exact: Prepared
    ) -> None:
        self._work, self._stored, self._exact = work, stored, exact
        self._role: Role = product["role"]
        self._language, self._source = str(product["language"]), str(product["source"])
        self._target = str(product["target"])

    def all(self) -> dict[str, Any]:
        """Return all comparisons by name."""
        rows = _rows_if_there(self._work, self._work.prepared, self._split, self._language)
        right = by_id(_rows_if_there(self._work, self._exact, self._split, self._language))
        agreement = label_agreement(rows, right) if self._role in RETURNING else None
        return {
            "round_trip": self._round_trip(),
            "human": self._human(rows),
            "exact": against(text_pairs(rows, self._target, right, self._target), self._target),
            "labels": agreement._asdict() if agreement else None,
        }

    @property
    def _split(self) -> str:
        return SPLITS.get(self._role, "")

    def _round_trip(self) -> dict[str, Any] | None:
        """Compare texts that came back with what they were; a back-translation is one itself."""
        if self._role == "back_translation":
            rows = _rows_if_there(self._work, self._work.prepared, self._split, self._language)
            english = by_id(self._work.rows("train", SOURCE_LANGUAGE))
            return against(
                text_pairs(rows, SOURCE_LANGUAGE, english, SOURCE_LANGUAGE), SOURCE_LANGUAGE
            )
        if self._role not in RETURNING:
            return None
        rows = self._work.returning(self._role, self._language)
        sources = by_id(self._work.rows(SOURCES[self._role], self._source))
        pairs = text_pairs(rows, self._target, sources, self._source)
        back = self._translated([text for text, _ in pairs], self._target, self._source)
        return against([(back[text], was) for text, was in pairs], self._source)

    def _human(self, rows: Sequence[AnyRow]) -> dict[str, Any] | None:
        """Compare with what people wrote: English test rows, or their translations."""
        if self._role == "translate_test" and TASKS[self._work.task].gold_english:
            english = _rows_if_there(self._work, self._work.prepared, "test", SOURCE_LANGUAGE)
            pairs = text_pairs(rows, SOURCE_LANGUAGE, by_id(english), SOURCE_LANGUAGE)
            return against(pairs, SOURCE_LANGUAGE)
        if self._role != "translate_train":
            return None
        english, others = self._work.human(self._language)
        texts = [text for row in english for text in row_texts(row, SOURCE_LANGUAGE)]
        found = self._translated(texts, SOURCE_LANGUAGE, self._language)
        pairs = text_pairs(english, SOURCE_LANGUAGE, by_id(others), self._language)
        return against([(found[text], human) for text, human in pairs], self._language)

    def _translated(self, texts: list[str], source: str, target: str) -> dict[str, str]:
        found = self._stored.find(texts, source, target)
        return {text: one.text for text, one in found.items()}


def _rows_if_there(work: Work, files: Prepared, split: str, language: str) -> list[Any]:
    """Return prepared rows; none if the split was not given or lacks the language."""
    if split not in files or language not in languages_of(files[split]):
        return []
    return rows_of(files[split], language, TASKS[work.task].family)
