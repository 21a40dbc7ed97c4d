# SPDX-License-Identifier: Apache-2.0
"""Training of X-Mixup: pairs in place of rows, in the loop of all methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from transformers import TrainingArguments

from xling.config.study import XMixupChoices
from xling.tasks import Task
from xling.tasks.family import Inference, family_of
from xling.training import XlingTrainer, take_item
from xling.xmixup.inference import MEAN, predict_beside
from xling.xmixup.losses import (
    Losses,
    PairOutput,
    classification_loss,
    one_hot_labels,
    qa_loss,
    tagging_loss,
)
from xling.xmixup.model import XMixup
from xling.xmixup.pairs import Pairs, pair_dev
from xling.xmixup.settings import XMixupSettings
from xling.xmixup.soft_labels import SoftLabels
from xling.xmixup.updates import PairDataset, WordLabels, check_sampling

if TYPE_CHECKING:
    import pyarrow as pa

    from xling.tasks.tagging import Tokens as TaggedTokens
    from xling.tokens import Tokens


def losses_of(pair: PairOutput, batch: dict[str, Any], settings: XMixupSettings) -> Losses:
    """Return the losses of an item of :class:`PairDataset`."""
    labels, counts, mask = batch["labels"], batch["counts"], batch.get("original_mask")
    english = batch.get("source_labels")
    if "start_positions" in labels:
        source = None if english is None else _spans(english)
        return qa_loss(pair, source, _spans(labels), settings, counts, mask)
    classes = labels["labels"]
    if classes.dim() == 1:
        return classification_loss(pair, classes, settings, counts)
    if "soft_labels" in batch:
        soft = batch["soft_labels"]
        labelled = soft.any(-1)
    else:
        soft, labelled = one_hot_labels(classes, pair.target.logits.shape[-1])
    source = None if english is None else english["labels"]
    return tagging_loss(pair, source, soft, labelled, settings, counts, mask)


def _spans(labels: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.stack([labels["start_positions"], labels["end_positions"]], dim=1)


class XMixupTrainer(XlingTrainer):
    """The loop of all methods with pairs, X-Mixup's losses and a gate of its own.

    The log has the mixing ratio since the last entry: ``ratio_mean``, ``ratio_min`` and
    ``ratio_max`` over the pairs of the main worker.  A training that went on lacks in its first
    entry what was seen before the checkpoint.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert isinstance(self.model, XMixup)
        self.mixing: XMixupSettings = self.model.settings
        self.ratios: list[torch.Tensor] = []

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the part's share of the update's loss (see :class:`PairDataset`)."""
        del num_items_in_batch
        pair = model(inputs["source"], inputs["target"])
        if inputs["loss_scale"]:
            self.ratios.append(pair.ratio.float())
        loss = losses_of(pair, inputs, self.mixing).total * inputs["loss_scale"]
        return (loss, pair) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the mixing ratio to an entry of the log."""
        if self.ratios:
            ratios = torch.cat(self.ratios).double().cpu()
            self.ratios.clear()
            for name in ("mean", "min", "max"):
                logs[f"ratio_{name}"] = float(getattr(ratios, name)())
        super().log(logs, start_time)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """Give the gate a group of parameters: its own learning rate, no weight decay."""
        if self.optimizer is not None:
            return self.optimizer
        optimizer = super().create_optimizer(model)
        gate = [parameter for parameter in self.model.gate.parameters() if parameter.requires_grad]
        if gate:
            own = {id(parameter) for parameter in gate}
            for group in optimizer.param_groups:
                group["params"] = [p for p in group["params"] if id(p) not in own]
            rate = self.mixing.gate_learning_rate or self.args.learning_rate
            optimizer.add_param_group({"params": gate, "lr": rate, "weight_decay": 0.0})
        return optimizer

    def _clip_grad_norm(self, model: Any) -> Any:
        """Clip by the settings' rule, at ``max_grad_norm``; return the norm before."""
        if self.mixing.clipping == "norm":
            return super()._clip_grad_norm(model)
        # The library's call undoes the scaling of half precision, which may happen only once.
        norm = self.accelerator.clip_grad_norm_(model.parameters(), float("inf"))
        torch.nn.utils.clip_grad_value_(model.parameters(), self.args.max_grad_norm)
        return norm


@dataclass(frozen=True)
class PairedTraining:
    """What a run with English sides needs beside what all runs need.

    Attributes:
        task: a benchmark.
        pairs: training rows.
        settings: all settings of the method.
        seed: of the training.
        soft_labels: of the words of tagged rows; None: the tags that the rows have.
        teacher: who labelled the words of translations, by the settings.
    """

    task: Task
    pairs: Pairs
    settings: XMixupSettings
    seed: int
    soft_labels: WordLabels | None = None
    teacher: str | None = None

    @classmethod
    def read(
        cls,
        task: Task,
        choices: XMixupChoices,
        layers: int,
        train_files: list[Path],
        english_files: tuple[list[Path], list[Path]],
        languages: Sequence[str],
        seed: int,
        labels_file: Path | None = None,
    ) -> PairedTraining:
        """Read and join; back-translations only if scheduled sampling reads them.

        Args:
            task: a benchmark.
            choices: preset and what differs from it.
            layers: of the encoder.
            train_files: tokenised ``train`` and ``translate_train``.
            english_files: tokenised originals, and back-translations.
            languages: target rows of other languages are left out.
            seed: of the training.
            labels_file: soft labels of the words of translations, where a teacher made some.

        Raises:
            UsageError: scheduled sampling without back-translations.
            DataError: rows have no English side (:meth:`Pairs.read`), or a translation no labels.
        """
        originals, back = english_files
        check_sampling(choices.samples, given=bool(back))
        back = back if choices.samples else []
        read = family_of(task.name).Tokens.read([*train_files, *originals, *back]).info
        longest = max(info["reading"]["max_length"] for info in read)
        settings = choices.resolve(task.family, layers=layers, max_length=longest)
        pairs = Pairs.read(task.family, train_files, originals, back, languages, settings.windows)
        if labels_file is None:
            return cls(task, pairs, settings, seed)
        # The rows of a tagging task are tagged ones.
        labels = SoftLabels.read(labels_file, task, cast("TaggedTokens", pairs.target))
        return cls(task, pairs, settings, seed, labels, choices.teacher)

    @property
    def labels_used(self) -> dict[str, Any]:
        """File, checksum and teacher of the labels of translations; empty if there are none."""
        labels = self.soft_labels
        return dict(labels.used) if isinstance(labels, SoftLabels) else {}

    def trainer(
        self,
        model: Any,
        args: TrainingArguments,
        updates: list[np.ndarray],
        *,
        parts: int,
        pad_id: int,
        kind: Callable[..., XMixupTrainer] = XMixupTrainer,
    ) -> XMixupTrainer:
        """Return the trainer of a model with a head, which is wrapped.

        ``kind`` makes it, of the arguments of :class:`XMixupTrainer`.

        Raises:
            UsageError: the model cannot be mixed in (:class:`xling.xmixup.model.XMixup`).
        """
        dataset = PairDataset(
            self.pairs,
            updates,
            family=self.task.family,
            settings=self.settings,
            parts=parts,
            pad_id=pad_id,
            seed=self.seed,
            soft_labels=self.soft_labels,
        )
        return kind(
            model=XMixup(model, self.settings),
            args=args,
            train_dataset=dataset,
            data_collator=take_item,
        )

    def noted(self, note: dict[str, Any], trainer: XlingTrainer) -> dict[str, Any]:
        """Return ``train.json`` with what there is to say of the method.

        ``settings.xmixup`` has all settings, ``train_data`` the English files too; ``xmixup`` says
        which share of the updates read original sources, which files the sources are from, and how
        many items of a language have no back-translation.  Of tagging ``settings.xmixup.teacher``
        names who labelled the words of translations; then ``xmixup`` says by which model, and
        how often it agrees with the tags that were carried over.
        """
        dataset = trainer.train_dataset
        assert isinstance(dataset, PairDataset)
        chosen = self.settings.model_dump()
        if self.task.family == "tagging":
            chosen["teacher"] = self.teacher
        labels = {}
        if isinstance(self.soft_labels, SoftLabels):
            agreement = dict(self.soft_labels.agreement)
            labels = {"soft_labels": self.labels_used, "teacher_agreement": agreement}
        return note | {
            "settings": note["settings"] | {"xmixup": chosen},
            "train_data": list(self.pairs.info),
            "xmixup": {
                "original_updates": round(float(dataset.originals.mean()), 6),
                "english_data": list(self.pairs.english_info),
                "without_back_translation": dict(self.pairs.without_back),
                **labels,
            },
        }


def predict_dev(
    model: XMixup,
    tokens: Tokens,
    table: pa.Table,
    task: Task,
    decoding: Mapping[str, Any],
    how: Inference,
) -> pa.Table:
    """Return the predictions of a dev set, whose sources :func:`pair_dev` finds in itself.

    Classes are predicted from the mean of both sides' logits, as in the released code; words and
    spans from the target's.
    """
    rows, sources = np.arange(len(tokens)), pair_dev(task, tokens, model.settings.windows)
    found = predict_beside(model, tokens, rows, tokens, sources, table, task, decoding, how)
    return found.get(MEAN, found[""])
