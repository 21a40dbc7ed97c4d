# SPDX-License-Identifier: Apache-2.0
"""One table as numbers: systems by languages, before it becomes text.

All that is shown anywhere (CSV, Markdown, LaTeX, figures, report, terminal) is made of this.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from xling.plan import Plan, Run
from xling.records import Record, Score
from xling.score import headline, is_collapsed
from xling.tables.agree import require_agreement, run_of
from xling.tasks import SOURCE_LANGUAGE, TASKS, Task

AVG = "avg"
AVG_TARGETS = "avg targets"


@dataclass(frozen=True)
class Cell:
    """What one system reached in one column.

    Attributes:
        values: one number per seed, seeds ascending.
        rows: rows scored per seed.
    """

    values: tuple[float, ...]
    rows: int

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return statistics.fmean(self.values)

    @property
    def sd(self) -> float | None:
        """Sample standard deviation over seeds (n - 1); None for one seed."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None


@dataclass(frozen=True)
class System:
    """One row: a method with a model.

    Attributes:
        name: of the method, as tables print it.
        records: seeds ascending.
        missing: planned seeds without a record.
        cells: by column; a column that cannot be filled is absent.
    """

    method: str
    name: str
    model: str
    records: tuple[Record, ...]
    missing: tuple[int, ...]
    cells: dict[str, Cell]

    @property
    def title(self) -> str:
        """What stands in the first column."""
        return self.name

    @property
    def collapsed(self) -> tuple[int, ...]:
        """Seeds whose run collapsed."""
        return tuple(r.seed for r in self.records if is_collapsed(r.flags))

    @property
    def competes(self) -> bool:
        """Whether a cell may be the best of its column."""
        return not self.collapsed

    @property
    def count(self) -> str:
        """How many seeds stand behind a cell."""
        return str(len(self.records))

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds with a record."""
        return tuple(r.seed for r in self.records)


@dataclass(frozen=True)
class Grid:
    """Systems by columns: what every table is, whatever its columns are."""

    plan: Plan
    paper: str
    systems: tuple[System, ...]

    @property
    def name(self) -> str:
        """Study, paper and subject, as in paths."""
        raise NotImplementedError

    @property
    def unit(self) -> str:
        """What the numbers are, for the CSV file."""
        raise NotImplementedError

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        raise NotImplementedError

    @cached_property
    def best(self) -> dict[str, str]:
        """Best printed mean of each column, of the systems that compete (not collapsed ones).

        A column with fewer than two competing systems has no best.
        """
        found = {}
        for column in self.columns:
            means = [s.cells[column].mean for s in self.systems if column in s.cells and s.competes]
            if len(means) > 1:
                found[column] = f"{max(means):.1f}"
        return found

    def is_best(self, system: System, column: str) -> bool:
        """Return whether a cell is printed like the best of its column."""
        cell = system.cells.get(column)
        if cell is None or not system.competes:
            return False
        return self.best.get(column) == f"{cell.mean:.1f}"


@dataclass(frozen=True)
class Table(Grid):
    """Main metric of one task, for the systems of one paper, in the setting that is shown.

    Which one: ``xling.score.HEADLINES``.  The others, and other metrics, are in ``scores.csv``.

    Attributes:
        languages: all that any of the runs is scored on, in the study's order.
        systems: by model, then in the study's order of methods.
        signature: of the metric; empty when nothing has been scored.
        chance: chance level by language.
    """

    task: Task
    languages: tuple[str, ...]
    signature: str
    chance: dict[str, float]

    @property
    def name(self) -> str:
        """Study, paper and task, as in paths."""
        return f"{self.plan.study.name}/{self.paper}/{self.task.name}"

    @property
    def unit(self) -> str:
        """Metric and scale."""
        return f"{self.task.metric} 0-100"

    @property
    def columns(self) -> tuple[str, ...]:
        """Languages, then the means; without the source language there is but one."""
        return with_means(self.languages)


def with_means(languages: Sequence[str]) -> tuple[str, ...]:
    """Return languages and the names of the means over them."""
    means = (AVG, AVG_TARGETS) if SOURCE_LANGUAGE in languages else (AVG,)
    return (*languages, *means)


def paper_tasks(plan: Plan) -> list[tuple[str, str]]:
    """Return the (paper, task) pairs that have runs: one table and one figure each.

    Tasks stand in XTREME's order.
    """
    order = list(TASKS)
    found = {(run.paper, run.task) for run in plan.runs}
    return sorted(found, key=lambda pair: (pair[0], order.index(pair[1])))


def build_tables(plan: Plan, records: Sequence[Record]) -> list[Table]:
    """Return all tables of a study, in the order of :func:`paper_tasks`."""
    return [build_table(plan, paper, task, records) for paper, task in paper_tasks(plan)]


def build_table(plan: Plan, paper: str, task: str, records: Sequence[Record]) -> Table:
    """Collect the records of one paper and task.

    Raises:
        DataError: if the records of this table must not be compared with each other.
    """
    chosen = [r for r in records if (r.paper, r.task) == (paper, task)]
    require_agreement(plan, chosen)
    runs = [r for r in plan.runs if (r.paper, r.task) == (paper, task)]
    languages = scored_languages(plan, task, runs)
    main = [s for record in chosen for s in main_scores(record)]
    chance: dict[str, float] = {}
    for s in main:
        # Gold labels are the same for all systems unless translations lost rows.
        chance[s.language] = max(s.chance, chance.get(s.language, 0.0))
    by_run = {run_of(record): record for record in chosen}
    return Table(
        plan=plan,
        paper=paper,
        task=TASKS[task],
        languages=languages,
        systems=tuple(
            _system(
                plan, [run for run in runs if (run.method, run.model) == key], by_run, languages
            )
            for key in systems_in_order(plan, runs)
        ),
        signature=main[0].signature if main else "",
        chance=chance,
    )


def scored_languages(plan: Plan, task: str, runs: Sequence[Run]) -> tuple[str, ...]:
    """Return all languages that any of a task's runs is scored on, in the study's order."""
    scored = {code for run in runs for code in plan.languages(run)}
    return tuple(code for code in plan.study.tasks[task].languages if code in scored)


def main_scores(record: Record) -> list[Score]:
    """Return the scores of the task's main metric in the setting that tables show."""
    metric = TASKS[record.task].metric
    return [s for s in headline(record.scores) if s.metric == metric]


def systems_in_order(plan: Plan, runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return (method, model) by model name, then in the study's order of methods."""
    order = list(dict.fromkeys(m for block in plan.study.experiments for m in block.methods))
    found = {(run.method, run.model) for run in runs}
    return sorted(found, key=lambda key: (key[1], order.index(key[0])))


def _system(
    plan: Plan, runs: Sequence[Run], by_run: dict[Run, Record], languages: Sequence[str]
) -> System:
    """Collect one row, in the setting that tables show."""
    present = [run for run in sorted(runs) if run in by_run]
    return System(
        method=runs[0].method,
        name=plan.method(runs[0].method).title,
        model=runs[0].model,
        records=tuple(by_run[run] for run in present),
        missing=tuple(run.seed for run in sorted(runs) if run not in by_run),
        cells=cells_of([main_scores(by_run[run]) for run in present], languages),
    )


def cells_of(runs: Sequence[Sequence[Score]], languages: Sequence[str]) -> dict[str, Cell]:
    """Return a row's cells; means over languages only if every run has all of them.

    Args:
        runs: scores of one metric and setting, by run, seeds ascending.
        languages: the columns.
    """
    scores = [{s.language: s for s in run} for run in runs]
    cells = {}
    for language in languages:
        column = [by_language[language] for by_language in scores if language in by_language]
        if column:
            cells[language] = Cell(tuple(s.value for s in column), column[0].n)
    targets = [language for language in languages if language != SOURCE_LANGUAGE]
    for name, over in ((AVG, languages), (AVG_TARGETS, targets)):
        # The mean of each seed first: its spread over seeds is not the mean of the spreads.
        if scores and over and all(set(languages) <= set(one) for one in scores):
            cells[name] = Cell(
                tuple(statistics.fmean(one[language].value for language in over) for one in scores),
                sum(scores[0][language].n for language in over),
            )
    return cells
