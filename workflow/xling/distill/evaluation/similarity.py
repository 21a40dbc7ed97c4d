# SPDX-License-Identifier: Apache-2.0
"""STS 2017 extended: do cosines of sentence pairs rank them as people did (section 4.1)?

The language of a row is its pair, English first: ``en-de``.  The first sentence is in the first
language.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xling.distill.evaluation.embedder import Embedder, SentenceVectors
from xling.errors import DataError
from xling.records import Score
from xling.tasks.predicted import grouped

if TYPE_CHECKING:
    import pyarrow as pa

STANDARD = "standard"
METRICS = ("spearman", "pearson")
_SIGNATURE = "{metric}|similarity:cosine|constant:0|scale:100|v:1"
_COLUMNS = ("id", "language", "sentence1", "sentence2", "score")


def languages_of(pair: str) -> tuple[str, str]:
    """Return the languages of a pair's two sentences.

    Raises:
        DataError: it is no pair.
    """
    first, dash, second = pair.partition("-")
    if not (first and dash and second):
        raise DataError(
            f"'{pair}' is no pair of languages",
            allowed="two codes with a hyphen, that of the first sentence first: en-de",
            fix="prepare the STS data again",
        )
    return first, second


def sentence_vectors(table: pa.Table, embedder: Embedder) -> dict[str, SentenceVectors]:
    """Encode all sentences of an STS table, each language once, whatever pairs it is in."""
    texts: dict[str, list[str]] = {}
    columns = (table[name].to_pylist() for name in ("language", "sentence1", "sentence2"))
    for pair, *sentences in zip(*columns, strict=True):
        for code, sentence in zip(languages_of(pair), sentences, strict=True):
            texts.setdefault(code, []).append(sentence)
    return {code: SentenceVectors(embedder, texts[code], code) for code in sorted(texts)}


def similarities(table: pa.Table, vectors: dict[str, SentenceVectors]) -> pa.Table:
    """Return the cosine of each sentence pair, rows by language pair and id.

    Args:
        table: prepared rows: ``id``, ``language`` (the pair), ``sentence1``, ``sentence2``,
            ``score`` (0 to 5).
        vectors: of :func:`sentence_vectors`.

    Returns:
        Columns ``setting``, ``id``, ``language``, ``gold``, ``prediction``.

    Raises:
        DataError: a row has no score.
    """
    import pyarrow as pa

    rows = sorted(zip(*(table[name].to_pylist() for name in _COLUMNS), strict=True), key=_place)
    empty = [row[:2] for row in rows if row[4] is None or not np.isfinite(row[4])]
    if empty:
        raise DataError(
            f"{len(empty)} sentence pairs have no score",
            where=f"{empty[0][1]}, row {empty[0][0]}",
            allowed="a number from 0 to 5",
            fix="prepare the STS data again: rows without a score are dropped there",
        )
    cosines: list[float] = []
    for pair in dict.fromkeys(row[1] for row in rows):
        own = [row for row in rows if row[1] == pair]
        first, second = languages_of(pair)
        sides = vectors[first].of([row[2] for row in own]), vectors[second].of([r[3] for r in own])
        cosines += _cosines(*sides).tolist()
    return pa.table(
        {
            "setting": [STANDARD] * len(rows),
            "id": pa.array([row[0] for row in rows], pa.string()),
            "language": pa.array([row[1] for row in rows], pa.string()),
            "gold": pa.array([row[4] for row in rows], pa.float64()),
            "prediction": pa.array(cosines, pa.float32()),
        }
    )


def _place(row: Sequence[Any]) -> tuple[str, str]:
    return row[1], row[0]


def _cosines(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return the cosine of each row of unit vectors with its partner, rounded once."""
    wide = np.einsum("rd,rd->r", one.astype(np.float64), other.astype(np.float64))
    return wide.astype(np.float32)


def score(predictions: pa.Table) -> list[Score]:
    """Score each language pair by Spearman's and Pearson's correlation, times 100.

    Equal cosines or equal gold scores share their mean rank.  Cosines that are all equal rank
    nothing: 0.

    Raises:
        DataError: a missing column, no rows, a row that is there twice, or a pair with fewer than
            two rows or one gold score.
    """
    groups = grouped(predictions, ("setting", "language"), ("id",), ("gold", "prediction"))
    return [
        Score(
            setting=setting,
            language=pair,
            metric=metric,
            value=correlation(metric, [row[1] for row in rows], [row[2] for row in rows], pair),
            n=len(rows),
            signature=signature(metric),
            chance=0.0,
        )
        for (setting, pair), rows in groups.items()
        for metric in METRICS
    ]


def signature(metric: str) -> str:
    """Return what a score of a metric was made by."""
    return _SIGNATURE.format(metric=metric)


def correlation(metric: str, gold: Iterable[float], cosines: Iterable[float], where: str) -> float:
    """Return a correlation times 100, -100 to 100; 0 if all cosines are equal.

    Args:
        metric: ``spearman`` or ``pearson``.
        gold: scores of people.
        cosines: as many.
        where: the language pair, for messages.

    Raises:
        DataError: the gold scores have no order.
    """
    from scipy import stats

    x, y = np.array(list(gold), np.float64), np.array(list(cosines), np.float64)
    if len(x) < 2 or np.ptp(x) == 0:
        raise DataError(
            f"{len(x)} sentence pairs with one gold score have no order",
            where=where,
            allowed="two or more different gold scores",
            fix="see what the STS file of this pair holds",
        )
    if np.ptp(y) == 0:
        return 0.0
    found = (stats.spearmanr if metric == "spearman" else stats.pearsonr)(x, y)
    return 100.0 * float(found.statistic)
