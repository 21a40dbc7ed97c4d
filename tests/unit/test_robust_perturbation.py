# SPDX-License-Identifier: Apache-2.0
"""Where a model is cut, and what is added there: balls, steps, noise, padding, gradients."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForSequenceClassification, ModernBertConfig
from xmixup_by_hand import KINDS, batch, texts, tiny_model

from xling.errors import UsageError
from xling.robust.insertion import CutModel, Inputs
from xling.robust.model import RobustModel
from xling.robust.perturbation import (
    gaussian,
    lengths_of,
    project,
    random_in_ball,
    uniform,
    worst_in_ball,
)
from xling.robust.scale import Scale, scale_of
from xling.robust.settings import AdvSettings, NoiseSettings, RobustSettings, passes

POINTS = ("word_embeddings", "embedding_output", "hidden:1", "hidden:2", "last_hidden")
LENGTHS = [3, 6, 1, 5]
RADIUS = 0.7
SCALE = Scale(1.0, RADIUS, RADIUS)


def rows(model, extra=0):
    sentences = texts(LENGTHS, 1)
    kind = model.config.model_type
    return batch(sentences, model.config.pad_token_id, extra=extra, segments=kind == "bert")


def labels():
    return torch.tensor([0, 2, 1, 1])


def robust(kind="bert", dropout=0.0, settings=None, scale=SCALE):
    model = tiny_model(kind, "classification", dropout=dropout)
    return RobustModel(model, settings or AdvSettings(), scale).train()


def real_of(inputs):
    return Inputs(**inputs).real


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("kind", KINDS)
class TestCut:
    def test_the_halves_are_the_model(self, kind, point):
        model = tiny_model(kind, "classification")
        inputs = rows(model, extra=2)
        cut = CutModel(model, point)
        batched = Inputs(**inputs)
        states = cut.before(batched)
        found = cut.after(states + torch.zeros_like(states), batched)
        assert torch.equal(found, model(**inputs).logits)

    def test_positions_do_not_depend_on_where_the_padding_is(self, kind, point):
        """On the left the library counts positions of XLM-R from the ids."""
        model = tiny_model(kind, "classification")
        inputs = {name: value.flip(1) for name, value in rows(model).items()}
        batched, cut = Inputs(**inputs), CutModel(model, point)
        found = cut.after(cut.before(batched), batched)
        assert torch.equal(found, model(**inputs).logits)

    def test_what_is_before_is_computed_once(self, kind, point):
        model = robust(kind, settings=AdvSettings(perturb_at=point, steps=3))
        calls = {"words": 0, "layers": [0, 0]}

        def count_words(*_):
            calls["words"] += 1

        def counter(i):
            def count(*_):
                calls["layers"][i] += 1

            return count

        model.model.get_input_embeddings().register_forward_hook(count_words)
        for i, layer in enumerate(model.model.base_model.encoder.layer):
            layer.register_forward_hook(counter(i))
        model(labels=labels(), **rows(model))
        done = {"hidden:1": 1, "hidden:2": 2, "last_hidden": 2}.get(point, 0)
        assert calls["words"] == 1
        assert calls["layers"] == [1 if i < done else 4 for i in range(2)]


def test_an_encoder_of_another_kind_is_refused():
    config = ModernBertConfig(
        vocab_size=40,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
        pad_token_id=0,
    )
    with pytest.raises(UsageError, match="architecture 'modernbert'"):
        CutModel(AutoModelForSequenceClassification.from_config(config), "word_embeddings")


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="hidden:3"):
        CutModel(tiny_model("bert", "classification"), "hidden:3")


class TestBall:
    def test_a_long_row_is_shortened_and_a_short_one_stays(self):
        delta = torch.tensor([[[3.0, 4.0], [0.0, 0.0]], [[0.3, 0.0], [0.0, 0.4]]])
        found = project(delta, "l2", 1.0)
        assert torch.allclose(found[0], torch.tensor([[0.6, 0.8], [0.0, 0.0]]))
        assert torch.equal(found[1], delta[1])

    def test_each_number_is_clipped(self):
        delta = torch.tensor([[[3.0, -0.2], [0.1, -4.0]]])
        found = project(delta, "linf", 0.5)
        assert torch.equal(found, torch.tensor([[[0.5, -0.2], [0.1, -0.5]]]))

    @pytest.mark.parametrize("norm", ["l2", "linf"])
    def test_a_start_is_in_the_ball_and_nothing_is_on_padding(self, norm):
        model = tiny_model("bert", "classification")
        real = real_of(rows(model, extra=1))
        states = torch.zeros(*real.shape[:2], 16)
        torch.manual_seed(0)
        for _ in range(20):
            delta = random_in_ball(states, real, norm, RADIUS)
            assert not (delta * (1 - real)).any()
            size = lengths_of(delta) if norm == "l2" else delta.abs().amax((1, 2))
            assert (size <= RADIUS * (1 + 1e-6)).all()
            assert (size > 0).all()

    def test_starts_fill_the_ball_evenly(self):
        """In a ball of 4 dimensions half of the points lie within 2 to the -1/4 of the radius."""
        real = torch.ones(20_000, 2, 1)
        torch.manual_seed(0)
        lengths = lengths_of(random_in_ball(torch.zeros(20_000, 2, 2), real, "l2", 1.0))
        share = float((lengths < 0.5**0.25).float().mean())
        assert share == pytest.approx(0.5, abs=0.015)


class TestNoise:
    @pytest.mark.parametrize(("draw", "deviation"), [(uniform, 0.3 / 3**0.5), (gaussian, 0.3)])
    def test_its_size_and_its_zeros(self, draw, deviation):
        real = torch.ones(50, 20, 1)
        real[:, 15:] = 0
        torch.manual_seed(0)
        noise = draw(torch.zeros(50, 20, 16), real, 0.3)
        assert not noise[:, 15:].any()
        kept = noise[:, :15]
        assert float(kept.std()) == pytest.approx(deviation, rel=0.02)
        assert float(kept.mean()) == pytest.approx(0.0, abs=0.01)
        if draw is uniform:
            assert float(kept.abs().max()) <= 0.3


class TestClimb:
    """The steps towards the worst point, on a fixed batch without dropout."""

    @pytest.mark.parametrize("point", POINTS)
    @pytest.mark.parametrize("norm", ["l2", "linf"])
    @pytest.mark.parametrize("kind", KINDS)
    def test_more_steps_are_worse_and_none_is_better_than_the_start(self, kind, norm, point):
        model = tiny_model(kind, "classification")
        inputs = Inputs(**rows(model, extra=1))
        cut = CutModel(model, point)
        states = cut.before(inputs).detach()
        radius = 0.05

        def losses(delta):
            return functional.cross_entropy(
                cut.after(states + delta, inputs), labels(), reduction="none"
            )

        zero = torch.zeros_like(states)
        found = [losses(zero).sum().item()]
        for steps in (1, 2, 4, 8):
            options = {"norm": norm, "radius": radius, "step_size": radius / 8, "steps": steps}
            delta = worst_in_ball(losses, zero, inputs.real, **options)
            assert not (delta * (1 - inputs.real)).any()
            size = lengths_of(delta) if norm == "l2" else delta.abs().amax((1, 2))
            assert (size <= radius * (1 + 1e-6)).all()
            found.append(losses(delta).sum().item())
        assert found == sorted(found)
        assert found[-1] > found[0]

    def test_one_step_by_hand(self):
        """Of the loss w . delta the gradient is w; the l2 step is as long as step_size."""
        weights = torch.tensor([[[3.0, 4.0], [5.0, 0.0]]])
        real = torch.tensor([[[1.0], [0.0]]])
        start = torch.zeros(1, 2, 2)

        def losses(delta):
            return (delta * weights).sum((1, 2))

        options = {"radius": 1.0, "step_size": 0.5, "steps": 1}
        found = worst_in_ball(losses, start, real, norm="l2", **options)
        assert torch.allclose(found, torch.tensor([[[0.3, 0.4], [0.0, 0.0]]]))
        found = worst_in_ball(losses, start, real, norm="linf", **options)
        assert torch.equal(found, torch.tensor([[[0.5, 0.5], [0.0, 0.0]]]))

    def test_a_row_does_not_depend_on_the_others(self):
        model = tiny_model("bert", "classification")
        cut = CutModel(model, "word_embeddings")

        def worst(inputs, classes):
            batched = Inputs(**inputs)
            states = cut.before(batched).detach()

            def losses(delta):
                return functional.cross_entropy(
                    cut.after(states + delta, batched), classes, reduction="none"
                )

            start = torch.zeros_like(states)
            options = {"norm": "l2", "radius": RADIUS, "step_size": RADIUS, "steps": 2}
            return worst_in_ball(losses, start, batched.real, **options)

        inputs = rows(model)
        together = worst(inputs, labels())
        alone = worst({k: v[1:2] for k, v in inputs.items()}, labels()[1:2])
        assert torch.allclose(together[1:2], alone, atol=1e-6)


class TestLoss:
    def test_no_gradient_flows_into_the_perturbation(self):
        """The update is the plain one at the perturbed states, as if they had been given."""
        model = robust(settings=AdvSettings(random_start=False, steps=2))
        inputs, found = rows(model), {}
        original = model._adversarial
        model._adversarial = lambda *args: found.setdefault("delta", original(*args))
        model(labels=labels(), **inputs).loss.backward()
        assert not found["delta"].requires_grad
        gradients = {name: p.grad.clone() for name, p in model.model.named_parameters()}
        model.model.zero_grad()
        words = model.model.get_input_embeddings()(inputs.pop("input_ids"))
        outputs = model.model(inputs_embeds=words + found["delta"], labels=labels(), **inputs)
        outputs.loss.backward()
        for name, p in model.model.named_parameters():
            assert torch.allclose(gradients[name], p.grad, atol=1e-6), name

    def test_finding_the_perturbation_leaves_no_gradient_in_the_weights(self):
        model = robust()
        states = model._cut.before(Inputs(**rows(model)))
        model._adversarial(model.settings, states, Inputs(**rows(model)), labels())
        assert all(p.grad is None for p in model.parameters())

    @pytest.mark.parametrize("point", POINTS)
    def test_all_passes_have_the_same_dropout(self, point):
        """With a radius of almost nothing every pass is the clean one, dropout and all."""
        settings = AdvSettings(perturb_at=point, clean_weight=0.5)
        model = robust(dropout=0.3, settings=settings, scale=Scale(1.0, 1e-9, 1e-9))
        seen = []
        after = model._cut.after
        model._cut.after = lambda *args: seen.append(after(*args)) or seen[-1]
        torch.manual_seed(3)
        model(labels=labels(), **rows(model))
        assert len(seen) == passes(settings) == 5
        assert all(torch.allclose(one, seen[0], atol=1e-6) for one in seen)
        model(labels=labels(), **rows(model))
        assert not torch.allclose(seen[0], seen[-1], atol=1e-6)  # the next update draws anew

    def test_the_clean_term(self):
        settings = AdvSettings(clean_weight=0.25, random_start=False)
        model = robust(settings=settings)
        mixed = model(labels=labels(), **rows(model)).loss.detach()
        other = robust(settings=AdvSettings(random_start=False))
        hurt = other(labels=labels(), **rows(model)).loss.detach()
        clean = model.model(labels=labels(), **rows(model)).loss.detach()
        assert float(mixed) == pytest.approx(float(0.25 * clean + 0.75 * hurt), abs=1e-6)
        assert float(hurt) > float(clean)

    def test_draws_are_averaged(self):
        model = robust(settings=NoiseSettings(draws=3), scale=Scale(1.0, 0.5))
        seen = []
        after = model._cut.after
        model._cut.after = lambda *args: seen.append(after(*args)) or seen[-1]
        loss = model(labels=labels(), **rows(model)).loss.detach()
        each = [functional.cross_entropy(one.detach().float(), labels()) for one in seen]
        assert len({float(one) for one in each}) == 3
        assert float(loss) == pytest.approx(float(sum(each) / 3), abs=1e-6)

    def test_no_noise_in_evaluation(self):
        model = robust(settings=NoiseSettings(size=5.0), scale=Scale(1.0, 5.0)).eval()
        inputs = rows(model)
        assert torch.equal(model(**inputs).logits, model.model(**inputs).logits)
        noisy = model.train()(labels=labels(), **inputs)
        assert not torch.allclose(noisy.logits, model.model(**inputs).logits)


@pytest.mark.parametrize(
    ("settings", "radius", "step"),
    [
        (AdvSettings(radius=0.3, steps=3), 0.6, 0.5),
        (AdvSettings(radius=0.3, steps=3, norm="linf"), 0.15, 0.125),
        (AdvSettings(radius=0.3, radius_unit="absolute", step_size=0.1), 0.3, 0.1),
        (AdvSettings(radius=0.3, step_size=0.1), 0.6, 0.2),
        (NoiseSettings(size=0.1), 0.1, None),
        (NoiseSettings(size=0.1, size_unit="relative"), 0.05, None),
    ],
)
def test_sizes_in_absolute_numbers(settings, radius, step):
    """Embeddings of 16 numbers that are 2 long on average: 0.5 for each number."""
    scale = scale_of(settings, 2.0, 16)
    assert scale.radius == pytest.approx(radius)
    assert scale.step_size == (None if step is None else pytest.approx(step))
    assert math.isclose(scale.mean_embedding_norm, 2.0)


def test_a_clean_weight_of_one_is_refused():
    with pytest.raises(ValueError, match="leaves nothing of the method"):
        RobustSettings(adv=AdvSettings(clean_weight=1.0))
