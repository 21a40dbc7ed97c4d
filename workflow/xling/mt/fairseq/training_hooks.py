# SPDX-License-Identifier: Apache-2.0
"""What a training needs to be a good job, beside what ``fairseq-train`` does.

- Dev sets are looked at every ``--validate-interval-updates`` and checkpoints written every
  ``--save-interval-updates`` updates and at the latest after 15 minutes, neither at ends of epochs:
  how many sentences are an epoch depends on the temperature, the work must not.
- A signal that was noted saves after the running update and ends the training.
- A checkpoint is whole or not there, also where fairseq copies one file to another.
- Progress goes to the log as lines of ours; ``process.json`` beside the checkpoints tells what it
  took.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from xling.files import whole_file, write_text
from xling.stops import Stop

REPORT = "process.json"  # below --save-dir
# Ours: an hour of a large model's training must not be lost.
SECONDS_BETWEEN_CHECKPOINTS = 900.0
SECONDS_BETWEEN_PROGRESS = 20.0

log = logging.getLogger("xling.mt.train")


class Progress:
    """Counts updates and target tokens of this process, and says how it goes.

    Attributes:
        first: updates that were done before.
        tokens: target tokens since then, of all processes.
    """

    def __init__(self, first: int, last: int) -> None:
        self.first, self._last = first, last
        self.tokens = 0
        self.started = self._said = time.monotonic()

    def count(self, updates: int, tokens: int) -> None:
        """Count an update, and log a line now and then."""
        self.tokens += tokens
        now = time.monotonic()
        if now - self._said >= SECONDS_BETWEEN_PROGRESS or updates == self._last:
            self._said = now
            rate = (updates - self.first) / max(now - self.started, 1e-9)
            left = (self._last - updates) / rate
            log.info(
                "update %d of %d, %.2f updates/s, %s left", updates, self._last, rate, _time(left)
            )

    @property
    def seconds(self) -> float:
        """Time since the first update of this process began."""
        return time.monotonic() - self.started


class Hooks:
    """Replaces fairseq's ``validate_and_save``, which is called after each update."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._progress: Progress | None = None
        self._updates = -1
        self._saved = time.monotonic()

    def install(self) -> None:
        """Put them into fairseq, once per process."""
        from fairseq.file_io import PathManager

        tool: Any = import_module("fairseq_cli.train")
        tool.validate_and_save = self.after_update
        PathManager.copy = staticmethod(_copy)
        begin = tool.train

        def train(cfg: Any, trainer: Any, *rest: Any) -> Any:
            if self._progress is None:
                self._stop.hold()
                last = cfg.optimization.max_update
                self._progress = Progress(trainer.get_num_updates(), last)
                log.info("from update %d to %d", self._progress.first, last)
            return begin(cfg, trainer, *rest)

        tool.train = train

    def after_update(
        self,
        cfg: Any,
        trainer: Any,
        task: Any,
        epoch_itr: Any,
        valid_subsets: list[str],
        end_of_epoch: bool,
    ) -> tuple[list[float | None], bool]:
        """Look at the dev sets and save, where due; return their losses and whether to end."""
        del end_of_epoch
        from fairseq import checkpoint_utils
        from fairseq.logging import metrics

        assert self._progress is not None
        updates = trainer.get_num_updates()
        if updates == self._updates:  # half precision: the step was skipped
            return [None], False
        self._updates = updates
        self._progress.count(updates, int(metrics.get_meters("train")["wpb"].val))
        done = updates >= cfg.optimization.max_update
        late = time.monotonic() - self._saved >= SECONDS_BETWEEN_CHECKPOINTS
        stopped, late = _any(trainer, self._stop.received is not None, late)
        losses: list[float | None] = [None]
        if done or updates % cfg.dataset.validate_interval_updates == 0:
            validate = import_module("fairseq_cli.train").validate
            losses = validate(cfg, trainer, task, epoch_itr, valid_subsets)
        due = updates % cfg.checkpoint.save_interval_updates == 0
        if done or due or late or stopped or losses[0] is not None:
            checkpoint_utils.save_checkpoint(cfg.checkpoint, trainer, epoch_itr, losses[0])
            self._saved = time.monotonic()
        if done or stopped:
            self._report(cfg, trainer, updates)
        return losses, done or stopped

    def _report(self, cfg: Any, trainer: Any, updates: int) -> None:
        """Leave word of what this process took; with several, the main one does."""
        if not trainer.is_data_parallel_master:
            return
        from xling.machine import hardware, peak_memory_mb

        assert self._progress is not None
        seconds = self._progress.seconds
        report = {
            "updates": updates,
            "stopped": updates < cfg.optimization.max_update,
            "train_seconds": round(seconds, 2),
            "train_tokens_per_second": round(self._progress.tokens / max(seconds, 1e-9), 1),
            **peak_memory_mb(),
            "hardware": hardware(trainer.data_parallel_world_size),
        }
        write_text(Path(cfg.checkpoint.save_dir) / REPORT, json.dumps(report) + "\n")


def _any(trainer: Any, *flags: bool) -> tuple[bool, ...]:
    """Return for each flag whether one process raised it; all must ask."""
    if trainer.data_parallel_world_size == 1:
        return flags
    import torch
    from fairseq.distributed import utils as distributed

    raised = torch.tensor(flags, dtype=torch.float32, device=trainer.device)
    distributed.all_reduce(raised, group=trainer.data_parallel_process_group)
    return tuple(bool(flag) for flag in raised)


def _copy(source: str, target: str, overwrite: bool = False) -> bool:
    """Copy a checkpoint so that the copy is whole or not there."""
    del overwrite
    with whole_file(Path(target)) as part:
        shutil.copyfile(source, part)
    return True


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
