# SPDX-License-Identifier: Apache-2.0
"""Label-smoothed cross-entropy in which each sentence has a weight.

The loss is the sum over sentences of w times the sentence's summed token losses, w being that of
its direction (CATS, sections 4.1 and 9.2).  The sample size stays the number of target tokens, by
which the trainer divides: with w = 1 everything is as with ``label_smoothed_cross_entropy``.
"""

# No "from __future__ import annotations": fairseq needs the types of the configuration's fields.
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from fairseq.criterions import register_criterion
from fairseq.criterions.label_smoothed_cross_entropy import (
    LabelSmoothedCrossEntropyCriterion,
    label_smoothed_nll_loss,
)
from fairseq.dataclass import FairseqDataclass
from fairseq.logging import metrics

from xling.mt.fairseq.history import LOSS, NLL, TOKENS, mean, per_token
from xling.mt.fairseq.settings import CRITERION
from xling.mt.weighting import Floats

SUMS = "_sums"
# Of a dev set, by direction.  fairseq does not print what begins with "_".
_PREFIXES = {LOSS: "_loss:", NLL: "_nll:", TOKENS: "_tokens:"}


@dataclass
class CatsCriterionConfig(FairseqDataclass):
    """What the command line sets."""

    label_smoothing: float = field(
        default=0.0, metadata={"help": "epsilon of label smoothing, 0 means none"}
    )


@register_criterion(CRITERION, dataclass=CatsCriterionConfig)
class CatsCriterion(LabelSmoothedCrossEntropyCriterion):
    """Weighted while training; unweighted while validating, so that systems can be compared."""

    def __init__(self, task: Any, label_smoothing: float) -> None:
        super().__init__(task, sentence_avg=False, label_smoothing=label_smoothing)

    def forward(self, model: Any, sample: dict[str, Any]) -> tuple[torch.Tensor, int, dict]:
        """Return the summed loss, the number of target tokens, and what is logged.

        The log of a training batch has ``_sums`` [3, N], unweighted losses and tokens by direction,
        which the task takes out: to log each by its name at every update would cost more than it
        tells.  That of a validation batch has them by name, the same names in every batch, zeros
        for directions that are not in it: fairseq sums over processes by the keys of the first.
        """
        directions = sample["direction"]
        smoothed, nll = self.sentence_losses(model, sample)  # [B, T]
        loss = smoothed
        if self.training:
            weights = self.task.factors(directions.device)[directions]
            loss = loss * weights.to(loss.dtype)[:, None]
        loss = loss.sum()
        log = {
            "loss": loss.data,
            "nll_loss": nll.sum().data,
            "ntokens": sample["ntokens"],
            "nsentences": len(sample["target"]),
            "sample_size": sample["ntokens"],
        }
        tokens = sample["target"].ne(self.padding_idx).sum(1)
        sums = _by_direction(
            [smoothed.data.sum(1), nll.data.sum(1), tokens], directions, len(self.task.directions)
        )
        log |= {SUMS: sums} if self.training else self._named(sums)
        return loss, sample["ntokens"], log

    def _named(self, sums: torch.Tensor) -> dict[str, torch.Tensor]:
        return {
            prefix + name: value
            for row, prefix in _PREFIXES.items()
            for name, value in zip(self.task.directions, sums[row].unbind(), strict=True)
        }

    def sentence_losses(
        self, model: Any, sample: dict[str, Any]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return smoothed loss and negative log-likelihood of each target token, 0 at padding.

        Returns:
            Two tensors [B, T].
        """
        output = model(**sample["net_input"])
        log_probabilities, target = self.get_lprobs_and_target(model, output, sample)
        losses = label_smoothed_nll_loss(
            log_probabilities, target, self.eps, ignore_index=self.padding_idx, reduce=False
        )
        smoothed, nll = (loss.view_as(sample["target"]) for loss in losses)
        return smoothed, nll

    @classmethod
    def reduce_metrics(cls, logging_outputs: Sequence[dict[str, Any]]) -> None:
        """Log what the unweighted criterion does; of a dev set also each direction.

        ``nll_loss:DIRECTION`` is in bits per token, as fairseq's own; ``macro_loss``, the mean over
        directions of the label-smoothed loss of a token, in nats.
        """
        super().reduce_metrics(logging_outputs)
        first = _PREFIXES[LOSS]
        names = [key[len(first) :] for key in logging_outputs[0] if key.startswith(first)]
        for name in names:
            for key in (prefix + name for prefix in _PREFIXES.values()):
                metrics.log_scalar_sum(key, sum(log[key] for log in logging_outputs))
            # Divided when it is printed: a direction may be missing in this very batch.
            metrics.log_derived(f"nll_loss:{name}", partial(_bits_per_token, name))
        if names:
            metrics.log_derived(
                "macro_loss", lambda meters: mean(per_token(dev_sums(meters, names))[0])
            )


def dev_sums(meters: Any, names: Sequence[str]) -> Floats:
    """Return the sums that validation logged for the directions ``names``, [3, N]."""
    return np.array(
        [[float(meters[prefix + name].sum) for name in names] for prefix in _PREFIXES.values()]
    )


def _bits_per_token(name: str, meters: Any) -> float:
    nll = per_token(dev_sums(meters, [name]))[1]
    return round(float(nll[0]) / math.log(2), 3)


def _by_direction(
    values: Sequence[torch.Tensor], directions: torch.Tensor, count: int
) -> torch.Tensor:
    """Add numbers of sentences [B] up by direction; one row for each of ``values``, [rows, N]."""
    rows = torch.stack([value.double() for value in values])
    return rows.new_zeros(len(values), count).index_add_(1, directions, rows)
