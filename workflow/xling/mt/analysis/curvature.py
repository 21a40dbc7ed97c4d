# SPDX-License-Identifier: Apache-2.0
"""Curvature of a loss at the present parameters: Hessian and Fisher matrix, without either matrix.

L is a mean over target tokens, H its Hessian.  The Fisher matrix is given in the same unit, per
target token: of sentences s with T_s target tokens each,

    Tr F = sum_s || grad log p(y_s | x_s) ||^2 / sum_s T_s                                      (1)

With the reference as y it is the *empirical* Fisher matrix.  With every token drawn from the model,
given the reference's tokens before it, its expectation is the trace of the generalised Gauss-Newton
matrix, the positive part of the Hessian of the mean negative log-likelihood; draws of different
tokens are independent, so their products vanish on average.

Of networks with ReLU the Hessian is that between the kinks: jumps of the gradient are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from xling.errors import DataError
from xling.mt.gradients import Gradient, dot

# cats.md, section 8.
ITERATIONS = 20
# Ours: an eigenvalue is then within five per cent of what is given, by the bound that the residual
# is; the error falls with its square.
TOLERANCE = 0.05


class Hessian:
    """The Hessian of a loss, as something that vectors are multiplied by.

    The graph of the gradient is kept: a product costs a backward pass, not another forward pass.

    Attributes:
        gradient: of the loss, without graph.
    """

    def __init__(self, loss: torch.Tensor, parameters: Sequence[torch.Tensor]) -> None:
        """Differentiate once.

        Args:
            loss: a scalar, made of operations that can be differentiated twice: torch's fused
                attention cannot.
            parameters: what is differentiated by; one that the loss does not reach counts as 0.
        """
        self._parameters = list(parameters)
        self._slopes = torch.autograd.grad(
            loss, self._parameters, create_graph=True, materialize_grads=True
        )
        self.gradient: list[torch.Tensor] = [slope.detach() for slope in self._slopes]

    def times(self, vector: Gradient) -> list[torch.Tensor]:
        """Return H v, as a list of tensors like the parameters."""
        parts = [(s * v).sum() for s, v in zip(self._slopes, vector, strict=True)]
        found = torch.autograd.grad(
            torch.stack(parts).sum(), self._parameters, retain_graph=True, materialize_grads=True
        )
        return list(found)

    def along(self, direction: Gradient) -> float:
        """Return the second derivative of the loss along a direction: u H u, u of length 1.

        Raises:
            DataError: the direction has no length.
        """
        unit = scaled(direction, 1.0 / _length(direction))
        return dot(unit, self.times(unit))


@dataclass(frozen=True)
class TopEigenvalue:
    """What power iteration found.

    Attributes:
        value: the largest eigenvalue, by sign.
        residual: ||H v - value v|| / ||H v||, between 0 and 1; 0 for an eigenvector.
        iterations: products with H.
        converged: the residual is at most :data:`TOLERANCE`.
    """

    value: float
    residual: float
    iterations: int
    converged: bool


def top_eigenvalue(hessian: Hessian, seed: int, iterations: int = ITERATIONS) -> TopEigenvalue:
    """Find the largest eigenvalue of H by power iteration.

    Power iteration finds the eigenvalue of largest size.  Where that is negative, H is shifted by
    it, and the iteration begins again: then the largest eigenvalue of H is the one of largest size.

    Args:
        hessian: H.
        seed: of the vector it starts with.
        iterations: at most, of each of the two; it stops when it has converged.

    Raises:
        DataError: H is zero, or not finite.
    """
    found = _power(hessian, 0.0, seed, iterations)
    if found.value >= 0:
        return found
    again = _power(hessian, found.value, seed, iterations)
    return TopEigenvalue(
        again.value, again.residual, found.iterations + again.iterations, again.converged
    )


def _power(hessian: Hessian, shift: float, seed: int, iterations: int) -> TopEigenvalue:
    """Iterate with H - shift; value and residual are those of H."""
    vector = _start(hessian.gradient, seed)
    value, residual, done = 0.0, 1.0, 0
    while residual > TOLERANCE and done < iterations:
        product = hessian.times(vector)
        size = _length(product)
        value = dot(vector, product)
        apart = [p - value * v for p, v in zip(product, vector, strict=True)]
        residual = dot(apart, apart) ** 0.5 / size
        done += 1
        if residual > TOLERANCE:
            moved = [p - shift * v for p, v in zip(product, vector, strict=True)]
            vector = scaled(moved, 1.0 / _length(moved))
    return TopEigenvalue(value, residual, done, residual <= TOLERANCE)


def _start(like: Gradient, seed: int) -> list[torch.Tensor]:
    # Drawn on the CPU: the same vector on every device.
    random = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(part.shape, generator=random).to(part) for part in like]
    return scaled(drawn, 1.0 / _length(drawn))


def fisher_traces(
    sentences: Iterable[tuple[Sequence[torch.Tensor], int]], parameters: Sequence[torch.Tensor]
) -> list[float]:
    """Return Tr F by equation (1), once for each way in which the sentences are labelled.

    Args:
        sentences: of each its summed log-likelihoods, scalars with a graph, one per way to label
            it; and its target tokens.  One sentence's graph is in memory at a time.
        parameters: what is differentiated by.

    Raises:
        DataError: there is no target token.
    """
    sums: list[float] = []
    total = 0
    for likelihoods, tokens in sentences:
        sums = sums or [0.0] * len(likelihoods)
        for way, likelihood in enumerate(likelihoods):
            parts = torch.autograd.grad(
                likelihood,
                list(parameters),
                retain_graph=way + 1 < len(likelihoods),
                materialize_grads=True,
            )
            sums[way] += dot(parts, parts)
        total += tokens
    if not total:
        raise DataError(
            "a Fisher matrix of no target token", fix="give the language a dev set with sentences"
        )
    return [value / total for value in sums]


def scaled(vector: Gradient, factor: float) -> list[torch.Tensor]:
    """Return factor times a vector, as new tensors."""
    return [factor * part for part in vector]


def _length(vector: Gradient) -> float:
    length = dot(vector, vector) ** 0.5
    if not 0 < length < float("inf"):
        raise DataError(
            f"curvature along a vector of length {length}",
            allowed="losses that depend on the parameters, and are finite",
            fix="check the training's log: it may have diverged",
        )
    return length
