# SPDX-License-Identifier: Apache-2.0
"""Predict every row of the tested splits, all languages in one process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.inference import rows_of
from xling.machine import hardware, peak_memory_mb, versions
from xling.tasks import TASKS
from xling.tasks.family import Inference, family_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Split:
    """One split that is predicted.

    Attributes:
        name: of the prepared split.
        tokens: Arrow file of ``xling tokenize``.
        table: Parquet file of ``xling prepare``.
    """

    name: str
    tokens: Path
    table: Path


def predict(
    *,
    task: str,
    model_folder: Path,
    splits: list[Split],
    languages: list[str],
    encoder: dict[str, Any],
    max_tokens: int,
    decoding: dict[str, Any],
) -> tuple[pa.Table, dict[str, Any]]:
    """Return the predictions of a run and what the job used.

    Args:
        task: a benchmark.
        model_folder: of the trained model, or of the encoder if the task trains nothing.
        splits: tokenised and prepared rows.
        languages: languages to predict.
        encoder: the note about the encoder (``encoder.json``).
        max_tokens: sub-words per batch, padding included.
        decoding: settings of the family's decoding.

    Returns:
        The table of the task's family (docs/architecture.md), languages in the order of the
        splits, and a note that can be written as JSON.
    """
    import torch

    family, about = family_of(task), TASKS[task]
    tokens = family.Tokens.read([split.tokens for split in splits])
    rows = rows_of(tokens, languages)
    table = _tables(splits)
    model = family.trained_model(model_folder, about)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    how = Inference(model.config.pad_token_id, encoder["precision"], max_tokens)
    started = time.monotonic()
    found = family.predict(model.to(device), tokens, rows, table, about, decoding, how)
    seconds = time.monotonic() - started
    note = {
        "test_data": list(tokens.info),
        "rows": {code: n for code, n in tokens.rows_per_language().items() if code in languages},
        "timing": {
            "predict_seconds": round(seconds, 3),
            "predict_examples_per_second": round(len(rows) / max(seconds, 1e-9), 1),
            **{f"predict_{k}": v for k, v in peak_memory_mb().items()},
        },
        "encoder": encoder,
        "decoding": decoding,
        "hardware": hardware(),
        "versions": versions(),
    }
    return found, note


def _tables(splits: list[Split]) -> pa.Table:
    """Return the prepared rows of all splits with a column ``split``."""
    import pyarrow as pa

    from xling.data.tables import read_table

    parts = []
    for split in splits:
        table = read_table(split.table)
        names = pa.array([split.name] * table.num_rows, pa.string())
        parts.append(table.append_column("split", names))
    return pa.concat_tables(parts)
