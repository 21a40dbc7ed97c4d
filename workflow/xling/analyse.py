# SPDX-License-Identifier: Apache-2.0
"""How a trained model represents its parallel test set: each language against the source.

Every model reads each text by itself (:data:`~xling.analysis.files.ALONE`); of a model of X-Mixup
that is the wrapped encoder, without mixing.  A model of X-Mixup also reads each row with its
English side, once for each way it is tested.  Then a language's representation is that of the
target stream, which from the mixed layer on holds the English side too, and the source language's
own is that of each English row mixed with itself, as at test time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.analysis.embedding_distances import embedding_distances
from xling.analysis.files import ALONE, Analysis
from xling.analysis.representations import (
    Represented,
    first_common_ids,
    first_rows,
    layers_of,
    pooling_of,
    read_language,
    represent,
    survey,
)
from xling.errors import UsageError
from xling.machine import hardware, peak_memory_mb, versions
from xling.stages import VERSIONS
from xling.tasks import SOURCE_LANGUAGE, TASKS, Task
from xling.tasks.embeddings import check_finite
from xling.tasks.family import Family, Inference, family_of

if TYPE_CHECKING:
    from xling.tokens import Tokens
    from xling.xmixup.model import XMixup

# Ours: sentences per language that figures may show; more would cover each other.
SAMPLE = 200

Reader = Callable[[str], Represented]


def analyse(
    *,
    task: str,
    model_folder: Path,
    tokens_file: Path,
    languages: Sequence[str],
    encoder: dict[str, Any],
    max_tokens: int,
    sources: dict[str, Path],
    point: str = "word_embeddings",
) -> tuple[Analysis, dict[str, Any]]:
    """Return what is kept of a run's representations, and what the job used.

    CKA is over all items that a language shares with the source, never over batches: beside the
    representations it needs a few matrices [width, width].  In memory at a time are all layers of
    the source and of one other language in 32 bits.

    Args:
        task: with parallel test items.
        model_folder: of the trained model.
        tokens_file: the tokenised test split.
        languages: to compare, the source among them.
        encoder: the note about the encoder.
        max_tokens: sub-words per batch, padding included, of both sides if there are two.
        sources: tokenised English sides of the test rows, for a model of X-Mixup: by the name that
            :mod:`xling.xmixup.inference` gives them.
        point: where distances of parallel examples are measured, for classifiers that robust
            training can perturb.

    Returns:
        The analysis, and a note that can be written as JSON; ``own_source`` in it counts the items
        that lack an English side and are mixed with themselves, by way and language.

    Raises:
        UsageError: the task has no parallel items, no language is compared with the source, or a
            name in ``sources`` is not allowed.
        DataError: ``sources`` for another model, rows are lacking, or hidden states are no finite
            numbers.
    """
    import torch

    from xling.robust.insertion import ARCHITECTURES

    pooling, targets = pooling_of(task), _targets(languages)
    family, about = family_of(task), TASKS[task]
    english = _english(family, task, sources, languages)
    tokens = family.Tokens.read([tokens_file], languages)
    model: Any = family.trained_model(model_folder, about)
    layers = layers_of(model.config.num_hidden_layers, pooling)
    how = Inference(model.config.pad_token_id, encoder["precision"], max_tokens)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model.to(device)
    sample = first_common_ids(tokens, [SOURCE_LANGUAGE, *targets], SAMPLE)
    started = time.monotonic()
    reading: dict[str, Any] = {"how": how, "pooling": pooling, "layers": layers}
    # Before the encoder is wrapped.
    apart = None
    if about.family == "classification" and model.config.model_type in ARCHITECTURES:
        apart = embedding_distances(model, tokens, targets, how, point)
    alone: Reader = partial(read_language, model, tokens, **reading)
    pairs, own = _readers_of_pairs(model, model_folder, tokens, english, about, reading)
    readers = {ALONE: alone, **pairs}
    ways = {way: survey(read, SOURCE_LANGUAGE, targets, sample) for way, read in readers.items()}
    analysis = Analysis(task, pooling, tuple(layers), sample, ways, apart)
    data = [*tokens.info, *(info for side in english.values() for info in side.info)]
    note = {"test_data": data, "own_source": own, "encoder": encoder}
    return analysis, note | _found(analysis, time.monotonic() - started)


def _targets(languages: Sequence[str]) -> list[str]:
    """Return the languages that are compared with the source."""
    targets = [code for code in languages if code != SOURCE_LANGUAGE]
    if SOURCE_LANGUAGE in languages and targets:
        return targets
    raise UsageError(
        f"there is nothing to compare among the languages {', '.join(languages) or '(none)'}",
        where="--languages",
        allowed=f"{SOURCE_LANGUAGE} and at least one other",
        fix="name the source language and those that are compared with it",
    )


def _english(
    family: Family, task: str, sources: dict[str, Path], languages: Sequence[str]
) -> dict[str, Tokens]:
    """Read the English sides of the test rows."""
    if not sources:
        return {}
    from xling.xmixup.inference import check_sides

    check_sides(sources, TASKS[task])
    return {name: family.Tokens.read([path], languages) for name, path in sources.items()}


def _readers_of_pairs(
    model: Any,
    folder: Path,
    tokens: Tokens,
    english: dict[str, Tokens],
    task: Task,
    reading: dict[str, Any],
) -> tuple[dict[str, Reader], dict[str, dict[str, int]]]:
    """Return a reader for each English side, and what it lacks by language.

    They wrap the model, which by itself is read as before.
    """
    readers: dict[str, Reader] = {}
    own: dict[str, dict[str, int]] = {}
    if english:
        from xling.xmixup.model import load_xmixup
        from xling.xmixup.pairs import own_sources, pair_test

        mixing = load_xmixup(model, folder)
        for name, side in english.items():
            beside = pair_test(task.family, tokens, side, mixing.settings.windows)
            own[name] = own_sources(tokens, np.arange(len(tokens)), beside)
            readers[name] = partial(read_beside, mixing, tokens, side, beside, **reading)
    return readers, own


def read_beside(
    model: XMixup,
    tokens: Tokens,
    source: Tokens,
    source_rows: np.ndarray,
    language: str,
    how: Inference,
    *,
    pooling: str,
    layers: Sequence[int],
) -> Represented:
    """Run X-Mixup over one language's items, each the target beside its English side.

    Args:
        source: where the English sides are.
        source_rows: row of ``source`` for each row of ``tokens``, of
            :func:`xling.xmixup.pairs.pair_test`.
        model, tokens, language, how, pooling, layers: as in
            :func:`xling.analysis.representations.read_language`.

    Raises:
        DataError: no rows of the language, or values that are no finite numbers.
    """
    from xling.xmixup.inference import outputs_beside

    ids, rows = first_rows(tokens, language)
    pairs = outputs_beside(
        model, tokens, rows, source, source_rows[rows], how, output_hidden_states=True
    )
    targets = ((places, pair.target) for places, pair in pairs)
    states = represent(targets, tokens.lengths[rows], pooling=pooling, layers=layers)
    check_finite(states, how)
    return Represented(ids, states)


def _found(analysis: Analysis, seconds: float) -> dict[str, Any]:
    """Return the part of the note that says what was made of what was read, and how."""
    surveys = analysis.ways[ALONE]
    # A pair is counted as the one item that it represents.
    items = len(analysis.ways) * sum(one.items + one.left_out for one in surveys.values())
    return {
        "ways": list(analysis.ways),
        "pooling": analysis.pooling,
        "layers": list(analysis.layers),
        "sample": len(analysis.sample_ids),
        "items": {code: one.items for code, one in surveys.items()},
        **_distances_note(analysis),
        "left_out": {code: one.left_out for code, one in surveys.items()},
        "timing": {
            "analyse_seconds": round(seconds, 3),
            "analyse_examples_per_second": round(items / max(seconds, 1e-9), 1),
            **{f"analyse_{k}": v for k, v in peak_memory_mb().items()},
        },
        "hardware": hardware(),
        "versions": versions(),
        "stage": VERSIONS["analyse"],
    }


def _distances_note(analysis: Analysis) -> dict[str, Any]:
    found = analysis.embeddings
    if found is None:
        return {}
    medians = {code: round(float(np.median(far)), 4) for code, far in found.distances.items()}
    about = {"point": found.point, "mean_norm": found.reference, "median_distance": medians}
    return {"embeddings": about}
