# SPDX-License-Identifier: Apache-2.0
"""What the paper's tables are made of: scores by task, analyses by run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from xling.plan import Plan, Run
from xling.records import Record
from xling.score import headline
from xling.tables.table import AVG, Cell, System, Table, build_table
from xling.tables.xmixup.planned import MAIN, PAPER, tested_way
from xling.tasks import SOURCE_LANGUAGE, TASKS

if TYPE_CHECKING:
    from xling.analysis.files import Analysis

Analyses = Mapping[Run, "Analysis"]
# How test items are read, as it stands behind a system's name.
WAYS = {
    "alone": "read alone",
    "translate_test": "with translation",
    "gold": "with gold English (oracle)",
}


@dataclass(frozen=True)
class Results:
    """All results of the paper's runs in one study.

    Attributes:
        tables: of the tasks with training, in XTREME's order, with all systems.
        analyses: by run; a run without one has no CKA.
    """

    plan: Plan
    records: tuple[Record, ...]
    tables: tuple[Table, ...]
    analyses: Analyses

    @property
    def models(self) -> list[str]:
        """Encoders of the paper's runs, sorted."""
        return sorted({system.model for table in self.tables for system in table.systems})

    def of(self, methods: Sequence[str]) -> list[Table]:
        """Return the tables with some of the systems; those without any are left out."""
        kept = [
            replace(table, systems=tuple(s for s in table.systems if s.method in methods))
            for table in self.tables
        ]
        return [table for table in kept if table.systems]

    @property
    def main(self) -> list[Table]:
        """Tables of the main comparison."""
        return self.of(MAIN)


def collect(plan: Plan, records: Sequence[Record], analyses: Analyses) -> Results:
    """Collect the paper's results.

    Raises:
        DataError: if records of one task must not be compared with each other.
    """
    tasks = {run.task for run in plan.runs if run.paper == PAPER}
    own = tuple(record for record in records if record.paper == PAPER)
    tables = tuple(
        build_table(plan, PAPER, name, own)
        for name, task in TASKS.items()
        if name in tasks and task.trained
    )
    return Results(plan, own, tables, analyses)


def metrics(table: Table) -> tuple[str, ...]:
    """Return the metrics that papers print of a task: F1 and exact match of answers."""
    return table.task.metrics if table.task.family == "qa" else (table.task.metric,)


def mean_over_languages(system: System, table: Table, metric: str) -> Cell | None:
    """Return the mean over all languages of a metric, in the setting that tables show."""
    if metric == table.task.metric or AVG not in system.cells:
        return system.cells.get(AVG)
    values = [
        fmean(s.value for s in headline(record.scores) if s.metric == metric)
        for record in system.records
    ]
    return Cell(tuple(values), system.cells[AVG].rows)


def paired(one: System, other: System, column: str) -> Cell | None:
    """Return the difference of two systems in a column, over the seeds that both have."""
    cells = one.cells.get(column), other.cells.get(column)
    if cells[0] is None or cells[1] is None:
        return None
    pairs = [
        dict(zip(system.seeds, cell.values, strict=True))
        for system, cell in ((one, cells[0]), (other, cells[1]))
    ]
    values = tuple(pairs[0][seed] - pairs[1][seed] for seed in one.seeds if seed in pairs[1])
    return Cell(values, cells[0].rows) if values else None


@dataclass(frozen=True)
class LastLayer:
    """CKA with the source in the last layer, of one system read in one way.

    Attributes:
        tested: whether the scores that tables show were made by reading in this way.
        layer: its number.
        values: by target language, one per analysed seed.
        seeds: those, ascending.
    """

    system: System
    way: str
    tested: bool
    layer: int
    values: Mapping[str, tuple[float, ...]]
    seeds: tuple[int, ...]

    @property
    def title(self) -> str:
        """Name of the system; of X-Mixup also how it read."""
        only = self.way == "alone" and self.tested
        return self.system.title if only else f"{self.system.title}, {WAYS[self.way]}"

    @property
    def mean(self) -> Cell:
        """Mean over target languages, by seed; there is at least one language."""
        columns = zip(*self.values.values(), strict=True)
        return Cell(tuple(fmean(column) for column in columns), len(self.values))


def last_layers(results: Results, table: Table, *, gold: bool = False) -> Iterator[LastLayer]:
    """Yield the CKA of each system of a table that was analysed, in each way of reading.

    Args:
        results: with the analyses.
        table: of one task.
        gold: also of items read with gold English, beside their translations.
    """
    for system in table.systems:
        own = analyses_of(results, table, system)
        if not own:
            continue
        run = next(iter(own))
        tested = tested_way(results.plan, run)
        for way in own[run].ways:
            if way in ("alone", tested) or gold:
                values = {
                    code: tuple(last_cka(one, way, code) for one in own.values())
                    for code in own[run].ways[way]
                    if code != SOURCE_LANGUAGE
                }
                seeds = tuple(one.seed for one in own)
                layer = own[run].layers[-1]
                yield LastLayer(system, way, way == tested, layer, values, seeds)


def analysed_only(results: Results, tables: Sequence[Table]) -> list[Table]:
    """Return the tables with the systems whose runs the plan has analysed."""
    keys = {(run.task, run.method, run.model) for run in results.plan.analysed}
    kept = [
        replace(
            table,
            systems=tuple(s for s in table.systems if (table.task.name, s.method, s.model) in keys),
        )
        for table in tables
    ]
    return [table for table in kept if table.systems]


def analyses_of(results: Results, table: Table, system: System) -> dict[Run, Analysis]:
    """Return the analyses of a system on a task, seeds ascending."""
    return {
        run: results.analyses[run]
        for run in sorted(results.analyses)
        if (run.paper, run.task) == (PAPER, table.task.name)
        and (run.method, run.model) == (system.method, system.model)
    }


def last_cka(analysis: Analysis, way: str, language: str) -> float:
    """Return the CKA of a target language with the source in the last layer."""
    cka = analysis.ways[way][language].cka
    assert cka is not None  # it is a target
    return cka[-1]
