# SPDX-License-Identifier: Apache-2.0
"""Sentence representations of parallel test items, and what is kept of them per layer.

A language is read whole ([layers, items, width] in float32: 0.5 GiB for XNLI's 5,010 items and the
25 layers of XLM-R large), compared with the source, and dropped: two languages are in memory at a
time, however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xling.analysis.cka import linear_cka, minibatch_cka
from xling.errors import DataError, UsageError
from xling.inference import batches_of
from xling.tasks import TASKS
from xling.tasks.embeddings import check_finite, pooled

if TYPE_CHECKING:
    import torch

    from xling.tasks.family import Inference
    from xling.tokens import Tokens

Floats = npt.NDArray[np.float64]

# The tasks of Table 2: the same test items exist in several languages.  The items of MLQA are
# shared by some languages each, those of the others by all.
PARALLEL = ("xnli", "pawsx", "xquad", "mlqa")


@dataclass(frozen=True)
class Represented:
    """One language's items as vectors.

    Attributes:
        ids: of the items, in the order of the split.
        states: shape [layers, items, width].
    """

    ids: tuple[str, ...]
    states: npt.NDArray[np.float32]


@dataclass(frozen=True)
class LanguageSurvey:
    """What is kept of one language.

    Attributes:
        items: those that the source has too; all numbers here but ``sample`` are over them.
        left_out: items that the source does not have.
        cka: with the source, by layer; None for the source itself.
        centroids: mean representation, shape [layers, width].
        spread: root mean square distance of an item to the centroid, by layer.
        sample: representations of the sampled items in the last layer, shape [sample, width].
    """

    items: int
    left_out: int
    cka: tuple[float, ...] | None
    centroids: Floats
    spread: tuple[float, ...]
    sample: Floats


def pooling_of(task: str) -> str:
    """Return how an item's sub-words become one vector: ``cls`` or ``mean``.

    The first token where the classifier reads it, else the mean (recommended by the specification,
    section 5; the paper's choice is not known).

    Raises:
        UsageError: the task has no parallel test items.
    """
    if task not in PARALLEL:
        raise UsageError(
            f"{task} has no parallel test items, so its languages cannot be compared by CKA",
            allowed=", ".join(PARALLEL),
            fix="analyse one of these tasks",
        )
    return "cls" if TASKS[task].family == "classification" else "mean"


def layers_of(last: int, pooling: str) -> list[int]:
    """Return the layers that can be compared; ``last`` is the number of blocks.

    Layer 0 is the output of the embeddings.  There the first token is the same vector for every
    item, so with ``cls`` it is left out.
    """
    return list(range(1 if pooling == "cls" else 0, last + 1))


def first_rows(tokens: Tokens, language: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the items of a language and their rows, in file order.

    A long context has several windows; the first stands for the item (ours: all languages then
    show the question and the beginning of the same context).

    Raises:
        DataError: the split has no rows of the language.
    """
    first: dict[str, int] = {}
    for row in np.flatnonzero(np.asarray(tokens.languages) == language).tolist():
        first.setdefault(tokens.ids[row], row)
    if not first:
        raise DataError(
            f"the tokenised split has no rows of {language}",
            allowed=", ".join(tokens.rows_per_language()),
            fix="analyse languages that the task is tested on",
        )
    return tuple(first), np.fromiter(first.values(), dtype=np.int64)


def first_common_ids(tokens: Tokens, languages: Sequence[str], count: int) -> tuple[str, ...]:
    """Return the first ``count`` items that every language has, in the first language's order.

    Fewer if there are fewer; a fixed rule, so that figures of two systems show the same items.
    """
    ids, _ = first_rows(tokens, languages[0])
    others = [set(first_rows(tokens, code)[0]) for code in languages[1:]]
    return tuple(one for one in ids if all(one in other for other in others))[:count]


def represent(
    batches: Iterable[tuple[np.ndarray, Any]],
    lengths: np.ndarray,
    *,
    pooling: str,
    layers: Sequence[int],
) -> npt.NDArray[np.float32]:
    """Pool the hidden states of batches.

    Args:
        batches: places in ``lengths`` with outputs that have ``hidden_states``, as
            :func:`xling.inference.batches_of` yields them; every place once.
        lengths: sub-words per item, shape [items].
        pooling: ``mean`` over all sub-words, special ones included and padding not; ``cls``: the
            first.
        layers: numbers of the hidden states; 0 is the output of the embeddings.

    Returns:
        Shape [layers, items, width], not brought to length 1: CKA reads lengths too.
    """
    out: npt.NDArray[np.float32] | None = None
    for places, outputs in batches:
        for i, layer in enumerate(layers):
            vectors = pooled(outputs.hidden_states[layer], lengths[places], pooling)
            if out is None:
                out = np.empty((len(layers), len(lengths), vectors.shape[1]), dtype=np.float32)
            out[i, places] = vectors
    if out is None:
        raise DataError("there are no items to represent", allowed="at least one batch")
    return out


def read_language(
    model: torch.nn.Module,
    tokens: Tokens,
    language: str,
    how: Inference,
    *,
    pooling: str,
    layers: Sequence[int],
) -> Represented:
    """Run a Hugging Face encoder, with or without a head, over one language's items.

    Raises:
        DataError: no rows of the language, or values that are no finite numbers.
    """
    ids, rows = first_rows(tokens, language)
    batches = batches_of(model, tokens, rows, how, output_hidden_states=True)
    states = represent(batches, tokens.lengths[rows], pooling=pooling, layers=layers)
    check_finite(states, how)
    return Represented(ids, states)


def survey(
    read: Callable[[str], Represented],
    source: str,
    targets: Sequence[str],
    sample: Sequence[str],
    *,
    batch_size: int | None = None,
) -> dict[str, LanguageSurvey]:
    """Read all languages one after the other and keep statistics per layer.

    Args:
        read: gives one language; called once per language, the source first.
        source: what the others are compared with.
        targets: other languages.
        sample: items whose vectors of the last layer are kept; every language has them.
        batch_size: CKA from batches of so many items; None: from all items at once.

    Returns:
        By language, the source first.

    Raises:
        DataError: a target shares fewer than two items with the source, or does not have one of
            the sample, or the representations cannot be compared.
    """
    origin = read(source)
    found = {source: _kept(origin, np.arange(len(origin.ids)), 0, None, sample, source)}
    place = {one: i for i, one in enumerate(origin.ids)}
    for language in targets:
        own = read(language)
        rows = np.array([i for i, one in enumerate(own.ids) if one in place], dtype=np.int64)
        there = np.array([place[own.ids[i]] for i in rows.tolist()], dtype=np.int64)
        pairs = zip(origin.states, own.states, strict=True)
        cka = tuple(
            linear_cka(x[there], y[rows])
            if batch_size is None
            else minibatch_cka(x[there], y[rows], batch_size)
            for x, y in pairs
        )
        found[language] = _kept(own, rows, len(own.ids) - len(rows), cka, sample, language)
    return found


def _kept(
    own: Represented,
    rows: np.ndarray,
    left_out: int,
    cka: tuple[float, ...] | None,
    sample: Sequence[str],
    language: str,
) -> LanguageSurvey:
    place = {one: i for i, one in enumerate(own.ids)}
    missing = [one for one in sample if one not in place]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(sample)} sampled items do not exist in {language}",
            where=f"id {missing[0]}",
            allowed="items that every language has",
            fix="take the sample from first_common_ids",
        )
    centroids, spread = [], []
    for layer in own.states:  # one layer at a time: float64 doubles it
        states = layer[rows].astype(np.float64)
        centroids.append(states.mean(axis=0))
        distances = np.square(states - centroids[-1]).sum(axis=1)
        spread.append(float(np.sqrt(distances.mean())))
    chosen = own.states[-1][[place[one] for one in sample]].astype(np.float64)
    return LanguageSurvey(len(rows), left_out, cka, np.array(centroids), tuple(spread), chosen)
