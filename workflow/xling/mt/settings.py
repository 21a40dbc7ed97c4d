# SPDX-License-Identifier: Apache-2.0
"""What the settings of all methods that weight languages have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

# CATS, section 4.1: bound of the factor of a token's loss, against rare languages' variance.
LARGEST = 10.0


class MethodSettings(BaseModel):
    """Settings of a method; unknown keys are errors, values are not coerced.

    Not ``xling.config.study.Closed``: a study may contain these settings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class PeriodicSettings(MethodSettings):
    """Settings of a method that measures gradients or losses on probe batches now and then."""

    period: PositiveInt = Field(100, description="K: updates from one measurement to the next")
    start: NonNegativeInt = Field(0, description="t0: updates before the first period begins")

    def due(self, updates: int) -> bool:
        """Tell whether to measure after ``updates`` finished updates (CATS, section 2.4).

        Section 2.4 counts updates t from 0 and measures if t >= t0 and (t + 1) % K == 0; here
        ``updates`` is t + 1.
        """
        return updates > self.start and updates % self.period == 0
