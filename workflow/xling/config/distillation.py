# SPDX-License-Identifier: Apache-2.0
"""The types of a study's part ``distillation``: sentence encoders that learn from an English one.

Settings of a training are :class:`xling.distill.settings.DistillSettings`; here they are keys and
values, which ``xling.config.distillation_checks`` holds against that type run by run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from xling.config.distillation_models import (
    CorpusLanguage,
    CorpusName,
    DistillSystem,
    Student,
    Teacher,
    known_keys,
    once,
)
from xling.config.parts import Closed, Language, Name, RunResources, known
from xling.distill.settings import DistillSettings

STS, BUCC, TATOEBA = "sts17", "bucc2018", "tatoeba"
TASKS = (STS, BUCC, TATOEBA)
#: Systems of every study: a raw encoder, the teachers themselves, the student of all corpora.
MEAN_POOLED, TEACHER, DISTILLED = "mean_pooled", "teacher", "distilled"
BUILT_IN = (MEAN_POOLED, TEACHER, DISTILLED)

TaskName = Annotated[str, known("task of distillation", TASKS)]


class ArtificialPairs(Closed):
    """How much of distillation's data is written in artificial languages."""

    graded: PositiveInt = Field(..., description="English pairs with a grade, for a teacher")
    sts: PositiveInt = Field(250, description="pairs of each STS file; 250 as published")
    talks: dict[Language, PositiveInt] = Field(
        ..., min_length=1, description="English sentences of the corpus Talks, by language"
    )
    mined: dict[Language, PositiveInt] = Field(
        ..., min_length=1, description="the same of Mined, whose translations have wrong words"
    )


class Corpus(Closed):
    """Which languages of one parallel corpus are used."""

    languages: list[CorpusLanguage] | None = Field(
        None, min_length=1, description="beside English; null: all of the artificial data"
    )
    cap: PositiveInt | None = Field(
        None, description="training pairs of each language; null: that of pairs"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        once("languages", self.languages or [])
        return self


class PairRules(Closed):
    """Which sentence pairs are trained on."""

    max_characters: PositiveInt = Field(
        250, description="of a sentence; longer pairs are dropped (authors: 250, in v1 128)"
    )
    cap: PositiveInt | None = Field(
        None, description="training pairs of a corpus in a language, the first ones; null: all"
    )
    held_out: PositiveInt = Field(
        1000,
        description="sentences of a corpus in a language that choose the weights, where no dev "
        "part is published; at most a tenth",
    )
    without_tests: bool = Field(
        False, description="drop pairs that a test set holds; they are counted in any case"
    )
    seed: NonNegativeInt = Field(1, description="of the held-out sentences")


class SimilarityTest(Closed):
    """Semantic textual similarity: STS 2017 extended."""

    pairs: list[str] | None = Field(
        None, min_length=1, description="language pairs, English first: en-de; null: all"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        once("pairs", self.pairs or [])
        return self


class DistillWhere(Closed):
    """Which trainings an override is for; a list that is left out matches all."""

    systems: list[Name] | None = Field(None, min_length=1, description="students")
    models: list[Name] | None = Field(None, min_length=1, description="with these encoders")


class DistillOverride(Closed):
    """Other training settings for some students; later overrides win."""

    where: DistillWhere
    set: dict[str, Any] = Field(..., min_length=1, description="keys of the training settings")

    @model_validator(mode="after")
    def _check(self) -> Self:
        known_keys("training setting", self.set, DistillSettings.model_fields)
        return self


class DistillTraining(Closed):
    """Settings of all trainings of students."""

    recipe: Literal["v1", "emnlp"] | None = Field(
        None, description="the authors' script of April or November 2020; null: defaults alone"
    )
    defaults: dict[str, Any] = Field(
        default_factory=dict, description="keys that differ from the recipe's (docs/distill.md)"
    )
    overrides: list[DistillOverride] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check(self) -> Self:
        known_keys("training setting", self.defaults, DistillSettings.model_fields)
        return self


class DistillResourceOverride(Closed):
    """Other resources for some systems; later overrides win."""

    where: DistillWhere
    set: dict[str, Any] = Field(..., min_length=1, description="train_threads, gpu, gpu_type")

    @model_validator(mode="after")
    def _check(self) -> Self:
        known_keys("resource of a run", self.set, RunResources.model_fields)
        RunResources.model_validate(self.set)
        return self


class DistillExperiment(Closed):
    """A block of the grid.

    Students are trained once for each model and seed; what is not trained has seed 1, and what
    starts from no encoder of the study is its own model.
    """

    systems: list[Name] = Field(
        ...,
        min_length=1,
        description="mean_pooled, teacher, distilled, and names below distillation.systems",
    )
    models: list[Name] = Field(..., min_length=1, description="names below encoders")
    tasks: list[TaskName] = Field(..., min_length=1, description="sts17, bucc2018, tatoeba")
    seeds: list[NonNegativeInt] = Field(..., min_length=1, description="one training for each")


class Distillation(Closed):
    """Multilingual distillation: parallel text, teachers, students and the grid of runs."""

    corpora: dict[CorpusName, Corpus] = Field(
        ...,
        min_length=1,
        description="parallel text by its published name (docs/distill-data.md); artificial: "
        "Talks, Mined; folder: XNLI",
    )
    pairs: PairRules = Field(default_factory=PairRules)
    sizes: ArtificialPairs | None = Field(None, description="needed for artificial data")
    sts17: SimilarityTest | None = Field(
        None, description="null: not scored; bucc2018 and tatoeba are below the study's tasks"
    )
    teachers: dict[Name, Teacher] = Field(
        ..., min_length=1, description="by a name of your choice; the first is the default"
    )
    training: DistillTraining = Field(default_factory=DistillTraining)
    systems: dict[Name, DistillSystem] = Field(
        default_factory=dict, description="further students and systems, by a name of your choice"
    )
    reported: dict[str, str] = Field(
        default_factory=dict,
        description="rows of the paper (config/reported/distill.csv) by system/model, to compare",
    )
    experiments: list[DistillExperiment] = Field(..., min_length=1)
    resources: list[DistillResourceOverride] = Field(
        default_factory=list,
        description="where a run's resources differ from the study's; later entries win",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = {*BUILT_IN, *self.systems}
        for name, system in self.systems.items():
            place = f"systems.{name}"
            if name in (MEAN_POOLED, TEACHER):
                raise ValueError(f"{place}: the name of a system; allowed: any other name")
            if isinstance(system, Student):
                _all_known(f"{place}.teacher", "teacher", _named(system.teacher), self.teachers)
                _all_known(f"{place}.corpora", "corpus", system.corpora or [], self.corpora)
                _all_known(f"{place}.against", "system", _named(system.against), names)
        for i, block in enumerate(self.experiments):
            _all_known(f"experiments[{i}].systems", "system", block.systems, names)
            if STS in block.tasks and self.sts17 is None:
                raise ValueError(f"experiments[{i}].tasks: '{STS}' needs the key '{STS}'")
        for place, where in (
            *((f"training.overrides[{i}]", o.where) for i, o in enumerate(self.training.overrides)),
            *((f"resources[{i}]", o.where) for i, o in enumerate(self.resources)),
        ):
            _all_known(f"{place}.where.systems", "system", where.systems or [], names)
        return self


def _named(name: str | None) -> list[str]:
    return [] if name is None else [name]


def _all_known(where: str, kind: str, names: list[str], allowed: Iterable[str]) -> None:
    for name in names:
        if name not in allowed:
            raise ValueError(
                f"{where}: unknown {kind} '{name}'; allowed: {', '.join(sorted(allowed))}"
            )
