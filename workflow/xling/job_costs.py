# SPDX-License-Identifier: Apache-2.0
"""What each job of a plan takes: its wall time, what it leaves on disk, what it holds meanwhile.

:mod:`xling.estimate` adds the jobs up; :mod:`xling.needs` makes limits for a cluster of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from xling import costs
from xling.config.study import Pretraining
from xling.costs import Device, Shape
from xling.job_rows import PAIR, JobRows, Tested, without_seed
from xling.plan import TEXT, Plan, Run
from xling.robust.settings import AdvSettings, part_of, passes
from xling.tasks import SOURCE_LANGUAGE, TASKS

# An update on pairs against one on the targets alone (measured on small encoders: 2.0 to 2.4).
PAIRED = 2.3
# A step towards ADV's perturbation against a plain update: the weights have no gradient (measured
# on a small encoder: tests/bench/robust_cost.py).
INNER = 0.7


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        seconds: wall time; None where it is unknown (network, an encoder that is not here).
        disk_mb: what stays on disk; None where it is unknown.
        threads: processor cores that it holds.
        gpus: GPUs that it holds.
    """

    seconds: float | None
    disk_mb: float | None
    threads: int = 1
    gpus: int = 0


class JobCosts(JobRows):
    """The jobs of a plan.  Runs that differ in their seed alone are worked out once.

    Args:
        plan: of the study.
        unknown: stands in for encoders whose sizes are unknown; None: their jobs are unknown too.
    """

    def __init__(self, plan: Plan, unknown: Shape | None = None) -> None:
        super().__init__(plan, unknown)
        self._one_training = cache(self._training)
        self._one_prediction = cache(self._prediction)
        self._one_analysis = cache(self._analysis)

    def downloads(self) -> list[Job]:
        """One job for each artefact; the network decides how long it takes."""
        from xling.data.registry import artefacts

        registry = artefacts()
        sizes = [registry[key].bytes for key in self.plan.downloads]
        return [Job(None, None if size is None else size / 1e6) for size in sizes]

    def fetch(self, kind: str) -> Job:
        """The raw files of a task or of the text."""
        generated = self.source == "artificial"
        speed = costs.GENERATE if generated else costs.CHECKSUM
        count = self.raw_rows(kind)
        # Files of a folder stay where they are.
        disk = count * self.size(kind).raw / 1e6 if generated else 0.0
        return Job(costs.START + count / speed, disk)

    def prepare(self, kind: str, split: str) -> Job:
        """A split of a task, or the text."""
        count, threads = self.rows(kind, split), self.plan.reading_threads(kind)
        seconds = costs.START + count / costs.PREPARE / threads
        return Job(seconds, count * self.size(kind).prepared / 1e6, threads)

    def synonyms(self) -> Job:
        """The table of synonyms."""
        return Job(costs.START, costs.RESULT_MB)

    def augment(self, task: str, split: str) -> Job:
        """Copies of training rows with synonyms."""
        count = self.rows(task, split)
        return Job(costs.START + count / costs.AUGMENT, count * self.size(task).prepared / 1e6)

    def pretrain(self, model: str) -> Job:
        """The pre-training of an encoder, or a look at a given folder."""
        encoder, shape = self.study.encoders[model], self.shape(model)
        resources = self.study.resources
        if encoder.source == "folder":
            return Job(costs.START_TORCH, 0.0, resources.pretrain_threads)
        assert shape is not None  # known for encoders from scratch
        gpus = min(1, resources.gpu)
        learn, tokenize = costs.LEARN_TOKENIZER[self.source], costs.TOKENIZE[self.source]
        seconds = costs.START_TORCH + self.rows(TEXT, TEXT) * (1 / learn + 1 / tokenize)
        device = Device(gpus, resources.pretrain_threads, encoder.precision)
        work = self._masked_work(shape, encoder.pretraining)
        seconds += device.seconds(shape, work, encoder.pretraining.steps)
        return Job(seconds, shape.weights_mb, resources.pretrain_threads, gpus)

    def _masked_work(self, shape: Shape, plan: Pretraining) -> float:
        length = costs.subwords(self.source, TEXT, shape, plan.max_length)
        rows = plan.steps * plan.batch_size
        return costs.masked_operations(shape, rows, length, plan.mask_probability)

    def tokenize(self, model: str, task: str, split: str) -> Job:
        """A split for an encoder."""
        rows = self.rows(task, split)
        disk = rows * self.subwords(task, model) * costs.BYTES_PER_SUBWORD / 1e6
        return Job(costs.START + rows / costs.TOKENIZE[self.source], disk)

    def train(self, run: Run) -> Job:
        """A model that is fine-tuned."""
        return self._one_training(without_seed(run))

    def _training(self, run: Run) -> Job:
        held, shape = self.plan.resources(run), self.shape(run.model)
        if shape is None:
            return Job(None, None, held.train_threads, held.gpu)
        settings, updates = self.plan.settings(run), self.updates(run)
        length = self.subwords(run.task, run.model)
        work = costs.training_operations(
            shape,
            updates * settings.batch_size,
            length,
            recompute=settings.gradient_checkpointing,
        )
        if self.plan.method(run.method).paired:
            work *= PAIRED
        work *= self._robust_passes(run)
        precision = self.study.encoders[run.model].precision
        together = Device(held.gpu, held.train_threads, precision)
        # One of several GPUs looks at the dev set, every so many updates and at the end.
        alone = replace(together, gpus=min(1, held.gpu))
        looks = -(-updates // settings.evaluate_every)
        texts = self.dev_rows(run) * (PAIR if self.plan.method(run.method).paired else 1)
        dev = looks * texts * length * shape.operations(length)
        seconds = together.seconds(shape, work, updates) + alone.seconds(shape, dev)
        return Job(costs.START_TORCH + seconds, shape.weights_mb, held.train_threads, held.gpu)

    def _robust_passes(self, run: Run) -> float:
        """What an update with perturbations costs, in plain updates."""
        kind = self.plan.method(run.method).perturbs
        if not kind:
            return 1.0
        part = part_of(self.plan.robust(run), kind)
        steps = part.steps if isinstance(part, AdvSettings) else 0
        return passes(part) - steps * (1.0 - INNER)

    def label(self, run: Run) -> Job:
        """A teacher: all words of the translations that others are trained on."""
        return self._read_once(run, self.labelled_rows(run), self.labels_mb(run))

    def labels_mb(self, run: Run) -> float:
        """A teacher's labels; as many words as sub-words are the most there can be."""
        words = self.labelled_rows(run) * self.subwords(run.task, run.model)
        return words * len(TASKS[run.task].labels) * costs.BYTES_PER_PROBABILITY / 1e6

    def predict(self, run: Run) -> Job:
        """A run: all languages of its test set."""
        return self._one_prediction(without_seed(run), self.tested(run))

    def _prediction(self, run: Run, tested: Tested) -> Job:
        rows = sum(count for *_, count in tested)
        disk = rows * len(self.plan.test_settings(run)) * costs.BYTES_PER_PREDICTION / 1e6
        job = self._read_once(run, rows * self.texts(run), disk)
        shape = self.shape(run.model)
        if run.task != "bucc2018" or job.seconds is None or shape is None:
            return job
        # Half of the rows are of either side; the search runs on the CPU.
        halves = [count / 2 for *_, count in tested]
        work = sum(costs.search_operations(half, half, shape.hidden) for half in halves)
        return replace(job, seconds=job.seconds + work / (costs.SEARCH_SPEED * job.threads))

    def analyse(self, run: Run) -> Job:
        """A run: all languages of its test set, in each way that they are read."""
        return self._one_analysis(without_seed(run), self.tested(run))

    def _analysis(self, run: Run, tested: Tested) -> Job:
        sides, shape = len(self.plan.english_tests(run)), self.shape(run.model)
        # Beside its English side a row is two.
        rows = (1 + 2 * sides) * sum(count for *_, count in tested)
        job = self._read_once(run, rows, self.analysis_mb(run, tested))
        if job.seconds is None or shape is None:
            return job
        targets = [count for _, code, count in tested if code != SOURCE_LANGUAGE]
        work = sum(costs.cka_operations(count, shape.hidden) for count in targets)
        work *= (1 + sides) * (shape.layers + 1)
        return replace(job, seconds=job.seconds + work / (costs.CKA_SPEED * job.threads))

    def analysis_mb(self, run: Run, tested: Tested) -> float | None:
        """What is kept of a run's representations; None if the encoder's sizes are unknown."""
        shape = self.shape(run.model)
        if shape is None:
            return None
        vectors = (shape.layers + 1 + costs.SAMPLED) * len(tested)
        return (1 + len(self.plan.english_tests(run))) * vectors * shape.hidden * 4 / 1e6

    def _read_once(self, run: Run, rows: int, disk_mb: float | None) -> Job:
        """A trained model that reads rows and learns nothing."""
        held, shape = self.plan.resources(run), self.shape(run.model)
        gpus = min(1, held.gpu)
        if shape is None:
            return Job(None, disk_mb, held.train_threads, gpus)
        length = self.subwords(run.task, run.model)
        device = Device(gpus, held.train_threads, self.study.encoders[run.model].precision)
        seconds = device.seconds(shape, rows * length * shape.operations(length))
        return Job(costs.START_TORCH + seconds, disk_mb, held.train_threads, gpus)

    def score(self) -> Job:
        """A run."""
        return Job(costs.START, costs.RECORD_MB)

    def result(self) -> Job:
        """Tables, figures, check or page."""
        return Job(costs.DRAW_AND_WRITE, costs.RESULT_MB)
