# SPDX-License-Identifier: Apache-2.0
"""X-Mixup around a Hugging Face model with a head.

Both sides of the pairs go through the model's own ``forward`` as one batch, sources first, so that
embeddings, positions, masks, dropout and heads are the library's.  A hook on the attention
sub-layer of the mixed layer replaces the targets' half of its output (:func:`mixup.mix`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch.nn import functional

from xling.errors import DataError, UsageError
from xling.files import write_text
from xling.xmixup.layers import AttentionSubLayer, attention_at
from xling.xmixup.losses import PairOutput, Stream
from xling.xmixup.mixup import Gate, mix
from xling.xmixup.settings import XMixupSettings

Tensor = torch.Tensor
Inputs = Mapping[str, Tensor]

NOTE = "xmixup.json"


@dataclass
class _Pairs:
    """What the hooks need to know of a batch, and what they leave.

    It travels through the model as a keyword argument, because a layer that is computed again in
    the backward pass (activation checkpointing) needs that of its own batch.

    Attributes:
        source_mask: [B, S].
        target_mask: [B, T].
        ratio: set by the mixed layer.
        hidden: set by the encoder, [2 B, L, d].
    """

    source_mask: Tensor
    target_mask: Tensor
    ratio: Tensor | None = None
    hidden: Tensor | None = None


class XMixup(torch.nn.Module):
    """A model that mixes the hidden states of a target text with those of its source text.

    Args:
        model: BERT or XLM-R for sequence classification, token classification or question
            answering.
        settings: of the method.

    Raises:
        UsageError: another architecture, or the mixed layer does not exist.
        ValueError: the model is wrapped already.
    """

    def __init__(self, model: Any, settings: XMixupSettings) -> None:
        super().__init__()
        if _is_mixing(model):
            raise ValueError("the model is one of X-Mixup already, and would be mixed in twice")
        attention = attention_at(model, settings.layer)
        self.model = model
        self.settings = settings
        self.gate = Gate(settings)
        attention.register_forward_hook(self._mix, with_kwargs=True)
        model.base_model.register_forward_hook(self._keep_hidden, with_kwargs=True)

    @property
    def config(self) -> Any:
        """The wrapped model's configuration."""
        return self.model.config

    def forward(
        self, source: Inputs, target: Inputs, *, output_hidden_states: bool = False
    ) -> PairOutput:
        """Run B pairs.

        Args:
            source: ``input_ids`` and ``attention_mask`` [B, S], and ``token_type_ids`` if the
                encoder has segments; padded on the right.
            target: the same, [B, T].
            output_hidden_states: give out the states of all layers; they are the targets' mixed
                ones from the mixed layer's output on.

        Raises:
            UsageError: a text is longer than ``pad_to``.
        """
        stacked = self.stacked(source, target)
        pairs = _Pairs(source["attention_mask"].bool(), target["attention_mask"].bool())
        if self.settings.pad_to is not None:
            masks = stacked["attention_mask"].bool().chunk(2)
            pairs = _Pairs(masks[0], masks[1])
        outputs = self.model(
            **stacked, xmixup_pairs=pairs, output_hidden_states=output_hidden_states
        )
        assert pairs.hidden is not None
        assert pairs.ratio is not None
        logits = _logits(outputs)
        layers = [states.chunk(2) for states in outputs.hidden_states or ()]
        sides = zip(
            _full(logits).chunk(2),
            _full(pairs.hidden).chunk(2),
            stacked["attention_mask"].bool().chunk(2),
            zip(*layers, strict=True) if layers else (None, None),
            strict=True,
        )
        source_side, target_side = (Stream(*parts) for parts in sides)
        return PairOutput(source_side, target_side, pairs.ratio)

    def stacked(self, source: Inputs, target: Inputs) -> dict[str, Tensor]:
        """Put the targets below the sources, all padded to the longer of the two."""
        widths = source["input_ids"].shape[1], target["input_ids"].shape[1]
        width = self.settings.pad_to or max(widths)
        if max(widths) > width:
            raise UsageError(
                f"a batch is {max(widths)} sub-words wide",
                where="X-Mixup, setting 'pad_to'",
                allowed=f"texts of up to {width} sub-words",
                fix="set pad_to to the task's max_length",
            )
        stacked = {}
        fills = {"input_ids": self.config.pad_token_id, "attention_mask": 0, "token_type_ids": 0}
        for name, fill in fills.items():
            if name in source or name in target:
                # Segments are left out where all are 0.
                sides = (
                    side.get(name, torch.zeros_like(side["input_ids"])) for side in (source, target)
                )
                padded = [functional.pad(s, (0, width - s.shape[1]), value=fill) for s in sides]
                stacked[name] = torch.cat(padded)
        return stacked

    def _mix(self, attention: Any, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
        """Hook of the mixed layer's attention: its output is (states [2 B, L, d], weights)."""
        del args
        pairs: _Pairs | None = kwargs.get("xmixup_pairs")
        if pairs is None:  # The wrapped model is used as it is.
            return None
        states, *others = output
        source, target = states.chunk(2)
        # Columns that are padding in all texts of a side are left out of the scores.
        mixed, ratio = mix(
            AttentionSubLayer.of(attention),
            self.gate,
            source[:, : pairs.source_mask.shape[1]],
            target[:, : pairs.target_mask.shape[1]],
            pairs.source_mask,
            pairs.target_mask,
        )
        pairs.ratio = ratio.detach()
        padding = states.shape[1] - mixed.shape[1]
        mixed = functional.pad(mixed, (0, 0, 0, padding)).to(states.dtype)
        return torch.cat([source, mixed]), *others

    def _keep_hidden(self, encoder: Any, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        """Hook of the encoder: keep the states of its last layer."""
        del encoder, args
        pairs: _Pairs | None = kwargs.get("xmixup_pairs")
        if pairs is not None:
            pairs.hidden = output.last_hidden_state

    def activation_checkpointing_enable(self, **options: Any) -> None:
        """Compute layers again in the backward pass; called by transformers' Trainer."""
        self.model.activation_checkpointing_enable(**options)

    def save_pretrained(self, folder: str | Path) -> None:
        """Save the model as an ordinary Hugging Face folder, with settings and gate beside it."""
        self.model.save_pretrained(folder)
        gate = {name: float(value) for name, value in self.gate.state_dict().items()}
        note = {"settings": self.settings.model_dump(), "gate": gate}
        write_text(Path(folder) / NOTE, json.dumps(note, indent=1, sort_keys=True) + "\n")


def load_xmixup(model: Any, folder: Path) -> XMixup:
    """Wrap a model that was loaded from a folder of :meth:`XMixup.save_pretrained`.

    Args:
        model: loaded from ``folder`` with its head (``trained_model`` of the task's family).
        folder: has the settings and the gate.

    Raises:
        DataError: ``xmixup.json`` is missing or not what was saved.
    """
    path = folder / NOTE
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        wrapped = XMixup(model, XMixupSettings(**note["settings"]))
        gate = {name: torch.tensor(value) for name, value in note["gate"].items()}
        wrapped.gate.load_state_dict(gate)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ValidationError) as error:
        raise DataError(
            f"the settings of a trained X-Mixup model cannot be read: {error}".splitlines()[0],
            where=str(path),
            allowed="the xmixup.json that training writes beside the weights",
            fix="delete the folder and run snakemake again",
        ) from error
    return wrapped.to(model.device)


def _logits(outputs: Any) -> Tensor:
    """Return a head's logits; start and end of question answering side by side, [2 B, L, 2]."""
    if "start_logits" in outputs:
        return torch.stack([outputs.start_logits, outputs.end_logits], dim=-1)
    logits: Tensor = outputs.logits
    return logits


def _is_mixing(model: Any) -> bool:
    """Whether a model is wrapped, or is inside a wrapper that left its hooks."""
    if isinstance(model, XMixup):
        return True
    hooks = model.base_model._forward_hooks.values()
    return any(isinstance(getattr(hook, "__self__", None), XMixup) for hook in hooks)


def _full(values: Tensor) -> Tensor:
    """Return values with the precision of a loss."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
