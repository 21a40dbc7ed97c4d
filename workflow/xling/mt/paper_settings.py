# SPDX-License-Identifier: Apache-2.0
"""What CATS and recipes for its data were trained with: ``config/papers/cats.yaml``.

As ``xling.papers`` for papers on fine-tuning: evidence, not defaults.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from xling.config.loader import config_file
from xling.config.parts import Closed
from xling.config.translation import (
    BenchmarkName,
    TransformerSettings,
    TranslationSettings,
    Vocabulary,
)
from xling.errors import UsageError, nearest
from xling.mt.cats.settings import CatsSettings
from xling.papers import Setting, SettingBlock, check_sources, read_file

Section = Literal["model", "training", "vocabulary", "weighting", "run"]
SECTIONS: tuple[Section, ...] = ("model", "training", "vocabulary", "weighting", "run")

# Settings that no paper has: how we measure and log.
_OURS = {"weighting", "probe", "largest_factor"}
_OURS |= {"log_every", "validate_every", "checkpoint_every"}
#: Keys of each section.  All but those of `run` are settings of a study.
KEYS: dict[Section, frozenset[str]] = {
    "model": frozenset(TransformerSettings.model_fields),
    "training": frozenset(TranslationSettings.model_fields) - _OURS,
    "vocabulary": frozenset(Vocabulary.model_fields),
    "weighting": frozenset(CatsSettings.model_fields),
    "run": frozenset({"directions", "seeds", "languages", "dev_rows"}),
}


class Where(Closed):
    """Which benchmarks a block is for; without a list all."""

    benchmarks: list[BenchmarkName] | None = Field(None, min_length=1)


class Block(SettingBlock):
    """Settings of some benchmarks."""

    keys = KEYS
    where: Where
    model: dict[str, Setting] = Field(default_factory=dict)
    training: dict[str, Setting] = Field(default_factory=dict)
    vocabulary: dict[str, Setting] = Field(default_factory=dict)
    weighting: dict[str, Setting] = Field(default_factory=dict)
    run: dict[str, Setting] = Field(default_factory=dict)


class TranslationPaper(Closed):
    """The file of a paper on translation.

    Attributes:
        sources: what the names of sources stand for.
        settings: later blocks replace what earlier ones say, key by key.
    """

    paper: str
    benchmarks: list[BenchmarkName]
    sources: dict[str, str]
    settings: list[Block]

    def section(self, name: Section, benchmark: str) -> dict[str, Setting]:
        """Return the settings of one section.

        Raises:
            UsageError: the file has nothing on the benchmark.
        """
        if benchmark not in self.benchmarks:
            raise UsageError(
                f"'{benchmark}' is no benchmark of the paper '{self.paper}'",
                where=f"config/papers/{self.paper}.yaml",
                allowed=", ".join(self.benchmarks),
                fix=nearest(benchmark, self.benchmarks) or "give one of these names",
            )
        found: dict[str, Setting] = {}
        for block in self.settings:
            if benchmark in (block.where.benchmarks or [benchmark]):
                found |= getattr(block, name)
        return found

    @model_validator(mode="after")
    def _check(self) -> TranslationPaper:
        check_sources(self.sources, (one for block in self.settings for one in block.settings()))
        return self


@cache
def cats_settings() -> TranslationPaper:
    """Return what sources say of CATS and its data.

    Raises:
        DataError: the file has a mistake; with its line.
    """
    return read_cats(config_file("papers/cats.yaml"))


def read_cats(path: Path) -> TranslationPaper:
    """Read and check such a file; raises as :func:`cats_settings`."""
    return read_file(path, TranslationPaper)
