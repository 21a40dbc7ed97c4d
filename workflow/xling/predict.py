# SPDX-License-Identifier: Apache-2.0
"""Predict every row of a split, all languages in one process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.errors import DataError
from xling.inference import class_scores, rows_of
from xling.machine import hardware, peak_memory_mb
from xling.tasks import TASKS
from xling.tokens import Tokens

if TYPE_CHECKING:
    import pyarrow as pa


def predict(
    *,
    task: str,
    model_folder: Path,
    files: list[Path],
    languages: list[str],
    precision: str,
    max_tokens: int,
) -> tuple[pa.Table, dict[str, Any]]:
    """Return one row per test row and what the job used.

    The table's columns are ``id``, ``language``, ``label`` and ``prediction`` (class names) and
    ``logits``, in the order of the files.
    """
    import pyarrow as pa
    import torch
    from transformers import AutoModelForSequenceClassification

    tokens = Tokens.read(files)
    rows = rows_of(tokens, languages)
    labels = TASKS[task].labels
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            model_folder, local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        raise DataError(
            f"the trained model cannot be read: {str(error).splitlines()[0]}",
            where=str(model_folder),
            allowed="the folder that 'xling train' writes",
            fix="delete the folder and run snakemake again",
        ) from error
    if tuple(model.config.id2label[i] for i in range(len(labels))) != labels:
        raise DataError(
            "the model's classes are not the task's",
            where=f"{model_folder}/config.json, id2label",
            allowed=", ".join(labels),
            fix="train the model on this task",
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    started = time.monotonic()
    scores = class_scores(
        model.to(device),
        tokens,
        rows,
        pad_id=model.config.pad_token_id,
        precision=precision,
        max_tokens=max_tokens,
    )
    seconds = time.monotonic() - started
    names = np.asarray(labels)
    table = pa.table(
        {
            "id": np.asarray(tokens.ids)[rows],
            "language": np.asarray(tokens.languages)[rows],
            "label": names[tokens.labels[rows]],
            "prediction": names[scores.argmax(axis=1)],
            "logits": pa.array(list(scores), pa.list_(pa.float32())),
        }
    )
    note = {
        "test_data": list(tokens.info),
        "rows": {code: n for code, n in tokens.rows_per_language().items() if code in languages},
        "timing": {
            "predict_seconds": round(seconds, 3),
            "predict_examples_per_second": round(len(rows) / max(seconds, 1e-9), 1),
            **{f"predict_{k}": v for k, v in peak_memory_mb().items()},
        },
        "hardware": hardware(),
    }
    return table, note
