# SPDX-License-Identifier: Apache-2.0
"""The task ``cats_translation``: multilingual translation with learned weights of the directions.

It is fairseq's ``translation_multi_simple_epoch`` with factors for its criterion and a measurement
after every K-th optimizer step (CATS, sections 2.4 and 9.2).  It adds nothing to the model: its
checkpoints are decoded with the stock task.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fairseq import utils
from fairseq.distributed import utils as distributed
from fairseq.tasks import register_task
from fairseq.tasks.translation_multi_simple_epoch import TranslationMultiSimpleEpochTask

from xling.errors import UsageError
from xling.mt.fairseq.plugin import directions, measure
from xling.mt.fairseq.probe_batches import target_lengths
from xling.mt.fairseq.settings import TASK, PlugInSettings, check_options, read
from xling.mt.fairseq.steering import Steering, finite
from xling.mt.weighting import Floats, GradientProducts, Measured

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
        check_options(args, self.settings)
        self.directions: list[str] = list(self.lang_pairs)
        self._steering: Steering | None = None
        self._factors = torch.ones(len(self.directions))
        self._tagged: dict[str, Any] = {}
        self._last = -1  # finished updates at the last measurement, used or not

    def load_dataset(
        self, split: str, epoch: int = 1, combine: bool = False, **kwargs: Any
    ) -> None:
        """Load a split; its batches say which direction each sentence is of."""
        super().load_dataset(split, epoch=epoch, combine=combine, **kwargs)
        if self.datasets[split] is not self._tagged.get(split):
            self.datasets[split] = self._tagged[split] = directions.tag(self.datasets[split])

    def factors(self, device: torch.device) -> torch.Tensor:
        """Return what the token losses of each direction are multiplied by, [N]."""
        if self._factors.device != device:
            self._factors = self._factors.to(device)
        return self._factors

    def begin_epoch(self, epoch: int, model: Any) -> None:
        """Take the model without the wrapper of distributed training."""
        super().begin_epoch(epoch, model)
        self._model = model

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
        if self._steering is None:
            self._criterion = criterion
            self._steering = self._start(update_num)
        return super().train_step(sample, model, criterion, optimizer, update_num, ignore_grad)

    def optimizer_step(self, optimizer: Any, model: Any, update_num: int) -> None:
        """Do the optimizer's step, then the meta step where one is due."""
        super().optimizer_step(optimizer, model, update_num)
        updates = update_num + 1
        assert self._steering is not None
        # With --amp it is called again for an update whose step was skipped.
        if self._last < updates and self._steering.weighting.due(updates):
            self._last = updates
            self._meta_step(self._steering, updates, optimizer)

    def _start(self, updates: int) -> Steering:
        """Begin, or go on after ``updates`` finished updates; all processes read the same file."""
        train = self.datasets[self.args.train_subset]
        parts = directions.parts(train)
        sizes = [len(part) for part in parts]
        drawn = sizes if train.sample_ratios is None else train.sample_ratios
        lengths = [target_lengths(part, self._limits()).mean() for part in parts]
        save_dir = Path(self.args.save_dir)
        steering = Steering(self.directions, self.settings, save_dir, (sizes, drawn, lengths))
        if updates == 0:
            steering.start(main=_main())
        else:
            steering.resume(updates)
            _wait()
            if _main():
                steering.cut(updates)
            log.info("after update %d go on with %s", updates, steering.named(steering.alpha))
        self._take(steering)
        return steering

    def _meta_step(self, steering: Steering, updates: int, optimizer: Any) -> None:
        """Measure, learn, and leave word of it."""
        measured, trace = self._measure(steering, updates, optimizer)
        used = steering.observe(measured)
        if not used:
            log.warning("update %d: losses or gradients are not finite, weights stay", updates)
        steering.agree(_of_main(steering.weighting.state()))
        self._take(steering)
        if _main():
            steering.write(updates, {"used": used, **trace})

    def _measure(
        self, steering: Steering, updates: int, optimizer: Any
    ) -> tuple[Measured, dict[str, Any]]:
        """Measure what the method needs; return that and its part of the trace."""
        needs, probe = steering.weighting.needs, self.settings.probe
        split = self.args.train_subset if probe.split == "train" else "valid"
        datasets = directions.parts(self.datasets[split])
        args, limits = self.args, self._limits()
        trained = measure.Trained(
            self._model, self._criterion, optimizer, args.amp, limits, args.seed
        )
        before = steering.measured
        repeated = None
        if needs.repeated and before:
            repeated = measure.losses(trained, datasets, before, probe)
        if needs.gradients == "none":
            losses = measure.losses(trained, datasets, updates, probe)
            trace: dict[str, Any] = {"loss": steering.named(losses)}
            return Measured(updates, losses, repeated=repeated), trace
        last_layer = needs.gradients == "norms"
        alpha = steering.alpha
        probed = measure.gradients(trained, datasets, updates, alpha, probe, last_layer=last_layer)
        trace = _trace(steering, probed.losses, probed.products)
        trace["disagreement"] = finite(probed.disagreement)
        return Measured(updates, probed.losses, probed.products, repeated=repeated), trace

    def _take(self, steering: Steering) -> None:
        self._factors = torch.tensor(steering.factors, dtype=torch.float32)

    def _limits(self) -> tuple[int, int]:
        """Return the longest source and target that the trainer does not leave out."""
        longest = utils.resolve_max_positions(
            self.max_positions(), self._model.max_positions(), self.args.max_tokens
        )
        return int(longest[0]), int(longest[1])


def _trace(steering: Steering, losses: Floats, products: GradientProducts) -> dict[str, Any]:
    return {
        "loss": steering.named(losses),
        "gradient_norm": steering.named(np.sqrt(products.squared_norms)),
        "product": steering.named(products.products),
        "combined": finite(products.combined),
        "uniform": finite(products.uniform),
    }


def _main() -> bool:
    """Whether this process is the one that writes."""
    return bool(distributed.get_global_rank() == 0)


def _wait() -> None:
    """Wait until all processes are here."""
    if distributed.get_data_parallel_world_size() > 1:
        torch.distributed.barrier(group=distributed.get_data_parallel_group())


def _of_main(state: dict[str, Any]) -> dict[str, Any]:
    """Return the main process's state: all have computed it from the same numbers."""
    if distributed.get_data_parallel_world_size() == 1:
        return state
    states = [state]
    group = distributed.get_data_parallel_group()
    torch.distributed.broadcast_object_list(states, src=0, group=group)
    return states[0]
