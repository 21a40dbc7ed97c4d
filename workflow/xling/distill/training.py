# SPDX-License-Identifier: Apache-2.0
"""Distillation of one student: from prepared pairs and two models to a model and its note."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from transformers import set_seed

from xling.batches import steps_of
from xling.data.manifest import sha256_of
from xling.distill.examples import Examples, ParallelRows, examples_of
from xling.distill.held_out import HeldOut, KeepClosest
from xling.distill.loss import DistillationLoss
from xling.distill.mixing import Order, epoch_examples
from xling.distill.model_notes import MODEL
from xling.distill.settings import DistillSettings
from xling.distill.student import load_model, width_of
from xling.distill.teacher_vectors import Encoded, Teacher, encode_sources
from xling.distill.trainer import planned_trainer
from xling.distill.vectors import VectorStore, teacher_key
from xling.encoders.encoder import check_precision
from xling.errors import UsageError
from xling.files import whole_file, write_text
from xling.machine import hardware, peak_memory_mb, versions
from xling.run import state_of_run
from xling.stops import Stop
from xling.training import Outcome, fit

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)

_CHUNK = 10_000  # texts whose sub-words are counted at once


class Batches(torch.utils.data.Dataset):
    """The batch of every update: model inputs of each side, and the teacher's vectors as label."""

    def __init__(
        self,
        rows: ParallelRows,
        examples: Examples,
        order: Order,
        student: SentenceTransformer,
        store: VectorStore,
    ) -> None:
        self.rows = rows
        self.examples = examples
        self.order = order
        self.student = student
        self.store = store
        self.places = store.places(rows.source_texts())

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, step: int) -> dict[str, Any]:
        chosen = self.order[step]
        batch: dict[str, Any] = {}
        for side, numbers in zip(self.examples.sides, self.examples.texts[chosen].T, strict=True):
            inputs = self.student.preprocess(self.rows.texts.take(pa.array(numbers)).to_pylist())
            batch |= {f"{side}_{name}": value for name, value in inputs.items()}
        places = self.places[self.examples.vectors[chosen]]
        batch["label"] = torch.from_numpy(self.store.take(places))
        return batch


def distill(
    *,
    settings: DistillSettings,
    seed: int,
    train_file: Path,
    dev_file: Path,
    teacher: Path,
    student: Path,
    vectors: Path,
    folder: Path,
    state: Path,
    languages: Sequence[str] | None = None,
    origin: str = "",
    stage: int = 1,
    stop: Stop | None = None,
) -> None:
    """Train a student and leave ``model/`` and ``train.json`` in ``folder``.

    The teacher encodes what its store does not have yet; nothing else is asked of it.  A killed
    encoding or training goes on from ``vectors`` and ``state``.  ``train.json`` is written last.

    Args:
        settings: all of them.
        seed: dropout, and the order of the examples, follow from it.
        train_file: prepared parallel pairs (:mod:`xling.distill.data.store`).
        dev_file: held-out pairs: weights are chosen by their error, never on a test set.
        teacher: folder of an English sentence encoder.
        student: folder of a multilingual encoder, raw or of sentence-transformers.
        vectors: folder of the teachers' stores, shared by all runs.
        folder: of the results.
        state: of the checkpoints.
        languages: of the translations; None: all that are there.
        origin: where the pairs come from, in words.
        stage: version of the stage; checkpoints of another one are not used.
        stop: whether the process is asked to leave; None: signals do what they do.

    Raises:
        xling.errors.Interrupted: a signal came and everything was saved.
        xling.errors.DataError: a file cannot be read; teacher or student has collapsed.
        xling.errors.UsageError: the vectors of teacher and student differ in width.
        xling.errors.SetupError: the precision needs a device that is not there, or all that the
            last attempts did was lost.
    """
    check_precision(settings.precision)
    stop = stop or Stop()
    rows = ParallelRows.read(train_file, languages)
    dev = ParallelRows.read(dev_file, list(rows.rows_per_language()))
    from_teacher = Teacher(teacher, settings.max_length)
    store, encoded = encode_sources(
        from_teacher, [*rows.source_texts(), *dev.source_texts()], vectors
    )
    about = {
        "teacher": from_teacher.key,
        "student": teacher_key(student),
        "train_data": [_data_use("train", train_file, rows, origin)],
        "dev_data": [_data_use("dev", dev_file, dev, origin)],
    }
    place = state_of_run(state, settings.model_dump(), seed, stage, about)
    set_seed(seed)
    model = load_model(student, settings.max_length)
    taught = store.take(store.places(dev.source_texts()))
    _check_widths(taught.shape[1], model, teacher, student)
    held_out = HeldOut(dev, taught, settings.guard, seed)
    examples = examples_of(rows, settings)
    lengths = subword_counts(model, rows.texts, place / "lengths.npy")[examples.texts].sum(axis=1)
    batch = settings.examples_per_update
    epoch = epoch_examples(examples.starts, settings.mixing)
    steps = settings.max_steps or steps_of(epoch, batch, settings.epochs or 0)
    order = Order(examples.starts, lengths, settings.mixing, batch=batch, steps=steps, seed=seed)
    warmup = settings.warmup(steps)
    log.info("%d examples of %s, %d updates", len(examples), rows.rows_per_language(), steps)
    trainer = planned_trainer(
        model=model,
        loss=DistillationLoss(model, settings.reduction),
        batches=Batches(rows, examples, order, model, store),
        state=place,
        steps=steps,
        warmup=warmup,
        precision=settings.precision,
        seed=seed,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear" if settings.schedule == "linear" else "constant_with_warmup",
        weight_decay=settings.weight_decay,
        adam_epsilon=settings.adam_epsilon,
        max_grad_norm=settings.max_grad_norm,
        save_steps=settings.checkpoint_every,
    )
    keeper = KeepClosest(place / "best", settings, warmup, held_out, stop)
    outcome = fit(trainer, place, model_folder=folder / MODEL, keeper=keeper, stop=stop)
    assert outcome is not None, "a single process trains"
    note = _note(outcome, settings, keeper, encoded, warmup) | about
    note |= {"seed": seed, "model": MODEL}
    write_text(folder / "train.json", json.dumps(note, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(state)


def _data_use(split: str, file: Path, rows: ParallelRows, origin: str) -> dict[str, Any]:
    """Return what records say of the pairs of a split."""
    return {
        "task": "parallel",
        "split": split,
        "sha256": sha256_of(file),
        "rows": rows.rows_per_language(),
        "origin": origin,
    }


def subword_counts(
    model: SentenceTransformer, texts: pa.Array, file: Path
) -> npt.NDArray[np.int32]:
    """Return the sub-words of each text as the model reads it; kept in ``file`` for next time."""
    if file.exists():
        kept: npt.NDArray[np.int32] = np.load(file)
        return kept
    counts = np.empty(len(texts), dtype=np.int32)
    for start in range(0, len(texts), _CHUNK):
        some = texts.slice(start, _CHUNK).to_pylist()
        ids = model.tokenizer(some, truncation=True, max_length=model.max_seq_length)["input_ids"]
        counts[start : start + len(some)] = [len(one) for one in ids]
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as part, part.open("wb") as stream:
        np.save(stream, counts)
    return counts


def _check_widths(width: int, model: SentenceTransformer, teacher: Path, student: Path) -> None:
    if width_of(model) == width:
        return
    raise UsageError(
        f"the teacher's vectors have {width} numbers, the student's {width_of(model)}",
        where=f"teacher {teacher}, student {student}",
        allowed="the same width: the method has no projection (section 1)",
        fix="take a teacher or a student of the other's width",
    )


def _note(
    outcome: Outcome,
    settings: DistillSettings,
    keeper: KeepClosest,
    encoded: Encoded,
    warmup: int,
) -> dict[str, Any]:
    """Return what ``train.json`` says beside what was trained on what."""
    memory = peak_memory_mb()
    return {
        "settings": settings.model_dump() | {"steps": outcome.steps, "warmup_used": warmup},
        "selection": outcome.selection,
        "looks": keeper.looks,
        "teacher_spread": asdict(keeper.held_out.teacher_spread),
        "encoded": asdict(encoded),
        "timing": {
            "train_seconds": round(outcome.seconds, 2),
            "train_examples_per_second": round(outcome.rate * settings.examples_per_update, 1),
            **memory,
        },
        "hardware": hardware(),
        "versions": versions(),
        "history": outcome.history,
    }
