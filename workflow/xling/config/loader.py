# SPDX-License-Identifier: Apache-2.0
"""Finds a study, reads it and checks all of it before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from xling.config.checks import check
from xling.config.problems import as_error, found_by_types
from xling.config.source import KeyPath, Source, read_source, shown
from xling.config.study import Study
from xling.errors import UsageError, nearest

# Stands for a file name where a value was given on the command line.
COMMAND_LINE = "--data-root"
# A study may take whole top-level parts from another; what it gives itself replaces the part.
EXTENDS = "extends"


@dataclass(frozen=True)
class LoadedStudy:
    """A study and where its values stand.

    Attributes:
        study: the checked study.
        path: its file.
        lines: file and line of each key and list entry that was given; what is missing here is a
            default.  A value of the command line has the option's name as file and line 0.
    """

    study: Study
    path: Path
    lines: Mapping[KeyPath, tuple[str, int]]


def load_study(
    name_or_path: str, *, data_root: str | None = None, studies: Path | None = None
) -> LoadedStudy:
    """Load and check a study.

    Args:
        name_or_path: a name in the folder of studies, or a path (it has a slash or ends in .yaml).
        data_root: replaces ``data.root``; it need not exist before data is fetched.
        studies: the folder of studies, if not ``config/studies``.

    Raises:
        UsageError: there is no such study, or it has mistakes; all of them are listed.
    """
    source = _extended(read_source(_find(name_or_path, studies)), studies)
    lines = {path: (source.file_of(path).name, line) for path, line in source.lines.items()}
    if data_root is not None:
        source = replace(source, values=_with_data_root(source, data_root))
        lines["data", "root"] = (COMMAND_LINE, 0)
    try:
        study = Study.model_validate(source.values)
    except ValidationError as error:
        raise as_error(found_by_types(error, source), source) from None
    if problems := check(study, source):
        raise as_error(problems, source)
    return LoadedStudy(study, source.path, lines)


def _extended(source: Source, studies: Path | None) -> Source:
    """Return a study with the parts of the one that it extends, if it does."""
    values = source.values
    if not isinstance(values, dict) or EXTENDS not in values:
        return source
    name = values[EXTENDS]
    if not isinstance(name, str):
        raise UsageError(
            f"'{EXTENDS}' names no study",
            where=source.where((EXTENDS,)),
            allowed="the name of a study in config/studies, or a path to its file",
            fix=f"write '{EXTENDS}: mini'",
        )
    other = read_source(_find(name, studies))
    if not isinstance(other.values, dict) or EXTENDS in other.values:
        raise UsageError(
            f"'{name}' cannot be extended",
            where=source.where((EXTENDS,)),
            allowed="a study that extends no other",
            fix="extend the study that it extends, and repeat what differs",
        )
    own = replace(source, values={k: v for k, v in values.items() if k != EXTENDS})
    return own.extended(other)


def repository_root() -> Path:
    """Return the checkout: the current directory, or the one the package is installed from.

    Raises:
        UsageError: neither holds ``config/studies``.
    """
    for root in (Path.cwd(), Path(__file__).parents[3]):
        if (root / "config" / "studies").is_dir():
            return root
    raise UsageError(
        "the folder config/studies is not here",
        where=str(Path.cwd()),
        allowed="the folder of the checkout",
        fix="change to the checkout, or give the path of the study's file",
    )


def config_file(name: str) -> Path:
    """Return a file of the folder ``config``: the current checkout's, else the package's own.

    A folder with studies of its own need not repeat what papers reported.
    """
    own = repository_root() / "config" / name
    return own if own.is_file() else Path(__file__).parents[3] / "config" / name


def _find(name_or_path: str, studies: Path | None) -> Path:
    """Return the file of a study."""
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        path = Path(name_or_path)
        if not path.is_file():
            raise UsageError(
                f"there is no study file '{name_or_path}'",
                where=str(Path.cwd()),
                allowed="a YAML file",
                fix="check the path; a name without '/' and '.yaml' is looked up in config/studies",
            )
        return path
    folder = studies or repository_root() / "config" / "studies"
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if name_or_path not in known:
        raise UsageError(
            f"unknown study '{name_or_path}'",
            where=shown(folder),
            allowed=", ".join(known),
            fix=nearest(name_or_path, known) or "choose one of these or give a path to a file",
        )
    return folder / f"{name_or_path}.yaml"


def _with_data_root(source: Source, data_root: str) -> Any:
    """Return the values with another ``data.root``; wrong types are left for the types to find."""
    values = source.values
    data = values.get("data") if isinstance(values, dict) else None
    if not isinstance(data, dict):
        return values
    if data.get("source") == "artificial":
        raise UsageError(
            "a data folder is given, but the study makes its data itself",
            where=source.where(("data", "source")),
            allowed="--data-root with 'source: folder' only",
            fix="leave --data-root out or choose another study, such as local-xtreme",
        )
    return values | {"data": data | {"root": data_root}}
