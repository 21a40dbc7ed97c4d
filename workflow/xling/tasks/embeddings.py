# SPDX-License-Identifier: Apache-2.0
"""Sentence embeddings: the hidden states of an encoder, pooled and brought to length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xling.errors import DataError, UsageError
from xling.inference import batches_of

if TYPE_CHECKING:
    import torch

    from xling.tasks.family import Inference
    from xling.tasks.retrieval import Tokens


def layers_of(model: Any, chosen: int | None, *, sweep: bool) -> tuple[int, list[int]]:
    """Return the layer that is read and all layers that are scored.

    Layer 0 is the output of the embeddings, n that of the n-th block.

    Args:
        model: the encoder.
        chosen: layer of the study; None is the last.
        sweep: whether all layers are scored.

    Raises:
        UsageError: the encoder has no such layer.
    """
    last = int(model.config.num_hidden_layers)
    layer = last if chosen is None else chosen
    if layer > last:
        raise UsageError(
            f"the encoder has no layer {layer}",
            where="tasks.<name>.search.layer",
            allowed=f"0 (embeddings) to {last}, or null for the last",
        )
    return layer, list(range(last + 1)) if sweep else [layer]


def embed(
    model: Any,
    tokens: Tokens,
    rows: np.ndarray,
    how: Inference,
    *,
    pooling: str,
    layers: Sequence[int],
) -> npt.NDArray[np.float32]:
    """Return the embeddings of some rows in some layers, each of length 1.

    One forward pass serves all layers.  Equal inputs are computed once, so that their embeddings
    are equal to the last bit whatever batch they would have come into.

    Args:
        model: an encoder without a head, on its device.
        tokens: where the rows are.
        rows: token rows.
        how: batches and number format.
        pooling: ``mean`` over all sub-words, special ones included and padding not; ``cls``: the
            first.
        layers: as :func:`layers_of` numbers them.

    Returns:
        Shape [layers, rows, width].

    Raises:
        DataError: an embedding is not a finite number.
    """
    first, place = _distinct(tokens, rows)
    only_last = list(layers) == [model.config.num_hidden_layers]
    options = {} if only_last else {"output_hidden_states": True}
    out: npt.NDArray[np.float32] | None = None
    for places, outputs in batches_of(model, tokens, first, how, **options):
        states = (
            [outputs.last_hidden_state]
            if only_last
            else [outputs.hidden_states[layer] for layer in layers]
        )
        if out is None:
            out = np.empty((len(layers), len(first), states[0].shape[-1]), dtype=np.float32)
        for i, state in enumerate(states):
            out[i, places] = pooled(state, tokens.lengths[first[places]], pooling)
    assert out is not None, "a split without rows is refused when it is prepared"
    check_finite(out, how)
    out /= np.maximum(np.linalg.norm(out, axis=-1, keepdims=True), np.finfo(np.float32).tiny)
    return out[:, place]


def _distinct(tokens: Tokens, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first row of each different input, and of each row its place among those."""
    seen: dict[bytes, int] = {}
    first: list[int] = []
    place = np.empty(len(rows), dtype=np.int64)
    for i, row in enumerate(rows.tolist()):
        key = tokens.input_bytes(row)
        if key not in seen:
            seen[key] = len(first)
            first.append(row)
        place[i] = seen[key]
    return np.asarray(first, dtype=np.int64), place


def pooled(states: torch.Tensor, lengths: np.ndarray, pooling: str) -> npt.NDArray[np.float32]:
    """Pool hidden states [rows, longest, width] to [rows, width]."""
    import torch

    if pooling == "cls":
        return states[:, 0].float().cpu().numpy()
    counts = torch.from_numpy(lengths).to(states.device)
    mask = torch.arange(states.shape[1], device=states.device)[None, :] < counts[:, None]
    total = (states.float() * mask[:, :, None]).sum(dim=1)
    return (total / counts[:, None]).cpu().numpy()


def check_finite(vectors: npt.NDArray[np.float32], how: Inference) -> None:
    wrong = int((~np.isfinite(vectors).all(axis=(0, 2))).sum())
    if wrong:
        raise DataError(
            f"the embeddings of {wrong} of {vectors.shape[1]} sentences are no finite numbers",
            where=f"encoders.<name>.precision: {how.precision}",
            allowed="weights whose hidden states fit the number format",
            fix="set precision: fp32, or see whether the encoder's weights are damaged",
        )
