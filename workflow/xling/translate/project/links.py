# SPDX-License-Identifier: Apache-2.0
"""Links between the units of two sentences, chosen from a table of similarities.

The two rules of SimAlign (Jalili Sabet et al. 2020).  A link joins a unit of the source with one of
the target.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from xling.translate.project.words import Span

Floats = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]
Links = list[tuple[int, int]]

#: What is left of a similarity if one of its units has a link already (SimAlign).
_ALPHA = 0.9
#: Rounds of :func:`itermax` (SimAlign).
_ROUNDS = 2
_SMALL = 2


def argmax(similarity: Floats) -> Flags:
    """Return which units are each other's most similar ones, shape [source, target].

    Of equally similar ones the first counts.
    """
    best_target = similarity.argmax(axis=1)
    best_source = similarity.argmax(axis=0)
    found = np.zeros(similarity.shape, dtype=bool)
    rows = np.arange(len(best_target))
    mutual = best_source[best_target] == rows
    found[rows[mutual], best_target[mutual]] = True
    return found


def itermax(similarity: Floats) -> Flags:
    """Return the links of :func:`argmax`, and those that a second look adds.

    In a further round similarities of two linked units count nothing and those of one linked unit
    nine tenths, so that a unit can get a second link.  Sentences of one or two units have none.

    Args:
        similarity: not negative.
    """
    found = argmax(similarity)
    if min(similarity.shape) <= _SMALL:
        return found
    for _ in range(_ROUNDS - 1):
        one, two = found.any(axis=1, keepdims=True), found.any(axis=0, keepdims=True)
        if one.all() or two.all():
            break
        weight = np.where(one & two, 0.0, np.where(one | two, _ALPHA, 1.0))
        more = argmax(similarity * weight) & ~(one & two)
        if not more.any():
            break
        found |= more
    return found


RULES: dict[str, Callable[[Floats], Flags]] = {"argmax": argmax, "itermax": itermax}


def similarities(source: Floats, target: Floats) -> Floats:
    """Return (cosine + 1) / 2 of all vectors of two sentences, shape [source, target]."""
    one, two = (
        x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (source, target)
    )
    return (one @ two.T + 1.0) / 2.0


def word_links(
    flags: Flags,
    source_units: Sequence[Span],
    source_words: Sequence[Span],
    target_units: Sequence[Span],
    target_words: Sequence[Span],
) -> Links:
    """Return the links of words: two are linked if any of their sub-words are.

    Args:
        flags: links of sub-words, shape [source units, target units].
        source_units, target_units: where the sub-words stand.
        source_words, target_words: where the words stand.
    """
    ones, twos = _words_at(source_units, source_words), _words_at(target_units, target_words)
    return sorted(
        {
            (one, two)
            for i, j in zip(*np.nonzero(flags), strict=True)
            for one in ones[i]
            for two in twos[j]
        }
    )


def _words_at(units: Sequence[Span], words: Sequence[Span]) -> list[list[int]]:
    """Return for each sub-word the words that it is a part of, or that are parts of it."""
    found: list[list[int]] = []
    first = 0
    for unit in units:
        # Both stand in order, so what ended before this sub-word is behind us.
        while first < len(words) and words[first].end <= unit.start:
            first += 1
        here = []
        for number in range(first, len(words)):
            if words[number].start >= unit.end:
                break
            here.append(number)
        found.append(here)
    return found


def linked_span(
    links: Sequence[tuple[int, int]], wanted: Sequence[int], words: Sequence[Span]
) -> Span | None:
    """Return the part of a translation that a phrase is linked with; None if there is no link.

    The rule is ours.  A word counts +1 if it is linked with the phrase, -1 if it is linked with
    other words only, 0 if it has no link; the unbroken run of words with the highest sum is
    taken, without unlinked words at its ends.  So one stray link does not make an answer of half a
    sentence.  Of equal runs the longest counts, then the first.

    Args:
        links: (source word, target word).
        wanted: words (indices) of the phrase.
        words: where the words of the translation stand.
    """
    phrase = set(wanted)
    score = [0] * len(words)
    for one, two in links:
        if one in phrase:
            score[two] = 1
        elif not score[two]:
            score[two] = -1
    ends = [index for index, value in enumerate(score) if value > 0]
    total = np.concatenate([[0], np.cumsum(score)])
    best = max(
        ((first, last) for first in ends for last in ends if first <= last),
        key=lambda ends: (total[ends[1] + 1] - total[ends[0]], ends[1] - ends[0], -ends[0]),
        default=None,
    )
    return Span(words[best[0]].start, words[best[1]].end) if best else None
