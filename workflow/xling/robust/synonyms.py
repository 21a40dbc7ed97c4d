# SPDX-License-Identifier: Apache-2.0
"""RS-DA: copies of training rows in which words are replaced by synonyms.

As the released code draws (uclanlp/Robust-XLT at 175cddb, ``perturb.py``), except that draws have a
seed: each word, as blanks separate them and case and all, is drawn uniformly from itself and its
neighbours.  A word that the table does not have, such as one with a capital or a comma, stays.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

#: Word to its neighbours, which do not name the word itself.
Table = Mapping[str, Sequence[str]]

_COLUMNS = ("sentence1", "sentence2")


@dataclass
class Drawn:
    """Counts of the words of all copies.

    Attributes:
        words: all.
        eligible: that have a neighbour.
        replaced: that another word stands for.
        pairs_eligible: copies of pairs in which some word has a neighbour.
    """

    words: int = 0
    eligible: int = 0
    replaced: int = 0
    pairs_eligible: int = 0


def read_neighbours(path: Path) -> dict[str, list[str]]:
    """Read a table of neighbours: a JSON object from words to lists of words.

    Raises:
        DataError: the file is something else, or no word has a neighbour.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        good = isinstance(table, dict) and all(
            isinstance(words, list) and all(isinstance(word, str) and word for word in words)
            for words in table.values()
        )
    except (OSError, ValueError):
        good, table = False, {}
    mistakes = _mistakes(table) if good else ["it is no JSON object of lists of words"]
    if mistakes:
        raise DataError(
            f"a table of synonyms cannot be used: {mistakes[0]}",
            where=str(path),
            allowed='a JSON object such as {"big": ["large", "huge"]}; no blanks in words',
            fix="fetch the file again",
        )
    return table


def _mistakes(table: Table) -> list[str]:
    """Say what would change the number of words of a row, or do nothing at all."""
    found = [f"'{w}' is a neighbour of itself" for w, near in table.items() if w in near]
    # Words are what single blanks separate.
    found += [
        f"'{other}', a neighbour of '{word}', has a blank"
        for word, near in table.items()
        for other in near
        if " " in other
    ]
    if not any(table.values()):
        found.append("no word has a neighbour")
    return found


def drawn_text(text: str, table: Table, stream: random.Random, counts: Drawn) -> str:
    """Return a text with each word drawn from itself and its neighbours; it keeps its blanks."""
    words = text.split(" ")
    for i, word in enumerate(words):
        near = table.get(word, ())
        counts.words += 1
        if near:
            counts.eligible += 1
            # random() alone is promised to be the same in all versions of Python.
            place = int(stream.random() * (len(near) + 1))
            if place:
                words[i] = near[place - 1]
                counts.replaced += 1
    return " ".join(words)


def copies_of(
    row: Mapping[str, Any], table: Table, copies: int, seed: int, counts: Drawn
) -> Iterator[dict[str, Any]]:
    """Yield the copies of a row: its label, other words, and an id with the copy's number.

    The draws of a copy depend on the seed, the row's id and the number alone, so that the copies of
    a smaller m are the first ones of a larger.
    """
    for number in range(1, copies + 1):
        stream = random.Random(_digest(seed, row["id"], number))
        before = counts.eligible
        texts = {name: drawn_text(row[name], table, stream, counts) for name in _COLUMNS}
        counts.pairs_eligible += counts.eligible > before
        yield {**row, **texts, "id": f"{row['id']}~{number}"}


def _digest(*names: object) -> int:
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest(), "big")


def augmented(
    rows: pa.Table, table: Table, copies: int, seed: int
) -> tuple[pa.Table, dict[str, Any]]:
    """Return all copies of prepared pairs, the copies of a row together, and the counts.

    Args:
        rows: a prepared split of classification.
        table: neighbours of words.
        copies: m.
        seed: of the draws.
    """
    import pyarrow as pa

    counts = Drawn()
    # A column of strings each: rows as dictionaries would take several times the memory.
    columns: dict[str, list[str]] = {name: [] for name in rows.schema.names}
    for batch in rows.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            for copy in copies_of(row, table, copies, seed, counts):
                for name, values in columns.items():
                    values.append(copy[name])
    total = rows.num_rows * copies
    return pa.table(columns, rows.schema), {
        "copies": copies,
        "seed": seed,
        "words": counts.words,
        "words_with_synonyms": counts.eligible,
        "words_replaced": counts.replaced,
        "rows_with_synonyms": round(counts.pairs_eligible / max(1, total), 6),
    }


# Ours: endings of regular English inflection, the longest first, and the shortest stem.
_ENDINGS = ("ing", "ed", "es", "s", "e")
_SHORTEST = 4
_MOST = 8  # as many neighbours as the published table has at most


def same_stem(texts: Iterable[str]) -> dict[str, list[str]]:
    """Return a table in which words of a text with the same stem are neighbours (ours).

    It stands in for the published table where that is not at hand.  Only words of small letters
    count.  The most frequent neighbours come first.
    """
    counts = Counter(word for text in texts for word in text.split(" ") if _is_plain(word))
    families: dict[str, list[str]] = {}
    for word in sorted(counts, key=lambda word: (-counts[word], word)):
        families.setdefault(_stem(word), []).append(word)
    return {
        word: [other for other in family if other != word][:_MOST]
        for family in families.values()
        if len(family) > 1
        for word in family
    }


def _is_plain(word: str) -> bool:
    return word.isascii() and word.isalpha() and word.islower()


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word.removesuffix(ending)
    return word
