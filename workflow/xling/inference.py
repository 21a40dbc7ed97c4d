# SPDX-License-Identifier: Apache-2.0
"""A model on many rows in one process, without padding to a maximum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from xling.batches import token_batches

if TYPE_CHECKING:
    import torch

    from xling.tasks.family import Inference
    from xling.tokens import Tokens

PRECISIONS = {"fp32": None, "bf16": "bfloat16", "fp16": "float16"}


class Inputs(Protocol):
    """Rows that a model can read: tokenised ones, or such as are put together when asked for."""

    @property
    def lengths(self) -> np.ndarray:
        """Sub-words per row, shape [rows]."""
        ...

    def inputs(self, rows: np.ndarray, pad_id: int) -> dict[str, Any]:
        """Return padded tensors of some rows."""
        ...


def autocast(device: torch.device, precision: str) -> Any:
    """Return the autocast context of an encoder's precision (none for fp32)."""
    import torch

    name = PRECISIONS[precision]
    dtype = getattr(torch, name) if name else torch.float32
    return torch.autocast(device.type, dtype=dtype, enabled=name is not None)


def batches_of(
    model: torch.nn.Module, tokens: Inputs, rows: np.ndarray, how: Inference, **options: Any
) -> Iterator[tuple[np.ndarray, Any]]:
    """Yield (places in ``rows``, outputs of the model) until every row was there once.

    Rows of similar length are computed together, ``max_tokens`` padded sub-words at a time; the
    model is in evaluation mode meanwhile and left in the mode it was in.

    Args:
        model: on its device.
        tokens: where the rows are.
        rows: token rows.
        how: batches and number format.
        options: further arguments of the model's forward.
    """
    import torch

    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        for places in token_batches(tokens.lengths[rows], how.max_tokens):
            batch = tokens.inputs(rows[places], how.pad_id)
            with torch.inference_mode(), autocast(device, how.precision):
                outputs = model(**{k: v.to(device) for k, v in batch.items()}, **options)
            yield places, outputs
    finally:
        model.train(was_training)


def rows_of(tokens: Tokens, languages: list[str]) -> np.ndarray:
    """Return the row numbers of the given languages, in file order."""
    return np.flatnonzero(np.isin(np.asarray(tokens.languages), languages))
