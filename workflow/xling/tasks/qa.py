# SPDX-License-Identifier: Apache-2.0
"""Extractive question answering (XQuAD, MLQA, TyDiQA-GoldP)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xling import tokens as _tokens
from xling.errors import DataError
from xling.inference import batches_of
from xling.metrics import mlqa, squad
from xling.tasks import Task
from xling.tasks.by_setting import score_settings
from xling.tasks.family import Inference
from xling.tasks.qa_decoding import Spans, best_spans, best_windows
from xling.tasks.qa_features import windows_table

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

    from xling.records import Score

log = logging.getLogger(__name__)

# MLQA's language whose rule deletes no articles and splits at blanks.
PLAIN_RULE = "hi"
COLUMNS = ("id", "language", "text_language", "answers", "prediction")
_AGAIN = "run the prediction again"


def tokenize(
    table: pa.Table, tokenizer_file: Path, task: Task, reading: Mapping[str, Any]
) -> pa.Table:
    """Encode questions with windows of their contexts (:mod:`xling.tasks.qa_features`)."""
    del task  # The three benchmarks are read alike.
    return windows_table(table, tokenizer_file, reading)


class Tokens(_tokens.Tokens):
    """Windows with the places of the first answer."""

    def numbers(self, name: str) -> np.ndarray:
        """Return a column of whole numbers: ``window``, ``start``, ``end`` or ``first``."""
        return self._numbers[name]

    @cached_property
    def _numbers(self) -> dict[str, np.ndarray]:
        names = ("window", "start", "end", "first")
        return {name: self.dataset.data.column(name).to_numpy() for name in names}

    @cached_property
    def context_lengths(self) -> np.ndarray:
        """Sub-words of the context per window, shape [rows]."""
        return np.diff(self._column("starts")[1])

    def batch(self, rows: np.ndarray, pad_id: int) -> dict[str, Any]:
        """Return the padded inputs, ``start_positions`` and ``end_positions`` [len(rows)]."""
        import torch

        targets = {
            f"{name}_positions": torch.from_numpy(self.numbers(name)[rows].astype(np.int64))
            for name in ("start", "end")
        }
        return self.inputs(rows, pad_id) | targets

    def contexts(self, rows: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where the context is and where a window sees most, bool [len(rows), width]."""
        within = np.arange(width)[None, :] - self.numbers("first")[rows][:, None]
        inside = (within >= 0) & (within < self.context_lengths[rows][:, None])
        flags, offsets = self._column("max_context")
        places = offsets[rows][:, None] + np.where(inside, within, 0)
        # A window without context in the last row would point behind the flags.
        return inside, inside & flags[np.minimum(places, max(0, len(flags) - 1))]

    def code_points(self, row: int, start: int, end: int) -> tuple[int, int]:
        """Return which part of the raw context the places ``start`` to ``end`` of a row cover."""
        shift = -self.numbers("first")[row]
        starts, offsets = self._column("starts")
        ends, _ = self._column("ends")
        return int(starts[offsets[row] + shift + start]), int(ends[offsets[row] + shift + end])


def new_model(folder: Path, task: Task) -> Any:
    """Load an encoder with a new head that scores every sub-word as start and as end."""
    from transformers import AutoModelForQuestionAnswering

    from xling.encoders.encoder import load_with_head

    return load_with_head(AutoModelForQuestionAnswering, folder, task.labels)


def trained_model(folder: Path, task: Task) -> Any:
    """Load a trained model."""
    from transformers import AutoModelForQuestionAnswering

    from xling.encoders.encoder import load_trained

    return load_trained(AutoModelForQuestionAnswering, folder, task.labels)


def predict(
    model: torch.nn.Module,
    tokens: Tokens,
    rows: np.ndarray,
    table: pa.Table,
    task: Task,
    decoding: Mapping[str, Any],
    how: Inference,
) -> pa.Table:
    """Return one row per question.

    ``id``, ``language``, ``text_language``, ``answers`` (gold), ``prediction`` (a part of the raw
    context) and ``score`` (start plus end).  A question without a valid span gets the prediction
    "" and no score; how many there are is logged.
    """
    return decode(span_scores(model, tokens, rows, decoding, how), tokens, rows, table, task)


def span_scores(
    model: torch.nn.Module,
    tokens: Tokens,
    rows: np.ndarray,
    decoding: Mapping[str, Any],
    how: Inference,
) -> Spans:
    """Return the best span of each window, in the order of ``rows``."""
    return gather(batches_of(model, tokens, rows, how), tokens, rows, decoding)


def gather(
    outputs: Iterable[tuple[np.ndarray, Any]],
    tokens: Tokens,
    rows: np.ndarray,
    decoding: Mapping[str, Any],
) -> Spans:
    """Return the best spans of batches by row, see :func:`span_scores`.

    Args:
        outputs: places in ``rows``, and ``start_logits`` and ``end_logits`` [batch, sub-words];
            each place once.
        tokens: say where contexts are.
        rows: token rows.
        decoding: settings of :func:`xling.tasks.qa_decoding.best_spans`.
    """
    spans = Spans(np.empty(len(rows)), *(np.empty(len(rows), dtype=np.int64) for _ in range(2)))
    for places, output in outputs:
        some = rows[places]
        starts = output.start_logits.float().cpu().numpy()
        ends = output.end_logits.float().cpu().numpy()
        width = starts.shape[1]
        padding = np.arange(width)[None, :] >= tokens.lengths[some][:, None]
        starts[padding] = ends[padding] = -np.inf
        context, best_context = tokens.contexts(some, width)
        found = best_spans(starts, ends, context, best_context, **decoding)
        for whole, part in zip(spans, found, strict=True):
            whole[places] = part
    return spans


def decode(found: Spans, tokens: Tokens, rows: np.ndarray, table: pa.Table, task: Task) -> pa.Table:
    """Return the predictions of rows whose spans were gathered, see :func:`predict`."""
    import pyarrow as pa

    ids, languages = np.asarray(tokens.ids)[rows], np.asarray(tokens.languages)[rows]
    items: dict[tuple[str, str], int] = {}
    item = np.array(
        [items.setdefault(key, len(items)) for key in zip(languages, ids, strict=True)], dtype=int
    )
    best = best_windows(item, tokens.numbers("window")[rows], found.scores)
    valid = np.isfinite(found.scores[best])
    if not valid.all():
        log.warning(
            "%s: %d of %d questions have no valid span", task.name, (~valid).sum(), len(valid)
        )
    asked = _asked(table, items, task)
    predictions = [
        context[slice(*tokens.code_points(rows[i], found.starts[i], found.ends[i]))] if ok else ""
        for i, ok, context in zip(best, valid, asked["context"].to_pylist(), strict=True)
    ]
    scores = pa.array(found.scores[best].astype(np.float32), pa.float32(), mask=~valid)
    return pa.table(
        {name: asked[name] for name in COLUMNS[:-1]}
        | {"prediction": pa.array(predictions, pa.string()), "score": scores}
    )


def _asked(table: pa.Table, items: Mapping[tuple[str, str], int], task: Task) -> pa.Table:
    """Return the prepared rows of the predicted questions, in their order."""
    keys = zip(table["language"].to_pylist(), table["id"].to_pylist(), strict=True)
    places = {key: place for place, key in enumerate(keys)}
    missing = [key for key in items if key not in places]
    if missing:
        raise DataError(
            f"{len(missing)} tokenised questions of {task.name} are not in the prepared split",
            where=f"language {missing[0][0]}, id {missing[0][1]}",
            allowed="tokens that were made of this prepared split",
            fix="delete the tokenised split and run snakemake again",
        )
    return table.take([places[key] for key in items])


def score(predictions: pa.Table, task: Task) -> list[Score]:
    """Score each setting and language by F1 and exact match, in the table's order.

    MLQA has a rule of its own for each of its languages; it follows the language of the text.
    Artificial languages take that of Hindi: no articles, words end at blanks (ours).

    Raises:
        DataError: a missing column, no rows, or an id that is there twice in a language
            of a setting.
    """
    return score_settings(predictions, lambda part: _score_one(part, task))


def normalizer(task: Task, text_language: str) -> Callable[[str], str]:
    """Return the function that gives an answer of a task as it is compared, see :func:`score`."""
    if task.name != "mlqa":
        return squad.normalize
    return mlqa.normalizer(text_language if text_language in mlqa.LANGUAGES else PLAIN_RULE)


def _score_one(predictions: pa.Table, task: Task) -> list[Score]:
    from xling.records import Score
    from xling.score import STANDARD

    scores: list[Score] = []
    for (language, text_language), (golds, answers) in _by_language(predictions, task).items():
        values = squad.mean_scores(golds, answers, normalizer(task, text_language))
        signatures = mlqa.SIGNATURES if task.name == "mlqa" else squad.SIGNATURES
        scores += [
            Score(
                setting=STANDARD,
                language=language,
                metric=metric,
                value=getattr(values, metric),
                n=len(golds),
                signature=signatures[metric],
                chance=0.0,
            )
            for metric in task.metrics
        ]
    return scores


def _by_language(
    predictions: pa.Table, task: Task
) -> dict[tuple[str, str], tuple[list[list[str]], list[str]]]:
    """Return gold answers and predictions of each language, checked."""
    missing = [name for name in COLUMNS if name not in predictions.column_names]
    if missing:
        raise DataError(
            f"predictions of {task.name} lack the column '{missing[0]}'",
            allowed=", ".join(COLUMNS),
            fix=_AGAIN,
        )
    if not predictions.num_rows:
        raise DataError(f"predictions of {task.name} have no rows", fix=_AGAIN)
    columns = (predictions.column(name).to_pylist() for name in COLUMNS)
    found: dict[tuple[str, str], tuple[list[list[str]], list[str]]] = {}
    seen = set()
    for row_id, language, text_language, answers, prediction in zip(*columns, strict=True):
        if (language, row_id) in seen:
            raise DataError(
                f"a row of {task.name} is predicted twice",
                where=f"language {language}, id {row_id}",
                allowed="each id once per language",
                fix=_AGAIN,
            )
        seen.add((language, row_id))
        golds, predicted = found.setdefault((language, text_language), ([], []))
        golds.append(answers)
        predicted.append(prediction)
    return found
