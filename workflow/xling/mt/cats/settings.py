# SPDX-License-Identifier: Apache-2.0
"""The settings of CATS, and two presets of them.

``literal`` takes gradient steps on the reconstructed meta-objective; ``relative`` is ours and does
not depend on the scale of losses and gradients.  Where a default comes from: docs/cats.md.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from xling.errors import UsageError, nearest
from xling.mt.settings import PeriodicSettings

Mode = Literal["literal", "relative"]


class CatsSettings(PeriodicSettings):
    """What the controller does.  ``preset`` fills in what a mode leaves open."""

    mode: Mode = Field(
        ..., description="steps on the reconstructed objective, or our scale-free form of it"
    )
    curvature: Literal["combined", "separate"] = Field(
        "combined",
        description="combined: the squared norm of the weighted sum of gradients; separate: the "
        "sum of the squared norms of weighted gradients",
    )
    loss_term: bool = Field(True, description="whether losses belong to the objective")
    parameterisation: Literal["project", "softmax", "free", "multiplicative"] = Field(
        ...,
        description="how weights stay shares: projection, softmax, or not at all but by "
        "multipliers; mode relative has multiplicative steps",
    )
    floor: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.1, description="the smallest weight, as a multiple of 1/N"
    )
    bound: NonNegativeFloat = Field(
        ...,
        description="epsilon: what the curvature is bounded by; in mode relative as a multiple of "
        "the curvature under equal weights",
    )
    alpha_rate: PositiveFloat = Field(..., description="step size of the weights")
    lambda_rate: PositiveFloat = Field(..., description="step size of the multipliers")
    lambda_max: PositiveFloat | None = Field(
        ..., description="largest multiplier of the curvature bound; null: none"
    )

    @model_validator(mode="after")
    def _check(self) -> CatsSettings:
        if (self.mode == "relative") != (self.parameterisation == "multiplicative"):
            raise ValueError(
                f"mode '{self.mode}' does not go with parameterisation '{self.parameterisation}'"
            )
        return self


# Section 4.2 for relative; 2.4 and point 8 of section 10 for literal: the middle of the grid of
# step sizes.  Equation (1) has no largest multiplier.
_PRESETS: dict[str, dict[str, Any]] = {
    "literal": {
        "parameterisation": "project",
        "bound": 0.001,
        "alpha_rate": 1e-3,
        "lambda_rate": 1e-3,
        "lambda_max": None,
    },
    "relative": {
        "parameterisation": "multiplicative",
        "bound": 0.5,
        "alpha_rate": 0.05,
        "lambda_rate": 0.05,
        "lambda_max": 5.0,
    },
}


def preset(mode: str, **changes: Any) -> CatsSettings:
    """Return the settings of a mode.

    Args:
        mode: ``literal`` or ``relative``.
        changes: settings that differ from it; where the step size of the multipliers is not among
            them it is that of the weights.

    Raises:
        UsageError: an unknown mode.
        pydantic.ValidationError: a change is not a setting, or the settings contradict each other.
    """
    if mode not in _PRESETS:
        raise UsageError(
            f"unknown mode of CATS '{mode}'",
            allowed=", ".join(_PRESETS),
            fix=nearest(mode, _PRESETS) or "give one of the allowed names as mode",
        )
    values = _PRESETS[mode] | {"mode": mode}
    if "alpha_rate" in changes:
        values["lambda_rate"] = changes["alpha_rate"]
    return CatsSettings(**(values | changes))
