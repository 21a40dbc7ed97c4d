# SPDX-License-Identifier: Apache-2.0
"""Where a study stands: its stages, runs and experiments."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, product
from pathlib import Path

from xling.cluster import controller, slurm
from xling.cluster.controller import Controller
from xling.errors import DataError
from xling.estimate import StageCost, estimate
from xling.plan import DISTILLATION, TRANSLATE_TRAIN, TRANSLATION, Plan, Run
from xling.status.distillation import rules_of
from xling.status.hours import Used, used
from xling.status.jobs import jobs_of
from xling.status.states import JobStatus, Queue, State, look_at

# What a run's state is, if its jobs have several: the first of these that one of them has.
_FIRST = (State.RUNNING, State.QUEUED, State.FAILED, State.KILLED, State.STOPPED)


@dataclass(frozen=True)
class Block:
    """An experiment of the study, or a part of it whose names form a grid."""

    paper: str
    methods: list[str]
    models: list[str]
    tasks: list[str]
    seeds: list[int]


@dataclass(frozen=True)
class Stage:
    """All jobs of one stage.

    Attributes:
        name: of the stage.
        counts: jobs by state.
        used: what their attempts took.
        planned: what they should take; None if that cannot be estimated.
    """

    name: str
    counts: Counter[State]
    used: Used
    planned: StageCost | None


@dataclass(frozen=True)
class StudyStatus:
    """Where a study stands.

    Attributes:
        plan: of the study.
        folder: its results.
        jobs: all its jobs.
        queue: Slurm jobs submitted from the same place.
        controller: the snakemake that was started last; None if that is not known.
        planned: by stage; empty if ``problem`` says why it cannot be estimated.
        problem: why not.
    """

    plan: Plan
    folder: Path
    jobs: list[JobStatus]
    queue: Queue
    controller: Controller | None
    planned: dict[str, StageCost]
    problem: str

    @cached_property
    def stages(self) -> list[Stage]:
        """Its stages, in the order of the workflow."""
        return [
            Stage(
                name,
                Counter(status.state for status in jobs),
                used(jobs),
                self.planned.get(name),
            )
            for name, found in groupby(self.jobs, lambda status: status.job.stage)
            for jobs in [list(found)]
        ]

    @cached_property
    def counts(self) -> Counter[State]:
        """Jobs by state."""
        return Counter(status.state for status in self.jobs)

    @cached_property
    def runs(self) -> Counter[State]:
        """Runs by state."""
        return Counter(self.state_of(run) for run in self.all_runs)

    @cached_property
    def all_runs(self) -> list[Run]:
        """Runs that get a record, those with rules of their own last."""
        return self.plan.all_runs

    @cached_property
    def used(self) -> Used:
        """What all attempts took."""
        return used(self.jobs)

    @cached_property
    def on_gpus(self) -> bool:
        """Whether any job asks for a GPU."""
        return any(one.job.gpus for one in self.jobs)

    @cached_property
    def _states(self) -> dict[tuple[str, Run], State]:
        return {(one.job.rule, one.job.run): one.state for one in self.jobs if one.job.run}

    def state_of(self, run: Run) -> State:
        """Return where a run stands: done, if it has a record and nothing of it is made again."""
        if run.paper == TRANSLATION:
            score = self._states["score_mt", run]
            others = {self._states[rule, run] for rule in ("train_mt", "generate")}
            return _overall(score, {score, *others})
        if self.plan.distillation and run.paper == DISTILLATION:
            states = [self._states[rule] for rule in rules_of(self.plan.distillation, run)]
            return _overall(states[0], set(states))
        score = self._states["score", run]
        found = {score, self._states["predict", run]}
        if self.plan.trains(run):
            trained = self.plan.trained_as(run)
            found.add(self._states["train", trained])
            for teacher, split in self.plan.labelled_for(trained):
                rule = "label" if split == TRANSLATE_TRAIN else "label_own"
                found |= {self._states["train", teacher], self._states[rule, teacher]}
        return _overall(score, found)

    @cached_property
    def blocks(self) -> list[Block]:
        """The experiments of the study, those with rules of their own last."""
        study = self.plan.study
        found = [Block(b.paper, b.methods, b.models, b.tasks, b.seeds) for b in study.experiments]
        for one in study.translation.experiments if study.translation else []:
            tasks = [f"{name}-{way}" for name in one.benchmarks for way in one.directions]
            found.append(Block(TRANSLATION, one.methods, one.models, tasks, one.seeds))
        grids = self.plan.distillation.grids if self.plan.distillation else []
        return [*found, *(Block(DISTILLATION, *grid) for grid in grids)]

    def cells(self, block: Block) -> dict[tuple[str, str, str], Counter[State]]:
        """Return the runs of an experiment by state, for each (method, model, task)."""
        return {
            (method, model, task): Counter(
                self.state_of(Run(block.paper, method, model, task, seed)) for seed in block.seeds
            )
            for method, model, task in product(block.methods, block.models, block.tasks)
        }

    def of_state(self, *states: State) -> list[JobStatus]:
        """Return the jobs in some states, those of the first state first."""
        return [one for state in states for one in self.jobs if one.state == state]


def _overall(score: State, found: set[State]) -> State:
    """Return a run's state from those of its jobs; it is done with its record."""
    active = next((state for state in _FIRST if state in found), State.WAITING)
    return State.DONE if active == State.WAITING and score == State.DONE else active


def look(plan: Plan, results: Path) -> StudyStatus:
    """Look at the files of a study, the processes of this host and Slurm's queue.

    Args:
        plan: of the study.
        results: folder of the results of all studies; Snakemake works in the folder that holds it.

    Raises:
        SetupError: squeue answers in a form that is not known.
    """
    place = results.absolute().parent
    queue = Queue(slurm.running_jobs(place))
    planned, problem = _planned(plan)
    return StudyStatus(
        plan,
        results / plan.study.name,
        look_at(jobs_of(plan, results), queue),
        queue,
        controller.read(plan.study.name, place),
        planned,
        problem,
    )


def _planned(plan: Plan) -> tuple[dict[str, StageCost], str]:
    """Return the estimate by stage; a damaged encoder is no reason to say nothing else."""
    try:
        return {cost.stage: cost for cost in estimate(plan, None)}, ""
    except DataError as error:
        return {}, f"{error.what} ({error.where})"
