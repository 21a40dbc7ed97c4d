# SPDX-License-Identifier: Apache-2.0
"""What papers trained with, as published: ``config/papers/{paper}.yaml``.

The values are evidence, not defaults: a study says what is trained, and a test holds the two
against each other.  The files on CATS and on distillation have other keys:
``xling.mt.paper_settings`` and ``xling.distill.paper`` read them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator

from xling.config.loader import repository_root
from xling.config.source import read_source
from xling.config.study import Closed, TaskName, TrainingSettings
from xling.errors import DataError, UsageError, nearest
from xling.reported.rows import FAMILIES
from xling.robust.settings import RobustSettings
from xling.xmixup.settings import XMixupSettings

File = TypeVar("File", bound=BaseModel)
#: Papers whose files have other keys.
ELSEWHERE = {"cats", "distill"}
Section = Literal["training", "xmixup", "robust", "reading", "decoding", "run"]

# Keys of each section.  All but those of `run` are settings of a study.
KEYS: dict[Section, frozenset[str]] = {
    "training": frozenset(TrainingSettings.model_fields) - {"xmixup", "robust"},
    "xmixup": frozenset(XMixupSettings.model_fields),
    "robust": frozenset(
        f"{part}.{key}"
        for part, field in RobustSettings.model_fields.items()
        for key in field.annotation.model_fields  # type: ignore[union-attr]
    ),
    "reading": frozenset({"max_length", "doc_stride", "max_question"}),
    "decoding": frozenset({"n_best", "max_answer"}),
    "run": frozenset({"seeds", "precision", "gpus", "english"}),
}


class Setting(Closed):
    """One setting: what was published, and what we use if it is something else."""

    published: Any = Field(..., description="null: not known, or no such setting there")
    source: str = Field("", description="name below sources")
    ours: Any = Field(None, description="null counts if it is written")
    why: str = ""
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value to use."""
        return self.published is not None or "ours" in self.model_fields_set

    @property
    def used(self) -> Any:
        """Our value, or else the published one."""
        return self.ours if "ours" in self.model_fields_set else self.published

    @model_validator(mode="after")
    def _check(self) -> Setting:
        if self.published is not None and not self.source:
            raise ValueError("a published value needs a 'source'")
        if not self.why and (self.published is None or "ours" in self.model_fields_set):
            raise ValueError("a value that is unknown or ours needs a 'why'")
        return self


def check_sources(sources: Collection[str], settings: Iterable[tuple[str, str, Setting]]) -> None:
    """Raise ValueError if a setting, given with its section and key, has an unknown source."""
    for section, key, one in settings:
        if one.source and one.source not in sources:
            raise ValueError(
                f"unknown source '{one.source}' of '{section}.{key}'; allowed: {', '.join(sources)}"
            )


class SettingBlock(Closed):
    """Settings by section; a subclass has a field for each section and says which keys it has."""

    keys: ClassVar[Mapping[Any, frozenset[str]]]

    def settings(self) -> Iterator[tuple[str, str, Setting]]:
        """Yield section, key and setting."""
        for section in self.keys:
            for key, one in getattr(self, section).items():
                yield section, key, one

    @model_validator(mode="after")
    def _check(self) -> SettingBlock:
        for section, key, _ in self.settings():
            if key not in self.keys[section]:
                allowed = ", ".join(sorted(self.keys[section]))
                raise ValueError(f"unknown key '{section}.{key}'; allowed: {allowed}")
        return self


class Where(Closed):
    """Which runs a block is for; a list that is left out matches all."""

    tasks: list[TaskName] | None = Field(None, min_length=1)
    families: list[str] | None = Field(None, min_length=1)


class Block(SettingBlock):
    """Settings of some tasks and encoders."""

    keys = KEYS
    where: Where
    training: dict[str, Setting] = Field(default_factory=dict)
    xmixup: dict[str, Setting] = Field(default_factory=dict)
    robust: dict[str, Setting] = Field(default_factory=dict)
    reading: dict[str, Setting] = Field(default_factory=dict)
    decoding: dict[str, Setting] = Field(default_factory=dict)
    run: dict[str, Setting] = Field(default_factory=dict)


class PaperSettings(Closed):
    """The file of one paper.

    Attributes:
        families: encoders of the paper by our names (``xling.reported.model_family``).
        sources: what the names of sources stand for.
        settings: later blocks replace what earlier ones say, key by key.
    """

    paper: str
    tasks: list[TaskName]
    families: list[str]
    sources: dict[str, str]
    settings: list[Block]

    def section(self, name: Section, task: str, family: str) -> dict[str, Setting]:
        """Return the settings of one section.

        Raises:
            UsageError: the paper has no such task or encoder.
        """
        for kind, given, known in (("task", task, self.tasks), ("encoder", family, self.families)):
            if given not in known:
                raise UsageError(
                    f"'{given}' is no {kind} of the paper '{self.paper}'",
                    where=f"config/papers/{self.paper}.yaml",
                    allowed=", ".join(known),
                    fix=nearest(given, known) or "give one of these names",
                )
        found: dict[str, Setting] = {}
        for block in self.settings:
            at = block.where
            if task in (at.tasks or [task]) and family in (at.families or [family]):
                found |= getattr(block, name)
        return found

    def used(self, name: Section, task: str, family: str) -> dict[str, Any]:
        """Return the values to train with: ours or published; unknown ones are absent."""
        settings = self.section(name, task, family)
        return {key: one.used for key, one in settings.items() if one.known}

    def published(self, name: Section, task: str, family: str) -> dict[str, Any]:
        """Return the published values; unknown ones are absent."""
        settings = self.section(name, task, family)
        return {key: one.published for key, one in settings.items() if one.published is not None}

    @model_validator(mode="after")
    def _check(self) -> PaperSettings:
        names = [*self.families, *(f for b in self.settings for f in b.where.families or ())]
        for family in names:
            if family not in FAMILIES.values():
                allowed = ", ".join(FAMILIES.values())
                raise ValueError(f"unknown encoder '{family}'; allowed: {allowed}")
        check_sources(self.sources, (one for block in self.settings for one in block.settings()))
        return self


def paper_settings(paper: str) -> PaperSettings:
    """Return the published settings of a paper.

    Raises:
        UsageError: there is no file of that paper, or it is no YAML.
        DataError: it has a mistake; with its line.
    """
    folder = repository_root() / "config" / "papers"
    known = sorted({path.stem for path in folder.glob("*.yaml")} - ELSEWHERE)
    if paper not in known:
        raise UsageError(
            f"there are no published settings of the paper '{paper}'",
            where=str(folder),
            allowed=", ".join(known),
            fix=nearest(paper, known) or "give one of these names",
        )
    return read_paper(folder / f"{paper}.yaml")


def read_paper(path: Path) -> PaperSettings:
    """Read and check the file of one paper; raises as :func:`paper_settings`."""
    return read_file(path, PaperSettings)


def read_file(path: Path, kind: type[File]) -> File:
    """Read published settings of some kind; raises as :func:`paper_settings`."""
    source = read_source(path)
    try:
        return kind.model_validate(source.values)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(
            f"published settings have a mistake: {first['msg'].removeprefix('Value error, ')}",
            where=source.where(first["loc"]),
            allowed="what docs/reported.md describes",
            fix="correct the file",
        ) from error
