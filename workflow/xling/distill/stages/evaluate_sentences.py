# SPDX-License-Identifier: Apache-2.0
"""The stage ``evaluate_sentences``: the vectors of a task's sentences, and what they predict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import PositiveInt

from xling.config.parts import Closed
from xling.errors import UsageError

if TYPE_CHECKING:
    from xling.distill.systems import SystemSettings


class Tested(Closed):
    """What is evaluated.

    Attributes:
        kind: ``student`` and ``teacher`` are sentence-transformers models; others as in
            :class:`xling.distill.systems.SystemSettings`.
        path: folder of a model that no note speaks of.
        python: interpreter of the environment of LASER or mUSE.
        max_length: sub-words of a sentence; None: the model's own.
    """

    kind: Literal[
        "student", "teacher", "mean_pooled", "sentence_transformers", "labse", "laser", "muse"
    ]
    path: str | None = None
    python: str | None = None
    max_length: PositiveInt | None = None


def evaluate_sentences(
    *,
    task: str,
    system: Tested,
    source: Path | None,
    splits: Mapping[str, Path],
    space: Path | None,
    threads: int,
    note: Path,
    output: Path,
) -> None:
    """Write the predictions of a system on a task, and what the job used.

    Args:
        task: ``sts17``, ``bucc2018`` or ``tatoeba``.
        system: what is evaluated.
        source: a note that says where its model is (:mod:`xling.distill.model_notes`).
        splits: prepared files: ``test``, and of BUCC ``dev`` if there is one.
        space: of STS: where the vectors for the figure of the sentence space go; None: nowhere.
        threads: of the CPU.
        note: JSON to write.
        output: Parquet file to write (:func:`xling.distill.evaluation.run.evaluate`).

    Raises:
        UsageError: no model is named, or two are; the folder holds another kind of model.
        DataError: a prepared file or a model cannot be read.
        SetupError: the environment of LASER or mUSE, or a file of it, is not there.
    """
    from xling.machine import set_threads, take_first_gpu

    take_first_gpu()
    set_threads(threads)
    from xling.distill.evaluation.run import evaluate
    from xling.distill.model_notes import folder_of, given_folder
    from xling.distill.systems import load_system

    if (source is None) == (system.path is None):
        raise UsageError(
            "no model is named" if source is None else "two models are named",
            where="--system, --source",
            allowed="a path in --system, or a note as --source",
            fix="give one of the two",
        )
    folder = given_folder(system.path or "") if source is None else folder_of(source)
    evaluate(
        task,
        load_system(_settings(system, folder)),
        splits,
        system=_about(system, folder),
        output=output,
        note=note,
        space=space,
    )


def _settings(system: Tested, folder: Path) -> SystemSettings:
    from xling.distill.systems import SystemSettings

    trained = system.kind in ("student", "teacher")
    return SystemSettings.model_validate(
        {
            "kind": "sentence_transformers" if trained else system.kind,
            "path": str(folder),
            "python": system.python,
            "max_length": system.max_length,
        }
    )


def _about(system: Tested, folder: Path) -> dict[str, Any]:
    """Return what records say: of models in a folder a checksum, as folders may move."""
    from xling.distill.systems import EXTERNAL
    from xling.distill.vectors import teacher_key

    about: dict[str, Any] = {"kind": system.kind, "max_length": system.max_length}
    if system.kind in EXTERNAL:
        return about | {"path": system.path, "python": system.python}
    return about | {"model": teacher_key(folder)}
