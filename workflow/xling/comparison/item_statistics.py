# SPDX-License-Identifier: Apache-2.0
"""What each test item contributes to a run's score: numbers whose means over items give the score.

The definitions are those of the scores: labels, chunks and answers are compared by the code of
:mod:`xling.metrics`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.metrics import chunks, squad
from xling.score import STANDARD, shown_of
from xling.stats.items import f1_score, mean_score
from xling.stats.resampling import Floats, Score
from xling.tasks import Task
from xling.tasks.by_setting import COLUMN
from xling.tasks.predicted import grouped
from xling.tasks.qa import normalizer

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class LanguageItems:
    """One language's items.

    Attributes:
        ids: in the order of the predictions.
        values: shape [items, statistics].
    """

    ids: tuple[str, ...]
    values: Floats


@dataclass(frozen=True)
class RunItems:
    """One run's items.

    Attributes:
        setting: the one that tables show (``xling.score.HEADLINES``).
        languages: in the order of the predictions.
    """

    setting: str
    languages: dict[str, LanguageItems]


def score_of(task: Task) -> Score:
    """Return the function from means of an item's statistics to the task's main metric."""
    return f1_score if task.family == "tagging" else mean_score


def item_statistics(predictions: pa.Table, task: Task) -> RunItems:
    """Return each item's part of the task's main metric.

    Classification: 0 or 100.  Tagging: chunks that are right, predicted and gold.  Question
    answering: F1, 0 to 100.

    Raises:
        DataError: a missing column, no rows, or an item that is there twice in a language.
    """
    setting, rows = _shown(predictions)
    return RunItems(setting, _FAMILIES[task.family](rows, task))


def _shown(predictions: pa.Table) -> tuple[str, pa.Table]:
    """Return the setting that tables show, and its rows."""
    import pyarrow.compute as pc

    if COLUMN not in predictions.column_names:
        return STANDARD, predictions
    setting = shown_of(predictions[COLUMN].unique().to_pylist())
    return setting, predictions.filter(pc.equal(predictions[COLUMN], setting))


def _classification(rows: pa.Table, task: Task) -> dict[str, LanguageItems]:
    del task
    found = {}
    for (language,), items in _grouped(rows, ("language",), ("label", "prediction")):
        ids, gold, predicted = zip(*items, strict=True)
        right = [g.strip() == p.strip() for g, p in zip(gold, predicted, strict=True)]
        found[language] = LanguageItems(ids, 100.0 * np.array(right, dtype=np.float64)[:, None])
    return found


def _tagging(rows: pa.Table, task: Task) -> dict[str, LanguageItems]:
    del task
    found = {}
    for (language,), items in _grouped(rows, ("language",), ("tags", "prediction")):
        ids, gold, predicted = zip(*items, strict=True)
        counts = chunks.sentence_counts(gold, predicted, language=language)
        found[language] = LanguageItems(ids, counts.astype(np.float64))
    return found


def _qa(rows: pa.Table, task: Task) -> dict[str, LanguageItems]:
    found = {}
    groups = _grouped(rows, ("language", "text_language"), ("answers", "prediction"))
    for (language, text_language), items in groups:
        ids, golds, answers = zip(*items, strict=True)
        scores = squad.question_scores(golds, answers, normalizer(task, text_language))
        values = np.array([[100.0 * one.f1] for one in scores])
        found[language] = LanguageItems(ids, values)
    return found


def _grouped(rows: pa.Table, by: tuple[str, ...], values: tuple[str, ...]) -> Any:
    return grouped(rows, by, ("id",), values).items()


_FAMILIES: dict[str, Callable[[pa.Table, Task], dict[str, LanguageItems]]] = {
    "classification": _classification,
    "tagging": _tagging,
    "qa": _qa,
}
