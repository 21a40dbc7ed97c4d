# SPDX-License-Identifier: Apache-2.0
"""Translations of a run, checked, by language and in one order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xling.errors import DataError
from xling.tasks.predicted import grouped

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Translations:
    """One language's sentences, sorted by id: the order of rows changes nothing."""

    ids: tuple[str, ...]
    sources: tuple[str, ...]
    references: tuple[str, ...]
    hypotheses: tuple[str, ...]


def translations(predictions: pa.Table) -> dict[str, Translations]:
    """Return the translations of each language, languages sorted.

    Args:
        predictions: columns ``id``, ``language``, ``source``, ``reference``, ``hypothesis``.

    Raises:
        DataError: a missing column, no rows, a cell without text, or a sentence that is there
            twice in a language.  An empty translation is text.
    """
    columns = ("source", "reference", "hypothesis")
    found = {}
    for (language,), rows in sorted(grouped(predictions, ("language",), ("id",), columns).items()):
        for row in rows:
            if None in row:
                raise DataError(
                    "a sentence lacks its source, reference or translation",
                    where=f"language {language}, id {row[0]}",
                    allowed="text, which may be empty",
                    fix="generate the translations again",
                )
        ids, sources, references, hypotheses = zip(*sorted(rows), strict=True)
        found[language] = Translations(ids, sources, references, hypotheses)
    return found
