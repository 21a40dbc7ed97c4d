# SPDX-License-Identifier: Apache-2.0
"""The stage ``train_teacher``: train a teacher on graded pairs, or look at one that is given."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.config.distillation_models import FolderModel, PublishedModel, TrainedTeacher
from xling.errors import DataError, UsageError
from xling.files import write_text
from xling.stages import VERSIONS
from xling.stops import Stop

if TYPE_CHECKING:
    from xling.config.distillation_models import Teacher

log = logging.getLogger(__name__)

_LARGEST = 1.0  # of prepared grades


def train_teacher(
    *,
    teacher: Teacher,
    pairs: Path | None,
    encoder: Path | None,
    published: Path | None,
    threads: int,
    state: Path,
    output: Path,
) -> None:
    """Leave a note on a teacher, ``train.json``, beside its model if it is trained here.

    Args:
        teacher: what the study says of it.
        pairs: of a trained one: rows of ``prepare_graded``.
        encoder: of a trained one: the note of the encoder that it starts from.
        published: of a published one: the note of its download.
        threads: of the CPU.
        state: folder for checkpoints; a killed training goes on from them.
        output: the note to write, last.  Its ``model`` is the folder
            (:func:`xling.distill.model_notes.folder_of`).

    Raises:
        Interrupted: a signal came and everything was saved.
        DataError: a file or a model cannot be read.
        UsageError: a file that this teacher needs is not given.
    """
    with Stop() as stop:
        from xling.distill.model_notes import folder_of, given_folder
        from xling.machine import set_threads, take_first_gpu

        take_first_gpu()
        set_threads(threads)
        if isinstance(teacher, TrainedTeacher):
            if pairs is None or encoder is None:
                raise _lacks("trained", "--pairs and --encoder")
            _train(teacher, pairs, folder_of(encoder), state, output.parent, stop)
        elif isinstance(teacher, PublishedModel):
            if published is None:
                raise _lacks("published", "--published")
            _look(folder_of(published), f"published, {teacher.key}", output)
        else:
            assert isinstance(teacher, FolderModel), "the kinds of teachers"
            _look(given_folder(teacher.path), f"folder {teacher.path}", output)


def _lacks(kind: str, options: str) -> UsageError:
    return UsageError(
        f"a {kind} teacher needs {options}",
        where="--teacher",
        fix="see xling train-teacher --help",
    )


def _train(
    teacher: TrainedTeacher, pairs: Path, encoder: Path, state: Path, folder: Path, stop: Stop
) -> None:
    from xling.distill.teacher import train_teacher as train

    train(
        settings=teacher.training,
        seed=teacher.seed,
        pairs_file=pairs,
        largest_score=_LARGEST,
        encoder=encoder,
        folder=folder,
        state=state,
        stage=VERSIONS["train_teacher"],
        stop=stop,
    )


def _look(folder: Path, origin: str, output: Path) -> None:
    """Load a given teacher, so that a damaged one is found here, and write what it is."""
    if not folder.is_dir():
        raise DataError(
            "there is no teacher",
            where=str(folder),
            allowed="the folder of a sentence-transformers model",
            fix="correct distillation.teachers.<name>.path",
        )
    from xling.distill.student import load_model, width_of
    from xling.distill.vectors import teacher_key
    from xling.machine import hardware, versions

    model = load_model(folder)
    note: dict[str, Any] = {
        "model": str(folder),
        "origin": origin,
        "key": teacher_key(folder),
        "width": width_of(model),
        "max_length": model.max_seq_length,
        "hardware": hardware(),
        "versions": versions(),
    }
    log.info("teacher %s: %d numbers a vector", folder, note["width"])
    write_text(output, json.dumps(note, indent=1, sort_keys=True) + "\n")
