# SPDX-License-Identifier: Apache-2.0
"""What a step for one language does to another (Figure 1, left, of CATS' paper, as a measurement).

After a step d along -g_n the loss of language m changes by

    L_m(theta + d) - L_m(theta) = <g_m, d> + d H_m d / 2 + ...

Near a critical point of L_m the first term vanishes, and the curvature of L_m along the other's
step is what is left.  All steps have one length, so that pairs and models can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from xling.mt.analysis.curvature import Hessian, scaled
from xling.mt.gradients import Gradient, dot

# Length of a step as a share of the parameters' norm.  Ours: long enough for the digits of single
# precision, short enough that two terms describe it.
STEP = 3e-3


@dataclass(frozen=True)
class Step:
    """What a step along -g_n does to the loss of m.

    Attributes:
        language: m.
        other: n.
        increase: L_m after the step less L_m before, nats per target token.
        linear: its first-order part, <g_m, d>.
        curvature: second derivative of L_m along g_n, u H_m u.
        length: of the step.
    """

    language: str
    other: str
    increase: float
    linear: float
    curvature: float
    length: float


def step_length(parameters: Sequence[torch.Tensor]) -> float:
    """Return the length of all steps."""
    here = [parameter.detach() for parameter in parameters]
    return STEP * dot(here, here) ** 0.5


def steps(
    loss: Callable[[str], torch.Tensor],
    languages: Sequence[str],
    parameters: Sequence[torch.Tensor],
    curvatures: dict[tuple[str, str], float],
    gradients: dict[str, list[torch.Tensor]],
) -> list[Step]:
    """Step along each language's gradient, and look at the losses of the others.

    Args:
        loss: of a language, the mean over target tokens.
        languages: of which all ordered pairs are taken.
        parameters: all that the gradients are of; they are put back exactly.
        curvatures: by (m, n), see :func:`curvatures_along`.
        gradients: by language.
    """
    length = step_length(parameters)
    before = _losses(loss, languages)
    found = []
    for other in languages:
        own = gradients[other]
        step = scaled(own, -length / dot(own, own) ** 0.5)
        with moved(parameters, step):
            after = _losses(loss, languages)
        found += [
            Step(
                language,
                other,
                after[language] - before[language],
                dot(gradients[language], step),
                curvatures[language, other],
                length,
            )
            for language in languages
            if language != other
        ]
    return sorted(found, key=lambda one: (one.language, one.other))


def curvatures_along(
    hessian: Hessian, language: str, gradients: dict[str, list[torch.Tensor]]
) -> dict[tuple[str, str], float]:
    """Return the curvature of one language's loss along the gradients of all, its own too."""
    return {(language, other): hessian.along(along) for other, along in gradients.items()}


@contextmanager
def moved(parameters: Sequence[torch.Tensor], step: Gradient) -> Iterator[None]:
    """Move the parameters; put them back, bit for bit, at the end."""
    kept = [parameter.detach().clone() for parameter in parameters]
    try:
        with torch.no_grad():
            for parameter, part in zip(parameters, step, strict=True):
                parameter.add_(part)
        yield
    finally:
        with torch.no_grad():
            for parameter, here in zip(parameters, kept, strict=True):
                parameter.copy_(here)


def _losses(loss: Callable[[str], torch.Tensor], languages: Sequence[str]) -> dict[str, float]:
    with torch.no_grad():
        return {language: float(loss(language)) for language in languages}
