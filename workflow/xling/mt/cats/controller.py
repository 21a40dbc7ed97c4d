# SPDX-License-Identifier: Apache-2.0
"""The controller of CATS: from losses and gradients of the languages to their weights.

Reconstructed, see docs/cats.md.  N languages; L_n: mean token loss; g_n: its gradient;
g(alpha) = sum_n alpha_n g_n; G_mn = <g_m, g_n>.  Equation numbers are those of docs/cats.md:

    J(alpha, lambda) = sum_n alpha_n L_n - lambda_c (eps_c - C)
                       + lambda_s (sum_n alpha_n - 1)^2 - sum_n lambda_n (alpha_n - eps_a)       (1)

    C = ||g(alpha)||^2 = alpha^T G alpha            curvature: combined
    C = sum_n alpha_n^2 ||g_n||^2                   curvature: separate

The weights descend on J, the multipliers ascend: all with the numbers from before the step.  Where
the parameterisation keeps the weights shares, lambda_s and lambda_n are not needed and stay 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from xling.errors import DataError, UsageError
from xling.mt.cats.projection import mixed, project, softmax, through_softmax
from xling.mt.cats.settings import CatsSettings
from xling.mt.weighting import (
    ActsOn,
    Floats,
    GradientProducts,
    Measured,
    Needs,
    State,
    Weighting,
    vector,
)

# Section 4.2: a step changes the log of a weight by at most this times the step size.
LARGEST_STEP = 3.0
# Shares are at most 1; free ones beyond this do not come back (ours).
LARGEST_WEIGHT = 100.0


class Cats(Weighting):
    """Learns the weights.

    Attributes:
        floor: epsilon_a, the smallest weight.
        lambda_curvature: lambda_c, of the bound of the curvature.
        lambda_sum: lambda_s, of the sum of the weights.
        lambda_floor: lambda_n, of each weight's floor, [N].
        steps: meta steps so far.
    """

    needs: ClassVar[Needs] = Needs("period", gradients="products")
    acts_on: ClassVar[ActsOn] = "loss"
    settings: CatsSettings

    def __init__(self, languages: Sequence[str], settings: CatsSettings) -> None:
        super().__init__(languages, settings)
        count = len(self.languages)
        self.floor = settings.floor / count
        self.lambda_curvature = 0.0
        self.lambda_sum = 0.0
        self.lambda_floor: Floats = np.zeros(count)
        self.steps = 0
        self._alpha: Floats = np.full(count, 1.0 / count)
        self._logits: Floats = np.zeros(count)
        self._last: State = {}

    @property
    def weights(self) -> Floats:
        """Alpha, [N]; sums to 1 unless the parameterisation is free."""
        return self._alpha

    def _observe(self, measured: Measured) -> None:
        if measured.products is None:
            raise UsageError("CATS was told no gradients", allowed="a probe's products")
        self.step(measured.losses, measured.products)
        self._last["update"] = measured.update

    def step(self, losses: Floats, gradients: GradientProducts) -> Floats:
        """Make one meta step and return the new weights [N].

        Args:
            losses: mean token losses on the probe batches, [N].
            gradients: of the same batches, at the present weights.

        Raises:
            UsageError: free weights left all bounds.
        """
        before = self._alpha
        direction = self.gradient(losses, gradients)
        curvature = self.curvature(gradients)
        self._move(direction)
        if not (np.abs(self._alpha) <= LARGEST_WEIGHT).all():
            raise UsageError(
                f"the weights of CATS diverged after {self.steps} meta steps: {self._alpha}",
                where=f"parameterisation '{self.settings.parameterisation}', step size "
                f"{self.settings.alpha_rate}",
                allowed=f"weights up to {LARGEST_WEIGHT:g}",
                fix="use a smaller step size, or parameterisation 'project'",
            )
        self._ascend(before, curvature)
        self.steps += 1
        self._last = {
            "loss": self.by_language(losses),
            "gradient_norm": self.by_language(np.sqrt(gradients.squared_norms)),
            "product": self.by_language(gradients.products),
            "curvature": curvature,
            "curvature_bound": self.settings.bound,
        }
        return self._alpha

    def curvature(self, gradients: GradientProducts) -> float:
        """Return C at the present weights; in mode relative divided by that of equal weights."""
        if self.settings.curvature == "combined":
            curvature = gradients.combined
        else:
            curvature = float(self._alpha**2 @ gradients.squared_norms)
        return curvature / self._scale(gradients)

    def gradient(self, losses: Floats, gradients: GradientProducts) -> Floats:
        """Return dJ/dalpha, [N]; in mode relative of the scale-free objective of section 4.2."""
        settings, alpha = self.settings, self._alpha
        if settings.curvature == "combined":
            slope = 2.0 * gradients.products
        else:
            slope = 2.0 * alpha * gradients.squared_norms
        direction = self.lambda_curvature * slope / self._scale(gradients)
        if settings.loss_term:
            direction += losses / losses.mean() if settings.mode == "relative" else losses
        if settings.parameterisation == "free":
            direction += 2.0 * self.lambda_sum * (alpha.sum() - 1.0) - self.lambda_floor
        return direction

    def _scale(self, gradients: GradientProducts) -> float:
        """Return what curvatures are divided by: C of equal weights in mode relative, else 1."""
        if self.settings.mode == "literal":
            return 1.0
        if self.settings.curvature == "combined":
            scale = gradients.uniform
        else:
            scale = float(gradients.squared_norms.mean()) / len(self.languages)
        if not scale > 0:
            raise DataError(
                "the gradients of the probe batches add up to nothing",
                allowed="parameters that the losses depend on",
                fix="check which parameters the probe reads ('--cats-scope')",
            )
        return scale

    def _move(self, direction: Floats) -> None:
        """Descend with the weights."""
        settings, alpha = self.settings, self._alpha
        rate = settings.alpha_rate
        if settings.parameterisation == "free":
            self._alpha = alpha - rate * direction
        elif settings.parameterisation == "project":
            self._alpha = project(alpha - rate * direction, self.floor)
        elif settings.parameterisation == "softmax":
            # alpha = floor + (1 - N floor) softmax(logits); without floor that of source R2.
            inner = (1.0 - self.floor * len(alpha)) * direction
            self._logits = self._logits - rate * through_softmax(softmax(self._logits), inner)
            self._alpha = mixed(softmax(self._logits), self.floor)
        else:
            step = np.clip(direction - alpha @ direction, -LARGEST_STEP, LARGEST_STEP)
            moved = alpha * np.exp(-rate * step)
            self._alpha = mixed(moved / moved.sum(), self.floor)

    def _ascend(self, alpha: Floats, curvature: float) -> None:
        """Ascend with the multipliers; those of inequalities stay at least 0."""
        settings, rate = self.settings, self.settings.lambda_rate
        raised = self.lambda_curvature + rate * (curvature - settings.bound)
        largest = np.inf if settings.lambda_max is None else settings.lambda_max
        self.lambda_curvature = float(np.clip(raised, 0.0, largest))
        if settings.parameterisation == "free":
            self.lambda_floor = np.maximum(self.lambda_floor + rate * (self.floor - alpha), 0.0)
            self.lambda_sum += rate * float(alpha.sum() - 1.0) ** 2

    def trace(self) -> State:
        """Return weights and multipliers, and what the last meta step measured."""
        return {
            **super().trace(),
            "steps": self.steps,
            "alpha": self.by_language(self._alpha),
            "lambda_curvature": self.lambda_curvature,
            "lambda_sum": self.lambda_sum,
            "lambda_floor": self.by_language(self.lambda_floor),
            **self._last,
        }

    def _state(self) -> State:
        return {
            "steps": self.steps,
            "alpha": self._alpha.tolist(),
            "logits": self._logits.tolist(),
            "lambda_curvature": self.lambda_curvature,
            "lambda_sum": self.lambda_sum,
            "lambda_floor": self.lambda_floor.tolist(),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.steps = int(state["steps"])
        self._alpha = vector(state["alpha"], self.languages)
        self._logits = vector(state["logits"], self.languages)
        self.lambda_curvature = float(state["lambda_curvature"])
        self.lambda_sum = float(state["lambda_sum"])
        self.lambda_floor = vector(state["lambda_floor"], self.languages)
