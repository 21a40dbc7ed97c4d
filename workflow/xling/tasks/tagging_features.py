# SPDX-License-Identifier: Apache-2.0
"""Tagged sentences as inputs of a model: sub-words, and parts of sentences that are too long."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling import tokens as _tokens
from xling.errors import DataError, UsageError
from xling.tokens import batched

if TYPE_CHECKING:
    import pyarrow as pa

NO_LABEL = -100  # ignored by the loss


@dataclass(frozen=True)
class Pieces:
    """How an encoder writes words.

    Attributes:
        before: special tokens at the beginning of a single text.
        after: those at its end.
        unknown: stands for a word that has no sub-words or too many.
        budget: sub-words of a part, without the special tokens.
        of: sub-words of each word, at most ``budget``, at least one.
    """

    before: list[int]
    after: list[int]
    unknown: int
    budget: int
    of: dict[str, list[int]]


def pieces_of(words: Iterable[str], tokenizer_file: Path, max_length: int) -> Pieces:
    """Split each word alone, as XTREME does: a word never sees its neighbours.

    The encoder's own convention marks the beginning of a word (a leading blank in vocabularies of
    SentencePiece, nothing in WordPiece), and its own template for one text gives the special
    tokens.  XTREME closes XLM-R's sequences with ``</s></s>``, so its parts hold one sub-word less.

    Raises:
        UsageError: ``max_length`` leaves no room for a word, or there is no unknown token.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    template = tokenizer.encode("a")
    text = [place for place, special in enumerate(template.special_tokens_mask) if not special]
    before, after = template.ids[: text[0]], template.ids[text[-1] + 1 :]
    budget = max_length - len(before) - len(after)
    if budget < 1:
        raise UsageError(
            f"max_length {max_length} leaves no room for a word",
            where="tasks.<name>.max_length",
            allowed=f"more than {len(before) + len(after)}, the encoder's special tokens",
            fix="raise 'max_length'",
        )
    unknown = _unknown(tokenizer_file)
    found: dict[str, list[int]] = {}
    for part in batched(dict.fromkeys(words), _tokens.ROWS_PER_CALL):
        encodings = tokenizer.encode_batch(part, add_special_tokens=False)
        for word, encoding in zip(part, encodings, strict=True):
            found[word] = encoding.ids if 0 < len(encoding.ids) <= budget else [unknown]
    return Pieces(before, after, unknown, budget, found)


def _unknown(tokenizer_file: Path) -> int:
    """Return the id of the unknown token; ``tokenizers`` does not give it for every model."""
    content = json.loads(tokenizer_file.read_text(encoding="utf-8"))
    model = content["model"]
    if isinstance(model.get("unk_id"), int):
        return model["unk_id"]
    name = model.get("unk_token")
    if name not in model["vocab"]:
        raise UsageError(
            "the encoder's vocabulary has no unknown token, which words without sub-words need",
            where=str(tokenizer_file),
            allowed="the vocabulary of an encoder like mBERT or XLM-R",
            fix="take the encoder out of the tagging experiments",
        )
    return int(model["vocab"][name])


def parts(sizes: Sequence[int], budget: int) -> Iterator[tuple[int, int]]:
    """Cut a sentence into parts as XTREME's preprocessing does: first word, end.

    A part ends where the next word would exceed the budget.  A sentence without words is one empty
    part.

    Args:
        sizes: sub-words of each word, none above the budget.
        budget: sub-words of a part.
    """
    start = used = 0
    for place, size in enumerate(sizes):
        if used + size > budget:
            yield start, place
            start, used = place, 0
        used += size
    yield start, len(sizes)


def features(
    table: pa.Table, tokenizer_file: Path, labels: tuple[str, ...], max_length: int
) -> pa.Table:
    """Return one row per part of a sentence.

    Columns: ``id``, ``language``, ``part`` (from 0), ``input_ids``, ``positions`` (first sub-word
    of each word of the part) and ``labels`` (class of each such word, ``NO_LABEL`` where the gold
    tags are not those of the words).  A single text is one segment, which is what models take when
    there are no ``token_type_ids``.
    """
    import pyarrow as pa

    words = (word for tokens in table["tokens"].to_pylist() for word in tokens)
    pieces = pieces_of(words, tokenizer_file, max_length)
    index = {label: i for i, label in enumerate(labels)}
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("language", pa.string()),
            ("part", pa.int32()),
            ("input_ids", pa.list_(pa.int32())),
            ("positions", pa.list_(pa.int32())),
            ("labels", pa.list_(pa.int32())),
        ]
    )
    batches = (
        pa.RecordBatch.from_pylist(
            [part for row in chunk.to_pylist() for part in _parts_of(row, pieces, index)], schema
        )
        for chunk in table.to_batches(max_chunksize=_tokens.ROWS_PER_CALL)
    )
    return pa.Table.from_batches(list(batches), schema)


def _parts_of(
    row: dict[str, Any], pieces: Pieces, index: dict[str, int]
) -> Iterator[dict[str, Any]]:
    subwords = [pieces.of[word] for word in row["tokens"]]
    if row["links"] is None:
        if len(row["tags"]) != len(subwords):
            raise DataError(
                f"{len(row['tags'])} tags for {len(subwords)} words",
                where=f"language {row['language']}, id {row['id']}",
                allowed="one tag per word",
                fix="prepare the split again",
            )
        classes = [index[tag] if tag else NO_LABEL for tag in row["tags"]]
    else:
        classes = [NO_LABEL] * len(subwords)
    for number, (start, end) in enumerate(parts(list(map(len, subwords)), pieces.budget)):
        ids = list(pieces.before)
        positions = []
        for word in subwords[start:end]:
            positions.append(len(ids))
            ids += word
        yield {
            "id": row["id"],
            "language": row["language"],
            "part": number,
            "input_ids": ids + pieces.after,
            "positions": positions,
            "labels": classes[start:end],
        }
