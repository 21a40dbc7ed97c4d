# SPDX-License-Identifier: Apache-2.0
"""Sentences of several languages in the plane (Figure 2): do languages stand apart?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from xling.analysis.projection import joint_pca
from xling.figures.sentence_space import sentence_space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xling.distill.evaluation.embedder import Floats


def space_figure(spaces: Mapping[str, Mapping[str, Floats]], study: str) -> Figure:
    """Draw a panel per system: a mark per sentence, colour and shape by language.

    The unit is the root mean square distance of a sentence to its language's centroid, so that
    panels of different systems can be compared.

    Raises:
        DataError: fewer than three sentences, or vectors that are all equal.
    """
    planes = {title: joint_pca(space, spread(space)) for title, space in spaces.items()}
    return sentence_space(planes, f"STS 2017, study {study}")


def spread(space: Mapping[str, Floats]) -> float:
    """Return the root mean square distance of sentences to the centroid of their language."""
    squares = [
        np.square(vectors - vectors.mean(axis=0, dtype=np.float64)).sum(axis=1)
        for vectors in space.values()
    ]
    return math.sqrt(float(np.concatenate(squares).mean()))
