# SPDX-License-Identifier: Apache-2.0
"""The stage ``score_mt``: from translations to the record of a run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xling.cli_common import read_note
from xling.errors import UsageError
from xling.files import write_text
from xling.mt.plan import PAPER
from xling.mt.scoring.averages import Groups
from xling.mt.scoring.metrics import flores_model
from xling.mt.scoring.run_scores import RunScores, score_run
from xling.mt.scoring.sentences import translations
from xling.plan import Run
from xling.records import DataUse, Record, dump_record
from xling.stages import VERSIONS
from xling.tasks.predicted import read_predictions

# Stages whose results a record holds or rests on.
RESTS_ON = (
    *("fetch_parallel", "prepare_parallel", "subwords", "binarize"),
    *("train_mt", "generate", "score_mt"),
)
DOWNLOADS = Path("resources") / "data"
_DIRECTIONS = ("m2o", "o2m")


def score_mt(
    *,
    study_name: str,
    comparable: bool,
    method: str,
    model: str,
    task: str,
    seed: int,
    groups: Groups,
    predictions: Path,
    predict_note: Path,
    train_note: Path,
    output: Path,
    downloads: Path = DOWNLOADS,
) -> None:
    """Score a run's translations and write its record.

    Args:
        task: ``{benchmark}-{direction}``.
        groups: languages by ``low``, ``mid`` and ``high``; each translated language in one.
        predictions: Parquet file with ``id``, ``language``, ``source``, ``reference``,
            ``hypothesis``.
        predict_note: what ``generate`` left beside it.
        train_note: ``train.json``.
        downloads: where the model that spBLEU needs would be.

    Raises:
        UsageError: the task names no direction.
        DataError: a file is damaged, or groups and languages do not fit.
    """
    direction = task.rpartition("-")[2]
    if direction not in _DIRECTIONS:
        raise UsageError(
            f"the task '{task}' names no direction",
            where="--task",
            allowed="{benchmark}-m2o or {benchmark}-o2m",
            fix="give the task of the run",
        )
    started = time.monotonic()
    texts = translations(read_predictions(predictions))
    found = score_run(texts, direction, groups, flores_model(downloads))
    record = build_record(
        study=study_name,
        comparable=comparable,
        run=Run(PAPER, method, model, task, seed),
        found=found,
        groups=groups,
        train_note=read_note(train_note),
        predict_note=read_note(predict_note),
        seconds=time.monotonic() - started,
    )
    write_text(output, dump_record(record))


def build_record(
    *,
    study: str,
    comparable: bool,
    run: Run,
    found: RunScores,
    groups: Groups,
    train_note: Mapping[str, Any],
    predict_note: Mapping[str, Any],
    seconds: float,
) -> Record:
    """Put together what is kept of a run.

    Args:
        found: its scores.
        groups: languages by group.
        train_note: of the training.
        predict_note: of the generation.
        seconds: that scoring took.
    """
    parts = (*train_note["train_data"], *train_note["dev_data"], *predict_note["test_data"])
    scoring = {
        "groups": {name: list(codes) for name, codes in groups.items()},
        "left_out": found.left_out,
    }
    return Record(
        study=study,
        comparable=comparable,
        paper=run.paper,
        method=run.method,
        model=run.model,
        task=run.task,
        seed=run.seed,
        trained_as=run.path,
        settings={
            "training": train_note["settings"],
            "model": train_note["model"],
            "plug_in": train_note["plug_in"],
            "temperature": train_note["temperature"],
            "decoding": predict_note["decoding"],
            "scoring": scoring,
        },
        selection=train_note["selection"],
        scores=found.scores,
        data={
            part["split"]: DataUse(sha256=part["sha256"], rows=part["rows"], origin=part["origin"])
            for part in parts
        },
        flags=found.flags,
        versions=train_note["versions"],
        stages={name: VERSIONS[name] for name in RESTS_ON},
        hardware=train_note["hardware"],
        timing={
            **train_note["timing"],
            **predict_note["timing"],
            "score_seconds": round(seconds, 3),
        },
    )
