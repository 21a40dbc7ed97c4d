# SPDX-License-Identifier: Apache-2.0
"""The stage ``train_mt``: one training, in a process group of its own (``train_process``).

The chosen weights and the histories are copied beside ``train.json``, which is written last.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import Any

from xling.config.translation import TransformerSettings, TranslationSettings
from xling.errors import Interrupted, SetupError, UsageError
from xling.files import whole_file, write_text
from xling.mt.fairseq import compat
from xling.mt.fairseq.history import HISTORY
from xling.mt.fairseq.sidecar import read as read_sidecar
from xling.mt.fairseq.steering import SIDECAR
from xling.mt.fairseq.trained import CHECKPOINT
from xling.mt.stages import train_process
from xling.mt.stages.binarize import Binarized, read_binarized
from xling.run import state_of_run
from xling.stages import VERSIONS
from xling.stops import Stop

TRACE = "trace.jsonl"
_SECONDS_BETWEEN_LOOKS = 0.1


def train_mt(
    *,
    binarized: Path,
    settings: TranslationSettings,
    model: TransformerSettings,
    plug_in: Mapping[str, Any],
    temperature: float,
    seed: int,
    threads: int,
    gpus: int,
    state: Path,
    output: Path,
) -> dict[str, Any]:
    """Train, or go on with a training that was killed, and leave the chosen weights.

    Args:
        binarized: note of ``binarize``.
        settings: of the training, resolved.
        model: its architecture.
        plug_in: what the plug-in does beside training: PlugInSettings as JSON, which it checks.
        temperature: that sentences are drawn with.
        seed: of weights, order and dropout.
        threads: of the CPU, of all processes together.
        gpus: that train together; 0, or 1 where there is none, trains on the CPU.
        state: folder for checkpoints; work of other settings in it is removed.
        output: ``train.json`` to write; ``model/checkpoint.pt``, ``history.jsonl`` and, of methods
            that measure, ``trace.jsonl`` lie beside it.

    Returns:
        What ``train.json`` says.

    Raises:
        Interrupted: a signal came, and all that is needed to go on is saved.
        DataError: the binarised data is damaged.
        SetupError: fairseq is missing, or the training was killed.
        UsageError: the model does not go with the vocabulary.
        SystemExit: the training failed; its message is in the log.
    """
    with Stop() as stop:
        compat.check_version()
        data = read_binarized(binarized)
        _check_model(model, data)
        job = {
            "settings": settings.model_dump(),
            "model": model.model_dump(),
            "plug_in": dict(plug_in),
            "temperature": temperature,
            "seed": seed,
        }
        place = state_of_run(state, job, data.note["files"], VERSIONS["train_mt"])
        here = {"binarized": str(binarized), "gpus": gpus}
        write_text(place / train_process.JOB, json.dumps(job | here) + "\n")
        _run(place, threads, gpus, stop)
    outcome = json.loads((place / train_process.OUTCOME).read_text(encoding="utf-8"))
    _copy(place, output.parent)
    note = {
        "kind": "translation",
        "task": data.note["task"],
        "direction": data.note["direction"],
        "languages": data.languages,
        **job,
        **outcome,
        "train_rows": data.note["splits"]["train"]["rows"],
        "train_data": [data.note["splits"]["train"]],
        "dev_data": [data.note["splits"]["dev"]],
        "vocabulary": data.note["models"],
    }
    write_text(output, json.dumps(note, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    shutil.rmtree(state)
    return note


def _run(place: Path, threads: int, gpus: int, stop: Stop) -> None:
    """Run the training and end as it ends; see :func:`train_mt`."""
    environment = os.environ | {"OMP_NUM_THREADS": str(max(1, threads // max(1, gpus)))}
    if gpus <= 1:
        # fairseq would take all GPUs that it sees.
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[:gpus]
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(visible)
    stop.hold()  # from here on the training is waited for
    child = subprocess.Popen(
        # -P: a folder "fairseq" where the user stands must not be taken for the library.
        [sys.executable, "-P", "-m", train_process.__name__, str(os.getpid()), str(place)],
        env=environment,
        process_group=0,  # a signal from the keyboard must not reach its parts on their own
    )
    told = False
    try:
        while child.poll() is None:
            if stop.received is not None and not told:
                told = True
                os.killpg(child.pid, SIGTERM)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, SIGKILL)
            child.wait()
    _end_as(child.returncode)


def _end_as(code: int) -> None:
    if code in (train_process.STOPPED, -SIGTERM):  # the latter before it could note the signal
        raise Interrupted("the training stopped after saving what was done")
    if code < 0:
        raise SetupError(
            f"the training was killed by {Signals(-code).name}",
            where="xling train-mt",
            allowed="a training that ends by itself",
            fix="SIGKILL often means too little memory: look at the log of the cluster, raise the "
            "job's memory or lower max_tokens; the same command goes on from the last checkpoint",
        )
    if code:
        raise SystemExit(code)


def _copy(place: Path, folder: Path) -> None:
    """Copy weights and histories into the run's folder, each whole or not at all."""
    files = {train_process.CHOSEN: CHECKPOINT, HISTORY: Path(HISTORY)}
    # Methods that are told something at every update leave states there, and no trace.
    if any(record.get("trace") for record in read_sidecar(place / SIDECAR)):
        files[SIDECAR] = Path(TRACE)
    for source, target in files.items():
        with whole_file(folder / target) as part:
            shutil.copyfile(place / source, part)


def _check_model(model: TransformerSettings, data: Binarized) -> None:
    if model.share_embeddings == "all" and not data.note["shared"]:
        raise UsageError(
            "all embeddings are shared, and source and target have vocabularies of their own",
            where="translation.models: share_embeddings",
            allowed="decoder, none; all with a shared vocabulary",
            fix="set share_embeddings to 'decoder', or vocabulary.shared to true",
        )
