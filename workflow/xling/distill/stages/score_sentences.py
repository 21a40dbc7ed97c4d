# SPDX-License-Identifier: Apache-2.0
"""The stage ``score_sentences``: from predictions to the record of a run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.cli_common import read_note
from xling.distill.evaluation.run import BUCC, STS, score
from xling.files import write_text
from xling.plan import DISTILLATION, Run
from xling.record_run import UNTRAINED
from xling.records import DataUse, Record, dump_record
from xling.stages import VERSIONS
from xling.tasks.predicted import read_predictions

if TYPE_CHECKING:
    from xling.records import Score

# Stages whose results a record holds or rests on: by kind of system, and of all.
_MADE_BY = {
    "mean_pooled": ("pretrain",),
    "teacher": ("pretrain", "prepare_graded", "train_teacher"),
    "student": (
        *("pretrain", "prepare_graded", "train_teacher"),
        *("fetch_distill", "prepare_distill", "encode_teacher", "train_student"),
    ),
}
_SCORED = ("evaluate_sentences", "score_sentences")


def score_sentences(
    *,
    study_name: str,
    comparable: bool,
    method: str,
    model: str,
    task: str,
    seed: int,
    predictions: Path,
    predict_note: Path,
    train_note: Path | None,
    output: Path,
) -> None:
    """Score a run's predictions and write its record.

    Args:
        study_name, comparable, method, model, task, seed: of the run.
        predictions: of ``evaluate_sentences``.
        predict_note: what it left beside them.
        train_note: ``train.json`` of a student; None for what no student was trained for.
        output: the record to write.

    Raises:
        DataError: a file is damaged.
        UsageError: there is no such task.
    """
    started = time.monotonic()
    scores = score(task, read_predictions(predictions))
    record = build_record(
        study=study_name,
        comparable=comparable,
        run=Run(DISTILLATION, method, model, task, seed),
        scores=scores,
        train_note=None if train_note is None else read_note(train_note),
        predict_note=read_note(predict_note),
        seconds=time.monotonic() - started,
    )
    write_text(output, dump_record(record))


def build_record(
    *,
    study: str,
    comparable: bool,
    run: Run,
    scores: Sequence[Score],
    train_note: Mapping[str, Any] | None,
    predict_note: Mapping[str, Any],
    seconds: float,
) -> Record:
    """Put together what is kept of a run; ``seconds`` is what scoring took.

    Training pairs are the data ``parallel train``, with rows by language.
    """
    trained = train_note or _untrained(predict_note)
    parts = (*trained["train_data"], *trained["dev_data"], *predict_note["test_data"])
    return Record(
        study=study,
        comparable=comparable,
        paper=run.paper,
        method=run.method,
        model=run.model,
        task=run.task,
        seed=run.seed,
        trained_as=replace(run, task="parallel").path if train_note else "",
        settings={
            "training": trained["settings"],
            "system": predict_note["system"],
            "decoding": predict_note["decoding"] if run.task == BUCC else {},
        },
        selection=trained["selection"],
        scores=list(scores),
        data={
            _name(part, run): DataUse(
                sha256=part["sha256"], rows=part["rows"], origin=part.get("origin", "")
            )
            for part in parts
        },
        flags=[],
        versions=trained["versions"],
        stages=_stages(run.task, predict_note["system"]["kind"]),
        hardware=trained["hardware"],
        timing={
            **trained["timing"],
            **predict_note["timing"],
            "score_seconds": round(seconds, 3),
        },
    )


def _untrained(predict_note: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands for ``train.json`` where no student was trained."""
    return {
        "settings": {},
        "selection": {"policy": UNTRAINED},
        "train_data": [],
        "dev_data": [],
        "timing": {},
        "versions": predict_note["versions"],
        "hardware": predict_note["hardware"],
    }


def _stages(task: str, kind: str) -> dict[str, int]:
    """Return the versions of the stages that a record of a kind of system rests on."""
    prepared = ("fetch_distill", "prepare_sts") if task == STS else ("fetch", "prepare")
    return {name: VERSIONS[name] for name in (*prepared, *_MADE_BY.get(kind, ()), *_SCORED)}


def _name(part: Mapping[str, Any], run: Run) -> str:
    """Return a split's name; other tasks' rows carry that task's name too."""
    return str(part["split"]) if part["task"] == run.task else f"{part['task']} {part['split']}"
