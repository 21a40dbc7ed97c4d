# SPDX-License-Identifier: Apache-2.0
"""Which questions are the same item in two files: by id, never by position alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xling.data.language_names import TYDIQA
from xling.data.readers.rows import QuestionRow
from xling.errors import DataError


@dataclass(frozen=True)
class Translated:
    """Outcome of a join.

    Attributes:
        rows: translations with the ids and groups of what they translate, in its order; if not
            ``by_id``, all of them in their own order.
        unknown: translations of a question that is not there.
        by_id: whether the files name questions alike.
    """

    rows: list[QuestionRow]
    unknown: int
    by_id: bool


def check_same_questions(
    source_path: Path, source: list[QuestionRow], path: Path, rows: list[QuestionRow]
) -> list[QuestionRow]:
    """Verify that two languages of parallel data have the same questions.

    Returns:
        The rows with the groups of the source, so that a group is the same paragraph everywhere.

    Raises:
        DataError: an id is missing on one side.
    """
    groups = {row.id: row.group for row in source}
    strange = [row.id for row in rows if row.id not in groups]
    missing = groups.keys() - {row.id for row in rows}
    if strange or missing:
        example = strange[0] if strange else min(missing)
        raise DataError(
            f"{len(strange)} questions are not in the source language, {len(missing)} of its are "
            "missing",
            where=f"{path}: id '{example}'",
            allowed=f"the ids of {source_path}",
            fix="the files do not belong together: take all of them from one release",
        )
    return [row._replace(group=groups[row.id]) for row in rows]


def join_translations(source: list[QuestionRow], translations: list[QuestionRow]) -> Translated:
    """Give translations the id and the group of the question they translate.

    Ids with a paragraph's number in them (see :mod:`xling.data.readers.squad_json`) name the same
    question only if no paragraph was lost, which the number of rows shows.  Translations that
    cannot be named get ids and groups of their own.
    """
    numbered = any(row.id.startswith(f"{row.group}-") for row in [*source[:1], *translations[:1]])
    if not (numbered and len(source) != len(translations)):
        partners = {_name(row.id): row for row in translations}
        rows = [
            partner._replace(id=row.id, group=row.group)
            for row in source
            if (partner := partners.pop(_name(row.id), None)) is not None
        ]
        if rows:
            return Translated(rows, len(partners), by_id=True)
    own = [
        row._replace(id=f"translated-{row.id}", group=f"translated-{row.group}")
        for row in translations
    ]
    return Translated(own, 0, by_id=False)


def _name(row_id: str) -> str:
    """Return an id without TyDiQA's name of the language, which not all of its files keep."""
    prefix, _, rest = row_id.partition("-")
    return rest if prefix in TYDIQA.values() else row_id
