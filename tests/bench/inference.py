# SPDX-License-Identifier: Apache-2.0
"""Predicting tags and answers: rows of similar length together, or in the order of the file.

The other side pads every row to the maximum, as the released scripts do.  Both sides compute at
most the same number of sub-words at once, with the same model, decoding and code for batches.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.comparison import Case
from bench.made_up import PAD, in_file_order, real_lengths, small_model, token_file

if TYPE_CHECKING:
    from xling.tasks import qa as answering
    from xling.tasks import tagging
    from xling.tasks.qa_decoding import Spans

ROUNDING = 1e-4  # of logits of equal rows in batches of different widths
SAME_SPANS = 0.98  # the best spans of a window may tie up to rounding

TAGGING_LENGTH = 128
TAGGING_BATCH = 32
SUBWORDS_PER_WORD = 2

QA_LENGTH = 384
QA_BATCH = 21
QUESTION = 17  # sub-words before the context: the mean of XQuAD
DECODING = {"n_best": 20, "max_answer": 30}


def tags(rows: int, folder: Path, task: str) -> Case:
    """Compare ways to tag rows as long as those of UD-POS or PAN-X."""
    import pyarrow as pa
    from transformers import AutoModelForTokenClassification

    from xling.tasks import TASKS
    from xling.tasks.tagging import Tokens

    lengths = real_lengths("tagging_lengths.csv", rows, task)
    words = [list(range(1, max(2, n - 1), SUBWORDS_PER_WORD)) for n in lengths.tolist()]
    lists = pa.list_(pa.int32())
    columns = {
        "part": pa.array([0] * rows, pa.int32()),
        "positions": pa.array(words, lists),
        "labels": pa.array([[0] * len(places) for places in words], lists),
    }
    tokens = Tokens.read([token_file(lengths, columns, folder)])
    classes = len(TASKS[task].labels)
    model = small_model(AutoModelForTokenClassification, TAGGING_LENGTH, classes).eval()
    return Case(
        f"tagging {rows:,} rows of {TASKS[task].title}'s lengths",
        lambda: partial(tags_by_length, model, tokens),
        {f"file order, padded to {TAGGING_LENGTH}": lambda: partial(tags_in_order, model, tokens)},
        same_tags,
    )


def tags_by_length(model: Any, tokens: tagging.Tokens) -> np.ndarray:
    """Return the class of each word, shape [words]."""
    from xling.tasks.family import Inference
    from xling.tasks.tagging import word_classes

    how = Inference(PAD, "fp32", TAGGING_BATCH * TAGGING_LENGTH)
    return np.concatenate(word_classes(model, tokens, np.arange(len(tokens)), how))


def tags_in_order(model: Any, tokens: tagging.Tokens) -> tuple[np.ndarray, np.ndarray]:
    """Return the class of each word and the logits of its classes, shape [words, classes]."""
    found = []
    for rows, _, outputs in in_file_order(model, tokens, TAGGING_BATCH, TAGGING_LENGTH):
        row, position, _ = tokens.words(rows)
        found.append(outputs.logits.numpy()[row, position])
    logits = np.concatenate(found)
    return logits.argmax(axis=1), logits


def same_tags(ours: np.ndarray, other: tuple[np.ndarray, np.ndarray]) -> bool:
    """Return whether all classes are equal, or as good up to rounding."""
    classes, logits = other
    words = np.arange(len(logits))
    gaps = logits[words, classes] - logits[words, ours]
    return bool((gaps < ROUNDING).all())


def answers(windows: int, folder: Path) -> Case:
    """Compare ways to find the best span of windows as long as XQuAD's."""
    import pyarrow as pa
    from transformers import AutoModelForQuestionAnswering

    from xling.tasks.qa import Tokens

    lengths = real_lengths("xquad_lengths.csv", windows)
    places = [list(range(n - QUESTION - 1)) for n in lengths.tolist()]
    numbers = {"window": 0, "start": 0, "end": 0, "first": QUESTION}
    columns = {
        "starts": places,
        "ends": places,
        "max_context": [[True] * len(context) for context in places],
    } | {name: pa.array([number] * windows, pa.int32()) for name, number in numbers.items()}
    tokens = Tokens.read([token_file(lengths, columns, folder)])
    model = small_model(AutoModelForQuestionAnswering, QA_LENGTH, labels=2).eval()
    return Case(
        f"answering, {windows:,} windows of XQuAD's lengths",
        lambda: partial(spans_by_length, model, tokens),
        {f"file order, padded to {QA_LENGTH}": lambda: partial(spans_in_order, model, tokens)},
        same_spans,
    )


def spans_by_length(model: Any, tokens: answering.Tokens) -> Spans:
    """Return the best span of each window."""
    from xling.tasks.family import Inference
    from xling.tasks.qa import span_scores

    how = Inference(PAD, "fp32", QA_BATCH * QA_LENGTH)
    return span_scores(model, tokens, np.arange(len(tokens)), DECODING, how)


def spans_in_order(model: Any, tokens: answering.Tokens) -> Spans:
    """Return the same."""
    from xling.tasks.qa_decoding import Spans, best_spans

    found = []
    for rows, mask, outputs in in_file_order(model, tokens, QA_BATCH, QA_LENGTH):
        starts, ends = outputs.start_logits.numpy(), outputs.end_logits.numpy()
        starts[mask.numpy() == 0] = ends[mask.numpy() == 0] = -np.inf
        context, best_context = tokens.contexts(rows, QA_LENGTH)
        found.append(best_spans(starts, ends, context, best_context, **DECODING))
    return Spans(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def same_spans(ours: Spans, other: Spans) -> bool:
    """Return whether all spans score the same up to rounding and almost all are equal."""
    equal = (ours.starts == other.starts) & (ours.ends == other.ends)
    close = np.allclose(ours.scores, other.scores, atol=ROUNDING)
    return close and bool(equal.mean() >= SAME_SPANS)
