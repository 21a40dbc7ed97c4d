# SPDX-License-Identifier: Apache-2.0
"""Where a Hugging Face encoder keeps the weights of an attention sub-layer.

X-Mixup needs encoders of the original BERT form: the sub-layer adds its input to its output and
normalises the sum ("post-norm"), and query, key and value are separate.  The modules of
transformers' BERT and XLM-R have the same names for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xling.errors import UsageError

if TYPE_CHECKING:
    import torch

#: ``model_type`` of the encoders whose layers are read here.
ARCHITECTURES = ("bert", "xlm-roberta")


@dataclass(frozen=True)
class AttentionSubLayer:
    """The weights of one attention sub-layer, shared with the encoder.

    Attributes:
        query: of width d to d, as ``key`` and ``value``.
        key: see ``query``.
        value: see ``query``.
        probability_dropout: on attention probabilities.
        output: the output projection, d to d.
        output_dropout: after the projection.
        norm: the layer norm of the sub-layer.
        heads: attention heads; each has d / heads dimensions.
        scale: factor of the scores, 1 / sqrt(d / heads).
    """

    query: torch.nn.Module
    key: torch.nn.Module
    value: torch.nn.Module
    probability_dropout: torch.nn.Module
    output: torch.nn.Module
    output_dropout: torch.nn.Module
    norm: torch.nn.Module
    heads: int
    scale: float

    @classmethod
    def of(cls, attention: Any) -> AttentionSubLayer:
        """Read transformers' attention module (``BertAttention``, ``XLMRobertaAttention``)."""
        inner, output = attention.self, attention.output
        return cls(
            query=inner.query,
            key=inner.key,
            value=inner.value,
            probability_dropout=inner.dropout,
            output=output.dense,
            output_dropout=output.dropout,
            norm=output.LayerNorm,
            heads=inner.num_attention_heads,
            scale=inner.attention_head_size**-0.5,
        )

    def by_head(self, states: torch.Tensor) -> torch.Tensor:
        """Cut projected states [B, L, d] into heads [B, heads, L, d / heads]."""
        return states.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def attention_at(model: Any, layer: int) -> torch.nn.Module:
    """Return the attention module of a layer.

    Args:
        model: a transformers model with or without a head.
        layer: counted from 0.

    Raises:
        UsageError: another architecture, or no such layer.
    """
    kind = model.config.model_type
    if kind not in ARCHITECTURES:
        raise UsageError(
            f"X-Mixup cannot mix inside an encoder of the architecture '{kind}'",
            where=f"{type(model).__name__}, config.model_type",
            allowed=f"{', '.join(ARCHITECTURES)}: separate query, key and value, and a layer norm "
            "after each sub-layer's sum; ModernBERT and its kind have neither",
            fix="take an encoder of an allowed architecture for the method xmixup",
        )
    layers = model.base_model.encoder.layer
    if not 0 <= layer < len(layers):
        raise UsageError(
            f"the mixed layer {layer} does not exist",
            where="X-Mixup, setting 'layer'",
            allowed=f"0 to {len(layers) - 1}, counted from 0",
            fix="choose a layer of the encoder",
        )
    attention: torch.nn.Module = layers[layer].attention
    return attention
