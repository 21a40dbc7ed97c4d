# SPDX-License-Identifier: Apache-2.0
"""Format ``squad-json``: SQuAD 1.1 JSON of one language.

SQuAD, XQuAD, MLQA (context and question in one language), TyDiQA-GoldP by language, and their
translations.  Contexts stay as they are: stripping one moves its answers' offsets, which are code
points of the raw context.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from xling.data.manifest import RawFile
from xling.data.readers.lines import RESTORE, read_lines
from xling.data.readers.rows import QuestionRow, Reading
from xling.errors import DataError
from xling.tasks import SOURCE_LANGUAGE

#: Stands for the place of an answer that is not where the file says it is.
NOT_FOUND = -1
# Why rows of a translation are left out.
EMPTY_TEXT = "empty context or question"
NO_ANSWER = "no answer"

_SHAPE = (
    "SQuAD 1.1: data[].paragraphs[].{context, qas[].{id, question, answers[].{text, answer_start}}}"
)
_KINDS = {list: "a list", str: "a text", int: "a whole number"}


class Placed(NamedTuple):
    """A question and where it stands in the file, for messages."""

    place: str
    row: QuestionRow


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file of one language, in its order.

    In files of training rows ids may repeat from paragraph to paragraph (XTREME's own files of
    TyDiQA keep a number of one or two digits); then the paragraph becomes part of every id.

    Raises:
        DataError: the file is no SQuAD 1.1 JSON; an id stands twice; in labelled files also a
            question without answer, and, except in training rows, an answer that is not at its
            offset.
    """
    del labels  # Answers are no classes.
    placed, dropped = parse(path, about)
    twice = [p for p, n in Counter(p.row.id for p in placed).items() if n > 1]
    if twice and about.split == "train":
        placed = [p._replace(row=p.row._replace(id=f"{p.row.group}-{p.row.id}")) for p in placed]
    refuse_repeated(path, placed)
    return Reading(rows=[p.row for p in placed], dropped=dropped)


def parse(path: Path, about: RawFile) -> tuple[list[Placed], Counter[str]]:
    """Return all usable questions with the ids of the file, and what was left out by reason.

    A row's ``starts`` has :data:`NOT_FOUND` for an answer that is not at its offset.  Answers of
    back-translations are not looked at: nothing is learned from them.

    Args:
        path: the file.
        about: labelled files are held to more (see :func:`read`).
    """
    placed: list[Placed] = []
    dropped: Counter[str] = Counter()
    for i, article in enumerate(_field(path, "the file", _load(path), "data", list)):
        place = f"data[{i}]"
        for j, paragraph in enumerate(_field(path, place, article, "paragraphs", list)):
            where = f"{place}.paragraphs[{j}]"
            context = _field(path, where, paragraph, "context", str)
            for k, entry in enumerate(_field(path, where, paragraph, "qas", list)):
                at = f"{where}.qas[{k}]"
                row = _row(path, at, about, f"a{i:03d}-p{j:03d}", context, entry)
                reason = _unusable(row, answered=about.role != "back_translation")
                if about.role == "labelled":
                    _refuse(path, at, row, reason, offsets=about.split != "train")
                if reason:
                    dropped[reason] += 1
                else:
                    placed.append(Placed(at, row))
    if not placed:
        raise DataError("the file has no question", where=str(path), allowed=_SHAPE, fix=RESTORE)
    return placed, dropped


def _row(
    path: Path, place: str, about: RawFile, group: str, context: str, entry: Any
) -> QuestionRow:
    answers: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()
    if about.role != "back_translation":
        answers, starts = _answers(path, place, entry, context)
    english = about.role in ("translate_test", "back_translation")
    return QuestionRow(
        id=_field(path, place, entry, "id", str),
        language=about.language,
        text_language=SOURCE_LANGUAGE if english else about.language,
        group=group,
        context=context,
        question=_field(path, place, entry, "question", str),
        answers=answers,
        starts=starts,
    )


def refuse_repeated(path: Path, placed: list[Placed]) -> None:
    """Raise :class:`DataError` if an id stands twice in a language."""
    seen: dict[tuple[str, str], str] = {}
    for place, row in placed:
        first = seen.setdefault((row.language, row.id), place)
        if first != place:
            raise DataError(
                f"the id '{row.id}' occurs twice",
                where=f"{path}, {place}",
                allowed=f"one question per id; this one is also at {first}",
                fix=RESTORE,
            )


def _load(path: Path) -> Any:
    """Parse a file; raise :class:`DataError` with line and column of what is wrong."""
    text = "\n".join(read_lines(path).texts)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        # A cut file ends in the middle of a value: at its end, or in a string that never ends.
        cut = error.pos >= len(text.rstrip()) - len("false") or "Unterminated" in error.msg
        raise DataError(
            f"invalid JSON: {error.msg}"
            + ("; the file ends too early (truncated?)" if cut else ""),
            where=f"{path}, line {error.lineno}, column {error.colno}",
            allowed=_SHAPE,
            fix=RESTORE,
        ) from error


def _field(path: Path, place: str, value: Any, name: str, kind: type) -> Any:
    """Return a checked entry of a JSON object."""
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        what = f"'{name}' is missing or not {_KINDS[kind]}"
    elif isinstance(found, str) and not _encodable(found):
        what = f"'{name}' has half of a surrogate pair"
    else:
        return found
    raise DataError(what, where=f"{path}, {place}", allowed=_SHAPE, fix=RESTORE)


def _encodable(text: str) -> bool:
    """Whether a text is valid Unicode; JSON's escapes can write what is not."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _answers(
    path: Path, place: str, entry: Any, context: str
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the answers of a question and their verified places."""
    texts, starts = [], []
    for i, answer in enumerate(_field(path, place, entry, "answers", list)):
        where = f"{place}.answers[{i}]"
        text = _field(path, where, answer, "text", str)
        start = _field(path, where, answer, "answer_start", int)
        texts.append(text)
        starts.append(start if start >= 0 and context.startswith(text, start) else NOT_FOUND)
    return tuple(texts), tuple(starts)


def _unusable(row: QuestionRow, *, answered: bool) -> str:
    """Return why a row cannot be used, whatever the offsets of its answers.

    Args:
        row: the question.
        answered: whether it must have answers.
    """
    if not (row.context.strip() and row.question.strip()):
        return EMPTY_TEXT
    if answered and (not row.answers or not all(answer.strip() for answer in row.answers)):
        return NO_ANSWER
    return ""


def _refuse(path: Path, place: str, row: QuestionRow, reason: str, *, offsets: bool) -> None:
    """Raise :class:`DataError` if a labelled row is not what it must be."""
    where = f"{path}, {place}"
    if reason == NO_ANSWER:
        raise DataError(
            f"the question '{row.id}' has an empty answer or none",
            where=where,
            allowed="SQuAD 1.1: at least one answer to every question",
            fix="XTREME's download script removes the answers of test files "
            "(google-research/xtreme issues 24 and 29): take the file of the original release",
        )
    if reason:
        raise DataError(reason, where=where, allowed="texts that are not empty", fix=RESTORE)
    if offsets and NOT_FOUND in row.starts:
        answer = row.answers[row.starts.index(NOT_FOUND)]
        raise DataError(
            f"the answer '{answer}' of the question '{row.id}' is not at its offset",
            where=where,
            allowed="answer_start counts the code points of the context before the answer",
            fix="copies with stripped contexts have such answers (google/xtreme on the Hugging "
            "Face hub has): take the file of the original release",
        )
