# SPDX-License-Identifier: Apache-2.0
"""All tasks of a paper beside each other: task scores, group means and the mean, as in XTREME."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xling.methods import Method
from xling.plan import Plan, Run
from xling.records import Record
from xling.score import headline, is_collapsed
from xling.tables.agree import require_agreement
from xling.tables.caption import Caption, verdict
from xling.tables.table import AVG, Cell, Grid, System, systems_in_order
from xling.tasks import TASKS
from xling.xtreme import GROUPS, LANGUAGES
from xling.xtreme.aggregate import TaskScores, aggregate

NAME = "xtreme"


@dataclass(frozen=True)
class Row(System):
    """One system on all its tasks."""

    @property
    def count(self) -> str:
        """How many seeds stand behind a cell; tasks may have different numbers of them."""
        seeds = {len(cell.values) for cell in self.cells.values()}
        return "–".join(map(str, dict.fromkeys((min(seeds), max(seeds))))) if seeds else "0"


@dataclass(frozen=True)
class Overview(Grid):
    """Scores of tasks, groups and all tasks, for the systems of one paper.

    Attributes:
        tasks: XTREME's tasks that the paper's runs have, in XTREME's order.
    """

    tasks: tuple[str, ...]

    @property
    def name(self) -> str:
        """Study, paper and ``xtreme``."""
        return f"{self.plan.study.name}/{self.paper}/{NAME}"

    @property
    def unit(self) -> str:
        """XTREME's task score."""
        return "task score 0-100"

    @property
    def columns(self) -> tuple[str, ...]:
        """Tasks, groups of which there are several tasks, and the mean."""
        groups = [
            name for name, tasks in GROUPS.items() if sum(task in self.tasks for task in tasks) > 1
        ]
        return (*(TASKS[task].title for task in self.tasks), *groups, AVG)


def overview_papers(plan: Plan) -> list[str]:
    """Return the papers with runs on more than one task of XTREME."""
    tasks: dict[str, set[str]] = {}
    for run in _compared(plan):
        tasks.setdefault(run.paper, set()).add(run.task)
    return sorted(paper for paper, names in tasks.items() if len(names) > 1)


def _compared(plan: Plan) -> list[Run]:
    """Runs on XTREME's tasks; variants of a method are compared on some tasks only, elsewhere."""
    return [
        run for run in plan.runs if run.task in LANGUAGES and not plan.method(run.method).variant_of
    ]


def build_overviews(plan: Plan, records: Sequence[Record]) -> list[Overview]:
    """Return the overview of each paper that has one."""
    return [build_overview(plan, paper, records) for paper in overview_papers(plan)]


def build_overview(plan: Plan, paper: str, records: Sequence[Record]) -> Overview:
    """Collect the records of one paper.

    A group's or the whole mean is that of each seed first; it is left out where a system has not
    all the group's tasks of the study, or no seed that all of them have.

    Raises:
        DataError: if the records must not be compared with each other.
    """
    runs = [run for run in _compared(plan) if run.paper == paper]
    chosen = [r for r in records if r.paper == paper and r.task in LANGUAGES]
    for task in {record.task for record in chosen}:
        require_agreement(plan, [r for r in chosen if r.task == task])
    tasks = tuple(task for task in TASKS if any(run.task == task for run in runs))
    return Overview(
        plan=plan,
        paper=paper,
        systems=tuple(
            _row(
                plan.method(method),
                model,
                tasks,
                [r for r in chosen if (r.method, r.model) == (method, model)],
            )
            for method, model in systems_in_order(plan, runs)
        ),
        tasks=tasks,
    )


def _row(about: Method, model: str, tasks: Sequence[str], records: Sequence[Record]) -> Row:
    cells = {}
    for task in tasks:
        values = [
            aggregate({task: _scores(r)}).tasks[task].score
            for r in _by_seed(records, task).values()
        ]
        if values:
            cells[TASKS[task].title] = Cell(tuple(values), len(values))
    present = {record.task for record in records}
    wanted = {name: [t for t in members if t in tasks] for name, members in GROUPS.items()}
    families = about.families
    wanted[AVG] = [task for task in tasks if TASKS[task].family in families]
    for name, members in wanted.items():
        if len(members) > 1 and set(members) <= present:
            values = _means(records, members)
            if values:
                cells[name] = Cell(tuple(values), len(members))
    ordered = tuple(sorted(records, key=lambda r: (r.task, r.seed)))
    return Row(about.name, about.title, model, ordered, (), cells)


def _by_seed(records: Sequence[Record], task: str) -> dict[int, Record]:
    return {r.seed: r for r in sorted(records, key=lambda r: r.seed) if r.task == task}


def _means(records: Sequence[Record], tasks: Sequence[str]) -> list[float]:
    """Return the mean over tasks of each seed that all tasks have."""
    by_task = {task: _by_seed(records, task) for task in tasks}
    seeds = set.intersection(*(set(found) for found in by_task.values()))
    return [
        aggregate({task: _scores(by_task[task][seed]) for task in tasks}).all_task.score
        for seed in sorted(seeds)
    ]


def _scores(record: Record) -> TaskScores:
    scores: dict[str, dict[str, float]] = {}
    for s in headline(record.scores):
        scores.setdefault(s.language, {})[s.metric] = s.value
    return scores


def overview_caption(overview: Overview) -> Caption:
    """Say what the numbers are, and in what they are not XTREME's."""
    partial = _partial(overview)
    made: Mapping[str, str] = {
        "Cells": "mean over languages, then mean ± sample standard deviation over seeds",
        "Task score": "accuracy or F1; question answering: half the sum of exact match and F1",
        "Groups": "mean over their tasks, of the seeds that all of them have",
        AVG: "mean over all tasks of the study that the system is for",
        "Study": f"{overview.plan.study.name} ({overview.plan.study.description})",
    }
    models = sorted({system.model for system in overview.systems})
    return Caption(
        title="XTREME: scores of tasks, 0 to 100",
        made=tuple(made.items()),
        verdict=verdict(overview.plan, list(overview.tasks), models),
        notes=tuple(partial),
    )


def _partial(overview: Overview) -> list[str]:
    notes = []
    lacking = [about.title for task, about in TASKS.items() if task not in overview.tasks]
    if lacking:
        notes.append(f"Not in this study, so {AVG} is not XTREME's: {', '.join(lacking)}.")
    for system in overview.systems:
        collapsed = [f"{r.task} seed {r.seed}" for r in system.records if is_collapsed(r.flags)]
        if collapsed:
            notes.append(f"† {system.title}, {system.model}: collapsed: {', '.join(collapsed)}.")
    return notes
