# SPDX-License-Identifier: Apache-2.0
"""Perturbations of embedded rows: projected gradient descent, projection, noise.

A perturbation is as large as the states that it is added to, [B, T, d] for B rows of T sub-words.
It is exactly zero on padding, and its size counts real sub-words alone.  Definitions: ADV as in
Madry et al. 2018 (equation 2.1 and the attack of their section 2.1), on embeddings; RS-RP as noise
per coordinate.  Radii and sizes here are absolute (:mod:`xling.robust.scale`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch

Tensor = torch.Tensor
Norm = Literal["l2", "linf"]

_TINY = 1e-12


def project(delta: Tensor, norm: Norm, radius: float) -> Tensor:
    """Return the nearest perturbation of each row that lies in the ball.

    Args:
        delta: [B, T, d], zero on padding.
        norm: ``l2`` of a row's T x d numbers together (Frobenius), or ``linf``: each number.
        radius: of the ball.
    """
    if norm == "linf":
        return delta.clamp(-radius, radius)
    lengths = lengths_of(delta)
    # Rows inside stay as they are, bit for bit.
    return torch.where(lengths > radius, delta * (radius / lengths.clamp_min(_TINY)), delta)


def lengths_of(delta: Tensor) -> Tensor:
    """Return the L2 length of each row's perturbation, [B, 1, 1]."""
    return delta.flatten(1).norm(dim=1)[:, None, None]


def random_in_ball(states: Tensor, real: Tensor, norm: Norm, radius: float) -> Tensor:
    """Draw a point of each row's ball uniformly.

    Args:
        states: [B, T, d]; gives shape and device.
        real: [B, T, 1], 1 on real sub-words.
        norm: as in :func:`project`.
        radius: of the ball.
    """
    if norm == "linf":
        return uniform(states, real, radius)
    direction = torch.randn_like(states, dtype=torch.float32) * real
    direction = direction / lengths_of(direction).clamp_min(_TINY)
    # In n dimensions a share s^n of the ball lies within s times its radius.
    dimensions = real.sum(dim=(1, 2)) * states.shape[-1]
    share = torch.rand_like(dimensions) ** (1.0 / dimensions)
    return project(direction * (radius * share)[:, None, None], norm, radius)


def uniform(states: Tensor, real: Tensor, size: float) -> Tensor:
    """Draw noise that is uniform in [-size, size] per coordinate, zero on padding."""
    return (torch.rand_like(states, dtype=torch.float32) * 2.0 - 1.0) * (size * real)


def gaussian(states: Tensor, real: Tensor, size: float) -> Tensor:
    """Draw normal noise with the standard deviation ``size``, zero on padding."""
    return torch.randn_like(states, dtype=torch.float32) * (size * real)


def worst_in_ball(
    losses_of: Callable[[Tensor], Tensor],
    start: Tensor,
    real: Tensor,
    *,
    norm: Norm,
    radius: float,
    step_size: float,
    steps: int,
) -> Tensor:
    """Climb each row's own loss by projected gradient steps; return the last point, detached.

    No gradient reaches the weights: only that of the perturbation is computed.

    Args:
        losses_of: loss of each row [B] at a perturbation.
        start: a point of the ball, zero on padding.
        real: [B, T, 1], 1 on real sub-words.
        norm: ``l2``: steps along the gradient, scaled to ``step_size`` per row; ``linf``: along
            its signs.
        radius: of the ball.
        step_size: alpha.
        steps: K.
    """
    delta = start.detach()
    for _ in range(steps):
        delta.requires_grad_()
        # The sum, not the mean: a row's gradient does not depend on the others.
        (gradient,) = torch.autograd.grad(losses_of(delta).sum(), delta)
        with torch.no_grad():
            gradient = gradient.float() * real
            if norm == "linf":
                step = gradient.sign()
            else:
                step = gradient / lengths_of(gradient).clamp_min(_TINY)
            delta = project(delta + step_size * step, norm, radius)
    return delta.detach()
