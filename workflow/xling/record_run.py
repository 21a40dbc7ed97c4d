# SPDX-License-Identifier: Apache-2.0
"""Put together what is kept of a run: scores, settings, data, versions, time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xling.plan import Run
from xling.records import DataUse, Record
from xling.score import flags, score
from xling.stages import VERSIONS
from xling.tasks import TASKS

if TYPE_CHECKING:
    import pyarrow as pa

# Stages whose results a record holds or rests on.
RESTS_ON = ("fetch", "prepare", "pretrain", "tokenize", "train", "predict", "score")


def build_record(
    *,
    study: str,
    comparable: bool,
    run: Run,
    predictions: pa.Table,
    train_note: dict[str, Any],
    predict_note: dict[str, Any],
) -> Record:
    """Score a run's predictions and return its record.

    Args:
        predictions: as :func:`xling.predict.predict` returns them.
        train_note: ``train.json`` of the model that was used.
        predict_note: what the prediction job left beside its table.
    """
    task = TASKS[run.task]
    encoder = {key: value for key, value in train_note["encoder"].items() if key != "pretraining"}
    pretraining = train_note["encoder"]["pretraining"]
    scores = score(predictions, task)
    data = {
        part["split"]: _data_use(part)
        for part in (
            *train_note["train_data"],
            *train_note["dev_data"],
            *predict_note["test_data"],
        )
    }
    return Record(
        study=study,
        comparable=comparable,
        paper=run.paper,
        method=run.method,
        model=run.model,
        task=run.task,
        seed=run.seed,
        trained_as=run.trained_as.path,
        settings={
            "training": train_note["settings"],
            "encoder": encoder,
            "max_length": train_note["train_data"][0]["max_length"],
        },
        selection=train_note["selection"],
        scores=scores,
        data=data,
        flags=flags(scores, task),
        versions=train_note["versions"],
        stages={name: VERSIONS[name] for name in RESTS_ON},
        hardware=train_note["hardware"],
        timing={
            **train_note["timing"],
            **predict_note["timing"],
            **{f"pretrain_{key}": value for key, value in pretraining.items() if key != "loss"},
        },
    )


def _data_use(part: dict[str, Any]) -> DataUse:
    """Return a split's use; translations are named together with the origin."""
    origin = part["origin"]
    if part["split"].startswith("translate"):
        origin = f"{origin}; translations: {part['translations']}"
    return DataUse(sha256=part["sha256"], rows=part["rows"], origin=origin)
