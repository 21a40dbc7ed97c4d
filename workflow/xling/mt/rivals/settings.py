# SPDX-License-Identifier: Apache-2.0
"""Settings of the rivals of CATS; where each default comes from is in its description or module."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from xling.mt.settings import MethodSettings, PeriodicSettings

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class TemperatureSettings(MethodSettings):
    """Temperature sampling."""

    temperature: PositiveFloat = Field(
        ..., description="T: 1 is proportional to the data; the larger, the nearer to uniform"
    )


class StaticSettings(MethodSettings):
    """Fixed weights of losses."""

    weights: dict[str, NonNegativeFloat] = Field(
        ..., description="weight of each language's loss; normalised to sum 1"
    )


class GradNormSettings(PeriodicSettings):
    """GradNorm."""

    restoring: NonNegativeFloat = Field(
        1.5, description="a: how much slow languages are preferred; 1.5 or 0.5 (Chen et al. 2018)"
    )
    rate: PositiveFloat = Field(0.025, description="step size of Adam on the weights (ours)")


class MultiDdsSettings(PeriodicSettings):
    """MultiDDS-S, with the values of the released code (cindyxinyiwang/multiDDS)."""

    period: PositiveInt = Field(1000, description="updates from one measurement to the next")
    steps: PositiveInt = Field(200, description="steps of Adam for each measurement")
    rate: PositiveFloat = Field(1e-4, description="step size of Adam on the logits")


class ChiIbrSettings(MethodSettings):
    """Chi-square DRO by iterated best response, values of violet-zct/fairseq-dro-mnmt."""

    radius: PositiveFloat = Field(0.05, description="rho: of the chi-square ball")
    average: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        0.1, description="share of a new loss in the moving average"
    )
    ratio_floor: Share = Field(
        0.2, description="smallest probability, as a share of the data's own; before normalising"
    )
    warmup_epochs: NonNegativeInt = Field(1, description="epochs on the data's own distribution")
    baselines: dict[str, float] | None = Field(
        None, description="loss per language that is subtracted; null: none"
    )


class GroupDroSettings(MethodSettings):
    """Group DRO with exponentiated gradients."""

    rate: PositiveFloat = Field(0.01, description="step size (Sagawa et al. 2020)")
    baselines: dict[str, float] | None = Field(
        None, description="loss per language that is subtracted; null: none"
    )


class PcGradSettings(MethodSettings):
    """PCGrad."""

    seed: NonNegativeInt = Field(0, description="of the random order of languages")


class GradVacSettings(MethodSettings):
    """Gradient Vaccine."""

    seed: NonNegativeInt = Field(0, description="of the random order of languages")
    average: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        0.01, description="beta: share of a new cosine in the moving average"
    )
    initial: Annotated[float, Field(ge=-1.0, lt=1.0)] = Field(
        0.0, description="cosine that the moving average starts from (0.0 or 0.5)"
    )


class FamoSettings(PeriodicSettings):
    """FAMO, with the step size and decay of the released code (Cranial-XIX/FAMO)."""

    rate: PositiveFloat = Field(0.025, description="beta: step size of Adam on the logits")
    decay: NonNegativeFloat = Field(0.01, description="gamma: decay of the logits")
