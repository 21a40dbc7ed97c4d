# SPDX-License-Identifier: Apache-2.0
"""The stage ``analyse_mt``: curvature, gradients and interference at a run's chosen checkpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.errors import DataError
from xling.files import write_text
from xling.machine import hardware, peak_memory_mb, set_threads
from xling.mt.analysis.history import read_history, trained_shares
from xling.mt.fairseq.history import HISTORY
from xling.mt.stages.binarize import read_binarized
from xling.mt.stages.train_mt import CHECKPOINT
from xling.mt.versions import versions_of_translation

if TYPE_CHECKING:
    from xling.mt.analysis.fairseq_probe import Checkpoint


def analyse_mt(
    *,
    binarized: Path,
    train_note: Path,
    groups: Mapping[str, Sequence[str]],
    threads: int,
    output: Path,
) -> dict[str, Any]:
    """Measure a trained model on fixed batches of the dev sets; write and return what was found.

    The batches are a function of data and language, not of the run: systems are compared on the
    same sentences.  Without dropout, in single precision.

    Args:
        binarized: note of ``binarize``.
        train_note: of the run; ``model/checkpoint.pt`` and ``history.jsonl`` lie beside it.
        groups: languages by ``low``, ``mid`` and ``high``.
        threads: of tensor work; results on a CPU depend on the number.
        output: JSON to write: ``curvature`` by language, ``gradients`` by group of parameters,
            ``interference`` by ordered pair (see :mod:`xling.mt.analysis.survey`).

    Raises:
        DataError: a file is missing or of other languages, or the model is not finite.
        SetupError: fairseq is missing.
    """
    from xling.mt.analysis.fairseq_probe import load, twice_differentiable
    from xling.mt.analysis.survey import survey

    set_threads(threads)
    training, data = _note(train_note), read_binarized(binarized)
    update = int(training["selection"]["step"])
    lines = read_history(train_note.parent / HISTORY)
    shares = trained_shares(lines, data.languages, update)
    started = time.monotonic()
    with twice_differentiable():
        checkpoint = load(
            train_note.parent / CHECKPOINT,
            data.folder,
            dict(zip(data.languages, data.pairs, strict=True)),
            training["settings"]["label_smoothing"],
        )
        found = survey(checkpoint.probed(shares), groups)
    note = {
        "kind": "translation_analysis",
        "update": update,
        "languages": data.languages,
        "groups": {name: list(codes) for name, codes in groups.items()},
        "probe": _about(checkpoint),
        "trained_shares": shares,
        **found,
        "timing": {"analyse_seconds": round(time.monotonic() - started, 3), **peak_memory_mb()},
        "hardware": hardware(),
        "versions": versions_of_translation(),
    }
    write_text(output, json.dumps(note, indent=1, sort_keys=True, allow_nan=False) + "\n")
    return note


def _about(checkpoint: Checkpoint) -> dict[str, Any]:
    """Say what was measured on."""
    return {
        "split": "dev",
        "sentences": {code: len(batch["target"]) for code, batch in checkpoint.batches.items()},
        "tokens": {code: int(batch["ntokens"]) for code, batch in checkpoint.batches.items()},
        "label_smoothing": checkpoint.smoothing,
        "parameters": sum(part.numel() for part in checkpoint.model.parameters()),
    }


def _note(path: Path) -> dict[str, Any]:
    try:
        note: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return note
    except (OSError, ValueError) as error:
        raise DataError(
            f"a note cannot be read ({type(error).__name__})",
            where=str(path),
            allowed="the JSON that an earlier stage wrote",
            fix="run snakemake again",
        ) from error
