# SPDX-License-Identifier: Apache-2.0
"""Curvature, gradients and interference against full matrices and numbers worked out by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from xling.errors import DataError
from xling.mt.analysis.curvature import Hessian, fisher_traces, top_eigenvalue
from xling.mt.analysis.geometry import cosines, parameter_groups, relate, update_shares
from xling.mt.analysis.interference import STEP, curvatures_along, steps
from xling.mt.analysis.paired import paired_languages
from xling.mt.analysis.survey import Probed, survey

WIDTH, CLASSES = 3, 4


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def network(seed=0):
    """Two layers, and a third tensor that the loss never reaches; inputs, classes."""
    random = torch.Generator().manual_seed(seed)
    shapes = ((5, WIDTH), (CLASSES, 5), (2,))
    parameters = [torch.randn(shape, generator=random).requires_grad_() for shape in shapes]
    inputs = torch.randn((7, WIDTH), generator=random)
    labels = torch.randint(CLASSES, (7,), generator=random)
    return parameters, inputs, labels


def log_probabilities(first, second, inputs):
    return torch.log_softmax(torch.tanh(inputs @ first.T) @ second.T, 1)


def full_hessian(function, parameters):
    """Return the whole matrix, of parameters that are laid one behind the other."""
    sizes = [part.numel() for part in parameters]

    def flat(vector):
        parts = zip(vector.split(sizes), parameters, strict=True)
        return function(*(piece.view(like.shape) for piece, like in parts))

    point = torch.cat([part.detach().flatten() for part in parameters])
    return torch.autograd.functional.hessian(flat, point)


def small():
    parameters, inputs, labels = network()

    def loss(first, second, _):
        return torch.nn.functional.nll_loss(log_probabilities(first, second, inputs), labels)

    return parameters, loss


def split(vector, like):
    parts = zip(vector.split([part.numel() for part in like]), like, strict=True)
    return [piece.view(part.shape) for piece, part in parts]


def test_products_are_those_of_the_full_hessian():
    parameters, loss = small()
    full = full_hessian(loss, parameters)
    hessian = Hessian(loss(*parameters), parameters)
    vector = torch.randn(full.shape[0], generator=torch.Generator().manual_seed(4))
    direction = split(vector, parameters)
    for _ in range(2):  # the graph is kept
        found = torch.cat([part.flatten() for part in hessian.times(direction)])
        torch.testing.assert_close(found, full @ vector)
    expected = float(vector @ full @ vector / (vector @ vector))
    assert hessian.along(direction) == pytest.approx(expected)
    assert not hessian.gradient[0].requires_grad


def test_top_eigenvalue_is_that_of_the_full_hessian():
    parameters, loss = small()
    full = torch.linalg.eigvalsh(full_hessian(loss, parameters))
    found = top_eigenvalue(Hessian(loss(*parameters), parameters), seed=1, iterations=200)
    assert found.converged
    assert found.iterations < 200
    assert found.value == pytest.approx(float(full.max()), rel=2e-3)
    assert found.residual <= 0.05


def quadratic(diagonal):
    parameter = torch.ones(len(diagonal)).requires_grad_()
    return Hessian((torch.tensor(diagonal) * parameter**2).sum() / 2, [parameter])


def test_top_eigenvalue_where_the_largest_in_size_is_negative():
    found = top_eigenvalue(quadratic([-5.0, 2.0, 1.0]), seed=1, iterations=100)
    assert found.converged
    assert found.value == pytest.approx(2.0, rel=1e-2)
    # All negative: the one next to zero, where the residual is a larger share.
    found = top_eigenvalue(quadratic([-5.0, -3.0, -1.0]), seed=1, iterations=100)
    assert found.value == pytest.approx(-1.0, rel=1e-2)


def test_a_tie_in_size_is_not_called_converged():
    found = top_eigenvalue(quadratic([3.0, -3.0]), seed=1)
    assert not found.converged
    assert found.residual > 0.05


def test_what_has_no_curvature_is_refused():
    with pytest.raises(DataError, match="length 0"):
        top_eigenvalue(quadratic([0.0, 0.0]), seed=1)
    with pytest.raises(DataError, match="length 0"):
        quadratic([1.0, 1.0]).along([torch.zeros(2)])
    with pytest.raises(DataError, match="no target token"):
        fisher_traces([], [])


def test_fisher_trace_is_the_mean_squared_gradient_of_a_token():
    """Two sentences of 3 and 4 tokens; gradients one by one from autograd."""
    parameters, inputs, labels = network()
    first, second, _ = parameters
    gold = log_probabilities(first, second, inputs).gather(1, labels[:, None])[:, 0]
    sentences = [([gold[:3].sum()], 3), ([gold[3:].sum()], 4)]
    expected = 0.0
    for (likelihood,), _ in sentences:
        for part in torch.autograd.grad(likelihood, [first, second], retain_graph=True):
            expected += float((part**2).sum())
    # Both sentences are of one graph here, which is therefore built again for each.
    fresh = (
        ([log_probabilities(first, second, inputs[a:b]).gather(1, labels[a:b, None]).sum()], b - a)
        for a, b in ((0, 3), (3, 7))
    )
    (found,) = fisher_traces(fresh, parameters)
    assert found == pytest.approx(expected / 7)


def test_fisher_trace_of_all_labels_is_the_trace_of_the_hessian():
    """Of a linear softmax classifier the Gauss-Newton matrix is the Hessian."""
    _, inputs, labels = network()
    weights = torch.randn((CLASSES, WIDTH), generator=torch.Generator().manual_seed(3))
    weights.requires_grad_()

    def loss(matrix):
        return torch.nn.functional.cross_entropy(inputs @ matrix.T, labels)

    # The expectation over drawn labels: every label of every token, by its probability.
    expected = 0.0
    for one in inputs:
        shares = torch.softmax(one @ weights.T, 0).tolist()
        ways = list(torch.log_softmax(one @ weights.T, 0))
        squares = fisher_traces([(ways, 1)], [weights])
        expected += sum(share * square for share, square in zip(shares, squares, strict=True))
    trace = float(full_hessian(loss, [weights]).trace())
    assert expected / len(inputs) == pytest.approx(trace)


def test_parameters_have_groups():
    names = [
        "encoder.embed_tokens.weight",
        "encoder.layernorm_embedding.weight",
        "encoder.layers.0.fc1.weight",
        "encoder.layer_norm.bias",
        "decoder.embed_positions.weight",
        "decoder.layers.1.encoder_attn.q_proj.weight",
        "decoder.output_projection.weight",
    ]
    assert parameter_groups(names) == [
        *("embeddings", "embeddings", "encoder", "encoder", "embeddings", "decoder", "output")
    ]


def test_cosines_and_conflicts_by_hand():
    # g_0 = (1, 0), g_1 = (1, 1), g_2 = (-3, 0), g_3 = 0
    gradients = np.array([[1.0, 0.0], [1.0, 1.0], [-3.0, 0.0], [0.0, 0.0]])
    cosine = cosines(gradients @ gradients.T)
    half = math.sqrt(0.5)
    np.testing.assert_allclose(
        cosine, [[1, half, -1, 0], [half, 1, -half, 0], [-1, -half, 1, 0], [0, 0, 0, 0]], atol=1e-15
    )
    relation = relate(cosine, high=[0, 1], low=[2, 3])
    assert relation.mean_cosine == pytest.approx((-1 - half) / 4)
    assert (relation.conflicting, relation.pairs) == (0.5, 4)
    assert relate(cosine, high=[0], low=[]) is None


def test_shares_of_the_update_by_hand():
    # p g = (3, 0), (0, 4): the sum has length 5.
    gram = np.diag([36.0, 64.0])
    np.testing.assert_allclose(update_shares(gram, np.array([0.5, 0.5])), [0.6, 0.8])


def quadratics():
    """Two losses x A x / 2 + b x at a point that is critical for neither."""
    point = torch.tensor([1.0, 2.0]).requires_grad_()
    matrices = {
        "qaa": torch.tensor([[2.0, 1.0], [1.0, 5.0]]),
        "qab": torch.tensor([[1.0, 0.0], [0.0, 3.0]]),
    }

    def loss(language):
        return point @ matrices[language] @ point / 2 + point.sum()

    return point, matrices, loss


def test_steps_are_described_by_two_terms_of_a_quadratic():
    point, matrices, loss = quadratics()
    gradients, along = {}, {}
    for language in matrices:
        hessian = Hessian(loss(language), [point])
        gradients[language] = hessian.gradient
    for language in matrices:
        along |= curvatures_along(Hessian(loss(language), [point]), language, gradients)
    before = point.detach().clone()
    found = steps(loss, list(matrices), [point], along, gradients)
    assert torch.equal(point.detach(), before)
    assert [(one.language, one.other) for one in found] == [("qaa", "qab"), ("qab", "qaa")]
    for one in found:
        unit = gradients[one.other][0] / gradients[one.other][0].norm()
        curvature = float(unit @ matrices[one.language] @ unit)
        assert one.curvature == pytest.approx(curvature)
        assert one.length == pytest.approx(STEP * math.sqrt(5))
        assert one.linear == pytest.approx(float(-one.length * unit @ gradients[one.language][0]))
        assert one.increase == pytest.approx(one.linear + curvature * one.length**2 / 2, rel=1e-9)


def probed(languages=("qaa", "qab"), shares=None):
    point, matrices, _ = quadratics()
    names = {"encoder.embed_tokens.weight": point}

    def loss(language):
        return point @ matrices["qab" if language == "qab" else "qaa"] @ point / 2

    def likelihoods(language):
        yield [-loss(language), -2 * loss(language)], 2

    return Probed(languages, names, loss, likelihoods, shares)


def test_survey_of_a_toy():
    found = survey(probed(shares={"qaa": 0.5, "qab": 0.5}), {"low": ["qab"], "high": ["qaa"]})
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    first = found["curvature"]["qab"]
    # g = (1, 6), loss = 1 / 2 + 6
    assert first["loss"] == pytest.approx(6.5)
    assert first["fisher_empirical"] == pytest.approx(37 / 2)
    assert first["fisher_sampled"] == pytest.approx(4 * 37 / 2)
    assert first["top_eigenvalue"]["value"] == pytest.approx(3.0, rel=2e-3)
    # g of qaa = (4, 11)
    cosine = 70 / math.sqrt(137 * 37)
    assert found["gradients"]["groups"].keys() == {"all", "embeddings"}
    for group in found["gradients"]["groups"].values():
        assert group["high_low"] == pytest.approx(
            {"mean_cosine": cosine, "conflicting": 0.0, "pairs": 1}
        )
    whole = math.sqrt(5**2 + 17**2)
    assert found["gradients"]["update_shares"] == pytest.approx(
        {"qaa": math.sqrt(137) / whole, "qab": math.sqrt(37) / whole}
    )
    assert len(found["interference"]) == 2


def test_of_many_languages_both_ends_are_paired():
    codes = [f"q{number}" for number in range(12)]
    groups = {"low": codes[6:], "mid": codes[5:6], "high": codes[:5]}
    assert paired_languages(codes, groups) == [*codes[:4], *codes[6:10]]
    assert paired_languages(codes[:8], groups) == codes[:8]
    found = survey(probed(codes), groups)
    assert list(found["curvature"]) == codes
    assert found["gradients"]["languages"] == [*codes[:4], *codes[6:10]]
    assert found["gradients"]["update_shares"] is None
    assert len(found["interference"]) == 8 * 7
