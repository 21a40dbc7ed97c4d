# SPDX-License-Identifier: Apache-2.0
"""Scores of a submission, equal to the last digit to those of XTREME's ``evaluate.py``.

Stricter in three points, never different in a number: a tagging file whose sentences have another
number of tags than the labels, a BUCC line that is no pair, and files of other encodings are
refused with file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from xling.errors import DataError, XlingError
from xling.logs import log
from xling.metrics import chunks, mining, mlqa, squad
from xling.xtreme import GROUPS, LANGUAGES, file_name
from xling.xtreme.aggregate import Averages, aggregate
from xling.xtreme.read import (
    read_answers,
    read_lines,
    read_pairs,
    read_questions,
    read_sentences,
)

Values = dict[str, float]

_OFFICIAL = {"em": "exact_match"}  # names that differ from ours


def evaluate(predictions: Path, labels: Path) -> dict[str, Any]:
    """Score every task whose folder is on both sides.

    Args:
        predictions: folder with ``<task>/test-<language>.tsv`` (``.json`` for the QA tasks).
        labels: folder of the same layout.

    Returns:
        ``all_task`` if all nine tasks are there, the means of the groups that are complete, then
        per task: metric -> language -> value, the ``avg_<metric>``, and ``avg_metric``, the score
        of the task.  All values are 0 to 100.

    Raises:
        DataError: no task is on both sides, a language's file is missing (all are named), or a
            file does not fit its labels.
    """
    tasks = _tasks(predictions, labels)
    _check_files(tasks, (predictions, labels))
    scores = {
        task: {
            language: _SCORERS[task](
                predictions / task / file_name(task, language),
                labels / task / file_name(task, language),
                language,
            )
            for language in LANGUAGES[task]
        }
        for task in tasks
    }
    return _official(scores, aggregate(scores))


def _tasks(predictions: Path, labels: Path) -> list[str]:
    """Return the tasks on both sides; warn of those on one side only."""
    both = []
    for task in LANGUAGES:
        sides = [folder for folder in (predictions, labels) if (folder / task).is_dir()]
        if len(sides) == 2:
            both.append(task)
        elif sides:
            log.warning("%s is not scored: its folder is in %s only", task, sides[0])
    if not both:
        raise DataError(
            "no task has a folder on both sides",
            where=f"{predictions} and {labels}",
            allowed=f"one or more of {', '.join(LANGUAGES)}",
            fix="give the folders that hold the tasks' folders",
        )
    return both


def _check_files(tasks: Sequence[str], sides: Sequence[Path]) -> None:
    missing = [
        str(path)
        for task in tasks
        for language in LANGUAGES[task]
        for side in sides
        if not (path := side / task / file_name(task, language)).is_file()
    ]
    if missing:
        raise DataError(
            f"{len(missing)} files are missing",
            where="\n           ".join(missing),
            allowed="every language of a task that has a folder",
            fix="add the files, or take away the folder of the task",
        )


def _official(scores: dict[str, dict[str, Values]], averages: Averages) -> dict[str, Any]:
    """Return the scores in the shape and order of ``evaluate.py``."""
    result: dict[str, Any] = {}
    if not averages.all_task.missing:
        result["all_task"] = averages.all_task.score
    for group in GROUPS:
        if group in averages.groups and not averages.groups[group].missing:
            result[group] = averages.groups[group].score
    for task, mean in averages.tasks.items():
        per_language = scores[task]
        values: dict[str, Any] = {
            _OFFICIAL.get(metric, metric): {
                language: per_language[language][metric] for language in mean.languages
            }
            for metric in mean.metrics
        }
        values |= {f"avg_{_OFFICIAL.get(m, m)}": value for m, value in mean.metrics.items()}
        result[task] = values | {"avg_metric": mean.score}
    return result


def _accuracy(predictions: Path, labels: Path, language: str) -> Values:
    del language
    predicted, gold = read_lines(predictions), read_lines(labels)
    if len(predicted) != len(gold):
        raise _counts(len(predicted), len(gold), "lines", predictions, labels)
    if not gold:
        raise DataError("a file is empty", where=str(predictions), allowed="one line per row")
    equal = sum(p == g for p, g in zip(predicted, gold, strict=True))
    return {"accuracy": equal / len(predicted) * 100}


def _tagging(predictions: Path, labels: Path, language: str) -> Values:
    predicted, gold = read_sentences(predictions), read_sentences(labels)
    if len(predicted.tags) != len(gold.tags):
        raise _counts(len(predicted.tags), len(gold.tags), "sentences", predictions, labels)
    for i, (given, known) in enumerate(zip(predicted.tags, gold.tags, strict=True)):
        if len(given) != len(known):
            raise DataError(
                f"sentence {i + 1} has {len(given)} tags for {len(known)} words",
                where=f"{predictions}, line {predicted.lines[i]}\n"
                f"           {labels}, line {gold.lines[i]}",
                allowed="as many tags as the labels have",
                fix="join the parts of sentences that were split before the model saw them",
            )
    try:
        return chunks.f1(gold.tags, predicted.tags, language=language)._asdict()
    except DataError as error:
        raise _located(error, predictions) from error


def _mining(predictions: Path, labels: Path, language: str) -> Values:
    del language
    gold, predicted = read_pairs(labels), read_pairs(predictions)
    try:
        return mining.pair_scores(gold, predicted)._asdict()
    except DataError as error:
        raise _located(error, labels) from error


def _squad(predictions: Path, labels: Path, language: str) -> Values:
    del language
    return _answers(predictions, labels, squad.evaluate)


def _mlqa(predictions: Path, labels: Path, language: str) -> Values:
    return _answers(predictions, labels, lambda gold, given: mlqa.evaluate(gold, given, language))


def _answers(
    predictions: Path,
    labels: Path,
    score: Callable[[list[list[str]], list[str | None]], squad.AnswerScores],
) -> Values:
    answers, questions = read_answers(predictions), read_questions(labels)
    missing = sum(key not in answers for key in questions.ids)
    if missing:
        log.warning("%s: questions without an answer, which score 0: %d", predictions, missing)
    unknown = len(answers.keys() - set(questions.ids))
    if unknown:
        log.warning("%s: answers to questions not asked, ignored: %d", predictions, unknown)
    try:
        return score(questions.golds, [answers.get(key) for key in questions.ids])._asdict()
    except DataError as error:
        raise _located(error, labels) from error


_SCORERS: dict[str, Callable[[Path, Path, str], Values]] = {
    "pawsx": _accuracy,
    "xnli": _accuracy,
    "panx": _tagging,
    "udpos": _tagging,
    "bucc2018": _mining,
    "tatoeba": _accuracy,
    "xquad": _squad,
    "mlqa": _mlqa,
    "tydiqa": _squad,
}


def _counts(found: int, expected: int, what: str, predictions: Path, labels: Path) -> DataError:
    return DataError(
        f"{found} {what} of predictions for {expected} {what} of labels",
        where=f"{predictions}\n           {labels}",
        allowed=f"equally many {what}",
        fix="predict exactly the rows of the labels, in their order",
    )


def _located(error: XlingError, path: Path) -> DataError:
    """Return the error with the file in front of where it was found."""
    where = f"{path}, {error.where}" if error.where else str(path)
    return DataError(error.what, where=where, allowed=error.allowed, fix=error.fix)
