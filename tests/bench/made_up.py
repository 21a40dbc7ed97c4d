# SPDX-License-Identifier: Apache-2.0
"""Made-up rows as long as real ones, and small models to run them through."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

    from xling.tokens import Tokens

PAD = 1
VOCABULARY = 8000
FIRST_WORD = 5  # lower numbers are special


def real_lengths(file: str, rows: int, task: str = "") -> np.ndarray:
    """Draw sub-words per row from a counted distribution, with a fixed seed.

    Args:
        file: in this folder.
        rows: how many.
        task: lines of the file with this task; all of a file without the column ``task``.
    """
    text = (Path(__file__).parent / file).read_text(encoding="utf-8")
    lines = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    table = [(int(r["length"]), int(r["rows"])) for r in lines if r.get("task", "") == task]
    lengths, counts = np.array(table).T
    return np.random.default_rng(0).choice(lengths, rows, p=counts / counts.sum())


def token_file(lengths: np.ndarray, columns: dict[str, Any], folder: Path) -> Path:
    """Write random sub-words with the columns of a family as a tokenised split."""
    import pyarrow as pa

    from xling.tokens import write_tokens

    rng = np.random.default_rng(1)
    ids = [rng.integers(FIRST_WORD, VOCABULARY, n) for n in lengths]
    table = pa.table(
        {
            "id": [str(i) for i in range(len(lengths))],
            "language": ["en"] * len(lengths),
            "input_ids": pa.array(ids, pa.list_(pa.int32())),
            **columns,
        }
    )
    write_tokens(folder / "rows.arrow", table, {})
    return folder / "rows.arrow"


def small_model(
    head: Any,
    max_length: int,
    labels: int,
    *,
    hidden: int = 192,
    layers: int = 4,
    attention: str | None = None,
) -> Any:
    """Return an untrained XLM-R, small enough for a laptop, large enough to be a load.

    Without dropout, so that all sides of a comparison compute the same numbers.

    Args:
        head: one of the library's AutoModel classes.
        max_length: sub-words per row, at most.
        labels: classes of the head.
        hidden: width, a multiple of 4.
        layers: of the encoder.
        attention: the library's implementation; None: its own choice.
    """
    import torch
    from transformers import XLMRobertaConfig

    torch.manual_seed(0)
    return head.from_config(
        XLMRobertaConfig(
            vocab_size=VOCABULARY,
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=4,
            intermediate_size=4 * hidden,
            max_position_embeddings=max_length + PAD + 1,
            type_vocab_size=1,
            pad_token_id=PAD,
            num_labels=labels,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        ),
        attn_implementation=attention,
    )


def padded(batch: dict[str, torch.Tensor], length: int) -> dict[str, torch.Tensor]:
    """Return a batch whose inputs are padded to ``length``."""
    from torch.nn.functional import pad

    more = (0, length - batch["input_ids"].shape[1])
    fills = {"input_ids": PAD, "attention_mask": 0}
    return batch | {name: pad(batch[name], more, value=fill) for name, fill in fills.items()}


def in_file_order(
    model: torch.nn.Module, tokens: Tokens, size: int, length: int
) -> Iterator[tuple[np.ndarray, torch.Tensor, Any]]:
    """Yield row numbers, mask and outputs: ``size`` rows at a time, each padded to ``length``."""
    import torch

    for start in range(0, len(tokens), size):
        rows = np.arange(start, min(start + size, len(tokens)))
        batch = padded(tokens.inputs(rows, PAD), length)
        with torch.inference_mode():
            yield rows, batch["attention_mask"], model(**batch)
