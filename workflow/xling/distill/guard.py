# SPDX-License-Identifier: Apache-2.0
"""Vectors that have collapsed: all sentences look alike, and a small error means nothing.

The spread of vectors is 1 minus the mean cosine of random pairs of different sentences: about 1 if
they point anywhere, 0 if all are one direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xling.distill.settings import Guard
from xling.errors import DataError

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Spread:
    """What a look at vectors says.

    Attributes:
        cosine: mean over random pairs.
        norm: mean length.
    """

    cosine: float
    norm: float

    @property
    def spread(self) -> float:
        """1 minus the mean cosine."""
        return 1.0 - self.cosine


def spread_of(vectors: Vectors, pairs: int, seed: int) -> Spread:
    """Look at random pairs of different rows; the rows are vectors of different sentences."""
    count = len(vectors)
    rng = np.random.default_rng([seed, count])
    one = rng.integers(count, size=pairs)
    other = (one + rng.integers(1, max(2, count), size=pairs)) % count
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    products = (vectors[one].astype(np.float64) * vectors[other]).sum(axis=1)
    # A vector of length 0 has no direction; it counts as alike to all, which it is.
    scale = lengths[one] * lengths[other]
    cosines = np.divide(products, scale, out=np.ones(pairs), where=scale > 0)
    return Spread(float(cosines.mean()), float(lengths.mean()))


def check_teacher(teacher: Spread, guard: Guard) -> None:
    """Refuse a teacher from which nothing can be learned.

    Raises:
        DataError: its vectors are (nearly) zero, or (nearly) one direction.
    """
    if teacher.norm >= guard.least_teacher_norm and teacher.spread >= guard.least_teacher_spread:
        return
    raise DataError(
        f"the teacher has collapsed: its vectors have mean length {teacher.norm:.3g}, and random "
        f"pairs of sentences mean cosine {teacher.cosine:.4f}",
        where="held-out source sentences",
        allowed=f"length of at least {guard.least_teacher_norm:g}, cosine of at most "
        f"{1 - guard.least_teacher_spread:g}",
        fix="take another teacher, or train it longer or with a lower rate",
    )


def check_student(
    looks: Sequence[Spread], steps: Sequence[int], teacher: Spread, guard: Guard
) -> None:
    """End a training whose student has collapsed in all of the last looks.

    Args:
        looks: since the end of the warm-up, the newest last.
        steps: of the looks.
        teacher: on the same sentences' sources.
        guard: the limits.

    Raises:
        DataError: it has; the message says since when.
    """
    least = guard.least_spread * teacher.spread
    last = list(looks)[-guard.looks :]
    if len(last) < guard.looks or any(one.spread >= least for one in last):
        return
    raise DataError(
        f"the student has collapsed: since step {steps[-guard.looks]} random pairs of held-out "
        f"sentences have a mean cosine of {last[-1].cosine:.4f} or so; the teacher's have "
        f"{teacher.cosine:.4f}",
        where=f"step {steps[-1]}; mean length {last[-1].norm:.3g}, teacher's {teacher.norm:.3g}",
        allowed=f"a spread (1 - cosine) of at least {least:.4f} in one of {guard.looks} looks",
        fix="lower learning_rate, see whether source and translation belong together, or relax "
        "guard.least_spread",
    )
