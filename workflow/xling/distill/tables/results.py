# SPDX-License-Identifier: Apache-2.0
"""Records of a study by system and task, and the cells of tables made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from xling.distill.tables.frame import PAPER, Frame, System
from xling.errors import DataError
from xling.plan import Run
from xling.records import Record
from xling.score import is_collapsed
from xling.tables.agree import listed
from xling.tables.table import Cell


@dataclass(frozen=True)
class Results:
    """Records of a study.

    Attributes:
        records: by method, model and task; seeds ascending.
    """

    frame: Frame
    records: dict[tuple[str, str, str], tuple[Record, ...]]

    def of(self, system: System, task: str) -> tuple[Record, ...]:
        """Return the records of a system on a task."""
        return self.records.get((*system.key, task), ())

    def cell(
        self,
        system: System,
        task: str,
        setting: str,
        language: str,
        metric: str,
        seeds: Collection[int] | None = None,
    ) -> Cell | None:
        """Return a cell, of these seeds alone if given; None unless each of them has the score."""
        own = [one for one in self.of(system, task) if seeds is None or one.seed in seeds]
        found = [
            score
            for record in own
            for score in record.scores
            if (score.setting, score.language, score.metric) == (setting, language, metric)
        ]
        if not found or len(found) != len(own):
            return None
        return Cell(tuple(score.value for score in found), found[0].n)

    def seeds(self, system: System, task: str) -> set[int]:
        """Return the seeds of a system's records."""
        return {record.seed for record in self.of(system, task)}

    def collapsed(self, system: System, task: str) -> bool:
        """Return whether a seed of a system collapsed."""
        return any(is_collapsed(record.flags) for record in self.of(system, task))

    def training_pairs(self, system: System, task: str) -> int | None:
        """Return the pairs a system was trained on; None where its records do not say so."""
        for record in self.of(system, task):
            parts = [use for name, use in record.data.items() if name.split()[-1] == "train"]
            if parts:
                return sum(sum(use.rows.values()) for use in parts)
        return None


def mean_cell(cells: Sequence[Cell | None]) -> Cell | None:
    """Return the unweighted mean of raw cells, seed by seed; None if one of them is missing."""
    known = [cell for cell in cells if cell is not None]
    if not known or len(known) != len(cells) or len({len(cell.values) for cell in known}) > 1:
        return None
    seeds = zip(*(cell.values for cell in known), strict=True)
    return Cell(tuple(map(fmean, seeds)), sum(cell.rows for cell in known))


def difference(one: Cell | None, other: Cell | None) -> Cell | None:
    """Return one cell less another, seed by seed; None without the same number of seeds."""
    if one is None or other is None or len(one.values) != len(other.values):
        return None
    pairs = zip(one.values, other.values, strict=True)
    return Cell(tuple(left - right for left, right in pairs), one.rows)


def collect(frame: Frame, records: Iterable[Record]) -> Results:
    """Sort the records of the distillation paper by system and task.

    Raises:
        DataError: a record is of no system or task of the study, is there twice, or was made by
            another version or on other data than the rest.
    """
    own = [record for record in records if record.paper == PAPER]
    problems = problems_of(frame, own)
    if problems:
        raise DataError(
            f"these records cannot be put into one table: {' | '.join(problems)}",
            allowed="one record per planned run, all of the same versions, metrics and test data",
            fix="delete the records that are out of date and run snakemake again",
        )
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in sorted(own, key=lambda one: one.seed):
        found.setdefault((record.method, record.model, record.task), []).append(record)
    return Results(frame, {key: tuple(group) for key, group in found.items()})


def problems_of(frame: Frame, records: Sequence[Record]) -> list[str]:
    """Name records that do not belong to a study, or that were not made alike."""
    return _strangers(frame, records) or _disagreements(records)


def _path(record: Record) -> str:
    return Run(record.paper, record.method, record.model, record.task, record.seed).path


def _strangers(frame: Frame, records: Sequence[Record]) -> list[str]:
    keys = {system.key for system in frame.systems}
    problems, seen = [], set[str]()
    for record in records:
        path = _path(record)
        if record.study != frame.study:
            problems.append(f"{path}: is a record of study '{record.study}'")
        elif (record.method, record.model) not in keys or record.task not in frame.tasks:
            problems.append(f"{path}: the study plans no such run")
        elif path in seen:
            problems.append(f"{path}: there are two records")
        seen.add(path)
    return problems


def _disagreements(records: Sequence[Record]) -> list[str]:
    """Name what must be equal and is not: versions, signatures, rows and files of test data."""
    seen: dict[str, dict[str, list[str]]] = {}
    for record in records:
        facts = {f"version of stage '{name}'": str(v) for name, v in record.stages.items()}
        for name in ("dev", "test"):
            if name in record.data:
                facts[f"checksum of {record.task} {name}"] = record.data[name].sha256
        for one in record.scores:
            what = f"{record.task} {one.setting} {one.language} {one.metric}"
            facts[f"signature of {what}"] = one.signature
            facts[f"rows of {what}"] = str(one.n)
        for fact, value in facts.items():
            seen.setdefault(fact, {}).setdefault(value, []).append(_path(record))
    return [
        f"{fact} differs: "
        + "; ".join(f"{value} in {listed(sorted(paths))}" for value, paths in sorted(sides.items()))
        for fact, sides in sorted(seen.items())
        if len(sides) > 1
    ]
