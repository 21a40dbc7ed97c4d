# SPDX-License-Identifier: Apache-2.0
"""One fine-tuning run: from tokenised splits and an encoder to a trained model and its note."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from pathlib import Path
from typing import Any

from xling.config.study import TrainingSettings
from xling.encoders.encoder import check_precision, load_classifier, read_encoder
from xling.errors import DataError
from xling.files import write_text
from xling.machine import hardware, peak_memory_mb, versions
from xling.methods import methods
from xling.plan import canonical
from xling.stages import VERSIONS
from xling.tasks import TASKS
from xling.tokens import Tokens

log = logging.getLogger(__name__)


def state_of_run(state: Path, *identity: Any) -> Path:
    """Return the folder for checkpoints of exactly this work; remove those of other settings.

    A run whose settings or data changed must not go on from an older checkpoint, so the folder is
    named after everything that decides the result.
    """
    digest = hashlib.sha256(canonical(identity).encode()).hexdigest()[:12]
    if state.exists():
        for old in state.iterdir():
            if old.name != digest:
                log.info("removing checkpoints of other settings: %s", old)
                shutil.rmtree(old)
    folder = state / digest
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def train(
    *,
    task: str,
    method: str,
    settings: TrainingSettings,
    seed: int,
    train_files: list[Path],
    dev_files: list[Path],
    encoder_note: Path,
    folder: Path,
    state: Path,
    eval_batch_tokens: int,
) -> None:
    """Fine-tune and leave ``model/`` and ``train.json`` in ``folder``.

    The model of a killed run goes on from ``state``; ``train.json`` is written last, so that it
    exists only beside a complete model.

    Raises:
        xling.errors.Interrupted: a signal came and everything was saved.
    """
    from transformers import set_seed

    from xling.batches import steps_of, updates
    from xling.training import (
        KeepBest,
        UpdateDataset,
        fit,
        take_item,
        training_arguments,
    )

    info, weights = read_encoder(encoder_note)
    check_precision(info["precision"])
    tokens = Tokens.read(train_files)
    dev = Tokens.read(dev_files) if dev_files else None
    _require_labels(tokens, train_files)
    place = state_of_run(
        state,
        {"task": task, "method": method, "seed": seed, "stage": VERSIONS["train"]},
        settings.model_dump(),
        info["sha256"],
        [*tokens.info, *(dev.info if dev else ())],
    )
    set_seed(seed)
    model = load_classifier(weights, TASKS[task].labels)
    pad_id = model.config.pad_token_id
    if settings.max_steps is not None:
        steps = settings.max_steps
    else:
        assert settings.epochs is not None, "the settings' own check"
        steps = steps_of(len(tokens), settings.batch_size, settings.epochs)
    keeper = None
    if dev is not None:
        keeper = KeepBest(
            place / "best",
            settings,
            dev,
            pad_id=pad_id,
            precision=info["precision"],
            max_tokens=eval_batch_tokens,
        )
    log.info("%d rows in %s, %d updates", len(tokens), tokens.rows_per_language(), steps)
    trainer = methods()[method].trainer_class()(
        model=model,
        args=training_arguments(
            place,
            settings,
            steps=steps,
            parts=settings.accumulation,
            precision=info["precision"],
            seed=seed,
        ),
        train_dataset=UpdateDataset(
            tokens,
            updates(tokens.lengths, settings.batch_size, steps, seed),
            parts=settings.accumulation,
            pad_id=pad_id,
        ),
        data_collator=take_item,
    )
    outcome = fit(trainer, place, model_folder=folder / "model", keeper=keeper)
    note = {
        "settings": settings.model_dump() | {"steps": outcome.steps},
        "encoder": info,
        "selection": outcome.selection,
        "train_rows": tokens.rows_per_language(),
        "train_data": list(tokens.info),
        "dev_data": list(dev.info) if dev else [],
        "timing": {
            "train_seconds": round(outcome.seconds, 2),
            "train_examples_per_second": round(outcome.rate * settings.batch_size, 1),
            **peak_memory_mb(),
        },
        "hardware": hardware(),
        "versions": versions(),
        "history": outcome.history,
    }
    write_text(folder / "train.json", json.dumps(note, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(state)


def _require_labels(tokens: Tokens, files: list[Path]) -> None:
    if (tokens.labels < 0).any():
        raise DataError(
            "training rows without a label",
            where=", ".join(map(str, files)),
            allowed="a known label in every row",
            fix="prepare the split again",
        )
