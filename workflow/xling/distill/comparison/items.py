# SPDX-License-Identifier: Apache-2.0
"""What each test item contributes to a system's score.

===========  ==========================  ======================================================
task         item                        numbers
===========  ==========================  ======================================================
STS 2017     a pair of sentences         moments of the ranks of its cosine and its gold score
BUCC 2018    a foreign sentence          kept pairs that are right, kept pairs, gold pairs
Tatoeba      a query; of the mean of     0 or 100; of the mean also 50
             both directions, a pair
===========  ==========================  ======================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.distill.comparison.ranks import pearson_of_moments, rank_moments
from xling.distill.evaluation import bitext, similarity, tatoeba
from xling.distill.tables.frame import BUCC, STS, TATOEBA
from xling.errors import DataError
from xling.metrics.mining import best_threshold
from xling.stats.items import f1_score, mean_score
from xling.stats.resampling import Floats, Score
from xling.tasks.predicted import grouped

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Items:
    """Test items of one language in one setting of the scores.

    Attributes:
        ids: sorted.
        values: shape [items, statistics]; the score is a function of their means.
        gold: of STS: people's scores, and ``cosines`` beside them; else empty.
    """

    ids: tuple[str, ...]
    values: Floats
    gold: tuple[float, ...] = ()
    cosines: tuple[float, ...] = ()


#: By setting, then language.
ByLanguage = Mapping[str, Mapping[str, Items]]

#: From means of an item's numbers to the metric, by task.
SCORES: dict[str, Score] = {STS: pearson_of_moments, BUCC: f1_score, TATOEBA: mean_score}
METRICS = {STS: "spearman", BUCC: "f1", TATOEBA: "accuracy"}


def items_of(task: str, predictions: pa.Table) -> ByLanguage:
    """Return a run's items.

    Args:
        task: of the paper.
        predictions: of :func:`xling.distill.evaluation.run.evaluate`.

    Raises:
        DataError: a missing column, no rows, a row that is there twice, or Tatoeba's two
            directions do not have the same pairs.
    """
    return _READERS[task](predictions)


def _sts(predictions: pa.Table) -> ByLanguage:
    groups = grouped(predictions, ("setting", "language"), ("id",), ("gold", "prediction"))
    return {similarity.STANDARD: {pair: _ranked(rows) for (_, pair), rows in groups.items()}}


def _ranked(rows: list[tuple[Any, ...]]) -> Items:
    ids, gold, cosines = zip(*sorted(rows), strict=True)
    return Items(ids, rank_moments(np.array(cosines), np.array(gold)), gold, cosines)


def _tatoeba(predictions: pa.Table) -> ByLanguage:
    groups = grouped(predictions, ("setting", "language"), ("id",), ("gold", "prediction"))
    found: dict[str, dict[str, Items]] = {}
    hits: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
    for (direction, code), rows in groups.items():
        ids, gold, predicted = zip(*sorted(rows), strict=True)
        right = [100.0 * (g == p) for g, p in zip(gold, predicted, strict=True)]
        found.setdefault(direction, {})[code] = Items(ids, np.array(right)[:, None])
        foreign_first = direction == tatoeba.TO_ENGLISH
        pairs = zip(ids, gold, strict=True) if foreign_first else zip(gold, ids, strict=True)
        hits[direction, code] = dict(zip(pairs, right, strict=True))
    for code in found.get(tatoeba.TO_ENGLISH, {}):
        if (tatoeba.FROM_ENGLISH, code) in hits:
            both = hits[tatoeba.TO_ENGLISH, code], hits[tatoeba.FROM_ENGLISH, code]
            found.setdefault(tatoeba.MEAN, {})[code] = _mean_of(*both, code)
    return found


def _mean_of(
    one: Mapping[tuple[str, str], float], other: Mapping[tuple[str, str], float], language: str
) -> Items:
    if set(one) != set(other):
        raise DataError(
            "the two directions of Tatoeba do not have the same pairs of sentences",
            where=f"language {language}",
            allowed="a partner for each sentence of both sides",
            fix="delete the predictions and run snakemake again",
        )
    pairs = sorted(one)
    values = np.array([(one[pair] + other[pair]) / 2 for pair in pairs])
    return Items(tuple(foreign for foreign, _ in pairs), values[:, None])


# Foreign id, English id, score (None: not mined), whether the pair is gold.
_Pair = tuple[str, str, float | None, bool]


def _bucc(predictions: pa.Table) -> ByLanguage:
    groups = grouped(predictions, ("split", "language"), ("source", "target"), ("score", "gold"))
    found: dict[str, dict[str, Items]] = {}
    for (split, code), rows in groups.items():
        if split != bitext.SCORED:
            continue
        found.setdefault(bitext.ORACLE, {})[code] = _kept(rows, _threshold(rows))
        if (bitext.SAMPLE, code) in groups:
            sample = _threshold(groups[bitext.SAMPLE, code])
            found.setdefault(bitext.TUNED, {})[code] = _kept(rows, sample)
    return found


def _threshold(pairs: list[Any]) -> float:
    mined = [(value, gold) for _, _, value, gold in pairs if value is not None]
    values, hits = ([one[i] for one in mined] for i in (0, 1))
    return best_threshold(values, hits, sum(gold for *_, gold in pairs))[0]


def _kept(pairs: list[Any], threshold: float) -> Items:
    """Count by foreign sentence; one without a kept or a gold pair is no item."""
    counts: dict[str, list[float]] = {}
    for source, _, value, gold in pairs:
        kept = value is not None and value >= threshold
        if kept or gold:
            own = counts.setdefault(source, [0.0, 0.0, 0.0])
            for place, true in enumerate((kept and gold, kept, gold)):
                own[place] += true
    ids = tuple(sorted(counts))
    return Items(ids, np.array([counts[one] for one in ids]))


_READERS: dict[str, Callable[[pa.Table], ByLanguage]] = {
    STS: _sts,
    BUCC: _bucc,
    TATOEBA: _tatoeba,
}
