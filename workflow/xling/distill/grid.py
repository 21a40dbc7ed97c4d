# SPDX-License-Identifier: Apache-2.0
"""Which sentence encoders a study has, what they are scored on, who teaches whom.

A student is trained once for all tasks: its training is a run of the task :data:`PARALLEL`, which
is never scored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from xling.config.distillation import (
    BUCC,
    DISTILLED,
    MEAN_POOLED,
    STS,
    TEACHER,
    Distillation,
    DistillExperiment,
)
from xling.config.distillation_models import (
    GivenSystem,
    PublishedModel,
    Student,
    Teacher,
    TrainedTeacher,
)
from xling.config.study import Study
from xling.plan import DISTILLATION as PAPER
from xling.plan import Run
from xling.tasks import SOURCE_LANGUAGE

#: STS 2017 extended, English first (section 5.1).
PUBLISHED_PAIRS = tuple("en-en es-es ar-ar en-ar en-de en-tr en-es en-fr en-it en-nl".split())
PUBLISHED_ROWS = 250  # pairs of each
PARALLEL = "parallel"  # the task of a student's training
SEED = 1  # of what is not random


@dataclass(frozen=True)
class DistillGrid:
    """All runs of a study's sentence encoders, and the models behind them.  Lists are sorted."""

    study: Study

    @property
    def distillation(self) -> Distillation:
        """The study's part."""
        if self.study.distillation is None:
            raise ValueError(f"the study '{self.study.name}' has no part 'distillation'")
        return self.study.distillation

    @cached_property
    def runs(self) -> list[Run]:
        """Runs that are scored and recorded."""
        return sorted(
            {
                Run(PAPER, method, model, task, seed)
                for block in self.distillation.experiments
                for method in block.systems
                for model, seed in self._models(method, block)
                for task in block.tasks
            }
        )

    @cached_property
    def grids(self) -> list[tuple[list[str], list[str], list[str], list[int]]]:
        """The experiments as methods, models, tasks and seeds of which every combination is a run.

        Systems of an experiment that have the same models and seeds stand together.
        """
        found = []
        for block in self.distillation.experiments:
            grids: dict[tuple[tuple[str, int], ...], list[str]] = {}
            for method in block.systems:
                grids.setdefault(tuple(self._models(method, block)), []).append(method)
            for cells, methods in grids.items():
                models = list(dict.fromkeys(model for model, _ in cells))
                seeds = list(dict.fromkeys(seed for _, seed in cells))
                found.append((methods, models, list(block.tasks), seeds))
        return found

    def _models(self, method: str, block: DistillExperiment) -> list[tuple[str, int]]:
        """Return models and seeds of a system in a block; what is not random has one seed."""
        if method == TEACHER:
            return [(name, SEED) for name in self.distillation.teachers]
        if method == MEAN_POOLED:
            return [(model, SEED) for model in block.models]
        if isinstance(self.system(method), GivenSystem):
            return [(method, SEED)]
        return [(model, seed) for model in block.models for seed in block.seeds]

    @cached_property
    def students(self) -> list[Run]:
        """Trainings: one run of the task ``parallel`` for each system, model and seed."""
        return sorted({one for run in self.runs if (one := self.student(run))})

    def student(self, run: Run) -> Run | None:
        """Return the training whose model a run uses; None if nothing is trained."""
        return replace(run, task=PARALLEL) if self.is_student(run.method) else None

    def is_student(self, method: str) -> bool:
        """Tell whether a system is trained by distillation."""
        return isinstance(self.system(method), Student)

    def system(self, method: str) -> Student | GivenSystem | None:
        """Return what the study says of a system; None for raw encoders and teachers."""
        if method in (MEAN_POOLED, TEACHER):
            return None
        own = self.distillation.systems.get(method)
        if own is None and method == DISTILLED:
            return Student(kind="student", title="Student")
        if own is None:
            raise KeyError(method)
        return own

    def choices(self, run: Run) -> Student:
        """Return what the study says of a student."""
        found = self.system(run.method)
        assert isinstance(found, Student), f"{run.method} is no student"
        return found

    @cached_property
    def tasks(self) -> list[str]:
        """Tasks that any run is scored on."""
        return sorted({run.task for run in self.runs})

    @cached_property
    def prepared_tasks(self) -> list[str]:
        """Tasks whose prepared files are those of the study's own tasks."""
        return [task for task in self.tasks if task != STS]

    def test_splits(self, task: str) -> list[str]:
        """Return the prepared splits that a system is scored on, as their stage names them.

        BUCC's honest threshold is tuned on the sample set, unless that is what is scored.
        """
        tuned = task == BUCC and self.study.tasks[task].test_split != "dev"
        return [*(["dev"] if tuned else []), "test"]

    @cached_property
    def prepared(self) -> list[tuple[str, str]]:
        """Prepared splits of the study's own tasks that systems are scored on."""
        return [(task, split) for task in self.prepared_tasks for split in self.test_splits(task)]

    def languages(self, task: str) -> list[str]:
        """Return the languages of a task beside English; of STS the language pairs."""
        if task == STS:
            return self.pairs
        return [code for code in self.study.tasks[task].languages if code != SOURCE_LANGUAGE]

    @cached_property
    def pairs(self) -> list[str]:
        """Language pairs of STS, English first."""
        test = self.distillation.sts17
        if test is None:
            return []
        return list(test.pairs or self.known_pairs)

    @property
    def sts_rows(self) -> int | None:
        """Pairs that each file of STS must have; None where nobody says so."""
        sizes = self.distillation.sizes
        if sizes is not None:
            return sizes.sts
        return PUBLISHED_ROWS if self.study.data.source == "download" else None

    @cached_property
    def known_pairs(self) -> list[str]:
        """Language pairs that STS has: published, or of the artificial languages."""
        artificial = self.study.data.artificial
        if artificial is None:
            return list(PUBLISHED_PAIRS)
        codes = [SOURCE_LANGUAGE, *artificial.languages]
        return [f"{c}-{c}" for c in codes] + [f"{SOURCE_LANGUAGE}-{c}" for c in codes[1:]]

    @cached_property
    def models(self) -> list[str]:
        """Encoders of the study that any system starts from, sorted."""
        raw = {run.model for run in self.runs if run.method == MEAN_POOLED}
        trained = (self.training_of(name) for name in self.teachers)
        raw |= {one.encoder for one in trained if one}
        return sorted(raw | {run.model for run in self.students})

    @cached_property
    def teachers(self) -> list[str]:
        """Teachers that any student learns from, or that are scored."""
        scored = {run.model for run in self.runs if run.method == TEACHER}
        return sorted(scored | {self.teacher_of(run) for run in self.students})

    def teacher(self, name: str) -> Teacher:
        """Return what the study says of a teacher."""
        return self.distillation.teachers[name]

    def teacher_of(self, run: Run) -> str:
        """Return the name of a student's teacher."""
        return self.choices(run).teacher or next(iter(self.distillation.teachers))

    @cached_property
    def graded(self) -> list[str]:
        """Data that teachers are trained on: ``stsbenchmark``, ``xnli``."""
        found = (self.training_of(name) for name in self.teachers)
        return sorted({one.data for one in found if one})

    def model_key(self, run: Run) -> str | None:
        """Return the download of the published model that a run uses; None for any other."""
        if run.method == TEACHER:
            return self.teacher_key(run.model)
        system = self.system(run.method)
        return system.key if isinstance(system, GivenSystem) else None

    @property
    def trainings(self) -> list[Run]:
        """Runs whose model is trained: those of students."""
        return self.students

    def trainings_for(self, run: Run) -> list[Run]:
        """Return the training whose model a run uses, as a list of at most one."""
        return [one] if (one := self.student(run)) else []

    def trainings_of(self, teacher: str) -> list[TrainedTeacher]:
        """Return how a teacher is trained, as a list of at most one."""
        return [one] if (one := self.training_of(teacher)) else []

    def teacher_keys(self, name: str) -> list[str]:
        """Return the download of a published teacher, as a list of at most one."""
        return [key] if (key := self.teacher_key(name)) else []

    def source_of(self, run: Run, results: str) -> list[str]:
        """Return the file that says where a run's model is; none for a folder of the study.

        Args:
            run: of any system.
            results: the study's folder of results.
        """
        if run.method == MEAN_POOLED:
            return [f"{results}/encoders/{run.model}/encoder.json"]
        if run.method == TEACHER:
            return [f"{results}/teachers/{run.model}/train.json"]
        if trained := self.student(run):
            return [f"{results}/runs/{trained.path}/train.json"]
        key = self.model_key(run)
        return [f"resources/data/{key}.json"] if key else []

    def encoder_of(self, run: Run) -> dict[str, Any]:
        """Return what ``evaluate-sentences`` is told of a system beside that file."""
        system = self.system(run.method)
        if isinstance(system, GivenSystem):
            return system.model_dump(include={"kind", "path", "python", "max_length"})
        kind = run.method if system is None else "student"
        return {"kind": kind, "path": None, "python": None, "max_length": None}

    def teacher_key(self, name: str) -> str | None:
        """Return the download of a published teacher; None for any other."""
        teacher = self.teacher(name)
        return teacher.key if isinstance(teacher, PublishedModel) else None

    @cached_property
    def trained_teachers(self) -> list[str]:
        """Teachers that are trained here."""
        return [name for name in self.teachers if self.training_of(name)]

    def training_of(self, name: str) -> TrainedTeacher | None:
        """Return how a teacher is trained; None if it is given."""
        teacher = self.teacher(name)
        return teacher if isinstance(teacher, TrainedTeacher) else None
