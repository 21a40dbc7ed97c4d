# SPDX-License-Identifier: Apache-2.0
"""The plug-in, but every process prints the probabilities that it draws sentences with."""

import sys

from xling.mt.fairseq.plugin import sampling

_redraw = sampling.redraw


def redraw(dataset, epoch, probabilities, sentences):
    sys.stdout.write(f"epoch {epoch} drawn by {probabilities.tolist()}\n")
    _redraw(dataset, epoch, probabilities, sentences)
    drawn = dataset._cur_indices[:20].tolist()
    sys.stdout.write(f"epoch {epoch} drawn {drawn}\n")


sampling.redraw = redraw
