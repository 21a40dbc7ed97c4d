# SPDX-License-Identifier: Apache-2.0
"""Language bias (Table 8): does a system rank sentence pairs of several language pairs together?

A system with a bias gives pairs of some languages higher cosines than equally similar pairs of
others.  Each language pair by itself hides that.  So all are pooled and ranked at once: without a
bias the correlation stays what it is on average.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xling.distill.evaluation.similarity import STANDARD, correlation, signature
from xling.records import Score
from xling.tasks import SOURCE_LANGUAGE
from xling.tasks.predicted import grouped

if TYPE_CHECKING:
    import pyarrow as pa

#: Settings of the scores: mean of the language pairs' own values; one value over all rows.
EXPECTED, ACTUAL = "expected", "pooled"
#: Languages of the scores: all pairs; those whose gold scores are those of English with English,
#: so that a difference can come from nothing but languages (ours; EN-EN, EN-DE, EN-FR, EN-IT and
#: EN-NL of STS 2017 extended, all made of EN-EN).
ALL, SAME_GOLD = "all pairs", "same gold"
_ENGLISH = f"{SOURCE_LANGUAGE}-{SOURCE_LANGUAGE}"


class Bias(NamedTuple):
    """One comparison, values times 100.

    Attributes:
        expected: mean of the language pairs' Spearman correlations.
        actual: Spearman correlation of all their rows together.
        pairs: language pairs, sorted.
        rows: sentence pairs.
    """

    expected: float
    actual: float
    pairs: tuple[str, ...]
    rows: int

    @property
    def gap(self) -> float:
        """What pooling changes; below 0: a bias."""
        return self.actual - self.expected


def language_bias(predictions: pa.Table) -> dict[str, Bias]:
    """Return the bias over all language pairs and, if there are several, those of same gold.

    Args:
        predictions: of :func:`xling.distill.evaluation.similarity.similarities`.

    Returns:
        By ``ALL`` and ``SAME_GOLD``; empty with one language pair only.

    Raises:
        DataError: as :func:`xling.distill.evaluation.similarity.score`.
    """
    groups = grouped(predictions, ("setting", "language"), ("id",), ("gold", "prediction"))
    rows = {pair: own for (setting, pair), own in groups.items() if setting == STANDARD}
    golds = {pair: Counter(row[1] for row in own) for pair, own in rows.items()}
    same = [pair for pair in rows if golds[pair] == golds.get(_ENGLISH)]
    return {
        name: _bias({pair: rows[pair] for pair in sorted(pairs)})
        for name, pairs in ((ALL, list(rows)), (SAME_GOLD, same))
        if len(pairs) > 1
    }


def _bias(rows: dict[str, list[tuple[str, float, float]]]) -> Bias:
    def of(own: list[tuple[str, float, float]], where: str) -> float:
        return correlation("spearman", [row[1] for row in own], [row[2] for row in own], where)

    pooled = [row for own in rows.values() for row in own]
    expected = float(np.mean([of(own, pair) for pair, own in rows.items()]))
    return Bias(expected, of(pooled, ", ".join(rows)), tuple(rows), len(pooled))


def scores(predictions: pa.Table) -> list[Score]:
    """Return the biases as scores: settings ``expected`` and ``pooled``; signatures name pairs."""
    return [
        Score(
            setting=setting,
            language=name,
            metric="spearman",
            value=value,
            n=found.rows,
            signature=f"{signature('spearman')}|{setting}:{'+'.join(found.pairs)}",
            chance=0.0,
        )
        for name, found in language_bias(predictions).items()
        for setting, value in ((EXPECTED, found.expected), (ACTUAL, found.actual))
    ]
