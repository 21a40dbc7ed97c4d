# SPDX-License-Identifier: Apache-2.0
"""Classification of sentence pairs (XNLI, PAWS-X)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xling import tokens as _tokens
from xling.inference import Inputs, batches_of
from xling.tasks import Task
from xling.tasks.by_setting import score_settings
from xling.tasks.family import Inference
from xling.tokens import batched, encoding_columns

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

    from xling.records import Score


def tokenize(
    table: pa.Table, tokenizer_file: Path, task: Task, reading: Mapping[str, Any]
) -> pa.Table:
    """Encode sentence pairs with the encoder's own template; adds ``label`` (class index).

    Pairs longer than ``max_length`` lose sub-words from the end of the longer sentence first
    (XTREME §3.1 of the released preprocessing).  Nothing is padded.
    """
    import pyarrow as pa

    index = {label: i for i, label in enumerate(task.labels)}
    columns = tokenize_pairs(table, tokenizer_file, reading["max_length"])
    labels = pa.array([index[label] for label in table["label"].to_pylist()], pa.int32())
    return columns.add_column(2, "label", labels)


def tokenize_pairs(table: pa.Table, tokenizer_file: Path, max_length: int) -> pa.Table:
    """Encode two texts per row; an empty second text makes a single one.

    Args:
        table: columns ``id, language, sentence1, sentence2``.
        tokenizer_file: a ``tokenizers`` JSON file.
        max_length: sub-words per row, special tokens included.
    """
    import pyarrow as pa
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length, strategy="longest_first")
    pairs = zip(table["sentence1"].to_pylist(), table["sentence2"].to_pylist(), strict=True)
    texts = ((first, second) if second else first for first, second in pairs)
    encodings = (
        encoding
        for part in batched(texts, _tokens.ROWS_PER_CALL)
        for encoding in tokenizer.encode_batch(part)
    )
    return pa.table(
        {"id": table["id"], "language": table["language"], **encoding_columns(encodings)}
    )


class Tokens(_tokens.Tokens):
    """Tokenised pairs with their class."""

    @cached_property
    def labels(self) -> np.ndarray:
        """Class index per row, shape [rows]."""
        return self.dataset.data.column("label").to_numpy()

    def batch(self, rows: np.ndarray, pad_id: int) -> dict[str, Any]:
        """Return the padded inputs and ``labels`` [len(rows)]."""
        import torch

        labels = torch.from_numpy(self.labels[rows].astype(np.int64))
        return self.inputs(rows, pad_id) | {"labels": labels}


def new_model(folder: Path, task: Task) -> Any:
    """Load an encoder with a new classification head."""
    from transformers import AutoModelForSequenceClassification

    from xling.encoders.encoder import load_with_head

    return load_with_head(AutoModelForSequenceClassification, folder, task.labels)


def trained_model(folder: Path, task: Task) -> Any:
    """Load a trained model; its classes must be the task's."""
    from transformers import AutoModelForSequenceClassification

    from xling.encoders.encoder import load_trained

    return load_trained(AutoModelForSequenceClassification, folder, task.labels)


def predict(
    model: torch.nn.Module,
    tokens: Tokens,
    rows: np.ndarray,
    table: pa.Table,
    task: Task,
    decoding: Mapping[str, Any],
    how: Inference,
) -> pa.Table:
    """Return ``id``, ``language``, ``label``, ``prediction`` (class names) and ``logits``."""
    del decoding
    return decode(class_scores(model, tokens, rows, how), tokens, rows, table, task)


def class_scores(
    model: torch.nn.Module, tokens: Inputs, rows: np.ndarray, how: Inference
) -> np.ndarray:
    """Return the logits of the given rows, shape [len(rows), classes], float32, in their order."""
    return gather(batches_of(model, tokens, rows, how), tokens, rows, {})


def gather(
    outputs: Iterable[tuple[np.ndarray, Any]],
    tokens: Inputs,
    rows: np.ndarray,
    decoding: Mapping[str, Any],
) -> np.ndarray:
    """Return the logits of batches by row, see :func:`class_scores`.

    Args:
        outputs: places in ``rows`` and ``logits`` [batch, classes]; each place once.
        tokens: not read.
        rows: token rows.
        decoding: not read.
    """
    del tokens, decoding
    out: np.ndarray | None = None
    for places, output in outputs:
        logits = output.logits.float().cpu().numpy()
        if out is None:
            out = np.empty((len(rows), logits.shape[-1]), dtype=np.float32)
        out[places] = logits
    assert out is not None, "a split without rows is refused when it is prepared"
    return out


def decode(
    found: np.ndarray, tokens: Tokens, rows: np.ndarray, table: pa.Table, task: Task
) -> pa.Table:
    """Return the predictions of rows whose logits were gathered, see :func:`predict`."""
    import pyarrow as pa

    del table  # A pair's tokens hold all that is needed.
    names = np.asarray(task.labels)
    return pa.table(
        {
            "id": np.asarray(tokens.ids)[rows],
            "language": np.asarray(tokens.languages)[rows],
            "label": names[tokens.labels[rows]],
            "prediction": names[found.argmax(axis=1)],
            "logits": pa.array(list(found), pa.list_(pa.float32())),
        }
    )


def score(predictions: pa.Table, task: Task) -> list[Score]:
    """Score each setting and language; the label must be one of the task's.

    An id stands once per setting and language.  Where some sentences were not translated and the
    table says which, each setting is scored without their rows too.
    """
    from xling.generalised.scores import score_translated
    from xling.score import score_labels

    scores = score_settings(predictions, lambda part: score_labels(part, task))
    return scores + score_translated(predictions, lambda part: score_labels(part, task))
