# SPDX-License-Identifier: Apache-2.0
"""Precision, recall and F1 of two sets, from three counts."""

from __future__ import annotations

from typing import NamedTuple


class Scores(NamedTuple):
    """Precision, recall and F1, each 0 to 100; 0 where there is nothing to divide by."""

    precision: float
    recall: float
    f1: float


def scores_of_counts(hits: int, predicted: int, gold: int) -> Scores:
    """Return the scores of ``hits`` common members of two sets.

    The order of the operations is that of seqeval and of XTREME's evaluator, so that the last digit
    is theirs too.
    """
    precision = hits / predicted if predicted else 0.0
    recall = hits / gold if gold else 0.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return Scores(precision * 100, recall * 100, f1 * 100)
