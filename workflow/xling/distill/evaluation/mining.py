# SPDX-License-Identifier: Apache-2.0
"""Ratio-margin mining of two collections, all cosines computed once.

The score and the choice of pairs are those of :mod:`xling.tasks.margin`, which searches each
direction by itself.  Here one product of tiles serves both directions, so that a cosine is the same
number seen from either side, and half the work is left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xling.tasks.margin import Floats, Mined, Places, best_of_each, one_to_one

#: Rows of a tile.  Ours: its cosines (4 MB) stay in a processor's cache.
TILE = 1024
# Shapes of matrix kernels divide this, so that a cosine does not depend on its place in a tile.
_GRAIN = 64


class Neighbours(NamedTuple):
    """Nearest rows of the other side, nearest first; of equal ones the lower row first.

    Attributes:
        cosines: shape [rows, neighbours].
        rows: of the other side, same shape.
    """

    cosines: Floats
    rows: Places


def nearest_both(source: Floats, target: Floats, count: int) -> tuple[Neighbours, Neighbours]:
    """Return the neighbours of each source row and of each target row; the search is exact.

    Memory beyond the vectors is ``count`` numbers per row and one tile.

    Args:
        source: vectors of length 1, shape [sources, width].
        target: vectors of length 1, shape [targets, width].
        count: neighbours per row; if the other side has fewer rows, all of them.
    """
    forward = _Nearest(len(source), min(count, len(target)))
    backward = _Nearest(len(target), min(count, len(source)))
    step, other_step = (_padded(min(TILE, len(side))) for side in (source, target))
    left = np.zeros((step, source.shape[1]), np.float32)
    right = np.zeros((other_step, source.shape[1]), np.float32)
    product = np.empty((step, other_step), np.float32)
    for start in range(0, len(source), step):
        rows = min(step, len(source) - start)
        left[:rows], left[rows:] = source[start : start + rows], 0
        for other in range(0, len(target), other_step):
            columns = min(other_step, len(target) - other)
            right[:columns], right[columns:] = target[other : other + columns], 0
            np.matmul(left, right.T, out=product)
            cosines = product[:rows, :columns]
            forward.add(cosines, start, other)
            backward.add(cosines.T, other, start)
    return forward.found(), backward.found()


def mine(source: Floats, target: Floats, neighbours: int, floor: float) -> Mined:
    """Return one-to-one pairs with their margin scores, as :func:`xling.tasks.margin.mine`.

    Args:
        source: vectors of length 1, shape [sources, width].
        target: vectors of length 1, shape [targets, width].
        neighbours: how many on the other side a sentence is compared with.
        floor: pairs with a lower score are left out.
    """
    forward, backward = nearest_both(source, target, neighbours)
    of_source = forward.cosines.mean(axis=1, dtype=np.float64)
    of_target = backward.cosines.mean(axis=1, dtype=np.float64)
    to_target = _ratio(forward.cosines, of_source, of_target[forward.rows])
    to_source = _ratio(backward.cosines, of_target, of_source[backward.rows])
    chosen, score = best_of_each(to_target, forward.rows)
    other_chosen, other_score = best_of_each(to_source, backward.rows)
    pairs = np.concatenate(
        [
            np.column_stack([np.arange(len(source)), chosen]),
            np.column_stack([other_chosen, np.arange(len(target))]),
        ]
    )
    scores = np.concatenate([score, other_score])
    kept = scores >= floor
    return one_to_one(pairs[kept], scores[kept])


def _ratio(cosines: Floats, own: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> Floats:
    """Return margin scores, rounded once: both directions then agree on a pair."""
    # Vectors of zeros have no margin.
    mean = (own[:, None] + other) / 2
    ratio = np.divide(cosines, mean, out=np.zeros_like(mean), where=mean != 0)
    return ratio.astype(np.float32)


def _padded(rows: int) -> int:
    return max(1, -(-rows // _GRAIN)) * _GRAIN


class _Nearest:
    """The nearest so far of each row of one side; tiles come with rising rows of the other."""

    def __init__(self, rows: int, count: int) -> None:
        self.count = count
        self.cosines = np.full((rows, count), -np.inf, np.float32)
        self.rows = np.full((rows, count), -1, np.int64)

    def add(self, tile: Floats, start: int, other: int) -> None:
        """Take over what is nearer in a tile.

        Args:
            tile: cosines of rows from ``start`` on with rows of the other side from ``other`` on.
        """
        known = self.cosines[start : start + len(tile), -1]
        # Most cosines are looked at here once and never again: in the order of memory.
        across = tile.strides[0] < tile.strides[1]
        laid = tile.T if across else tile
        if known[0] == -np.inf:
            # The first tile of these rows: its own best bound what can be among the nearest.
            place = max(tile.shape[1] - self.count, 0)
            bound = np.partition(tile, place, axis=1)[:, place]
            places = np.nonzero(laid >= (bound[None, :] if across else bound[:, None]))
        else:
            # An equal cosine of a higher row comes after those that are known.
            places = np.nonzero(laid > (known[None, :] if across else known[:, None]))
        row, column = reversed(places) if across else places
        if len(row):
            self._merge(row + start, column + other, tile[row, column])

    def _merge(self, row: Places, column: Places, cosine: Floats) -> None:
        """Put new candidates among the nearest of their rows."""
        touched = np.unique(row)
        rows = np.concatenate([np.repeat(touched, self.count), row])
        columns = np.concatenate([self.rows[touched].ravel(), column])
        cosines = np.concatenate([self.cosines[touched].ravel(), cosine])
        order = np.lexsort((columns, -cosines, rows))
        # Each row has at least `count` entries; the first of them are its nearest.
        firsts = np.searchsorted(rows[order], touched)
        kept = order[firsts[:, None] + np.arange(self.count)]
        self.rows[touched], self.cosines[touched] = columns[kept], cosines[kept]

    def found(self) -> Neighbours:
        """Return what is nearest of all tiles."""
        return Neighbours(self.cosines, self.rows)
