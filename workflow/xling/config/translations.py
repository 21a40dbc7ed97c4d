# SPDX-License-Identifier: Apache-2.0
"""The types of a study's part ``translations``: translations of our own, and who makes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from xling.config.parts import Closed, Name
from xling.translate.products.settings import ProductSettings
from xling.translate.settings import ArtificialEngine, Machine, ModelEngine

#: Not the name of an engine: the translations that came with the benchmark.
PUBLISHED = "published"


class TrainedModel(Closed):
    """A translation model that the study trains: runs of its part ``translation``."""

    method: Name = Field(..., description="system of translation.experiments")
    model: Name = Field(..., description="name below translation.models")
    benchmark: Name = Field(..., description="name below translation.benchmarks")
    seed: NonNegativeInt = Field(..., description="of the run")


class TranslationModel(ModelEngine):
    """An engine with one model, or with one for each direction."""

    kind: Literal["ctranslate2", "transformers"] = Field(
        ..., description="transformers is the reference, several times slower"
    )
    model: str = Field("", description="folder of a model as published; for all directions")
    models: dict[Annotated[str, Field(pattern=r"^[a-z]{2,3}-[a-z]{2,3}$")], str] = Field(
        default_factory=dict, description="folders by direction, such as en-de"
    )
    trained: TrainedModel | None = Field(
        None, description="of the study itself: o2m from English, m2o to English"
    )
    licence: str = Field(
        "",
        description="of the model, SPDX: what it writes is under it too; of one that the study "
        "trains on artificial text: Apache-2.0, as this project",
    )

    @model_validator(mode="after")
    def _one_source(self) -> TranslationModel:
        if sum(map(bool, (self.model, self.models, self.trained))) != 1:
            raise ValueError("set exactly one of 'model', 'models' and 'trained'")
        if (self.family == "fairseq") != (self.trained is not None):
            raise ValueError("'family: fairseq' goes with 'trained', and with nothing else")
        if not self.trained and not self.licence:
            raise ValueError("set 'licence': what a model writes is under it too")
        return self


class Generator(ArtificialEngine):
    """The generator of the artificial languages as an engine."""

    kind: Literal["artificial"] = Field(..., description="the generator of artificial languages")


EngineChoice = Annotated[TranslationModel | Generator, Field(discriminator="kind")]


class Translations(Closed):
    """Translations of our own: their makers, and which systems read them."""

    use: Name = Field(
        PUBLISHED,
        description="'published', or the engine whose translations every system reads that names "
        "no other",
    )
    engines: dict[Name, EngineChoice] = Field(
        ..., min_length=1, description="by a name of your choice"
    )
    shards: PositiveInt = Field(1, description="jobs that share one list of sentences")
    products: ProductSettings = Field(
        ProductSettings(), description="from translations to rows with labels"
    )
    aligner: Name | None = Field(
        None, description="encoder that aligns words; needed where labels are carried by alignment"
    )
    dev_sets: bool = Field(
        False, description="also translate dev sets to English (files alone: no system reads them)"
    )
    probe: PositiveInt = Field(
        500, description="artificial sentences per language on which projection is measured (ours)"
    )
    machine: Machine = Field(
        Machine(), description="what a job of translating may use; changes no translation"
    )

    @model_validator(mode="after")
    def _check(self) -> Translations:
        for name in self.engines:
            if name == PUBLISHED:
                raise ValueError(f"engines.{name}: taken by the translations that are published")
        if self.use not in (PUBLISHED, *self.engines):
            allowed = ", ".join([PUBLISHED, *self.engines])
            raise ValueError(f"use: unknown engine '{self.use}'; allowed: {allowed}")
        return self
