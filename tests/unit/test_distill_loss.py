# SPDX-License-Identifier: Apache-2.0
"""The loss of distillation equals the paper's formula on vectors made by hand."""

import pytest
import torch

from xling.distill.loss import DistillationLoss

TEACHER = [[1.0, 0.0], [0.0, 2.0]]
SOURCE = [[0.0, 0.0], [0.0, 1.0]]
TARGET = [[1.0, 1.0], [2.0, 2.0]]
# Squares, averaged over the two numbers: sources 1/2 and 1/2, targets 1/2 and 2.
SOURCE_TERM, TARGET_TERM = 0.5, 1.25


class Given(torch.nn.Module):
    """A student whose vectors are its inputs."""

    def forward(self, features):
        return {"sentence_embedding": features["vectors"]}


def loss_of(sides, reduction):
    inputs = [torch.tensor(side, requires_grad=True) for side in sides]
    labels = torch.tensor(TEACHER, requires_grad=True)
    features = [{"vectors": one} for one in inputs]
    loss = DistillationLoss(Given(), reduction)(features, labels)
    loss.backward()
    return loss.item(), [one.grad for one in inputs], labels.grad


@pytest.mark.parametrize(
    ("reduction", "value"),
    [("sum", SOURCE_TERM + TARGET_TERM), ("mean", (SOURCE_TERM + TARGET_TERM) / 2)],
)
def test_both_terms(reduction, value):
    found, gradients, teacher = loss_of([SOURCE, TARGET], reduction)
    assert found == pytest.approx(value)
    # d/dN of the mean over 4 numbers of (M - N)^2 is -2 (M - N) / 4.
    share = 1.0 if reduction == "sum" else 0.5
    for gradient, side in zip(gradients, (SOURCE, TARGET), strict=True):
        wanted = -2 * (torch.tensor(TEACHER) - torch.tensor(side)) / 4 * share
        torch.testing.assert_close(gradient, wanted)
    assert teacher is None


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize(("side", "value"), [(SOURCE, SOURCE_TERM), (TARGET, TARGET_TERM)])
def test_one_side_switched_off(side, value, reduction):
    assert loss_of([side], reduction)[0] == pytest.approx(value)
