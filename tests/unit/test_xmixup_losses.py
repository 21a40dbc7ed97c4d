# SPDX-License-Identifier: Apache-2.0
"""The losses of X-Mixup and its scheduled sampling."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from xmixup_by_hand import CLASSES, FAMILIES, KINDS, batch, texts, tiny_model

from xling.xmixup.losses import (
    Counts,
    PairOutput,
    Stream,
    classification_loss,
    one_hot_labels,
    qa_loss,
    tagging_loss,
)
from xling.xmixup.mixup import original_probability, pooled, source_is_original
from xling.xmixup.model import XMixup
from xling.xmixup.settings import preset

SOURCE, TARGET = (3, 5, 4, 2), (5, 4, 3, 6)
PAD_TO = 8
SOURCE_TAGS = [[-100, 2, -100], [-100, 0, 1, -100, -100], [-100, 1, 2, -100], [-100, -100]]
LABELLED = [[1, 3], [2], [1], [1, 2, 4]]  # target sub-words with probabilities
SOURCE_SPANS = [[1, 1], [2, 3], [0, 0], [1, 1]]
TARGET_SPANS = [[1, 3], [0, 0], [1, 1], [4, 5]]
CLASS_LABELS = [0, 2, 1, 1]


def settings(family, name="paper", **changes):
    return preset(name, family, layers=2, max_length=PAD_TO, **({"layer": 0} | changes))


def setup(family, kind="bert", name="paper", **changes):
    model = XMixup(tiny_model(kind, family), settings(family, name, **changes)).double().eval()
    pad = model.config.pad_token_id
    return model, batch(texts(SOURCE, 1), pad), batch(texts(TARGET, 2), pad)


def padded(rows, fill=-100):
    width = max(map(len, rows))
    return torch.tensor([row + [fill] * (width - len(row)) for row in rows])


def soft_labels():
    generator = torch.Generator().manual_seed(5)
    probabilities = torch.rand(4, max(TARGET), CLASSES, generator=generator, dtype=torch.float64)
    labelled = torch.zeros(4, max(TARGET), dtype=torch.bool)
    for row, places in enumerate(LABELLED):
        labelled[row, places] = True
    return probabilities / probabilities.sum(-1, keepdim=True), labelled


def loss(family, pair, options, *, original=True, rows=slice(None), counts=None, mask=None):
    if family == "classification":
        return classification_loss(pair, torch.tensor(CLASS_LABELS)[rows], options, counts)
    if family == "tagging":
        probabilities, labelled = soft_labels()
        tags = padded(SOURCE_TAGS)[rows] if original else None
        return tagging_loss(
            pair, tags, probabilities[rows], labelled[rows], options, counts, original_mask=mask
        )
    spans = torch.tensor(SOURCE_SPANS)[rows] if original else None
    return qa_loss(
        pair, spans, torch.tensor(TARGET_SPANS)[rows], options, counts, original_mask=mask
    )


# Slow versions, row by row


def cross_entropy(logits, label):
    return math.log(sum(math.exp(x) for x in logits)) - logits[label]


def task_losses(family, pair):
    source, target = pair.source.logits.tolist(), pair.target.logits.tolist()
    if family == "classification":
        pairs = [
            (cross_entropy(s, y), cross_entropy(t, y))
            for s, t, y in zip(source, target, CLASS_LABELS, strict=True)
        ]
        return tuple(sum(side) / 4 for side in zip(*pairs, strict=True))
    if family == "tagging":
        gold = [
            cross_entropy(source[r][p], tag)
            for r, row in enumerate(SOURCE_TAGS)
            for p, tag in enumerate(row)
            if tag >= 0
        ]
        soft = []
        for r, places in enumerate(LABELLED):
            for p in places:
                total = sum(math.exp(x) for x in target[r][p])
                soft.append(
                    -sum(
                        q * math.log(math.exp(x) / total + 1e-6)
                        for q, x in zip(soft_labels()[0][r, p].tolist(), target[r][p], strict=True)
                    )
                )
        return sum(gold) / len(gold), sum(soft) / len(soft)
    sums = []
    for logits, lengths, spans in ((source, SOURCE, SOURCE_SPANS), (target, TARGET, TARGET_SPANS)):
        rows = [
            cross_entropy([logits[r][p][end] for p in range(lengths[r])], spans[r][end]) / 2
            for r in range(4)
            for end in (0, 1)
        ]
        sums.append(sum(rows) / 4)
    return tuple(sums)


def vector(hidden, length, family):
    if family == "classification":
        return np.asarray(hidden[0])
    inside = [np.asarray(hidden[p]) for p in range(1, length - 1)]
    return sum(inside) / len(inside) if inside else np.zeros(16)


def representation(family, pair):
    distances = []
    for r in range(4):
        s = vector(pair.source.hidden[r].tolist(), SOURCE[r], family)
        t = vector(pair.target.hidden[r].tolist(), TARGET[r], family)
        distances.append(sum((a - b) ** 2 for a, b in zip(s, t, strict=True)) / 16)
    return sum(distances) / 4


def divergence(pair):
    total = 0.0
    for s, t in zip(pair.source.logits.tolist(), pair.target.logits.tolist(), strict=True):
        log_s, log_t = ([-cross_entropy(x, c) for c in range(CLASSES)] for x in (s, t))
        total += sum(math.exp(a) * (a - b) for a, b in zip(log_s, log_t, strict=True))
    return total / 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_term_is_what_its_definition_says(kind, family):
    model, left, right = setup(family, kind)
    with torch.no_grad():
        pair = model(left, right)
        found = loss(family, pair, model.settings)
    source, target = task_losses(family, pair)
    assert found.source.item() == pytest.approx(source, abs=1e-10)
    assert found.target.item() == pytest.approx(target, abs=1e-10)
    consistency = representation(family, pair)
    assert found.representation.item() == pytest.approx(consistency, abs=1e-10)
    if family == "classification":
        assert found.prediction.item() == pytest.approx(divergence(pair), abs=1e-10)
        consistency += divergence(pair)
    else:
        assert found.prediction is None
    alpha = {"classification": 0.4, "tagging": 0.8, "qa": 0.2}[family]
    total = alpha * source + (1 - alpha) * target + consistency
    assert found.total.item() == pytest.approx(total, abs=1e-10)


@pytest.mark.parametrize("family", ["tagging", "qa"])
def test_a_back_translated_source_has_no_task_loss(family):
    model, left, right = setup(family)
    with torch.no_grad():
        pair = model(left, right)
        found = loss(family, pair, model.settings, original=False)
    assert found.source is None
    expected = task_losses(family, pair)[1] + representation(family, pair)
    assert found.total.item() == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_without_consistency_the_task_loss_is_left(family):
    model, left, right = setup(family, consistency=False)
    with torch.no_grad():
        pair = model(left, right)
        found = loss(family, pair, model.settings)
    source, target = task_losses(family, pair)
    alpha = model.settings.alpha
    assert found.total.item() == pytest.approx(alpha * source + (1 - alpha) * target, abs=1e-10)
    assert (found.representation, found.prediction) == (None, None)


@pytest.mark.parametrize("family", FAMILIES)
def test_released_sums_over_pairs(family):
    model, left, right = setup(family)
    with torch.no_grad():
        pair = model(left, right)
        mean = loss(family, pair, model.settings).total
        summed = loss(family, pair, settings(family, reduction="sum")).total
    torch.testing.assert_close(summed, 4 * mean)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_parts_of_an_update_add_up_to_its_loss(family):
    """With the counts of the whole, wherever it is cut and however it is padded."""
    model, left, right = setup(family)
    counts = Counts(4, source_words=5, target_words=7)
    with torch.no_grad():
        whole = loss(family, model(left, right), model.settings).total
        for parts in ([slice(0, 1), slice(1, 4)], [slice(r, r + 1) for r in range(4)]):
            total = 0.0
            for rows in parts:
                sides = [{k: v[rows] for k, v in side.items()} for side in (left, right)]
                wide = [
                    {k: torch.nn.functional.pad(v, (0, 2)) for k, v in s.items()} for s in sides
                ]
                part = loss(family, model(*wide), model.settings, rows=rows, counts=counts)
                total += part.total
            torch.testing.assert_close(total, whole)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["paper", "released"])
def test_gradients_are_those_of_finite_differences(kind, family, name):
    model, left, right = setup(family, kind, name)
    parameters = [p for p in model.parameters() if p.requires_grad]
    value = loss(family, model(left, right), model.settings).total
    gradients = torch.autograd.grad(value, parameters)
    names = [n for n, p in model.named_parameters() if p.requires_grad]
    assert ("gate.weight" in names) == (name == "paper")
    generator = torch.Generator().manual_seed(3)
    pad = model.config.pad_token_id
    for index, parameter in enumerate(parameters):
        direction = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        if "embeddings" in names[index] and direction.ndim == 2:
            direction[pad] = 0  # The library never trains the vector of padding.
        direction /= direction.norm()
        values = []
        with torch.no_grad():
            for step in (1e-5, -2e-5):
                parameter += step * direction
                values.append(loss(family, model(left, right), model.settings).total.item())
            parameter += 1e-5 * direction
        slope = (values[0] - values[1]) / 2e-5
        exact = (gradients[index] * direction).sum().item()
        assert slope == pytest.approx(exact, rel=1e-5, abs=1e-7), names[index]


# Vectors of texts


def test_released_divides_by_the_padded_length():
    model, left, right = setup("qa")
    with torch.no_grad():
        side = model(left, right).source
    paper, released = (
        pooled(side.hidden, side.mask, settings("qa", n)) for n in ("paper", "released")
    )
    for row, length in enumerate(SOURCE):
        torch.testing.assert_close(released[row] * (PAD_TO - 2), paper[row] * (length - 2))
        assert bool(paper[row].any()) == (length > 2)


@pytest.mark.parametrize("family", ["tagging", "qa"])
def test_released_pools_a_back_translation_with_the_mask_of_the_original(family):
    model, left, right = setup(family, name="released")
    original = batch(texts((6, 3, 3, 4)), 0)["attention_mask"]
    with torch.no_grad():
        pair = model(left, right)
        found = loss(family, pair, model.settings, original=False, mask=original)
        expected = sum(
            (
                (pair.source.hidden[r, 1 : n - 1].sum(0) - pair.target.hidden[r, 1 : t - 1].sum(0))
                / 6
            )
            .square()
            .mean()
            for r, (n, t) in enumerate(zip((6, 3, 3, 4), TARGET, strict=True))
        )
        genuine = loss(family, pair, model.settings, mask=original)
        right_mask = loss(family, pair, settings(family, "released", source_mask="own"))
    torch.testing.assert_close(found.representation, expected / 4)
    assert genuine.representation == right_mask.representation != found.representation
    with pytest.raises(ValueError, match="mask of the original"):
        loss(family, pair, model.settings, original=False)


# Labels


def test_hard_labels_are_a_cross_entropy():
    """Soft labels that are one-hot give the cross-entropy, but for the 1e-6 in the logarithm."""
    model, left, right = setup("tagging")
    labels = padded([[-100, 2, -100], [-100, 0, 1], [-100, 1], [-100, -100, 1]])
    with torch.no_grad():
        pair = model(left, right)
    probabilities, labelled = one_hot_labels(labels, CLASSES)
    assert probabilities.shape == (4, 3, CLASSES)
    assert probabilities.sum(-1).equal(labelled.float())
    found = tagging_loss(pair, None, probabilities, labelled, model.settings).target
    expected = torch.nn.functional.cross_entropy(
        pair.target.logits[:, :3].flatten(0, 1), labels.flatten()
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


def test_a_batch_without_labels_has_loss_0():
    model, left, right = setup("tagging", consistency=False)
    probabilities, labelled = one_hot_labels(torch.full((4, 6), -100), CLASSES)
    found = tagging_loss(model(left, right), None, probabilities, labelled, model.settings)
    assert found.total == 0


def test_averaged_logits_are_the_mean_of_both_sides():
    streams = [Stream(torch.tensor([[x, 1.0]]), torch.zeros(1), torch.ones(1)) for x in (1.0, 4.0)]
    pair = PairOutput(*streams, torch.zeros(1))
    assert pair.averaged_logits().tolist() == [[2.5, 1.0]]
    assert [f.name for f in dataclasses.fields(pair)] == ["source", "target", "ratio"]


# Scheduled sampling


@pytest.mark.parametrize("k", [2.0, 1000.0, 2000.0])
def test_half_of_the_sources_are_original_at_k_ln_k(k):
    assert original_probability(k * math.log(k), k) == pytest.approx(0.5, abs=1e-12)


def test_the_share_of_originals_is_the_formula_and_never_overflows():
    for step in (0, 1, 500, 6908, 20_000):
        expected = 1000 / (1000 + math.exp(step / 1000))
        assert original_probability(step, 1000.0) == pytest.approx(expected, rel=1e-12)
    assert original_probability(10**9, 1000.0) == 0.0


def test_draws_follow_their_probability():
    options = settings("classification")
    steps = range(6900 - 1000, 6900 + 1000)
    drawn = [source_is_original(s, seed=1, steps_per_epoch=500, settings=options) for s in steps]
    expected = sum(original_probability(s, 1000.0) for s in steps)
    assert abs(sum(drawn) - expected) < 4 * math.sqrt(2000 * 0.25)


def draws(steps, *, seed=1, **changes):
    options = settings("classification", **({"sampling_k": 5.0} | changes))
    return [source_is_original(s, seed=seed, steps_per_epoch=10, settings=options) for s in steps]


def test_training_that_goes_on_draws_as_if_it_had_never_stopped():
    whole = draws(range(40))
    assert whole[:17] + draws(range(17, 40)) == whole
    assert len(set(whole[:17])) == 2
    assert draws(range(40), seed=2) != whole


def test_released_draws_once_per_epoch_with_the_probability_of_its_start():
    drawn = draws(range(60), sampling="per_epoch")
    epochs = [drawn[start : start + 10] for start in range(0, 60, 10)]
    assert all(len(set(epoch)) == 1 for epoch in epochs)
    starts = draws(range(0, 60, 10))
    assert [epoch[0] for epoch in epochs] == starts
    assert len(set(starts)) == 2


def test_without_sampling_every_source_is_original():
    assert all(draws(range(100, 200), sampling="off"))
