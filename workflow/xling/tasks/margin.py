# SPDX-License-Identifier: Apache-2.0
"""Nearest neighbours, and the mining of sentence pairs by ratio margin (Artetxe and Schwenk 2019).

The margin score of a pair is its cosine divided by the mean cosine of the two sentences to their
nearest neighbours on the other side: pairs stand out among what else is near.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


class Mined(NamedTuple):
    """Pairs, best first; each row of either side is in at most one.

    Attributes:
        source: rows of the source, shape [pairs].
        target: rows of the target, shape [pairs].
        scores: margin scores, shape [pairs].
    """

    source: Places
    target: Places
    scores: Floats


def nearest(queries: Floats, candidates: Floats, count: int) -> tuple[Floats, Places]:
    """Return cosines and rows of each query's nearest candidates, nearest first.

    The search is exact.  If fewer than ``count`` candidates are there, all are returned.

    Args:
        queries: vectors of length 1, shape [queries, width].
        candidates: vectors of length 1, shape [candidates, width].
        count: neighbours per query.

    Returns:
        Two arrays of shape [queries, neighbours].
    """
    import faiss
    import torch

    faiss.omp_set_num_threads(torch.get_num_threads())  # The job's share, not all of the machine.
    index = faiss.IndexFlatIP(candidates.shape[1])
    index.add(np.ascontiguousarray(candidates))
    cosines, rows = index.search(np.ascontiguousarray(queries), min(count, len(candidates)))
    return cosines, rows


def mine(source: Floats, target: Floats, neighbours: int) -> Mined:
    """Return one-to-one pairs with their margin scores.

    The best candidate of every source row and of every target row are pooled (retrieval "max") and
    taken by falling score unless one of the two rows is taken already.  Of equal scores the lower
    source row, then the lower target row comes first.

    Args:
        source: vectors of length 1, shape [sources, width].
        target: vectors of length 1, shape [targets, width].
        neighbours: how many on the other side a sentence is compared with.
    """
    forward, to_target = nearest(source, target, neighbours)
    backward, to_source = nearest(target, source, neighbours)
    mean_source, mean_target = forward.mean(axis=1), backward.mean(axis=1)
    forward = forward / ((mean_source[:, None] + mean_target[to_target]) / 2)
    backward = backward / ((mean_target[:, None] + mean_source[to_source]) / 2)
    chosen, score = best_of_each(forward, to_target)
    other_chosen, other_score = best_of_each(backward, to_source)
    pairs = np.concatenate(
        [
            np.column_stack([np.arange(len(source)), chosen]),
            np.column_stack([other_chosen, np.arange(len(target))]),
        ]
    )
    return one_to_one(pairs, np.concatenate([score, other_score]))


def best_of_each(scores: Floats, rows: Places) -> tuple[Places, Floats]:
    """Return each line's row of the highest score, and that score; the lower row of equal ones."""
    order = np.lexsort((rows, -scores), axis=1)[:, :1]
    best = np.take_along_axis(rows, order, axis=1)[:, 0]
    return best, np.take_along_axis(scores, order, axis=1)[:, 0]


def one_to_one(pairs: Places, scores: Floats) -> Mined:
    """Take pairs [candidates, 2] by falling score, each row of either side once."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -scores))
    used_source, used_target = set[int](), set[int]()
    kept = []
    for place, (one, other) in zip(order.tolist(), pairs[order].tolist(), strict=True):
        if one not in used_source and other not in used_target:
            used_source.add(one)
            used_target.add(other)
            kept.append(place)
    return Mined(pairs[kept, 0], pairs[kept, 1], scores[kept])
