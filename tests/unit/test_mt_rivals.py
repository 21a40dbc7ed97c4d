# SPDX-License-Identifier: Apache-2.0
"""The rivals of CATS against their definitions (docs/cats.md)."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from xling.errors import DataError, UsageError
from xling.mt.cats.probe import Across
from xling.mt.cats.settings import preset
from xling.mt.gradients import combine, gram
from xling.mt.rivals import METHODS, method_settings, weighting
from xling.mt.rivals.chi_ibr import divergence, worst_distribution
from xling.mt.rivals.gradvac import vaccinated
from xling.mt.rivals.multidds import rewards
from xling.mt.rivals.pcgrad import orders, projected
from xling.mt.vector_adam import VectorAdam
from xling.mt.weighting import GradientProducts, Measured

LANGUAGES = ("aze", "bel", "tur")
SIZES = (6000, 4500, 180000)


def method(name, **values):
    return weighting(LANGUAGES, SIZES, method_settings(name, values))


def adam_by_hand(values, gradients, *, rate, decay=0.0):
    """Kingma and Ba 2015, algorithm 1, with decay added to the gradient."""
    first, second = np.zeros_like(values), np.zeros_like(values)
    for step, gradient in enumerate(gradients, start=1):
        pull = gradient(values) + decay * values
        first = 0.9 * first + 0.1 * pull
        second = 0.999 * second + 0.001 * pull**2
        values = values - rate * (first / (1 - 0.9**step)) / (
            np.sqrt(second / (1 - 0.999**step)) + 1e-8
        )
    return values


# Fixed weights


def test_temperature_sampling():
    np.testing.assert_allclose(method("temperature", temperature=1.0).weights * 190500, SIZES)
    shares = np.array(SIZES) / 190500
    expected = shares**0.2 / (shares**0.2).sum()
    np.testing.assert_allclose(method("temperature", temperature=5.0).weights, expected)
    flat = method("temperature", temperature=100.0).weights
    np.testing.assert_allclose(flat, 1 / 3, rtol=0.03)
    with pytest.raises(DataError, match="'bel' has 0"):
        weighting(LANGUAGES, (5, 0, 5), method_settings("temperature", {"temperature": 1.0}))


def test_static_weights():
    weights = method("static", weights={"tur": 1.0, "aze": 2.0, "bel": 1.0}).weights
    np.testing.assert_allclose(weights, [0.5, 0.25, 0.25])
    with pytest.raises(UsageError, match="tur, aze"):
        method("static", weights={"tur": 1.0, "aze": 2.0})


# GradNorm


def norms_alone(norms, alpha):
    return GradientProducts.of_gram(np.diag(np.square(norms)), alpha)


def test_gradnorm_balances_the_norms_by_training_rates():
    first, later = np.array([4.0, 6.0, 5.0]), np.array([3.0, 6.0, 2.5])
    norms = np.array([1.0, 2.0, 4.0])
    # With a = 1 the mean of r^a is 1, and norms can be equal to their targets.
    learner = method("gradnorm", restoring=1.0, rate=1e-3)
    learner.observe(Measured(0, first, norms_alone(norms, learner.weights)))
    for step in range(1, 3000):
        learner.observe(Measured(step, later, norms_alone(norms, learner.weights)))
    rates = later / first / np.mean(later / first)
    expected = rates / norms
    np.testing.assert_allclose(learner.weights, expected / expected.sum(), atol=3e-3)


def test_a_gradnorm_step_by_hand():
    learner = method("gradnorm", restoring=0.5, rate=0.1)
    norms = np.array([1.0, 2.0, 6.0])
    learner.observe(Measured(0, np.array([4.0, 6.0, 5.0]), norms_alone(norms, learner.weights)))
    # All rates are 1, the target is the mean 3; Adam's first step is the sign times 0.1.
    moved = np.array([1.1, 1.1, 0.9])
    np.testing.assert_allclose(learner.weights, moved / moved.sum(), rtol=1e-6)
    learner.observe(Measured(1, np.array([2.0, 6.0, 5.0]), norms_alone(norms, learner.weights)))
    w = 3 * moved / moved.sum()
    rates = np.array([0.5, 1, 1]) / (2.5 / 3)
    target = (w * norms).mean() * np.sqrt(rates)
    assert learner.trace()["target"] == pytest.approx(dict(zip(LANGUAGES, target, strict=True)))


def test_gradnorm_weights_stay_positive():
    learner = method("gradnorm", rate=0.9)
    for step in range(20):
        norms = np.array([1.0, 1.0, 1e3])
        learner.observe(Measured(step, np.ones(3), norms_alone(norms, learner.weights)))
        assert (learner.weights > 0).all()
        assert learner.weights.sum() == pytest.approx(1)


# MultiDDS-S


def test_multidds_draws_what_is_rewarded():
    learner = method("multidds_s", steps=7, rate=0.01)
    start = np.array(SIZES) / sum(SIZES)
    np.testing.assert_allclose(learner.weights, start)
    reward = np.array([0.5, -0.2, 0.1])

    def slope(psi):
        logits = torch.tensor(psi, requires_grad=True)
        (-(torch.from_numpy(reward) * logits.log_softmax(0)).sum()).backward()
        return logits.grad.numpy()

    psi = adam_by_hand(np.log(start), [slope] * 14, rate=0.01)
    for update in (1000, 2000):  # the moments of Adam go on
        learner.observe(Measured(update, np.ones(3), rewards=reward))
    np.testing.assert_allclose(learner.weights, np.exp(psi) / np.exp(psi).sum(), rtol=1e-6)
    assert learner.weights[0] > start[0]
    assert learner.weights[1] < start[1]


def quadratic_loss(points, theta):
    """Return the loss of language n: half the squared distance to its point."""
    return lambda language: 0.5 * (theta - points[language]).square().sum()


def test_rewards_are_mean_cosines():
    generator = torch.Generator().manual_seed(0)
    train = torch.randn(3, 5, generator=generator, dtype=torch.float64)
    dev = torch.randn(4, 5, generator=generator, dtype=torch.float64)
    theta = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    found = rewards(quadratic_loss(train, theta), quadratic_loss(dev, theta), (3, 4), [theta])
    cosines = torch.nn.functional.cosine_similarity(train[:, None], dev[None], dim=-1)
    np.testing.assert_allclose(found, cosines.mean(1), rtol=1e-10)
    scaled = rewards(
        quadratic_loss(train, theta),
        quadratic_loss(dev, theta),
        (3, 4),
        [theta],
        Across(loss_scale=64.0),
    )
    np.testing.assert_allclose(scaled, found, rtol=1e-10)
    train[1] = 0  # a gradient of length 0
    found = rewards(quadratic_loss(train, theta), quadratic_loss(dev, theta), (3, 4), [theta])
    assert found[1] == 0


# Chi-square DRO


@pytest.mark.parametrize("seed", range(4))
def test_the_worst_distribution_is_the_best_point_of_the_ball(seed):
    generator = np.random.default_rng(seed)
    p, losses = generator.dirichlet(np.ones(6)), generator.uniform(2, 6, 6)
    radius = 0.05
    q = worst_distribution(losses, p, radius)
    assert q.sum() == pytest.approx(1)
    assert (q >= 0).all()
    assert divergence(q, p) == pytest.approx(radius, rel=1e-6)
    # KKT: loss_i - scale (q_i / p_i - 1) - level = 0 where q_i > 0, and at most 0 elsewhere.
    inside = q > 1e-12
    design = np.stack([(q / p - 1)[inside], np.ones(inside.sum())], 1)
    (scale, level), *_ = np.linalg.lstsq(design, losses[inside], rcond=None)
    assert scale > 0
    slack = losses - scale * (q / p - 1) - level
    np.testing.assert_allclose(slack[inside], 0, atol=1e-6)
    assert (slack[~inside] <= 1e-6).all()
    for _ in range(200):  # and no other point of the ball does better
        other = generator.dirichlet(p * 40)
        if divergence(other, p) <= radius:
            assert other @ losses <= q @ losses + 1e-9


def test_the_worst_distribution_at_its_limits():
    p = np.array([0.5, 0.3, 0.2])
    np.testing.assert_array_equal(worst_distribution(np.full(3, 2.0), p, 0.05), p)
    # A ball that holds the corner: all weight on the worst language.
    np.testing.assert_allclose(
        worst_distribution(np.array([1.0, 2.0, 3.0]), p, 10.0), [0, 0, 1], atol=1e-8
    )
    tied = worst_distribution(np.array([1.0, 3.0, 3.0]), p, 10.0)
    np.testing.assert_allclose(tied, [0, 0.6, 0.4], atol=1e-8)
    floored = worst_distribution(np.array([1.0, 2.0, 3.0]), p, 0.2, 0.2)
    assert divergence(floored, p) == pytest.approx(0.2)
    assert (floored / p).min() >= 0.2 / 1.3


def test_chi_ibr_answers_at_the_start_of_epochs():
    learner = method("chi_ibr", baselines={"aze": 1.0, "bel": 0.0, "tur": 0.0})
    data = np.array(SIZES) / sum(SIZES)
    learner.start_epoch(1)
    learner.observe(Measured(0, np.array([6.0, np.nan, 3.0])))
    learner.observe(Measured(1, np.array([5.0, np.nan, np.nan])))
    learner.start_epoch(2)
    np.testing.assert_array_equal(learner.weights, data)  # 'bel' was not seen yet
    assert learner.trace()["epochs_waited"] == 1
    assert learner.trace()["loss"] == pytest.approx({"aze": 0.9 * 6 + 0.1 * 5, "tur": 3.0})
    learner.observe(Measured(2, np.array([np.nan, 5.5, np.nan])))
    learner.start_epoch(1)
    np.testing.assert_array_equal(learner.weights, data)  # the first epoch is on the data's own
    learner.start_epoch(3)
    excess = np.array([5.9 - 1, 5.5, 3.0])
    q = np.maximum(worst_distribution(excess, data, 0.05, 0.2), data.min())
    np.testing.assert_allclose(learner.weights, q / q.sum())
    assert learner.weights[1] / data[1] > learner.weights[0] / data[0] > 1


def test_chi_ibr_draws_no_language_more_rarely_than_the_rarest_of_the_data():
    learner = method("chi_ibr")
    data = np.array(SIZES) / sum(SIZES)
    losses = np.array([4.0, 1.0, 3.0])  # the rarest language is the easiest
    learner.observe(Measured(0, losses))
    learner.start_epoch(2)
    q = worst_distribution(losses, data, 0.05, 0.2)
    assert q[1] < data[1]
    q[1] = data[1]
    np.testing.assert_allclose(learner.weights, q / q.sum())


def test_group_dro():
    learner = method("group_dro", rate=0.5)
    losses = [np.array([3.0, 2.0, np.nan]), np.array([1.0, np.nan, 4.0])]
    for update, given in enumerate(losses):
        learner.observe(Measured(update, given))
    expected = np.exp(0.5 * np.array([4.0, 2.0, 4.0]))
    np.testing.assert_allclose(learner.weights, expected / expected.sum())


# Gradients of a batch


def test_pcgrad_of_two_conflicting_vectors():
    gradients = np.array([[1.0, 0.0], [-1.0, 1.0]])
    # g_1 loses its part along g_2: (1, 0) + 1/2 (-1, 1); g_2 its part along g_1: (0, 1).
    factors = projected(gradients @ gradients.T, [[1], [0]])
    np.testing.assert_allclose(factors @ gradients, [0.5, 1.5])
    agreeing = np.array([[1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_array_equal(projected(agreeing @ agreeing.T, [[1], [0]]), [1, 1])


def pcgrad_by_vectors(gradients, order):
    total = np.zeros(gradients.shape[1])
    for language, others in enumerate(order):
        own = gradients[language].copy()
        for other in others:
            product = own @ gradients[other]
            if product < 0:
                own -= product / (gradients[other] @ gradients[other]) * gradients[other]
        total += own
    return total


def gradvac_by_vectors(gradients, usual, order, beta):
    total = np.zeros(gradients.shape[1])
    for language, others in enumerate(order):
        own = gradients[language].copy()
        for other in others:
            reference = gradients[other]
            sizes = np.linalg.norm(own), np.linalg.norm(reference)
            phi, wanted = own @ reference / (sizes[0] * sizes[1]), usual[language, other]
            if phi < wanted:
                own = own + reference * sizes[0] * (
                    wanted * np.sqrt(1 - phi**2) - phi * np.sqrt(1 - wanted**2)
                ) / (sizes[1] * np.sqrt(1 - wanted**2))
            usual[language, other] = (1 - beta) * wanted + beta * phi
        total += own
    return total


@pytest.mark.parametrize("seed", range(5))
def test_surgery_agrees_with_the_slow_way_on_vectors(seed):
    generator = np.random.default_rng(seed)
    gradients = generator.standard_normal((5, 7))
    inner, order = gradients @ gradients.T, orders(5, seed, 3)
    factors = projected(inner, order)
    assert (factors != 1).any()
    np.testing.assert_allclose(factors @ gradients, pcgrad_by_vectors(gradients, order))
    usual = generator.uniform(-0.2, 0.6, (5, 5))
    slow, fast = usual.copy(), usual.copy()
    expected = gradvac_by_vectors(gradients, slow, order, 0.01)
    np.testing.assert_allclose(vaccinated(inner, fast, order, 0.01) @ gradients, expected)
    np.testing.assert_allclose(fast, slow)


def test_gradvac_reaches_the_usual_cosine():
    gradients = np.array([[3.0, 1.0], [-1.0, 2.0]])
    usual = np.array([[0.0, 0.4], [-0.9, 0.0]])  # the second pair is above its own: unchanged
    factors = vaccinated(gradients @ gradients.T, usual, [[1], [0]], 0.25)
    first = factors @ gradients - gradients[1]
    cosine = first @ gradients[1] / np.linalg.norm(first) / np.linalg.norm(gradients[1])
    assert cosine == pytest.approx(0.4)
    found = gradients[0] @ gradients[1] / np.sqrt(10 * 5)
    np.testing.assert_allclose(
        usual, [[0, 0.75 * 0.4 + 0.25 * found], [-0.75 * 0.9 + 0.25 * found, 0]]
    )


@pytest.mark.parametrize("name", ["pcgrad", "gradvac"])
def test_a_language_that_is_not_in_the_batch_changes_nothing(name):
    generator = np.random.default_rng(2)
    gradients = generator.standard_normal((3, 4))
    gradients[1] = 0
    gradients[2] -= 2 * gradients[0]  # points against the first
    learner = method(name)
    learner.observe(Measured(0, np.ones(3), gram=(gradients @ gradients.T)[None]))
    two = weighting(("aze", "tur"), (1, 1), learner.settings)
    both = gradients[[0, 2]]
    two.observe(Measured(0, np.ones(2), gram=(both @ both.T)[None]))
    np.testing.assert_allclose(learner.weights[0] @ gradients, two.weights[0] @ both)
    assert (learner.weights[0] != 1).any()


def test_surgery_by_groups_of_parameters():
    generator = torch.Generator().manual_seed(1)
    shapes, groups = [(2, 3), (4,), (3,)], [0, 1, 0]
    gradients = [
        [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
        for _ in range(3)
    ]
    inner = gram(gradients, groups)
    assert inner.shape == (2, 3, 3)
    rows = np.stack(
        [torch.cat([part.flatten() for part in gradient]).numpy() for gradient in gradients]
    )
    np.testing.assert_allclose(inner.sum(0), rows @ rows.T)
    np.testing.assert_allclose(gram(gradients)[0], rows @ rows.T)
    learner = method("pcgrad", seed=4)
    learner.observe(Measured(9, np.ones(3), gram=inner))
    total = combine(gradients, learner.weights, groups)
    order = orders(3, 4, 9)
    for group in (0, 1):
        places = [place for place in range(3) if groups[place] == group]
        own = np.stack(
            [torch.cat([gradient[p].flatten() for p in places]).numpy() for gradient in gradients]
        )
        found = torch.cat([total[p].flatten() for p in places]).numpy()
        np.testing.assert_allclose(found, pcgrad_by_vectors(own, order))


def test_pcgrad_descends_on_two_quadratics_in_conflict():
    points = np.array([[1.0, 0.0], [-1.0, 0.5]])
    model = np.array([0.3, 3.0])
    learner = weighting(("a", "b"), (1, 1), method_settings("pcgrad", {}))
    for update in range(200):
        gradients = model - points
        learner.observe(Measured(update, np.ones(2), gram=(gradients @ gradients.T)[None]))
        model = model - 0.05 * learner.weights[0] @ gradients
    # It stops on the Pareto set, the segment between the optima.
    (a, b), along = points, np.array([-2.0, 0.5])
    share = (model - a) @ along / (along @ along)
    assert 0 < share < 1
    np.testing.assert_allclose(model, a + share * (b - a), atol=1e-3)


# FAMO


def test_famo_by_hand():
    learner = method("famo", rate=0.025, decay=0.01)
    np.testing.assert_allclose(learner.weights, 1 / 3)
    losses = [np.array([4.0, 2.0, 1.0]), np.array([3.5, 2.2, 1.1]), np.array([3.0, 2.0, 1.0])]
    again = [np.array([3.6, 1.9, 0.9]), np.array([3.4, 2.0, 1.0])]
    learner.observe(Measured(100, losses[0]))
    np.testing.assert_allclose(learner.weights, np.array([1, 2, 4]) / 7)  # z_n / L_n
    for number in (1, 2):
        learner.observe(Measured(100 * number, losses[number], repeated=again[number - 1]))

    def slope(before, after):
        def at(xi):
            logits = torch.tensor(xi, requires_grad=True)
            fall = torch.from_numpy(np.log(before) - np.log(after))
            (logits.softmax(0) * fall).sum().backward()
            return logits.grad.numpy()

        return at

    steps = [slope(losses[0], again[0]), slope(losses[1], again[1])]
    xi = adam_by_hand(np.zeros(3), steps, rate=0.025, decay=0.01)
    expected = np.exp(xi) / losses[2]
    np.testing.assert_allclose(learner.weights, expected / expected.sum(), rtol=1e-6)


def test_famo_evens_out_how_fast_log_losses_fall():
    """Two quadratics in parameters of their own; most of the first one's loss cannot go away."""
    learner = weighting(("slow", "fast"), (1, 1), method_settings("famo", {"rate": 0.1}))
    hardness, rest, model = np.array([1.0, 9.0]), np.array([2.0, 0.01]), np.array([2.0, 2.0])
    before, ratios = 0.5 * hardness * model**2 + rest, []
    learner.observe(Measured(0, before))
    for update in range(1, 12):
        model = model - 0.02 * learner.weights * hardness * model
        after = 0.5 * hardness * model**2 + rest
        slow, fast = np.log(before) - np.log(after)
        ratios.append(fast / slow)
        learner.observe(Measured(update, after, repeated=after))
        before = after
    assert ratios[0] > 4
    assert ratios[-1] < 2


def test_famo_needs_positive_losses_and_the_batches_before():
    learner = method("famo")
    with pytest.raises(DataError, match="not positive"):
        learner.observe(Measured(100, np.array([1.0, 0.0, 1.0])))
    learner.observe(Measured(100, np.ones(3)))
    with pytest.raises(UsageError, match="batches measured before"):
        learner.observe(Measured(200, np.ones(3)))


# All of them


VALUES = {
    "cats": {"alpha_rate": 0.1},
    "static": {"weights": {"aze": 1.0, "bel": 1.0, "tur": 3.0}},
    "temperature": {"temperature": 5.0},
    "multidds_s": {"steps": 3},
}


def measured(learner, update):
    """Something for every need."""
    generator = np.random.default_rng(update)
    gradients = generator.standard_normal((3, 5))
    gradients[2] -= gradients[0] + gradients[1]  # points against the others
    inner = gradients @ gradients.T
    return Measured(
        update=update,
        losses=generator.uniform(1, 5, 3),
        products=GradientProducts.of_gram(inner, np.full(3, 1 / 3)),
        gram=np.stack([inner, 2 * inner]),
        rewards=generator.uniform(-1, 1, 3),
        repeated=generator.uniform(1, 5, 3),
    )


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_restored_method_goes_on_the_same(name):
    def drive(learner, updates):
        for update in updates:
            if learner.needs.when != "never":
                assert learner.observe(measured(learner, update))
            if update % 4 == 0:
                learner.start_epoch(update // 4)
        return learner

    values = VALUES.get(name, {})
    whole, first, second = (method(name, **values) for _ in range(3))
    drive(whole, range(1, 20))
    drive(first, range(1, 12))
    second.restore(json.loads(json.dumps(first.state())))
    drive(second, range(12, 20))
    np.testing.assert_array_equal(second.weights, whole.weights)
    assert second.state() == whole.state()
    assert json.loads(json.dumps(second.trace())) == whole.trace()
    if whole.acts_on != "gradients":
        assert whole.weights.sum() == pytest.approx(1)
    if whole.needs.when != "never":
        assert (whole.weights != method(name, **values).weights).any()


@pytest.mark.parametrize("name", sorted(METHODS))
def test_nothing_is_learned_from_numbers_that_are_not_finite(name):
    learner = method(name, **VALUES.get(name, {}))
    before = learner.state()
    assert not learner.observe(Measured(1, np.array([1.0, np.inf, 1.0])))
    assert learner.state() == before | {"skipped": 1}


@pytest.mark.parametrize("name", ["cats", "gradnorm", "gradvac", "multidds_s", "pcgrad"])
def test_a_method_that_is_not_told_what_it_needs(name):
    with pytest.raises(UsageError, match="was told no"):
        method(name, **VALUES.get(name, {})).observe(Measured(1, np.ones(3)))


def test_names_and_settings_are_checked():
    with pytest.raises(UsageError, match="unknown method 'gradvacc'"):
        method_settings("gradvacc", {})
    with pytest.raises(ValidationError):
        method_settings("gradvac", {"beta": 0.1})
    with pytest.raises(UsageError, match="two or more different"):
        weighting(("a", "a"), (1, 1), method_settings("famo", {}))
    assert method("cats", alpha_rate=0.1).settings == preset("relative", alpha_rate=0.1)
    assert method("cats", mode="literal").settings == preset("literal")
    assert method("gradnorm", period=10).due(20)
    assert not method("pcgrad").due(20)


def test_adam_with_a_state_of_json():
    first = VectorAdam(np.array([1.0, -2.0]), learning_rate=0.1, weight_decay=0.3)
    gradients = [np.array([0.1, 0.7]), np.array([-0.5, 0.2]), np.array([0.3, 0.3])]
    for gradient in gradients[:2]:
        first.step(gradient)
    second = VectorAdam(np.zeros(2), learning_rate=0.1, weight_decay=0.3)
    second.restore(json.loads(json.dumps(first.state())))
    first.step(gradients[2])
    second.step(gradients[2])
    expected = adam_by_hand(
        np.array([1.0, -2.0]), [lambda _, g=g: g for g in gradients], rate=0.1, decay=0.3
    )
    np.testing.assert_allclose(first.values, expected, rtol=1e-7)
    np.testing.assert_array_equal(first.values, second.values)
