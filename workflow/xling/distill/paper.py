# SPDX-License-Identifier: Apache-2.0
"""What the distillation paper trained and scored with, as published: config/papers/distill.yaml.

Evidence, not defaults, as :mod:`xling.papers`; the file has recipes instead of tasks and encoders.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from xling.config.loader import config_file
from xling.config.source import read_source
from xling.config.study import Closed
from xling.errors import DataError
from xling.papers import Setting

Settings = dict[str, Setting]


class PublishedRecipe(Closed):
    """One of the authors' training scripts."""

    training: Settings
    data: Settings
    selection: Settings


class DistillPaper(Closed):
    """The file.

    Attributes:
        sources: what the names of sources stand for.
        recipes: by name, as in ``xling.distill.recipes``.
    """

    paper: str
    sources: dict[str, str]
    recipes: dict[str, PublishedRecipe] = Field(min_length=1)
    evaluation: Settings

    def parts(self) -> dict[str, Settings]:
        """Return the settings by their place in the file."""
        found = {"evaluation": self.evaluation}
        for name, one in self.recipes.items():
            found |= {
                f"recipes.{name}.training": one.training,
                f"recipes.{name}.data": one.data,
                f"recipes.{name}.selection": one.selection,
            }
        return found

    @model_validator(mode="after")
    def _check(self) -> DistillPaper:
        for place, settings in self.parts().items():
            for key, one in settings.items():
                if one.source and one.source not in self.sources:
                    raise ValueError(
                        f"unknown source '{one.source}' of '{place}.{key}'; "
                        f"allowed: {', '.join(self.sources)}"
                    )
        return self


def read_distill_paper(path: Path | None = None) -> DistillPaper:
    """Read and check the file.

    Raises:
        DataError: it has a mistake; with its line.
        UsageError: it is no YAML.
    """
    source = read_source(path or config_file("papers/distill.yaml"))
    try:
        return DistillPaper.model_validate(source.values)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(
            f"published settings have a mistake: {first['msg'].removeprefix('Value error, ')}",
            where=source.where(first["loc"]),
            allowed="what docs/reported.md describes",
            fix="correct the file",
        ) from error
