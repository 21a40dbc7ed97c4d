# SPDX-License-Identifier: Apache-2.0
"""CATS: controller, projection, probes, token shares (docs/cats.md)."""

from __future__ import annotations

import json
import threading
import weakref

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from xling.errors import DataError, UsageError
from xling.mt.cats import probe as probes
from xling.mt.cats.controller import Cats
from xling.mt.cats.probe import Across, probe
from xling.mt.cats.projection import project
from xling.mt.cats.settings import preset
from xling.mt.settings import PeriodicSettings
from xling.mt.token_shares import TokenShares
from xling.mt.weighting import GradientProducts, Measured

LANGUAGES = ("aze", "bel", "tur", "rus")
MODES = [
    pytest.param({"mode": "literal", "parameterisation": "project"}, id="project"),
    pytest.param({"mode": "literal", "parameterisation": "softmax"}, id="softmax"),
    pytest.param({"mode": "relative"}, id="relative"),
]


def controller(mode="literal", languages=LANGUAGES, **changes):
    return Cats(languages, preset(mode, **changes))


def problem(seed=0, count=4, parameters=6):
    generator = np.random.default_rng(seed)
    gradients = generator.standard_normal((count, parameters))
    return generator.uniform(1, 5, count), gradients


def placed(cats, seed=1):
    """Put weights and multipliers where no term of the objective vanishes."""
    generator = np.random.default_rng(seed)
    cats._alpha = generator.dirichlet(np.ones(len(cats.languages))) * 1.1
    cats.lambda_curvature, cats.lambda_sum = 0.7, 0.4
    cats.lambda_floor = generator.uniform(0, 1, len(cats.languages))
    return cats


# The gradient of the objective


def literal_objective(alpha, cats, losses, gradients):
    """Equation (1), term by term."""
    eps_c, eps_a = cats.settings.bound, cats.floor
    if cats.settings.curvature == "combined":
        curvature = np.linalg.norm(sum(a * g for a, g in zip(alpha, gradients, strict=True))) ** 2
    else:
        curvature = sum(
            a**2 * np.linalg.norm(g) ** 2 for a, g in zip(alpha, gradients, strict=True)
        )
    value = -cats.lambda_curvature * (eps_c - curvature)
    if cats.settings.loss_term:
        value += sum(a * loss for a, loss in zip(alpha, losses, strict=True))
    if cats.settings.parameterisation == "free":
        value += cats.lambda_sum * (sum(alpha) - 1) ** 2
        value -= sum(
            multiplier * (a - eps_a) for multiplier, a in zip(cats.lambda_floor, alpha, strict=True)
        )
    return value


def relative_objective(alpha, cats, losses, gradients):
    """The scale-free form: losses over their mean, curvature over that of equal weights."""
    equal = np.full(len(alpha), 1 / len(alpha))
    if cats.settings.curvature == "combined":
        ratio = np.sum((alpha @ gradients) ** 2) / np.sum((equal @ gradients) ** 2)
    else:
        norms = (gradients**2).sum(1)
        ratio = (alpha**2 @ norms) / (equal**2 @ norms)
    value = cats.lambda_curvature * (ratio - cats.settings.bound)
    return value + cats.settings.loss_term * (alpha @ losses) / losses.mean()


@pytest.mark.parametrize("curvature", ["combined", "separate"])
@pytest.mark.parametrize("loss_term", [True, False])
@pytest.mark.parametrize(
    ("mode", "parameterisation", "objective"),
    [
        ("literal", "free", literal_objective),
        ("literal", "project", literal_objective),
        ("relative", "multiplicative", relative_objective),
    ],
)
def test_the_gradient_is_that_of_the_objective(
    mode, parameterisation, objective, loss_term, curvature
):
    cats = placed(
        controller(
            mode, parameterisation=parameterisation, loss_term=loss_term, curvature=curvature
        )
    )
    losses, gradients = problem()
    found = cats.gradient(losses, GradientProducts.of_gram(gradients @ gradients.T, cats.weights))
    h = 1e-5
    for place in range(4):
        step = h * np.eye(4)[place]
        difference = objective(cats.weights + step, cats, losses, gradients) - objective(
            cats.weights - step, cats, losses, gradients
        )
        assert found[place] == pytest.approx(difference / (2 * h), rel=1e-7, abs=1e-8)


def test_softmax_weights_descend_along_their_logits():
    cats = controller(parameterisation="softmax", alpha_rate=1e-6)
    losses, gradients = problem()
    numbers = GradientProducts.of_gram(gradients @ gradients.T, cats.weights)

    def shares(logits):
        powers = np.exp(logits) / np.exp(logits).sum()
        return cats.floor + (1 - 4 * cats.floor) * powers

    expected = [
        (
            literal_objective(shares(h), cats, losses, gradients)
            - literal_objective(shares(-h), cats, losses, gradients)
        )
        / 2e-5
        for h in 1e-5 * np.eye(4)
    ]
    cats.step(losses, numbers)
    np.testing.assert_allclose(cats._logits / -1e-6, expected, rtol=1e-6)
    np.testing.assert_allclose(cats.weights, shares(cats._logits), rtol=1e-12)


# Signs, invariants


@pytest.mark.parametrize("changes", MODES)
def test_the_multiplier_rises_above_the_bound_and_falls_below_it(changes):
    losses, gradients = problem()
    for bound, sign in ((0.1, 1), (1e6, -1)):
        cats = controller(**changes, bound=bound, lambda_max=1e9)
        cats.lambda_curvature = 10.0
        cats.step(losses, GradientProducts.of_gram(gradients @ gradients.T, cats.weights))
        assert np.sign(cats.lambda_curvature - 10.0) == sign


@pytest.mark.parametrize("changes", MODES)
def test_curvature_takes_weight_from_the_language_along_the_combined_gradient(changes):
    _, gradients = problem(3)
    cats = controller(**changes, loss_term=False)
    cats.lambda_curvature = 1.0
    numbers = GradientProducts.of_gram(gradients @ gradients.T, cats.weights)
    most = int(np.argmax(gradients @ (cats.weights @ gradients)))
    before = cats.weights
    after = cats.step(np.ones(4), numbers)
    assert after[most] < before[most]
    assert np.argmin(after - before) == most


@pytest.mark.parametrize("changes", MODES)
@pytest.mark.parametrize("curvature", ["combined", "separate"])
def test_weights_stay_shares_and_the_multiplier_in_bounds(changes, curvature):
    rates = {"alpha_rate": 0.5, "lambda_max": 2.0}
    cats = controller(**(changes | rates), curvature=curvature)
    reached = set()
    for seed in range(60):
        losses, gradients = problem(seed)
        gradients *= 10.0 ** (seed % 5 - 3)
        cats.step(losses, GradientProducts.of_gram(gradients @ gradients.T, cats.weights))
        assert cats.weights.sum() == pytest.approx(1, abs=1e-12)
        assert (cats.weights >= 0.1 / 4 - 1e-12).all()
        assert 0 <= cats.lambda_curvature <= 2
        assert cats.lambda_sum == 0
        assert not cats.lambda_floor.any()
        reached.add(cats.lambda_curvature)
    assert 2.0 in reached  # the bound was tried


def test_free_weights_are_held_by_multipliers_alone():
    cats = controller(parameterisation="free", alpha_rate=0.01)
    losses, gradients = problem()
    gram = gradients @ gradients.T
    cats._alpha = np.array([0.5, 0.5, 0.4, 0.001])
    curvature = cats._alpha @ gram @ cats._alpha
    expected = cats._alpha - 0.01 * losses  # all multipliers are 0 yet
    cats.step(losses, GradientProducts.of_gram(gram, cats._alpha))
    np.testing.assert_allclose(cats.weights, expected)
    assert cats.lambda_curvature == pytest.approx(0.01 * (curvature - 0.001))
    assert cats.lambda_sum == pytest.approx(0.01 * 0.401**2)
    np.testing.assert_allclose(cats.lambda_floor, [0, 0, 0, 0.01 * (0.025 - 0.001)])


def test_relative_mode_does_not_depend_on_scales():
    weights = []
    for scale in (1.0, 100.0):
        cats = controller("relative")
        for seed in range(5):
            losses, gradients = problem(seed)
            gradients *= scale
            gram = gradients @ gradients.T
            cats.step(losses * scale, GradientProducts.of_gram(gram, cats.weights))
        weights.append(cats.weights)
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-10)


def test_a_relative_step_by_hand():
    cats = controller("relative", languages=("a", "b"), alpha_rate=0.1, lambda_rate=0.2)
    cats.step(np.array([1.0, 3.0]), GradientProducts.of_gram(np.eye(2), cats.weights))
    # losses over their mean 0.5 and 1.5, centred -0.5 and 0.5; C of equal weights: ratio 1.
    a, b = 0.5 * np.exp(0.05), 0.5 * np.exp(-0.05)
    expected = 0.05 + 0.9 * np.array([a, b]) / (a + b)
    np.testing.assert_allclose(cats.weights, expected, rtol=1e-12)
    assert cats.lambda_curvature == pytest.approx(0.2 * (1 - 0.5))


def test_relative_steps_are_centred_and_then_cut():
    cats = controller("relative", languages=("a", "b", "c"), alpha_rate=0.1)
    cats.lambda_curvature = 5.0
    gram = np.diag([0.0, 0.0, 1.0])
    cats.step(np.ones(3), GradientProducts.of_gram(gram, cats.weights))
    # The gradient is 1, 1 and 1 + 5 * 2 / 3 / (1 / 9) = 31, centred -10, -10 and 20.
    powers = np.exp([0.3, 0.3, -0.3])
    np.testing.assert_allclose(cats.weights, 0.1 / 3 + 0.9 * powers / powers.sum(), rtol=1e-12)


def test_gradients_that_add_up_to_nothing_are_an_error_in_relative_mode():
    cats = controller("relative", languages=("a", "b"))
    opposite = np.array([[1.0, -1.0], [-1.0, 1.0]])
    with pytest.raises(DataError, match="add up to nothing"):
        cats.step(np.ones(2), GradientProducts.of_gram(opposite, cats.weights))


@pytest.mark.parametrize("seed", range(5))
def test_the_projection_is_the_nearest_point(seed):
    from scipy.optimize import minimize

    point = np.random.default_rng(seed).normal(0.2, 0.5, 5)
    floor = 0.03
    best = minimize(
        lambda x: np.sum((x - point) ** 2),
        np.full(5, 0.2),
        bounds=[(floor, None)] * 5,
        constraints={"type": "eq", "fun": lambda x: x.sum() - 1},
        options={"ftol": 1e-14},
    ).x
    np.testing.assert_allclose(project(point, floor), best, atol=1e-6)


def test_the_projection_of_a_far_point_is_a_corner():
    np.testing.assert_allclose(project(np.array([50.0, 0.0, -50.0]), 0.1), [0.8, 0.1, 0.1])
    np.testing.assert_allclose(project(np.array([0.5, 0.3, 0.2]), 0.1), [0.5, 0.3, 0.2])


# The toy of section 2.6: three quadratic tasks, the model takes gradient steps in between


def toy(steps=400, **changes):
    hardness = np.array([1.0, 4.0, 10.0])
    optima = np.array([[1.0, 0.0], [-1.0, 0.5], [0.0, -1.0]])
    rest = np.array([0.2, 0.5, 1.0])
    cats, model = Cats(("a", "b", "c"), preset(**changes)), np.array([2.0, 2.0])
    path = []
    for _ in range(steps):
        model = model - 0.02 * cats.weights @ (hardness[:, None] * (model - optima))
        gradients = hardness[:, None] * (model - optima)
        losses = 0.5 * hardness * ((model - optima) ** 2).sum(1) + rest
        cats.step(losses, GradientProducts.of_gram(gradients @ gradients.T, cats.weights))
        path.append(cats.weights)
    return np.array(path)


@pytest.mark.parametrize("rate", [1e-3, 1e-2])
def test_free_literal_weights_diverge(rate):
    with pytest.raises(UsageError, match="diverged"):
        toy(mode="literal", parameterisation="free", alpha_rate=rate)


def test_free_literal_weights_with_small_steps_lose_their_sum():
    slow = toy(mode="literal", parameterisation="free", alpha_rate=1e-5)
    assert 0.9 < slow[-1].sum() < 0.99
    assert np.ptp(slow[-1]) < 0.02
    assert toy(mode="literal", parameterisation="free", alpha_rate=1e-4)[-1].sum() < 0.7


def test_projected_literal_weights_go_to_the_easiest_language():
    end = toy(mode="literal", alpha_rate=1e-3)[-1]
    np.testing.assert_allclose(end, [1 - 0.2 / 3, 0.1 / 3, 0.1 / 3], atol=1e-9)


def test_relative_weights_stay_moderate():
    path = toy(mode="relative")
    assert 0.15 < path.min() < path.max() < 0.6
    np.testing.assert_allclose(path[-1], path[-100], atol=0.03)


# State, trace, skipped measurements


@pytest.mark.parametrize(
    "changes", [*MODES, {"mode": "literal", "parameterisation": "free", "alpha_rate": 1e-4}]
)
def test_a_restored_controller_goes_on_the_same(changes):
    def drive(cats, seeds):
        for seed in seeds:
            losses, gradients = problem(seed)
            products = GradientProducts.of_gram(gradients @ gradients.T, cats.weights)
            assert cats.observe(Measured(update=100 * seed, losses=losses, products=products))
        return cats

    whole = drive(controller(**changes), range(20))
    first = drive(controller(**changes), range(12))
    second = controller(**changes)
    second.restore(json.loads(json.dumps(first.state())))
    drive(second, range(12, 20))
    assert second.state() == whole.state()
    np.testing.assert_array_equal(second.weights, whole.weights)
    assert second.trace() == whole.trace()
    assert set(json.loads(json.dumps(whole.trace()))) > {"alpha", "curvature", "gradient_norm"}


def test_the_state_of_another_training_is_refused():
    state = controller().state()
    with pytest.raises(DataError, match="other languages"):
        controller(languages=("bel", "aze", "tur", "rus")).restore(state)
    with pytest.raises(DataError, match="other settings"):
        controller(alpha_rate=0.5).restore(state)
    del state["alpha"]
    with pytest.raises(DataError, match="not usable"):
        controller().restore(state)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_measurement_that_is_not_finite_changes_nothing(where, bad):
    cats = controller("relative")
    losses, gradients = problem()
    products = GradientProducts.of_gram(gradients @ gradients.T, cats.weights)
    (losses if where == "loss" else products.products)[2] = bad
    before = cats.state()
    assert not cats.observe(Measured(update=100, losses=losses, products=products))
    assert cats.skipped == 1
    assert cats.state() == before | {"skipped": 1}


def test_when_to_measure():
    settings = PeriodicSettings(period=10, start=25)
    assert [updates for updates in range(61) if settings.due(updates)] == [30, 40, 50, 60]
    assert PeriodicSettings(period=10, start=30).due(40)
    assert not PeriodicSettings(period=10, start=30).due(30)


def test_settings_that_contradict_each_other():
    with pytest.raises(UsageError, match="'litteral'"):
        preset("litteral")
    with pytest.raises(ValidationError, match="does not go with"):
        preset("relative", parameterisation="project")
    assert preset("literal", alpha_rate=0.01).lambda_rate == 0.01


# Token shares


def test_factors_of_token_losses():
    shares = TokenShares(("a", "b"), [3, 1], [10, 10], largest=3)
    np.testing.assert_allclose(shares.shares, [0.75, 0.25])
    np.testing.assert_array_equal(shares.factors(shares.shares), [1, 1])
    np.testing.assert_allclose(shares.factors(np.array([0.1, 0.9])), [0.1 / 0.75, 3])
    assert shares.trace() == {"conversions": 2, "capped": {"a": 0, "b": 1}}
    other = TokenShares(("a", "b"), [3, 1], [10, 10], largest=3)
    other.restore(json.loads(json.dumps(shares.state())))
    other.factors(np.array([0.1, 0.9]))
    assert other.trace() == {"conversions": 3, "capped": {"a": 0, "b": 2}}
    with pytest.raises(DataError, match="'b'"):
        TokenShares(("a", "b"), [1, 0], [10, 10])


def test_factors_give_the_weighted_loss_in_expectation():
    generator = np.random.default_rng(0)
    sampling, lengths = np.array([0.5, 0.3, 0.2]), np.array([5.0, 9.0, 20.0])
    losses, alpha = np.array([2.0, 3.0, 5.0]), np.array([0.2, 0.3, 0.5])
    shares = TokenShares(("a", "b", "c"), sampling, lengths)
    factors = shares.factors(alpha)
    drawn = generator.choice(3, 200_000, p=sampling)
    tokens = lengths[drawn]
    value = (factors[drawn] * tokens * losses[drawn]).sum() / tokens.sum()
    assert value == pytest.approx(alpha @ losses, rel=0.01)


# Probes


class Net(torch.nn.Module):
    """Shared layers, a part that only some languages use, and one that none uses."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.shared = torch.nn.Linear(4, 8)
        self.extra = torch.nn.Linear(8, 8)
        self.out = torch.nn.Linear(8, 3)
        self.unused = torch.nn.Linear(2, 2)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.5

    def loss(self, language):
        generator = torch.Generator().manual_seed(100 + language)
        inputs = torch.randn(6, 4, generator=generator).to(self.out.weight.dtype)
        targets = torch.randint(0, 3, (6,), generator=generator)
        hidden = torch.tanh(self.shared(inputs))
        if language % 2:
            hidden = hidden + torch.tanh(self.extra(hidden))
        return torch.nn.functional.cross_entropy(self.out(hidden), targets)


ALPHA = np.array([0.1, 0.2, 0.3, 0.4])


def explicit(net, first=0):
    """Losses and gradients by ``backward`` of four languages, as one matrix."""
    losses, rows = [], []
    for language in range(first, first + 4):
        net.zero_grad()
        loss = net.loss(language)
        loss.backward()
        losses.append(loss.item())
        rows.append(
            torch.cat(
                [
                    (torch.zeros_like(p) if p.grad is None else p.grad).flatten()
                    for p in net.parameters()
                ]
            )
        )
    net.zero_grad()
    return np.array(losses), torch.stack(rows).double().numpy()


@pytest.mark.parametrize(("kind", "tolerance"), [("gram", 1e-5), ("twopass", 1e-5), ("fd", 5e-3)])
@pytest.mark.parametrize("exact_norms", [True, False])
def test_probes_agree_with_explicit_gradients(kind, tolerance, exact_norms):
    net = Net()
    losses, gradients = explicit(net)
    before = [p.detach().clone() for p in net.parameters()]
    found = probe(kind, net.loss, list(net.parameters()), ALPHA, Across(exact_norms=exact_norms))
    combined = ALPHA @ gradients
    scale = np.abs(gradients @ combined).max()
    np.testing.assert_allclose(found.losses, losses, rtol=1e-6)
    products = found.products
    np.testing.assert_allclose(products.products, gradients @ combined, atol=tolerance * scale)
    np.testing.assert_allclose(products.squared_norms, (gradients**2).sum(1), rtol=1e-5)
    assert products.combined == pytest.approx(combined @ combined, rel=1e-5)
    assert products.uniform == pytest.approx((gradients.mean(0) ** 2).sum(), rel=1e-5)
    assert found.finite
    assert found.disagreement < tolerance
    for parameter, old in zip(net.parameters(), before, strict=True):
        assert torch.equal(parameter, old)
        assert parameter.grad is None


def in_two_processes(work):
    """Run ``work(rank, mean)`` for two ranks side by side, as threads; ``mean`` is theirs."""
    barrier, sent, results = threading.Barrier(2, timeout=60), {}, {}

    def run(rank):
        def mean(values):
            sent[rank] = values
            barrier.wait()
            result = (sent[0] + sent[1]) / 2
            barrier.wait()
            return result

        results[rank] = work(rank, mean)

    threads = [threading.Thread(target=run, args=(rank,)) for rank in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results[0], results[1]


@pytest.mark.parametrize(("kind", "tolerance"), [("gram", 1e-9), ("twopass", 1e-9), ("fd", 1e-5)])
@pytest.mark.parametrize("exact_norms", [True, False])
def test_probes_of_two_processes_are_those_of_averaged_gradients(kind, tolerance, exact_norms):
    nets = [Net().double(), Net().double()]
    own = [explicit(nets[0]), explicit(nets[1], first=10)]

    def work(rank, mean):
        def loss(language):
            return nets[rank].loss(language + 10 * rank)

        across = Across(mean=mean, exact_norms=exact_norms)
        return probe(kind, loss, list(nets[rank].parameters()), ALPHA, across)

    found, other = in_two_processes(work)
    losses, gradients = ((own[0][part] + own[1][part]) / 2 for part in (0, 1))
    combined = ALPHA @ gradients
    norms = (gradients**2).sum(1)
    if kind != "gram" and not exact_norms:
        norms = ((own[0][1] ** 2).sum(1) + (own[1][1] ** 2).sum(1)) / 2
    scale = np.abs(gradients @ combined).max()
    np.testing.assert_allclose(found.losses, losses, rtol=1e-9)
    np.testing.assert_allclose(
        found.products.products, gradients @ combined, atol=tolerance * scale
    )
    np.testing.assert_allclose(found.products.squared_norms, norms, rtol=1e-9)
    assert found.products.uniform == pytest.approx((gradients.mean(0) ** 2).sum(), rel=1e-9)
    np.testing.assert_array_equal(found.products.products, other.products.products)


@pytest.mark.parametrize(("kind", "kept"), [("gram", 7), ("twopass", 1), ("fd", 1)])
def test_only_gram_keeps_a_gradient_per_language(kind, kept, monkeypatch):
    made, most = [], []
    real = probes.gradient_of

    def recorded(*arguments):
        value, gradient = real(*arguments)
        made.append(weakref.ref(gradient[0]))
        most.append(sum(reference() is not None for reference in made))
        return value, gradient

    monkeypatch.setattr(probes, "gradient_of", recorded)
    net = Net()
    probe(kind, net.loss, list(net.parameters()), np.full(8, 1 / 8))
    assert max(most) >= kept
    assert max(most) <= (8 if kind == "gram" else 2)  # the last one lives until the next is there


@pytest.mark.parametrize("kind", ["gram", "twopass", "fd"])
@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_a_gradient_that_is_not_finite_is_reported(kind, bad):
    net = Net()
    before = [p.detach().clone() for p in net.parameters()]

    def loss(language):
        return net.loss(language) * (bad if language == 2 else 1)

    found = probe(kind, loss, list(net.parameters()), ALPHA)
    assert not found.finite
    assert all(torch.equal(p, old) for p, old in zip(net.parameters(), before, strict=True))


@pytest.mark.parametrize("kind", ["gram", "twopass"])
def test_the_loss_scale_of_half_precision_is_taken_out(kind):
    net = Net()
    plain = probe(kind, net.loss, list(net.parameters()), ALPHA)
    scaled = probe(kind, net.loss, list(net.parameters()), ALPHA, Across(loss_scale=1024.0))
    np.testing.assert_allclose(scaled.losses, plain.losses)
    np.testing.assert_allclose(scaled.products.products, plain.products.products, rtol=1e-6)


def test_half_precision_parameters():
    net = Net().bfloat16()
    exact = Net()
    exact.load_state_dict(net.state_dict())
    parameters = list(net.parameters())
    found = probe("twopass", net.loss, parameters, ALPHA)
    wanted = probe("gram", exact.loss, list(exact.parameters()), ALPHA)
    np.testing.assert_allclose(
        found.products.squared_norms, wanted.products.squared_norms, rtol=0.05
    )
    with pytest.raises(UsageError, match="bfloat16"):
        probe("fd", net.loss, parameters, ALPHA)
    with pytest.raises(UsageError, match="unknown probe 'two_pass'"):
        probe("two_pass", net.loss, parameters, ALPHA)


def test_a_loss_that_changes_between_passes_shows():
    net = Net()
    torch.manual_seed(0)

    def noisy(language):
        return net.loss(language) * (1 + torch.rand(()))

    assert probe("twopass", noisy, list(net.parameters()), ALPHA).disagreement > 0.01
    assert probe("twopass", net.loss, list(net.parameters()), ALPHA).disagreement < 1e-5


def test_parameters_that_no_loss_reaches_give_zeros():
    net = Net()
    for kind in ("gram", "twopass", "fd"):
        found = probe(kind, net.loss, list(net.unused.parameters()), ALPHA)
        assert found.finite
        assert not found.products.products.any()
        assert found.disagreement == 0
