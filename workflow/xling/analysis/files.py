# SPDX-License-Identifier: Apache-2.0
"""The file of the stage ``analyse``: what is kept of a run's representations.

NumPy's ``.npz`` without pickled objects.  ``task``, ``pooling``, ``layers``, ``sample_ids``,
``languages`` and ``ways`` name what the arrays of each way are over: ``{way}/items`` and
``{way}/left_out`` [languages], ``{way}/cka`` (not a number for the source) and ``{way}/spread``
[languages, layers], ``{way}/centroids`` [languages, layers, width], ``{way}/sample`` [languages,
sample, width].  ``embeddings/…`` are the distances of parallel examples, if they were measured.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xling.analysis.embedding_distances import EmbeddingDistances, as_arrays, from_arrays
from xling.analysis.representations import LanguageSurvey
from xling.errors import DataError
from xling.files import whole_file

#: The way of reading that every run has: each text by itself.
ALONE = "alone"


@dataclass(frozen=True)
class Analysis:
    """How a trained model represents the items of a parallel test set.

    Attributes:
        task: a benchmark.
        pooling: how an item's sub-words became one vector, ``cls`` or ``mean``.
        layers: what the values per layer stand for; 0 is the output of the embeddings.
        sample_ids: the items of ``LanguageSurvey.sample``, in order.
        ways: what was found, by way of reading and language: :data:`ALONE`, then the settings that
            X-Mixup is tested with; the source language first, the same languages in all ways.
        embeddings: distances of parallel examples where robust training perturbs; None for tasks
            and encoders that it is not for.
    """

    task: str
    pooling: str
    layers: tuple[int, ...]
    sample_ids: tuple[str, ...]
    ways: dict[str, dict[str, LanguageSurvey]]
    embeddings: EmbeddingDistances | None = None


def write_analysis(path: Path, analysis: Analysis) -> None:
    """Write the file, whole or not at all; vectors are rounded to 32 bits.

    Equal analyses give equal bytes: ``np.savez`` dates every entry 1980.
    """
    arrays: dict[str, Any] = {
        "task": np.array(analysis.task),
        "pooling": np.array(analysis.pooling),
        "layers": np.array(analysis.layers, dtype=np.int64),
        "sample_ids": np.array(analysis.sample_ids, dtype=np.str_),
        "languages": np.array(list(next(iter(analysis.ways.values()))), dtype=np.str_),
        "ways": np.array(list(analysis.ways), dtype=np.str_),
    }
    for way, surveys in analysis.ways.items():
        arrays |= {f"{way}/{name}": values for name, values in _stacked(surveys).items()}
    if analysis.embeddings is not None:
        arrays |= as_arrays(analysis.embeddings)
    with whole_file(path) as part, part.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def _stacked(surveys: Mapping[str, LanguageSurvey]) -> dict[str, np.ndarray]:
    found = list(surveys.values())
    none = (np.nan,) * len(found[0].spread)
    return {
        "items": np.array([one.items for one in found], dtype=np.int64),
        "left_out": np.array([one.left_out for one in found], dtype=np.int64),
        "cka": np.array([none if one.cka is None else one.cka for one in found], dtype=np.float64),
        "spread": np.array([one.spread for one in found], dtype=np.float64),
        "centroids": np.array([one.centroids for one in found], dtype=np.float32),
        "sample": np.array([one.sample for one in found], dtype=np.float32),
    }


def read_analysis(path: Path) -> Analysis:
    """Read a file of :func:`write_analysis`.

    Raises:
        DataError: it is missing or damaged, or its parts do not fit each other.
    """
    try:
        # Reading a whole entry checks its checksum.
        with np.load(path, allow_pickle=False) as file:
            return _analysis({name: file[name] for name in file.files})
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise DataError(
            f"the analysis of a run cannot be read ({type(error).__name__}: {error})",
            where=str(path),
            allowed="the .npz file that 'xling analyse' writes",
            fix="delete the file and run snakemake again",
        ) from error


def _analysis(arrays: Mapping[str, np.ndarray]) -> Analysis:
    """Return what the arrays hold; :class:`ValueError` if they do not fit each other."""
    layers = tuple(arrays["layers"].tolist())
    sample_ids = tuple(arrays["sample_ids"].tolist())
    languages, ways = arrays["languages"].tolist(), arrays["ways"].tolist()
    if not (layers and languages and ways and ways[0] == ALONE):
        raise ValueError("no layers, no languages, or no texts read by themselves")
    count = len(languages)
    width = arrays[f"{ALONE}/centroids"].shape[-1]
    shapes = {
        "items": (count,),
        "left_out": (count,),
        "cka": (count, len(layers)),
        "spread": (count, len(layers)),
        "centroids": (count, len(layers), width),
        "sample": (count, len(sample_ids), width),
    }
    found = {}
    for way in ways:
        own = {name: arrays[f"{way}/{name}"] for name in shapes}
        for name, shape in shapes.items():
            # The source has no CKA with itself.
            numbers = own[name][1:] if name == "cka" else own[name]
            if own[name].shape != shape or not np.isfinite(numbers).all():
                raise ValueError(f"{way}/{name} has the shape {own[name].shape}, not {shape}")
        found[way] = {code: _survey(own, i) for i, code in enumerate(languages)}
    about = str(arrays["task"]), str(arrays["pooling"])
    return Analysis(*about, layers, sample_ids, found, from_arrays(arrays))


def _survey(arrays: Mapping[str, np.ndarray], place: int) -> LanguageSurvey:
    """Return one language's part; the source is the first."""
    return LanguageSurvey(
        items=int(arrays["items"][place]),
        left_out=int(arrays["left_out"][place]),
        cka=tuple(arrays["cka"][place].tolist()) if place else None,
        centroids=arrays["centroids"][place].astype(np.float64),
        spread=tuple(arrays["spread"][place].tolist()),
        sample=arrays["sample"][place].astype(np.float64),
    )
