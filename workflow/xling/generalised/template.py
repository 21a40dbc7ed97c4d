# SPDX-License-Identifier: Apache-2.0
"""How a tokenizer joins two texts: read off the tokenizer, then done for many rows at once.

``tokenizers`` joins two encodings at a time, as Python objects.  All pairs of 15 languages are more
than a million rows made of 150 thousand sentences, so their sub-words are put together here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xling.errors import SetupError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Template:
    """What stands before, between and behind two texts.

    Attributes:
        specials: sub-words of the three places.
        segments: segments of the same sub-words.
        text_segments: of the first and of the second text.
    """

    specials: tuple[Ints, Ints, Ints]
    segments: tuple[Ints, Ints, Ints]
    text_segments: tuple[int, int]

    @property
    def added(self) -> int:
        """Sub-words that are no text."""
        return sum(len(part) for part in self.specials)


def template_of(tokenizer: Tokenizer, *, single: bool = False) -> Template:
    """Return the tokenizer's template of a pair; or of one text, as a pair with an empty second.

    Raises:
        SetupError: the tokenizer does not put each text once, the first before the second.
    """
    tokenizer.no_padding()
    tokenizer.no_truncation()
    text = "a"
    alone = len(tokenizer.encode(text, add_special_tokens=False).ids)
    found = tokenizer.encode(text) if single else tokenizer.encode(text, text)
    sides = _sides(found)
    first, second = np.flatnonzero(sides == 0), np.flatnonzero(sides == 1)
    wanted = (alone, 0 if single else alone)
    if not alone or (len(first), len(second)) != wanted or not _in_order(first, second):
        raise SetupError(
            "the tokenizer joins two texts in a way that is not known here",
            where="tokenizer.json, post_processor",
            allowed="each text once and whole, the first before the second",
            fix="leave out 'pairs' of the task, or give a tokenizer of the BERT or XLM-R kind",
        )
    ids, segments = np.asarray(found.ids), np.asarray(found.type_ids)
    end = len(ids) if single else second[0]
    cuts = [(0, first[0]), (first[-1] + 1, end), (len(ids) if single else second[-1] + 1, len(ids))]
    parts = [tuple(values[a:b] for a, b in cuts) for values in (ids, segments)]
    return Template(
        (parts[0][0], parts[0][1], parts[0][2]),
        (parts[1][0], parts[1][1], parts[1][2]),
        (int(segments[first[0]]), 0 if single else int(segments[second[0]])),
    )


def _sides(encoding: Encoding) -> Ints:
    """Return 0 or 1 for sub-words of a text, -1 for special ones."""
    special = np.asarray(encoding.special_tokens_mask, dtype=bool)
    sides = [-1 if one is None else one for one in encoding.sequence_ids]
    return np.where(special, -1, np.asarray(sides))


def _in_order(first: Ints, second: Ints) -> bool:
    whole = all((np.diff(places) == 1).all() for places in (first, second))
    return bool(whole and (not len(second) or first[-1] < second[0]))


def truncated(first: Ints, second: Ints, room: int) -> tuple[Ints, Ints]:
    """Return how many sub-words are kept of two texts: the longer one loses first.

    Equal to the strategy ``longest_first`` of ``tokenizers``, which is not symmetric: of an odd
    ``room`` the longer text gets the odd sub-word, of two equal ones the second.

    Args:
        first: sub-words of the first text, shape [rows].
        second: of the second.
        room: sub-words that may be kept of both together.
    """
    short = np.minimum(first, second)
    kept_long = np.maximum(short, room - short)
    over = short + kept_long > room
    kept_short = np.where(over, room // 2, short)
    kept_long = np.where(over, room // 2 + room % 2, kept_long)
    # The one that counts as the shorter of two equal ones is the first.
    swapped = first > second
    fits = first + second <= room
    kept_first = np.where(fits, first, np.where(swapped, kept_long, kept_short))
    kept_second = np.where(fits, second, np.where(swapped, kept_short, kept_long))
    return np.minimum(kept_first, first), np.minimum(kept_second, second)
