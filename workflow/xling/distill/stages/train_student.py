# SPDX-License-Identifier: Apache-2.0
"""The stage ``train_student``: the training of one student."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xling.distill.settings import DistillSettings
from xling.stages import VERSIONS
from xling.stops import Stop


def train_student(
    *,
    settings: DistillSettings,
    seed: int,
    train: Path,
    dev: Path,
    teacher: Path,
    encoder: Path,
    languages: Sequence[str],
    vectors: Path,
    threads: int,
    state: Path,
    output: Path,
) -> None:
    """Train a student, or go on with a training that was killed.

    What the teacher has not encoded yet is encoded first.  Jobs with one teacher may run side by
    side: they wait for each other's encoding, and no sentence is encoded twice.

    Args:
        settings: of the training, resolved.
        seed: of order and dropout.
        train, dev: pairs of ``prepare_distill``.
        teacher: note of ``train_teacher``.
        encoder: ``encoder.json`` of what the student starts from.
        languages: of the translations; rows of others are left out.
        vectors: folder of all teachers' vectors.
        threads: of the CPU.
        state: folder for checkpoints; work of other settings in it is removed.
        output: ``train.json`` to write, last; the model lies beside it.

    Raises:
        Interrupted: a signal came and everything was saved.
        DataError: a file cannot be read; teacher or student has collapsed.
        UsageError: the vectors of teacher and student differ in width.
        SetupError: see :func:`xling.distill.training.distill`.
    """
    with Stop() as stop:
        from xling.machine import set_threads, take_first_gpu

        take_first_gpu()
        set_threads(threads)
        from xling.distill import training
        from xling.distill.data.store import read_summary
        from xling.distill.model_notes import folder_of

        training.distill(
            settings=settings,
            seed=seed,
            train_file=train,
            dev_file=dev,
            teacher=folder_of(teacher),
            student=folder_of(encoder),
            vectors=vectors,
            folder=output.parent,
            state=state,
            languages=languages,
            origin=read_summary(train)["origin"],
            stage=VERSIONS["train_student"],
            stop=stop,
        )
