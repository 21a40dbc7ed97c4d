# SPDX-License-Identifier: Apache-2.0
"""The losses of X-Mixup by task family, made of the terms in :mod:`xling.xmixup.mixup`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from xling.tasks.tagging_features import NO_LABEL
from xling.xmixup import mixup
from xling.xmixup.settings import XMixupSettings

Tensor = torch.Tensor


@dataclass(frozen=True)
class Stream:
    """What the model says of one side of the pairs; float32 or better.

    Attributes:
        logits: [B, classes]; tagging [B, L, classes]; question answering [B, L, 2], start and end.
        hidden: states of the last layer, [B, L, d].
        mask: [B, L], true at real sub-words.
        hidden_states: of all layers, each [B, L, d], the embeddings' output first; None unless the
            model was asked for them.
    """

    logits: Tensor
    hidden: Tensor
    mask: Tensor
    hidden_states: tuple[Tensor, ...] | None = None


@dataclass(frozen=True)
class PairOutput:
    """Both sides of a batch, padded to one width L, and the mixing ratio [B] (no gradient)."""

    source: Stream
    target: Stream
    ratio: Tensor

    def averaged_logits(self) -> Tensor:
        """Mean of both sides' class logits, [B, classes]: what the released code predicts from."""
        return (self.source.logits + self.target.logits) / 2


@dataclass(frozen=True)
class Counts:
    """What the sums of a loss are divided by.

    An update that is computed in parts gives every part the counts of the whole; the parts'
    losses then add up to the update's.

    Attributes:
        pairs: of texts.
        source_words: with a gold tag (tagging).
        target_words: with a label (tagging).
    """

    pairs: int
    source_words: int = 0
    target_words: int = 0


@dataclass(frozen=True)
class Losses:
    """The whole loss, and its terms before weights; a term that does not apply is None."""

    total: Tensor
    source: Tensor | None
    target: Tensor
    representation: Tensor | None
    prediction: Tensor | None


def total_loss(
    pair: PairOutput,
    settings: XMixupSettings,
    counts: Counts,
    *,
    source: Tensor | None,
    target: Tensor,
    vectors: tuple[Tensor, Tensor],
    predictions: bool = False,
) -> Losses:
    """Add the terms, see "Losses" in :mod:`xling.xmixup.mixup`.

    Args:
        pair: what the model said.
        settings: alpha, which terms, and whether the sum is that of a mean or of all pairs.
        counts: divides the consistency terms.
        source: L_S; None: the task loss is the target's alone.
        target: L_T.
        vectors: of source and target, [B, d].
        predictions: whether predictions are made consistent too.
    """
    task = target if source is None else settings.alpha * source + (1 - settings.alpha) * target
    total, representation, prediction = task, None, None
    if settings.consistency:
        representation = mixup.representation_distance(*vectors).sum() / counts.pairs
        total = total + representation
        if predictions:
            divergence = mixup.prediction_divergence(pair.source.logits, pair.target.logits)
            prediction = divergence.sum() / counts.pairs
            total = total + prediction
    if settings.reduction == "sum":
        total = total * counts.pairs
    return Losses(total, source, target, representation, prediction)


def classification_loss(
    pair: PairOutput, labels: Tensor, settings: XMixupSettings, counts: Counts | None = None
) -> Losses:
    """Cross-entropy of both sides, MSE of first-token vectors, KL(p_S || p_T).

    A back-translated source keeps its task loss: the label [B] is its own too.
    """
    counts = counts or Counts(len(labels))
    source, target = (
        functional.cross_entropy(side.logits, labels, reduction="sum") / counts.pairs
        for side in (pair.source, pair.target)
    )
    vectors = (pair.source.hidden[:, 0], pair.target.hidden[:, 0])
    return total_loss(
        pair, settings, counts, source=source, target=target, vectors=vectors, predictions=True
    )


def tagging_loss(
    pair: PairOutput,
    source_labels: Tensor | None,
    target_probabilities: Tensor,
    target_labelled: Tensor,
    settings: XMixupSettings,
    counts: Counts | None = None,
    original_mask: Tensor | None = None,
) -> Losses:
    """Cross-entropy with gold tags of the source and soft labels of the target; MSE of vectors.

    Args:
        pair: what the model said.
        source_labels: class at the first sub-word of each word, else -100, [B, up to L].  None:
            the source is a back-translation; then the task loss is the target's alone.
        target_probabilities: [B, up to L, classes].
        target_labelled: true at sub-words with probabilities, [B, as target_probabilities].
        settings: of the losses.
        counts: of the whole update; None: of this batch.
        original_mask: see :func:`pooled_vectors`.
    """
    if counts is None:
        words = 0 if source_labels is None else int((source_labels != NO_LABEL).sum())
        counts = Counts(len(target_labelled), words, int(target_labelled.sum()))
    source = None
    if source_labels is not None:
        logits = pair.source.logits[:, : source_labels.shape[1]].flatten(0, 1)
        source = functional.cross_entropy(
            logits, source_labels.flatten(), ignore_index=NO_LABEL, reduction="sum"
        ) / max(1, counts.source_words)
    logits = pair.target.logits[:, : target_labelled.shape[1]]
    by_word = mixup.soft_label_cross_entropy(logits, target_probabilities)
    target = by_word.masked_fill(~target_labelled, 0.0).sum() / max(1, counts.target_words)
    vectors = pooled_vectors(pair, settings, source_labels is None, original_mask)
    return total_loss(pair, settings, counts, source=source, target=target, vectors=vectors)


def one_hot_labels(labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Return hard labels [B, L] (-100: none) as probabilities [B, L, classes], and where."""
    labelled = labels != NO_LABEL
    hot = functional.one_hot(labels.clamp(min=0), classes) * labelled[..., None]
    return hot.to(torch.float32), labelled


def qa_loss(
    pair: PairOutput,
    source_spans: Tensor | None,
    target_spans: Tensor,
    settings: XMixupSettings,
    counts: Counts | None = None,
    original_mask: Tensor | None = None,
) -> Losses:
    """Mean cross-entropy of start and end, of both sides; MSE of vectors.

    Padding takes no part in the softmax over positions (ours: the loss does not depend on it).

    Args:
        pair: what the model said.
        source_spans: positions of first and last sub-word of the answer, [B, 2]; (0, 0) where the
            window does not hold it.  None: the source is a back-translation; then the task loss
            is the target's alone.
        target_spans: the same of the target.
        settings: of the losses.
        counts: of the whole update; None: of this batch.
        original_mask: see :func:`pooled_vectors`.
    """
    counts = counts or Counts(len(target_spans))
    source = None if source_spans is None else _span_loss(pair.source, source_spans, counts)
    target = _span_loss(pair.target, target_spans, counts)
    vectors = pooled_vectors(pair, settings, source_spans is None, original_mask)
    return total_loss(pair, settings, counts, source=source, target=target, vectors=vectors)


def _span_loss(side: Stream, spans: Tensor, counts: Counts) -> Tensor:
    logits = side.logits.masked_fill(~side.mask[..., None], -math.inf)
    return functional.cross_entropy(logits, spans, reduction="sum") / (2 * counts.pairs)


def pooled_vectors(
    pair: PairOutput,
    settings: XMixupSettings,
    back_translated: bool,
    original_mask: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Return one vector per text of both sides, [B, d]: a mean over its sub-words.

    Args:
        pair: what the model said.
        settings: ``source_mask: original`` pools a back-translated source with the mask of the
            original text, as the released code does.
        back_translated: whether the source is a back-translation.
        original_mask: that mask, [B, up to L]; only needed then.
    """
    mask = pair.source.mask
    if settings.source_mask == "original" and back_translated:
        if original_mask is None:
            raise ValueError("source_mask 'original' needs the mask of the original text")
        mask = functional.pad(original_mask.bool(), (0, mask.shape[1] - original_mask.shape[1]))
    return (
        mixup.pooled(pair.source.hidden, mask, settings),
        mixup.pooled(pair.target.hidden, pair.target.mask, settings),
    )
