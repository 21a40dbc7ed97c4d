# SPDX-License-Identifier: Apache-2.0
"""Sentence encoders from folders: a sentence-transformers model, or a raw encoder, mean-pooled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling

from xling.distill.vectors import Vectors
from xling.errors import DataError

BATCH = 64  # ours: sentences that are encoded together, of similar length
_MODULES = "modules.json"


def load_model(folder: Path, max_length: int | None = None) -> SentenceTransformer:
    """Load what a folder holds, without remote code or pickles.

    A folder with ``modules.json`` is a sentence-transformers model.  Any other is an encoder in
    Hugging Face format, the project's own among them; its last layer is pooled by the mean over all
    sub-words (section 1).  Parts that a checkpoint lacks and nothing reads, such as a pooler, are
    drawn from torch's global generator.

    Args:
        folder: of the model.
        max_length: sub-words of a text, the rest is cut; None: the model's own.

    Raises:
        DataError: the folder cannot be read.
    """
    local = {"local_files_only": True, "trust_remote_code": False}
    weights = {"use_safetensors": True}
    try:
        if (folder / _MODULES).exists():
            model = SentenceTransformer(
                str(folder), local_files_only=True, device=_device(), model_kwargs=weights
            )
        else:
            encoder = Transformer(
                str(folder),
                model_kwargs=local | weights,
                processor_kwargs=dict(local),
                config_kwargs=dict(local),
            )
            pooling = Pooling(encoder.get_embedding_dimension(), "mean")
            model = SentenceTransformer(modules=[encoder, pooling], device=_device())
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"the model cannot be read: {str(error).splitlines()[0]}",
            where=str(folder),
            allowed="a sentence-transformers model, or an encoder: config.json, model.safetensors "
            "and a tokenizer",
            fix="check the folder; models are loaded without remote code or pickles",
        ) from error
    if max_length is not None:
        model.max_seq_length = min(max_length, model.max_seq_length or max_length)
    return model


def width_of(model: SentenceTransformer) -> int:
    """Return the numbers of a vector."""
    width = model.get_embedding_dimension()
    assert width is not None, "a Transformer and its pooling know it"
    return width


def encode(model: SentenceTransformer, sentences: list[str]) -> Vectors:
    """Return the sentences' vectors in their order, shape [sentences, width], as the model's."""
    found = model.encode(
        sentences, batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True
    )
    return np.asarray(found, dtype=np.float32)


def freeze(model: SentenceTransformer) -> SentenceTransformer:
    """Make a model a teacher: no gradients, no dropout."""
    return model.eval().requires_grad_(False)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
