# SPDX-License-Identifier: Apache-2.0
"""A classifier that perturbs its own states while it is trained.

In evaluation it is the model that it wraps, and it saves that model as an ordinary folder: a
trained model of robust training is read like any other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers.modeling_outputs import SequenceClassifierOutput

from xling.robust.insertion import CutModel, Inputs
from xling.robust.perturbation import gaussian, random_in_ball, uniform, worst_in_ball
from xling.robust.scale import Scale
from xling.robust.settings import AdvSettings, NoiseSettings

Tensor = torch.Tensor


class RobustModel(torch.nn.Module):
    """A model whose training loss is that of ADV or RS-RP.

    All passes of an update have the same dropout, so that the perturbation is found for the network
    that the update is made in.  They are made inside ``forward``, which is what several GPUs and
    16-bit arithmetic wrap.

    Args:
        model: BERT or XLM-R for sequence classification.
        settings: of the method.
        scale: the same in absolute numbers.

    Raises:
        UsageError: the model cannot be cut at the insertion point.
    """

    def __init__(self, model: Any, settings: AdvSettings | NoiseSettings, scale: Scale) -> None:
        super().__init__()
        self.model = model
        self.settings = settings
        self.scale = scale
        self._cut = CutModel(model, settings.perturb_at)

    @property
    def config(self) -> Any:
        """The wrapped model's configuration."""
        return self.model.config

    @property
    def device(self) -> torch.device:
        """Where the wrapped model is."""
        device: torch.device = self.model.device
        return device

    def forward(self, labels: Tensor | None = None, **inputs: Any) -> Any:
        """Return the model's outputs; in training the loss is the method's.

        Args:
            labels: classes [B].
            inputs: ``input_ids``, ``attention_mask`` and, for BERT, ``token_type_ids``; in
                evaluation also further arguments of the wrapped model.
        """
        if labels is None or not self.training:
            return self.model(labels=labels, **inputs)
        batch = Inputs(**inputs)
        states = self._cut.before(batch)
        if isinstance(self.settings, AdvSettings):
            perturbed = [self._adversarial(self.settings, states, batch, labels)]
        else:
            draw = uniform if self.settings.distribution == "uniform" else gaussian
            size, draws = self.scale.radius, range(self.settings.draws)
            perturbed = [draw(states, batch.real, size) for _ in draws]
        start = Randomness(states.device)
        logits = [self._logits(states, delta, batch, start) for delta in perturbed]
        loss = torch.stack([functional.cross_entropy(one.float(), labels) for one in logits]).mean()
        if weight := self.settings.clean_weight:
            clean = self._logits(states, None, batch, start)
            loss = weight * functional.cross_entropy(clean.float(), labels) + (1 - weight) * loss
        return SequenceClassifierOutput(loss=loss, logits=logits[0])

    def _adversarial(
        self, settings: AdvSettings, states: Tensor, batch: Inputs, labels: Tensor
    ) -> Tensor:
        """Return ADV's perturbation of each row, [B, T, d]."""
        fixed, radius = states.detach(), self.scale.radius
        if settings.random_start:
            start = random_in_ball(fixed, batch.real, settings.norm, radius)
        else:
            start = torch.zeros_like(fixed, dtype=torch.float32)
        dropout = Randomness(states.device)

        def losses(delta: Tensor) -> Tensor:
            logits = self._logits(fixed, delta, batch, dropout)
            return functional.cross_entropy(logits.float(), labels, reduction="none")

        assert self.scale.step_size is not None, "ADV has a step size"
        found = worst_in_ball(
            losses,
            start,
            batch.real,
            norm=settings.norm,
            radius=radius,
            step_size=self.scale.step_size,
            steps=settings.steps,
        )
        dropout.restore()
        return found

    def _logits(
        self, states: Tensor, delta: Tensor | None, batch: Inputs, dropout: Randomness
    ) -> Tensor:
        """Return the logits of perturbed states, with the dropout of all passes of the update."""
        dropout.restore()
        if delta is not None:
            states = states + delta.to(states.dtype)
        return self._cut.after(states, batch)

    def activation_checkpointing_enable(self, **options: Any) -> None:
        """Compute layers again in the backward pass; called by transformers' Trainer."""
        self.model.activation_checkpointing_enable(**options)

    def save_pretrained(self, folder: str | Path) -> None:
        """Save the wrapped model as an ordinary Hugging Face folder."""
        self.model.save_pretrained(folder)


class Randomness:
    """The state of torch's generator on a device, to draw the same dropout again."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._state = _state(device)

    def restore(self) -> None:
        """Let the next draws be those that followed when this object was made."""
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(self._state, self._device)
        else:
            torch.set_rng_state(self._state)


def _state(device: torch.device) -> Tensor:
    if device.type == "cuda":
        return torch.cuda.get_rng_state(device)
    return torch.get_rng_state()
