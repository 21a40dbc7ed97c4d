# SPDX-License-Identifier: Apache-2.0
"""The prepared split ``back_translate``: training rows translated to a language and back.

A row has the id and the language of the ``translate_train`` row that was translated back, and
stands in its place; its text is English.  Rows whose back-translation is missing or empty are left
out and counted; more than 1 % of them is an error, any in artificial data.  English is its own
back-translation (X-Mixup pairs it with itself), so its rows are those of ``train`` and need no
file.

Questions are found by id and pairs by id or number; tagged sentences have nothing but their number.
A number says which item it is only if both files have as many rows and, where there are labels,
every label agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from xling.data.checks import LARGEST_LOSS, check_loss, check_row_count
from xling.data.job import Job
from xling.data.joins import Side, join_by_id
from xling.data.question_joins import join_translations
from xling.data.readers.rows import QuestionRow, Reading, Row, TaggedRow, numbered
from xling.data.wants import no_back_translations
from xling.errors import DataError
from xling.tasks import SOURCE_LANGUAGE

# Why rows are left out, as the summary says it.
NO_BACK_TRANSLATION = "no back-translation"
_FILE = "back-translation file: "
UNKNOWN = _FILE + "translates another text"

# Ours: sentences that are looked at together, and how many say enough: a slip must not hide among
# many, and a few sentences may be like their neighbours.
_STRETCH = 200
_ENOUGH = 50

R = TypeVar("R", Row, TaggedRow, QuestionRow)


def pairs(job: Job, language: str, trained: list[Row], english: Side) -> list[Row]:
    """Return the back-translations of translated pairs.

    Args:
        job: counts what is left out.
        language: that was translated to and from.
        trained: rows of ``translate_train``.
        english: all rows of the English training set.
    """
    path, form, reading = _read(job, language)
    source = job.raw.one("labelled", "train", SOURCE_LANGUAGE)
    rows: list[Row] = reading.rows
    if source.format == "xtreme-tsv":
        # XTREME's copy of the training set has no ids; the first line here is the header.
        rows = [row._replace(id=numbered("train", row.line - 1)) for row in rows]
    if source.format == "xtreme-tsv" or form == "xnli-mt-1.0":
        _check_rows(job, language, path, reading, len(english.rows))
    joined = join_by_id(english, Side(path, rows))
    _drop_unknown(job, language, path, joined.unknown, reading, joined.example)
    texts = {row.id: row for row in joined.rows if not row.not_translated}
    return [
        row._replace(sentence1=text.sentence1, sentence2=text.sentence2)
        for row, text in _matched(job, language, path, trained, texts)
    ]


def sentences(
    job: Job, language: str, trained: list[TaggedRow], english: list[TaggedRow]
) -> list[TaggedRow]:
    """Return the back-translations of translated sentences, every tag empty.

    Args:
        job: counts what is left out.
        language: that was translated to and from.
        trained: rows of ``translate_train``.
        english: the English training set, which the file must be parallel to.
    """
    path, _, reading = _read(job, language)
    _check_rows(job, language, path, reading, len(english))
    texts: dict[str, TaggedRow] = {row.id: row for row in reading.rows}
    if not (job.artificial or job.own_translations):
        _check_order(path, english, texts)
    return [
        row._replace(tokens=text.tokens, tags=text.tags)
        for row, text in _matched(job, language, path, trained, texts)
    ]


def questions(
    job: Job, language: str, trained: list[QuestionRow], english: list[QuestionRow]
) -> list[QuestionRow]:
    """Return the back-translations of translated questions and contexts, without answers.

    Args:
        job: counts what is left out.
        language: that was translated to and from.
        trained: rows of ``translate_train``.
        english: all rows of the English training set.

    Raises:
        DataError: questions of a file cannot be told by their ids.
    """
    path, _, reading = _read(job, language)
    known = {row.id for row in english}
    joined = join_translations(english, reading.rows)
    if not joined.by_id or not all(row.id in known for row in trained):
        what = "translations" if joined.by_id else "back-translations"
        raise DataError(
            f"the ids of the {what} are not those of the English questions, so none can be paired "
            "with its original",
            where=f"{path}; language {language}",
            allowed="the ids of the English training set; where those repeat from paragraph to "
            "paragraph, as many questions too",
            fix="use files that keep the ids, or leave out the methods that read pairs",
        )
    _drop_unknown(job, language, path, joined.unknown, reading)
    texts = {row.id: row for row in joined.rows}
    # The join gave them the groups of the English questions, as it did for the translations.
    return [text for _, text in _matched(job, language, path, trained, texts)]


def _read(job: Job, language: str) -> tuple[Path, str, Reading]:
    """Return path, format and rows of a file; damaged rows are counted."""
    if job.train_split != "train":
        raise no_back_translations(job.task, job.train_split)
    file = job.raw.one("back_translation", "train", language)
    path, reading = job.raw.path(file), job.raw.read(file)
    for reason, count in sorted(reading.dropped.items()):
        job.drop(_FILE + reason, language, count)
    return path, file.format, reading


def _check_rows(job: Job, language: str, path: Path, reading: Reading, expected: int) -> None:
    what = f"{job.task} back-translations {language}"
    check_row_count(path, reading.total, expected, what)


def _drop_unknown(
    job: Job, language: str, path: Path, unknown: int, reading: Reading, example: str = ""
) -> None:
    """Count back-translations of what is not in the English training set."""
    check_loss(path, unknown, reading.total, UNKNOWN, limit=LARGEST_LOSS, example=example)
    job.drop(UNKNOWN, language, unknown)


def _matched(
    job: Job, language: str, path: Path, trained: Sequence[R], texts: dict[str, R]
) -> list[tuple[R, R]]:
    """Return translated rows with their back-translations; those without one are counted."""
    found = [(row, texts[row.id]) for row in trained if row.id in texts]
    missing = len(trained) - len(found)
    limit = job.largest_loss
    check_loss(path, missing, len(trained), NO_BACK_TRANSLATION, limit=limit)
    job.drop(NO_BACK_TRANSLATION, language, missing)
    return found


def _check_order(path: Path, english: list[TaggedRow], texts: dict[str, TaggedRow]) -> None:
    """Raise :class:`DataError` if a stretch of sentences fits its neighbours better than itself.

    A lost blank line moves all sentences after it; numbers alone do not show that if another one is
    too many.
    """
    for start in range(0, max(0, len(english) - _ENOUGH + 1), _STRETCH):
        rows = english[start : start + _STRETCH]
        own = sum(_common(row, texts.get(row.id)) for row in rows)
        before = sum(_common(row, texts.get(last.id)) for last, row in pairwise(rows))
        after = sum(_common(row, texts.get(following.id)) for row, following in pairwise(rows))
        if own <= max(before, after):
            raise DataError(
                "the sentences do not stand in the order of the English training set",
                where=f"{path}, sentences {start + 1} to {start + len(rows)}",
                allowed="sentence i is the back-translation of sentence i, a blank line after each",
                fix="a sentence is lost or split there: one that has no back-translation is a line "
                "with an empty word, a tab and any text",
            )


def _common(row: TaggedRow, text: TaggedRow | None) -> float:
    """Return the share of different words of a sentence that its back-translation has too."""
    words = set(row.tokens)
    return len(words.intersection(text.tokens)) / len(words) if text else 0.0
