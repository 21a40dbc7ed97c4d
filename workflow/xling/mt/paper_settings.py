# SPDX-License-Identifier: Apache-2.0
"""What CATS and recipes for its data were trained with: ``config/papers/cats.yaml``.

As ``xling.papers`` for papers on fine-tuning: evidence, not defaults.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from xling.papers import Setting, read_file

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


class Block(Closed):
    """Settings of some benchmarks."""

    where: Where
    model: dict[str, Setting] = Field(default_factory=dict)
    training: dict[str, Setting] = Field(default_factory=dict)
    vocabulary: dict[str, Setting] = Field(default_factory=dict)
    weighting: dict[str, Setting] = Field(default_factory=dict)
    run: dict[str, Setting] = Field(default_factory=dict)

    def settings(self) -> Iterator[tuple[Section, str, Setting]]:
        """Yield section, key and setting."""
        for section in SECTIONS:
            for key, one in getattr(self, section).items():
                yield section, key, one

    @model_validator(mode="after")
    def _check(self) -> Block:
        for section, key, _ in self.settings():
            if key not in KEYS[section]:
                allowed = ", ".join(sorted(KEYS[section]))
                raise ValueError(f"unknown key '{section}.{key}'; allowed: {allowed}")
        return self


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
        for section, key, one in (one for block in self.settings for one in block.settings()):
            if one.source and one.source not in self.sources:
                raise ValueError(
                    f"unknown source '{one.source}' of '{section}.{key}'; "
                    f"allowed: {', '.join(self.sources)}"
                )
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
