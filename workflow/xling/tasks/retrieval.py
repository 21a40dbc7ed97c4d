# SPDX-License-Identifier: Apache-2.0
"""Retrieval of translations by sentence embeddings (Tatoeba, BUCC 2018).  Nothing is trained.

Tatoeba: each English sentence looks for its nearest foreign sentence.  BUCC: pairs are mined on
both splits; the score from which on they count is the best one of the dev split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from xling import tokens as _tokens
from xling.errors import DataError, UsageError
from xling.tasks import Task, bucc, tatoeba
from xling.tasks.embeddings import embed, layers_of
from xling.tasks.family import Inference
from xling.tokens import batched, encoding_columns

if TYPE_CHECKING:
    import pyarrow as pa

    from xling.records import Score

BUCC = "bucc2018"


def tokenize(
    table: pa.Table, tokenizer_file: Path, task: Task, reading: Mapping[str, Any]
) -> pa.Table:
    """Encode single sentences, special tokens included, cut to ``max_length`` sub-words.

    Returns:
        Columns ``id``, ``language``, ``side``, ``input_ids``.
    """
    import pyarrow as pa
    from tokenizers import Tokenizer

    del task  # Both tasks read single sentences.
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(reading["max_length"])
    encodings = (
        encoding
        for part in batched(table["text"].to_pylist(), _tokens.ROWS_PER_CALL)
        for encoding in tokenizer.encode_batch(part)
    )
    named = {name: table[name] for name in ("id", "language", "side")}
    return pa.table(named | encoding_columns(encodings))


class Tokens(_tokens.Tokens):
    """Tokenised sentences of both sides."""

    @cached_property
    def sides(self) -> list[str]:
        """``source`` (foreign) or ``target`` (English) per row."""
        return self.dataset.data.column("side").to_pylist()

    def input_bytes(self, row: int) -> bytes:
        """Return what stands for a row's sub-words; equal for equal inputs."""
        values, offsets = self._column("input_ids")
        return values[offsets[row] : offsets[row + 1]].tobytes()


def new_model(folder: Path, task: Task) -> NoReturn:
    """Refuse: there is no head and nothing to train."""
    raise UsageError(
        f"{task.title} trains no model",
        where=str(folder),
        allowed="the method mean_pooled, which reads the encoder as it is",
        fix="take the task out of the experiment of this method",
    )


def trained_model(folder: Path, task: Task) -> Any:
    """Load the encoder itself."""
    from transformers import AutoModel

    from xling.encoders.encoder import load_with_head

    del task  # The encoder is the same for both.
    return load_with_head(AutoModel, folder, ())


def predict(
    model: Any,
    tokens: Tokens,
    rows: np.ndarray,
    table: pa.Table,
    task: Task,
    decoding: Mapping[str, Any],
    how: Inference,
) -> pa.Table:
    """Return what was found for each language: :func:`tatoeba.search` or :func:`bucc.mine_splits`.

    Args:
        model: the encoder, on its device.
        tokens: of one or more splits.
        rows: token rows; all of a language.
        table: the prepared rows, in the order of the tokens; for BUCC with a column ``split``.
        task: which of the two.
        decoding: ``pooling``, ``layer``, ``sweep`` (Tatoeba), ``neighbours`` (BUCC).
        how: batches and number format.

    Raises:
        UsageError: the encoder lacks the layer.
        DataError: tokens and prepared rows differ.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    mining = task.name == BUCC
    layer, layers = layers_of(model, decoding["layer"], sweep=decoding["sweep"] and not mining)

    def embedded(chosen: np.ndarray) -> np.ndarray:
        return embed(model, tokens, chosen, how, pooling=decoding["pooling"], layers=layers)

    codes = np.asarray(tokens.languages)[rows]
    parts = []
    for language in dict.fromkeys(codes.tolist()):
        own = rows[codes == language]
        about = table.filter(pc.equal(table["language"], language))
        _check_same(tokens, own, about, language)
        order = _by_id(about)
        own, about = own[order], about.take(order)
        if mining:
            parts.append(bucc.mine_splits(about, own, embedded, decoding["neighbours"]))
        else:
            parts.append(tatoeba.search(about, embedded(own), layers, layer))
    return pa.concat_tables(parts)


def score(predictions: pa.Table, task: Task) -> list[Score]:
    """Score each language and setting; see :mod:`xling.tasks.bucc`, :mod:`xling.tasks.tatoeba`."""
    return (bucc if task.name == BUCC else tatoeba).score(predictions)


def _by_id(table: pa.Table) -> np.ndarray:
    """Return the rows by side and id, so that ties fall by id whatever the order of the files."""
    keys = list(zip(table["side"].to_pylist(), table["id"].to_pylist(), strict=True))
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _check_same(tokens: Tokens, rows: np.ndarray, table: pa.Table, language: str) -> None:
    """Raise :class:`DataError` unless rows of tokens and of the table are the same sentences."""
    found = [(tokens.sides[row], tokens.ids[row]) for row in rows.tolist()]
    if found != list(zip(table["side"].to_pylist(), table["id"].to_pylist(), strict=True)):
        raise DataError(
            f"the tokenised rows of {language} are not the prepared rows",
            where=f"{len(found)} tokenised and {table.num_rows} prepared rows",
            allowed="the same sentences in the same order",
            fix="delete the tokenised splits and run snakemake again",
        )


def sorted_targets(texts: Sequence[str]) -> list[int]:
    """Return the original places of the lines in sorted order: XTREME's gold of Tatoeba.

    XTREME hides which lines belong together by sorting the English side (code points of the
    stripped lines); line i of a submission is about the i-th sorted line.
    """
    return sorted(range(len(texts)), key=lambda i: texts[i].strip())
