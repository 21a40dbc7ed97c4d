# SPDX-License-Identifier: Apache-2.0
"""From prepared files to predictions, notes and scores of one system on one task."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from xling.data.manifest import sha256_of
from xling.data.tables import read_summary, read_table
from xling.distill.evaluation import bias, bitext, similarity, tatoeba
from xling.distill.evaluation.embedder import Embedder, Floats
from xling.distill.evaluation.space import sentence_space, write_space
from xling.errors import UsageError, nearest
from xling.files import whole_file, write_text
from xling.machine import hardware, peak_memory_mb, versions

if TYPE_CHECKING:
    from xling.records import Score

STS, BUCC, TATOEBA = "sts17", "bucc2018", "tatoeba"
TASKS = (STS, BUCC, TATOEBA)
_TEST = "test"
_DECODING = {"neighbours": bitext.NEIGHBOURS, "floor": bitext.FLOOR}


class _Counting:
    """A system whose work is counted."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder, self.seconds = embedder, 0.0
        self.sentences: Counter[str] = Counter()

    def encode(self, sentences: list[str], language: str) -> Floats:
        started = time.monotonic()
        vectors = self.embedder.encode(sentences, language)
        self.seconds += time.monotonic() - started
        self.sentences[language] += len(sentences)
        return vectors


def evaluate(
    task: str,
    embedder: Embedder,
    splits: Mapping[str, Path],
    *,
    system: Mapping[str, Any],
    output: Path,
    note: Path,
    space: Path | None = None,
) -> None:
    """Write the predictions of a system on a task, and what the job used.

    The rows of a file may come in any order: predictions are the same bytes.

    Args:
        task: one of :data:`TASKS`.
        embedder: the system.
        splits: prepared files by split: ``test``; for BUCC ``dev`` (the sample set) too if there
            is one.
        system: what the note says of the system, as JSON can hold it.
        output: Parquet file of predictions.
        note: JSON file beside it.
        space: of STS: also write vectors for the figure of the sentence space.

    Raises:
        UsageError: there is no such task, or the splits are not those of the task.
        DataError: a prepared file is damaged, or the system's vectors are.
    """
    _check(task, splits, space)
    tables = {split: read_table(splits[split]) for split in sorted(splits)}
    counting = _Counting(embedder)
    started = time.monotonic()
    found = _predictions(task, tables, counting, space)
    seconds = time.monotonic() - started
    with whole_file(output) as part:
        pq.write_table(found, part, compression="zstd")
    about = {
        "task": task,
        "test_data": [_data(task, split, splits[split], tables[split]) for split in tables],
        "system": dict(system),
        "decoding": _DECODING if task == BUCC else {},
        "encoded": dict(sorted(counting.sentences.items())),
        "timing": _timing(seconds, counting),
        "hardware": hardware(),
        "versions": versions(),
    }
    text = json.dumps(about, indent=1, sort_keys=True, ensure_ascii=False)
    write_text(note, text + "\n")


def _predictions(
    task: str, tables: Mapping[str, pa.Table], embedder: Embedder, space: Path | None
) -> pa.Table:
    if task == BUCC:
        return bitext.mine_splits(tables, embedder)
    table = tables[_TEST]
    if task == TATOEBA:
        return tatoeba.search_both(table, embedder)
    vectors = similarity.sentence_vectors(table, embedder)
    if space is not None:
        write_space(space, sentence_space(table, vectors))
    return similarity.similarities(table, vectors)


def _timing(seconds: float, counting: _Counting) -> dict[str, float]:
    rate = counting.sentences.total() / max(counting.seconds, 1e-9)
    return {
        "predict_seconds": round(seconds, 3),
        "encode_seconds": round(counting.seconds, 3),
        "predict_examples_per_second": round(rate, 1),
        **{f"predict_{key}": value for key, value in peak_memory_mb().items()},
    }


def score(task: str, predictions: pa.Table) -> list[Score]:
    """Score predictions of :func:`evaluate`; STS with its language bias.

    Raises:
        UsageError: there is no such task.
        DataError: the predictions are damaged.
    """
    if task == STS:
        return [*similarity.score(predictions), *bias.scores(predictions)]
    if task == BUCC:
        return bitext.score(predictions)
    if task == TATOEBA:
        return tatoeba.score(predictions)
    raise _unknown(task)


def _check(task: str, splits: Mapping[str, Path], space: Path | None) -> None:
    if task not in TASKS:
        raise _unknown(task)
    allowed = {_TEST, bitext.SAMPLE} if task == BUCC else {_TEST}
    if _TEST not in splits or not set(splits) <= allowed:
        raise UsageError(
            f"the task '{task}' is given the splits {', '.join(sorted(splits)) or 'none'}",
            where="splits",
            allowed="test, and of BUCC dev",
            fix="name the prepared files of the task",
        )
    if space is not None and task != STS:
        raise UsageError(
            f"the task '{task}' has no figure of its sentence space",
            where="space",
            allowed=f"the task {STS}",
            fix="leave the file out",
        )


def _unknown(task: str) -> UsageError:
    return UsageError(
        f"unknown task of the distillation paper '{task}'",
        where="task",
        allowed=", ".join(TASKS),
        fix=nearest(task, TASKS) or "give one of these names",
    )


def _data(task: str, split: str, path: Path, table: pa.Table) -> dict[str, Any]:
    """Say which file was read; what its preparation said stands beside it."""
    rows = Counter(table["language"].to_pylist())
    about = read_summary(path)
    kept = {key: about[key] for key in ("origin", "translations") if key in about}
    own = {"task": task, "split": split, "sha256": sha256_of(path), "rows": dict(rows)}
    return own | kept
