# SPDX-License-Identifier: Apache-2.0
"""The n-best rule, against a slow version, and the cases in which nothing counts."""

import numpy as np
import pytest

from xling.tasks.qa_decoding import best_spans, best_windows


def slow(starts, ends, context, best_context, n_best, max_answer):
    """All pairs of one window, best first, as (score, start, end)."""

    def highest(scores):
        return sorted(range(len(scores)), key=lambda i: -scores[i])[:n_best]

    found = [
        (float(starts[s]) + float(ends[e]), s, e)
        for s in highest(starts)
        for e in highest(ends)
        if context[s] and context[e] and best_context[s] and s <= e and e - s + 1 <= max_answer
    ]
    return max(found, key=lambda span: span[0], default=None)


def random_windows(seed, windows, width, *, ties=False):
    rng = np.random.default_rng(seed)
    starts, ends = rng.normal(size=(2, windows, width)).astype(np.float32)
    if ties:
        starts, ends = np.round(starts), np.round(ends)
    places = np.arange(width)[None, :]
    first = rng.integers(1, width // 2, windows)[:, None]
    last = rng.integers(width // 2, width + 1, windows)[:, None]
    context = (places >= first) & (places < last)
    best = context & (rng.random((windows, width)) < 0.8)
    for scores in (starts, ends):
        scores[places >= last + 1] = -np.inf  # padding, after one special sub-word
    return starts, ends, context, best


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("n_best", "max_answer"), [(1, 30), (4, 3), (20, 30), (20, 1), (99, 7)])
def test_equal_to_the_slow_version(n_best, max_answer, ties):
    windows = random_windows(n_best + max_answer, 150, 40, ties=ties)
    spans = best_spans(*windows, n_best=n_best, max_answer=max_answer)
    empty = 0
    for i, rows in enumerate(zip(*windows, strict=True)):
        expected = slow(*rows, n_best, max_answer)
        if expected is None:
            assert spans.scores[i] == -np.inf
            empty += 1
        else:
            assert (spans.scores[i], spans.starts[i], spans.ends[i]) == expected
    assert empty < 150
    assert empty or n_best > 1  # one start and one end seldom fit


def window(starts, ends, context=None, best=None):
    starts = np.array([starts], dtype=np.float32)
    inside = np.ones_like(starts, dtype=bool) if context is None else np.array([context]) > 0
    most = inside if best is None else np.array([best]) > 0
    return starts, np.array([ends], dtype=np.float32), inside, most


def span(*args, n_best=20, max_answer=30):
    found = best_spans(*window(*args), n_best=n_best, max_answer=max_answer)
    return (found.scores[0], found.starts[0], found.ends[0])


def test_an_end_before_the_start_does_not_count():
    assert span([0, 0, 9], [9, 0, 1]) == (10, 2, 2)
    assert span([0, 0, 5], [9, 0, 1]) == (9, 0, 0)


def test_long_answers_do_not_count():
    assert span([9, 0, 0, 0], [0, 0, 1, 9]) == (18, 0, 3)
    assert span([9, 0, 0, 0], [0, 0, 1, 9], max_answer=3) == (10, 0, 2)


def test_the_start_must_be_where_the_window_sees_most_the_end_need_not():
    assert span([9, 1, 0], [0, 1, 9], [1, 1, 1], [0, 1, 1]) == (10, 1, 2)
    assert span([9, 1, 0], [0, 1, 9], [1, 1, 1], [1, 1, 0]) == (18, 0, 2)


def test_the_question_takes_places_among_the_best_and_never_counts():
    context = [0, 0, 1, 1]
    assert span([9, 8, 1, 0], [9, 8, 0, 1], context) == (2, 2, 3)
    score, _, _ = span([9, 8, 1, 0], [9, 8, 0, 1], context, n_best=2)
    assert score == -np.inf


def test_of_equal_spans_the_better_start_and_then_the_earlier_place_wins():
    assert span([2, 1, 2], [1, 2, 1]) == (4, 0, 1)
    assert span([1, 1], [1, 1]) == (2, 0, 0)


def test_of_equal_windows_the_first_wins():
    items = np.array([1, 0, 1, 0, 2])
    numbers = np.array([1, 0, 0, 1, 0])
    scores = np.array([5.0, 1.0, 5.0, 2.0, -np.inf])
    assert best_windows(items, numbers, scores).tolist() == [3, 2, 4]
