# SPDX-License-Identifier: Apache-2.0
"""What computing costs: sizes of encoders, seconds of a job, bytes of a row.

All numbers of the cost estimate are here.  "measured" ones were measured on one thread of an Intel
Xeon server CPU (2 cores, AVX-512) with torch 2.13; "ours" ones are guesses.  Take every estimate
as right within a factor of two; measured benchmark files replace it as soon as there are any.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from xling.config.study import Encoder
from xling.errors import DataError
from xling.tasks import SOURCE_LANGUAGE, TASKS

# Sustained floating-point operations per second of one CPU thread by width of the encoder;
# measured: forward and backward of batches of 64 x 30 and 16 x 120 sub-words at these widths.
CPU_SPEED = ((96, 37e9), (192, 70e9), (384, 95e9))
# The same of an A100 with 16-bit arithmetic, by parameters of the layers.  From NVIDIA's
# DeepLearningExamples (BERT-large, 128 sub-words, 580 rows/s: 74,000 sub-words/s; we count on
# 70,000) and from that scaled to base size (200,000 sub-words/s).  An estimate, not run by us.
_LARGE, _BASE = 302e6, 85e6
GPU_SPEED = ((0.0, 6 * _BASE * 200e3), (150e6, 6 * _LARGE * 70e3))
# Seconds of an update on a GPU that do not depend on the batch (optimiser, kernel launches); same
# estimate.
GPU_UPDATE = ((0.0, 0.008), (150e6, 0.014))
# 32-bit arithmetic on an A100 (TF32) against 16-bit: 61.5 and 110.5 rows/s, BERT-large on SQuAD,
# NVIDIA DeepLearningExamples.
GPU_FP32_SLOWDOWN = 110.5 / 61.5
# Share of each of several GPUs that work together: ours.  NVIDIA's BERT-large on SQuAD reaches 0.96
# on 8 A100s joined by NVLink (846.7 rows/s against 110.5); most clusters have slower links.
GPU_SHARING = 0.8
# Operations per second of one CPU thread in the exact search of nearest sentences (faiss);
# measured: 17e9 and 25e9 at widths 128 and 768, four neighbours of 8,000 among 8,000.
SEARCH_SPEED = 20e9

# The same of linear CKA in 64 bits (numpy); measured: 25e9 to 44e9 at widths 768 and 1024, 1,190
# and 5,010 items.
CKA_SPEED = 25e9

# Seconds of a job before and after its work: Python, imports, writing.
START = 1.5  # measured on the study smoke: 0.6 to 2.5 s
START_TORCH = 6.0  # measured: 4.4 s for the imports, 5 to 6 s for a training of 20 steps
DRAW_AND_WRITE = 2.0  # measured on the study smoke: 0.3 to 1.7 s for tables, figures, page, check

# Rows per second of one thread.
AUGMENT = 40_000  # copies with synonyms
GENERATE = 10_000  # measured: 7,500 (text) to 12,000 (XNLI) artificial rows
CHECKSUM = 20_000  # ours: files of a folder are read once for their checksums
PREPARE = 50_000  # measured: 40,000 to 130,000 artificial rows
# Measured; folder (and download): XNLI and PAWS-X tests.
TOKENIZE = {"artificial": 16_000, "folder": 4_000, "download": 4_000}
# Measured; pairs of sentences.
LEARN_TOKENIZER = {"artificial": 22_000, "folder": 1_400, "download": 1_400}
UNKNOWN_ROWS = 5_000  # ours: rows of a split whose size is published nowhere we could read
# Sentences of BUCC, both sides: those of the Chinese sample set were counted; the others are ours,
# by the size of the archives (config/datasets.csv) at 35 bytes a sentence, as there.
BUCC_ROWS = {
    "dev": {"de": 73_000, "fr": 56_000, "ru": 123_000, "zh": 22_213},
    "test": {"de": 813_000, "fr": 599_000, "ru": 1_070_000, "zh": 183_000},
}

BYTES_PER_SUBWORD = 5  # measured: Arrow file, labels and names of the rows included
BYTES_PER_PREDICTION = 40  # ours: id, label, prediction and logits, compressed
BYTES_PER_PROBABILITY = 4  # of a soft label: 32 bits, not compressed
SAMPLED = 200  # vectors per language in an analysis: xling.analyse.SAMPLE
RECORD_MB = 0.02  # ours
RESULT_MB = 1.0  # ours: tables, figures, page: each stage


@dataclass(frozen=True)
class RowSize:
    """One row (two sentences) of a benchmark or of the pre-training text.

    Attributes:
        subwords: mean length when tokenised.
        raw: bytes in the files of the release.
        prepared: bytes in the prepared Parquet file.
    """

    subwords: float
    raw: int
    prepared: int


# Artificial: measured on the study mini.  Folder: bytes measured on the test sets of seven and five
# languages; the lengths are for XLM-R's vocabulary of 250,000 and an estimate.
ROW_SIZES = {
    ("artificial", "xnli"): RowSize(30, 188, 29),
    ("artificial", "pawsx"): RowSize(35, 150, 38),
    ("artificial", "text"): RowSize(31, 101, 32),
    ("folder", "xnli"): RowSize(42, 221, 51),
    ("folder", "pawsx"): RowSize(60, 241, 107),
    ("folder", "text"): RowSize(50, 225, 60),
    # Ours, by the length of the texts; XQuAD, MLQA and TyDiQA rows are windows of 384 sub-words.
    ("artificial", "udpos"): RowSize(12, 400, 20),
    ("artificial", "panx"): RowSize(12, 120, 20),
    ("artificial", "xquad"): RowSize(60, 300, 60),
    ("artificial", "mlqa"): RowSize(60, 300, 60),
    ("artificial", "tydiqa"): RowSize(60, 300, 60),
    ("artificial", "bucc2018"): RowSize(12, 60, 20),
    ("artificial", "tatoeba"): RowSize(12, 50, 20),
    ("folder", "udpos"): RowSize(28, 1000, 80),
    ("folder", "panx"): RowSize(20, 120, 40),
    ("folder", "xquad"): RowSize(250, 350, 150),
    ("folder", "mlqa"): RowSize(250, 900, 400),
    ("folder", "tydiqa"): RowSize(200, 700, 300),
    ("folder", "bucc2018"): RowSize(40, 130, 80),
    ("folder", "tatoeba"): RowSize(12, 40, 30),
}
# Real text gets longer with a smaller vocabulary: measured 62 and 88 sub-words (XNLI, PAWS-X) with
# 8,000, and 47 and 65 with 30,000, against the 42 and 60 above.
LENGTHENING = ((0, 1.5), (15_000, 1.1), (100_000, 1.0))


@dataclass(frozen=True)
class Shape:
    """The sizes of a BERT- or RoBERTa-shaped encoder that decide its cost and its memory."""

    hidden: int
    layers: int
    intermediate: int
    vocabulary: int
    positions: int
    segments: int
    heads: int

    @property
    def body(self) -> int:
        """Parameters of the layers: each is used once for each sub-word."""
        h, i = self.hidden, self.intermediate
        attention = 4 * (h * h + h)
        feed_forward = 2 * h * i + h + i
        return self.layers * (attention + feed_forward + 4 * h)

    @property
    def parameters(self) -> int:
        """All parameters: embeddings, layers, pooler (without the classifier's last layer)."""
        h = self.hidden
        embeddings = (self.vocabulary + self.positions + self.segments + 2) * h
        return embeddings + self.body + h * h + h

    @property
    def weights_mb(self) -> float:
        """Size of the weights on disk, 32 bits each."""
        return 4 * self.parameters / 1e6

    @property
    def training_mb(self) -> float:
        """Disk that a running training holds: two checkpoints with Adam's state, best weights."""
        return 7 * self.weights_mb

    def operations(self, length: float) -> float:
        """Floating-point operations of one sub-word, forward, in a row of the given length."""
        return 2 * self.body + 4 * length * self.hidden * self.layers


# Sizes of published encoders by the name of their folder, from their config.json.
PUBLISHED_SHAPES = {
    "bert-base-multilingual-cased": Shape(768, 12, 3072, 119_547, 512, 2, 12),
    "xlm-roberta-base": Shape(768, 12, 3072, 250_002, 514, 1, 12),
    "xlm-roberta-large": Shape(1024, 24, 4096, 250_002, 514, 1, 16),
}


def published_rows(task: str, split: str, language: str) -> int:
    """Return the rows of a published split, those of a like one, or a guess."""
    if task == "bucc2018":
        return BUCC_ROWS[split][language]
    about = TASKS[task]
    known = about.published_rows(split, language) or about.published_rows(split, SOURCE_LANGUAGE)
    return known or UNKNOWN_ROWS


def row_size(source: str, kind: str) -> RowSize:
    """Return the size of a row; downloaded data is that of a folder.

    Args:
        source: the study's ``data.source``.
        kind: a task, or ``text``.
    """
    return ROW_SIZES["folder" if source == "download" else source, kind]


def shape_of(encoder: Encoder, positions: int) -> Shape | None:
    """Return an encoder's sizes; None if they are unknown.

    They are unknown if the folder is not here, unless it is to have the name of a published
    encoder, or if it tells them in other words than BERT's.

    Args:
        encoder: an entry of the study's ``encoders``.
        positions: longest input of the study, for encoders from scratch.

    Raises:
        DataError: the folder's config.json is damaged.
    """
    if encoder.source == "scratch":
        bert = encoder.architecture == "bert"
        return Shape(
            encoder.hidden_size,
            encoder.layers,
            encoder.intermediate_size,
            encoder.vocabulary,
            positions if bert else positions + 2,  # RoBERTa's positions start after the padding's
            2 if bert else 1,
            encoder.heads,
        )
    file = Path(encoder.path).expanduser() / "config.json"
    if not file.exists():
        return PUBLISHED_SHAPES.get(file.parent.name)
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        return Shape(
            config["hidden_size"],
            config["num_hidden_layers"],
            config["intermediate_size"],
            config["vocab_size"],
            config["max_position_embeddings"],
            config.get("type_vocab_size", 1),
            config["num_attention_heads"],
        )
    except KeyError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(
            "the encoder's config.json cannot be read",
            where=str(file),
            allowed="JSON in Hugging Face format",
            fix="copy the encoder's folder again",
        ) from error


def subwords(source: str, kind: str, shape: Shape | None, limit: int) -> float:
    """Return the mean length of a row for an encoder, cut at ``limit``.

    Args:
        source: the study's ``data.source``.
        kind: a task, or ``text``.
        shape: the encoder's sizes; None if unknown.
    """
    length = row_size(source, kind).subwords
    if source != "artificial" and shape is not None:
        length *= _step(LENGTHENING, shape.vocabulary)
    return min(length, limit)


@dataclass(frozen=True)
class Device:
    """What a job computes on.

    Attributes:
        gpus: A100s instead of CPU threads; 0 for none.
        threads: CPU threads; taken to share the work without loss.
        precision: number format of the encoder.
    """

    gpus: int
    threads: int
    precision: str

    def seconds(self, shape: Shape, operations: float, updates: int = 0) -> float:
        """Return the wall time of some floating-point operations and updates of an encoder."""
        if not self.gpus:
            return operations / (_step(CPU_SPEED, shape.hidden) * self.threads)
        slow = GPU_FP32_SLOWDOWN if self.precision == "fp32" else 1.0
        speed = _step(GPU_SPEED, shape.body) / slow
        if self.gpus > 1:
            speed *= self.gpus * GPU_SHARING
        return operations / speed + updates * _step(GPU_UPDATE, shape.body)


def _step(table: tuple[tuple[float, float], ...], size: float) -> float:
    """Return the value of the last entry whose size is not above the given one."""
    value = table[0][1]
    for least, entry in table:
        if size >= least:
            value = entry
    return value


def training_operations(
    shape: Shape, rows: float, length: float, *, recompute: bool = False
) -> float:
    """Operations of forward and backward (twice the forward) of rows of a mean length."""
    passes = 4 if recompute else 3
    return passes * rows * length * shape.operations(length)


def masked_operations(shape: Shape, rows: float, length: float, masked: float) -> float:
    """Operations of masked language modelling: the vocabulary is scored at masked places only."""
    head = 2 * shape.hidden * (shape.hidden + shape.vocabulary)
    return training_operations(shape, rows, length) + 3 * rows * length * masked * head


def search_operations(sources: float, targets: float, width: int) -> float:
    """Operations of the search for each side's nearest sentences on the other side."""
    return 2 * (2 * sources * targets * width)


def cka_operations(items: float, width: int) -> float:
    """Operations of linear CKA in one layer: three products, two of them of a matrix with itself.

    They are of features or of examples, whichever there are fewer of.
    """
    return 4 * items * width * min(items, width)
