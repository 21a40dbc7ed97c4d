# SPDX-License-Identifier: Apache-2.0
"""Class scores of many rows in one process, without padding to a maximum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xling.batches import token_batches

if TYPE_CHECKING:
    import torch

    from xling.tokens import Tokens

PRECISIONS = {"fp32": None, "bf16": "bfloat16", "fp16": "float16"}


def autocast(device: torch.device, precision: str) -> Any:
    """Return the autocast context of an encoder's precision (none for fp32)."""
    import torch

    name = PRECISIONS[precision]
    dtype = getattr(torch, name) if name else torch.float32
    return torch.autocast(device.type, dtype=dtype, enabled=name is not None)


def class_scores(
    model: torch.nn.Module,
    tokens: Tokens,
    rows: np.ndarray,
    *,
    pad_id: int,
    precision: str,
    max_tokens: int,
) -> np.ndarray:
    """Return the logits of the given rows, shape [len(rows), classes], float32, in their order.

    Rows of similar length are computed together, ``max_tokens`` padded sub-words at a time; the
    model is put into evaluation mode and left in the mode it was in.
    """
    import torch

    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    out: np.ndarray | None = None
    with torch.inference_mode(), autocast(device, precision):
        for places in token_batches(tokens.lengths[rows], max_tokens):
            batch = tokens.batch(rows[places], pad_id)
            del batch["labels"]
            logits = model(**{name: value.to(device) for name, value in batch.items()}).logits
            if out is None:
                out = np.empty((len(rows), logits.shape[-1]), dtype=np.float32)
            out[places] = logits.float().cpu().numpy()
    model.train(was_training)
    assert out is not None, "a split without rows is refused when it is prepared"
    return out


def rows_of(tokens: Tokens, languages: list[str]) -> np.ndarray:
    """Return the row numbers of the given languages, in file order."""
    return np.flatnonzero(np.isin(np.asarray(tokens.languages), languages))


def accuracy_by_language(scores: np.ndarray, tokens: Tokens, rows: np.ndarray) -> dict[str, float]:
    """Return accuracy, 0 to 100, per language of the rows, in order of appearance."""
    right = scores.argmax(axis=1) == tokens.labels[rows]
    languages = np.asarray(tokens.languages)[rows]
    return {
        language: 100.0 * float(right[languages == language].mean())
        for language in dict.fromkeys(languages.tolist())
    }
