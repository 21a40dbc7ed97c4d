# SPDX-License-Identifier: Apache-2.0
"""Metrics by name, each with the signature that goes into every score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xling.metrics import accuracy as _accuracy


@dataclass(frozen=True)
class LabelMetric:
    """A metric on one label per row.

    Attributes:
        name: key in ``scores.csv`` and in :class:`xling.tasks.Task`.
        signature: metric, options and version; scores with other signatures share no table.
        value: gold and predicted labels to a number, 0 to 100.
        chance: gold labels to the value of always answering the most frequent one.
    """

    name: str
    signature: str
    value: Callable[[Sequence[str], Sequence[str]], float]
    chance: Callable[[Sequence[str]], float]


LABEL_METRICS: dict[str, LabelMetric] = {
    metric.name: metric
    for metric in (
        LabelMetric("accuracy", _accuracy.SIGNATURE, _accuracy.accuracy, _accuracy.majority),
    )
}
