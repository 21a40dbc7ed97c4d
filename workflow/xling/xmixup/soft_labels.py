# SPDX-License-Identifier: Apache-2.0
"""Soft labels: a teacher's probabilities for the words of translated sentences.

The file is of the kind of a tokenised split (:func:`xling.tokens.write_tokens`).  Its rows are
those of the split that was labelled: ``id``, ``language``, ``part`` and ``probabilities``, for each
word of the part one number per class.  What was labelled by what is in the schema's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.data.manifest import sha256_of
from xling.errors import DataError, UsageError
from xling.tasks import SOURCE_LANGUAGE, Task
from xling.tasks.tagging_features import NO_LABEL

if TYPE_CHECKING:
    import pyarrow as pa

    from xling.tasks.tagging import Tokens

_KEYS = ("language", "id", "part")
_NONE = -1
_AGAIN = "delete the file and run snakemake again"


def labels_table(tokens: Tokens, rows: np.ndarray, probabilities: np.ndarray) -> pa.Table:
    """Return the rows of a file of soft labels.

    Args:
        tokens: what was labelled.
        rows: token rows, at least one.
        probabilities: of all words of these rows, one after the other, shape [words, classes].
    """
    import pyarrow as pa

    columns = {name: tokens.dataset.data.column(name).take(pa.array(rows)) for name in _KEYS}
    sizes = word_counts(tokens, rows)
    words = pa.FixedSizeListArray.from_arrays(pa.array(probabilities.ravel()), len(probabilities.T))
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())
    return pa.table(columns | {"probabilities": pa.ListArray.from_arrays(offsets, words)})


def word_counts(tokens: Tokens, rows: np.ndarray) -> np.ndarray:
    """Return the number of words of each of the given rows, shape [len(rows)]."""
    import pyarrow.compute as pc

    return pc.list_value_length(tokens.dataset.data.column("positions")).to_numpy()[rows]


def check_labels(
    task: Task, *, paired: bool, teacher: str | None, labels_file: Path | None
) -> None:
    """Check that soft labels are given to the trainings that read them, and to no other.

    Args:
        task: a benchmark.
        paired: whether the method reads rows with their English sides.
        teacher: who labels the words of translations, by the settings; None: nobody.
        labels_file: what is given.

    Raises:
        UsageError: they are given and not read, or the other way round.
    """
    reads = paired and task.family == "tagging"
    if reads and teacher and labels_file is None:
        raise UsageError(
            f"the words of translations are to be labelled by '{teacher}', and no labels are given",
            where="X-Mixup, setting 'teacher'; xling train --soft-labels",
            allowed="the file that 'xling label' writes, or teacher: null",
            fix="give the labels, or set teacher to null to train on tags that were carried over",
        )
    if labels_file is not None and not (reads and teacher):
        why = "its setting 'teacher' is null" if reads else "only X-Mixup on tagged words reads any"
        raise UsageError(
            f"this training of {task.name} reads no soft labels: {why}",
            where="xling train --soft-labels",
            allowed="a paired method and a tagging task, with a teacher",
            fix="leave out --soft-labels, or name a teacher in the settings",
        )


@dataclass(frozen=True)
class SoftLabels:
    """Labels of the words of training rows: a teacher's of translations, gold tags of English.

    Item ``r`` has the probabilities of the words of target row ``r``, float32 [words, classes];
    zeros: the word has no label.  They are read from the mapped file when they are asked for.

    Attributes:
        target: rows of ``train`` and ``translate_train``.
        found: row of the file for each target row, -1 for English, shape [rows].
        column: ``probabilities`` of the file.
        used: the file, its checksum and the teacher.
        agreement: of the teacher with the tags that were carried over, by language
            (:func:`xling.label.label`).
    """

    target: Tokens
    found: np.ndarray
    column: pa.ChunkedArray
    used: Mapping[str, Any]
    agreement: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path, task: Task, target: Tokens) -> SoftLabels:
        """Join a file's labels to target rows by language, id and part.

        Raises:
            DataError: the file cannot be read, is of another task or of other texts, or has no
                labels for a row that is not English.
        """
        table, info = _opened(path)
        if (info["task"], tuple(info["labels"])) != (task.name, task.labels):
            raise _unfit(path, f"they are of {info['task']} with other classes or of another task")
        others = [part for part in info["data"] if part not in target.info]
        if others:
            split = f"{others[0]['task']} {others[0]['split']}"
            raise _unfit(path, f"what was labelled ({split}) is not what is trained on")
        found = _joined(table, target, path)
        used = {"file": path.as_posix(), "sha256": sha256_of(path), "teacher": info["teacher"]}
        labels = cls(target, found, table.column("probabilities"), used, info["agreement"])
        labels.check_words(path)
        return labels

    def check_words(self, path: Path) -> None:
        """Raise :class:`DataError` if a row has another number of words than of labels."""
        import pyarrow.compute as pc

        rows = np.flatnonzero(self.found != _NONE)
        labelled = pc.list_value_length(self.column).to_numpy()[self.found[rows]]
        wrong = rows[labelled != word_counts(self.target, rows)]
        if len(wrong):
            raise _row_error(path, self.target, int(wrong[0]), "has another number of words")

    @cached_property
    def _chunks(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Probabilities of all words and offsets of the rows of each chunk, both mapped."""
        kind = self.column.type.value_type
        return [
            (
                chunk.values.flatten().to_numpy().reshape(-1, kind.list_size),
                np.asarray(chunk.offsets),
            )
            for chunk in self.column.chunks
        ]

    @cached_property
    def _starts(self) -> np.ndarray:
        """First row of each chunk."""
        return np.cumsum([0, *(len(chunk) for chunk in self.column.chunks)])[:-1]

    @cached_property
    def _one_hot(self) -> np.ndarray:
        """Probabilities by class; the last row, that of ``NO_LABEL``, is of zeros."""
        classes = self.column.type.value_type.list_size
        return np.vstack([np.eye(classes, dtype=np.float32), np.zeros((1, classes), np.float32)])

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, row: int, /) -> np.ndarray:
        place = self.found[row]
        if place == _NONE:
            classes = self.target.words(np.array([row]))[2]
            return self._one_hot[np.where(classes == NO_LABEL, -1, classes)]
        chunk = int(np.searchsorted(self._starts, place, side="right")) - 1
        values, offsets = self._chunks[chunk]
        first = place - self._starts[chunk]
        return values[offsets[first] : offsets[first + 1]]


def _opened(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Return the mapped rows of a file and what its metadata say."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_stream(source).read_all()
        info = json.loads(table.schema.metadata[b"xling"])
        known = {name: info[name] for name in ("task", "labels", "data", "teacher", "agreement")}
        return table.select([*_KEYS, "probabilities"]), known
    except (OSError, pa.ArrowInvalid, KeyError, TypeError) as error:
        raise DataError(
            f"soft labels cannot be read ({type(error).__name__}: {error})",
            where=str(path),
            allowed="the Arrow file that 'xling label' writes",
            fix=_AGAIN,
        ) from error


def _joined(table: pa.Table, target: Tokens, path: Path) -> np.ndarray:
    """Return the row of ``table`` for each target row, -1 for English, shape [rows]."""
    import pyarrow as pa

    known = table.select(_KEYS).append_column("label", pa.array(np.arange(len(table))))
    wanted = pa.table({name: target.dataset.data.column(name) for name in _KEYS})
    wanted = wanted.append_column("row", pa.array(np.arange(len(target))))
    both = wanted.join(known, keys=list(_KEYS), join_type="left outer")
    rows, labels = (both.column(name) for name in ("row", "label"))
    if len(rows) != len(target):
        raise _unfit(path, "a part of a sentence is labelled twice")
    found = np.empty(len(target), dtype=np.int64)
    found[rows.to_numpy()] = labels.fill_null(_NONE).to_numpy()
    english = np.asarray(target.languages) == SOURCE_LANGUAGE
    missing = np.flatnonzero((found == _NONE) & ~english)
    if len(missing):
        raise _row_error(path, target, int(missing[0]), "has no labels", len(missing))
    return np.where(english, _NONE, found)


def _row_error(path: Path, target: Tokens, row: int, what: str, count: int = 1) -> DataError:
    part = int(target.parts[row]) + 1
    more = f", and {count - 1} more like it" if count > 1 else ""
    return DataError(
        f"part {part} of a translated sentence {what} in the soft labels{more}",
        where=f"{path}; language {target.languages[row]}, id {target.ids[row]}",
        allowed="labels for each word of each translation that is trained on",
        fix=f"{_AGAIN}; the languages that are labelled are those that are trained on",
    )


def _unfit(path: Path, why: str) -> DataError:
    return DataError(
        f"soft labels do not fit the training: {why}",
        where=str(path),
        allowed="labels of the very tokens that are trained on, made by a model of the same task",
        fix=_AGAIN,
    )
