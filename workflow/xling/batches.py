# SPDX-License-Identifier: Apache-2.0
"""Which rows go into which update: a pure function of lengths, sizes and seed.

Rows of similar length share a batch, so that little is padded.  Because the whole order follows
from the seed, a run that goes on after a kill sees exactly the batches it would have seen.
"""

from __future__ import annotations

import numpy as np

GROUPS_OF = 50  # batches that are sorted by length together, as in transformers' sampler


def length_grouped(
    lengths: np.ndarray, batch_size: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Return one epoch of batches (arrays of row numbers), shuffled, of similar lengths.

    Rows are shuffled, cut into groups of ``GROUPS_OF`` batches, sorted by length within a group,
    cut into batches, and the batches are shuffled again: transformers' own sampler leaves them in
    falling length, which makes length a hidden schedule.  Every row is used exactly once.
    """
    order = rng.permutation(len(lengths))
    batches: list[np.ndarray] = []
    for start in range(0, len(order), batch_size * GROUPS_OF):
        group = order[start : start + batch_size * GROUPS_OF]
        group = group[np.argsort(lengths[group], kind="stable")]
        batches += [group[i : i + batch_size] for i in range(0, len(group), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def updates(lengths: np.ndarray, batch_size: int, steps: int, seed: int) -> list[np.ndarray]:
    """Return the rows of each of ``steps`` updates, epoch after epoch."""
    out: list[np.ndarray] = []
    epoch = 0
    while len(out) < steps:
        rng = np.random.default_rng([seed, epoch])
        out += length_grouped(lengths, batch_size, rng)
        epoch += 1
    return out[:steps]


def steps_of(rows: int, batch_size: int, epochs: float) -> int:
    """Updates in ``epochs`` passes over ``rows`` rows; the last batch of a pass may be smaller."""
    return max(1, round(-(-rows // batch_size) * epochs))


def token_batches(lengths: np.ndarray, max_tokens: int) -> list[np.ndarray]:
    """Cut all rows, longest first, into batches of at most ``max_tokens`` padded sub-words.

    For prediction: the order of rows is restored by the caller.  A row longer than the budget
    gets a batch of its own.  Longest first, so that memory that is too small shows at once.
    """
    order = np.argsort(-lengths, kind="stable")
    batches, start = [], 0
    while start < len(order):
        count = max(1, int(max_tokens // max(1, lengths[order[start]])))
        batches.append(order[start : start + count])
        start += count
    return batches
