# SPDX-License-Identifier: Apache-2.0
"""Bitext mining as in BUCC 2018: F1 over sets of id pairs, and the best threshold on dev."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from xling.errors import DataError
from xling.metrics.prf import Scores, scores_of_counts

Pair = tuple[str, str]


def pair_scores(gold: Iterable[Pair], predicted: Iterable[Pair]) -> Scores:
    """Return precision, recall and F1 of pairs of ids; a pair that is given twice counts once.

    Raises:
        DataError: there are no gold pairs.
    """
    gold, predicted = set(gold), set(predicted)
    _check_gold(len(gold))
    return scores_of_counts(len(gold & predicted), len(predicted), len(gold))


def best_threshold(
    scores: npt.ArrayLike, is_gold: npt.ArrayLike, number_of_gold: int
) -> tuple[float, float]:
    """Return the threshold with the best F1, and that F1 (0 to 100).

    Pairs with ``score >= threshold`` are kept, so pairs of equal score are kept or dropped
    together.  The threshold lies halfway between the worst pair that is kept and the best that is
    not (as in LASER's mining); if all are kept it is the worst score.  Of equally good thresholds
    the highest is taken.  Without any hit it is infinite: nothing is kept.

    Args:
        scores: one finite number per mined pair, in any order.
        is_gold: whether the pair is a gold one.
        number_of_gold: all gold pairs, mined or not.

    Raises:
        DataError: no gold pairs, fewer of them than hits, or a score that is no number.
    """
    values = np.asarray(scores, dtype=np.float64)
    hits = np.asarray(is_gold, dtype=bool)
    _check_gold(number_of_gold)
    _check_pairs(values, hits, number_of_gold)
    order = np.argsort(-values, kind="stable")
    values, found = values[order], np.cumsum(hits[order])
    last = np.append(values[1:] != values[:-1], True)[: len(values)]  # last pair of its score
    cuts = np.flatnonzero(last)
    f1 = np.array([scores_of_counts(int(found[i]), int(i) + 1, number_of_gold).f1 for i in cuts])
    if not len(f1) or not f1.max():
        return math.inf, 0.0
    best = int(np.argmax(f1))
    kept = float(values[cuts[best]])
    if best + 1 == len(cuts):
        return kept, float(f1[best])
    dropped = float(values[cuts[best] + 1])
    middle = dropped + (kept - dropped) / 2
    # Of two neighbouring numbers none lies between.
    return (middle if middle > dropped else kept), float(f1[best])


def _check_gold(count: int) -> None:
    if count < 1:
        raise DataError(
            "mining without gold pairs cannot be scored",
            allowed="at least one gold pair",
            fix="see whether the gold file of this language and split was prepared",
        )


def _check_pairs(
    values: npt.NDArray[np.float64], hits: npt.NDArray[np.bool_], number_of_gold: int
) -> None:
    if values.shape != hits.shape or values.ndim != 1:
        raise ValueError(f"{values.shape} scores for {hits.shape} pairs")
    if not np.isfinite(values).all():
        raise DataError(
            f"{int((~np.isfinite(values)).sum())} of {len(values)} scores are no finite numbers",
            allowed="scores of mined pairs",
            fix="mine this split again; pairs that were not mined have no score and stay out",
        )
    if hits.sum() > number_of_gold:
        raise DataError(
            f"{int(hits.sum())} mined pairs are gold, but there are {number_of_gold} gold pairs",
            allowed="each gold pair once",
        )
