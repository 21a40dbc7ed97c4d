# SPDX-License-Identifier: Apache-2.0
"""Nearest neighbours and margin mining against slow versions written from the definitions."""

import numpy as np
import pytest

from xling.tasks.margin import mine, nearest


def unit(rng, rows, width=8, shift=0.0):
    """Random vectors of length 1; ``shift`` brings them nearer to each other, as real ones are."""
    vectors = rng.normal(size=(rows, width)) + shift
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def slow_mine(source, target, k):
    """Every number of the definition, one pair at a time, in double precision."""
    cos = [[float(np.dot(x.astype(float), y.astype(float))) for y in target] for x in source]
    n, m = len(source), len(target)
    mean_source = [np.mean(sorted(cos[i], reverse=True)[:k]) for i in range(n)]
    mean_target = [
        np.mean(sorted((cos[i][j] for i in range(n)), reverse=True)[:k]) for j in range(m)
    ]

    def margin(i, j):
        return cos[i][j] / ((mean_source[i] + mean_target[j]) / 2)

    best = set()
    for i in range(n):
        near = sorted(range(m), key=lambda j: -cos[i][j])[:k]
        best.add((i, max(near, key=lambda j: margin(i, j))))
    for j in range(m):
        near = sorted(range(n), key=lambda i: -cos[i][j])[:k]
        best.add((max(near, key=lambda i: margin(i, j)), j))
    taken, left, right = [], set(), set()
    for score, i, j in sorted((-margin(i, j), i, j) for i, j in best):
        if i not in left and j not in right:
            taken.append((i, j, -score))
            left.add(i)
            right.add(j)
    return taken


@pytest.mark.parametrize(
    ("sources", "targets", "neighbours", "shift"),
    [(30, 45, 4, 1.0), (45, 30, 4, 0.5), (40, 40, 1, 1.0), (3, 50, 4, 1.0), (1, 1, 4, 1.0)],
)
@pytest.mark.parametrize("seed", range(3))
def test_mining_equals_the_definition(sources, targets, neighbours, shift, seed):
    rng = np.random.default_rng(seed)
    source, target = unit(rng, sources, shift=shift), unit(rng, targets, shift=shift)
    some = min(sources, targets) // 2  # pairs that belong together
    target[:some] = source[:some] + 0.1 * target[:some]
    target /= np.linalg.norm(target, axis=1, keepdims=True)
    mined = mine(source, target, neighbours)
    expected = slow_mine(source, target, neighbours)
    assert [(i, j) for i, j, _ in expected] == list(
        zip(mined.source.tolist(), mined.target.tolist(), strict=True)
    )
    np.testing.assert_allclose(mined.scores, [s for *_, s in expected], rtol=1e-5)
    assert mined.scores.dtype == np.float32


def test_each_sentence_is_in_one_pair_at_most_and_scores_fall():
    rng = np.random.default_rng(5)
    mined = mine(unit(rng, 400, shift=0.5), unit(rng, 300, shift=0.5), 4)
    assert len(set(mined.source.tolist())) == len(mined.source)
    assert len(set(mined.target.tolist())) == len(mined.target)
    assert (np.diff(mined.scores) <= 0).all()
    assert 100 < len(mined.source) <= 300


def test_equal_vectors_are_paired_in_order():
    """Three equal pairs of rows: all scores are 1, so only the order of rows decides."""
    same = np.tile(np.array([[0.6, 0.8]], dtype=np.float32), (3, 1))
    mined = mine(same, same, 4)
    pairs = list(zip(mined.source.tolist(), mined.target.tolist(), strict=True))
    assert pairs == [(0, 0)]  # every row's first best is row 0 of the other side


def test_a_sentence_near_to_all_loses_to_one_near_to_few():
    """The hub has the higher cosine to the first sentence but the lower margin."""
    hub = np.array([1.0, 0.0, 0.0])
    source = np.array([[0.9, 0.43589, 0.0], [0.95, 0.0, 0.3122], [0.95, 0.0, -0.3122]])
    own = np.array([0.6, 0.8, 0.0])
    target = np.stack([hub, own])
    assert source[0] @ hub > source[0] @ own
    mined = mine(source.astype(np.float32), target.astype(np.float32), 2)
    assert (0, 1) in set(zip(mined.source.tolist(), mined.target.tolist(), strict=True))


@pytest.mark.parametrize("count", [1, 4, 500])
def test_nearest_equals_sorting_all_cosines(count):
    rng = np.random.default_rng(1)
    queries, candidates = unit(rng, 70), unit(rng, 300)
    cosines, rows = nearest(queries, candidates, count)
    exact = queries.astype(np.float64) @ candidates.T.astype(np.float64)
    expected = np.argsort(-exact, axis=1)[:, :count]
    assert rows.shape == (70, min(count, 300))
    # Cosines that differ by less than single precision may change places: compare their values.
    np.testing.assert_allclose(cosines, np.take_along_axis(exact, expected, axis=1), atol=1e-6)
    np.testing.assert_allclose(cosines, np.take_along_axis(exact, rows, axis=1), atol=1e-6)
    np.testing.assert_array_equal(rows[:, 0], expected[:, 0])
