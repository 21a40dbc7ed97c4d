# SPDX-License-Identifier: Apache-2.0
"""What each job of a translation plan asks a cluster for; see :mod:`xling.needs`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Literal

from xling import memory
from xling.job_costs import Job
from xling.mt.job_costs import RAW, TranslationCosts
from xling.mt.plan import TranslationPlan
from xling.needs import Needs, short, with_margins
from xling.plan import Run

# fairseq beside torch.  Ours: measured peaks of tiny models are 390 to 540 MB with both, 310 to 420
# MB of generation and analysis, below what torch is counted with.
FAIRSEQ = 100.0
FLOAT = 4


class TranslationNeeds:
    """The needs of a translation plan's jobs, one method for each rule."""

    def __init__(self, plan: TranslationPlan) -> None:
        self.plan = plan
        self.jobs = TranslationCosts(plan)
        self.fetch_parallel: Callable[[str], Needs] = cache(self._fetch)
        self.prepare_parallel: Callable[[str, str], Needs] = cache(self._prepare)
        self.subwords: Callable[[str], Needs] = cache(self._subwords)
        self.binarize: Callable[[str], Needs] = cache(self._binarize)
        self._one_training = cache(self._training)
        self._one_generation = cache(self._generation)
        self._one_analysis = cache(self._analysis)

    def is_short(self, run: Run, rule: Literal["train_mt", "generate", "analyse_mt"]) -> bool:
        """Whether a job is so short that several share an allocation."""
        job: Job = getattr(self.jobs, rule)(replace(run, seed=0))
        return short(job, self.plan.resources(run), self.plan.study.resources)

    def train_mt(self, run: Run) -> Needs:
        """Training of a run."""
        return self._one_training(replace(run, seed=0))

    def generate(self, run: Run) -> Needs:
        """Translation of a run's test sets."""
        return self._one_generation(replace(run, seed=0))

    def analyse_mt(self, run: Run) -> Needs:
        """Analysis of a run's checkpoint."""
        return self._one_analysis(replace(run, seed=0))

    def gpu_mem_mb(self, run: Run) -> int | None:
        """Return the estimated memory of one GPU of a training, in MB; None without GPUs."""
        gpus = self.plan.resources(run).gpu
        if not gpus:
            return None
        precision = "fp32" if self.plan.settings(run).precision == "fp32" else "fp16"
        shape = self.jobs.size(run).shape
        found = memory.gpu_training(shape, self._batch(run), precision, gpus)
        return math.ceil(found + self._copies(run))

    def _fetch(self, benchmark: str) -> Needs:
        # Artificial data is held as text, a language at a time at most three times over.
        rows = self.jobs.rows(benchmark, "train")
        held = rows * RAW * 3 / memory.MB if self.jobs.source == "artificial" else 0.0
        return with_margins(memory.PYTHON + held, self.jobs.fetch_parallel(benchmark))

    def _prepare(self, benchmark: str, split: str) -> Needs:
        # One language is in memory; sizes differ, so it is taken for all of them up to a million.
        rows = min(self.jobs.rows(benchmark, split), 1_000_000)
        held = memory.OBJECTS * rows * RAW / memory.MB
        return with_margins(memory.PYTHON + held, self.jobs.prepare_parallel(benchmark, split))

    def _subwords(self, benchmark: str) -> Needs:
        pairs = self.jobs.vocabulary_pairs(benchmark)
        held = memory.LEARNING * pairs * RAW / memory.MB
        return with_margins(memory.PYTHON + held, self.jobs.subwords_job(benchmark))

    def _binarize(self, benchmark: str) -> Needs:
        rows = min(self.jobs.rows(benchmark, "train"), 1_000_000)
        held = memory.COLUMNS * rows * RAW / memory.MB
        processes = self.jobs.binarizing_threads(benchmark)
        found = memory.TORCH + FAIRSEQ + processes * (memory.PYTHON + held)
        return with_margins(found, self.jobs.binarize(benchmark))

    def _training(self, run: Run) -> Needs:
        size, job = self.jobs.size(run), self.jobs.train_mt(run)
        data = FAIRSEQ + self._data(run)
        data += 0.0 if job.gpus else self._copies(run)
        found = memory.training(size.shape, self._batch(run), data, job.gpus)
        return with_margins(found, job)

    def _data(self, run: Run) -> float:
        """Order and lengths of the training pairs; fairseq maps the sub-words from their files."""
        return self.jobs.rows(self.plan.benchmark(run), "train") * 100 / memory.MB

    def _copies(self, run: Run) -> float:
        """What is kept of gradients beside those of training (section 3)."""
        plug_in = self.plan.plug_in(run)
        count = len(self.plan.languages(run))
        if plug_in.method in ("pcgrad", "gradvac", "multidds_s"):
            copies = count + 1
        elif getattr(plug_in.weighting, "period", None) is not None:
            copies = count if plug_in.probe.kind == "gram" else 3
        else:
            copies = 0
        return copies * self.jobs.size(run).parameters * FLOAT / memory.MB

    def _batch(self, run: Run) -> float:
        """Activations of a batch: both sides, and the scores of the target's vocabulary."""
        size, settings = self.jobs.size(run), self.plan.settings(run)
        precision = "fp32" if settings.precision == "fp32" else "fp16"
        kept = memory.activations(
            size.shape,
            settings.max_tokens,
            min(settings.max_length, 2 * self.jobs.subwords),
            precision,
            gpu=self.plan.resources(run).gpu > 0,
            recompute=False,
        )
        return kept + memory.vocabulary_scores(size.shape, settings.max_tokens)

    def _generation(self, run: Run) -> Needs:
        size, job, settings = self.jobs.size(run), self.jobs.generate(run), self.plan.settings(run)
        rows = self.jobs.rows(self.plan.benchmark(run), "test")
        data = FAIRSEQ + memory.OBJECTS * rows * RAW / memory.MB
        batch = settings.beam * memory.looked_at(
            size.shape, settings.max_tokens, settings.max_length, "fp32", gpu=job.gpus > 0
        )
        return with_margins(memory.prediction(size.shape, batch, data, job.gpus), job)

    def _analysis(self, run: Run) -> Needs:
        size, job = self.jobs.size(run), self.jobs.analyse_mt(run)
        # Gradients of all languages, and the graph of a gradient for products with the Hessian.
        count = len(self.plan.languages(run)) + 4
        data = FAIRSEQ + count * size.parameters * FLOAT / memory.MB
        found = memory.training(size.shape, 3 * self._batch(run), data, job.gpus)
        return with_margins(found, job)
