# SPDX-License-Identifier: Apache-2.0
"""What CATS measures: losses of the languages, and how their gradients point.

Three ways to the same numbers, in passes over one probe batch of each of N languages and copies of
the P parameters:

=========== ======================================== ==========================================
``gram``    N forward and backward                   N P: all gradients are kept
``twopass`` 2 N forward and backward                 3 P: g(alpha), g(1/N), g_n
``fd``      N forward and backward, 2 N forward      3 P: the same, then g(alpha) and a copy
=========== ======================================== ==========================================

``fd`` takes <g_n, g(alpha)> from finite differences along g(alpha) and is as exact as the losses'
digits allow.  Gradients are taken with ``torch.autograd.grad``: the ``.grad`` of the parameters,
and hooks on it, stay as they are.  They are added up in single precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from xling.errors import UsageError, nearest
from xling.mt.gradients import Gradient, dot, gram
from xling.mt.weighting import Floats, GradientProducts

Kind = Literal["gram", "twopass", "fd"]
Loss = Callable[[int], torch.Tensor]
Mean = Callable[[torch.Tensor], torch.Tensor]

# Length of the step of finite differences, as a share of the parameters' norm.  Ours: on a small
# Transformer in single precision the products are then right to 1e-4 of the largest one before and
# to 1e-2 after training; ten times longer steps are worse, ten times shorter ones not better.
STEP = 3e-4


def _alone(values: torch.Tensor) -> torch.Tensor:
    """Return the mean over the one process there is."""
    return values


@dataclass(frozen=True)
class Across:
    """How a probe is taken by several processes with a half-precision model.

    Attributes:
        mean: averages a tensor over the processes; every process calls it equally often.
        loss_scale: losses are multiplied by it before, and gradients divided by it after backward.
        exact_norms: average every g_n over the processes, not only g(alpha) and the products.  If
            not, ``squared_norms`` are means of the processes' own ones and too large by what the
            processes' gradients differ.  Of ``twopass`` and ``fd``; ``gram`` always averages.
    """

    mean: Mean = _alone
    loss_scale: float = 1.0
    exact_norms: bool = True


@dataclass(frozen=True)
class Probed:
    """What a probe found.

    Attributes:
        losses: mean over the processes, [N].
        products: of the gradients.
        disagreement: |sum_n alpha_n <g_n, g> - ||g||^2| / ||g||^2, zero in exact arithmetic.  It is
            large if a loss is not the same in the second pass (dropout that was not seeded), or if
            finite differences are too coarse.
    """

    losses: Floats
    products: GradientProducts
    disagreement: float

    @property
    def finite(self) -> bool:
        """Whether losses and gradients are finite; the same on all processes."""
        return bool(np.isfinite(self.losses).all()) and self.products.finite


def probe(
    kind: str,
    loss: Loss,
    parameters: Sequence[torch.Tensor],
    alpha: Floats,
    across: Across | None = None,
) -> Probed:
    """Measure losses and gradients at the present parameters.

    Args:
        kind: ``gram``, ``twopass`` or ``fd``.
        loss: of language n, the mean over target tokens, a scalar with a graph.  Called again for
            the same n it must give the same: fixed batch, and random numbers seeded by n.
        parameters: that the gradients are taken by; one that a loss does not reach counts as 0.
        alpha: [N].
        across: processes and precision.

    Returns:
        The numbers, also if they are not finite: the caller then leaves the weights as they are.

    Raises:
        UsageError: an unknown kind, or ``fd`` of parameters in half precision.
    """
    kinds = {"gram": _by_gram, "twopass": _by_two_passes, "fd": _by_differences}
    if kind not in kinds:
        raise UsageError(
            f"unknown probe '{kind}'",
            allowed=", ".join(kinds),
            fix=nearest(kind, kinds) or "give one of the allowed names",
        )
    return kinds[kind](loss, list(parameters), alpha, across or Across())


def gradient_of(
    loss: Loss, language: int, parameters: Sequence[torch.Tensor], across: Across
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return loss (detached) and gradient of one language, in single precision or better."""
    value = loss(language)
    parts = torch.autograd.grad(value * across.loss_scale, parameters, allow_unused=True)
    gradient = [
        torch.zeros_like(parameter, dtype=_wide(parameter))
        if part is None
        else part.to(_wide(parameter)) / across.loss_scale
        for part, parameter in zip(parts, parameters, strict=True)
    ]
    return value.detach(), gradient


def _wide(parameter: torch.Tensor) -> torch.dtype:
    return torch.promote_types(parameter.dtype, torch.float32)


def _by_gram(loss: Loss, parameters: list[torch.Tensor], alpha: Floats, across: Across) -> Probed:
    losses, gradients = [], []
    for language in range(len(alpha)):
        value, gradient = gradient_of(loss, language, parameters, across)
        losses.append(value)
        gradients.append([across.mean(part) for part in gradient])
    inner = gram(gradients)[0]
    return _probed(losses, GradientProducts.of_gram(inner, alpha), alpha, across)


@dataclass
class _FirstPass:
    losses: list[torch.Tensor]
    combined: list[torch.Tensor]
    uniform: float
    squared_norms: list[float]


def _first_pass(
    loss: Loss, parameters: list[torch.Tensor], alpha: Floats, across: Across
) -> _FirstPass:
    """Add up g(alpha) and g(1/N); keep no g_n."""
    combined = [torch.zeros_like(part, dtype=_wide(part)) for part in parameters]
    uniform = [torch.zeros_like(part) for part in combined]
    losses, squared_norms = [], []
    for language, weight in enumerate(alpha):
        value, gradient = gradient_of(loss, language, parameters, across)
        losses.append(value)
        if across.exact_norms:
            gradient = [across.mean(part) for part in gradient]
        squared_norms.append(dot(gradient, gradient))
        for total, equal, part in zip(combined, uniform, gradient, strict=True):
            total.add_(part, alpha=float(weight))
            equal.add_(part, alpha=1.0 / len(alpha))
    if not across.exact_norms:
        combined = [across.mean(part) for part in combined]
        uniform = [across.mean(part) for part in uniform]
    return _FirstPass(losses, combined, dot(uniform, uniform), squared_norms)


def _by_two_passes(
    loss: Loss, parameters: list[torch.Tensor], alpha: Floats, across: Across
) -> Probed:
    first = _first_pass(loss, parameters, alpha, across)
    products = [
        dot(gradient_of(loss, language, parameters, across)[1], first.combined)
        for language in range(len(alpha))
    ]
    return _finish(first, products, alpha, across)


def _by_differences(
    loss: Loss, parameters: list[torch.Tensor], alpha: Floats, across: Across
) -> Probed:
    for parameter in parameters:
        if torch.finfo(parameter.dtype).bits < 32:
            raise UsageError(
                f"finite differences of parameters in {parameter.dtype}",
                allowed="float32 or better: a small step is lost in fewer digits",
                fix="use the probe 'twopass'",
            )
    first = _first_pass(loss, parameters, alpha, across)
    norm = dot(first.combined, first.combined) ** 0.5
    if not (norm > 0 and np.isfinite(norm)):
        # Nothing to step along: the products are 0, or as little finite as the norm.
        return _finish(first, [norm] * len(alpha), alpha, across)
    length = STEP * dot([p.detach() for p in parameters], [p.detach() for p in parameters]) ** 0.5
    ahead, behind = _both_sides(loss, parameters, first.combined, length / norm, len(alpha))
    slopes = (ahead - behind) / (2.0 * length) * norm
    return _finish(first, slopes.tolist(), alpha, across)


def _both_sides(
    loss: Loss, parameters: list[torch.Tensor], along: Gradient, factor: float, languages: int
) -> tuple[Floats, Floats]:
    """Return the losses at parameters +- factor * along; the parameters are put back exactly."""
    kept = [parameter.detach().clone() for parameter in parameters]
    sides = []
    try:
        with torch.no_grad():
            for sign in (1.0, -1.0):
                for parameter, here, part in zip(parameters, kept, along, strict=True):
                    parameter.copy_(here + sign * factor * part)
                sides.append([float(loss(language)) for language in range(languages)])
    finally:
        with torch.no_grad():
            for parameter, here in zip(parameters, kept, strict=True):
                parameter.copy_(here)
    return np.array(sides[0]), np.array(sides[1])


def _finish(first: _FirstPass, products: list[float], alpha: Floats, across: Across) -> Probed:
    """Average over processes what was not averaged before."""
    device = first.combined[0].device
    own = torch.tensor([products, first.squared_norms], dtype=torch.float64, device=device)
    shared = across.mean(own).cpu().numpy()
    numbers = GradientProducts(
        products=shared[0],
        squared_norms=shared[1],
        combined=dot(first.combined, first.combined),
        uniform=first.uniform,
    )
    return _probed(first.losses, numbers, alpha, across)


def _probed(
    losses: list[torch.Tensor], products: GradientProducts, alpha: Floats, across: Across
) -> Probed:
    mean = across.mean(torch.stack(losses).double()).cpu().numpy()
    apart = abs(float(alpha @ products.products) - products.combined)
    # No gradient at all: nothing to disagree about.
    scale = products.combined or 1.0
    return Probed(mean, products, apart / scale)
