# SPDX-License-Identifier: Apache-2.0
"""The stage ``prepare``: raw files to one checked table per task and split.

Every file is verified against the manifest, every row is checked, rows are joined by id or by
content, and what was dropped or repaired is counted in a summary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from xling.config.study import SplitSizes
from xling.data.checks import (
    LARGEST_LOSS,
    LARGEST_OVERLAP,
    check_loss,
    check_published_labels,
    check_row_count,
    check_spread,
)
from xling.data.joins import Side, check_parallel, join_by_id, join_by_pair
from xling.data.manifest import Manifest
from xling.data.readers.raw import RawData
from xling.data.readers.rows import UNKNOWN_LABEL, Row
from xling.data.summary import summarise
from xling.data.tables import table_of
from xling.errors import UsageError
from xling.tasks import SOURCE_LANGUAGE, TASKS

TEXT = "text"
# Why rows are left out, as the summary says it.
LABEL_UNKNOWN = "label unknown ('?')"
UNTRANSLATED = "not translated (NS)"
IN_TEST = "also in the test set"
NO_TRANSLATION = "no translation"

# Lines of a file of translations, not rows of the table.
_TRANSLATION_FILE = "translation file: "
UNKNOWN_TEXT = _TRANSLATION_FILE + "translates another text"

_Own = Literal["train", "dev", "test"]


@dataclass
class _Job:
    """One call of :func:`prepare`: what it reads and what it has counted so far."""

    task: str
    split: str
    train_split: Literal["train", "dev"]
    raw: RawData
    sizes: SplitSizes | None
    dropped: dict[str, dict[str, int]] = field(default_factory=dict)
    verified: dict[tuple[str, str], list[Row]] = field(default_factory=dict)

    @property
    def artificial(self) -> bool:
        return self.sizes is not None

    def drop(self, reason: str, language: str, count: int) -> None:
        """Count rows that were left out."""
        if count:
            by_language = self.dropped.setdefault(reason, {})
            by_language[language] = by_language.get(language, 0) + count

    def without(self, reason: str, rows: list[Row], unwanted: Callable[[Row], bool]) -> list[Row]:
        """Leave out the unwanted rows and count them."""
        kept = [row for row in rows if not unwanted(row)]
        if rows:
            self.drop(reason, rows[0].language, len(rows) - len(kept))
        return kept


def prepare(
    task: str,
    split: str,
    languages: list[str],
    train_split: Literal["train", "dev"],
    manifest: Manifest,
    manifest_folder: Path,
    artificial_sizes: SplitSizes | None,
) -> tuple[pa.Table, dict[str, Any]]:
    """Return the rows of one split and a summary that can be written as JSON.

    Args:
        task: a benchmark, or ``text`` for the pre-training text.
        split: ``train``, ``translate_train``, ``dev``, ``test``, ``translate_test``; ``text`` for
            the task ``text``.
        languages: languages of the table, in this order.
        train_split: ``dev`` if the study trains on the dev set.
        manifest: raw files of the task.
        manifest_folder: where relative paths of the manifest start.
        artificial_sizes: configured rows of artificial data; None for published data, whose rows
            and labels must be those of the release.

    Returns:
        The table (columns of :mod:`xling.data.tables`; rows of a language in their original order)
        and the summary: rows, labels and untranslated rows per language, dropped rows per reason
        and language, notes, origin and sources.

    Raises:
        DataError: a file is missing, changed, damaged, or not what it should be.
        UsageError: the task has no such split.
    """
    makers = _TEXT_SPLITS if task == TEXT else _SPLITS
    if split not in makers:
        raise UsageError(
            f"the task '{task}' has no split '{split}'", where="split", allowed=", ".join(makers)
        )
    labels = () if task == TEXT else TASKS[task].labels
    raw = RawData(manifest, manifest_folder, labels)
    job = _Job(task, split, train_split, raw, artificial_sizes)
    table = pa.concat_tables([table_of(makers[split](job, language)) for language in languages])
    summary = summarise(
        task, split, table, raw, job.dropped, train_split=train_split, artificial=job.artificial
    )
    return table, summary


def _labelled(job: _Job, split: _Own, language: str) -> list[Row]:
    """Return all rows of a benchmark's own split, verified; unknown labels are still there."""
    if (split, language) in job.verified:
        return job.verified[split, language]
    rows = job.raw.labelled(split, language)
    path = job.raw.path(job.raw.one("labelled", split, language))
    expected = getattr(job.sizes, split) if job.sizes else TASKS[job.task].rows[split]
    check_row_count(path, len(rows), expected, f"{job.task} {split} {language}")
    found = Counter(row.label for row in rows)
    check_spread(path, found, f"{job.task} {split} {language}")
    if not job.artificial:
        check_published_labels(path, job.task, split, language, found)
    if language != SOURCE_LANGUAGE:
        check_parallel(_side(job, split, SOURCE_LANGUAGE), Side(path, rows))
    job.verified[split, language] = rows
    return rows


def _side(job: _Job, split: _Own, language: str) -> Side:
    path = job.raw.path(job.raw.one("labelled", split, language))
    return Side(path, _labelled(job, split, language))


def _known(job: _Job, rows: list[Row]) -> list[Row]:
    return job.without(LABEL_UNKNOWN, rows, lambda row: row.label == UNKNOWN_LABEL)


def _dev(job: _Job, language: str) -> list[Row]:
    return _known(job, _labelled(job, "dev", language))


def _test(job: _Job, language: str) -> list[Row]:
    return _known(job, _labelled(job, "test", language))


def _train(job: _Job, language: str) -> list[Row]:
    rows = _known(job, _labelled(job, job.train_split, language))
    return _outside_test(job, rows) if job.train_split == "dev" else rows


def _translate_train(job: _Job, language: str) -> list[Row]:
    if job.train_split == "dev":
        # The dev set was translated by people, so its other languages are translations.
        rows = _known(job, _labelled(job, "dev", language))
        rows = job.without(UNTRANSLATED, rows, lambda row: row.not_translated)
        return _outside_test(job, rows)
    rows = _translated(job, "translate_train", language, _side(job, "train", SOURCE_LANGUAGE))
    return job.without(UNTRANSLATED, rows, lambda row: row.not_translated)


def _translate_test(job: _Job, language: str) -> list[Row]:
    side = _side(job, "test", language)
    if language == SOURCE_LANGUAGE:
        return _known(job, side.rows)
    return _known(job, _translated(job, "translate_test", language, side))


def _outside_test(job: _Job, rows: list[Row]) -> list[Row]:
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
    job: _Job, role: Literal["translate_train", "translate_test"], language: str, side: Side
) -> list[Row]:
    """Return the rows of ``side`` as a file of machine translations has them."""
    split = "train" if role == "translate_train" else "test"
    file = job.raw.one(role, split, language)
    path = job.raw.path(file)
    reading = job.raw.read(file)
    limit = 0.0 if job.artificial else LARGEST_LOSS
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


def _text(job: _Job, language: str) -> list[Row]:
    """Return the text of a language; rows of benchmark files are texts of two sentences."""
    rows = []
    for file in job.raw.find("text", language):
        prefix = "" if file.format == "text" else f"{Path(file.path).parent.name}-"
        rows += [row._replace(id=prefix + row.id, label="") for row in job.raw.read(file).rows]
    return job.without(UNTRANSLATED, rows, lambda row: row.not_translated)


_SPLITS: dict[str, Callable[[_Job, str], list[Row]]] = {
    "train": _train,
    "translate_train": _translate_train,
    "dev": _dev,
    "test": _test,
    "translate_test": _translate_test,
}
_TEXT_SPLITS: dict[str, Callable[[_Job, str], list[Row]]] = {TEXT: _text}
