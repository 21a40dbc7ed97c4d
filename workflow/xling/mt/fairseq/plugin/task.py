# SPDX-License-Identifier: Apache-2.0
"""The task ``cats_translation``: multilingual translation with learned weights of the directions.

It is fairseq's ``translation_multi_simple_epoch`` with factors for its criterion and a measurement
after every K-th optimizer step (CATS, sections 2.4 and 9.2).  Other methods change the sampling of
an epoch's sentences, or the gradients of an update.  It adds nothing to the model: its checkpoints
are decoded with the stock task.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import torch
from fairseq import utils
from fairseq.distributed import utils as distributed
from fairseq.logging import metrics
from fairseq.tasks import register_task
from fairseq.tasks.translation_multi_simple_epoch import TranslationMultiSimpleEpochTask

from xling.errors import UsageError
from xling.mt.fairseq.history import HISTORY, History
from xling.mt.fairseq.plugin import directions, processes, sampling
from xling.mt.fairseq.plugin.criterion import SUMS
from xling.mt.fairseq.plugin.every_update import EveryUpdate
from xling.mt.fairseq.plugin.log import UpdateLog
from xling.mt.fairseq.plugin.measure import Trained
from xling.mt.fairseq.plugin.meta_step import Data, meta_step
from xling.mt.fairseq.probe_batches import target_lengths
from xling.mt.fairseq.settings import TASK, PlugInSettings, check_options, read
from xling.mt.fairseq.steering import Steering
from xling.mt.settings import PeriodicSettings

log = logging.getLogger(__name__)


@register_task(TASK)
class CatsTranslationTask(TranslationMultiSimpleEpochTask):
    """Trains with weights, and learns them.

    Attributes:
        directions: as named by ``--lang-pairs``, in that order, which is that of all arrays.
        settings: of the plug-in.
    """

    @staticmethod
    def add_args(parser: argparse.ArgumentParser) -> None:
        """Add the stock task's options and ``--cats-settings``."""
        TranslationMultiSimpleEpochTask.add_args(parser)
        parser.add_argument(
            "--cats-settings",
            metavar="FILE",
            required=True,
            help="JSON: xling.mt.fairseq.settings.PlugInSettings",
        )

    def __init__(self, args: Any, langs: Any, dicts: Any, training: bool) -> None:
        super().__init__(args, langs, dicts, training)
        if not training:
            raise UsageError(
                f"the task {TASK} only trains",
                where="--task",
                allowed="translation_multi_simple_epoch, which decodes its checkpoints",
                fix="name that one",
            )
        self.settings: PlugInSettings = read(Path(args.cats_settings))
        check_options(args, self.settings, distributed.get_global_world_size())
        self.directions: list[str] = list(self.lang_pairs)
        self._steering: Steering | None = None
        self._every_update: EveryUpdate | None = None
        self._factors = torch.ones(len(self.directions))
        self._factors_of: Any = None
        self._tagged: dict[str, Any] = {}
        self._updates = 0  # finished ones
        self._last = -1  # finished updates at the last measurement, used or not
        self._validated = True

    def load_dataset(
        self, split: str, epoch: int = 1, combine: bool = False, **kwargs: Any
    ) -> None:
        """Load a split; its batches say which direction each sentence is of."""
        super().load_dataset(split, epoch=epoch, combine=combine, **kwargs)
        if self.datasets[split] is not self._tagged.get(split):
            self.datasets[split] = self._tagged[split] = directions.tag(self.datasets[split])

    def build_model(self, args: Any, from_checkpoint: bool = False) -> Any:
        """Build the model, and keep it: without the wrapper of distributed training."""
        self._model = super().build_model(args, from_checkpoint)
        return self._model

    def get_batch_iterator(self, dataset: Any, **options: Any) -> Any:
        """Draw the batches of an epoch; for the first one, begin or go on."""
        if dataset is self.datasets.get(self.args.train_subset):
            if self._steering is None:
                self._updates = _restored_updates(self.args)
                self._steering = self._start(dataset, self._updates)
            self._choose(self._steering, dataset, options.get("epoch", 1))
        return super().get_batch_iterator(dataset, **options)

    def factors(self, device: torch.device) -> torch.Tensor:
        """Return what the token losses of each direction are multiplied by, [N]."""
        given = None if self._steering is None else self._steering.factors
        if given is not None and given is not self._factors_of:
            self._factors = torch.tensor(given, dtype=torch.float32)
            self._factors_of = given
        if self._factors.device != device:
            self._factors = self._factors.to(device)
        return self._factors

    def train_step(
        self,
        sample: dict[str, Any],
        model: Any,
        criterion: Any,
        optimizer: Any,
        update_num: int,
        ignore_grad: bool = False,
    ) -> Any:
        """Do forward and backward of a batch."""
        self._criterion, self._begun = criterion, update_num
        self._log.begin()

        def stock(batch: dict[str, Any]) -> Any:
            step = super(CatsTranslationTask, self).train_step
            return step(batch, model, criterion, optimizer, update_num, ignore_grad)

        if self._every_update is None:
            found = stock(sample)
        else:
            self._every_update.watch(optimizer, update_num)
            found = self._every_update.step(stock, sample, ignore_grad)
        sums = found[2].pop(SUMS)
        if not ignore_grad:
            self._log.seen(sums)
        return found

    def optimizer_step(self, optimizer: Any, model: Any, update_num: int) -> None:
        """Do the optimizer's step, then the meta step where one is due."""
        super().optimizer_step(optimizer, model, update_num)
        updates = update_num + 1
        assert self._steering is not None
        # With --amp it is called again for an update whose step was skipped.
        if self._last < updates and self._steering.weighting.due(updates):
            self._last = updates
            trained = Trained(
                self._model,
                self._criterion,
                optimizer,
                self.args.amp,
                self._limits(),
                self.args.seed,
            )
            train, dev = self.args.train_subset, self.args.valid_subset.split(",")[0]
            data = Data(*(directions.parts(self.datasets[split]) for split in (train, dev)))
            meta_step(self._steering, trained, data, updates)

    def reduce_metrics(self, logging_outputs: Any, criterion: Any) -> None:
        """Log a batch of validation, or an update: the trainer calls it when one is finished."""
        super().reduce_metrics(logging_outputs, criterion)
        if criterion.training:
            self._updates = self._begun + 1
            self._log.finished(self._updates, next(self._model.parameters()).device)

    def begin_valid_epoch(self, epoch: int, model: Any) -> None:
        """Note that the next dev set is the first one."""
        super().begin_valid_epoch(epoch, model)
        self._validated = False

    def post_validate(self, model: Any, stats: Any, meters: Any) -> None:
        """Write what validation found on the first dev set."""
        del model, stats
        if not self._validated:
            self._log.validated(self._updates, meters)
        self._validated = True

    def state_dict(self) -> dict[str, Any]:
        """Write to our own file what the checkpoint that is being saved goes on with."""
        if self._steering is not None and processes.is_main():
            self._steering.checkpoint(self._updates)
        state: dict[str, Any] = super().state_dict()
        return state

    def _start(self, train: Any, updates: int) -> Steering:
        """Begin, or go on after ``updates`` finished updates; all processes read the same files."""
        parts = directions.parts(train)
        sizes = [len(part) for part in parts]
        drawn = sizes if train.sample_ratios is None else train.sample_ratios
        lengths = [target_lengths(part, self._limits()).mean() for part in parts]
        save_dir = Path(self.args.save_dir)
        steering = Steering(self.directions, self.settings, save_dir, (sizes, drawn, lengths))
        history = History(save_dir / HISTORY, self.directions)
        if updates == 0:
            steering.start(main=processes.is_main())
            if processes.is_main():
                history.create()
        else:
            steering.resume(updates)
            processes.wait()
            if processes.is_main():
                steering.cut(updates)
                if not history.cut(updates):
                    log.warning("%s is missing: it begins after update %d", HISTORY, updates)
            log.info("after update %d go on with %s", updates, steering.named(steering.in_force))
        self._log = UpdateLog(history, steering, self.args.log_interval)
        method = self.settings.weighting
        period = method.period if isinstance(method, PeriodicSettings) else None
        self._sentences = 0
        if steering.chooses_sentences:
            self._sentences = sampling.epoch_sentences(train, self.args, processes.count(), period)
        if steering.told_every_update:
            padding = self.target_dictionary.pad()
            self._every_update = EveryUpdate(steering, self._model, padding)
        return steering

    def _choose(self, steering: Steering, train: Any, epoch: int) -> None:
        """Let the method choose the sentences of an epoch, if that is what it does."""
        steering.start_epoch(epoch)
        if steering.chooses_sentences:
            sampling.redraw(train, epoch, steering.probabilities, self._sentences)

    def _limits(self) -> tuple[int, int]:
        """Return the longest source and target that the trainer does not leave out."""
        longest = utils.resolve_max_positions(
            self.max_positions(), self._model.max_positions(), self.args.max_tokens
        )
        return int(longest[0]), int(longest[1])


def _restored_updates(args: Any) -> int:
    """Return the finished updates of the checkpoint that was loaded; 0: none was.

    The trainer tells its task nothing before the first batch; but it notes them in its meters.
    """
    meters: Any = next(iter(metrics.get_active_aggregators()), {})
    # With --reset-optimizer it counts anew.
    if args.reset_optimizer or "num_updates" not in meters:
        return 0
    return int(meters["num_updates"].val)
