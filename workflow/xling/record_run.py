# SPDX-License-Identifier: Apache-2.0
"""Put together what is kept of a run: scores, settings, data, versions, time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xling.methods import AUGMENTED
from xling.plan import Run
from xling.records import DataUse, Record
from xling.score import flags
from xling.stages import VERSIONS
from xling.tasks import TASKS
from xling.tasks.family import family_of

if TYPE_CHECKING:
    import pyarrow as pa

#: Selection policy of a run that trains nothing.
UNTRAINED = "nothing trained"
# Stages whose results any record holds or rests on.
RESTS_ON = ("fetch", "prepare", "pretrain", "tokenize", "train", "predict", "score")


def build_record(
    *,
    study: str,
    comparable: bool,
    run: Run,
    predictions: pa.Table,
    trained_as: str,
    train_note: dict[str, Any] | None,
    predict_note: dict[str, Any],
) -> Record:
    """Score a run's predictions and return its record.

    Args:
        study: its name.
        comparable: whether data and settings are the papers'.
        run: what was run.
        trained_as: path of the run whose model was used, as of :attr:`xling.plan.Run.path`; empty
            if nothing is trained.
        predictions: as :func:`xling.predict.predict` returns them.
        train_note: ``train.json`` of the model that was used; None if nothing is trained.
        predict_note: what the prediction job left beside its table.
    """
    task = TASKS[run.task]
    note = train_note or _untrained(predict_note)
    encoder = {key: value for key, value in note["encoder"].items() if key != "pretraining"}
    pretraining = note["encoder"]["pretraining"]
    scores = family_of(run.task).score(predictions, task)
    more = ["label"] if "soft_labels" in note.get("xmixup", {}) else []
    if any(part["split"].startswith(AUGMENTED) for part in note["train_data"]):
        more += ["synonyms", "augment"]
    parts = (*note["train_data"], *note["dev_data"], *predict_note["test_data"])
    return Record(
        study=study,
        comparable=comparable,
        paper=run.paper,
        method=run.method,
        model=run.model,
        task=run.task,
        seed=run.seed,
        trained_as=trained_as,
        settings={
            "training": note["settings"],
            "encoder": encoder,
            "reading": predict_note["test_data"][0]["reading"],
            "decoding": predict_note["decoding"],
        },
        selection=note["selection"],
        scores=scores,
        data={_name_of(part, run): _data_use(part) for part in parts},
        flags=flags(scores, task),
        versions=note["versions"],
        stages={name: VERSIONS[name] for name in (*RESTS_ON, *more)},
        hardware=note["hardware"],
        timing={
            **note["timing"],
            **predict_note["timing"],
            **{f"pretrain_{key}": value for key, value in pretraining.items() if key != "loss"},
        },
        own_source=predict_note["own_source"],
        dropped_pairs=predict_note.get("generalised", {}).get("dropped", {}),
    )


def _untrained(predict_note: dict[str, Any]) -> dict[str, Any]:
    """Return what stands for ``train.json`` where only an encoder was read."""
    return {
        "encoder": predict_note["encoder"],
        "settings": {},
        "selection": {"policy": UNTRAINED},
        "train_data": [],
        "dev_data": [],
        "timing": {},
        "versions": predict_note["versions"],
        "hardware": predict_note["hardware"],
    }


def _name_of(part: dict[str, Any], run: Run) -> str:
    """Return a split's name; the rows of another task carry that task's name too."""
    return part["split"] if part["task"] == run.task else f"{part['task']} {part['split']}"


def _data_use(part: dict[str, Any]) -> DataUse:
    """Return a split's use; translations are named together with the origin."""
    origin = part["origin"]
    if part["split"].startswith(("translate", "back_translate")):
        origin = f"{origin}; translations: {part['translations']}"
    return DataUse(sha256=part["sha256"], rows=part["rows"], origin=origin)
