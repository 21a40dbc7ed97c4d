# SPDX-License-Identifier: Apache-2.0
"""What the tables of translation are made of: records by run, and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from xling.mt.data.groups import language_groups
from xling.mt.plan import TranslationPlan
from xling.mt.scoring.averages import members
from xling.mt.scoring.contrasts import Contrast, contrasts
from xling.mt.scoring.results import ContrastResult, MtComparison, read_comparison
from xling.mt.systems import SYSTEMS
from xling.plan import Run
from xling.records import Record, read_record
from xling.score import is_collapsed
from xling.tables.agree import run_of
from xling.tables.cats.agree import require_agreement
from xling.tables.sheet import NOTHING, Entry
from xling.tables.table import Cell


@dataclass(frozen=True)
class System:
    """A method with a model on one task.

    Attributes:
        records: seeds ascending.
        missing: planned seeds without a record.
    """

    task: str
    method: str
    model: str
    title: str
    records: tuple[Record, ...]
    missing: tuple[int, ...]

    @property
    def collapsed(self) -> tuple[int, ...]:
        """Seeds whose run collapsed."""
        return tuple(r.seed for r in self.records if is_collapsed(r.flags))

    def cell(self, metric: str, column: str) -> Cell | None:
        """Return a score over seeds; ``column``: a language, or the name of an average."""
        scores = [
            s
            for record in self.records
            for s in record.scores
            if (s.metric, s.language) == (metric, column)
        ]
        return Cell(tuple(s.value for s in scores), scores[0].n) if scores else None


@dataclass(frozen=True)
class Results:
    """All results of a study's translation models."""

    plan: TranslationPlan
    records: Mapping[Run, Record]
    comparison: MtComparison

    @classmethod
    def of(
        cls, plan: TranslationPlan, records: Sequence[Record], comparison: MtComparison
    ) -> Results:
        """Check that records and plan agree; raises as ``require_agreement``."""
        require_agreement(plan, records)
        return cls(plan, {run_of(record): record for record in records}, comparison)

    @cached_property
    def systems(self) -> list[System]:
        """Systems by task and model, in the order of ``xling.mt.systems``, variants behind."""
        seeds: dict[tuple[str, str, str], list[Run]] = {}
        for run in self.plan.runs:
            seeds.setdefault((run.task, run.model, run.method), []).append(run)
        return [
            System(
                task,
                method,
                model,
                self.plan.title(method),
                tuple(self.records[run] for run in seeds[key] if run in self.records),
                tuple(run.seed for run in seeds[key] if run not in self.records),
            )
            for key in sorted(seeds, key=self._order)
            for task, model, method in [key]
        ]

    def _order(self, key: tuple[str, str, str]) -> tuple[object, ...]:
        task, model, method = key
        origin = self.plan.origin(method)
        return task, model, list(SYSTEMS).index(origin), method != origin, method

    def of_task(self, task: str) -> list[System]:
        """Return the systems of one task."""
        return [system for system in self.systems if system.task == task]

    def compared(self, kind: str) -> list[tuple[Contrast, ContrastResult]]:
        """Return the planned comparisons of a kind that were made."""
        return [
            (contrast, one)
            for contrast in contrasts(self.plan)
            if contrast.kind == kind
            for one in self.comparison.pairs
            if one.of(contrast)
        ]

    def group_columns(self, task: str) -> list[str]:
        """Return the names of the averages that a task has: low, mid, high, all."""
        return list(members(self.plan.groups(_benchmark(task))))

    def languages(self, task: str) -> list[str]:
        """Return the languages of a task from the smallest training set to the largest."""
        codes = self.plan.languages_of(_benchmark(task))
        sizes = self.train_rows(task)
        return sorted(codes, key=lambda code: (sizes.get(code, 0), codes.index(code)))

    def train_rows(self, task: str) -> dict[str, int]:
        """Return training pairs by language: those read, else planned, else published ones."""
        for system in self.of_task(task):
            for record in system.records:
                if "train" in record.data:
                    return dict(record.data["train"].rows)
        benchmark = _benchmark(task)
        planned = self.plan.train_sizes(benchmark)
        if planned is not None:
            return planned
        return {code: row.train or 0 for code, row in language_groups(benchmark).items()}


def read_results(plan: TranslationPlan, results: Path) -> Results:
    """Read all records and the comparisons of a study.

    Raises:
        DataError: one is missing or damaged, or records must not be compared.
    """
    records = [read_record(results / "runs" / run.path / "record.json") for run in plan.runs]
    return Results.of(plan, records, read_comparison(results / "comparisons" / "cats.json"))


def printed(cell: Cell | None, *, best: bool = False, dagger: bool = False) -> Entry:
    """Return mean and standard deviation over seeds as an entry."""
    if cell is None:
        return NOTHING
    sd = "" if cell.sd is None else f"{cell.sd:.1f}"
    return Entry(f"{cell.mean:.1f}", sd, best=best, dagger=dagger)


def _benchmark(task: str) -> str:
    return task.rpartition("-")[0]
