# SPDX-License-Identifier: Apache-2.0
"""What each job of a translation plan takes: wall time and disk, from model and data.

As :mod:`xling.job_costs`, whose constants it shares; what is new was measured on one thread of the
same machine on the study ``mini`` ("measured"), or is a guess ("ours").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from xling import costs
from xling.config.translation import TransformerSettings
from xling.costs import Device, Shape
from xling.job_costs import Job
from xling.mt.plan import SPLITS, TranslationPlan
from xling.plan import Run

# Start of fairseq beside torch, twice: task, dictionaries and data sets are read.
START = 8.0  # measured: 7 to 9 s
# Seconds of an update on a CPU thread that do not depend on the batch: data, logging, optimiser.
UPDATE = 0.015  # measured, beside what the operations take: 0.05 to 0.06 s of a tiny model
# Sub-words of a side of a pair, by where data comes from.
SUBWORDS = {"artificial": 12, "folder": 30, "download": 30}  # ours
# Bytes of a pair: of both sides raw, compressed as Parquet, and binarised (2 bytes a sub-word).
RAW, PREPARED, BINARIZED = 200, 120, 130  # ours
# Pairs per second of one thread.
GENERATE = 8_000  # ours: as artificial rows of other benchmarks
PREPARE = 30_000  # ours: detokenising is slower than reading
LEARN = 15_000  # ours: SentencePiece's unigram model, in pairs of the mixture
BINARIZE = 10_000  # ours
# SentencePiece reads a mixture of at most so many pairs.
VOCABULARY_PAIRS = 10_000_000  # ours
# A search reads the decoder once per hypothesis and step; the cache saves the attention.
SEARCH = 1.5  # ours: overhead of a step over its operations
STEP = 0.006  # ours: seconds of a step of the decoder on a CPU, for a batch
GENERATION_BATCH = 64  # ours: sentences
# Passes over a probe batch of each language: losses, gradients, 20 steps of the power iteration.
ANALYSIS_PASSES = 150  # ours
UNKNOWN_PAIRS = 100_000  # ours: training pairs of a language where none are published
HELD_OUT = {"dev": 2_000, "test": 2_000}  # ours, where none are published


@dataclass(frozen=True)
class ModelSize:
    """What decides the cost of a Transformer.

    Attributes:
        settings: of the model.
        source, target: sizes of the vocabularies.
    """

    settings: TransformerSettings
    source: int
    target: int

    @property
    def layers(self) -> tuple[int, int]:
        """Parameters of all encoder layers and of all decoder layers."""
        s = self.settings
        feed_forward = 2 * s.width * s.ffn
        attention = 4 * s.width * s.width
        decoder = s.decoder_layers * (2 * attention + feed_forward)
        return s.encoder_layers * (attention + feed_forward), decoder

    @property
    def embeddings(self) -> int:
        """Parameters of source, target and output embeddings."""
        parts = {"all": (1, 0), "decoder": (1, 1), "none": (1, 2)}[self.settings.share_embeddings]
        return self.settings.width * (parts[0] * self.source + parts[1] * self.target)

    @property
    def parameters(self) -> int:
        """All parameters (biases and norms left out)."""
        return sum(self.layers) + self.embeddings

    @property
    def shape(self) -> Shape:
        """An encoder of about the same size, for what is known of encoders."""
        s = self.settings
        layers = s.encoder_layers + s.decoder_layers
        return Shape(s.width, layers, s.ffn, self.target, 1024, 0, s.heads)

    def forward(self) -> float:
        """Operations of a source and a target sub-word, forward, attention scores left out."""
        encoder, decoder = self.layers
        return 2.0 * (encoder + decoder + self.settings.width * self.target)


class TranslationCosts:
    """The jobs of a translation plan.  Runs that differ in their seed alone cost the same."""

    def __init__(self, plan: TranslationPlan) -> None:
        self.plan = plan
        self.source = plan.study.data.source
        self.rows = cache(self._rows)
        self._one_training = cache(self._training)
        self._one_generation = cache(self._generation)

    def _rows(self, benchmark: str, split: str) -> int:
        """Pairs of a split in all languages."""
        sizes, codes = self.plan.choice_of(benchmark).sizes, self.plan.languages_of(benchmark)
        train = self.plan.train_sizes(benchmark)
        if sizes is not None and train is not None:
            return {"train": sum(train.values()), "dev": sizes.dev, "test": sizes.test}[split] * (
                1 if split == "train" else len(codes)
            )
        from xling.mt.data.benchmarks import draws_of
        from xling.mt.data.groups import language_groups

        known, drawn = language_groups(benchmark), draws_of(benchmark)
        guess = HELD_OUT.get(split, UNKNOWN_PAIRS)
        return sum(
            (getattr(known[code], split) if code in known else None)
            or (drawn.get(code) if split == "train" else None)
            or guess
            for code in codes
        )

    @property
    def subwords(self) -> int:
        """Mean length of a side."""
        return SUBWORDS[self.source]

    def size(self, run: Run) -> ModelSize:
        """The model of a run."""
        vocabulary = self.plan.choice_of(self.plan.benchmark(run)).vocabulary
        english = vocabulary.english or vocabulary.size
        from_english = self.plan.direction(run) == "o2m"
        sides = (english, vocabulary.size) if from_english else (vocabulary.size, english)
        return ModelSize(self.plan.model(run), *sides)

    def fetch_parallel(self, benchmark: str) -> Job:
        """The raw files of a benchmark."""
        count = sum(self.rows(benchmark, split) for split in SPLITS)
        generated = self.source == "artificial"
        speed = GENERATE if generated else costs.CHECKSUM
        return Job(costs.START + count / speed, count * RAW / 1e6 if generated else 0.0)

    def prepare_parallel(self, benchmark: str, split: str) -> Job:
        """A split in one direction."""
        count = self.rows(benchmark, split)
        return Job(costs.START + count / PREPARE, count * PREPARED / 1e6)

    def vocabulary_pairs(self, benchmark: str) -> int:
        """Pairs that a vocabulary is learned from: at most one and a half times all there are."""
        return min(VOCABULARY_PAIRS, 3 * self.rows(benchmark, "train") // 2)

    def subwords_job(self, benchmark: str) -> Job:
        """The vocabulary of a direction."""
        pairs = self.vocabulary_pairs(benchmark)
        return Job(costs.START + pairs / LEARN, costs.RESULT_MB)

    def binarizing_threads(self, benchmark: str) -> int:
        """How many processes cut a benchmark into sub-words: more than one from a million pairs."""
        return 4 if self.rows(benchmark, "train") >= 1_000_000 else 1

    def binarize(self, benchmark: str) -> Job:
        """All splits of a direction."""
        count = sum(self.rows(benchmark, split) for split in SPLITS)
        threads = self.binarizing_threads(benchmark)
        seconds = costs.START_TORCH + count / BINARIZE / threads
        return Job(seconds, count * BINARIZED / 1e6, threads)

    def train_mt(self, run: Run) -> Job:
        """A model that is trained."""
        return self._one_training(replace(run, seed=0))

    def _training(self, run: Run) -> Job:
        held, settings, size = self.plan.resources(run), self.plan.settings(run), self.size(run)
        device = self._device(run, held.gpu)
        batches = settings.max_updates * settings.update_freq
        subwords = batches * settings.max_tokens * max(1, held.gpu)
        work = 3 * size.forward() * subwords
        work *= 1 + self.probed(run)
        looks = -(-settings.max_updates // settings.validate_every)
        dev = looks * self.rows(self.plan.benchmark(run), "dev") * self.subwords * size.forward()
        seconds = device.seconds(size.shape, work, batches) + self._device(
            run, min(1, held.gpu)
        ).seconds(size.shape, dev)
        if not held.gpu:
            seconds += batches * UPDATE
        return Job(START + seconds, 4 * size.parameters / 1e6, held.train_threads, held.gpu)

    @property
    def training_mb(self) -> float:
        """Disk that a running training holds: the last checkpoint, the best, and the next."""
        largest = max(self.size(run).parameters for run in self.plan.runs)
        return 3 * 12 * largest / 1e6

    def probed(self, run: Run) -> float:
        """Extra work of a system for its measurements, as a share of that of its updates.

        N probe batches of b sub-words every K updates of M (section 3); methods that look at every
        batch take it apart by language.
        """
        settings = self.plan.settings(run)
        plug_in = self.plan.plug_in(run)
        count = len(self.plan.languages(run))
        if plug_in.method in ("pcgrad", "gradvac"):
            return 1.0  # ours: small parts of a batch take longer than the batch
        period = getattr(plug_in.weighting, "period", None)
        if period is None:
            return 0.0
        passes = {"gram": 1.0, "twopass": 2.0, "fd": 5 / 3}[plug_in.probe.kind]
        update = settings.max_tokens * settings.update_freq
        return passes * count * plug_in.probe.tokens / (period * update)

    def generate(self, run: Run) -> Job:
        """The test sets of all languages."""
        return self._one_generation(replace(run, seed=0))

    def _generation(self, run: Run) -> Job:
        held, settings, size = self.plan.resources(run), self.plan.settings(run), self.size(run)
        rows = self.rows(self.plan.benchmark(run), "test")
        gpus = min(1, held.gpu)
        work = SEARCH * rows * self.subwords * settings.beam * size.forward()
        seconds = START + self._device(run, gpus).seconds(size.shape, work)
        steps = rows / GENERATION_BATCH * 2 * self.subwords
        seconds += steps * STEP * (size.settings.decoder_layers / 2)
        return Job(seconds, rows * RAW / 1e6, held.train_threads, gpus)

    def analyse_mt(self, run: Run) -> Job:
        """The gradients and the curvature of a checkpoint."""
        held, size = self.plan.resources(run), self.size(run)
        gpus, tokens = min(1, held.gpu), self.plan.plug_in(run).probe.tokens
        passes = len(self.plan.languages(run)) * ANALYSIS_PASSES
        work = 3 * size.forward() * tokens * passes
        seconds = START + self._device(run, gpus).seconds(size.shape, work, passes)
        return Job(seconds, costs.RECORD_MB, held.train_threads, gpus)

    def score_mt(self) -> Job:
        """A run."""
        return Job(2 * costs.START, costs.RECORD_MB)

    def compare_mt(self) -> Job:
        """All runs."""
        return Job(costs.START + 2.0 * len(self.plan.runs), costs.RESULT_MB)

    def _device(self, run: Run, gpus: int) -> Device:
        held, precision = self.plan.resources(run), self.plan.settings(run).precision
        return Device(gpus, held.train_threads, "fp32" if precision == "fp32" else "fp16")


def stages(plan: TranslationPlan) -> dict[str, list[Job]]:
    """Return the jobs of each stage, in the order of the workflow."""
    known = TranslationCosts(plan)
    benchmarks = [benchmark for benchmark, _ in plan.pairs]
    found = {
        "fetch_parallel": [known.fetch_parallel(name) for name in plan.benchmarks],
        "prepare_parallel": [
            known.prepare_parallel(name, split) for name in benchmarks for split in SPLITS
        ],
        "subwords": [known.subwords_job(name) for name in benchmarks],
        "binarize": [known.binarize(name) for name in benchmarks],
        "train_mt": [known.train_mt(run) for run in plan.runs],
        "generate": [known.generate(run) for run in plan.runs],
        "score_mt": [known.score_mt() for _ in plan.runs],
        "analyse_mt": [known.analyse_mt(run) for run in plan.analysed],
        "compare_mt": [known.compare_mt()],
    }
    return {stage: jobs for stage, jobs in found.items() if jobs}
