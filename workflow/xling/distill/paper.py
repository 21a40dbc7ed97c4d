# SPDX-License-Identifier: Apache-2.0
"""What the distillation paper trained and scored with, as published: config/papers/distill.yaml.

Evidence, not defaults, as :mod:`xling.papers`; the file has recipes instead of tasks and encoders.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from xling.config.loader import config_file
from xling.config.study import Closed
from xling.papers import Setting, check_sources, read_file

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
        parts = self.parts().items()
        found = ((place, *one) for place, settings in parts for one in settings.items())
        check_sources(self.sources, found)
        return self


def read_distill_paper(path: Path | None = None) -> DistillPaper:
    """Read and check the file.

    Raises:
        DataError: it has a mistake; with its line.
        UsageError: it is no YAML.
    """
    return read_file(path or config_file("papers/distill.yaml"), DistillPaper)
