# SPDX-License-Identifier: Apache-2.0
"""The settings of robust training.

Only RS-DA is known from released code.  ADV and RS-RP are the standard definitions (Madry et al.
2018; noise on the inputs), and every default of theirs here is ours (docs/robust.md).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

#: Where a perturbation is added; ``hidden:<l>`` is the output of layer l, counted from 1.
POINTS = ("word_embeddings", "embedding_output", "hidden:<l>", "last_hidden")
Point = Annotated[
    str,
    Field(
        pattern=r"^(word_embeddings|embedding_output|hidden:[1-9][0-9]*|last_hidden)$",
        description="where the perturbation is added: word_embeddings, embedding_output, "
        "hidden:<l> (the output of layer l, counted from 1), last_hidden",
    ),
]
Unit = Literal["relative", "absolute"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class _Closed(BaseModel):
    """Unknown keys are errors, values are not coerced.

    Not ``xling.config.study.Closed``: a study contains these settings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class AdvSettings(_Closed):
    """ADV: projected gradient descent in an embedding space; all defaults are ours."""

    perturb_at: Point = "word_embeddings"
    norm: Literal["l2", "linf"] = Field(
        "l2", description="of a whole example, over its real sub-words"
    )
    radius: PositiveFloat = Field(0.3, description="of the ball, in radius_unit")
    radius_unit: Unit = Field(
        "relative",
        description="relative: times the mean length of the word embeddings of the English "
        "training sub-words (for linf divided by the root of the width)",
    )
    steps: PositiveInt = Field(3, description="K: gradient steps; an update costs K + 1 passes")
    step_size: PositiveFloat | None = Field(
        None, description="in radius_unit; null: 2.5 radius / steps"
    )
    random_start: bool = Field(True, description="start at a point drawn from the ball, or at 0")
    clean_weight: Share = Field(
        0.0, description="weight of the loss without perturbation; the adversarial one has the rest"
    )


class NoiseSettings(_Closed):
    """RS-RP: random noise in an embedding space; all defaults are ours."""

    perturb_at: Point = "word_embeddings"
    distribution: Literal["uniform", "gaussian"] = Field(
        "uniform", description="of each coordinate: uniform in [-size, size], or normal"
    )
    size: PositiveFloat = Field(0.1, description="half width or standard deviation, in size_unit")
    size_unit: Unit = Field(
        "absolute",
        description="relative: times the mean length of the word embeddings of the English "
        "training sub-words, divided by the root of the width",
    )
    draws: PositiveInt = Field(1, description="S: draws per update, whose losses are averaged")
    clean_weight: Share = Field(
        0.0, description="weight of the loss without perturbation; the noisy one has the rest"
    )


class SynonymSettings(_Closed):
    """RS-DA: copies of the training rows with words replaced by synonyms."""

    copies: PositiveInt = Field(
        10, description="m: copies of each training row; the row itself is not added"
    )
    table: Literal["neighbours", "same_stem"] = Field(
        "neighbours",
        description="whose words stand for each other: those of the published table of neighbours "
        "(artificial languages: their own table); or, ours, words of the training set with the "
        "same stem, where the published table is not at hand",
    )


class VoteSettings(_Closed):
    """Smoothing at test time: a majority vote over noisy readings of a row (ours)."""

    draws: PositiveInt = Field(9, description="n: readings of a row that vote")
    seed: NonNegativeInt = Field(1, description="of the noise")


class RobustSettings(_Closed):
    """What the methods of robust training do; each reads its own part."""

    adv: AdvSettings = Field(default_factory=AdvSettings, description="of adv and its variants")
    rs_rp: NoiseSettings = Field(
        default_factory=NoiseSettings, description="of rs_rp and its variants"
    )
    rs_da: SynonymSettings = Field(
        default_factory=SynonymSettings, description="of rs_da and its variants"
    )
    smoothed: VoteSettings = Field(
        default_factory=VoteSettings, description="of rs_rp_smoothed: how the readings vote"
    )

    @model_validator(mode="after")
    def _check(self) -> RobustSettings:
        for name, part in (("adv", self.adv), ("rs_rp", self.rs_rp)):
            if part.clean_weight == 1.0:
                raise ValueError(f"{name}.clean_weight 1 leaves nothing of the method")
        return self


def layer_of(point: str) -> int | None:
    """Return the layer of ``hidden:<l>``, counted from 1; None for the other points."""
    return int(point.removeprefix("hidden:")) if point.startswith("hidden:") else None


def part_of(settings: RobustSettings, method: str) -> AdvSettings | NoiseSettings:
    """Return the settings of a method that perturbs embeddings, ``adv`` or ``rs_rp``."""
    return settings.adv if method == "adv" else settings.rs_rp


def passes(part: AdvSettings | NoiseSettings) -> int:
    """Return how many times an update goes through the layers after the insertion point."""
    clean = int(part.clean_weight > 0.0)
    return clean + (part.steps + 1 if isinstance(part, AdvSettings) else part.draws)
