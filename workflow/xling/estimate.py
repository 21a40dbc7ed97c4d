# SPDX-License-Identifier: Apache-2.0
"""What a study will cost, stage by stage, before it runs and while it does.

Estimates come from the formulas in :mod:`xling.costs`; the benchmark files that Snakemake writes
replace them as soon as a stage has run once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from xling import costs
from xling.benchmarks import measured
from xling.config.study import Pretraining
from xling.costs import Device, RowSize, Shape
from xling.plan import Plan, Run
from xling.tasks import SOURCE_LANGUAGE, TASKS

TEXT = "text"


@dataclass(frozen=True)
class StageCost:
    """The cost of all jobs of one stage.

    Attributes:
        stage: verb and rule.
        jobs: number of jobs.
        cpu_hours: cores times the time that jobs hold them; None if unknown.
        gpu_hours: time that jobs hold a GPU (an A100 in estimates); None if unknown.
        disk_mb: what stays on disk; None if unknown.
        basis: ``estimated``, or ``measured k of n`` jobs.
    """

    stage: str
    jobs: int
    cpu_hours: float | None
    gpu_hours: float | None
    disk_mb: float | None
    basis: str = "estimated"


@dataclass(frozen=True)
class _Job:
    """Wall time and disk of one job; None where the encoder's sizes are unknown."""

    seconds: float | None
    disk_mb: float | None


def estimate(plan: Plan, benchmarks: Path | None) -> list[StageCost]:
    """Return the cost of each stage in the order of the workflow.

    Args:
        plan: of the study.
        benchmarks: ``results/<study>/benchmarks``; None if nothing has run.

    Raises:
        DataError: a benchmark file or an encoder's config.json is damaged.
    """
    costs_of = _Estimator(plan)
    resources = plan.study.resources
    stages: list[tuple[str, Callable[[], Iterable[_Job]], int, int]] = [
        *([("download", costs_of.download, 1, 0)] if plan.study.data.source == "download" else []),
        ("fetch", costs_of.fetch, 1, 0),
        ("prepare", costs_of.prepare, 1, 0),
        ("pretrain", costs_of.pretrain, resources.pretrain_threads, resources.gpu),
        ("tokenize", costs_of.tokenize, 1, 0),
        ("train", costs_of.train, resources.train_threads, resources.gpu),
        ("predict", costs_of.predict, resources.train_threads, resources.gpu),
        ("score", costs_of.score, 1, 0),
        *((name, costs_of.result, 1, 0) for name in ("tabulate", "plot", "check", "report")),
    ]
    found = []
    for stage, jobs_of, threads, gpus in stages:
        jobs = list(jobs_of())
        seconds = _sum(job.seconds for job in jobs)
        done = measured(benchmarks, stage)
        basis = "estimated"
        if done:
            # Files of jobs that are no longer planned count for the mean, not as jobs done.
            seconds = sum(done) / len(done) * len(jobs)
            basis = f"measured {min(len(done), len(jobs))} of {len(jobs)}"
        hours = None if seconds is None else seconds / 3600
        found.append(
            StageCost(
                stage,
                len(jobs),
                None if hours is None else hours * threads,
                0.0 if not gpus else hours,
                _sum(job.disk_mb for job in jobs),
                basis,
            )
        )
    return found


def _sum(values: Iterable[float | None]) -> float | None:
    """Return the sum, or None if a part is unknown."""
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total


class _Estimator:
    """The jobs of each stage of a plan and what each takes."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.study = plan.study
        self.source = plan.study.data.source
        self.shapes = {
            name: costs.shape_of(plan.study.encoders[name], plan.positions) for name in plan.models
        }
        self.splits = {task: plan.splits(task) for task in plan.tasks}
        self.split_rows = {
            (task, split): sum(
                self._rows(task, split, code) for code in plan.split_languages(task, split)
            )
            for task, splits in self.splits.items()
            for split in splits
        }
        self.from_scratch = any(plan.needs_text(name) for name in plan.models)

    def _rows(self, task: str, split: str, language: str = SOURCE_LANGUAGE) -> int:
        """Rows of a language in a prepared split, or what counts as one where none is published."""
        uses = self.study.tasks[task]
        kind = {"translate_train": "train", "translate_test": "test"}.get(split, split)
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

    @property
    def _text_rows(self) -> int:
        """Rows of the pre-training text; a folder's is its train and dev sets, never a test."""
        if self.study.data.artificial is not None:
            return self.study.data.artificial.text_documents
        rows = 0
        for task in self.plan.tasks:
            uses = self.study.tasks[task]
            about = TASKS[task]
            if about.family in ("classification", "tagging"):
                rows += sum(self._rows(task, "dev", code) for code in self.plan.dev_languages(task))
            own = about.trained and about.trains_as == task
            if own and uses.train_split == "train" != uses.test_split:
                rows += self._rows(task, "train")
        return rows

    def _size(self, task: str) -> RowSize:
        return costs.row_size(self.source, task)

    def _subwords(self, task: str, model: str) -> float:
        limit = self.study.tasks[task].max_length
        return costs.subwords(self.source, task, self.shapes[model], limit)

    def _device(self, model: str, threads: int) -> Device:
        return Device(bool(self.study.resources.gpu), threads, self.study.encoders[model].precision)

    def download(self) -> Iterable[_Job]:
        """One job for each artefact; the network decides how long it takes."""
        from xling.data.registry import artefacts

        kinds = [*self.plan.tasks, *([TEXT] if self.from_scratch else [])]
        registry = artefacts()
        for key in sorted({key for kind in kinds for key in self.plan.artefacts(kind)}):
            size = registry[key].bytes
            yield _Job(None, None if size is None else size / 1e6)

    def fetch(self) -> Iterable[_Job]:
        """One job for each task and one for the text."""
        generated = self.source == "artificial"
        speed = costs.GENERATE if generated else costs.CHECKSUM
        rows = {task: self._raw_rows(task) for task in self.plan.tasks}
        if self.from_scratch:
            rows[TEXT] = self._text_rows
        for task, count in rows.items():
            # Files of a folder stay where they are.
            disk = count * self._size(task).raw / 1e6 if generated else 0.0
            yield _Job(costs.START + count / speed, disk)

    def _raw_rows(self, task: str) -> int:
        """Rows in the raw files: all artificial ones, or those that the splits need."""
        if self.study.data.artificial is None:
            return sum(self.split_rows[task, split] for split in self.splits[task])
        sizes = self.study.data.artificial.sizes[task]
        languages = len(self.study.tasks[task].languages)
        return (sizes.train + sizes.dev + sizes.test) * languages + sizes.test * (languages - 1)

    def prepare(self) -> Iterable[_Job]:
        """One job for each split of each task and one for the text."""
        rows = [(task, count) for (task, _), count in self.split_rows.items()]
        if self.from_scratch:
            rows.append((TEXT, self._text_rows))
        for task, count in rows:
            disk = count * self._size(task).prepared / 1e6
            yield _Job(costs.START + count / costs.PREPARE, disk)

    def pretrain(self) -> Iterable[_Job]:
        """One job for each encoder: pre-training, or a look at a given folder."""
        for model in self.plan.models:
            encoder, shape = self.study.encoders[model], self.shapes[model]
            if encoder.source == "folder":
                yield _Job(costs.START_TORCH, 0.0)
                continue
            assert shape is not None  # known for encoders from scratch
            learn, tokenize = costs.LEARN_TOKENIZER[self.source], costs.TOKENIZE[self.source]
            seconds = costs.START_TORCH + self._text_rows * (1 / learn + 1 / tokenize)
            device = self._device(model, self.study.resources.pretrain_threads)
            work = self._masked_work(shape, encoder.pretraining)
            seconds += device.seconds(shape, work, encoder.pretraining.steps)
            yield _Job(seconds, shape.weights_mb)

    def _masked_work(self, shape: Shape, plan: Pretraining) -> float:
        length = costs.subwords(self.source, TEXT, shape, plan.max_length)
        rows = plan.steps * plan.batch_size
        return costs.masked_operations(shape, rows, length, plan.mask_probability)

    def tokenize(self) -> Iterable[_Job]:
        """One job for each split of each pair of encoder and task in use."""
        used = {(run.model, run.task) for run in self.plan.runs}
        used |= {
            (run.model, task)
            for run in self.plan.trainings
            for task, _ in self.plan.train_splits(run)
        }
        for model, task in sorted(used):
            for split in self.splits[task]:
                rows = self.split_rows[task, split]
                disk = rows * self._subwords(task, model) * costs.BYTES_PER_SUBWORD / 1e6
                yield _Job(costs.START + rows / costs.TOKENIZE[self.source], disk)

    def train(self) -> Iterable[_Job]:
        """One job for each model that is fine-tuned."""
        for run in self.plan.trainings:
            shape = self.shapes[run.model]
            yield _Job(None, None) if shape is None else self._training(run, shape)

    def _training(self, run: Run, shape: Shape) -> _Job:
        from xling.batches import steps_of

        settings = self.plan.settings(run)
        rows = sum(self.split_rows[part] for part in self.plan.train_splits(run))
        updates = settings.max_steps
        if updates is None:
            assert settings.epochs is not None  # the settings' own check
            updates = steps_of(rows, settings.batch_size, settings.epochs)
        length = self._subwords(run.task, run.model)
        device = self._device(run.model, self.study.resources.train_threads)
        work = costs.training_operations(
            shape,
            updates * settings.batch_size,
            length,
            recompute=settings.gradient_checkpointing,
        )
        # The dev set is read every so many updates and at the end.
        looks = -(-updates // settings.evaluate_every)
        for task, split in self.plan.dev_splits(run):
            one_language = settings.selection == "best_source_dev"
            dev = self._rows(task, split) if one_language else self.split_rows[task, split]
            work += looks * dev * length * shape.operations(length)
        return _Job(costs.START_TORCH + device.seconds(shape, work, updates), shape.weights_mb)

    def predict(self) -> Iterable[_Job]:
        """One job for each run: all languages of its test set."""
        for run in self.plan.runs:
            rows = sum(
                self._rows(run.task, split, code)
                for split in self.plan.test_splits(run)
                for code in self.plan.languages(run)
            )
            shape, length = self.shapes[run.model], self._subwords(run.task, run.model)
            seconds = None
            if shape is not None:
                device = self._device(run.model, self.study.resources.train_threads)
                work = rows * length * shape.operations(length)
                seconds = costs.START_TORCH + device.seconds(shape, work)
            yield _Job(seconds, rows * costs.BYTES_PER_PREDICTION / 1e6)

    def score(self) -> Iterable[_Job]:
        """One job for each run."""
        return [_Job(costs.START, costs.RECORD_MB) for _ in self.plan.runs]

    def result(self) -> Iterable[_Job]:
        """One job: tables, figures, check or page."""
        return [_Job(costs.DRAW_AND_WRITE, costs.RESULT_MB)]
