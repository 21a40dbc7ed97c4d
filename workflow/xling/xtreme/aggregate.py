# SPDX-License-Identifier: Apache-2.0
"""XTREME's averages: over the languages of a task, the tasks of a group, and all nine tasks.

All means are unweighted, English counts as a language.  A mean over less than XTREME's languages or
tasks is returned too, with what it lacks: it is not XTREME's average and must not be called so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

from xling.errors import DataError, nearest
from xling.xtreme import GROUPS, LANGUAGES, MAIN_METRICS

TaskScores = Mapping[str, Mapping[str, float]]
"""Language -> metric -> value of one task."""


@dataclass(frozen=True)
class TaskMean:
    """One task.

    Attributes:
        metrics: mean of each metric over the languages.
        score: the mean that counts; for question answering half the sum of exact match and F1.
        languages: languages in the mean: XTREME's in its order, then others, sorted.
        missing: XTREME's languages that are not in it.
        others: languages in it that XTREME's task does not have.
    """

    metrics: dict[str, float]
    score: float
    languages: tuple[str, ...]
    missing: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def is_xtreme(self) -> bool:
        """Whether this is the mean over exactly XTREME's languages."""
        return not (self.missing or self.others)


@dataclass(frozen=True)
class GroupMean:
    """The tasks of one group, or all tasks.

    Attributes:
        score: mean of the tasks' scores.
        tasks: tasks in the mean.
        missing: tasks that are not in it.
        partial: tasks in it whose own mean is not XTREME's.
    """

    score: float
    tasks: tuple[str, ...]
    missing: tuple[str, ...]
    partial: tuple[str, ...]

    @property
    def is_xtreme(self) -> bool:
        """Whether this is the mean over exactly XTREME's tasks and languages."""
        return not (self.missing or self.partial)


@dataclass(frozen=True)
class Averages:
    """All averages that the given scores allow; a group without any task is left out."""

    tasks: dict[str, TaskMean]
    groups: dict[str, GroupMean]
    all_task: GroupMean


def aggregate(scores: Mapping[str, TaskScores]) -> Averages:
    """Return the averages of ``{task: {language: {metric: value}}}``.

    Raises:
        DataError: no task, a task XTREME does not have, a task without languages, a task's main
            metric is missing, or the languages of a task have different metrics.
    """
    for task in scores:
        if task not in LANGUAGES:
            raise DataError(
                f"XTREME has no task '{task}'",
                allowed=", ".join(sorted(LANGUAGES)),
                fix=nearest(task, LANGUAGES),
            )
    if not scores:
        raise DataError("there are no scores to average", allowed="at least one task")
    tasks = {task: _task_mean(task, scores[task]) for task in LANGUAGES if task in scores}
    groups = {
        group: _group_mean(names, tasks)
        for group, names in GROUPS.items()
        if any(name in tasks for name in names)
    }
    return Averages(tasks, groups, _group_mean(tuple(LANGUAGES), tasks))


def mean(values: Iterable[float]) -> float:
    """Return the mean, adding from left to right as ``evaluate.py`` did when it was published.

    ``sum`` does so up to Python 3.11 only; later ones correct for rounding, and the last digit of
    a mean would depend on the interpreter.
    """
    listed = list(values)
    return reduce(add, listed, 0.0) / len(listed)


def _task_mean(task: str, scores: TaskScores) -> TaskMean:
    known = tuple(code for code in LANGUAGES[task] if code in scores)
    others = tuple(sorted(code for code in scores if code not in LANGUAGES[task]))
    languages = known + others
    if not languages:
        raise DataError(f"no language of {task} has a score", allowed="at least one language")
    names = tuple(scores[languages[0]])
    for language in languages:
        _check_metrics(task, language, names, tuple(scores[language]))
    metrics = {name: mean(scores[code][name] for code in languages) for name in names}
    return TaskMean(
        metrics=metrics,
        score=mean(metrics[name] for name in MAIN_METRICS[task]),
        languages=languages,
        missing=tuple(code for code in LANGUAGES[task] if code not in scores),
        others=others,
    )


def _check_metrics(
    task: str, language: str, expected: tuple[str, ...], found: tuple[str, ...]
) -> None:
    """Refuse a mean over languages that were not all scored alike."""
    needed = {*expected, *MAIN_METRICS[task]}
    if needed != set(found):
        differing = ", ".join(sorted(needed ^ set(found)))
        raise DataError(
            f"the languages of {task} have different metrics: {differing}",
            where=f"language {language}",
            allowed=f"the same in all languages, with {' and '.join(MAIN_METRICS[task])}",
            fix="score the run again",
        )


def _group_mean(names: tuple[str, ...], tasks: Mapping[str, TaskMean]) -> GroupMean:
    present = tuple(name for name in names if name in tasks)
    return GroupMean(
        score=mean(tasks[name].score for name in present),
        tasks=present,
        missing=tuple(name for name in names if name not in tasks),
        partial=tuple(name for name in present if not tasks[name].is_xtreme),
    )
