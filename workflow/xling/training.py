# SPDX-License-Identifier: Apache-2.0
"""The training loop of all encoder methods: ``transformers.Trainer`` with our batches and care.

What is added to the library's Trainer:

- the batch of every update is known beforehand (``xling.batches``), so a run that was killed goes
  on with the very next one;
- a checkpoint counts only when it is complete; the newest complete one is resumed;
- SIGTERM and SIGINT save first and then leave with :class:`xling.errors.Interrupted`;
- attempts that lead nowhere end (``xling.training_attempts``);
- the weights that the selection policy likes best are kept apart from checkpoints;
- several workers train as one (``xling.distributed``).

Methods change the loss by subclassing :class:`XlingTrainer`.
"""

from __future__ import annotations

import logging
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

from xling.checkpoints import Checkpoint, folder_of, newest_checkpoint
from xling.config.study import TrainingSettings
from xling.distributed import ALONE, Workers
from xling.errors import Interrupted
from xling.files import whole_folder
from xling.stops import Stop
from xling.tokens import Tokens
from xling.training_attempts import Attempts
from xling.training_callbacks import KeepBest, Progress, Saving

log = logging.getLogger(__name__)


class UpdateDataset(torch.utils.data.Dataset):
    """The padded parts of all updates: item ``u * parts + p`` is part ``p`` of update ``u``.

    A part carries ``loss_scale`` = its share of the update's loss terms times ``parts``, because
    the Trainer averages the parts' mean losses and parts may differ in size.  With several workers
    the library deals the items out in turn, each gets as many of every update, and gradients are
    averaged over workers too: ``parts`` is the number of workers times that of accumulation.
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
    state: Path, settings: TrainingSettings, *, steps: int, precision: str, seed: int
) -> TrainingArguments:
    """Translate our settings to the library's names."""
    return TrainingArguments(
        output_dir=str(state),
        max_steps=steps,
        per_device_train_batch_size=1,  # one item of UpdateDataset is one batch
        gradient_accumulation_steps=settings.accumulation,
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
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def fit(
    trainer: XlingTrainer,
    state: Path,
    *,
    model_folder: Path,
    keeper: KeepBest | None = None,
    stop: Stop | None = None,
    workers: Workers = ALONE,
) -> Outcome | None:
    """Train to the end, going on from the newest checkpoint, and save the selected weights.

    Args:
        trainer: with model, data and arguments.
        state: of the checkpoints.
        model_folder: where the weights are saved.
        keeper: what looks at the dev set; none keeps the last weights.
        stop: whether the process is asked to leave; None: signals do what they do.
        workers: who trains together.

    Returns:
        None in workers other than the main one.

    Raises:
        Interrupted: a signal came; everything needed to go on is in ``state``.
        SetupError: all that the last attempts did was lost.
    """
    stop = stop or Stop()
    checkpoint = workers.share(newest_checkpoint(state) if workers.main else None)
    begin = checkpoint.step if checkpoint else 0
    for callback in (keeper, Progress() if workers.main else None, Saving(stop, workers, keeper)):
        if callback is not None:
            trainer.add_callback(callback)
    if keeper is not None and checkpoint is not None:
        keeper.pending = checkpoint.dev_pending
    _spread_seed(trainer.args.seed, checkpoint, workers)
    started = time.monotonic()
    resumed = str(folder_of(state, begin)) if checkpoint else None
    if workers.main:
        attempts = Attempts(state, begin)
        trainer.add_callback(attempts)
        where = f"from step {begin} of {trainer.args.max_steps}"
        log.info("attempt %d of this training, %s", len(attempts.list), where)
        with attempts.noted():
            _train(trainer, resumed, keeper, workers)
    else:
        _train(trainer, resumed, keeper, workers)
        return None
    seconds = time.monotonic() - started
    steps = trainer.state.global_step
    selection = _save_selected(trainer, model_folder, keeper)
    history = [dict(entry) for entry in trainer.state.log_history]
    return Outcome(steps, selection, seconds, (steps - begin) / max(seconds, 1e-9), history)


def _train(
    trainer: XlingTrainer, resumed: str | None, keeper: KeepBest | None, workers: Workers
) -> None:
    """Do the updates; raise :class:`Interrupted` in all workers if they are not all done."""
    trainer.train(resume_from_checkpoint=resumed)
    step = trainer.state.global_step
    pending = keeper is not None and keeper.pending
    # It is the main worker's word that counts, and none leaves before it has saved.
    if workers.share(step < trainer.state.max_steps or pending):
        raise Interrupted(f"stopped at step {step} after saving")


def _spread_seed(seed: int, checkpoint: Checkpoint | None, workers: Workers) -> None:
    """Let each worker draw its own dropout; a checkpoint of as many workers has their states."""
    before = checkpoint.workers if checkpoint else workers.count
    if before != workers.count:
        log.warning(
            "the checkpoint is of %d workers, now there are %d: same batches, other dropout",
            before,
            workers.count,
        )
    elif workers.count == 1:
        return
    begin = checkpoint.step if checkpoint else 0
    draws = np.random.SeedSequence([seed, workers.rank, begin]).generate_state(1)
    set_seed(int(draws[0]))


def _save_selected(
    trainer: XlingTrainer, model_folder: Path, keeper: KeepBest | None
) -> dict[str, Any]:
    """Save the weights that the policy selects; return policy, step and dev scores."""
    with whole_folder(model_folder) as part:
        if keeper is None:
            trainer.model.save_pretrained(part)
            return {"policy": "last", "step": trainer.state.global_step}
        assert keeper.best is not None, "the last step is always evaluated"
        shutil.copytree(keeper.folder, part, dirs_exist_ok=True)
        (part / "best.json").unlink()
        return {"policy": keeper.settings.selection, **keeper.best}
