# SPDX-License-Identifier: Apache-2.0
"""X-Mixup as one writes it down first: two calls of the encoder, every text padded to the maximum.

The model is given with explicit attention in all layers.  Nothing of ``xling.xmixup.mixup`` is
used: ratio and mixed state are written out here again, for the defaults of the preset ``paper``.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from bench.made_up import padded
from xling.xmixup.layers import attention_at
from xling.xmixup.losses import PairOutput, Stream
from xling.xmixup.model import Inputs, XMixup
from xling.xmixup.settings import XMixupSettings

Tensor = torch.Tensor

LARGEST_RATIO = 0.5


class TwoCalls(XMixup):
    """The same model and gate, with a slow ``forward``.

    Args:
        model: XLM-R for sequence classification, with eager attention.
        settings: of the method.
        length: every text is padded to it.
    """

    def __init__(self, model: Any, settings: XMixupSettings, length: int) -> None:
        super().__init__(model, settings)
        self.length = length
        self.source: tuple[Tensor, Tensor] | None = None  # State in the mixed layer, mask.
        self.target_mask: Tensor | None = None
        self.ratio: Tensor | None = None
        attention_at(model, settings.layer).register_forward_hook(self._mix_second)

    def forward(self, source: Inputs, target: Inputs) -> PairOutput:
        """Read the sources, then the targets; the mixed layer keeps what it saw of the sources."""
        sides = []
        self.source = None
        for texts in (padded(dict(source), self.length), padded(dict(target), self.length)):
            self.target_mask = texts["attention_mask"].bool()
            outputs = self.model(**texts, output_hidden_states=True)
            sides.append(Stream(outputs.logits, outputs.hidden_states[-1], self.target_mask))
        assert self.ratio is not None
        return PairOutput(*sides, self.ratio.detach())

    def _mix_second(self, attention: Any, args: Any, output: Any) -> Any:
        """Hook of the mixed layer's attention sub-layer, whose state comes first in its output."""
        del args
        state, *others = output
        assert self.target_mask is not None
        if self.source is None:
            self.source = state, self.target_mask
            return None
        self.ratio, mixed = mixed_state(attention, self.gate, *self.source, state, self.target_mask)
        return mixed, *others


def mixed_state(
    attention: Any, gate: Any, source: Tensor, source_mask: Tensor, target: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Return lambda [B] and the targets' new state [B, L, d].

    Args:
        attention: transformers' attention module.
        gate: has ``weight`` and ``bias``.
        source: [B, L, d].
        source_mask: [B, L].
        target: [B, L, d].
        mask: of the target, [B, L].
    """
    inner, output = attention.self, attention.output
    size = inner.attention_head_size

    def heads(states: Tensor) -> Tensor:
        return states.unflatten(-1, (-1, size)).transpose(1, 2)

    query, key = heads(inner.query(target)), heads(inner.key(source))
    scores = query @ key.transpose(2, 3) / math.sqrt(size)
    to_source = masked(scores, source_mask[:, None, None, :]).softmax(-1)
    to_target = masked(scores, mask[:, None, :, None]).softmax(-2)
    entropy = mean_entropy(to_source, -1, mask) + mean_entropy(to_target, -2, source_mask)
    ratio = LARGEST_RATIO * torch.sigmoid(gate.weight * entropy + gate.bias)
    context = (to_source @ heads(inner.value(source))).transpose(1, 2).flatten(2)
    share = ratio[:, None, None]
    return ratio, output.LayerNorm(share * output.dense(context) + (1 - share) * target)


def masked(scores: Tensor, real: Tensor) -> Tensor:
    """Return scores that are very low where there is no key."""
    return scores.masked_fill(~real, torch.finfo(scores.dtype).min)


def mean_entropy(probabilities: Tensor, keys: int, rows: Tensor) -> Tensor:
    """Return the mean over heads and real rows [B, L] of the entropy over dimension ``keys``."""
    smallest = torch.finfo(probabilities.dtype).tiny
    logs = probabilities.clamp(min=smallest).log()
    by_row = -(probabilities * logs).sum(keys).mean(1)
    return (by_row * rows).sum(1) / rows.sum(1)
