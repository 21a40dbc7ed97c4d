# SPDX-License-Identifier: Apache-2.0
"""Which rows are the same item: by id or by content, never by position alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xling.data.readers.rows import NOT_TRANSLATED, UNKNOWN_LABEL, Row, Translation
from xling.errors import DataError

_ONE_RELEASE = "the files do not belong together: take all of them from one release"


@dataclass(frozen=True)
class Side:
    """Rows of one language and the file they come from."""

    path: Path
    rows: list[Row]


@dataclass(frozen=True)
class Joined:
    """Outcome of a join.

    Attributes:
        rows: in the order of the labelled rows, with their ids.
        missing: labelled rows without a partner.
        unknown: translations of something that is not among the labelled rows.
        example: where the first unknown translation is.
    """

    rows: list[Row]
    missing: int
    unknown: int
    example: str


def check_parallel(source: Side, target: Side) -> None:
    """Verify that two languages of one split hold the same items with the same labels.

    Numbered rows pass only if the files are as long as each other and every label agrees, which is
    what makes numbers legitimate ids.

    Raises:
        DataError: they do not.
    """
    if len(source.rows) != len(target.rows):
        raise DataError(
            f"{len(target.rows)} rows, but {len(source.rows)} in the source language",
            where=str(target.path),
            allowed=f"as many rows as {source.path}: the same items in every language",
            fix="a file is cut off or of another release: copy or download it again",
        )
    joined = join_by_id(source, target)
    if joined.missing:
        raise DataError(
            f"{joined.unknown} rows have ids that the source language does not have",
            where=joined.example,
            allowed=f"the ids of {source.path}",
            fix=_ONE_RELEASE,
        )


def join_by_id(source: Side, target: Side) -> Joined:
    """Find each source row's partner by its id; raise :class:`DataError` if labels differ."""
    partners = {row.id: row for row in target.rows}
    rows = []
    for row in source.rows:
        partner = partners.pop(row.id, None)
        if partner is None:
            continue
        if not _same_label(row, partner):
            raise _other_label(source.path, row, target.path, partner.label, partner.line)
        rows.append(partner)
    example = ""
    if partners:
        first = next(iter(partners.values()))
        example = f"{target.path}, line {first.line}: id '{first.id}'"
    return Joined(rows, len(source.rows) - len(rows), len(partners), example)


def join_by_pair(
    labelled: Side, translations: list[Translation], path: Path, language: str
) -> Joined:
    """Find each labelled row's translation by its two sentences.

    Labelled rows with the same two sentences share a translation.  Where a pair is translated in
    several ways, the first in alphabetical order is taken: the order of the file never matters.

    Args:
        labelled: the rows that were translated.
        translations: in any order.
        path: file of the translations.
        language: which language the joined rows count for.

    Raises:
        DataError: a translation has a label that no labelled row with its sentences has.
    """
    labels: dict[tuple[str, str], list[Row]] = {}
    for row in labelled.rows:
        labels.setdefault((row.sentence1, row.sentence2), []).append(row)
    texts: dict[tuple[str, str], tuple[str, str]] = {}
    unknown, example = 0, ""
    for translation in translations:
        pair, text = translation[:2], translation[2:4]
        rows = labels.get(pair)
        if rows is None:
            unknown += 1
            example = example or f"{path}, line {translation.line}: '{pair[0]}' / '{pair[1]}'"
            continue
        known = {translation.label, UNKNOWN_LABEL}
        if NOT_TRANSLATED not in pair and known.isdisjoint(row.label for row in rows):
            raise _other_label(labelled.path, rows[0], path, translation.label, translation.line)
        texts[pair] = min(text, texts.get(pair, text))
    joined = [
        row._replace(language=language, sentence1=found[0], sentence2=found[1])
        for row in labelled.rows
        if (found := texts.get((row.sentence1, row.sentence2))) is not None
    ]
    return Joined(joined, len(labelled.rows) - len(joined), unknown, example)


def _same_label(row: Row, partner: Row) -> bool:
    """Whether labels agree; untranslated rows carry 0 whatever the label of the original is."""
    return (
        row.label == partner.label
        or UNKNOWN_LABEL in (row.label, partner.label)
        or (partner.not_translated and partner.label == "0")
        or (row.not_translated and row.label == "0")
    )


def _other_label(source: Path, row: Row, target: Path, label: str, line: int) -> DataError:
    return DataError(
        f"the label is '{label}', but '{row.label}' for the same item in the source",
        where=f"{target}, line {line}",
        allowed=f"'{row.label}', as in {source}, line {row.line}",
        fix=_ONE_RELEASE,
    )
