# SPDX-License-Identifier: Apache-2.0
"""The training loop of all encoder methods: ``transformers.Trainer`` with our batches and care.

What is added to the library's Trainer:

- the batch of every update is known beforehand (``xling.batches``), so a run that was killed goes
  on with the very next one;
- a checkpoint counts only when it is complete; the newest complete one is resumed;
- SIGTERM and SIGINT save first and then leave with :class:`xling.errors.Interrupted`;
- the weights that the selection policy likes best are kept apart from checkpoints.

Methods change the loss by subclassing :class:`XlingTrainer`.
"""

from __future__ import annotations

import json
import logging
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from xling.config.study import TrainingSettings
from xling.errors import Interrupted
from xling.files import whole_folder, write_text
from xling.tasks import SOURCE_LANGUAGE
from xling.tokens import Tokens

log = logging.getLogger(__name__)

COMPLETE = "complete.json"
SECONDS_BETWEEN_PROGRESS = 10.0
SCHEDULES = {"linear": "linear", "constant": "constant_with_warmup"}


class UpdateDataset(torch.utils.data.Dataset):
    """The padded parts of all updates: item ``u * parts + p`` is part ``p`` of update ``u``.

    A part carries ``loss_scale`` = its share of the update's loss terms times ``parts``, because
    the Trainer averages the parts' mean losses and parts may differ in size.
    """

    def __init__(
        self, tokens: Tokens, updates: list[np.ndarray], *, parts: int, pad_id: int
    ) -> None:
        self.tokens = tokens
        self.updates = updates
        self.parts = parts
        self.pad_id = pad_id

    def __len__(self) -> int:
        return len(self.updates) * self.parts

    def __getitem__(self, item: int) -> dict[str, torch.Tensor]:
        rows = self.updates[item // self.parts]
        # An update with fewer rows than parts repeats its rows with weight zero.
        part = np.array_split(rows, self.parts)[item % self.parts]
        terms = self.tokens.loss_terms
        scale = terms[part].sum() * self.parts / max(1, terms[rows].sum())
        batch = self.tokens.batch(part if len(part) else rows[:1], self.pad_id)
        batch["loss_scale"] = torch.tensor(scale, dtype=torch.float32)
        return batch


def take_item(items: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Collate: the dataset's items are whole batches already."""
    return items[0]


class XlingTrainer(Trainer):
    """Cross-entropy on the given batches; the base of all methods."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Some models take the number of labelled items of a whole update; ours average by part.
        self.model_accepts_loss_kwargs = False
        self.remove_callback(PrinterCallback)

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler:
        # The order is the dataset's; shuffling happened when the updates were planned.
        return torch.utils.data.SequentialSampler(train_dataset or self.train_dataset)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the part's mean loss times its share of the update (see UpdateDataset)."""
        del num_items_in_batch
        scale = inputs.pop("loss_scale")
        outputs = model(**inputs)
        loss = outputs.loss * scale
        return (loss, outputs) if return_outputs else loss

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        write_text(folder / COMPLETE, json.dumps({"step": self.state.global_step}) + "\n")


def newest_checkpoint(state: Path) -> Path | None:
    """Return the newest complete checkpoint; remove those that a kill left half written."""
    found = sorted(state.glob("checkpoint-*"), key=lambda p: int(p.name.rsplit("-", 1)[1]))
    for folder in found:
        if not (folder / COMPLETE).exists():
            log.warning("removing the half-written checkpoint %s", folder.name)
            shutil.rmtree(folder)
    found = [folder for folder in found if folder.exists()]
    return found[-1] if found else None


class StopOnSignal(TrainerCallback):
    """Save and stop at the end of the running update when the process is asked to leave."""

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.received = signal.Signals(number)
        log.warning("received %s: saving after this update", self.received.name)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Ask for a checkpoint and the end of training once a signal came."""
        del args, kwargs
        if self.received is not None and state.global_step < state.max_steps:
            control.should_save = True
            control.should_training_stop = True


class Progress(TrainerCallback):
    """Log steps, rate and time left every few seconds, and the loss with them."""

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
        if now - self.last < SECONDS_BETWEEN_PROGRESS and state.global_step < state.max_steps:
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


class KeepBest(TrainerCallback):
    """Look at the dev set at a fixed cadence and keep the weights the policy prefers.

    The first of equally good steps wins.  A resumed run meets the same evaluations again and so
    ends with the same choice.

    Args:
        folder: where the best weights are kept.
        settings: policy and cadence.
        evaluate: returns the task's main metric on the dev set by language, for a model.
    """

    def __init__(
        self,
        folder: Path,
        settings: TrainingSettings,
        evaluate: Callable[[Any], dict[str, float]],
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.evaluate = evaluate
        found = folder / "best.json"
        self.best: dict[str, Any] | None = json.loads(found.read_text()) if found.exists() else None

    def criterion(self, values: dict[str, float]) -> float:
        """Return the number the policy compares."""
        if self.settings.selection == "best_source_dev":
            return values[SOURCE_LANGUAGE]
        # best_target_dev is an oracle: it needs target-language labels.
        targets = [value for code, value in values.items() if code != SOURCE_LANGUAGE]
        return float(np.mean(targets))

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
        values = self.evaluate(model)
        value = self.criterion(values)
        log.info("step %d: dev %s (%s)", step, f"{value:.2f}", self.settings.selection)
        if self.best is None or value > self.best["value"]:
            self.best = {"step": step, "value": value, "dev": values}
            with whole_folder(self.folder) as part:
                model.save_pretrained(part)
                (part / "best.json").write_text(json.dumps(self.best))


@dataclass(frozen=True)
class Outcome:
    """What a finished training hands on.

    Attributes:
        steps: updates done in all attempts.
        selection: policy, chosen step and its dev scores.
        seconds: time of this attempt only.
        rate: updates per second of this attempt.
        history: the Trainer's own log.
    """

    steps: int
    selection: dict[str, Any]
    seconds: float
    rate: float
    history: list[dict[str, float]]


def training_arguments(
    state: Path, settings: TrainingSettings, *, steps: int, parts: int, precision: str, seed: int
) -> TrainingArguments:
    """Translate our settings to the library's names."""
    return TrainingArguments(
        output_dir=str(state),
        max_steps=steps,
        per_device_train_batch_size=1,  # one item of UpdateDataset is one batch
        gradient_accumulation_steps=parts,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule
        if settings.schedule == "linear"
        else "constant_with_warmup",
        warmup_steps=settings.warmup_steps or round(settings.warmup_ratio * steps),
        weight_decay=settings.weight_decay,
        adam_epsilon=settings.adam_epsilon,
        max_grad_norm=settings.max_grad_norm,
        activation_checkpointing=settings.gradient_checkpointing,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        use_cpu=not torch.cuda.is_available(),
        seed=seed,
        logging_steps=max(1, steps // 50),
        save_strategy="steps",
        save_steps=settings.checkpoint_every,
        save_total_limit=2,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def fit(
    trainer: XlingTrainer, state: Path, *, model_folder: Path, keeper: KeepBest | None
) -> Outcome:
    """Train to the end, going on from the newest checkpoint, and save the selected weights.

    Raises:
        Interrupted: a signal came; everything needed to go on is in ``state``.
    """
    stop = StopOnSignal()
    trainer.add_callback(stop)
    trainer.add_callback(Progress())
    if keeper is not None:
        trainer.add_callback(keeper)
    checkpoint = newest_checkpoint(state)
    if checkpoint is not None:
        log.info("going on from %s", checkpoint.name)
    done = int(checkpoint.name.rsplit("-", 1)[1]) if checkpoint else 0
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    seconds = time.monotonic() - started
    if trainer.state.global_step < trainer.state.max_steps:
        raise Interrupted(f"stopped at step {trainer.state.global_step} after saving")
    with whole_folder(model_folder) as part:
        if keeper is None:
            selection: dict[str, Any] = {"policy": "last", "step": trainer.state.global_step}
            trainer.model.save_pretrained(part)
        else:
            assert keeper.best is not None, "the last step is always evaluated"
            selection = {"policy": keeper.settings.selection, **keeper.best}
            shutil.copytree(keeper.folder, part, dirs_exist_ok=True)
            (part / "best.json").unlink()
    history = [dict(entry) for entry in trainer.state.log_history]
    steps = trainer.state.global_step
    return Outcome(steps, selection, seconds, (steps - done) / max(seconds, 1e-9), history)
