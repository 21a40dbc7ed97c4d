# SPDX-License-Identifier: Apache-2.0
"""X-Mixup written out slowly: one pair, one head and one position at a time, without a batch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    BertConfig,
    XLMRobertaConfig,
)

KINDS = ("bert", "xlm-roberta")
FAMILIES = ("classification", "tagging", "qa")
CLASSES = 3
_AUTO = dict(
    zip(
        FAMILIES,
        (
            AutoModelForSequenceClassification,
            AutoModelForTokenClassification,
            AutoModelForQuestionAnswering,
        ),
        strict=True,
    )
)


def tiny_model(kind, family, *, layers=2, dropout=0.0, seed=0, spread=0.3):
    """Make an untrained model in float64; ``spread`` is large enough for uneven attention."""
    config_class = {"bert": BertConfig, "xlm-roberta": XLMRobertaConfig}[kind]
    config = config_class(
        vocab_size=40,
        hidden_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=24,
        type_vocab_size=2,
        pad_token_id=0 if kind == "bert" else 1,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=spread,
        num_labels=2 if family == "qa" else CLASSES,
    )
    torch.manual_seed(seed)
    model = _AUTO[family].from_config(config).double().eval()
    for name, weights in model.named_parameters():
        if "LayerNorm" in name or name.endswith("bias"):  # Not just ones and zeros.
            torch.nn.init.normal_(weights, mean=float("LayerNorm.weight" in name), std=0.2)
    return model


def texts(lengths, seed=0):
    """Return lists of token ids of the given lengths; none of them is padding."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(3, 40, (n,), generator=generator).tolist() for n in lengths]


def batch(sentences, pad_id, *, extra=0, segments=False):
    """Pad sentences on the right to the longest and ``extra`` more."""
    width = max(map(len, sentences)) + extra
    padded = [s + [pad_id] * (width - len(s)) for s in sentences]
    real = [[1] * len(s) + [0] * (width - len(s)) for s in sentences]
    out = {"input_ids": torch.tensor(padded), "attention_mask": torch.tensor(real)}
    if segments:
        types = [segment_ids(s) + [0] * (width - len(s)) for s in sentences]
        out["token_type_ids"] = torch.tensor(types)
    return out


def segment_ids(sentence):
    """The second half of a text is its second segment."""
    return [int(2 * i >= len(sentence)) for i in range(len(sentence))]


@dataclass
class ByHand:
    """One pair: logits, states of the last layer by position, the mixing ratio, its entropies."""

    source_logits: torch.Tensor
    target_logits: torch.Tensor
    source_hidden: list
    target_hidden: list
    ratio: float
    entropies: tuple[float, float]


@torch.no_grad()
def pair_by_hand(wrapped, source, target, *, segments=False):
    """Follow the equations for one pair of token lists."""
    settings, model = wrapped.settings, wrapped.model
    encoder = model.base_model
    lengths = len(source), len(target)
    states = [
        _embed(encoder, ids, segment_ids(ids) if segments else [0] * len(ids), settings.pad_to)
        for ids in (source, target)
    ]
    ratio, entropies = math.nan, (math.nan, math.nan)
    for number, layer in enumerate(encoder.encoder.layer):
        attended = [
            _sub_layer(layer, side, side, length)
            for side, length in zip(states, lengths, strict=True)
        ]
        if number == settings.layer:
            attended[1], ratio, entropies = _mixed(wrapped, layer, *attended, *lengths)
        states = [[_feed_forward(layer, vector) for vector in side] for side in attended]
    logits = [_head(model, side[:length]) for side, length in zip(states, lengths, strict=True)]
    return ByHand(*logits, *states, ratio, entropies)


def _linear(module, vector):
    return module.weight @ vector + module.bias


def _norm(module, vector):
    centred = vector - vector.mean()
    return centred / (centred.square().mean() + module.eps).sqrt() * module.weight + module.bias


def _embed(encoder, ids, types, pad_to):
    table, pad = encoder.embeddings, encoder.config.pad_token_id
    first = pad + 1 if encoder.config.model_type == "xlm-roberta" else 0
    vectors = []
    for place in range(pad_to or len(ids)):
        real = place < len(ids)
        position = first + place if real or first == 0 else pad
        vectors.append(
            _norm(
                table.LayerNorm,
                table.word_embeddings.weight[ids[place] if real else pad]
                + table.position_embeddings.weight[position]
                + table.token_type_embeddings.weight[types[place] if real else 0],
            )
        )
    return vectors


def _scores(layer, queries, keys):
    """Scores [head][query][key] of all positions."""
    inner = layer.attention.self
    size = inner.attention_head_size
    scores = []
    for head in range(inner.num_attention_heads):
        part = slice(head * size, (head + 1) * size)
        rows = []
        for query in queries:
            q = _linear(inner.query, query)[part]
            row = [float(q @ _linear(inner.key, key)[part]) / math.sqrt(size) for key in keys]
            rows.append(row)
        scores.append(rows)
    return scores


def _softmax(scores):
    total = sum(math.exp(s) for s in scores)
    return [math.exp(s) / total for s in scores]


def _attend(layer, queries, keys, real_keys):
    """O(Att(queries, keys)), a vector per query; only the first ``real_keys`` keys exist."""
    inner = layer.attention.self
    size = inner.attention_head_size
    scores = _scores(layer, queries, keys[:real_keys])
    outputs = []
    for place in range(len(queries)):
        context = []
        for head in range(inner.num_attention_heads):
            weights = _softmax(scores[head][place])
            part = slice(head * size, (head + 1) * size)
            context.append(
                sum(
                    w * _linear(inner.value, key)[part]
                    for w, key in zip(weights, keys[:real_keys], strict=True)
                )
            )
        outputs.append(_linear(layer.attention.output.dense, torch.cat(context)))
    return outputs


def _sub_layer(layer, queries, keys, real_keys):
    outputs = _attend(layer, queries, keys, real_keys)
    norm = layer.attention.output.LayerNorm
    return [_norm(norm, out + query) for out, query in zip(outputs, queries, strict=True)]


def _feed_forward(layer, vector):
    inner = torch.nn.functional.gelu(_linear(layer.intermediate.dense, vector))
    return _norm(layer.output.LayerNorm, _linear(layer.output.dense, inner) + vector)


def _row_entropy(scores, real, padded, normalise):
    """Entropy of one row of scores of which the first ``real`` exist."""
    if padded:
        # Cross-entropy of the masked softmax with one in which padding has the score 0.
        p = _softmax([s if i < real else -1e4 for i, s in enumerate(scores)])
        q = _softmax([s if i < real else 0.0 for i, s in enumerate(scores)])
        return -sum(a * math.log(b) for a, b in zip(p, q, strict=True))
    entropy = -sum(p * math.log(p) for p in _softmax(scores[:real]))
    return entropy / math.log(real) if normalise and real > 1 else entropy


def _entropies(wrapped, scores, source_length, target_length):
    settings = wrapped.settings
    padded, normalise = settings.entropy == "padded", settings.normalise_entropy
    to_source, to_target = [], []
    for head in scores:
        queries = head if padded else head[:target_length]
        keys = list(zip(*head, strict=True))  # the same scores transposed
        keys = keys if padded else keys[:source_length]
        to_source += [_row_entropy(row, source_length, padded, normalise) for row in queries]
        to_target += [_row_entropy(row, target_length, padded, normalise) for row in keys]
    return sum(to_source) / len(to_source), sum(to_target) / len(to_target)


def _mixed(wrapped, layer, source, target, source_length, target_length):
    settings = wrapped.settings
    entropies = _entropies(wrapped, _scores(layer, target, source), source_length, target_length)
    ratio = settings.fixed_ratio
    if ratio is None:
        logit = float(wrapped.gate.bias)
        if settings.ratio == "entropy":
            logit += float(wrapped.gate.weight) * sum(entropies)
        ratio = settings.largest_ratio / (1 + math.exp(-logit))
    norm, crossed = layer.attention.output.LayerNorm, None
    if settings.mixing == "cross_attention":
        crossed = _attend(layer, target, source, source_length)
    mixed = []
    for place, own in enumerate(target):
        if crossed is not None:
            mixed.append(_norm(norm, ratio * crossed[place] + (1 - ratio) * own))
        elif place < source_length:
            mixed.append(_norm(norm, ratio * source[place] + (1 - ratio) * own))
        else:
            mixed.append(_norm(norm, own))
    return mixed, ratio, entropies


def _head(model, states):
    if hasattr(model, "qa_outputs"):
        return torch.stack([_linear(model.qa_outputs, v) for v in states])
    if "TokenClassification" in type(model).__name__:
        return torch.stack([_linear(model.classifier, v) for v in states])
    if model.config.model_type == "bert":
        pooled = torch.tanh(_linear(model.base_model.pooler.dense, states[0]))
        return _linear(model.classifier, pooled)
    return _linear(
        model.classifier.out_proj, torch.tanh(_linear(model.classifier.dense, states[0]))
    )
