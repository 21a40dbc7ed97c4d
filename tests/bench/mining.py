# SPDX-License-Identifier: Apache-2.0
"""Mining pairs by ratio margin: tile by tile, or in two other ways.

- the whole matrix of cosines in numpy, sorted in part along both sides;
- as the library's example script: an index searched in each direction, then each candidate's cosine
  and score in a loop.  The index is the exact one of faiss; the script's own default loses pairs.

Sentences are made up: half of each side has a partner, near to it.  All must find pairs as good.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.comparison import Case, Side

WIDTH = 768
NEIGHBOURS = 4
FLOOR = 1.0
NOISE = 5.0  # of a partner, against its sentence: some pairs are lost
ROUNDING = 1e-4


class Found(NamedTuple):
    """What a side found.

    Attributes:
        scores: of the pairs that were mined, falling.
        recall: share of the partners among the mined pairs.
        f1: with the best threshold, 0 to 100.
    """

    scores: np.ndarray
    recall: float
    f1: float


Miner = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


def mining(sentences: int, folder: Path) -> Case:
    """Compare ways to mine as many sentences of each side."""
    del folder
    source, target = made_up(sentences)

    def side(miner: Miner) -> Side:
        return lambda: partial(scored, miner, source, target)

    others = {
        "all cosines at once, numpy": side(with_matrix),
        "index and loop, as the library's script": side(with_index),
    }
    what = f"mining {sentences:,} x {sentences:,} sentences"
    return Case(what, side(in_tiles), others, as_good)


def made_up(sentences: int) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors of both sides; row i of the first half belongs to row i."""
    rng = np.random.default_rng(0)
    sides = [rng.normal(size=(sentences, WIDTH)).astype(np.float32) for _ in range(2)]
    half = sentences // 2
    sides[1][:half] = sides[0][:half] + NOISE * sides[1][:half]
    # Vectors of real encoders point into one cone.
    vectors = [side + np.float32(0.5) for side in sides]
    source, target = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in vectors)
    return source, target


def scored(miner: Miner, source: np.ndarray, target: np.ndarray) -> Found:
    """Mine, and tune the threshold on the partners."""
    from xling.metrics.mining import best_threshold

    left, right, scores = miner(source, target)
    half = len(source) // 2
    hits = (left == right) & (left < half)
    _, f1 = best_threshold(scores, hits, half)
    return Found(scores, float(hits.sum()) / half, f1)


def as_good(ours: Found, other: Found) -> bool:
    """Return whether ours found as much, with the same scores."""
    same = len(ours.scores) == len(other.scores)
    close = same and np.allclose(ours.scores, other.scores, atol=ROUNDING)
    return close and ours.recall >= other.recall and ours.f1 >= other.f1 - ROUNDING


def in_tiles(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mine as the workflow does."""
    from xling.distill.evaluation.mining import mine

    found = mine(source, target, NEIGHBOURS, FLOOR)
    return found.source, found.target, found.scores


def with_matrix(
    source: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hold all cosines in memory."""
    cosines = source @ target.T
    parts = []
    for matrix in (cosines, cosines.T):
        near = np.argpartition(-matrix, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        parts.append((near, np.take_along_axis(matrix, near, axis=1)))
    return choose(*parts[0], *parts[1])


def with_index(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Search each direction by itself, then score candidates one by one."""
    import faiss

    found = []
    for queries, candidates in ((source, target), (target, source)):
        index = faiss.IndexFlatIP(WIDTH)
        index.add(candidates)
        similar, near = index.search(queries, NEIGHBOURS)
        found.append((near, similar.mean(axis=1)))
    (forward, of_source), (backward, of_target) = found
    means = {0: (of_source, of_target), 1: (of_target, of_source)}
    scores = []
    for turn, (one, other, near) in enumerate(
        ((source, target, forward), (target, source, backward))
    ):
        own, theirs = means[turn]
        ratio = np.zeros(near.shape, np.float32)
        for i in range(len(one)):
            for j in range(NEIGHBOURS):
                k = near[i, j]
                ratio[i, j] = one[i].dot(other[k]) / ((own[i] + theirs[k]) / 2)
        scores.append(ratio)
    return greedy(forward, scores[0], backward, scores[1])


def choose(
    forward: np.ndarray, similar: np.ndarray, backward: np.ndarray, similar_back: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn cosines into margin scores and take pairs."""
    of_source, of_target = similar.mean(axis=1), similar_back.mean(axis=1)
    scores = similar / ((of_source[:, None] + of_target[forward]) / 2)
    scores_back = similar_back / ((of_target[:, None] + of_source[backward]) / 2)
    return greedy(forward, scores, backward, scores_back)


def greedy(
    forward: np.ndarray, scores: np.ndarray, backward: np.ndarray, scores_back: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take the best pairs of both directions, each row once."""
    best, best_back = scores.argmax(axis=1), scores_back.argmax(axis=1)
    rows, rows_back = np.arange(len(forward)), np.arange(len(backward))
    left = np.concatenate([rows, backward[rows_back, best_back]])
    right = np.concatenate([forward[rows, best], rows_back])
    values = np.concatenate([scores.max(axis=1), scores_back.max(axis=1)])
    taken, seen, seen_back = [], set[int](), set[int]()
    for place in np.argsort(-values):
        if values[place] < FLOOR:
            break
        if left[place] not in seen and right[place] not in seen_back:
            seen.add(left[place])
            seen_back.add(right[place])
            taken.append(place)
    return left[taken], right[taken], values[taken]
