# SPDX-License-Identifier: Apache-2.0
"""What happens between two updates: the dev set, the log, checkpoints, leaving on a signal."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from xling.checkpoints import Checkpoint, complete
from xling.config.study import TrainingSettings
from xling.distributed import Workers
from xling.errors import Interrupted
from xling.files import whole_folder
from xling.stops import BEFORE_TRAINING, BrokenOff, Stop
from xling.tasks import SOURCE_LANGUAGE

log = logging.getLogger(__name__)

# Ours.  A log line every 10 s shows at once how fast it goes; kept up for a day it would be 8,640.
SECONDS_BETWEEN_PROGRESS = 10.0
SECONDS_BETWEEN_PROGRESS_LATER = 60.0
FIRST_SECONDS = 600.0
# Ours: what a node's death may cost, however slow updates are.
SECONDS_BETWEEN_CHECKPOINTS = 900.0


class KeepBest(TrainerCallback):
    """Look at the dev set at a fixed cadence and keep the weights the policy prefers.

    The first of equally good steps wins.  A resumed run meets the same evaluations again and so
    ends with the same choice.  A signal breaks an evaluation off; the run that goes on begins with
    it.  In a training of several workers only the main one has this.

    Args:
        folder: where the best weights are kept.
        settings: policy and cadence.
        evaluate: returns the task's main metric on the dev set by language, for a model.
        stop: whether the process was asked to leave.

    Attributes:
        pending: the dev set is still to be looked at with the weights of this step.
    """

    def __init__(
        self,
        folder: Path,
        settings: TrainingSettings,
        evaluate: Callable[[Any], dict[str, float]],
        stop: Stop,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.evaluate = evaluate
        self.stop = stop
        self.pending = False
        found = folder / "best.json"
        self.best: dict[str, Any] | None = json.loads(found.read_text()) if found.exists() else None

    def criterion(self, values: dict[str, float]) -> float:
        """Return the number the policy compares."""
        if self.settings.selection == "best_source_dev":
            return values[SOURCE_LANGUAGE]
        # best_target_dev is an oracle: it needs target-language labels.
        targets = [value for code, value in values.items() if code != SOURCE_LANGUAGE]
        return float(np.mean(targets))

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **kwargs: Any,
    ) -> None:
        """Make up for an evaluation that was broken off."""
        del args, control, kwargs
        if self.pending:
            self._look(state.global_step, model)
            self.pending = False

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **kwargs: Any,
    ) -> None:
        """Evaluate every ``evaluate_every`` steps and after the last one."""
        del args, control, kwargs
        step = state.global_step
        if step % self.settings.evaluate_every and step != state.max_steps:
            return
        try:
            self._look(step, model)
        except BrokenOff:
            self.pending = True

    def _look(self, step: int, model: Any) -> None:
        with self.stop.interruptible():
            values = self.evaluate(model)
        value = self.criterion(values)
        log.info("step %d: dev %s (%s)", step, f"{value:.2f}", self.settings.selection)
        if self.best is None or value > self.best["value"]:
            self.best = {"step": step, "value": value, "dev": values}
            with whole_folder(self.folder) as part:
                model.save_pretrained(part)
                (part / "best.json").write_text(json.dumps(self.best))


class Saving(TrainerCallback):
    """Checkpoints by the clock and before leaving; all workers leave after the same update.

    Checkpoints every ``checkpoint_every`` updates are the library's.  Comes after
    :class:`KeepBest`, so that what it saves says whether the dev set was looked at.

    Args:
        stop: whether the process was asked to leave.
        workers: who trains together.
        keeper: what looks at the dev set, in the main worker.
    """

    def __init__(self, stop: Stop, workers: Workers, keeper: KeepBest | None) -> None:
        self.stop = stop
        self.workers = workers
        self.keeper = keeper
        self.saved = time.monotonic()

    def _asked(self) -> bool:
        return self.stop.received is not None or self.workers.orphaned()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Let signals wait for the end of an update from now on.

        Raises:
            Interrupted: in all workers, if one of them was asked to leave already.
        """
        del args, state, control, kwargs
        self.stop.hold()
        self.saved = time.monotonic()
        (leave,) = self.workers.any(self._asked())
        if leave:
            raise Interrupted(BEFORE_TRAINING)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Ask for a checkpoint when it is time, and for the end of training once a signal came."""
        del args, kwargs
        late = time.monotonic() - self.saved >= SECONDS_BETWEEN_CHECKPOINTS
        leave, save = self.workers.any(self._asked(), late)
        if leave:
            why = self.stop.received.name if self.stop.received else "a signal in another process"
            log.warning("received %s: saving at step %d", why, state.global_step)
            control.should_training_stop = True
        if leave or save:
            control.should_save = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Make the checkpoint count once all workers have written their part of it."""
        del control, kwargs
        self.workers.wait()
        if self.workers.main:
            pending = self.keeper is not None and self.keeper.pending
            checkpoint = Checkpoint(state.global_step, self.workers.count, pending)
            complete(Path(args.output_dir), checkpoint)
        self.saved = time.monotonic()


class Progress(TrainerCallback):
    """Log steps, rate and time left now and then, and the loss with them."""

    def __init__(self) -> None:
        self.started = self.last = time.monotonic()
        self.first_step = 0
        self.loss = float("nan")

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        del args, control, kwargs
        self.started = self.last = time.monotonic()
        self.first_step = state.global_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Remember the loss."""
        del args, state, control, kwargs
        self.loss = (logs or {}).get("loss", self.loss)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Log where training is."""
        del args, control, kwargs
        now = time.monotonic()
        early = now - self.started < FIRST_SECONDS
        pause = SECONDS_BETWEEN_PROGRESS if early else SECONDS_BETWEEN_PROGRESS_LATER
        if now - self.last < pause and state.global_step < state.max_steps:
            return
        self.last = now
        rate = (state.global_step - self.first_step) / max(now - self.started, 1e-9)
        left = (state.max_steps - state.global_step) / max(rate, 1e-9)
        log.info(
            "step %d of %d, loss %.4f, %.2f steps/s, %s left",
            state.global_step,
            state.max_steps,
            self.loss,
            rate,
            f"{left / 60:.0f} min" if left >= 120 else f"{left:.0f} s",
        )
