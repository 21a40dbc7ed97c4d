# SPDX-License-Identifier: Apache-2.0
"""What all parts of a study are made of: the base of its types, and kinds of names."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Precision = Literal["fp32", "bf16", "fp16"]


def known(kind: str, allowed: tuple[str, ...]) -> AfterValidator:
    """Accept only the given names; the loader turns the message into a suggestion."""

    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"unknown {kind} '{value}'; allowed: {', '.join(sorted(allowed))}")
        return value

    return AfterValidator(check)


def _path_part(value: str) -> str:
    """Accept what can stand between two slashes of a result path."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", value):
        raise ValueError(
            f"'{value}' cannot name a folder; allowed: small letters, digits, '.', '_', '-'"
        )
    return value


Name = Annotated[str, AfterValidator(_path_part)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


class Closed(BaseModel):
    """Base of all parts of a study: unknown keys are errors, values are not coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class RunResources(Closed):
    """What a job that trains or predicts may use; can differ between runs."""

    train_threads: PositiveInt = Field(1, description="CPU threads of training and prediction")
    gpu: int = Field(
        0,
        ge=0,
        le=16,
        description="GPUs of a job that trains; several share each batch (prediction takes one)",
    )
    gpu_type: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.]+$")] | None = Field(
        None, description="the cluster's name for a type of GPU; null: any"
    )
