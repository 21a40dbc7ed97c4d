# SPDX-License-Identifier: Apache-2.0
"""Sentences drawn by probabilities that change while training.

fairseq draws the sentences of an epoch when the epoch begins; that is when a change can come into
force.  What is drawn depends on seed, epoch, probabilities and the number of sentences alone, so a
training that goes on from a checkpoint draws the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xling.mt.weighting import Floats

# Probabilities that differ by less are the same ones, rounded differently.
SAME = 1e-12


def redraw(dataset: Any, epoch: int, probabilities: Floats, sentences: int) -> None:
    """Let a ``SampledMultiDataset`` draw the sentences of an epoch anew, if they would be others.

    Args:
        dataset: of the training.
        epoch: counted from 1.
        probabilities: of the directions, [N].
        sentences: in an epoch.
    """
    given = dataset.sample_ratios / dataset.sample_ratios.sum()
    if sentences == len(dataset) and np.allclose(given, probabilities, rtol=SAME, atol=0.0):
        return
    dataset.setup_sampling(probabilities, sentences)
    # It may have drawn for this epoch when it was loaded; else it believes it is done.
    dataset._cur_epoch = None
    dataset.set_epoch(epoch)


def epoch_sentences(dataset: Any, args: Any, processes: int, period: int | None) -> int:
    """Return the sentences of an epoch: those of fairseq's, or fewer.

    With a method that measures every ``period`` updates, an epoch lasts about half a period at
    most, so that what is learned comes into force soon, however large the data are.

    Args:
        dataset: of the training, as fairseq made it.
        args: the parsed command line.
        processes: that train together.
        period: None: the method answers to epochs.
    """
    whole = len(dataset)
    if period is None:
        return whole
    limits = []
    if args.max_tokens:
        # Of all there are: the sentences of an epoch differ from epoch to epoch.
        lengths = np.concatenate([np.asarray(part.sizes).max(1) for part in dataset.datasets])
        limits.append(args.max_tokens / float(lengths.mean()))
    if args.batch_size:
        limits.append(float(args.batch_size))
    per_update = min(limits) * args.update_freq[-1] * processes
    return min(whole, max(1, round(per_update * period / 2)))
