# SPDX-License-Identifier: Apache-2.0
"""Tatoeba as in the distillation paper (section 4.3): both directions and their mean.

The search is that of :mod:`xling.tasks.tatoeba`, asked twice with the sides in either role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from xling.distill.evaluation.embedder import Embedder, SentenceVectors
from xling.records import Score
from xling.tasks import SOURCE_LANGUAGE, tatoeba

if TYPE_CHECKING:
    import numpy as np

#: Settings of the scores: who looks for whom, and the mean of the two.
TO_ENGLISH, FROM_ENGLISH, MEAN = "xx-en", "en-xx", "mean"
_QUERIES = {TO_ENGLISH: "queries:foreign", FROM_ENGLISH: "queries:en", MEAN: "queries:both"}
_SWAPPED = {"source": "target", "target": "source"}


def search_both(table: pa.Table, embedder: Embedder) -> pa.Table:
    """Find the nearest sentence of the other side for each sentence of either side.

    Args:
        table: prepared retrieval rows of one split, line i of a side having one partner.
        embedder: the system.

    Returns:
        Columns of :func:`xling.tasks.tatoeba.search`, languages sorted; ``setting`` is the
        direction, ``id`` that of the query.
    """
    parts = []
    # English sentences are in the files of many languages.
    english = table.filter(pc.equal(table["side"], "target"))["text"].to_pylist()
    known = SentenceVectors(embedder, english, SOURCE_LANGUAGE)
    for code in sorted(set(table["language"].to_pylist())):
        own = table.filter(pc.equal(table["language"], code))
        own = own.sort_by([("side", "ascending"), ("id", "ascending")])
        texts = {
            side: own.filter(pc.equal(own["side"], side))["text"].to_pylist() for side in _SWAPPED
        }
        foreign = SentenceVectors(embedder, texts["source"], code)
        vectors = _stacked(foreign.of(texts["source"]), known.of(texts["target"]))
        for direction, rows in ((FROM_ENGLISH, own), (TO_ENGLISH, _swapped(own))):
            found = tatoeba.search(rows, vectors, [0], 0)
            settings = pa.array([direction] * found.num_rows, pa.string())
            place = found.column_names.index("setting")
            parts.append(found.set_column(place, "setting", settings))
    return pa.concat_tables(parts)


def _stacked(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the vectors of all rows, "source" sorting before "target", as one layer."""
    import numpy as np

    return np.concatenate([source, target])[None]


def _swapped(table: pa.Table) -> pa.Table:
    """Let the two sides change roles: the partner names each English row's foreign one."""
    rows = zip(*(table[name].to_pylist() for name in ("id", "side", "gold")), strict=True)
    sides, partner = [], {}
    for row_id, side, gold in rows:
        sides.append(_SWAPPED[side])
        partner.update(dict.fromkeys(gold or (), row_id))
    gold = [
        [partner[row_id]] if side == "source" and row_id in partner else []
        for row_id, side in zip(table["id"].to_pylist(), sides, strict=True)
    ]
    columns = {"side": pa.array(sides), "gold": pa.array(gold, pa.list_(pa.string()))}
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def score(predictions: pa.Table) -> list[Score]:
    """Score each language by accuracy in both directions, and by the mean of the two.

    Raises:
        DataError: a missing column, no rows, or a query that is there twice.
    """
    found = [
        _named(one, one.setting, one.value, one.n, one.chance) for one in tatoeba.score(predictions)
    ]
    values = {(one.setting, one.language): one for one in found}
    means = []
    for one in found:
        other = values.get((FROM_ENGLISH, one.language))
        if one.setting == TO_ENGLISH and other is not None:
            value, chance = (one.value + other.value) / 2, (one.chance + other.chance) / 2
            means.append(_named(one, MEAN, value, one.n + other.n, chance))
    return [*found, *means]


def _named(one: Score, setting: str, value: float, n: int, chance: float) -> Score:
    signature = tatoeba.SIGNATURE.replace("queries:en", _QUERIES[setting])
    update = {"setting": setting, "value": value, "n": n, "signature": signature, "chance": chance}
    return one.model_copy(update=update)
