# SPDX-License-Identifier: Apache-2.0
"""A model on all pairs of languages: the standard scores are the diagonal, the rest one stream."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xling.errors import DataError
from xling.generalised.names import GENERALISED, NOT_TRANSLATED
from xling.generalised.pairs import Pairs, all_pairs, untranslated
from xling.generalised.tokens import PairTokens, has_segments
from xling.score import STANDARD
from xling.tasks.classification import class_scores

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

    from xling.tasks import Task
    from xling.tasks.family import Inference
    from xling.tokens import Tokens


@dataclass(frozen=True)
class Reading:
    """How pairs of sentences become inputs, as those of the standard test set did.

    Attributes:
        tokenizer: a ``tokenizers`` JSON file.
        max_length: sub-words per pair, special ones included.
    """

    tokenizer: Path
    max_length: int


def predict_pairs(
    model: torch.nn.Module,
    standard: pa.Table,
    tokens: Tokens,
    prepared: pa.Table,
    task: Task,
    languages: list[str],
    reading: Reading,
    how: Inference,
) -> tuple[pa.Table, dict[str, Any]]:
    """Return the standard predictions and those of all pairs of languages.

    A language with itself is the standard test set: its logits are taken, not computed again, so
    that both scores are equal whatever the batches were.

    Args:
        model: on its device.
        standard: predictions of :func:`xling.tasks.classification.predict`, all languages.
        tokens: the tokenised test split.
        prepared: the same rows as text.
        task: gives the class names.
        languages: to be paired.
        reading: of the tokens.
        how: batches and number format.

    Returns:
        A table with the columns of ``standard``, first ``setting``, last ``not_translated``; and a
        note: rows of the setting, and what was dropped by pair of languages.

    Raises:
        DataError: rows cannot be joined, or the prepared rows are not those that were predicted.
    """
    pairs = all_pairs(prepared, languages)
    place = _places(standard, prepared)
    logits = np.empty((len(pairs.first), len(task.labels)), dtype=np.float32)
    same = pairs.first == pairs.second
    found = standard["logits"].combine_chunks().flatten()
    known = np.asarray(found).reshape(-1, len(task.labels))
    logits[same] = known[place[pairs.first[same]]]
    other = np.flatnonzero(~same)
    if len(other):
        logits[other] = _others(model, tokens, prepared, pairs, other, reading, how)
    table = _table(standard, prepared, pairs, logits, task, place)
    lost = {name: asdict(one) for name, one in pairs.dropped.items() if any(asdict(one).values())}
    return table, {"setting": GENERALISED, "rows": len(pairs.first), "dropped": lost}


def _others(
    model: torch.nn.Module,
    tokens: Tokens,
    prepared: pa.Table,
    pairs: Pairs,
    which: npt.NDArray[np.int64],
    reading: Reading,
    how: Inference,
) -> npt.NDArray[np.float32]:
    """Return the logits of pairs of two languages, in one stream sorted by length."""
    rows = pairs.first[which], pairs.second[which]
    segments = has_segments(tokens.dataset.column_names)
    inputs = PairTokens.of(prepared, rows, reading.tokenizer, reading.max_length, segments=segments)
    return class_scores(model, inputs, np.arange(len(which)), how)


def _places(standard: pa.Table, prepared: pa.Table) -> npt.NDArray[np.int64]:
    """Return where each prepared row stands in the predictions; -1: it was not predicted."""
    rows = {key: i for i, key in enumerate(_keys(standard))}
    place = np.array([rows.pop(key, -1) for key in _keys(prepared)], dtype=np.int64)
    if rows:
        language, one = next(iter(rows))
        raise DataError(
            f"{len(rows)} predicted rows are not among the prepared ones",
            where=f"language {language}, id {one}",
            allowed="tokens that were made of the prepared split",
            fix="run snakemake again",
        )
    return place


def _keys(table: pa.Table) -> zip[tuple[str, str]]:
    return zip(table["language"].to_pylist(), table["id"].to_pylist(), strict=True)


def _table(
    standard: pa.Table,
    prepared: pa.Table,
    pairs: Pairs,
    logits: npt.NDArray[np.float32],
    task: Task,
    place: npt.NDArray[np.int64],
) -> pa.Table:
    """Put both settings together; columns are Arrow's, never Python objects of every row."""
    import pyarrow as pa

    sides = untranslated(prepared)
    lost = np.empty(standard.num_rows, dtype=bool)
    there = place >= 0
    lost[place[there]] = (sides[0] | sides[1])[there]
    classes = pa.array(task.labels)
    count = np.diff(pairs.starts)
    names = pa.DictionaryArray.from_arrays(
        np.repeat(np.arange(len(pairs.names), dtype=np.int32), count), pa.array(pairs.names)
    )
    # Equal to the label of the second sentence: others were dropped.
    taken = prepared.select(["id", "label"]).take(pa.array(pairs.first))
    width = len(task.labels)
    offsets = pa.array(np.arange(0, logits.size + 1, width, dtype=np.int32))
    columns = {
        "setting": _filled(GENERALISED, len(logits)),
        "id": taken["id"],
        "language": names.cast(pa.string()),
        "label": taken["label"],
        "prediction": classes.take(pa.array(logits.argmax(axis=1))),
        "logits": pa.ListArray.from_arrays(offsets, pa.array(logits.ravel())),
        NOT_TRANSLATED: sides[0][pairs.first] | sides[1][pairs.second],
    }
    plain = standard.add_column(0, "setting", _filled(STANDARD, standard.num_rows))
    plain = plain.append_column(NOT_TRANSLATED, pa.array(lost))
    return pa.concat_tables([plain, pa.table(columns, schema=plain.schema)])


def _filled(text: str, count: int) -> pa.Array:
    import pyarrow as pa

    return pa.repeat(pa.scalar(text), count)
