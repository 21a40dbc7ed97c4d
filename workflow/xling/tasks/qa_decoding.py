# SPDX-License-Identifier: Apache-2.0
"""From start and end scores to answers: the n-best rule of SQuAD's released code.

In every window the ``n_best`` highest starts are combined with the ``n_best`` highest ends.  A pair
counts if both stand in the context, the end does not come before the start, the answer has at most
``max_answer`` sub-words, and the window is the one that sees most around the start.  The pair with
the highest sum wins; among equal ones the earlier window, then the better start, then the better
end.  The highest starts and ends are taken from the whole window, question included, so a window
may have no pair.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Spans(NamedTuple):
    """The best span of each window.

    Attributes:
        scores: start plus end score, float64 [windows]; -inf where no pair counts.
        starts: first sub-word's place in the window, [windows].
        ends: last sub-word's place in the window, [windows].
    """

    scores: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


def best_spans(
    start_scores: np.ndarray,
    end_scores: np.ndarray,
    context: np.ndarray,
    best_context: np.ndarray,
    *,
    n_best: int,
    max_answer: int,
) -> Spans:
    """Return the best span of each window.

    Args:
        start_scores: [windows, places]; -inf at padding.
        end_scores: the same.
        context: bool, same shape: whether the place is a sub-word of the context.
        best_context: bool, same shape: whether the window sees most around the place.
        n_best: starts, and ends, that are combined.
        max_answer: sub-words of an answer, at most.
    """
    starts, ends = _highest(start_scores, n_best), _highest(end_scores, n_best)
    take = np.take_along_axis
    start_counts = take(context & best_context, starts, axis=1)
    end_counts = take(context, ends, axis=1)
    sums = (
        take(start_scores, starts, axis=1).astype(np.float64)[:, :, None]
        + take(end_scores, ends, axis=1).astype(np.float64)[:, None, :]
    )
    sizes = ends[:, None, :] - starts[:, :, None] + 1
    counts = start_counts[:, :, None] & end_counts[:, None, :] & (sizes > 0) & (sizes <= max_answer)
    flat = np.where(counts, sums, -np.inf).reshape(len(starts), -1)
    best = flat.argmax(axis=1)
    rows = np.arange(len(starts))
    width = ends.shape[1]
    return Spans(flat[rows, best], starts[rows, best // width], ends[rows, best % width])


def _highest(scores: np.ndarray, count: int) -> np.ndarray:
    """Return the places of the highest scores of each row, best first, earlier of equal ones."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]


def best_windows(items: np.ndarray, numbers: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return for each item the row of its best window.

    Args:
        items: item of each row; 0 to the number of items - 1, each at least once.
        numbers: of the window within its item.
        scores: of each row; the lowest number wins among equal ones.
    """
    order = np.lexsort((numbers, -scores, items))
    return order[np.unique(items[order], return_index=True)[1]]
