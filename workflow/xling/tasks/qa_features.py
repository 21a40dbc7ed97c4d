# SPDX-License-Identifier: Apache-2.0
"""Windows of questions and contexts: the inputs of extractive question answering.

A context that is too long is read in several overlapping windows, each after the same question.
As in XTREME's released code the windows *start* ``doc_stride`` sub-words apart; the library's fast
tokenizers call something else a stride, the sub-words that neighbouring windows share.

Unlike the released code, contexts are not cut into words at blanks first.  Sub-words point into the
raw context by the tokenizer's own offsets, so that answers in languages without blanks (zh, th) do
not grow to whole sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xling import tokens as _tokens
from xling.errors import UsageError
from xling.tasks.qa_template import Template

if TYPE_CHECKING:
    import pyarrow as pa
    from tokenizers import Tokenizer

#: Where targets point in a window without the answer: the sub-word ``[CLS]`` or ``<s>``.
CLS_PLACE = 0


class Text(NamedTuple):
    """A text as sub-words: ids and the code points each covers (start, end), all int32 arrays."""

    ids: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


def window_starts(length: int, room: int, stride: int) -> np.ndarray:
    """Return where windows of ``room`` sub-words start; the last one reaches the context's end."""
    more = max(0, length - room)
    return np.arange(-(-more // stride) + 1) * stride


def max_context(length: int, room: int, starts: np.ndarray) -> np.ndarray:
    """Say which window sees most around each sub-word of a context.

    A sub-word's context in a window is what stands on its shorter side, plus 0.01 times the
    window's length; the first of equal windows wins (SQuAD's released code).

    Returns:
        Number of the window, shape [length].
    """
    places = np.arange(length)[None, :]
    ends = np.minimum(starts + room, length)[:, None]
    left, right = places - starts[:, None], ends - 1 - places
    sizes = ends - starts[:, None]
    score = np.where((left >= 0) & (right >= 0), np.minimum(left, right) + 0.01 * sizes, -1.0)
    return score.argmax(axis=0)


def answer_span(text: Text, start: int, end: int) -> tuple[int, int] | None:
    """Return the first and the last sub-word that cover code points ``start`` to ``end``."""
    covering = np.flatnonzero((text.starts < end) & (text.ends > start))
    return (int(covering[0]), int(covering[-1])) if len(covering) else None


def windows_table(table: pa.Table, tokenizer_file: Path, reading: Mapping[str, Any]) -> pa.Table:
    """Encode prepared questions; every text is encoded once.

    Args:
        table: prepared rows of question answering.
        tokenizer_file: a ``tokenizers`` JSON file.
        reading: ``max_length`` of a window, special sub-words included; ``doc_stride`` between the
            starts of windows; ``max_question``: sub-words of a question, the rest is cut.

    Returns:
        One row per window, in the order of the questions: ``id``, ``language``; ``window`` (number
        within the question); ``input_ids``, ``token_type_ids`` if segments differ; ``start`` and
        ``end``, the first answer's first and last sub-word, or :data:`CLS_PLACE` if the window does
        not hold all of it; ``first``, place of the first sub-word of the context; and for each
        sub-word of the context ``starts`` and ``ends`` (code points of the raw context) and
        ``max_context`` (whether this window sees most around it).

    Raises:
        UsageError: windows are too short to overlap.
    """
    import pyarrow as pa
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    template = Template.of(tokenizer)
    _check(template, reading)
    parts = []
    known: dict[str, Text] = {}
    for start in range(0, max(1, table.num_rows), _tokens.ROWS_PER_CALL):
        rows = table.slice(start, _tokens.ROWS_PER_CALL)
        contexts = rows["context"].to_pylist()
        # Questions of a paragraph follow each other, so that few texts are needed again.
        known = {text: known[text] for text in contexts if text in known}
        known |= _encoded(tokenizer, [text for text in contexts if text not in known])
        questions = _encoded(tokenizer, rows["question"].to_pylist())
        windows = [
            window
            for row in rows.select(_READ).to_pylist()
            for window in _windows(
                row, questions[row["question"]], known[row["context"]], template, reading
            )
        ]
        parts.append(_columns(windows, segments=bool(template.context_segment)))
    return pa.concat_tables(parts)


_READ = ["id", "language", "context", "question", "answers", "starts"]


def _check(template: Template, reading: Mapping[str, Any]) -> None:
    room = reading["max_length"] - template.size - reading["max_question"]
    if room < reading["doc_stride"]:
        raise UsageError(
            f"windows of {reading['max_length']} sub-words leave {room} for the context beside a "
            f"question of {reading['max_question']}, but start {reading['doc_stride']} apart",
            where="tasks.<task>.windows.doc_stride",
            allowed=f"at most {room}" if room > 0 else "a larger max_length",
            fix="lower doc_stride or max_question, or raise max_length",
        )


def _encoded(tokenizer: Tokenizer, texts: Iterable[str]) -> dict[str, Text]:
    """Encode each distinct text once, without special sub-words."""
    distinct = list(dict.fromkeys(texts))
    encodings = tokenizer.encode_batch(distinct, add_special_tokens=False)
    return {
        text: Text(np.array(encoding.ids, dtype=np.int32), *_offsets(text, encoding.offsets))
        for text, encoding in zip(distinct, encodings, strict=True)
    }


def _offsets(text: str, offsets: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return starts and ends; a blank that a tokenizer counts to its word does not belong to it."""
    starts = np.empty(len(offsets), dtype=np.int32)
    ends = np.empty(len(offsets), dtype=np.int32)
    for i, (start, end) in enumerate(offsets):
        piece = text[start:end]
        starts[i] = start + len(piece) - len(piece.lstrip())
        ends[i] = max(starts[i], end - len(piece) + len(piece.rstrip()))
    return starts, ends


class _Window(NamedTuple):
    """One row of the table (see :func:`windows_table`)."""

    id: str
    language: str
    window: int
    input_ids: np.ndarray
    token_type_ids: np.ndarray
    start: int
    end: int
    first: int
    starts: np.ndarray
    ends: np.ndarray
    max_context: np.ndarray


def _windows(
    row: Mapping[str, Any],
    question: Text,
    context: Text,
    template: Template,
    reading: Mapping[str, Any],
) -> Iterable[_Window]:
    asked = question.ids[: reading["max_question"]]
    room = reading["max_length"] - template.size - len(asked)
    length, first = len(context.ids), template.first(len(asked))
    begins = window_starts(length, room, reading["doc_stride"])
    best = max_context(length, room, begins)
    span = _first_answer(row, context)
    for number, begin in enumerate(begins):
        stop = min(int(begin) + room, length)
        held = span is not None and begin <= span[0] and span[1] < stop
        start, end = span if held and span is not None else (0, 0)
        yield _Window(
            id=row["id"],
            language=row["language"],
            window=number,
            input_ids=template.ids(asked, context.ids[begin:stop]),
            token_type_ids=template.segments(len(asked), stop - begin),
            start=first + start - begin if held else CLS_PLACE,
            end=first + end - begin if held else CLS_PLACE,
            first=first,
            starts=context.starts[begin:stop],
            ends=context.ends[begin:stop],
            max_context=best[begin:stop] == number,
        )


def _first_answer(row: Mapping[str, Any], context: Text) -> tuple[int, int] | None:
    """Return the sub-words of the first answer, the only one that XTREME trains on."""
    if not row["answers"]:
        return None
    start = row["starts"][0]
    return answer_span(context, start, start + len(row["answers"][0]))


def _columns(windows: Sequence[_Window], *, segments: bool) -> pa.Table:
    """Return windows as a table."""
    import pyarrow as pa

    types = {
        "id": pa.string(),
        "language": pa.string(),
        "window": pa.int32(),
        "input_ids": pa.list_(pa.int32()),
        "token_type_ids": pa.list_(pa.int8()),
        "start": pa.int32(),
        "end": pa.int32(),
        "first": pa.int32(),
        "starts": pa.list_(pa.int32()),
        "ends": pa.list_(pa.int32()),
        "max_context": pa.list_(pa.bool_()),
    }
    if not segments:
        del types["token_type_ids"]
    return pa.table(
        {
            name: _lists([getattr(w, name) for w in windows], kind.value_type)
            if pa.types.is_list(kind)
            else pa.array([getattr(w, name) for w in windows], kind)
            for name, kind in types.items()
        }
    )


def _lists(rows: Sequence[np.ndarray], kind: pa.DataType) -> pa.ListArray:
    """Return arrays as a list column."""
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    values = np.concatenate(rows) if rows else np.empty(0)
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(values).cast(kind, safe=True)
    )
