# SPDX-License-Identifier: Apache-2.0
"""Tatoeba: every English sentence looks for its nearest foreign one (XTREME's direction)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.metrics.accuracy import accuracy
from xling.records import Score
from xling.tasks.margin import Floats, Places, nearest
from xling.tasks.predicted import grouped

if TYPE_CHECKING:
    import pyarrow as pa

STANDARD = "standard"
#: LASER's tables and others look from the foreign side for English: another number.
SIGNATURE = "accuracy|queries:en|nearest:cosine|scale:100|v:1"


def search(table: pa.Table, vectors: np.ndarray, layers: Sequence[int], chosen: int) -> pa.Table:
    """Find the nearest foreign sentence of each English one, in each layer.

    Args:
        table: prepared rows of one language, those of a side in the order of their ids.
        vectors: of the rows, of length 1, shape [layers, rows, width].
        layers: what the first axis stands for.
        chosen: the layer whose setting is ``standard``; others are called ``layer-3``.

    Returns:
        Columns ``setting``, ``id`` (of the English query), ``language``, ``gold`` and
        ``prediction`` (foreign ids), ``score`` (cosine).  Of equal sentences the first id is found.
    """
    import pyarrow as pa

    sides = np.asarray(table["side"].to_pylist())
    source, target = np.flatnonzero(sides == "source"), np.flatnonzero(sides == "target")
    ids = np.asarray(table["id"].to_pylist())
    partner = {
        other: row_id
        for row_id, gold in zip(ids.tolist(), table["gold"].to_pylist(), strict=True)
        for other in gold
    }
    language = table["language"][0].as_py()
    parts = []
    for layer, rows in zip(layers, vectors, strict=True):
        cosines, places = nearest(rows[target], rows[source], 1)
        found = _first_equal(rows[source])[places[:, 0]]
        columns: dict[str, Any] = {
            "setting": [STANDARD if layer == chosen else f"layer-{layer}"] * len(target),
            "id": ids[target],
            "language": [language] * len(target),
            "gold": [partner[row_id] for row_id in ids[target].tolist()],
            "prediction": ids[source][found],
            "score": cosines[:, 0],
        }
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)


def _first_equal(vectors: Floats) -> Places:
    """Return for each vector the first that is equal to it."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(vector.tobytes(), i) for i, vector in enumerate(vectors)])


def score(predictions: pa.Table) -> list[Score]:
    """Score each setting and language by accuracy; there are as many candidates as queries.

    Raises:
        DataError: a missing column, no rows, or a query that is there twice.
    """
    groups = grouped(predictions, ("setting", "language"), ("id",), ("gold", "prediction"))
    return [
        Score(
            setting=setting,
            language=language,
            metric="accuracy",
            value=accuracy([row[1] for row in rows], [row[2] for row in rows]),
            n=len(rows),
            signature=SIGNATURE,
            chance=100.0 / len(rows),
        )
        for (setting, language), rows in groups.items()
    ]
