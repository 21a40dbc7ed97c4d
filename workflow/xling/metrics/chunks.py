# SPDX-License-Identifier: Apache-2.0
"""Tagging F1 by the chunk rule of seqeval 0.0.12, which XTREME's published numbers follow.

seqeval 1.0 and later take another part of a tag for its type.  Tags without ``B-`` and ``I-`` then
score otherwise: CCONJ and SCONJ count as equal.  Hence the rule is here, and in the signature.

The letter of a tag is its first character, its type the text after the last ``-`` (all of it if
there is none).  Sentences are joined with an ``O`` between them.  A chunk is a type with the place
of the last start and the place before the end.  Starts and ends depend on two neighbours only, so
they are found for all tags at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from xling.errors import DataError
from xling.metrics.prf import Scores, scores_of_counts

SIGNATURE = "f1|average:micro|chunks:seqeval-0.0.12|scale:100|v:1"
ACCURACY_SIGNATURE = "tag_accuracy|average:micro|scale:100|v:1"

Sentences = Sequence[Sequence[str]]
_Codes = npt.NDArray[np.int32]
_Flags = npt.NDArray[np.bool_]

_LETTERS = "OBIES."  # letters the rule names; "O" is 0, any other letter is number 6
_OTHER = len(_LETTERS)


def _pairs(pairs: str) -> _Flags:
    """Return a table [previous letter, current letter] that is true for the given pairs."""
    table = np.zeros((_OTHER + 1, _OTHER + 1), dtype=bool)
    for pair in pairs.split():
        previous, current = (slice(None) if x == "*" else _LETTERS.index(x) for x in pair)
        table[previous, current] = True
    return table


_ENDS = _pairs("E* S* BB BS BO IB IS IO")
_STARTS = _pairs("*B *S EE EI SE SI OE OI")
# Letters that neither start nor end a chunk because the types differ.
_OUTSIDE = np.isin(np.arange(_OTHER + 1), [_LETTERS.index("O"), _LETTERS.index(".")])


class _Numbers(dict[str, int]):
    """Numbers for texts, given out in order of appearance."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]


class _Chunks:
    """The chunks of joined sentences: one entry per place, true where a chunk ends before it."""

    def __init__(self, tags: _Codes, letters: _Codes, types: _Codes) -> None:
        letter, kind = letters[tags], types[tags]
        # As if after an "O"; its type decides nothing: no chunk ends there, and any begins at 0.
        before = np.concatenate(([0], letter[:-1]))
        kind_before = np.concatenate((kind[:1], kind[:-1]))
        differ = kind != kind_before
        starts = _STARTS[before, letter] | (differ & ~_OUTSIDE[letter])
        self.ends = _ENDS[before, letter] | (differ & ~_OUTSIDE[before])
        places = np.arange(len(tags), dtype=np.int32)
        last_start = np.maximum.accumulate(np.where(starts, places, 0))
        self.begin = np.concatenate(([0], last_start[:-1]))
        self.type = kind_before

    def common(self, other: _Chunks) -> _Flags:
        """Return where equal chunks end; no two chunks of one side end at the same place."""
        return self.ends & other.ends & (self.begin == other.begin) & (self.type == other.type)


def f1(gold: Sentences, predicted: Sentences, *, language: str = "") -> Scores:
    """Return micro precision, recall and F1 over the chunks of all sentences, each 0 to 100.

    Args:
        gold: sentences of tags.
        predicted: as many sentences with as many tags each.
        language: named in errors.

    Raises:
        DataError: no sentences, another number of sentences or tags, or an empty tag.
    """
    ends = _ends(gold, predicted, _equal_lengths(gold, predicted, language), language)
    right, guessed, known = (int(flags.sum()) for flags in ends)
    return scores_of_counts(right, guessed, known)


def sentence_counts(
    gold: Sentences, predicted: Sentences, *, language: str = ""
) -> npt.NDArray[np.int64]:
    """Return common, predicted and gold chunks of each sentence, shape [sentences, 3].

    Their sums over sentences are the counts behind :func:`f1`, which gives arguments and errors.
    """
    lengths = _equal_lengths(gold, predicted, language)
    # A chunk ends at the latest before the "O" that follows its sentence.
    starts = np.cumsum(lengths + 1) - (lengths + 1)
    ends = np.stack(_ends(gold, predicted, lengths, language)).astype(np.int64)
    return np.add.reduceat(ends, starts, axis=1).T


def _ends(
    gold: Sentences, predicted: Sentences, lengths: _Codes, language: str
) -> tuple[_Flags, _Flags, _Flags]:
    """Return where common, predicted and gold chunks end in the joined sentences."""
    numbers = _Numbers(O=0)
    sides = [_joined(sentences, lengths, numbers) for sentences in (gold, predicted)]
    letters, types = _parts(list(numbers), language)
    gold_chunks, predicted_chunks = (_Chunks(tags, letters, types) for tags in sides)
    return gold_chunks.common(predicted_chunks), predicted_chunks.ends, gold_chunks.ends


def tag_accuracy(gold: Sentences, predicted: Sentences, *, language: str = "") -> float:
    """Return the share of equal tags over all sentences, 0 to 100.

    Raises:
        DataError: no tags, or another number of sentences or tags.
    """
    lengths = _equal_lengths(gold, predicted, language)
    total = int(lengths.sum())
    if not total:
        raise DataError(
            "sentences without tags cannot be scored", where=_where(language), allowed="any tag"
        )
    equal = sum(
        g == p
        for g, p in zip(chain.from_iterable(gold), chain.from_iterable(predicted), strict=True)
    )
    return equal / total * 100


def _equal_lengths(gold: Sentences, predicted: Sentences, language: str) -> _Codes:
    """Return the number of tags of each sentence, the same on both sides."""
    if not len(gold):
        raise DataError(
            "there are no sentences to score", where=_where(language), allowed="at least one"
        )
    if len(gold) != len(predicted):
        raise DataError(
            f"{len(predicted)} predicted sentences for {len(gold)} gold sentences",
            where=_where(language),
            allowed="one prediction per sentence",
            fix="predict this split again",
        )
    expected, found = (np.fromiter(map(len, side), np.int32) for side in (gold, predicted))
    wrong = np.flatnonzero(expected != found)
    if len(wrong):
        first = int(wrong[0])
        raise DataError(
            f"{found[first]} predicted tags for {expected[first]} words",
            where=_where(language, f"sentence {first + 1} (the first of {len(wrong)})"),
            allowed="one tag per word",
            fix="predict this split again",
        )
    return expected


def _where(language: str, place: str = "") -> str:
    return ", ".join(part for part in (f"language {language}" if language else "", place) if part)


def _joined(sentences: Sentences, lengths: _Codes, numbers: _Numbers) -> _Codes:
    """Return the numbers of all tags with an "O" after each sentence."""
    total = int(lengths.sum())
    flat = map(numbers.__getitem__, chain.from_iterable(sentences))
    joined = np.zeros(total + len(lengths), dtype=np.int32)
    shift = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    joined[np.arange(total, dtype=np.int32) + shift] = np.fromiter(flat, np.int32, total)
    return joined


def _parts(tags: Sequence[str], language: str) -> tuple[_Codes, _Codes]:
    """Return letter and type of each tag as numbers."""
    if "" in tags:
        raise DataError(
            "a tag is empty", where=_where(language), allowed="texts of one character or more"
        )
    kinds = _Numbers()
    letters = [_LETTERS.index(tag[0]) if tag[0] in _LETTERS else _OTHER for tag in tags]
    types = [kinds[tag.rpartition("-")[2]] for tag in tags]
    return np.array(letters, dtype=np.int32), np.array(types, dtype=np.int32)
