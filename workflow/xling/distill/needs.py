# SPDX-License-Identifier: Apache-2.0
"""What each job of a distillation plan asks a cluster for; see :mod:`xling.needs`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Literal

from xling import memory
from xling.config.distillation import STS
from xling.costs import Shape
from xling.distill.job_costs import RAW, DistillCosts
from xling.job_costs import Job
from xling.needs import UNKNOWN, Needs, short, with_margins
from xling.plan import Plan, Run

# sentence-transformers and what it imports, beside torch and transformers.
LIBRARY = 200.0  # ours
LARGEST = 1_000_000  # pairs of one corpus in one language that are in memory at a time; ours
BATCH = 64  # sentences that are encoded together (xling.distill.student)


class DistillNeeds:
    """The needs of a distillation plan's jobs, one method for each rule.

    Args:
        plan: of the whole study, which has a part ``distillation``.
    """

    def __init__(self, plan: Plan) -> None:
        self.jobs = DistillCosts(plan, unknown=UNKNOWN)
        self.plan = self.jobs.plan
        self.fetch_distill: Callable[[str], Needs] = cache(self._fetch)
        self.prepare_distill: Callable[[str], Needs] = cache(self._prepare)
        self._one_training = cache(self._training)
        self._one_evaluation = cache(self._evaluation)

    def is_short(self, run: Run, rule: Literal["train_student", "evaluate_sentences"]) -> bool:
        """Whether a job is so short that several share an allocation."""
        job: Job = getattr(self.jobs, rule)(replace(run, seed=0))
        return short(job, self.plan.resources(run), self.plan.study.resources)

    def train_student(self, run: Run) -> Needs:
        """Training of a student; its teacher is loaded if vectors are missing."""
        return self._one_training(replace(run, seed=0))

    def evaluate_sentences(self, run: Run) -> Needs:
        """Vectors of a task's sentences."""
        return self._one_evaluation(replace(run, seed=0))

    def gpu_mem_mb(self, run: Run) -> int | None:
        """Return the estimated memory of the GPU of a training, in MB; None without GPUs."""
        if not self.plan.resources(run).gpu:
            return None
        precision = self.plan.settings(run).precision
        shape = self._shape(self.jobs.shape(run))
        return math.ceil(memory.gpu_training(shape, self._batch(run, shape), precision, 1))

    def prepare_sts(self) -> Needs:
        """The test set of STS."""
        found = memory.PYTHON + memory.OBJECTS * self.jobs.raw_pairs(STS) * RAW / memory.MB
        return with_margins(found, self.jobs.prepare_sts())

    def prepare_graded(self, data: str) -> Needs:
        """The pairs of a teacher, and the sentences of all test sets."""
        held = memory.OBJECTS * self.jobs.graded_pairs(data) * RAW / memory.MB
        return with_margins(memory.PYTHON + held + self._tests(), self.jobs.prepare_graded(data))

    def train_teacher(self, teacher: str) -> Needs:
        """A teacher that is trained, or a look at one that is given."""
        job, shape = self.jobs.train_teacher(teacher), self._shape(self.jobs.teacher_shape(teacher))
        trained = self.plan.training_of(teacher)
        if trained is None:
            loaded = memory.parameters(shape, memory.LOADED_BYTES)
            return with_margins(memory.TORCH + LIBRARY + loaded, job)
        settings = trained.training
        batch = memory.activations(
            shape,
            2 * settings.batch_size * settings.max_length,
            settings.max_length,
            settings.precision,
            gpu=job.gpus > 0,
            recompute=False,
        )
        data = LIBRARY + memory.OBJECTS * self.jobs.graded_pairs(trained.data) * RAW / memory.MB
        return with_margins(memory.training(shape, batch, data, job.gpus), job)

    def encode_teacher(self, teacher: str) -> Needs:
        """A teacher's vectors, which are mapped from files."""
        job, shape = (
            self.jobs.encode_teacher(teacher),
            self._shape(self.jobs.teacher_shape(teacher)),
        )
        texts = memory.OBJECTS * self.jobs.encoded_sources(teacher) * RAW / memory.MB
        longest = max(self.plan.taught_lengths(teacher))
        batch = memory.looked_at(shape, BATCH * longest, longest, "fp32", gpu=job.gpus > 0)
        return with_margins(memory.prediction(shape, batch, LIBRARY + texts, job.gpus), job)

    def _fetch(self, dataset: str) -> Needs:
        # Artificial data is held as text, a language at a time at most three times over.
        count = self.jobs.raw_pairs(dataset)
        held = count * RAW * 3 / memory.MB if self.jobs.source == "artificial" else 0.0
        return with_margins(memory.PYTHON + held, self.jobs.fetch_distill(dataset))

    def _prepare(self, selection: str) -> Needs:
        rows = min(max(self.jobs.pairs(selection), default=0), LARGEST)
        held = memory.OBJECTS * rows * RAW / memory.MB + self._tests()
        return with_margins(memory.PYTHON + held, self.jobs.prepare_distill(selection))

    def _tests(self) -> float:
        """Digests of the test sets' sentences: about 100 bytes each (distill.data.overlap)."""
        count = sum(sum(self.jobs.tested_sentences(task)) for task in self.plan.tasks)
        return count * 100 / memory.MB

    def _training(self, run: Run) -> Needs:
        shape, job = self._shape(self.jobs.shape(run)), self.jobs.train_student(run)
        # Different texts are there once, with numbers of rows; vectors are mapped from files.
        rows = sum(self.jobs.trained_pairs(run))
        data = LIBRARY + memory.COLUMNS * rows * RAW / memory.MB
        teacher = self._shape(self.jobs.teacher_shape(self.plan.teacher_of(run)))
        data += memory.parameters(teacher, memory.LOADED_BYTES)
        return with_margins(memory.training(shape, self._batch(run, shape), data, job.gpus), job)

    def _batch(self, run: Run, shape: Shape) -> float:
        settings = self.plan.settings(run)
        return memory.activations(
            shape,
            settings.batch_size * settings.max_length,
            settings.max_length,
            settings.precision,
            gpu=self.plan.resources(run).gpu > 0,
            recompute=False,
        )

    def _evaluation(self, run: Run) -> Needs:
        shape, job = self._shape(self.jobs.shape(run)), self.jobs.evaluate_sentences(run)
        tested = self.jobs.tested_sentences(run.task)
        longest = shape.positions
        data = LIBRARY + memory.sentences(sum(tested), max(tested, default=0), 1, shape.hidden)
        batch = memory.looked_at(shape, BATCH * longest, longest, "fp32", gpu=job.gpus > 0)
        return with_margins(memory.prediction(shape, batch, data, job.gpus), job)

    def _shape(self, found: Shape | None) -> Shape:
        assert found is not None, "unknown encoders have a stand-in"
        return found
