# SPDX-License-Identifier: Apache-2.0
"""What each job of a plan takes: its wall time, what it leaves on disk, what it holds meanwhile.

:mod:`xling.estimate` adds the jobs up; :mod:`xling.needs` makes limits for a cluster of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from xling import costs
from xling.batches import steps_of
from xling.config.study import Pretraining
from xling.costs import Device, RowSize, Shape
from xling.plan import Plan, Run
from xling.tasks import SOURCE_LANGUAGE, TASKS

TEXT = "text"
# Prepared splits that have as many rows as another.
_MADE_OF = {
    "translate_train": "train",
    "back_translate": "train",
    "translate_test": "test",
    "gold_english": "test",
}
# An update on pairs against one on the targets alone (measured on small encoders: 2.0 to 2.4).
PAIRED = 2.3
Tested = tuple[tuple[str, str, int], ...]  # split, language, rows


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


def without_seed(run: Run) -> Run:
    """Return what stands for all runs that differ in nothing that changes their cost."""
    return replace(run, paper="", seed=0)


class JobCosts:
    """The jobs of a plan.  Runs that differ in their seed alone are worked out once.

    Args:
        plan: of the study.
        unknown: stands in for encoders whose sizes are unknown; None: their jobs are unknown too.
    """

    def __init__(self, plan: Plan, unknown: Shape | None = None) -> None:
        self.plan = plan
        self.study = plan.study
        self.source = plan.study.data.source
        self._unknown = unknown
        self.known_shape = cache(self._known_shape)
        self.rows = cache(self._split_rows)
        self._one_training = cache(self._training)
        self._one_prediction = cache(self._prediction)
        self._one_test = cache(self._test)

    def _known_shape(self, model: str) -> Shape | None:
        """The sizes of an encoder; None if they are unknown."""
        return costs.shape_of(self.study.encoders[model], self.plan.positions)

    def shape(self, model: str) -> Shape | None:
        """The sizes to count with: the encoder's own or those that stand in for it."""
        return self.known_shape(model) or self._unknown

    @property
    def kinds(self) -> list[str]:
        """What is fetched and prepared: the tasks, and the text if any encoder reads it."""
        from_scratch = any(self.plan.needs_text(name) for name in self.plan.models)
        return [*self.plan.tasks, *([TEXT] if from_scratch else [])]

    def splits(self, kind: str) -> list[str]:
        """Prepared splits of a task; the text is one."""
        return [TEXT] if kind == TEXT else self.plan.splits(kind)

    def _split_rows(self, kind: str, split: str) -> int:
        """Rows of a prepared split in all its languages."""
        if kind == TEXT:
            return self._text_rows()
        codes = self.plan.split_languages(kind, split)
        return sum(self.language_rows(kind, split, code) for code in codes)

    def language_rows(self, task: str, split: str, language: str = SOURCE_LANGUAGE) -> int:
        """Rows of a language in a prepared split, or what counts as one where none is published."""
        uses = self.study.tasks[task]
        kind = _MADE_OF.get(split, split)
        published = {"train": uses.train_split, "test": uses.test_split}.get(kind, kind)
        part = 1.0
        if uses.train_split == uses.test_split and kind != "dev":
            part = uses.held_out if kind == "test" else 1 - uses.held_out
        if self.study.data.artificial is not None:
            rows = int(getattr(self.study.data.artificial.sizes[task], published))
        else:
            rows = costs.published_rows(task, published, language)
        # A sentence of the other side is a row too.
        return round(part * rows * (2 if task == "tatoeba" else 1))

    def _text_rows(self) -> int:
        """Rows of the pre-training text; a folder's is its train and dev sets, never a test."""
        if self.study.data.artificial is not None:
            return self.study.data.artificial.text_documents
        rows = 0
        for task in self.plan.tasks:
            uses = self.study.tasks[task]
            about = TASKS[task]
            if about.family in ("classification", "tagging"):
                codes = self.plan.dev_languages(task)
                rows += sum(self.language_rows(task, "dev", code) for code in codes)
            own = about.trained and about.trains_as == task
            if own and uses.train_split == "train" != uses.test_split:
                rows += self.language_rows(task, "train")
        return rows

    def raw_rows(self, kind: str) -> int:
        """Rows in the raw files: all artificial ones, or those that the splits need."""
        if kind == TEXT:
            return self._text_rows()
        if self.study.data.artificial is None:
            return sum(self.rows(kind, split) for split in self.splits(kind))
        sizes = self.study.data.artificial.sizes[kind]
        languages = len(self.study.tasks[kind].languages)
        return (sizes.train + sizes.dev + sizes.test) * languages + sizes.test * (languages - 1)

    def size(self, kind: str) -> RowSize:
        """The size of a row."""
        return costs.row_size(self.source, kind)

    def subwords(self, kind: str, model: str, limit: int | None = None) -> float:
        """Mean length of a row, cut at ``limit`` (by default the task's ``max_length``)."""
        limit = limit or self.study.tasks[kind].max_length
        return costs.subwords(self.source, kind, self.shape(model), limit)

    def updates(self, run: Run) -> int:
        """Updates of a training."""
        settings = self.plan.settings(run)
        if settings.max_steps is not None:
            return settings.max_steps
        assert settings.epochs is not None  # the settings' own check
        return steps_of(self.train_rows(run), settings.batch_size, settings.epochs)

    def train_rows(self, run: Run) -> int:
        """Rows that a training reads for its updates."""
        return sum(self.rows(*part) for part in self.plan.train_splits(run))

    def tested(self, run: Run) -> Tested:
        """Split, language and rows of all that a run predicts."""
        return self._one_test(without_seed(run), tuple(self.plan.languages(run)))

    def _test(self, run: Run, languages: Sequence[str]) -> Tested:
        return tuple(
            (split, code, self.language_rows(run.task, split, code))
            for split in self.plan.test_splits(run)
            for code in languages
        )

    def downloads(self) -> list[Job]:
        """One job for each artefact; the network decides how long it takes."""
        from xling.data.registry import artefacts

        registry = artefacts()
        keys = sorted({key for kind in self.kinds for key in self.plan.artefacts(kind)})
        sizes = [registry[key].bytes for key in keys]
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
        precision = self.study.encoders[run.model].precision
        together = Device(held.gpu, held.train_threads, precision)
        # One of several GPUs looks at the dev set, every so many updates and at the end.
        alone = replace(together, gpus=min(1, held.gpu))
        looks = -(-updates // settings.evaluate_every)
        dev = looks * self.dev_rows(run) * length * shape.operations(length)
        seconds = together.seconds(shape, work, updates) + alone.seconds(shape, dev)
        return Job(costs.START_TORCH + seconds, shape.weights_mb, held.train_threads, held.gpu)

    def dev_rows(self, run: Run) -> int:
        """Rows of a look at the dev set; none if the last weights are kept."""
        one_language = self.plan.settings(run).selection == "best_source_dev"
        return sum(
            self.language_rows(task, split) if one_language else self.rows(task, split)
            for task, split in self.plan.dev_splits(run)
        )

    def predict(self, run: Run) -> Job:
        """A run: all languages of its test set."""
        return self._one_prediction(without_seed(run), self.tested(run))

    def _prediction(self, run: Run, tested: Tested) -> Job:
        rows = sum(count for *_, count in tested)
        held, shape = self.plan.resources(run), self.shape(run.model)
        gpus = min(1, held.gpu)
        disk = rows * costs.BYTES_PER_PREDICTION / 1e6
        if shape is None:
            return Job(None, disk, held.train_threads, gpus)
        length = self.subwords(run.task, run.model)
        device = Device(gpus, held.train_threads, self.study.encoders[run.model].precision)
        seconds = costs.START_TORCH
        seconds += device.seconds(shape, rows * length * shape.operations(length))
        if run.task == "bucc2018":
            # Half of the rows are of either side; the search runs on the CPU.
            halves = [count / 2 for *_, count in tested]
            work = sum(costs.search_operations(half, half, shape.hidden) for half in halves)
            seconds += work / (costs.SEARCH_SPEED * held.train_threads)
        return Job(seconds, disk, held.train_threads, gpus)

    def score(self) -> Job:
        """A run."""
        return Job(costs.START, costs.RECORD_MB)

    def result(self) -> Job:
        """Tables, figures, check or page."""
        return Job(costs.DRAW_AND_WRITE, costs.RESULT_MB)
