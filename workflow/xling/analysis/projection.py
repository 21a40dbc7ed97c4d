# SPDX-License-Identifier: Apache-2.0
"""Representations in two dimensions (Figures 1 and 4): joint PCA, t-SNE as an option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xling.errors import DataError, SetupError

Floats = npt.NDArray[np.float64]

# Ours: below float32's resolution of the points themselves, differences are rounding.
_FLAT = 1e-6


@dataclass(frozen=True)
class Projection:
    """Points of several languages in one plane.

    Attributes:
        points: by language, shape [points, 2].
        shares: share of the variance on each axis; empty where it has no meaning (t-SNE).
        scale: length that is 1 in the plane, in units of the representation; None for t-SNE.
    """

    points: dict[str, Floats]
    shares: tuple[float, ...]
    scale: float | None


def joint_pca(groups: Mapping[str, npt.ArrayLike], scale: float = 1.0) -> Projection:
    """Project all languages onto the two directions of their largest joint variance.

    The plane is fitted to all points together.  An axis may point either way; the direction in
    which its largest loading is positive is taken, so that equal input gives equal figures.

    Args:
        groups: representations by language, shapes [points, width].
        scale: what is 1 in the plane.  The spread of items within a language makes planes of two
            models comparable, whose units differ.

    Raises:
        DataError: fewer than three points, or points that all lie on each other.
    """
    matrices = {code: np.asarray(points, dtype=np.float64) for code, points in groups.items()}
    whole = np.concatenate(list(matrices.values()))
    mean = whole.mean(axis=0)
    _, sizes, directions = np.linalg.svd(whole - mean, full_matrices=False)
    variances = np.square(sizes)
    flat = sizes[0] <= _FLAT * np.abs(whole).max()
    if len(whole) < 3 or whole.shape[1] < 2 or flat or scale <= 0.0:
        raise DataError(
            f"no plane can be laid through {len(whole)} points of width {whole.shape[1]}",
            allowed="three or more different points, in two or more dimensions",
            fix="take more sentences or more languages",
        )
    axes = directions[:2]
    largest = axes[np.arange(2), np.abs(axes).argmax(axis=1)]
    axes = axes * np.sign(largest)[:, None]
    return Projection(
        {code: (points - mean) @ axes.T / scale for code, points in matrices.items()},
        tuple((variances[:2] / variances.sum()).tolist()),
        scale,
    )


def joint_tsne(
    groups: Mapping[str, npt.ArrayLike], *, perplexity: float = 30.0, seed: int = 0
) -> Projection:
    """Lay all languages out together by t-SNE, started from PCA.

    Distances between clusters mean little in such a picture, and it repeats to the last bit on one
    machine only.

    Args:
        groups: representations by language, shapes [points, width].
        perplexity: about how many neighbours of a point are kept near; below the number of points.
        seed: of what is random in it.

    Raises:
        SetupError: scikit-learn is not installed.
        DataError: too few points for the perplexity.
    """
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise SetupError(
            f"t-SNE needs scikit-learn, which cannot be imported ({error})",
            allowed="PCA works without it",
            fix="install scikit-learn, or choose pca",
        ) from error
    matrices = {code: np.asarray(points, dtype=np.float64) for code, points in groups.items()}
    whole = np.concatenate(list(matrices.values()))
    if len(whole) <= perplexity:
        raise DataError(
            f"t-SNE of {len(whole)} points with perplexity {perplexity:g}",
            allowed="more points than the perplexity",
            fix="take more sentences, or a smaller perplexity",
        )
    placed = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(whole)
    ends = np.cumsum([len(points) for points in matrices.values()])[:-1]
    parts = np.split(placed.astype(np.float64), ends)
    return Projection(dict(zip(matrices, parts, strict=True)), (), None)
