# SPDX-License-Identifier: Apache-2.0
"""Tagging of words (UD-POS, PAN-X)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xling import tokens as _tokens
from xling.errors import DataError
from xling.inference import batches_of
from xling.metrics import chunks
from xling.tasks import Task
from xling.tasks.by_setting import score_settings
from xling.tasks.family import Inference
from xling.tasks.tagging_decoding import follow, foreign, joined_parts
from xling.tasks.tagging_features import NO_LABEL, features

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

    from xling.records import Score

#: Tag of a word whose translation has no word for it (ours).  UD-POS: the most frequent tag of the
#: English training set (18 % of its words) and of every other split that was counted.
DEFAULT_TAG = {"udpos": "NOUN", "panx": "O"}

_COLUMNS = ("id", "language", "tags", "prediction")
_AGAIN = "run the prediction again"


def tokenize(
    table: pa.Table, tokenizer_file: Path, task: Task, reading: Mapping[str, Any]
) -> pa.Table:
    """Encode sentences word by word; a sentence that is too long gives several rows.

    See :func:`xling.tasks.tagging_features.features` for the columns.
    """
    return features(table, tokenizer_file, task.labels, reading["max_length"])


class Tokens(_tokens.Tokens):
    """Tokenised parts of sentences with the classes of their words."""

    @cached_property
    def loss_terms(self) -> np.ndarray:
        """Labelled words per row, shape [rows]."""
        values, offsets = self._column("labels")
        counted = np.concatenate([[0], np.cumsum(values != NO_LABEL)])
        return counted[offsets[1:]] - counted[offsets[:-1]]

    @cached_property
    def parts(self) -> np.ndarray:
        """Number of the part within its sentence, shape [rows]."""
        return self.dataset.data.column("part").to_numpy()

    def words(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return place in ``rows``, first sub-word and class of each word, shapes [words]."""
        positions, offsets = self._column("positions")
        counts = offsets[rows + 1] - offsets[rows]
        ends = np.cumsum(counts)
        # Word w of row r is at offsets[r] + w in the flat column.
        flat = np.arange(ends[-1]) + np.repeat(offsets[rows] - ends + counts, counts)
        classes = self._column("labels")[0]
        return np.repeat(np.arange(len(rows)), counts), positions[flat], classes[flat]

    def batch(self, rows: np.ndarray, pad_id: int) -> dict[str, Any]:
        """Return the padded inputs and ``labels`` [len(rows), longest].

        The class of a word stands at its first sub-word, ``NO_LABEL`` everywhere else.
        """
        import torch

        inputs = self.inputs(rows, pad_id)
        labels = np.full(inputs["input_ids"].shape, NO_LABEL, dtype=np.int64)
        places, positions, classes = self.words(rows)
        labels[places, positions] = classes
        return inputs | {"labels": torch.from_numpy(labels)}


def new_model(folder: Path, task: Task) -> Any:
    """Load an encoder with a new token classification head."""
    from transformers import AutoModelForTokenClassification

    from xling.encoders.encoder import load_with_head

    return load_with_head(AutoModelForTokenClassification, folder, task.labels)


def trained_model(folder: Path, task: Task) -> Any:
    """Load a trained model; its classes must be the task's."""
    from transformers import AutoModelForTokenClassification

    from xling.encoders.encoder import load_trained

    return load_trained(AutoModelForTokenClassification, folder, task.labels)


def predict(
    model: torch.nn.Module,
    tokens: Tokens,
    rows: np.ndarray,
    table: pa.Table,
    task: Task,
    decoding: Mapping[str, Any],
    how: Inference,
) -> pa.Table:
    """Return ``id``, ``language``, ``tags`` and ``prediction``: as many tags as the gold has.

    The sentences stand in the order of ``table``.

    Raises:
        DataError: the tokens are not those of the table.
    """
    del decoding
    return decode(word_classes(model, tokens, rows, how), tokens, rows, table, task)


def word_classes(
    model: torch.nn.Module, tokens: Tokens, rows: np.ndarray, how: Inference
) -> list[np.ndarray]:
    """Return the most likely class of each word of the given rows, in their order."""
    return gather(batches_of(model, tokens, rows, how), tokens, rows, {})


def gather(
    outputs: Iterable[tuple[np.ndarray, Any]],
    tokens: Tokens,
    rows: np.ndarray,
    decoding: Mapping[str, Any],
) -> list[np.ndarray]:
    """Return the most likely classes of batches by row, see :func:`word_classes`.

    Args:
        outputs: places in ``rows`` and ``logits`` [batch, sub-words, classes]; each place once.
        tokens: say where words begin.
        rows: token rows.
        decoding: not read.
    """
    del decoding
    classes: list[np.ndarray] = [np.empty(0, dtype=np.int64)] * len(rows)
    for places, output in outputs:
        best = output.logits.argmax(dim=-1).cpu().numpy()
        row, position, _ = tokens.words(rows[places])
        cuts = np.searchsorted(row, np.arange(1, len(places)))
        for place, words in zip(places, np.split(best[row, position], cuts), strict=True):
            classes[place] = words
    return classes


def decode(
    found: list[np.ndarray], tokens: Tokens, rows: np.ndarray, table: pa.Table, task: Task
) -> pa.Table:
    """Return the predictions of rows whose classes were gathered, see :func:`predict`."""
    sentences = joined_parts(tokens, rows, found)
    columns = [table[name].to_pylist() for name in ("id", "language", "tags", "links")]
    out = []
    for row_id, language, tags, links in zip(*columns, strict=True):
        classes = sentences.pop((language, row_id), None)
        if classes is not None:
            predicted = [task.labels[c] for c in classes]
            if links is not None:
                predicted = follow(links, predicted, DEFAULT_TAG[task.name])
            if len(predicted) != len(tags):
                raise foreign(language, row_id, f"{len(predicted)} words for {len(tags)} tags")
            out.append((row_id, language, tags, predicted))
    if sentences:
        language, row_id = next(iter(sentences))
        raise foreign(language, row_id, "it is not among the prepared sentences")
    return _table(out)


def _table(rows: list[tuple[str, str, list[str], list[str]]]) -> pa.Table:
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_COLUMNS)
    texts = pa.list_(pa.string())
    types = (pa.string(), pa.string(), texts, texts)
    return pa.table(
        {
            name: pa.array(column, kind)
            for name, column, kind in zip(_COLUMNS, columns, types, strict=True)
        }
    )


def score(predictions: pa.Table, task: Task) -> list[Score]:
    """Score each setting and language, all metrics of the task, in the table's order.

    ``chance`` is the value of giving every word the most frequent gold tag of the language.

    Raises:
        DataError: a column is missing, a tag unknown, a sentence there twice, or it has another
            number of predictions than words.
    """
    return score_settings(predictions, lambda part: _score_one(part, task))


def _score_one(predictions: pa.Table, task: Task) -> list[Score]:
    from xling.records import Score
    from xling.score import STANDARD

    scores = []
    for language, (gold, predicted) in _by_language(predictions, task).items():
        counts = Counter(tag for tags in gold for tag in tags)
        usual = min(counts, key=lambda tag: (-counts[tag], tag))
        chance = [[usual] * len(tags) for tags in gold]
        for name in task.metrics:
            signature, value = _METRICS[name]
            scores.append(
                Score(
                    setting=STANDARD,
                    language=language,
                    metric=name,
                    value=value(gold, predicted, language),
                    n=len(gold),
                    signature=signature,
                    chance=value(gold, chance, language),
                )
            )
    return scores


def _f1(gold: chunks.Sentences, predicted: chunks.Sentences, language: str) -> float:
    return chunks.f1(gold, predicted, language=language).f1


def _accuracy(gold: chunks.Sentences, predicted: chunks.Sentences, language: str) -> float:
    return chunks.tag_accuracy(gold, predicted, language=language)


_METRICS = {
    "f1": (chunks.SIGNATURE, _f1),
    "accuracy": (chunks.ACCURACY_SIGNATURE, _accuracy),
}


def _by_language(
    predictions: pa.Table, task: Task
) -> dict[str, tuple[list[list[str]], list[list[str]]]]:
    """Return gold and predicted sentences of each language, checked."""
    missing = [name for name in _COLUMNS if name not in predictions.column_names]
    if missing or not len(predictions):
        what = f"lack the column '{missing[0]}'" if missing else "have no rows"
        raise DataError(
            f"predictions of {task.name} {what}", allowed=", ".join(_COLUMNS), fix=_AGAIN
        )
    known, seen = set(task.labels), set()
    found: dict[str, tuple[list[list[str]], list[list[str]]]] = {}
    columns = (predictions.column(name).to_pylist() for name in _COLUMNS)
    for row_id, language, gold, predicted in zip(*columns, strict=True):
        where = f"language {language}, id {row_id}"
        for kind, tags in (("gold", gold), ("predicted", predicted)):
            if not known.issuperset(tags):
                raise DataError(
                    f"unknown {kind} tag {sorted(set(tags) - known)[0]!r} in {task.name}",
                    where=where,
                    allowed=", ".join(task.labels),
                    fix=f"{_AGAIN}; a model with other classes cannot be scored",
                )
        if (language, row_id) in seen:
            raise DataError(
                f"a sentence of {task.name} is predicted twice",
                where=where,
                allowed="each id once per language",
                fix=_AGAIN,
            )
        seen.add((language, row_id))
        sides = found.setdefault(language, ([], []))
        sides[0].append(gold)
        sides[1].append(predicted)
    return found
