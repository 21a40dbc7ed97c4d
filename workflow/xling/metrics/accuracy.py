# SPDX-License-Identifier: Apache-2.0
"""Accuracy as in XTREME's evaluator: equal lines / number of prediction lines x 100."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from xling.errors import DataError

SIGNATURE = "accuracy|scale:100|case:exact|v:1"


def accuracy(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """Return the share of equal rows, 0 to 100; blanks around a label do not count.

    Raises:
        DataError: if there are no rows, or not as many predictions as gold labels.
    """
    if len(gold) != len(predicted):
        raise DataError(
            f"{len(predicted)} predictions for {len(gold)} gold labels",
            allowed="one prediction per row",
            fix="predict this split again",
        )
    if not gold:
        raise DataError("there are no rows to score", allowed="at least one row")
    equal = sum(g.strip() == p.strip() for g, p in zip(gold, predicted, strict=True))
    # In the evaluator's order: the last digit depends on it.
    return equal / len(gold) * 100.0


def majority(labels: Sequence[str]) -> float:
    """Return the accuracy of always answering the most frequent label, 0 to 100: chance level.

    Raises:
        DataError: if there are no labels.
    """
    if not labels:
        raise DataError("chance level of no rows", allowed="at least one row")
    return max(Counter(label.strip() for label in labels).values()) / len(labels) * 100.0
