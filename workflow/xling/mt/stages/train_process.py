# SPDX-License-Identifier: Apache-2.0
"""``python -m xling.mt.stages.train_process PARENT FOLDER``: the training itself.

A process of its own, which alone loads torch and fairseq.  FOLDER is that of the checkpoints;
``job.json`` in it says what to do.  The process trains what is left to be done, then leaves the
chosen weights and ``outcome.json`` there.  It ends when its parent, process PARENT, does: a
training without its job would write into the next one.

Exit codes are those of ``xling``; 143: stopped by a signal, after saving.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

from xling.config.translation import TransformerSettings, TranslationSettings
from xling.errors import DataError, Interrupted, SetupError, XlingError
from xling.files import whole_file, write_text
from xling.logs import set_up
from xling.mt.fairseq import compat, launcher
from xling.mt.fairseq.trained import fingerprint, lengths, read_checkpoint
from xling.mt.fairseq.training_hooks import REPORT, Hooks
from xling.mt.stages.binarize import Binarized, read_binarized
from xling.mt.stages.train_command import arguments, longest
from xling.mt.versions import versions_of_translation
from xling.stops import Stop

STOPPED = 143
JOB, OUTCOME, CHOSEN = "job.json", "outcome.json", "chosen.pt"
_PLUG_IN = "plug_in.json"
_LAST, _BEST = "checkpoint_last.pt", "checkpoint_best.pt"
_SECONDS_BETWEEN_LOOKS = 0.5

log = logging.getLogger(__name__)


def main(parent: int, folder: Path) -> int:
    """Train; return the exit code."""
    _end_with(parent)
    set_up()
    # fairseq's code is of 2022: what libraries of today say of it helps nobody.
    warnings.simplefilter("ignore")
    for name in ("fairseq", "fairseq_cli"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with Stop() as stop:
            _train(folder, json.loads((folder / JOB).read_text(encoding="utf-8")), stop)
    except XlingError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except Interrupted:
        return STOPPED
    return 0


def _train(folder: Path, job: dict[str, Any], stop: Stop) -> None:
    compat.install()
    data = read_binarized(Path(job["binarized"]))
    settings = TranslationSettings.model_validate(job["settings"])
    devices = _devices(job["gpus"], settings)
    too_long = _too_long(data, longest(settings))
    if _updates(folder / _LAST) < settings.max_updates:
        write_text(folder / _PLUG_IN, json.dumps(job["plug_in"]) + "\n")
        command = arguments(
            data,
            settings,
            TransformerSettings.model_validate(job["model"]),
            plug_in=folder / _PLUG_IN,
            temperature=job["temperature"],
            seed=job["seed"],
            gpus=devices,
            save_dir=folder,
        )
        Hooks(stop).install()
        launcher.run(["train", *command])
        if (done := _updates(folder / _LAST)) < settings.max_updates:
            raise Interrupted(f"stopped at update {done} after saving")
    outcome = _choose(folder, settings) | {"too_long": too_long}
    write_text(folder / OUTCOME, json.dumps(outcome) + "\n")


def _updates(path: Path) -> int:
    """Return the updates of a checkpoint; 0 if there is none."""
    if not path.exists():
        return 0
    return int(read_checkpoint(path)["optimizer_history"][-1]["num_updates"])


def _choose(folder: Path, settings: TranslationSettings) -> dict[str, Any]:
    """Write the chosen weights and return what ``train.json`` says of them."""
    import torch

    path = folder / (_BEST if settings.selection == "best" else _LAST)
    chosen = read_checkpoint(path)
    step, loss = _updates(path), chosen["extra_state"]["val_loss"]
    chosen["last_optimizer_state"] = {}  # two thirds of a checkpoint
    with whole_file(folder / CHOSEN) as part:
        torch.save(chosen, part)
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    timing = ("train_seconds", "train_tokens_per_second", "peak_host_mb", "peak_gpu_mb")
    return {
        "updates": _updates(folder / _LAST),
        "selection": {"policy": settings.selection, "step": step, "loss": loss},
        "best": {"update": step, "loss": loss},
        "parameters": _parameters(chosen["model"]),
        "weights_sha256": fingerprint(chosen["model"]),
        "timing": {name: report[name] for name in timing},
        "hardware": report["hardware"],
        "versions": versions_of_translation(),
    }


def _parameters(weights: dict[str, Any]) -> int:
    """Count trained numbers, those of shared tensors once."""
    place_holders = ("version", "_float_tensor")
    own = {
        tensor.data_ptr(): tensor.numel()
        for name, tensor in weights.items()
        if not name.endswith(place_holders)
    }
    return sum(own.values())


def _devices(gpus: int, settings: TranslationSettings) -> int:
    """Return how many GPUs are used; 0 is the CPU."""
    import torch

    found = torch.cuda.device_count()
    if gpus > max(found, 1):
        raise SetupError(
            f"{gpus} GPUs are asked for and {found} are visible",
            where="--gpus",
            allowed=f"at most {max(found, 1)} here (1 trains on the CPU if there is none)",
            fix="lower resources.gpu of the study, or ask the cluster for more GPUs per job",
        )
    devices = min(gpus, found)
    if not devices and settings.precision != "fp32":
        raise SetupError(
            f"no GPU is used, and training is in {settings.precision}",
            where="translation.training: precision",
            allowed="fp32 on a CPU",
            fix="set precision to fp32, or train on a GPU",
        )
    return devices


def _too_long(data: Binarized, positions: int) -> dict[str, dict[str, int]]:
    """Count the pairs that fairseq leaves out, by split and language.

    Raises:
        DataError: none is left of a language.
    """
    found: dict[str, dict[str, int]] = {}
    for split in ("train", "dev"):
        for language in data.languages:
            # The end of the sentence is counted in the files; the source gets a language token.
            source = lengths(data.prefix(split, language, "source")) + 1
            target = lengths(data.prefix(split, language, "target"))
            count = int(((source > positions) | (target > positions)).sum())
            if count == len(source):
                raise DataError(
                    f"all {split} pairs of '{language}' are too long",
                    where="translation.training: max_length",
                    allowed=f"a side of at most {positions - 2} sub-words",
                    fix="raise max_length",
                )
            found.setdefault(split, {})[language] = count
    for split, counts in found.items():
        if any(counts.values()):
            log.warning("%s pairs that are too long and left out: %s", split, counts)
    return found


def _end_with(parent: int) -> None:
    """Kill this process and those that it started once its parent is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
if __name__ == "__mp_main__":
    # A process that fairseq started for a further GPU: before it unpickles what it is to do.
    set_up()
    for _name in ("", "xling"):
        logging.getLogger(_name).setLevel(logging.ERROR)
    compat.install()
    _stop = Stop(early=False)
    _stop.__enter__()  # for the life of the process
    Hooks(_stop).install()
