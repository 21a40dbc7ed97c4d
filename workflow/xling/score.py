# SPDX-License-Identifier: Apache-2.0
"""From labels to scores, and what is suspicious about the scores of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from xling.errors import DataError
from xling.metrics import LABEL_METRICS
from xling.records import Score
from xling.tasks import SOURCE_LANGUAGE, Task

if TYPE_CHECKING:
    import pyarrow as pa

STANDARD = "standard"
#: Ends the name of a setting that averages the logits of a test row and of its English side.
MEAN = "_mean"
#: A majority of noisy readings of a test row (robust training).
SMOOTHED = "smoothed"
COLUMNS = ("id", "language", "label", "prediction")
COLLAPSED = "collapsed"

# Ours: a diverged run gives nearly every row the same label, so it lies at chance but for a few
# rows; two points (three standard errors of XNLI's 5,010 rows) leave room for those.
COLLAPSE_POINTS = 2.0
# Ours: the usual two-sided 5 % level of a binomial, rounded up.
CHANCE_ERRORS = 2.0
# What a table shows of a run that was tested in several ways: the plain test; else X-Mixup with
# translated test items, and for classification the mean of both streams, as in the released code.
# Gold English items are an oracle, shown only where nothing else was asked for.
HEADLINES = (STANDARD, SMOOTHED, "translate_test_mean", "translate_test", "gold_mean", "gold")
# Ours: points of F1 that mean nothing.
F1_MARGIN = 1.0


def score_labels(predictions: pa.Table, task: Task) -> list[Score]:
    """Score each language of a run by one label per row, in the table's order of languages.

    Args:
        predictions: columns ``id``, ``language``, ``label`` (gold), ``prediction``, all text;
            others are not read.  An id stands once per language.
        task: gives the metric and the allowed labels.

    Raises:
        DataError: a missing column, no rows, an unknown label, or an id that is there twice.
    """
    _require_columns(predictions, task)
    metric = LABEL_METRICS[task.metric]
    scores = []
    for part in _by_language(predictions):
        _, (language, *_), gold, predicted = zip(*_rows(part, task), strict=True)
        scores.append(
            Score(
                setting=STANDARD,
                language=language,
                metric=metric.name,
                value=metric.value(gold, predicted),
                n=len(gold),
                signature=metric.signature,
                chance=metric.chance(gold),
            )
        )
    return scores


def _by_language(predictions: pa.Table) -> Iterator[pa.Table]:
    """Yield each language's rows: pairs of languages are too many rows to be objects at once."""
    import numpy as np

    codes = predictions["language"].combine_chunks().dictionary_encode(null_encoding="encode")
    numbers = codes.indices.to_numpy()
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers, minlength=len(codes.dictionary)))
    for rows in np.split(order, ends[:-1]):
        yield predictions.take(rows)


def _require_columns(predictions: pa.Table, task: Task) -> None:
    missing = [name for name in COLUMNS if name not in predictions.column_names]
    if missing:
        raise DataError(
            f"predictions of {task.name} lack the column '{missing[0]}'",
            allowed=", ".join(COLUMNS),
            fix="run the prediction again",
        )


def _rows(predictions: pa.Table, task: Task) -> list[tuple[str, str, str, str]]:
    """Return the columns that are scored as checked rows."""
    columns = (predictions.column(name).to_pylist() for name in COLUMNS)
    rows = list(zip(*columns, strict=True))
    if not rows:
        raise DataError(f"predictions of {task.name} have no rows", fix="run the prediction again")
    seen = set()
    for row_id, language, label, prediction in rows:
        where = f"language {language}, id {row_id}"
        for kind, value in (("gold label", label), ("predicted label", prediction)):
            if not isinstance(value, str) or value.strip() not in task.labels:
                raise DataError(
                    f"unknown {kind} {value!r} in the predictions of {task.name}",
                    where=where,
                    allowed=", ".join(task.labels),
                    fix="run the prediction again; a model with other classes cannot be scored",
                )
        if (language, row_id) in seen:
            raise DataError(
                f"a row of {task.name} is predicted twice",
                where=where,
                allowed="each id once per language",
                fix="run the prediction again",
            )
        seen.add((language, row_id))
    return rows


def headline(scores: Sequence[Score]) -> list[Score]:
    """Return the scores that tables show: those of the first of :data:`HEADLINES` that is there."""
    shown = shown_of(s.setting for s in scores)
    return [s for s in scores if s.setting == shown]


def shown_of(settings: Iterable[str]) -> str:
    """Return the setting that tables show, of those that a run was tested in."""
    present = set(settings)
    return next((name for name in HEADLINES if name in present), STANDARD)


def flags(scores: Sequence[Score], task: Task) -> list[str]:
    """Say in words what is suspicious about the scores of a run that tables show.

    ``collapsed``: the source language is at most :data:`COLLAPSE_POINTS` above chance, so nothing
    was learned (a run without the source is judged by its best language).  ``at chance`` and
    ``below chance``: the languages within, or more than, :data:`CHANCE_ERRORS` binomial standard
    errors of chance; below chance often means that labels were mixed up.
    """
    main = [s for s in headline(scores) if s.metric == task.metric]
    found = []
    if main:
        source = [s for s in main if s.language == SOURCE_LANGUAGE]
        judged = source[0] if source else max(main, key=lambda s: s.value)
        if judged.value <= judged.chance + COLLAPSE_POINTS:
            found.append(f"{COLLAPSED}: {_describe(judged)}")
    for name, wanted in (("at chance", 0), ("below chance", -1)):
        listed = [_describe(s) for s in main if _side_of_chance(s) == wanted]
        if listed:
            found.append(f"{name}: {', '.join(listed)}")
    return found


def is_collapsed(run_flags: Iterable[str]) -> bool:
    """Return whether one of a run's flags says that it collapsed."""
    return any(flag.startswith(f"{COLLAPSED}:") for flag in run_flags)


def _side_of_chance(s: Score) -> int:
    """Return 1 above chance, 0 when not told apart from it, -1 below.

    The counts behind an F1 are no binomial, so it only has a margin.
    """
    if s.metric == "accuracy":
        share = s.chance / 100.0
        width = CHANCE_ERRORS * 100.0 * math.sqrt(share * (1.0 - share) / s.n)
    else:
        width = F1_MARGIN
    if abs(s.value - s.chance) <= width:
        return 0
    return 1 if s.value > s.chance else -1


def _describe(s: Score) -> str:
    return f"{s.language} ({s.metric} {s.value:.1f}, chance {s.chance:.1f}, n {s.n})"
