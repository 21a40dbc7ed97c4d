# SPDX-License-Identifier: Apache-2.0
"""The files of a submission and of its labels, read as ``evaluate.py`` reads them.

Blanks around a line do not count.  A blank line ends a sentence, the last one may lack it; two
blank lines are an empty sentence.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from xling.errors import DataError


class Sentences(NamedTuple):
    """The tags of a file, and the line (from 1) on which each sentence begins."""

    tags: list[list[str]]
    lines: list[int]


class Questions(NamedTuple):
    """Ids and gold answers of a label file, in its order."""

    ids: list[str]
    golds: list[list[str]]


def read_lines(path: Path) -> list[str]:
    """Return the stripped lines of a file; the last one need not end."""
    lines = _text(path).split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.strip() for line in lines]


def read_sentences(path: Path) -> Sentences:
    """Return the sentences of a tagging file: a tag per line, a blank line after a sentence."""
    tags: list[list[str]] = []
    starts: list[int] = []
    sentence: list[str] = []
    start = 1
    for number, line in enumerate(read_lines(path), start=1):
        if line:
            sentence.append(line)
        else:
            tags.append(sentence)
            starts.append(start)
            sentence, start = [], number + 1
    if sentence:
        tags.append(sentence)
        starts.append(start)
    return Sentences(tags, starts)


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Return the pairs of ids of a BUCC file."""
    pairs = []
    for number, line in enumerate(read_lines(path), start=1):
        one, tab, other = line.partition("\t")
        if not tab or "\t" in other:
            raise DataError(
                f"a line has {line.count(chr(9)) + 1 if line else 0} fields",
                where=f"{path}, line {number}",
                allowed="two ids with a tab between them",
                fix="write one pair per line and no blank line",
            )
        pairs.append((one, other))
    return pairs


def read_answers(path: Path) -> dict[str, str]:
    """Return question id -> answer."""
    answers = _json(path)
    if not isinstance(answers, dict):
        raise _not("a JSON object of question id and answer", path)
    for key, answer in answers.items():
        if not isinstance(answer, str):
            raise DataError(
                f"the answer to question {key} is no text",
                where=str(path),
                allowed="a text, empty if there is no answer",
            )
    return answers


def read_questions(path: Path) -> Questions:
    """Return ids and gold answers of a file in the format of SQuAD 1.1."""
    content = _json(path)
    articles: Any = content.get("data") if isinstance(content, dict) else content
    questions = Questions([], [])
    try:
        for asked in (q for a in articles for p in a["paragraphs"] for q in p["qas"]):
            questions.ids.append(str(asked["id"]))
            questions.golds.append([str(answer["text"]) for answer in asked["answers"]])
    except (TypeError, KeyError) as error:
        raise _not("the format of SQuAD 1.1", path) from error
    for question, gold in zip(*questions, strict=True):
        if not gold:
            raise DataError(
                f"question {question} has no gold answer",
                where=str(path),
                allowed="one answer or more",
                fix="take the labels from the original release; the files of XTREME's download "
                "step have their answers removed",
            )
    return questions


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise _not("JSON", path) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _not("UTF-8", path) from error


def _not(what: str, path: Path) -> DataError:
    return DataError(f"a file is not {what}", where=str(path), allowed=what)
