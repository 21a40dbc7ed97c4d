# SPDX-License-Identifier: Apache-2.0
"""All pairs of languages, against plain scoring of as many pairs that are tokenised already.

Ours begins with the standard test set's tokens and the prepared text: it splits every sentence into
sub-words once, puts pairs together, scores them, and makes the table.  The other side reads a
tokenised split that holds all pairs, as a standard prediction does, and makes its table.  A ratio
of 0.9 is the aim: pairs may cost 10 % more than rows that are there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.comparison import Case
from bench.made_up import FIRST_WORD, PAD, VOCABULARY, real_lengths, small_model

if TYPE_CHECKING:
    import pyarrow as pa

LANGUAGES = ["en", "qaa", "qab", "qac", "qad"]
MAX_LENGTH = 64  # as in the study mini
MAX_TOKENS = 8192  # a prediction's default
FIRST_SHARE = 2 / 3  # ours: premises are about twice as long as hypotheses
ROUNDING = 1e-4  # of logits of equal rows in batches of different widths


def scoring(items: int, folder: Path) -> Case:
    """Compare both on so many items of five languages, with an encoder of mini's size."""
    from transformers import AutoModelForSequenceClassification

    from xling.generalised.pairs import all_pairs

    table, file = _prepared(items), folder / "tokenizer.json"
    _tokenizer(file)
    model = small_model(
        AutoModelForSequenceClassification, MAX_LENGTH, 3, hidden=96, layers=3
    ).eval()
    pairs = all_pairs(table, LANGUAGES)
    second = table["sentence2"].take(pairs.second)
    direct = table.take(pairs.first).set_column(3, "sentence2", second)
    standard = _tokens(table, file, folder / "standard.arrow")
    every = _tokens(direct, file, folder / "pairs.arrow")
    return Case(
        f"{len(pairs.first):,} pairs of sentences of {len(LANGUAGES)} languages",
        partial(generalised, model, table, standard, file),
        {"plain, tokenised before": partial(plain, model, direct, every)},
        same,
    )


def generalised(model: Any, table: pa.Table, file: Path, tokenizer: Path) -> Callable[[], Any]:
    """Score the standard test set and all pairs."""
    from xling.generalised.predict import Reading, predict_pairs
    from xling.tasks import TASKS
    from xling.tasks.classification import Tokens, predict
    from xling.tasks.family import Inference

    how, task = Inference(PAD, "fp32", MAX_TOKENS), TASKS["xnli"]

    def run() -> np.ndarray:
        tokens = Tokens.read([file])
        rows = np.arange(len(tokens))
        found = predict(model, tokens, rows, table, task, {}, how)
        reading = Reading(tokenizer, MAX_LENGTH)
        both, _ = predict_pairs(model, found, tokens, table, task, LANGUAGES, reading, how)
        return _logits(both.slice(found.num_rows))

    return run


def plain(model: Any, table: pa.Table, file: Path) -> Callable[[], Any]:
    """Score pairs that are rows of a tokenised split."""
    from xling.tasks import TASKS
    from xling.tasks.classification import Tokens, predict
    from xling.tasks.family import Inference

    how, task = Inference(PAD, "fp32", MAX_TOKENS), TASKS["xnli"]

    def run() -> np.ndarray:
        tokens = Tokens.read([file])
        found = predict(model, tokens, np.arange(len(tokens)), table, task, {}, how)
        return _logits(found)

    return run


def same(ours: np.ndarray, other: np.ndarray) -> bool:
    """Return whether logits are equal up to rounding."""
    return ours.shape == other.shape and bool(np.abs(ours - other).max() < ROUNDING)


def _logits(table: pa.Table) -> np.ndarray:
    return np.asarray(table["logits"].combine_chunks().flatten())


def _prepared(items: int) -> pa.Table:
    """Return items as long as XNLI's, of random words, the same ids in every language."""
    import pyarrow as pa

    rng = np.random.default_rng(1)
    rows: dict[str, list[str]] = {
        name: [] for name in ("id", "language", "sentence1", "sentence2", "label")
    }
    for place, language in enumerate(LANGUAGES):
        lengths = np.roll(real_lengths("xnli_lengths.csv", items), place)
        for i, length in enumerate(lengths.tolist()):
            first = max(1, round(FIRST_SHARE * (length - 4)))
            sizes = first, max(1, length - 4 - first)
            texts = (" ".join(map(str, rng.integers(FIRST_WORD, VOCABULARY, n))) for n in sizes)
            label = ("contradiction", "entailment", "neutral")[i % 3]
            values = (f"i{i}", language, *texts, label)
            for column, value in zip(rows.values(), values, strict=True):
                column.append(value)
    return pa.table(rows)


def _tokenizer(path: Path) -> None:
    """Write a tokenizer whose words are numbers, with XLM-R's template."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import TemplateProcessing

    words = {f"special{i}": i for i in range(FIRST_WORD)}
    words |= {str(i): i for i in range(FIRST_WORD, VOCABULARY)}
    tokenizer = Tokenizer(WordLevel(words, unk_token="special3"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single="special0 $A special2",
        pair="special0 $A special2 special2 $B special2",
        special_tokens=[("special0", 0), ("special2", 2)],
    )
    tokenizer.save(str(path))


def _tokens(table: pa.Table, tokenizer: Path, path: Path) -> Path:
    from xling.tasks import TASKS
    from xling.tasks.classification import tokenize
    from xling.tokens import write_tokens

    write_tokens(path, tokenize(table, tokenizer, TASKS["xnli"], {"max_length": MAX_LENGTH}), {})
    return path
