# SPDX-License-Identifier: Apache-2.0
"""The models of a study's part ``distillation``: teachers, students, systems that are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from xling.config.parts import Closed, Name
from xling.distill.settings import DistillSettings, TeacherSettings

EXTERNAL = ("laser", "muse")

# Some corpora tell countries apart: zh-cn, pt-br.
CorpusLanguage = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z]{2})?$")]
#: Of a parallel corpus, as published; xling.config.distillation_checks knows them.
CorpusName = str


def once(key: str, given: list[str]) -> None:
    """Refuse a name that comes twice."""
    if len(set(given)) != len(given):
        raise ValueError(f"{key}: a name is listed twice")


def known_keys(kind: str, given: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Refuse keys that are not allowed."""
    for key in given:
        if key not in allowed:
            raise ValueError(f"unknown {kind} '{key}'; allowed: {', '.join(allowed)}")


class TrainedTeacher(Closed):
    """A teacher that is trained on English pairs with a grade."""

    source: Literal["trained"] = Field(..., description="trained on the spot, on English alone")
    encoder: Name = Field(..., description="name below encoders that it starts from")
    data: Literal["stsbenchmark", "xnli"] = Field(
        ...,
        description="stsbenchmark: English STS benchmark, train; xnli: English pairs of XNLI's dev "
        "set, graded by their label",
    )
    seed: NonNegativeInt = Field(1, description="of dropout and order")
    training: TeacherSettings = Field(TeacherSettings(), description="docs/distill.md")
    title: str | None = Field(None, min_length=1, description="as tables print it; null: its name")


class FolderModel(Closed):
    """A sentence encoder on disk."""

    source: Literal["folder"] = Field(..., description="already trained, on disk")
    path: str = Field(..., description="folder of a sentence-transformers model")
    title: str | None = Field(None, min_length=1, description="as tables print it; null: its name")


class PublishedModel(Closed):
    """A published sentence encoder, which is downloaded."""

    source: Literal["published"] = Field(..., description="downloaded")
    key: Name = Field(..., description="of its row in config/datasets.csv")
    title: str | None = Field(None, min_length=1, description="as tables print it; null: its name")


Teacher = Annotated[TrainedTeacher | FolderModel | PublishedModel, Field(discriminator="source")]


class Student(Closed):
    """An encoder that learns a teacher's vectors."""

    kind: Literal["student"] = Field(..., description="trained by distillation")
    title: str = Field(..., min_length=1, description="as tables print it")
    part: Literal["main", "corpora", "amounts", "bilingual"] = Field(
        "main", description="study of section 5 that it belongs to; main: the numbered tables"
    )
    teacher: Name | None = Field(None, description="name below teachers; null: the first")
    corpora: list[CorpusName] | None = Field(
        None, min_length=1, description="names below corpora; null: all"
    )
    languages: list[CorpusLanguage] | None = Field(
        None, min_length=1, description="of the translations; null: all of its corpora"
    )
    amount: PositiveInt | None = Field(
        None, description="training pairs of each corpus and language; null: all"
    )
    against: Name | None = Field(
        None, description="student that it is also compared with; null: none"
    )
    training: dict[str, Any] = Field(
        default_factory=dict, description="keys of the training settings"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        known_keys("training setting", self.training, DistillSettings.model_fields)
        once("corpora", self.corpora or [])
        once("languages", self.languages or [])
        if self.part == "bilingual" and len(self.languages or []) != 1:
            raise ValueError("a student of part 'bilingual' has one language: set 'languages'")
        return self


class GivenSystem(Closed):
    """A published system that nothing is trained for."""

    kind: Literal["sentence_transformers", "labse", "laser", "muse"] = Field(
        ...,
        description="sentence_transformers: any such model; LaBSE; LASER1 and mUSE in environments "
        "of their own (docs/distill.md)",
    )
    title: str = Field(..., min_length=1, description="as tables print it")
    path: str | None = Field(
        None, description="folder of the model; of laser a checkout of LASER with its models"
    )
    key: Name | None = Field(
        None, description="of its row in config/datasets.csv, which is downloaded, instead of path"
    )
    python: str | None = Field(
        None, description="interpreter of the environment of laser or muse; others have none"
    )
    max_length: PositiveInt | None = Field(
        None, description="sub-words of a sentence; null: the model's own (not of laser, muse)"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        external = self.kind in EXTERNAL
        if (self.path is None) == (self.key is None):
            raise ValueError("set exactly one of 'path' and 'key'")
        if external and self.key is not None:
            raise ValueError(f"{self.kind} is not downloaded: set 'path'")
        if external != (self.python is not None):
            raise ValueError("'python' belongs to laser and muse, which need it")
        if external and self.max_length is not None:
            raise ValueError("'max_length' is not for laser and muse")
        return self


DistillSystem = Annotated[Student | GivenSystem, Field(discriminator="kind")]
