# SPDX-License-Identifier: Apache-2.0
"""Prepared splits of question answering (XQuAD, MLQA, TyDiQA-GoldP)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from xling.data import back_translated
from xling.data.checks import LARGEST_LOSS, check_loss
from xling.data.gold_english import english_rows
from xling.data.held_out import held_out_groups
from xling.data.job import Job, Own
from xling.data.question_joins import check_same_questions, join_translations
from xling.data.readers.rows import QuestionRow
from xling.data.readers.squad_json import NOT_FOUND
from xling.errors import DataError, UsageError
from xling.tasks import SOURCE_LANGUAGE, TASKS

# Why rows are left out, as the summary says it.
ANSWER_NOT_FOUND = "answer not found in the context"
IN_TEST = "also in the test set"
NO_TRANSLATION = "no translation"

# Questions of a translation file, not rows of the table.
_TRANSLATION_FILE = "translation file: "
UNKNOWN_QUESTION = _TRANSLATION_FILE + "translates another question"

#: Ours: translating an answer within its context fails for 3 % of XQuAD's questions and may fail
#: for more of SQuAD's; a file that lacks half of them is another file.
LARGEST_UNTRANSLATED = 0.5


def _path(job: Job, split: Own, language: str) -> Path:
    return job.raw.path(job.raw.one("labelled", split, language))


def _labelled(job: Job, split: Own, language: str) -> list[QuestionRow]:
    """Return all rows of a benchmark's own split, verified, with the answers that were found."""
    if (split, language) in job.verified:
        return job.verified[split, language]
    rows: list[QuestionRow] = list(job.raw.labelled(split, language))  # type: ignore[arg-type]
    path = _path(job, split, language)
    job.check_rows(path, split, language, len(rows))
    if TASKS[job.task].parallel and language != SOURCE_LANGUAGE:
        source = _labelled(job, split, SOURCE_LANGUAGE)
        rows = check_same_questions(_path(job, split, SOURCE_LANGUAGE), source, path, rows)
    rows = [_with_found_answers(row) for row in rows]
    lost = sum(not row.answers for row in rows)
    # A question without answer can be left out of training, but not out of a test.
    limit = LARGEST_LOSS if split != job.test_split else 0.0
    check_loss(path, lost, len(rows), ANSWER_NOT_FOUND, limit=limit)
    job.verified[split, language] = rows
    return rows


def _with_found_answers(row: QuestionRow) -> QuestionRow:
    if NOT_FOUND not in row.starts:
        return row
    kept = [(a, s) for a, s in zip(row.answers, row.starts, strict=True) if s != NOT_FOUND]
    return row._replace(answers=tuple(a for a, _ in kept), starts=tuple(s for _, s in kept))


def _answered(job: Job, rows: list[QuestionRow]) -> list[QuestionRow]:
    return job.without(ANSWER_NOT_FOUND, rows, lambda row: not row.answers)


def _tested_ids(job: Job, language: str) -> set[str]:
    """Return the ids of the questions that are scored in a language."""
    rows = _labelled(job, job.test_split, language)
    if not job.shared_split:
        return {row.id for row in rows}
    codes = [language]
    if TASKS[job.task].parallel:
        files = job.raw.manifest.files
        codes = sorted(
            {f.language for f in files if f.role == "labelled" and f.split == job.test_split}
        )
    sides = [_labelled(job, job.test_split, code) for code in codes]
    texts = [(row.group, row.context) for side in sides for row in side]
    try:
        groups = held_out_groups(texts, job.held_out)
    except ValueError as error:
        raise DataError(
            f"the {job.test_split} split of {job.task} {language} cannot be divided: {error}",
            where=str(_path(job, job.test_split, language)),
            allowed="several paragraphs, if one split is trained on and tested",
            fix="set train_split and test_split to different splits",
        ) from error
    return {row.id for row in rows if row.group in groups}


def _dev(job: Job, language: str) -> list[QuestionRow]:
    return _answered(job, _labelled(job, "dev", language))


def _test(job: Job, language: str) -> list[QuestionRow]:
    tested = _tested_ids(job, language)
    return [row for row in _labelled(job, job.test_split, language) if row.id in tested]


def _train(job: Job, language: str) -> list[QuestionRow]:
    return _answered(job, _trainable(job, language))


def _trainable(job: Job, language: str) -> list[QuestionRow]:
    """Return the rows of the training split that are not tested."""
    rows = _labelled(job, job.train_split, language)
    if job.train_split == "train" and not job.shared_split:
        return rows  # published training sets stay whole
    tested = _tested_ids(job, language)
    if job.shared_split:
        return [row for row in rows if row.id not in tested]
    # XQuAD was made of SQuAD's dev set: same ids, same paragraphs.
    texts = {row.context for row in _labelled(job, job.test_split, language)}
    kept = job.without(IN_TEST, rows, lambda row: row.id in tested or row.context in texts)
    if not kept:
        raise DataError(
            f"every row of the {job.train_split} split of {job.task} {language} is also in the "
            "test set",
            where=str(_path(job, job.train_split, language)),
            allowed="a training split that is not tested",
            fix=f"choose another train_split or test_split for {job.task}",
        )
    return kept


def _translate_train(job: Job, language: str) -> list[QuestionRow]:
    if job.train_split == "train":
        return _translated(job, "translate_train", language, _trainable(job, SOURCE_LANGUAGE))
    if not TASKS[job.task].parallel:
        raise UsageError(
            f"the other languages of {job.task}'s {job.train_split} split are no translations",
            where=f"tasks.{job.task}.train_split",
            allowed="train, or methods that need no translated training rows",
        )
    return _train(job, language)


def _translate_test(job: Job, language: str) -> list[QuestionRow]:
    if language == SOURCE_LANGUAGE:
        return _test(job, language)
    return _translated(job, "translate_test", language, _test(job, language))


def _back_translate(job: Job, language: str) -> list[QuestionRow]:
    if language == SOURCE_LANGUAGE:
        return _train(job, language)
    english = _labelled(job, job.train_split, SOURCE_LANGUAGE)
    trained = _translate_train(job.as_split("translate_train"), language)
    return back_translated.questions(job, language, trained, english)


def _gold_english(job: Job, language: str) -> list[QuestionRow]:
    tested = _test(job, language)
    english = _labelled(job, job.test_split, SOURCE_LANGUAGE)
    return english_rows(job, tested, english, _path(job, job.test_split, language))


def _translated(
    job: Job,
    role: Literal["translate_train", "translate_test"],
    language: str,
    wanted: list[QuestionRow],
) -> list[QuestionRow]:
    """Return the ``wanted`` rows as a file of machine translations has them."""
    split = job.train_split if role == "translate_train" else job.test_split
    source = SOURCE_LANGUAGE if role == "translate_train" else language
    file = job.raw.one(role, split, language)
    path = job.raw.path(file)
    reading = job.raw.read(file)
    for reason, count in sorted(reading.dropped.items()):
        job.drop(_TRANSLATION_FILE + reason, language, count)
    joined = join_translations(_labelled(job, split, source), reading.rows)
    if not joined.by_id:
        _refuse_mixture(job, path)
        job.notes.append(f"{language}: ids of the translations are not those of the original")
        rows = joined.rows
    else:
        job.drop(UNKNOWN_QUESTION, language, joined.unknown)
        check_loss(path, joined.unknown, reading.total, UNKNOWN_QUESTION, limit=LARGEST_LOSS)
        ids = {row.id for row in wanted}
        rows = [row for row in joined.rows if row.id in ids]
    job.drop(NO_TRANSLATION, language, max(0, len(wanted) - len(rows)))
    kept = _answered(job, [_with_found_answers(row) for row in rows])
    check_loss(
        path, len(wanted) - len(kept), len(wanted), NO_TRANSLATION, limit=LARGEST_UNTRANSLATED
    )
    return kept


def _refuse_mixture(job: Job, path: Path) -> None:
    """Refuse translations that cannot be divided as the split they were made of."""
    if job.shared_split:
        raise DataError(
            "the ids of the translations are not those of the original",
            where=str(path),
            allowed="the same ids, because one part of the split is trained on and another tested",
            fix="set train_split and test_split to different splits, or leave out the methods that "
            "use translations",
        )


SPLITS: dict[str, Callable[[Job, str], list[QuestionRow]]] = {
    "train": _train,
    "translate_train": _translate_train,
    "dev": _dev,
    "test": _test,
    "translate_test": _translate_test,
    "back_translate": _back_translate,
    "gold_english": _gold_english,
}
