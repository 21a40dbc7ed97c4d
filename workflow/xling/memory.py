# SPDX-License-Identifier: Apache-2.0
"""Memory of each kind of job, in MB (10^6 bytes), before any margin.

All numbers of the memory estimate are here.  "measured" ones are peaks of whole processes
(``/usr/bin/time -f %M``) on a CPU under Linux with torch 2.13 and transformers 5, on the artificial
benchmarks with up to 1.6 million rows and on real test sets of XTREME; "ours" ones are guesses.
Nothing was measured on a GPU.
"""

from __future__ import annotations

from xling.costs import BYTES_PER_SUBWORD, RowSize, Shape

MB = 1e6
# A job without torch before its first row; measured: 146 to 168 MB with few rows.
PYTHON = 160.0
# One with torch; measured: 460 to 505 MB on the study smoke, the rest for libraries loaded late.
TORCH = 600.0
# What CUDA adds on the host: context, kernels, pinned memory.  Ours.
CUDA_HOST = 3000.0
# Raw files: what a generator holds, in times its text; measured 2.9 (1.6 million rows of BUCC).
GENERATED = 3.0
# Prepared rows in times their text: as Python objects, for the language that is being read;
# measured 3 to 6.  As columns, for all languages; measured 2 to 3 with those objects.
OBJECTS, COLUMNS = 5.0, 2.0
# The tokenizer's results before they become columns; measured 200 to 240 bytes a sub-word, and
# two calls' rows are there at a time (xling.tokens.ROWS_PER_CALL).
ENCODING_BYTES, ENCODED_ROWS = 250, 20_000
# Rows that a training or prediction reads: sub-words mapped from the file and copied (4 bytes);
# names, lengths and the order of the updates, measured 100 bytes a row for one pass.
SUBWORD_BYTES, ROW_BYTES = BYTES_PER_SUBWORD + 4, 200
# Words that are labelled: places and tags as whole numbers of 64 bits.  Counted.
WORD_BYTES = 60
# SentencePiece in times the text; measured 23 (real text) and 27 (artificial).
LEARNING = 30.0
# Parameters while training: weights, gradients, Adam's two moments, 32 bits each; measured: 54
# million more took 16 bytes each, checkpoints included.
TRAINED_BYTES = 16
# On the host of a GPU: weights as they are loaded and saved, Adam's state as it is loaded.  Ours.
HOST_BYTES = 12
# Parameters while predicting: the weights and, while it is read, the file they are in.  Ours.
LOADED_BYTES = 8
# Copies in 16 bits for the products; buckets in which several GPUs exchange gradients.
CAST_BYTES, BUCKET_BYTES = 2, 4
# On a CPU batches of changing shape leave holes in the heap; measured on small encoders, as peak
# over activations: training 2 to 3, pre-training 4, prediction 3 to 5.
HEAP = 4.0
# On a GPU: rounding and holes of torch's allocator; context and kernels.  Both ours.
ALLOCATOR, CUDA = 1.2, 800.0
# A sentence of retrieval as Python objects: id, text, sub-words as a key, its pairs.  Ours.
SENTENCE_BYTES = 1000
# Vectors of sentences: as computed, put in order, and in the index of the search.
VECTOR_COPIES = 3
# Representations of a layer that are compared, in 64 bits: as they are, centred, and scaled; with
# the products measured 3.1 (5,010 items of width 768 and 1024).
COMPARED_COPIES = 3.5
# Masked words: scores of the vocabulary, their logarithms, gradients, 32 bits each.
SCORE_BYTES = 12


def generated(rows: float, size: RowSize) -> float:
    """Writing artificial raw files."""
    return PYTHON + GENERATED * rows * size.raw / MB


def prepared(rows: float, languages: int, processes: int, size: RowSize) -> float:
    """Joining raw rows, a language at a time in each of several processes."""
    language = rows / max(1, languages) * size.raw / MB
    return PYTHON * processes + processes * OBJECTS * language + COLUMNS * rows * size.raw / MB


def tokenized(rows: float, length: float, size: RowSize) -> float:
    """Encoding rows of a mean length."""
    encodings = min(rows, ENCODED_ROWS) * length * ENCODING_BYTES
    return PYTHON + (encodings + COLUMNS * rows * (size.raw + length * BYTES_PER_SUBWORD)) / MB


def held(rows: float, length: float) -> float:
    """Tokenised rows, as long as a model reads them."""
    return rows * (length * SUBWORD_BYTES + ROW_BYTES) / MB


def labelled(words: float) -> float:
    """Places and tags of words, beside the probabilities of their classes."""
    return words * WORD_BYTES / MB


def table(rows: float, size: RowSize) -> float:
    """Prepared rows that predictions are made from, and what is predicted."""
    return (OBJECTS + COLUMNS) * rows * size.raw / MB


def learned(rows: float, size: RowSize) -> float:
    """Making a sub-word vocabulary of text."""
    return LEARNING * rows * size.raw / MB


def layer_bytes(shape: Shape, length: float, precision: str, *, gpu: bool) -> float:
    """Bytes that one layer keeps of a sub-word for the way back.

    Counted by torch's ``saved_tensors_hooks`` on a CPU; right within 16 bytes in fp32.  With 32
    bits ten vectors of the hidden width, two of the feed-forward part, on a CPU three rows of each
    head's attention, which kernels on a GPU do not keep.  With 16 bits the layer norms and the
    residual sum stay in 32.
    """
    half = precision != "fp32"
    kept = (34 if half else 40) * shape.hidden + (4 if half else 8) * shape.intermediate
    return kept if gpu else kept + 12 * shape.heads * length


def mixed_bytes(shape: Shape, length: float) -> float:
    """Bytes that X-Mixup's mixed layer keeps of a target's sub-word beside an ordinary layer.

    Nine vectors of the hidden width, and six rows of each head's attention, which is computed
    explicitly in 32 bits on a GPU too.  Counted as above, right within 16 bytes; a fixed ratio
    needs a third less.
    """
    return 36 * shape.hidden + 24 * shape.heads * length


def activations(
    shape: Shape, subwords: float, length: float, precision: str, *, gpu: bool, recompute: bool
) -> float:
    """What forward and backward keep of a batch.

    Args:
        shape: of the encoder.
        subwords: of the batch, padding included.
        length: of its rows.
        precision: number format.
        gpu: not on a CPU.
        recompute: gradient checkpointing: a layer keeps its input, one layer is there whole.
    """
    layer = layer_bytes(shape, length, precision, gpu=gpu)
    kept = shape.layers * 4 * shape.hidden + layer if recompute else shape.layers * layer
    return subwords * kept / MB


def mixed(shape: Shape, pairs: float, length: float) -> float:
    """What the mixed layer of X-Mixup adds to a batch of pairs, both texts of a length."""
    return pairs * length * mixed_bytes(shape, length) / MB


def looked_at(
    shape: Shape, subwords: float, length: float, precision: str, *, gpu: bool, layers: int = 0
) -> float:
    """One layer of a batch without gradients, and the outputs of all layers that are wanted."""
    layer = layer_bytes(shape, length, precision, gpu=gpu)
    return subwords * (layer + layers * 4 * shape.hidden) / MB


def vocabulary_scores(shape: Shape, masked: float) -> float:
    """Scores of all words of the vocabulary at some masked places."""
    return masked * shape.vocabulary * SCORE_BYTES / MB


def parameters(shape: Shape, each: float) -> float:
    """All parameters at some bytes each."""
    return shape.parameters * each / MB


def training(shape: Shape, batch: float, data: float, gpus: int) -> float:
    """Memory of the host of a training.

    Args:
        shape: of the encoder.
        batch: the largest one; on GPUs it is not in this memory.
        data: rows that are held.
        gpus: that train together, each with a process of its own; 0: a CPU.
    """
    if not gpus:
        return TORCH + parameters(shape, TRAINED_BYTES) + data + HEAP * batch
    return gpus * (TORCH + CUDA_HOST + parameters(shape, HOST_BYTES) + data)


def prediction(shape: Shape, batch: float, data: float, gpus: int) -> float:
    """Memory of the host of a prediction; arguments as for :func:`training`."""
    work = CUDA_HOST if gpus else HEAP * batch
    return TORCH + parameters(shape, LOADED_BYTES) + data + work


def gpu_training(shape: Shape, batch: float, precision: str, gpus: int) -> float:
    """Memory of one of the GPUs of a training.

    Args:
        shape: of the encoder.
        batch: activations of the largest batch.
        precision: number format.
        gpus: that train together.
    """
    each = TRAINED_BYTES + (CAST_BYTES if precision != "fp32" else 0)
    each += BUCKET_BYTES if gpus > 1 else 0
    return CUDA + ALLOCATOR * (parameters(shape, each) + batch)


def sentences(rows: float, largest: float, layers: int, width: int) -> float:
    """Retrieval: all sentences as objects, vectors of the largest search in each layer."""
    return (rows * SENTENCE_BYTES + VECTOR_COPIES * largest * layers * width * 4) / MB


def compared(source: float, target: float, layers: int, width: int) -> float:
    """Representations of two languages' items: all layers in 32 bits, one at a time in 64."""
    return (source + target) * width * (4 * layers + 8 * COMPARED_COPIES) / MB
