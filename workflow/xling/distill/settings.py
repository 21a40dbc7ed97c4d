# SPDX-License-Identifier: Apache-2.0
"""The settings of distillation, as types that a study can contain."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from xling.mt.settings import MethodSettings

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Mixing(MethodSettings):
    """How often each part of the data is trained on; a part is one corpus in one language."""

    share: Literal["equal", "proportional", "temperature"] = Field(
        "equal",
        description="equal: all parts alike, as the authors' code does (small ones repeat, large "
        "ones are cut); proportional to their size; temperature: to its power 1/temperature",
    )
    temperature: PositiveFloat | None = Field(
        None, description="T of share: temperature; 1 is proportional, a large one nearly equal"
    )
    turn: PositiveInt = Field(
        100, description="source sentences per turn and part, on average over the parts"
    )
    epoch: Literal["largest", "total"] = Field(
        "total", description="examples of an epoch: of the largest part, or of all parts together"
    )

    @model_validator(mode="after")
    def _check(self) -> Mixing:
        if (self.share == "temperature") != (self.temperature is not None):
            raise ValueError("'temperature' belongs to share 'temperature', which needs it")
        return self


class Guard(MethodSettings):
    """When vectors count as collapsed.  All numbers are ours.

    The spread of vectors is 1 minus the mean cosine of random pairs of different sentences.
    """

    pairs: PositiveInt = Field(1000, description="random pairs of held-out sentences")
    least_spread: Share = Field(
        0.1, description="a student is collapsed below this share of its teacher's spread"
    )
    looks: PositiveInt = Field(
        3, description="looks in a row, after the warm-up, before a collapse ends the training"
    )
    least_teacher_norm: PositiveFloat = Field(
        1e-3, description="mean length of the teacher's vectors; shorter ones teach nothing"
    )
    least_teacher_spread: Share = Field(
        0.01, description="below it a teacher tells no sentences apart"
    )


class DistillSettings(MethodSettings):
    """Training of a student.  Exactly one of ``epochs`` and ``max_steps`` is set."""

    examples: Literal["pairs", "grouped"] = Field(
        "pairs",
        description="pairs: source and translation, as in the paper's formula; grouped: single "
        "sentences, each source once with all its translations, as the authors' code of 2020",
    )
    source_side: bool = Field(True, description="the student learns the source's own vector")
    target_side: bool = Field(True, description="the student learns it for translations")
    reduction: Literal["mean", "sum"] = Field(
        "mean",
        description="of the two sides: mean, as the code, or sum, as the formula (twice as much)",
    )
    mixing: Mixing = Field(Mixing(), description="of corpora and languages")
    max_length: PositiveInt = Field(128, description="sub-words; the rest is cut")
    batch_size: PositiveInt = Field(
        64, description="sentences per update; of pairs half as many, whichever sides are on"
    )
    epochs: PositiveFloat | None = Field(None, description="upper limit; see mixing.epoch")
    max_steps: PositiveInt | None = Field(None, description="updates")
    learning_rate: PositiveFloat = Field(2e-5, description="peak")
    schedule: Literal["constant", "linear"] = Field("constant", description="after the warm-up")
    warmup_steps: NonNegativeInt = Field(10_000, description="updates of the warm-up")
    shortest_warmup: Share = Field(
        0.1,
        description="trainings of less than 2 x warmup_steps warm up for this share of their steps "
        "instead (ours: 10,000 updates are more than an epoch of one language)",
    )
    weight_decay: float = Field(0.01, ge=0.0, description="of AdamW; not of biases and LayerNorm")
    adam_epsilon: PositiveFloat = Field(1e-6, description="of AdamW")
    max_grad_norm: PositiveFloat = Field(1.0, description="longer gradients are shortened to it")
    precision: Literal["fp32", "bf16", "fp16"] = Field("fp32", description="number format")
    evaluate_every: PositiveInt = Field(1000, description="updates between looks at held-out pairs")
    checkpoint_every: PositiveInt = Field(1000, description="updates between checkpoints")
    patience: PositiveInt | None = Field(
        None, description="looks without a smaller held-out error before training ends; null: all"
    )
    guard: Guard = Field(Guard(), description="ends a training whose student has collapsed")

    @model_validator(mode="after")
    def _check(self) -> DistillSettings:
        if (self.epochs is None) == (self.max_steps is None):
            raise ValueError("set exactly one of 'epochs' and 'max_steps'")
        if not (self.source_side or self.target_side):
            raise ValueError("set at least one of 'source_side' and 'target_side'")
        if self.examples == "pairs" and self.batch_size % 2:
            raise ValueError("'batch_size' counts the sentences of pairs: it must be even")
        if self.examples == "grouped" and self.reduction == "sum":
            raise ValueError("reduction 'sum' is over the sides of pairs; set examples: pairs")
        return self

    @property
    def examples_per_update(self) -> int:
        """Pairs or sentences in a batch."""
        return self.batch_size // 2 if self.examples == "pairs" else self.batch_size

    def warmup(self, steps: int) -> int:
        """Return the updates of the warm-up of a training of ``steps`` updates."""
        if steps < 2 * self.warmup_steps:
            return round(self.shortest_warmup * steps)
        return self.warmup_steps


class TeacherSettings(MethodSettings):
    """Training of a small teacher on graded English pairs."""

    objective: Literal["cosent", "cosine", "ranking"] = Field(
        "cosent",
        description="loss of sentence-transformers: cosent (CoSENTLoss) uses only the order of the "
        "grades; cosine (CosineSimilarityLoss) their values, as SBERT on STS; ranking "
        "(MultipleNegativesRankingLoss): pairs of at least positive_from against all others of a "
        "batch",
    )
    positive_from: Share = Field(0.8, description="of objective: ranking; grades are 0 to 1")
    max_length: PositiveInt = Field(128, description="sub-words; the rest is cut")
    batch_size: PositiveInt = Field(32, description="pairs per update")
    epochs: PositiveFloat = Field(4.0, description="passes over the pairs")
    learning_rate: PositiveFloat = Field(2e-5, description="peak")
    warmup_ratio: Share = Field(0.1, description="share of the steps")
    weight_decay: float = Field(0.01, ge=0.0, description="of AdamW")
    precision: Literal["fp32", "bf16", "fp16"] = Field("fp32", description="number format")
    checkpoint_every: PositiveInt = Field(500, description="updates between checkpoints")
