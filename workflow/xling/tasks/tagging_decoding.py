# SPDX-License-Identifier: Apache-2.0
"""From classes of words to tags of sentences: parts joined, tags of translations carried over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xling.data.tag_projection import OUTSIDE, carry_entities
from xling.errors import DataError

if TYPE_CHECKING:
    from xling.tasks.tagging import Tokens


def joined_parts(
    tokens: Tokens, rows: np.ndarray, classes: list[np.ndarray]
) -> dict[tuple[str, str], list[int]]:
    """Join the parts of each sentence, by (language, id).

    Args:
        tokens: parts of sentences.
        rows: token rows.
        classes: of the words of each row.

    Raises:
        DataError: a part of a sentence is missing or there twice.
    """
    parts: dict[tuple[str, str], dict[int, list[int]]] = {}
    for row, found in zip(rows.tolist(), classes, strict=True):
        key = tokens.languages[row], tokens.ids[row]
        by_part, number = parts.setdefault(key, {}), int(tokens.parts[row])
        if number in by_part:
            raise foreign(*key, f"part {number + 1} is there twice")
        by_part[number] = found.tolist()
    joined = {}
    for key, by_part in parts.items():
        if set(by_part) != set(range(len(by_part))):
            raise foreign(*key, "parts are missing")
        joined[key] = [c for number in range(len(by_part)) for c in by_part[number]]
    return joined


def follow(links: Sequence[int], predicted: Sequence[str], default: str) -> list[str]:
    """Return for each link the tag of the token it names, ``default`` for -1.

    Entities (``O``, ``B-…``, ``I-…``) keep their words together but not their order: "Keller Bank"
    may be "Bank Keller" in the sentence that is scored.  So each run of words of one entity opens
    with ``B-`` again (ours; see :mod:`xling.data.tag_projection`).
    """
    if default == OUTSIDE:
        pairs = [(link, word) for word, link in enumerate(links) if link >= 0]
        return list(carry_entities(predicted, pairs, len(links)).tags)
    return [default if link < 0 else predicted[link] for link in links]


def foreign(language: str, row_id: str, what: str) -> DataError:
    """Return the error for tokens that are not those of the prepared sentences."""
    return DataError(
        f"tokenised sentences do not fit the prepared ones: {what}",
        where=f"language {language}, id {row_id}",
        allowed="tokens made of the same prepared split, each sentence once",
        fix="delete the tokenised split and run snakemake again",
    )
