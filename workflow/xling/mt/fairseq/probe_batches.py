# SPDX-License-Identifier: Apache-2.0
"""Batches of one direction each, on which losses and gradients are measured (CATS, section 9.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xling.errors import DataError


def generator(seed: int, update: int, rank: int) -> np.random.Generator:
    """Return the random numbers of a measurement: a pure function of the three.

    A training that goes on from a checkpoint draws the same batches; processes draw different ones.
    """
    return np.random.default_rng([seed, update, rank])


def target_lengths(dataset: Any, limits: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Return the target tokens of each sentence of a direction, 0 where fairseq leaves it out.

    Args:
        dataset: of one direction; ``sizes`` are [sentences, 2], source and target.
        limits: longest source and target that are trained on.
    """
    sizes = np.asarray(dataset.sizes)
    lengths: npt.NDArray[np.int64] = np.where((sizes <= limits).all(1), sizes[:, 1], 0)
    return lengths


def draw(
    dataset: Any, tokens: int, limits: tuple[int, int], random: np.random.Generator
) -> dict[str, Any]:
    """Draw sentences of a direction until they have ``tokens`` target tokens.

    Sentences are drawn without replacement; a direction with fewer tokens gives all it has.  The
    last sentence may go beyond the number: all directions have as good as the same number of
    tokens, whatever the length of their sentences.

    Args:
        dataset: of one direction.
        tokens: wanted target tokens.
        limits: longest source and target.
        random: see :func:`generator`.

    Raises:
        DataError: all sentences are too long.
    """
    lengths = target_lengths(dataset, limits)
    order = random.permutation(np.flatnonzero(lengths))
    if not len(order):
        raise DataError(
            "a direction has no sentence to measure on",
            allowed=f"source and target of at most {limits[0]} and {limits[1]} tokens",
            fix="raise --max-source-positions and --max-target-positions",
        )
    count = int(np.searchsorted(np.cumsum(lengths[order]), tokens)) + 1
    batch: dict[str, Any] = dataset.collater([dataset[int(place)] for place in order[:count]])
    return batch
