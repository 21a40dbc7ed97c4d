# SPDX-License-Identifier: Apache-2.0
"""Pre-training text: pairs of texts that belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

from xling.data.job import Job
from xling.data.manifest import RawFile
from xling.data.prepare_pairs import UNTRANSLATED
from xling.data.readers.rows import QuestionRow, Row, SideRow, TaggedRow


def _text(job: Job, language: str) -> list[Row]:
    """Return the text of a language; rows of benchmark files become texts of one or two parts."""
    rows = []
    for i, file in enumerate(job.raw.find("text", language)):
        found = (row for row in _read(job, file) if row.language == language)
        # Files number their rows alike.
        rows += [row._replace(id=f"{i:02d}-{row.id}", label="") for row in _pairs(found)]
    return job.without(UNTRANSLATED, rows, lambda row: row.not_translated)


def _read(job: Job, file: RawFile) -> list[Any]:
    """Return all rows of a file; one with several languages is read once."""
    key = ("text", file.path)
    if key not in job.verified:
        job.verified[key] = job.raw.read(file).rows
    return job.verified[key] if file.language == "all" else job.verified.pop(key)


def _pairs(rows: Iterable[Any]) -> Iterator[Row]:
    """Turn the rows of any format into pairs of texts.

    Tagged sentences go with the one that follows in the file, a context with its first question; a
    foreign sentence of a bilingual collection stands alone.
    """
    rows = list(rows)
    if not rows:
        return
    first = rows[0]
    if isinstance(first, TaggedRow):
        for one, other in pairwise(rows):
            yield _row(one, " ".join(one.tokens), " ".join(other.tokens))
    elif isinstance(first, QuestionRow):
        seen = set()
        for row in rows:
            if row.context not in seen:
                seen.add(row.context)
                yield _row(row, row.context, row.question)
    elif isinstance(first, SideRow):
        yield from (_row(row, row.text, "") for row in rows if row.side == "source")
    else:
        yield from rows


def _row(row: Any, first: str, second: str) -> Row:
    return Row(row.id, row.language, first, second, "", 0)


SPLITS: dict[str, Callable[[Job, str], list[Row]]] = {"text": _text}
