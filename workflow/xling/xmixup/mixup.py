# SPDX-License-Identifier: Apache-2.0
"""X-Mixup (Yang, Chen, Zhou, Li, ICLR 2022): mixing ratio, mixed layer, losses, sampling.

S is the source text (English), T the target text, a translation of each other.  B pairs make a
batch; S and T have widths S and T sub-words, padding included; d is the encoder's width.  Masks are
true at real sub-words.  The text of the paper was not at hand: the equations are those of the
released code (X-Mixup, layer_mixup.py at b9730dc) unless a docstring says otherwise.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional

from xling.xmixup.layers import AttentionSubLayer
from xling.xmixup.settings import XMixupSettings

Tensor = torch.Tensor

# X-Mixup, soft labels of tagging: what is added to a probability before its log.
EPSILON = 1e-6
# Score of a key that does not exist: its probability is 0, and 0 times it is 0 (unlike infinity).
MASKED = -1e30
# Keeps the draws of scheduled sampling apart from other draws of the same seed.
_SAMPLING_STREAM = 0x5A3


# Mixing ratio


def softmax_entropy(
    scores: Tensor, real: Tensor, dim: int, *, padded: bool
) -> tuple[Tensor, Tensor]:
    """Return attention probabilities over one dimension, and their entropy in nats.

    ``padded`` gives what the released code computes: the cross-entropy with a softmax in which the
    scores of padding are 0, that is H + log(1 + n_pad / sum of exp(score) over real keys).

    Args:
        scores: [B, heads, T, S], finite.
        real: true at keys that exist; broadcasts to ``scores``, full size in ``dim``.
        dim: of the keys.
        padded: count padding as described.

    Returns:
        Probabilities like ``scores``, 0 at padding; entropies without ``dim``.
    """
    masked = scores.masked_fill(~real, MASKED)
    log_probabilities = masked.log_softmax(dim)
    probabilities = log_probabilities.exp()
    entropy = -(probabilities * log_probabilities).sum(dim)
    if padded:
        padding = (~real).sum(dim).to(scores.dtype).log()
        entropy = entropy + functional.softplus(padding - masked.logsumexp(dim))
    return probabilities, entropy


def mean_entropy(entropies: Tensor, rows: Tensor, keys: Tensor, settings: XMixupSettings) -> Tensor:
    """Average entropies over heads and query positions: one number per pair, [B].

    Args:
        entropies: [B, heads, rows].
        rows: [B, rows], true at real queries.
        keys: [B, keys], true at what was attended to.
        settings: ``padded`` averages over padding too; ``normalise_entropy`` divides by log n.
    """
    by_row = entropies.mean(1)
    if settings.entropy == "padded":
        return by_row.mean(1)
    mean = (by_row * rows).sum(1) / rows.sum(1)
    if settings.normalise_entropy:
        # Over one key the entropy is 0, whatever it is divided by.
        mean = mean / keys.sum(1).clamp(min=2).to(mean.dtype).log()
    return mean


class Gate(torch.nn.Module):
    """The mixing ratio of a pair: lambda = lambda_0 * sigmoid(W * (H(T->S) + H(S->T)) + b).

    One (W, b) for the mixed layer.  ``gate: fixed`` keeps them at their first values, as the
    released code does, which never trains them.  ``ratio: learned`` leaves the entropies out
    (ours: the same range, and lambda_0 / 2 at the start); ``ratio: fixed`` needs neither.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, settings: XMixupSettings) -> None:
        super().__init__()
        self.settings = settings
        names = {"entropy": ("weight", "bias"), "learned": ("bias",), "fixed": ()}[settings.ratio]
        for name in names:
            value = torch.tensor(float(settings.gate_weight) if name == "weight" else 0.0)
            if settings.ratio == "entropy" and settings.gate == "fixed":
                self.register_buffer(name, value)
            else:
                self.register_parameter(name, torch.nn.Parameter(value))

    @property
    def wants_entropy(self) -> bool:
        """Whether the ratio depends on the attention."""
        return self.settings.ratio == "entropy"

    def forward(self, source: Tensor, entropy: Tensor | None) -> Tensor:
        """Return the ratio, [B].

        Args:
            source: [B, ...]; its type and device are the ratio's where there is no entropy.
            entropy: sum of the two mean entropies, [B].
        """
        if self.settings.fixed_ratio is not None:
            return source.new_full((len(source),), self.settings.fixed_ratio)
        logit = self.bias if entropy is None else self.weight * entropy + self.bias
        ratio: Tensor = self.settings.largest_ratio * logit.sigmoid()
        return ratio.expand(len(source))


# Mixed layer


def mix(
    layer: AttentionSubLayer,
    gate: Gate,
    source: Tensor,
    target: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
) -> tuple[Tensor, Tensor]:
    """Mix the target's attention output with the source's.

    z = O(Att(query = a_T, key = value = a_S)) with all weights the layer's own, and
    m_T = LN(lambda * z + (1 - lambda) * a_T) with the layer's own norm, which is thus applied to
    the target twice.  The source never sees the target.

    Args:
        layer: the attention sub-layer.
        gate: gives lambda.
        source: a_S, the sub-layer's output on the source, [B, S, d].
        target: a_T, its output on the target, [B, T, d].
        source_mask: [B, S].
        target_mask: [B, T].

    Returns:
        m_T [B, T, d], which goes on to the layer's feed-forward part, and lambda [B].
    """
    probabilities, entropy = None, None
    if gate.wants_entropy or gate.settings.mixing == "cross_attention":
        scores = cross_scores(layer, source, target)
        probabilities, entropy = attend(scores, source_mask, target_mask, gate)
    ratio = gate(source, entropy)
    weight = ratio.to(target.dtype)[:, None, None]
    if gate.settings.mixing == "cross_attention":
        assert probabilities is not None
        values = layer.by_head(layer.value(source))
        context = layer.probability_dropout(probabilities).to(values.dtype) @ values
        other = layer.output_dropout(layer.output(context.transpose(1, 2).flatten(2)))
    else:
        other, there = same_position(source, source_mask, target.shape[1])
        weight = weight * there[:, :, None]
    return layer.norm(weight * other + (1 - weight) * target), ratio


def cross_scores(layer: AttentionSubLayer, source: Tensor, target: Tensor) -> Tensor:
    """Return the scores of target queries with source keys, [B, heads, T, S], before any mask."""
    queries = layer.by_head(layer.query(target))
    keys = layer.by_head(layer.key(source))
    scores = (queries * layer.scale) @ keys.transpose(-1, -2)
    # Entropies need more digits than half precision has.
    return scores.to(torch.promote_types(scores.dtype, torch.float32))


def attend(
    scores: Tensor, source_mask: Tensor, target_mask: Tensor, gate: Gate
) -> tuple[Tensor, Tensor | None]:
    """Return probabilities over the source, and H(T->S) + H(S->T) if the ratio needs it.

    H(S->T) is of the same scores transposed, not of a second attention with source queries.
    """
    settings = gate.settings
    padded = settings.entropy == "padded"
    probabilities, to_source = softmax_entropy(
        scores, source_mask[:, None, None, :], -1, padded=padded
    )
    if not gate.wants_entropy:
        return probabilities, None
    _, to_target = softmax_entropy(scores, target_mask[:, None, :, None], -2, padded=padded)
    entropy = mean_entropy(to_source, target_mask, source_mask, settings) + mean_entropy(
        to_target, source_mask, target_mask, settings
    )
    return probabilities, entropy.detach() if settings.detach_entropy else entropy


def same_position(source: Tensor, source_mask: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Cut or extend the source to ``width`` positions, for plain interpolation (ours).

    Where the source has no sub-word the target keeps its own state; what the source has beyond the
    target's end is not used.

    Returns:
        States [B, width, d] and where they exist, [B, width].
    """
    extra = width - source.shape[1]
    return functional.pad(source, (0, 0, 0, extra)), functional.pad(source_mask, (0, extra))


# Losses
#
# L = L_task + L_consistency, weight 1; per family (xling.xmixup.losses puts them together):
#
#                     classification       tagging                     question answering
# source task L_S     cross-entropy        cross-entropy, gold tags    mean of start and end
# target task L_T     cross-entropy        with soft labels            mean of start and end
# L_task              alpha L_S + (1 - alpha) L_T
# if back-translated  the same             L_T                         L_T
# representations     first sub-word       pooled                      pooled
# predictions         KL(p_S || p_T)       -                           -


def soft_label_cross_entropy(logits: Tensor, probabilities: Tensor) -> Tensor:
    """Return -sum over classes of q log(p + 1e-6), one number per word; both [..., classes]."""
    return -(probabilities * (logits.softmax(-1) + EPSILON).log()).sum(-1)


def representation_distance(source: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared difference of the sides' vectors [B, d], one number per pair."""
    return (source - target).square().mean(-1)


def prediction_divergence(source: Tensor, target: Tensor) -> Tensor:
    """Return KL(p_S || p_T) of the sides' class logits [B, classes], one number per pair.

    No temperature; gradients flow into both.
    """
    log_source, log_target = source.log_softmax(-1), target.log_softmax(-1)
    return (log_source.exp() * (log_source - log_target)).sum(-1)


def pooled(hidden: Tensor, mask: Tensor, settings: XMixupSettings) -> Tensor:
    """Sum the states of a text without its first and last sub-word, and divide: [B, d].

    The divisor is their number, or ``pad_to`` - 2 as in the released code.  A text with nothing
    between them gives zeros.  Adding sub-words up to words first would not change the sum.

    Args:
        hidden: [B, L, d].
        mask: [B, L], padded on the right.
        settings: which divisor.
    """
    # Neither the first nor one without a real neighbour to its right, the last.
    inside = mask[:, 1:-1] & mask[:, 2:]
    total = (hidden[:, 1:-1] * inside[..., None]).sum(1)
    if settings.pooled_divisor == "padded":
        assert settings.pad_to is not None
        return total / (settings.pad_to - 2)
    return total / inside.sum(1, keepdim=True).clamp(min=1)


# Scheduled sampling


def original_probability(step: int, k: float) -> float:
    """Return p*(i) = k / (k + exp(i / k)) of optimiser step i: the share of original sources."""
    # The same as 1 / (1 + exp(i / k - ln k)), in a form that cannot overflow.
    return math.exp(-float(np.logaddexp(0.0, step / k - math.log(k))))


def source_is_original(
    step: int, *, seed: int, steps_per_epoch: int, settings: XMixupSettings
) -> bool:
    """Draw whether an update reads original sources, else back-translated ones.

    A pure function of its arguments: training that goes on from a checkpoint, and all workers and
    parts of an update, draw the same without any stored state.

    Args:
        step: updates done before this one.
        seed: of the training.
        steps_per_epoch: ``per_epoch`` draws once, with the probability of the epoch's first step.
        settings: granularity and k.
    """
    if settings.sampling == "off":
        return True
    if settings.sampling == "per_epoch":
        step -= step % steps_per_epoch
    drawn = np.random.default_rng([seed, _SAMPLING_STREAM, step]).random()
    return bool(drawn < original_probability(step, settings.sampling_k))
