# SPDX-License-Identifier: Apache-2.0
"""Accuracy against a slow, obvious version."""

from __future__ import annotations

import random

import pytest

from xling.errors import DataError
from xling.metrics import LABEL_METRICS
from xling.metrics.accuracy import accuracy, majority
from xling.tasks import TASKS


def slow_accuracy(gold: list[str], predicted: list[str]) -> float:
    """Count as XTREME's evaluator does: equal lines / number of prediction lines x 100."""
    equal = 0
    for i in range(len(predicted)):
        if gold[i].strip() == predicted[i].strip():
            equal = equal + 1
    return equal / len(predicted) * 100


@pytest.mark.parametrize("seed", range(20))
def test_accuracy_equals_the_slow_version(seed: int) -> None:
    rng = random.Random(seed)
    labels = ["contradiction", "entailment", "neutral", " neutral\n", "neutral "]
    n = rng.randint(1, 400)
    gold = rng.choices(labels, k=n)
    predicted = rng.choices(labels, k=n)
    assert accuracy(gold, predicted) == pytest.approx(slow_accuracy(gold, predicted), abs=1e-9)


def test_accuracy_by_hand() -> None:
    assert accuracy(["1", "0", "1", "1"], ["1", "0", "0", "1"]) == 75.0
    assert accuracy(["entailment"], ["Entailment"]) == 0.0
    assert accuracy(["entailment"], [" entailment\n"]) == 100.0
    assert accuracy(["0", "1", "1"], ["0", "0", "0"]) == 1 / 3 * 100


def test_majority_by_hand() -> None:
    assert majority(["0", "1", "0", "0 "]) == 75.0
    assert majority(["neutral"]) == 100.0
    # XNLI's test set: 1,670 rows per class.
    assert majority([str(i % 3) for i in range(5010)]) == pytest.approx(100 / 3)


def test_another_length_is_refused() -> None:
    with pytest.raises(DataError, match="1 predictions for 2 gold labels"):
        accuracy(["0", "1"], ["0"])


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError):
        accuracy([], [])
    with pytest.raises(DataError):
        majority([])


def test_every_task_has_its_metric() -> None:
    for task in TASKS.values():
        if task.family == "classification":
            metric = LABEL_METRICS[task.metric]
            assert metric.name == task.metric
            assert metric.signature == "accuracy|scale:100|case:exact|v:1"
