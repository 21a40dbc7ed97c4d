# SPDX-License-Identifier: Apache-2.0
"""Prepared splits of sentence pairs (XNLI, PAWS-X)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal

from xling.data import back_translated
from xling.data.checks import (
    LARGEST_OVERLAP,
    check_loss,
    check_published_labels,
    check_row_count,
    check_spread,
)
from xling.data.gold_english import english_rows
from xling.data.job import Job, Own
from xling.data.joins import Side, check_parallel, join_by_id, join_by_pair
from xling.data.readers.rows import UNKNOWN_LABEL, Row
from xling.tasks import SOURCE_LANGUAGE

# Why rows are left out, as the summary says it.
LABEL_UNKNOWN = "label unknown ('?')"
UNTRANSLATED = "not translated (NS)"
IN_TEST = "also in the test set"
NO_TRANSLATION = "no translation"

# Lines of a file of translations, not rows of the table.
_TRANSLATION_FILE = "translation file: "
UNKNOWN_TEXT = _TRANSLATION_FILE + "translates another text"


def _labelled(job: Job, split: Own, language: str) -> list[Row]:
    """Return all rows of a benchmark's own split, verified; unknown labels are still there."""
    if (split, language) in job.verified:
        return job.verified[split, language]
    rows = job.raw.labelled(split, language)
    path = job.raw.path(job.raw.one("labelled", split, language))
    job.check_rows(path, split, language, len(rows))
    found = Counter(row.label for row in rows)
    check_spread(path, found, f"{job.task} {split} {language}")
    if not job.artificial:
        check_published_labels(path, job.task, split, language, found)
    if language != SOURCE_LANGUAGE:
        check_parallel(_side(job, split, SOURCE_LANGUAGE), Side(path, rows))
    job.verified[split, language] = rows
    return rows


def _side(job: Job, split: Own, language: str) -> Side:
    path = job.raw.path(job.raw.one("labelled", split, language))
    return Side(path, _labelled(job, split, language))


def _known(job: Job, rows: list[Row]) -> list[Row]:
    return job.without(LABEL_UNKNOWN, rows, lambda row: row.label == UNKNOWN_LABEL)


def _dev(job: Job, language: str) -> list[Row]:
    return _known(job, _labelled(job, "dev", language))


def _test(job: Job, language: str) -> list[Row]:
    return _known(job, _labelled(job, "test", language))


def _train(job: Job, language: str) -> list[Row]:
    rows = _known(job, _labelled(job, job.train_split, language))
    return _outside_test(job, rows) if job.train_split == "dev" else rows


def _translate_train(job: Job, language: str) -> list[Row]:
    if job.train_split == "dev":
        # The dev set was translated by people, so its other languages are translations.
        rows = _known(job, _labelled(job, "dev", language))
        rows = job.without(UNTRANSLATED, rows, lambda row: row.not_translated)
        return _outside_test(job, rows)
    rows = _translated(job, "translate_train", language, _side(job, "train", SOURCE_LANGUAGE))
    return job.without(UNTRANSLATED, rows, lambda row: row.not_translated)


def _translate_test(job: Job, language: str) -> list[Row]:
    side = _side(job, "test", language)
    if language == SOURCE_LANGUAGE:
        return _known(job, side.rows)
    return _known(job, _translated(job, "translate_test", language, side))


def _back_translate(job: Job, language: str) -> list[Row]:
    if language == SOURCE_LANGUAGE:
        return _train(job, language)
    trained = _translate_train(job.as_split("translate_train"), language)
    return back_translated.pairs(job, language, trained, _side(job, "train", SOURCE_LANGUAGE))


def _gold_english(job: Job, language: str) -> list[Row]:
    side = _side(job, "test", language)
    tested = _known(job, side.rows)
    # English rows whose label is unknown are originals all the same.
    found = english_rows(job, tested, _labelled(job, "test", SOURCE_LANGUAGE), side.path)
    labels = {row.id: row.label for row in tested}
    return [row._replace(label=labels[row.id]) for row in found]


def _outside_test(job: Job, rows: list[Row]) -> list[Row]:
    """Leave out training rows whose two sentences are also in the test set of their language.

    Only where the training set is of our making (the dev set): published training sets stay whole.
    """
    language = rows[0].language
    tested = {(row.sentence1, row.sentence2) for row in job.raw.labelled("test", language)}
    kept = job.without(IN_TEST, rows, lambda row: (row.sentence1, row.sentence2) in tested)
    path = job.raw.path(job.raw.one("labelled", "dev", language))
    check_loss(path, len(rows) - len(kept), len(rows), IN_TEST, limit=LARGEST_OVERLAP)
    return kept


def _translated(
    job: Job, role: Literal["translate_train", "translate_test"], language: str, side: Side
) -> list[Row]:
    """Return the rows of ``side`` as a file of machine translations has them."""
    split = "train" if role == "translate_train" else "test"
    file = job.raw.one(role, split, language)
    path = job.raw.path(file)
    reading = job.raw.read(file)
    limit = job.largest_loss
    check_loss(path, reading.dropped.total(), reading.total, "malformed", limit=limit)
    for reason, count in sorted(reading.dropped.items()):
        job.drop(_TRANSLATION_FILE + reason, language, count)
    if reading.translations:
        joined = join_by_pair(side, reading.translations, path, language)
    else:
        if file.format == "xnli-mt-1.0":  # row-parallel by construction
            check_row_count(path, reading.total, len(side.rows), f"{job.task} {role} {language}")
        joined = join_by_id(side, Side(path, reading.rows))
    total = len(side.rows)
    check_loss(
        path,
        joined.unknown,
        reading.total,
        "not in the source",
        limit=limit,
        example=joined.example,
    )
    check_loss(path, joined.missing, total, "no translation", limit=limit)
    job.drop(NO_TRANSLATION, language, joined.missing)
    job.drop(UNKNOWN_TEXT, language, joined.unknown)
    return joined.rows


SPLITS: dict[str, Callable[[Job, str], list[Row]]] = {
    "train": _train,
    "translate_train": _translate_train,
    "dev": _dev,
    "test": _test,
    "translate_test": _translate_test,
    "back_translate": _back_translate,
    "gold_english": _gold_english,
}
