# SPDX-License-Identifier: Apache-2.0
"""A classifier cut in two where a perturbation is added.

Both halves are the modules of the library's own model, called in the library's order, so that
weights, dropout, activation checkpointing and heads stay the library's.  What lies before the cut
is computed once, however often the other half is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers.masking_utils import create_bidirectional_mask

from xling.errors import UsageError
from xling.robust.settings import layer_of

Tensor = torch.Tensor

#: ``model_type`` of the encoders whose modules are called here.
ARCHITECTURES = ("bert", "xlm-roberta")


@dataclass(frozen=True)
class Inputs:
    """A padded batch of B rows and T columns, on the model's device.

    Attributes:
        input_ids: [B, T].
        attention_mask: [B, T], 1 on real sub-words.
        token_type_ids: [B, T]; None: one segment.
    """

    input_ids: Tensor
    attention_mask: Tensor
    token_type_ids: Tensor | None = None

    @property
    def real(self) -> Tensor:
        """1.0 on real sub-words and 0.0 on padding, [B, T, 1]."""
        return self.attention_mask.unsqueeze(-1).float()


class CutModel:
    """BERT or XLM-R for sequence classification, in two halves.

    Args:
        model: with its head.
        point: where it is cut (``xling.robust.settings.Point``).

    Raises:
        UsageError: another architecture, or the layer does not exist.
    """

    def __init__(self, model: Any, point: str) -> None:
        check_point(model, point)
        self.model = model
        self.encoder = model.base_model
        self.layers = list(self.encoder.encoder.layer)
        layer = layer_of(point)
        #: How many layers are before the cut; None: the cut is at the word embeddings.
        self.done: int | None = layer
        if point == "word_embeddings":
            self.done = None
        elif point != "last_hidden" and layer is None:
            self.done = 0
        elif point == "last_hidden":
            self.done = len(self.layers)

    def before(self, inputs: Inputs) -> Tensor:
        """Return the states at the cut, [B, T, d]."""
        words: Tensor = self.encoder.get_input_embeddings()(inputs.input_ids)
        if self.done is None:
            return words
        return self._layers(self._embedded(words, inputs), inputs, 0, self.done)

    def after(self, states: Tensor, inputs: Inputs) -> Tensor:
        """Return the logits [B, classes] that follow from the states at the cut."""
        if self.done is None:
            states = self._embedded(states, inputs)
        states = self._layers(states, inputs, self.done or 0, len(self.layers))
        if self.encoder.pooler is None:  # XLM-R: the head reads the first state itself.
            logits: Tensor = self.model.classifier(states)
            return logits
        pooled = self.model.dropout(self.encoder.pooler(states))
        found: Tensor = self.model.classifier(pooled)
        return found

    def _embedded(self, words: Tensor, inputs: Inputs) -> Tensor:
        """Add positions and segments to word embeddings.

        XLM-R cannot see padding in embeddings, so the positions are told: the library counts them
        from the ids, and padding has none.
        """
        embeddings = self.encoder.embeddings
        positions = None
        if self.model.config.model_type == "xlm-roberta":
            ids, padding = inputs.input_ids, embeddings.padding_idx
            positions = embeddings.create_position_ids_from_input_ids(ids, padding)
        out: Tensor = embeddings(
            inputs_embeds=words, position_ids=positions, token_type_ids=inputs.token_type_ids
        )
        return out

    def _layers(self, states: Tensor, inputs: Inputs, first: int, end: int) -> Tensor:
        """Run the layers ``first`` to ``end`` - 1, counted from 0."""
        if first == end:
            return states
        mask = create_bidirectional_mask(
            config=self.model.config,
            inputs_embeds=states,
            attention_mask=inputs.attention_mask,
        )
        for layer in self.layers[first:end]:
            states = layer(states, mask)
        return states


def check_point(model: Any, point: str) -> None:
    """Raise :class:`UsageError` if a model cannot be cut at a point."""
    kind = model.config.model_type
    if kind not in ARCHITECTURES:
        raise UsageError(
            f"robust training cannot perturb an encoder of the architecture '{kind}'",
            where=f"{type(model).__name__}, config.model_type",
            allowed=", ".join(ARCHITECTURES),
            fix="take an encoder of an allowed architecture for adv and rs_rp",
        )
    layers, layer = model.config.num_hidden_layers, layer_of(point)
    if layer is not None and layer > layers:
        raise UsageError(
            f"the layer of perturb_at '{point}' does not exist",
            where="robust training, setting 'perturb_at'",
            allowed=f"hidden:1 to hidden:{layers}, counted from 1",
            fix="choose a layer of the encoder",
        )
