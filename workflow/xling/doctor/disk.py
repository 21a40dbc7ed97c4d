# SPDX-License-Identifier: Apache-2.0
"""Room on the disk, against the plan."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xling.data.registry import Artefact
from xling.doctor.finding import Finding, error, few, ok, size, warning
from xling.estimate import StageCost

# Ours: output, note, log and benchmark of a job, and the files of a model's folder and state.
_FILES_PER_JOB = 15
_MARGIN = 1.2  # ours: checkpoints in work and estimates that are too low
_QUOTA = "a quota is not seen here: ask your site (quota -s, lfs quota)"


@dataclass(frozen=True)
class Part:
    """What a study still writes below one folder.

    Attributes:
        folder: it need not exist yet.
        left_mb: bytes still to be written, in MB (10^6), as far as they are known.
        files: how many, about.
        unknown: what ``left_mb`` leaves out.
    """

    folder: Path
    left_mb: float
    files: int
    unknown: tuple[str, ...] = ()


def results_part(name: str, stages: Sequence[StageCost], base: Path = Path()) -> Part:
    """Return what the stages of a study still write below ``results/<name>``.

    Args:
        name: of the study.
        stages: its cost; what is there already counts as written.
        base: the folder that snakemake works in.
    """
    ours = [stage for stage in stages if stage.stage != "download"]
    folder = base / "results" / name
    planned = sum(stage.disk_mb or 0.0 for stage in ours)
    return Part(
        folder,
        max(0.0, planned - _written(folder)),
        _FILES_PER_JOB * sum(stage.jobs for stage in ours),
        tuple(stage.stage for stage in ours if stage.disk_mb is None),
    )


def downloads_part(absent: Sequence[Artefact], base: Path) -> Part:
    """Return what is still to be downloaded.

    Args:
        absent: the downloads that are not there.
        base: ``resources/data``.
    """
    return Part(
        base,
        sum(one.bytes or 0 for one in absent) / 1e6,
        _FILES_PER_JOB * len(absent),
        tuple(one.key for one in absent if one.bytes is None),
    )


def disk_findings(parts: Sequence[Part]) -> Iterator[Finding]:
    """Compare what is still to be written with what is free, per file system."""
    places: dict[int, list[Part]] = {}
    for part in parts:
        places.setdefault(_existing(part.folder).stat().st_dev, []).append(part)
    for together in places.values():
        yield from _place(together)


def _place(parts: Sequence[Part]) -> Iterator[Finding]:
    """Judge the folders on one file system."""
    where = " and ".join(str(part.folder) for part in parts)
    facts = os.statvfs(_existing(parts[0].folder))
    free = facts.f_bavail * facts.f_frsize / 1e6
    left = sum(part.left_mb for part in parts)
    unknown = [name for part in parts for name in part.unknown]
    text = f"disk: {where}: {size(left)} still to be written, {size(free)} free"
    if unknown:
        text += f" (not counted, size unknown: {few(unknown)})"
    if left > free:
        yield error(text, f"make room, or let the folder be a link to a larger disk; {_QUOTA}")
    elif left * _MARGIN > free or unknown:
        yield warning(text, f"make sure that enough is free; {_QUOTA}")
    else:
        yield ok(f"{text}; {_QUOTA}")
    files = sum(part.files for part in parts)
    if facts.f_files and facts.f_favail < files:  # f_files is 0 where files are not counted
        yield error(
            f"disk: {where}: about {files:,} files to be written, {facts.f_favail:,} are allowed",
            "remove small files, or ask your site for more inodes",
        )


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above that is there."""
    return next(path for path in _upwards(folder) if path.exists())


def _upwards(folder: Path) -> Iterable[Path]:
    absolute = folder.absolute()
    return (absolute, *absolute.parents)


def _written(folder: Path) -> float:
    """Return the size of the files below a folder, in MB."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - many files
            except FileNotFoundError:
                continue  # a job at work has renamed it
    return total / 1e6
