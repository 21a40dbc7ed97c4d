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
from typing import Any

import torch
from fairseq.criterions import register_criterion
from fairseq.criterions.label_smoothed_cross_entropy import (
    LabelSmoothedCrossEntropyCriterion,
    label_smoothed_nll_loss,
)
from fairseq.dataclass import FairseqDataclass
from fairseq.logging import metrics

from xling.mt.fairseq.settings import CRITERION

_NLL, _TOKENS = "_nll:", "_tokens:"  # fairseq does not print what begins with "_"


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

        The log has the same keys in every batch, zeros for directions that are not in it: fairseq
        sums over processes by the keys of the first.
        """
        directions = sample["direction"]
        smoothed, nll = self.sentence_losses(model, sample)  # [B, T]
        loss = smoothed
        if self.training:
            weights = self.task.factors(directions.device)[directions]
            loss = loss * weights.to(loss.dtype)[:, None]
        loss = loss.sum()
        tokens = sample["target"].ne(self.padding_idx).sum(1)
        count = len(self.task.directions)
        log = {
            "loss": loss.data,
            "nll_loss": nll.sum().data,
            "ntokens": sample["ntokens"],
            "nsentences": len(sample["target"]),
            "sample_size": sample["ntokens"],
        }
        for prefix, values in ((_NLL, nll.data.sum(1)), (_TOKENS, tokens)):
            sums = values.new_zeros(count).index_add_(0, directions, values)
            log |= zip((prefix + name for name in self.task.directions), sums.unbind(), strict=True)
        return loss, sample["ntokens"], log

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
        """Log what the unweighted criterion does, and ``nll_loss:DIRECTION`` in bits per token."""
        super().reduce_metrics(logging_outputs)
        names = [key[len(_NLL) :] for key in logging_outputs[0] if key.startswith(_NLL)]
        for name in names:
            for key in (_NLL + name, _TOKENS + name):
                metrics.log_scalar_sum(key, sum(log[key] for log in logging_outputs))
            # Divided when it is printed: a direction may be missing in this very batch.
            metrics.log_derived(f"nll_loss:{name}", _bits_per_token(name))


def _bits_per_token(name: str) -> Any:
    def ratio(meters: Any) -> float:
        tokens = float(meters[_TOKENS + name].sum)
        if not tokens:
            return math.nan
        return round(float(meters[_NLL + name].sum) / tokens / math.log(2), 3)

    return ratio
