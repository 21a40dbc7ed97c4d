# SPDX-License-Identifier: Apache-2.0
"""Which items of which pairs of languages a run got right, as arrays: they may be a million."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xling.generalised.names import GENERALISED, NOT_TRANSLATED, pair_name
from xling.plan import Run
from xling.score import STANDARD, shown_of
from xling.tasks import Task
from xling.tasks.by_setting import COLUMN

if TYPE_CHECKING:
    import pyarrow as pa

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PairItems:
    """One run's items.

    Attributes:
        pairs: names of pairs of languages; those of a language with itself are its standard test.
        ids: of the items, sorted; the same in all pairs.
        right: 0 or 100, NaN where a pair lacks the item; shape [pairs, items].
        untranslated: where a sentence was not translated, the same shape.
    """

    pairs: tuple[str, ...]
    ids: tuple[str, ...]
    right: Matrix
    untranslated: npt.NDArray[np.bool_]

    def translated(self) -> PairItems:
        """Return the same without items of which a sentence was not translated."""
        right = np.where(self.untranslated, np.float32(np.nan), self.right)
        return PairItems(self.pairs, self.ids, right, np.zeros_like(self.untranslated))


def pair_items(predictions: pa.Table, task: Task) -> PairItems:
    """Return what a run got right in the generalised setting.

    A run that was not tested in it has the pairs of each language with itself, from the setting
    that tables show.

    Args:
        predictions: of sentence pairs, checked when they were scored.
        task: of the run; its labels have no blanks around them.
    """
    import pyarrow.compute as pc

    assert task.family == "classification", "only sentence pairs have two sentences"
    settings = [STANDARD]
    if COLUMN in predictions.column_names:
        settings = predictions[COLUMN].unique().to_pylist()
        wanted = GENERALISED if GENERALISED in settings else shown_of(settings)
        predictions = predictions.filter(pc.equal(predictions[COLUMN], wanted))
    languages, places = _coded(predictions, "language")
    ids, items = _coded(predictions, "id")
    if GENERALISED not in settings:
        languages = [pair_name(code, code) for code in languages]
    order = np.argsort(ids)
    rank = np.empty(len(ids), dtype=np.int64)
    rank[order] = np.arange(len(ids))
    right = np.full((len(languages), len(ids)), np.nan, dtype=np.float32)
    hits = pc.equal(predictions["label"], predictions["prediction"])
    right[places, rank[items]] = 100.0 * hits.to_numpy().astype(np.float32)
    lost = np.zeros(right.shape, dtype=bool)
    if NOT_TRANSLATED in predictions.column_names:
        lost[places, rank[items]] = predictions[NOT_TRANSLATED].to_numpy()
    return PairItems(tuple(languages), tuple(ids[i] for i in order), right, lost)


def _coded(table: pa.Table, name: str) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Return the values of a column, each once, and of each row the place of its value."""
    coded = table[name].combine_chunks().dictionary_encode()
    return coded.dictionary.to_pylist(), np.asarray(coded.indices)


def in_one_order(
    runs: Mapping[Run, PairItems], pairs: Sequence[str]
) -> dict[Run, npt.NDArray[np.float64]]:
    """Return what each run got right, shape [pairs, items], the same items in all; NaN: lacking."""
    ids = sorted({one for run in runs.values() for one in run.ids})
    place = {one: i for i, one in enumerate(ids)}
    found = {}
    for key, run in runs.items():
        rows = [run.pairs.index(name) for name in pairs]
        out = np.full((len(pairs), len(ids)), np.nan)
        out[:, [place[one] for one in run.ids]] = run.right[rows]
        found[key] = out
    return found
