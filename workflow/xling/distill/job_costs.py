# SPDX-License-Identifier: Apache-2.0
"""What each job of a distillation plan takes: wall time and disk, from models and data.

As :mod:`xling.job_costs`, whose constants it shares; what is new was measured on one thread of the
same machine on the study ``mini`` ("measured"), or is a guess ("ours").
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

from xling import costs
from xling.config.distillation import BUCC, MEAN_POOLED, STS, TATOEBA, TEACHER
from xling.costs import Device, Shape
from xling.distill.plan import DistillPlan
from xling.job_costs import Job
from xling.job_rows import JobRows
from xling.plan import Plan, Run

# Seconds of a job with sentence-transformers before and after its work.
START = 9.0  # ours: torch, transformers and the library's own imports
# Seconds of an update on a CPU thread that do not depend on the batch: batches, logging, optimiser.
UPDATE = 0.02  # ours
# Sub-words of a sentence, by where data comes from.
SUBWORDS = {"artificial": 12.0, "folder": 25.0, "download": 25.0}  # ours
# Bytes of a pair: of both sides raw, and compressed as Parquet.
RAW, PREPARED = 200, 100  # ours
# Pairs per second of one thread.  Preparing reads them twice.
GENERATE, PREPARE = 8_000, 30_000  # ours
# Pairs of a published corpus in a language: about the mean of TED2020 (distill-data.md).
UNKNOWN_PAIRS = 200_000  # ours
# Two sentences of each row of XNLI's dev set.
XNLI_PAIRS = 2 * 2_490
GRADED = {"stsbenchmark": 5_749, "xnli": 2_490}  # published rows
STS_ROWS = 250
HELD_OUT = 1_000
# A student or a given model of which nothing is known: those of the paper are of base size.
GIVEN = costs.PUBLISHED_SHAPES["xlm-roberta-base"]


class DistillCosts:
    """The jobs of a distillation plan.  Runs that differ in their seed alone cost the same.

    Args:
        plan: of the whole study, which has a part ``distillation``.
        unknown: stands in for encoders whose sizes are unknown; None: their jobs are unknown too.
    """

    def __init__(self, plan: Plan, unknown: Shape | None = None) -> None:
        assert plan.distillation is not None, "the caller's own check"
        self.plan: DistillPlan = plan.distillation
        self.source = plan.study.data.source
        self._rows = JobRows(plan, unknown)
        self._one_training = cache(self._training)
        self._one_evaluation = cache(self._evaluation)

    @property
    def subwords(self) -> float:
        """Mean length of a sentence."""
        return SUBWORDS[self.source]

    def corpus_pairs(self, corpus: str, language: str) -> int:
        """Pairs of a corpus in a language."""
        sizes = self.plan.distillation.sizes
        if sizes is not None:
            known = {"Talks": sizes.talks, "Mined": sizes.mined}
            return known.get(corpus, {}).get(language, 0)
        return XNLI_PAIRS if corpus == "XNLI" else UNKNOWN_PAIRS

    def raw_pairs(self, dataset: str) -> int:
        """Pairs in the raw files of a data set."""
        uses = self.plan.uses(dataset)
        if uses["kind"] == STS:
            return len(self.plan.pairs) * (self.plan.sts_rows or STS_ROWS)
        if uses["kind"] == "graded":
            return self.graded_pairs(uses["name"])
        return sum(self.corpus_pairs(uses["name"], code) for code in uses["languages"])

    def graded_pairs(self, data: str) -> int:
        """Graded English pairs."""
        sizes = self.plan.distillation.sizes
        return sizes.graded if sizes is not None else GRADED[data]

    def pairs(self, selection: str, languages: frozenset[str] | None = None) -> list[int]:
        """Training pairs of each corpus and language of a selection."""
        choice = self.plan.choice(selection)
        cap = choice["rules"]["cap"] or math.inf
        return [
            int(min(self.corpus_pairs(corpus, code), choice["caps"].get(corpus, cap)))
            for corpus, codes in choice["corpora"].items()
            for code in codes
            if languages is None or code in languages
        ]

    def read_pairs(self, selection: str) -> int:
        """Pairs that are read for a selection, used or not."""
        choice = self.plan.choice(selection)["corpora"]
        return sum(self.corpus_pairs(c, code) for c, codes in choice.items() for code in codes)

    def trained_pairs(self, run: Run) -> list[int]:
        """Training pairs of a student, by corpus and language."""
        languages = frozenset(self.plan.languages_of(run))
        return self.pairs(self.plan.selection(run).name, languages)

    def updates(self, run: Run) -> int:
        """Updates of a student, at most."""
        settings = self.plan.settings(run)
        if settings.max_steps is not None:
            return settings.max_steps
        parts = self.trained_pairs(run)
        whole = max(parts) if settings.mixing.epoch == "largest" else sum(parts)
        # Of a source and its translation, grouped examples are two.
        examples = whole * (2 if settings.examples == "grouped" else 1)
        return max(1, round((settings.epochs or 0) * examples / settings.examples_per_update))

    def shape(self, run: Run) -> Shape | None:
        """The sizes of the encoder that a run trains or reads with; None if they are unknown."""
        if run.method == MEAN_POOLED or self.plan.student(run):
            return self._rows.shape(run.model)
        if run.method == TEACHER:
            return self.teacher_shape(run.model)
        return GIVEN

    def teacher_shape(self, teacher: str) -> Shape | None:
        """The sizes of a teacher; those of base size stand in for one that is given."""
        trained = self.plan.training_of(teacher)
        return self._rows.shape(trained.encoder) if trained else GIVEN

    def tested_sentences(self, task: str) -> list[float]:
        """Sentences that a system reads for a task, by language, both sides."""
        if task == STS:
            return [2.0 * (self.plan.sts_rows or STS_ROWS) for _ in self.plan.pairs]
        splits = self.plan.test_splits(task)
        return [
            float(sum(self._rows.language_rows(task, split, code) for split in splits))
            for code in self.plan.languages(task)
        ]

    def fetch_distill(self, dataset: str) -> Job:
        """The raw files of a data set."""
        count, generated = self.raw_pairs(dataset), self.source == "artificial"
        speed = GENERATE if generated else costs.CHECKSUM
        return Job(costs.START + count / speed, count * RAW / 1e6 if generated else 0.0)

    def prepare_sts(self) -> Job:
        """The test set of STS."""
        return Job(costs.START, self.raw_pairs(STS) * PREPARED / 1e6)

    def prepare_graded(self, data: str) -> Job:
        """The pairs of a teacher."""
        count = self.graded_pairs(data)
        return Job(costs.START + count / PREPARE, count * PREPARED / 1e6)

    def prepare_distill(self, selection: str) -> Job:
        """The parallel text of some students."""
        seconds = costs.START + self.read_pairs(selection) / PREPARE
        return Job(seconds, sum(self.pairs(selection)) * PREPARED / 1e6)

    def train_teacher(self, teacher: str) -> Job:
        """A teacher that is trained, or a look at one that is given."""
        held, trained = self.plan.teacher_resources, self.plan.training_of(teacher)
        if trained is None:
            return Job(START, 0.0, held.train_threads)
        shape = self.teacher_shape(teacher)
        if shape is None:
            return Job(None, None, held.train_threads, min(1, held.gpu))
        settings = trained.training
        read = settings.epochs * self.graded_pairs(trained.data)
        work = costs.training_operations(shape, 2 * read, self.subwords)
        updates = max(1, round(read / settings.batch_size))
        device = Device(min(1, held.gpu), held.train_threads, settings.precision)
        seconds = START + device.seconds(shape, work, updates)
        seconds += 0.0 if held.gpu else updates * UPDATE
        return Job(seconds, shape.weights_mb, held.train_threads, min(1, held.gpu))

    def encoded_sources(self, teacher: str) -> int:
        """Different English sentences that a teacher encodes, for each length at most.

        A corpus mostly says the same sentences in all its languages: the largest one counts.
        """
        largest: dict[str, int] = {}
        for name in self.plan.taught_selections(teacher):
            choice = self.plan.choice(name)
            for corpus, codes in choice["corpora"].items():
                cap = choice["caps"].get(corpus, choice["rules"]["cap"]) or math.inf
                pairs = max(int(min(self.corpus_pairs(corpus, code), cap)) for code in codes)
                largest[corpus] = max(pairs, largest.get(corpus, 0))
        return sum(largest.values())

    def encode_teacher(self, teacher: str) -> Job:
        """A teacher's vectors of its students' sentences."""
        held, shape = self.plan.teacher_resources, self.teacher_shape(teacher)
        gpus = min(1, held.gpu)
        if shape is None:
            return Job(None, None, held.train_threads, gpus)
        sources = self.encoded_sources(teacher) * len(self.plan.taught_lengths(teacher))
        device = Device(gpus, held.train_threads, "fp32")
        seconds = device.seconds(shape, sources * self.subwords * shape.operations(self.subwords))
        return Job(START + seconds, sources * shape.hidden * 4 / 1e6, held.train_threads, gpus)

    def train_student(self, run: Run) -> Job:
        """A student."""
        return self._one_training(replace(run, seed=0))

    def _training(self, run: Run) -> Job:
        held, settings = self.plan.resources(run), self.plan.settings(run)
        gpus, shape = min(1, held.gpu), self.shape(run)
        if shape is None:
            return Job(None, None, held.train_threads, gpus)
        updates, device = self.updates(run), Device(gpus, held.train_threads, settings.precision)
        sides = 2 if settings.examples == "grouped" else settings.source_side + settings.target_side
        read = updates * settings.batch_size * sides / 2
        work = costs.training_operations(shape, read, self.subwords)
        parts = self.trained_pairs(run)
        looks = -(-updates // settings.evaluate_every)
        held_out = len(parts) * min(HELD_OUT, self.plan.distillation.pairs.held_out)
        work += 2 * looks * held_out * self.subwords * shape.operations(self.subwords)
        seconds = device.seconds(shape, work, updates)
        seconds += 0.0 if gpus else updates * UPDATE
        return Job(START + seconds, shape.weights_mb, held.train_threads, gpus)

    def evaluate_sentences(self, run: Run) -> Job:
        """The sentences of a task."""
        return self._one_evaluation(replace(run, seed=0))

    def _evaluation(self, run: Run) -> Job:
        held, shape = self.plan.resources(run), self.shape(run)
        gpus, tested = min(1, held.gpu), self.tested_sentences(run.task)
        disk = sum(tested) * costs.BYTES_PER_PREDICTION / 1e6
        if shape is None:
            return Job(None, disk, held.train_threads, gpus)
        length = self.subwords
        device = Device(gpus, held.train_threads, "fp32")
        seconds = device.seconds(shape, sum(tested) * length * shape.operations(length))
        if run.task in (BUCC, TATOEBA):
            # Half of the sentences are of either side; the search runs on the CPU.
            work = sum(costs.search_operations(n / 2, n / 2, shape.hidden) for n in tested)
            seconds += work / (costs.SEARCH_SPEED * held.train_threads)
        return Job(START + seconds, disk, held.train_threads, gpus)

    @property
    def training_mb(self) -> float:
        """Disk that a running training holds: checkpoints and the best weights."""
        shapes = [shape for run in self.plan.students if (shape := self.shape(run))]
        return max((shape.training_mb for shape in shapes), default=0.0)

    def score_sentences(self) -> Job:
        """A run."""
        return Job(costs.START, costs.RECORD_MB)

    def compare_sentences(self, pairs: int) -> Job:
        """All runs that are compared."""
        return Job(costs.START + pairs, costs.RESULT_MB)


def stages(plan: Plan) -> dict[str, list[Job]]:
    """Return the jobs of each stage, in the order of the workflow."""
    from xling.distill.comparison.contrasts import compared_runs

    known = DistillCosts(plan)
    own = known.plan
    compared = compared_runs(own)
    found = {
        "fetch_distill": [known.fetch_distill(name) for name in own.datasets],
        "prepare_sts": [known.prepare_sts()] if STS in own.tasks else [],
        "prepare_graded": [known.prepare_graded(name) for name in own.graded],
        "prepare_distill": [known.prepare_distill(name) for name in own.selections],
        "train_teacher": [known.train_teacher(name) for name in own.teachers],
        "encode_teacher": [known.encode_teacher(name) for name in own.teaching],
        "train_student": [known.train_student(run) for run in own.students],
        "evaluate_sentences": [known.evaluate_sentences(run) for run in own.runs],
        "score_sentences": [known.score_sentences() for _ in own.runs],
        "compare_sentences": [known.compare_sentences(len(compared))] if compared else [],
    }
    return {stage: jobs for stage, jobs in found.items() if jobs}
