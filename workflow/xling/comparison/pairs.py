# SPDX-License-Identifier: Apache-2.0
"""Which systems are compared: the plan alone says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xling.plan import Plan, Run
from xling.tasks import SOURCE_LANGUAGE, TASKS

#: The method that the others are compared with, where a paper has it.
SUBJECT = "xmixup"
#: Papers whose methods are each compared with a baseline instead.
BASELINES = {"robust": "zero_shot"}


@dataclass(frozen=True)
class Pair:
    """Two systems of a paper on one task.

    Attributes:
        first: key of the system whose difference from the other is asked for.
        second: key of the other system.
        languages: those that both are scored on, in the study's order.
        seeds: those that both have, ascending.
        seeds_left_out: those of one of them only, ascending.
        languages_left_out: those that one of them only is scored on, in the study's order.
    """

    paper: str
    task: str
    model: str
    first: str
    second: str
    languages: tuple[str, ...]
    seeds: tuple[int, ...]
    seeds_left_out: tuple[int, ...] = ()
    languages_left_out: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages without the source; the source if it is all there is."""
        return tuple(code for code in self.languages if code != SOURCE_LANGUAGE) or self.languages

    @property
    def possible(self) -> bool:
        """Whether the two share a language and a seed."""
        return bool(self.languages and self.seeds)

    def runs(self, method: str) -> list[Run]:
        """Return the runs of one of the two systems that are compared, seeds ascending."""
        return [Run(self.paper, method, self.model, self.task, seed) for seed in self.seeds]

    @property
    def all_runs(self) -> list[Run]:
        """The runs of both systems that are compared."""
        return self.runs(self.first) + self.runs(self.second)


def compared(plan: Plan) -> list[Pair]:
    """Return the pairs of all papers: by paper, XTREME's order of tasks, model, study's methods."""
    return [pair for pair in _candidates(plan) if pair.possible]


def not_comparable(plan: Plan) -> list[Pair]:
    """Return the pairs that share no language or no seed, in the same order."""
    return [pair for pair in _candidates(plan) if not pair.possible]


def compared_papers(plan: Plan) -> list[str]:
    """Return the papers that have a comparison."""
    return sorted({pair.paper for pair in compared(plan)})


def compared_runs(plan: Plan, paper: str) -> list[Run]:
    """Return the runs whose predictions a paper's comparison reads, sorted."""
    pairs = [pair for pair in compared(plan) if pair.paper == paper]
    return sorted({run for pair in pairs for run in pair.all_runs})


def _candidates(plan: Plan) -> list[Pair]:
    cells: dict[tuple[str, str, str], dict[str, list[Run]]] = {}
    for run in plan.runs:
        systems = cells.setdefault((run.paper, run.task, run.model), {})
        systems.setdefault(run.method, []).append(run)
    tasks = list(TASKS)
    order = list(dict.fromkeys(m for block in plan.study.experiments for m in block.methods))
    found = []
    for paper, task, model in sorted(cells, key=lambda key: (key[0], tasks.index(key[1]), key[2])):
        systems = cells[paper, task, model]
        one = BASELINES.get(paper, SUBJECT)
        if one not in systems:
            continue
        for other in sorted(set(systems) - {one}, key=order.index):
            first, second = (other, one) if paper in BASELINES else (one, other)
            found.append(planned_pair(plan, systems[first], systems[second]))
    return found


def planned_pair(plan: Plan, first: Sequence[Run], second: Sequence[Run]) -> Pair:
    """Return two systems on a task, given all planned runs of each."""
    run = first[0]
    scored = [
        set.intersection(*(set(plan.languages(one)) for one in runs)) for runs in (first, second)
    ]
    seeds = [{one.seed for one in runs} for runs in (first, second)]
    listed = plan.study.tasks[run.task].languages
    return Pair(
        paper=run.paper,
        task=run.task,
        model=run.model,
        first=run.method,
        second=second[0].method,
        languages=tuple(code for code in listed if code in scored[0] & scored[1]),
        seeds=tuple(sorted(seeds[0] & seeds[1])),
        seeds_left_out=tuple(sorted(seeds[0] ^ seeds[1])),
        languages_left_out=tuple(code for code in listed if code in scored[0] ^ scored[1]),
    )
