# SPDX-License-Identifier: Apache-2.0
"""What each job asks a cluster for: memory and minutes, from model, length and attempt.

Limits, not estimates: a job that needs more is killed and tried again with more.  Every Slurm job
parses the Snakefile again, so nothing heavy is imported and nothing is worked out twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from xling import costs, memory
from xling.cluster.site import Site
from xling.config.study import Resources, RunResources
from xling.costs import Shape
from xling.job_costs import Job, JobCosts
from xling.job_rows import PAIR, Tested, without_seed
from xling.plan import TEXT, Plan, Run
from xling.tasks import SOURCE_LANGUAGE, TASKS

# A Slurm job runs two Snakemake processes beside the command; measured: 170 MB each.
SNAKEMAKE = 340
# Ours: no measured peak was more than a fifth above its estimate; a retry has twice the memory.
MEMORY_MARGIN = 1.5
LEAST_MEMORY = 600  # ours: those two processes, the smallest command, and some
# Ours: estimates of time are right within a factor of two, and GPUs differ.
TIME_MARGIN = 3
LEAST_MINUTES = 15  # ours: a slow shared file system makes starting take minutes
# An encoder of which nothing is known is taken for the largest of the papers': jobs that ask for
# too much wait longer, jobs that ask for too little are killed.
UNKNOWN = costs.PUBLISHED_SHAPES["xlm-roberta-large"]


@dataclass(frozen=True)
class Needs:
    """What a job's first attempt asks for.

    Attributes:
        mem_mb: memory of the host.
        minutes: wall time.
    """

    mem_mb: int
    minutes: int


def short(job: Job, own: RunResources, study: Resources) -> bool:
    """Whether a job is so short that several share an allocation.

    Snakemake stops at a group whose jobs ask for different GPUs, so those alone share that ask for
    one of the study's GPUs, or for none where it has none.

    Args:
        own: what the job's run may use.
        study: what runs without overrides may use.
    """
    assert job.seconds is not None, "unknown encoders have a stand-in, and downloads no group"
    usual = (job.gpus, own.gpu_type) == (min(1, study.gpu), study.gpu_type)
    return usual and job.seconds <= 60 * study.short_minutes


class JobNeeds:
    """The needs of a study's jobs, one method for each rule that depends on the study.

    Args:
        plan: of the study.
        site: whose partitions cap what is asked for.

    Raises:
        DataError: an encoder's config.json is damaged.
    """

    def __init__(self, plan: Plan, site: Site) -> None:
        self.plan = plan
        self.site = site
        self._jobs = JobCosts(plan, unknown=UNKNOWN)
        self._look_tokens = plan.study.resources.eval_batch_tokens
        self.fetch: Callable[[str], Needs] = cache(self._fetch)
        self.prepare: Callable[[str, str], Needs] = cache(self._prepare)
        self.augment: Callable[[str, str], Needs] = cache(self._augment)
        self.pretrain: Callable[[str], Needs] = cache(self._pretrain)
        self.tokenize: Callable[[str, str, str], Needs] = cache(self._tokenize)
        self._one_labelling = cache(self._labelling)
        self._one_training = cache(self._training)
        self._predictions: dict[tuple[Run, Tested], Needs] = {}
        self._analyses: dict[tuple[Run, Tested], Needs] = {}

    def mem_mb(self, needs: Needs, attempt: int, on_gpu: bool) -> int:
        """Return the memory of an attempt: twice as much each time, at most a node's."""
        most = (self.site.gpu if on_gpu else self.site.cpu).max_mem_mb
        value = needs.mem_mb * 2 ** (attempt - 1)
        return value if most is None else min(value, most)

    def minutes(self, needs: Needs, attempt: int, on_gpu: bool) -> int:
        """Return the time of an attempt: half as much again each time, at most the partition's."""
        most = (self.site.gpu if on_gpu else self.site.cpu).max_minutes
        value = -(-needs.minutes * 3 ** (attempt - 1) // 2 ** (attempt - 1))  # rounded up
        return value if most is None else min(value, most)

    def is_short(self, run: Run, rule: Literal["label", "train", "predict", "analyse"]) -> bool:
        """Whether a job is so short that several share an allocation; see :func:`short`."""
        job: Job = getattr(self._jobs, rule)(run)
        return short(job, self.plan.resources(run), self.plan.study.resources)

    def gpu_mem_mb(self, run: Run) -> int | None:
        """Return the estimated memory of one GPU of a training, in MB (10^6 bytes), no margin.

        None if the run trains nothing, or on no GPU, or its encoder's sizes are unknown.
        """
        shape, gpus = self._jobs.known_shape(run.model), self.plan.resources(run).gpu
        if shape is None or not gpus or not self.plan.trains(run):
            return None
        precision = self.plan.study.encoders[run.model].precision
        batch = self._largest_batch(run, shape)
        return math.ceil(memory.gpu_training(shape, batch, precision, gpus))

    def label(self, run: Run) -> Needs:
        """Labelling of the words of translations by a teacher."""
        return self._one_labelling(without_seed(run))

    def train(self, run: Run) -> Needs:
        """Fine-tuning of a run."""
        return self._one_training(without_seed(run))

    def predict(self, run: Run) -> Needs:
        """Prediction of a run: all languages of its test set."""
        key = without_seed(run), self._jobs.tested(run)
        if key not in self._predictions:
            self._predictions[key] = self._prediction(run)
        return self._predictions[key]

    def analyse(self, run: Run) -> Needs:
        """Analysis of a run: all languages of its test set, one after the other."""
        key = without_seed(run), self._jobs.tested(run)
        if key not in self._analyses:
            self._analyses[key] = self._analysis(run)
        return self._analyses[key]

    def _fetch(self, kind: str) -> Needs:
        found = memory.PYTHON
        if self.plan.study.data.source == "artificial":
            found = memory.generated(self._jobs.raw_rows(kind), self._jobs.size(kind))
        return with_margins(found, self._jobs.fetch(kind))

    def _prepare(self, kind: str, split: str) -> Needs:
        # The text's languages are of very different sizes: it is taken for one.
        languages = 1 if kind == TEXT else len(self.plan.split_languages(kind, split))
        rows, processes = self._jobs.rows(kind, split), self.plan.reading_threads(kind)
        found = memory.prepared(rows, languages, processes, self._jobs.size(kind))
        return with_margins(found, self._jobs.prepare(kind, split))

    def _augment(self, task: str, split: str) -> Needs:
        """Needs of copies with synonyms, of which all texts are held."""
        found = memory.prepared(self._jobs.rows(task, split), 1, 1, self._jobs.size(task))
        return with_margins(found, self._jobs.augment(task, split))

    def _tokenize(self, model: str, task: str, split: str) -> Needs:
        rows, length = self._jobs.rows(task, split), self._jobs.subwords(task, model)
        found = memory.tokenized(rows, length, self._jobs.size(task))
        return with_margins(found, self._jobs.tokenize(model, task, split))

    def _pretrain(self, model: str) -> Needs:
        """Needs of a pre-training, or of reading a given encoder."""
        encoder, shape, job = (
            self.plan.study.encoders[model],
            self._shape(model),
            self._jobs.pretrain(model),
        )
        if encoder.source == "folder":
            return with_margins(memory.TORCH + memory.parameters(shape, memory.LOADED_BYTES), job)
        plan, rows = encoder.pretraining, self._jobs.rows(TEXT, TEXT)
        size, length = self._jobs.size(TEXT), self._jobs.subwords(TEXT, model, plan.max_length)
        subwords = plan.batch_size * plan.max_length
        batch = memory.vocabulary_scores(shape, subwords * plan.mask_probability)
        batch += memory.activations(
            shape,
            subwords,
            plan.max_length,
            encoder.precision,
            gpu=job.gpus > 0,
            recompute=False,
        )
        data = memory.learned(rows, size) + memory.held(rows, length)
        return with_margins(memory.training(shape, batch, data, job.gpus), job)

    def _labelling(self, run: Run) -> Needs:
        shape, job = self._shape(run.model), self._jobs.label(run)
        length, rows = self._jobs.subwords(run.task, run.model), self._jobs.labelled_rows(run)
        data = memory.held(rows, length) + self._jobs.labels_mb(run)
        data += memory.labelled(rows * length)
        return with_margins(memory.prediction(shape, self._look(run, shape), data, job.gpus), job)

    def _training(self, run: Run) -> Needs:
        shape, job = self._shape(run.model), self._jobs.train(run)
        length, dev = self._jobs.subwords(run.task, run.model), self._jobs.dev_rows(run)
        rows = self._jobs.train_rows(run) + self._jobs.english_rows(run)
        data = memory.held(rows + dev, length)
        data += memory.table(dev, self._jobs.size(run.task))
        teacher = self.plan.teacher(run)
        data += self._jobs.labels_mb(teacher) if teacher else 0.0
        batch = self._largest_batch(run, shape)
        return with_margins(memory.training(shape, batch, data, job.gpus), job)

    def _largest_batch(self, run: Run, shape: Shape) -> float:
        """Memory of the largest batch of a training: of an update or of a look at the dev set."""
        settings, gpus = self.plan.settings(run), self.plan.resources(run).gpu
        precision = self.plan.study.encoders[run.model].precision
        longest = self.plan.study.tasks[run.task].max_length
        rows = math.ceil(settings.batch_size / (settings.accumulation * max(1, gpus)))
        paired = self.plan.method(run.method).paired
        update = memory.activations(
            shape,
            rows * (PAIR if paired else 1) * longest,
            longest,
            precision,
            gpu=gpus > 0,
            recompute=settings.gradient_checkpointing,
        )
        update += memory.mixed(shape, rows, longest) if paired else 0.0
        looks = self._look(run, shape) if self.plan.dev_splits(run) else 0.0
        return max(update, looks)

    def _look(self, run: Run, shape: Shape, layers: int = 0) -> float:
        """Memory of a batch of which nothing is learned; ``layers`` outputs are kept."""
        longest = self.plan.study.tasks[run.task].max_length
        texts = PAIR if self.plan.method(run.method).paired else 1
        # A row or a pair that is longer has its own batch.
        subwords = max(self._look_tokens, texts * longest)
        precision = self.plan.study.encoders[run.model].precision
        gpu = self.plan.resources(run).gpu > 0
        found = memory.looked_at(shape, subwords, longest, precision, gpu=gpu, layers=layers)
        if texts == PAIR:
            found += memory.mixed(shape, subwords / (PAIR * longest), longest)
        return found

    def _prediction(self, run: Run) -> Needs:
        shape, job, tested = self._shape(run.model), self._jobs.predict(run), self._jobs.tested(run)
        rows, outputs = sum(count for *_, count in tested), 0
        length = self._jobs.subwords(run.task, run.model)
        texts = 1 + len(self.plan.english_tests(run))
        data = memory.held(rows * texts, length)
        data += memory.table(rows * len(self.plan.test_settings(run)), self._jobs.size(run.task))
        if TASKS[run.task].family == "retrieval":
            sweep = self.plan.decoding(run.task)["sweep"] and run.task != "bucc2018"
            outputs = shape.layers + 1
            largest = max(count for *_, count in tested)
            layers = outputs if sweep else 1
            data += memory.sentences(rows, largest, layers, shape.hidden)
        batch = self._look(run, shape, outputs)
        return with_margins(memory.prediction(shape, batch, data, job.gpus), job)

    def _analysis(self, run: Run) -> Needs:
        shape, job, tested = self._shape(run.model), self._jobs.analyse(run), self._jobs.tested(run)
        rows = {code: count for _, code, count in tested}
        splits = 1 + len(self.plan.english_tests(run))
        data = memory.held(splits * sum(rows.values()), self._jobs.subwords(run.task, run.model))
        # The source and the largest of the others.
        pair = rows.pop(SOURCE_LANGUAGE), max(rows.values())
        data += memory.compared(*pair, shape.layers + 1, shape.hidden)
        data += 2 * (self._jobs.analysis_mb(run, tested) or 0.0)  # in 64 bits until it is written
        batch = self._look(run, shape, shape.layers + 1)
        return with_margins(memory.prediction(shape, batch, data, job.gpus), job)

    def _shape(self, model: str) -> Shape:
        shape = self._jobs.shape(model)
        assert shape is not None, "unknown encoders have a stand-in"
        return shape


def with_margins(found_mb: float, job: Job) -> Needs:
    """Return the needs of a job that uses so much memory, with margins, in round numbers."""
    assert job.seconds is not None, "only downloads are unknown"
    memory_mb = math.ceil((SNAKEMAKE + MEMORY_MARGIN * found_mb) / 100) * 100
    minutes = math.ceil(TIME_MARGIN * job.seconds / 60)
    return Needs(max(LEAST_MEMORY, memory_mb), max(LEAST_MINUTES, minutes))
