# SPDX-License-Identifier: Apache-2.0
"""The site file: what one Slurm cluster has that no other has.

Account, partitions and limits are the same for all studies of a cluster and differ between
clusters; so they stand in neither a study nor a profile.  ``xling doctor --write-slurm-site``
drafts the file; ``profiles/site.example.yaml`` explains it.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, PositiveInt, ValidationError

from xling.config.problems import Problem, as_error, found_by_types
from xling.config.source import KeyPath, Source, read_source
from xling.config.study import Closed
from xling.errors import UsageError, nearest

VARIABLE = "XLING_SLURM_SITE"


def _bare(value: str) -> str:
    """Accept what can stand in an sbatch option: it becomes part of a command line."""
    if not re.fullmatch(r"[^\s'\"\\`$;<>]+", value):
        raise ValueError(f"'{value}' cannot be an option of sbatch; allowed: no blanks, no quotes")
    return value


Word = Annotated[str, AfterValidator(_bare)]


class Partition(Closed):
    """Where jobs without a GPU go, and what one node there has; null: Slurm decides."""

    partition: Word | None = Field(None, description="name, or several with commas between")
    constraint: Word | None = Field(None, description="features that the nodes must have")
    max_minutes: PositiveInt | None = Field(None, description="longest time of a job")
    max_mem_mb: PositiveInt | None = Field(None, description="memory of one node, in MB")
    max_cpus: PositiveInt | None = Field(None, description="processor cores of one node")


class GpuPartition(Partition):
    """Where jobs with GPUs go, and what one node there has."""

    max_gpus: PositiveInt | None = Field(None, description="GPUs of one node")
    types: list[Word] = Field(default_factory=list, description="the cluster's names of its GPUs")


class Site(Closed):
    """One cluster.  Nothing is required: Slurm has a default for everything."""

    account: Word | None = Field(None, description="who pays; null: the user's default account")
    qos: Word | None = Field(None, description="quality of service; null: the account's default")
    cpu: Partition = Field(default_factory=Partition)
    gpu: GpuPartition = Field(default_factory=GpuPartition)
    stop_seconds: int = Field(
        300,
        ge=1,
        le=65535,  # what sbatch takes
        description="a job is told to save and stop so many seconds before its time is over",
    )


def site_path() -> Path:
    """Return where the site file lies, or would lie: ``XLING_SLURM_SITE``, or in ``profiles/``."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    here, checkout = Path.cwd() / "profiles", Path(__file__).parents[3] / "profiles"
    return (here if here.is_dir() else checkout) / "site.yaml"


def load_site(path: Path | None = None) -> Site:
    """Read the site file; without one, return a site that leaves everything to Slurm.

    Args:
        path: the file, if not that of :func:`site_path`.

    Raises:
        UsageError: the file has mistakes (all are listed), or the file that was asked for,
            as argument or in ``XLING_SLURM_SITE``, does not exist.
    """
    by_variable = path is None and bool(os.environ.get(VARIABLE))
    asked = path is not None or by_variable
    path = path or site_path()
    if not path.exists():
        if not asked:
            return Site()
        raise UsageError(
            f"there is no site file '{path}'",
            where=f"the variable {VARIABLE}" if by_variable else str(Path.cwd()),
            allowed="a YAML file such as profiles/site.example.yaml",
            fix="run: xling doctor --write-slurm-site",
        )
    source = _read(path)
    problems: list[Problem] = []
    if isinstance(source.values, dict):
        source = replace(source, values=_known_keys(source.values, Site, (), problems))
    site = Site()
    try:
        site = Site.model_validate({} if source.values is None else source.values)
    except ValidationError as error:
        problems += found_by_types(error, source)
    if problems:
        raise as_error(problems, source)
    return site


def _read(path: Path) -> Source:
    """Read the YAML file; the reader of studies calls every file a study."""
    try:
        return read_source(path)
    except UsageError as error:
        raise UsageError(
            error.what.replace("the study", "the site file"),
            where=error.where,
            allowed=error.allowed,
            fix=error.fix,
        ) from error


def _known_keys(
    values: dict[str, Any], model: type[BaseModel], path: KeyPath, problems: list[Problem]
) -> dict[str, Any]:
    """Return the keys that the type has and note the others as problems.

    A part whose lines are all commented out (``cpu:`` and nothing more) is a part left out.
    """
    kept = {}
    for key, value in values.items():
        if key not in model.model_fields:
            allowed = tuple(model.model_fields)
            fix = nearest(key, allowed)
            problems.append(Problem(f"unknown key '{key}'", (*path, key), ", ".join(allowed), fix))
            continue
        part = model.model_fields[key].annotation
        if isinstance(part, type) and issubclass(part, BaseModel):
            if value is None:
                continue
            if isinstance(value, dict):
                value = _known_keys(value, part, (*path, key), problems)
        kept[key] = value
    return kept
