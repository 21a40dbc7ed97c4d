# SPDX-License-Identifier: Apache-2.0
"""How far parallel sentences are apart where robust training perturbs, relative to its radius.

An example and its translation differ in length, so their matrices cannot be subtracted.  What is
measured is the smallest perturbation of the English example that brings the mean of its states to
that of the translation (Frobenius norm over its T sub-words, as ADV's radius is): the same shift of
every sub-word, ``sqrt(T)`` times the distance of the means.  Ours: the paper has none that we know.
A ball with a smaller radius holds no perturbation that looks like the translation on average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xling.analysis.representations import first_rows
from xling.batches import token_batches
from xling.errors import DataError
from xling.tasks import SOURCE_LANGUAGE

if TYPE_CHECKING:
    from xling.tasks.family import Inference
    from xling.tokens import Tokens

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EmbeddingDistances:
    """Distances of one model's parallel examples.

    Attributes:
        point: where they are measured, as ``perturb_at`` names it.
        reference: r, mean length of the states of English sub-words there.
        distances: by target language, in units of r, shape [items that English has too].
    """

    point: str
    reference: float
    distances: dict[str, Floats]


def embedding_distances(
    model: Any, tokens: Tokens, targets: Sequence[str], how: Inference, point: str
) -> EmbeddingDistances:
    """Measure the examples of target languages against the English ones of the same id.

    Args:
        model: a classifier, on its device.
        tokens: the parallel test split.
        targets: languages.
        how: batches; states are computed in 32 bits.
        point: ``xling.robust.settings.Point``.

    Raises:
        UsageError: the model cannot be cut there.
        DataError: a language has no item that English has, or no rows.
    """
    ids, rows = first_rows(tokens, SOURCE_LANGUAGE)
    means, norms = _means(model, tokens, rows, how, point)
    sizes = tokens.lengths[rows]
    place = {one: i for i, one in enumerate(ids)}
    reference = float((norms * sizes).sum() / sizes.sum())
    found = {}
    for code in targets:
        own_ids, own_rows = first_rows(tokens, code)
        kept = [i for i, one in enumerate(own_ids) if one in place]
        if not kept:
            raise DataError(
                f"no item of {code} is among the English ones",
                allowed="parallel test items",
                fix="prepare the test split again",
            )
        own, _ = _means(model, tokens, own_rows[kept], how, point)
        there = [place[own_ids[i]] for i in kept]
        far = np.linalg.norm(own - means[there], axis=1)
        found[code] = np.sqrt(sizes[there]) * far / reference
    return EmbeddingDistances(point, reference, found)


def _means(
    model: Any, tokens: Tokens, rows: np.ndarray, how: Inference, point: str
) -> tuple[Floats, Floats]:
    """Return the mean state of each row [rows, width], and the mean length of its states [rows]."""
    import torch

    from xling.robust.insertion import CutModel, Inputs

    cut, device = CutModel(model, point), next(model.parameters()).device
    means, norms = np.empty((len(rows), model.config.hidden_size)), np.empty(len(rows))
    was_training = model.training
    model.eval()
    try:
        for places in token_batches(tokens.lengths[rows], how.max_tokens):
            batch = tokens.inputs(rows[places], how.pad_id)
            inputs = Inputs(**{name: values.to(device) for name, values in batch.items()})
            with torch.inference_mode():
                states = cut.before(inputs).float() * inputs.real
                counts = inputs.real.sum(dim=1)
                means[places] = (states.sum(dim=1) / counts).cpu().numpy()
                norms[places] = (states.norm(dim=2).sum(dim=1) / counts[:, 0]).cpu().numpy()
    finally:
        model.train(was_training)
    return means, norms


def as_arrays(found: EmbeddingDistances) -> dict[str, Any]:
    """Return what a file of arrays holds; languages differ in their numbers of items."""
    return {
        "embeddings/point": np.array(found.point),
        "embeddings/reference": np.array(found.reference),
        "embeddings/languages": np.array(list(found.distances), dtype=np.str_),
        **{
            f"embeddings/distances/{code}": values.astype(np.float32)
            for code, values in found.distances.items()
        },
    }


def from_arrays(arrays: Mapping[str, np.ndarray]) -> EmbeddingDistances | None:
    """Return what :func:`as_arrays` stored; None if nothing was.

    Raises:
        KeyError: a language has no array.
        ValueError: a distance is no finite number.
    """
    if "embeddings/point" not in arrays:
        return None
    codes = arrays["embeddings/languages"].tolist()
    found = {code: arrays[f"embeddings/distances/{code}"].astype(np.float64) for code in codes}
    if not all(len(values) and np.isfinite(values).all() for values in found.values()):
        raise ValueError("distances of embeddings are lacking or no finite numbers")
    point, reference = str(arrays["embeddings/point"]), float(arrays["embeddings/reference"])
    return EmbeddingDistances(point, reference, found)
