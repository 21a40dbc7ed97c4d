# SPDX-License-Identifier: Apache-2.0
"""Which English text stands beside each target text, as rows of tokenised splits.

Training reads three splits beside the target's: the English originals of ``train``, found by id;
the back-translations of ``back_translate``, found by id and language; at test time there are the
sources of ``translate_test`` or ``gold_english``, found by id and language too.  English rows are
their own originals and their own back-translations.

A long text may be several inputs: windows of a question, parts of a tagged sentence.  The k-th of
the target is paired with the k-th of the source, or with its last if it has fewer (the rule of
FILTER's released code for windows; for parts it is ours).  The setting ``windows: first`` pairs all
windows of a question with its first English one, as X-Mixup's released code does.

Up to 1 % of the back-translations and of the sources at test time may lack in a language: that is
what preparation leaves out and counts.  Their rows read the original, or themselves (ours).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xling.data.checks import LARGEST_LOSS
from xling.errors import DataError
from xling.tasks import SOURCE_LANGUAGE, FamilyName, Task
from xling.xmixup.missing import ITSELF as ITSELF
from xling.xmixup.missing import count_missing, items_of, log_missing, split_of

if TYPE_CHECKING:
    from xling.tokens import Tokens

#: Which English window a window of a question is paired with.
WindowPairing = Literal["same", "first"]

_PART = {"tagging": "part", "qa": "window"}


@dataclass(frozen=True)
class Pairs:
    """Training rows with their English sides.

    Attributes:
        target: rows of ``train`` and ``translate_train``.
        original: English rows of ``train``.
        back: rows of ``back_translate``, then the originals; None: not read.
        original_rows: row of ``original`` for each row of ``target``, shape [rows].
        back_rows: row of ``back``, or None.
        without_back: by language, items that have no back-translation and keep their original.
    """

    target: Tokens
    original: Tokens
    back: Tokens | None
    original_rows: np.ndarray
    back_rows: np.ndarray | None
    without_back: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        family: FamilyName,
        target_files: list[Path],
        original_files: list[Path],
        back_files: list[Path],
        languages: Sequence[str],
        windows: WindowPairing = "same",
    ) -> Pairs:
        """Read the splits and join them.

        Args:
            family: says how tokens are read.
            target_files: tokenised ``train`` and ``translate_train``.
            original_files: tokenised ``train``; other languages than English are left out.
            back_files: tokenised ``back_translate``; empty: scheduled sampling is off.
            languages: target rows of other languages are left out.
            windows: how windows of questions are paired.

        Raises:
            DataError: a target row has no original, more than 1 % of a language's items have no
                back-translation, or one is there twice.
        """
        from datasets import concatenate_datasets

        read = importlib.import_module(f"xling.tasks.{family}").Tokens.read
        target, original = read(target_files, languages), read(original_files, [SOURCE_LANGUAGE])
        found = partners(family, target, original, by_language=False, windows=windows)
        count_missing(found, target, "English original", original_files, most=0.0)
        if not back_files:
            return cls(target, original, None, found, None)
        foreign = read(back_files, [code for code in languages if code != SOURCE_LANGUAGE])
        # English texts are their own back-translations, whether or not the split holds them.
        rows = concatenate_datasets([foreign.dataset, original.dataset])
        back = type(foreign)(rows, foreign.info)
        back_found = partners(family, target, back, by_language=True, windows=windows)
        lost = count_missing(back_found, target, "back-translation", back_files)
        log_missing(lost, "back-translation", "the originals stand in for them")
        # The originals are the last rows of ``back``.
        own = len(foreign) + found
        return cls(
            target, original, back, found, np.where(back_found == ITSELF, own, back_found), lost
        )

    def __len__(self) -> int:
        return len(self.target)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Sub-words of the longest text of each row, shape [rows]."""
        longest = np.maximum(self.target.lengths, self.original.lengths[self.original_rows])
        if self.back is not None and self.back_rows is not None:
            longest = np.maximum(longest, self.back.lengths[self.back_rows])
        return longest

    @property
    def loss_terms(self) -> np.ndarray:
        """Terms of the target's mean loss per row, shape [rows]."""
        return self.target.loss_terms

    @property
    def info(self) -> tuple[dict[str, Any], ...]:
        """What was tokenised and how, one entry per file; the originals may be target rows too."""
        own = self.target.info
        return own + tuple(info for info in self.english_info if info not in own)

    @property
    def english_info(self) -> tuple[dict[str, Any], ...]:
        """The entries of originals and back-translations."""
        return self.original.info + (self.back.info if self.back is not None else ())

    def rows_per_language(self) -> dict[str, int]:
        """Target rows of each language, in order of appearance."""
        return self.target.rows_per_language()


def pair_test(
    family: FamilyName, target: Tokens, source: Tokens, windows: WindowPairing = "same"
) -> np.ndarray:
    """Return the row of ``source`` for each row of ``target``, shape [rows].

    Rows are found by id and language.  Where the source is lacking, rows are their own source:
    :data:`ITSELF`.  English rows may all be; others are counted in the log, and by
    :func:`own_sources`.  Of questions any number may lack (a question whose answer was lost in
    translation is left out of ``translate_test``).

    Args:
        family: says how the inputs of an item are numbered.
        target: tokenised test rows.
        source: tokenised rows of ``translate_test`` or ``gold_english``.
        windows: how windows of questions are paired.

    Raises:
        DataError: more than 1 % of the other rows of a language have no source, or one is there
            twice.
    """
    found = partners(family, target, source, by_language=True, windows=windows)
    english = np.asarray(target.languages) == SOURCE_LANGUAGE
    most = 1.0 if family == "qa" else LARGEST_LOSS
    where = split_of(source)
    lost = count_missing(np.where(english, 0, found), target, "source", [where], most=most)
    log_missing(lost, f"source in {where}", "they are their own")
    return found


def own_sources(target: Tokens, rows: np.ndarray, beside: np.ndarray) -> dict[str, int]:
    """Return how many items are their own source, by language; English ones are not counted.

    Args:
        target: test rows.
        rows: those that are read.
        beside: what :func:`pair_test` says of ``rows``.
    """
    counts = items_of(target, rows[beside == ITSELF])
    return {code: n for code, n in counts.items() if code != SOURCE_LANGUAGE}


def pair_dev(task: Task, tokens: Tokens, windows: WindowPairing = "same") -> np.ndarray:
    """Return the row of the English dev row for each dev row, shape [rows].

    Ours, for choosing weights: the dev set has no translations.  Rows of parallel dev sets have the
    English row of the same id as source, all others themselves.
    """
    rows = np.arange(len(tokens))
    if not task.gold_english:
        return rows
    english = np.flatnonzero(np.asarray(tokens.languages) == SOURCE_LANGUAGE)
    found = _partners(task.family, tokens, tokens, english, by_language=False, windows=windows)
    return np.where(found == ITSELF, rows, found)


def partners(
    family: FamilyName,
    target: Tokens,
    source: Tokens,
    *,
    by_language: bool,
    windows: WindowPairing = "same",
) -> np.ndarray:
    """Return the row of ``source`` for each row of ``target``, :data:`ITSELF` where it lacks one.

    Args:
        family: says which column numbers the inputs of an item.
        target: any rows.
        source: each item once.
        by_language: whether an item is an id with its language, or an id alone.
        windows: how windows of questions are paired.

    Raises:
        DataError: an item is in ``source`` twice.
    """
    every = np.arange(len(source))
    return _partners(family, target, source, every, by_language=by_language, windows=windows)


def _partners(
    family: FamilyName,
    target: Tokens,
    source: Tokens,
    rows: np.ndarray,
    *,
    by_language: bool,
    windows: WindowPairing,
) -> np.ndarray:
    """Do the same with some rows of ``source``."""
    if not len(rows):
        return np.full(len(target), ITSELF, dtype=np.int64)
    target_keys, source_keys = _keys(target, source, by_language)
    parts = _parts(family, source)[rows]
    # Row order[i] is the i-th by item and number of the input within it.
    order = rows[np.lexsort((parts, source_keys[rows]))]
    items, firsts, counts = np.unique(source_keys[order], return_index=True, return_counts=True)
    numbers = np.arange(len(order)) - np.repeat(firsts, counts)
    wrong = np.flatnonzero(_parts(family, source)[order] != numbers)
    if len(wrong):
        raise _not_once(source, int(order[wrong[0]]))
    item = np.minimum(np.searchsorted(items, target_keys), len(items) - 1)
    part = np.minimum(_parts(family, target), counts[item] - 1)
    if family == "qa" and windows == "first":
        part = np.zeros_like(part)
    return np.where(items[item] == target_keys, order[firsts[item] + part], ITSELF)


def _keys(target: Tokens, source: Tokens, by_language: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a number for the item of each row, -1 for items that ``source`` does not have."""
    import pyarrow.compute as pc

    keys = [np.zeros(len(target), dtype=np.int64), np.zeros(len(source), dtype=np.int64)]
    for name in ("id", "language") if by_language else ("id",):
        known = pc.unique(source.dataset.data.column(name))
        for i, tokens in enumerate((target, source)):
            codes = pc.index_in(tokens.dataset.data.column(name), value_set=known)
            numbers = pc.fill_null(codes, -1).to_numpy().astype(np.int64)
            both = (keys[i] >= 0) & (numbers >= 0)
            keys[i] = np.where(both, keys[i] * len(known) + numbers, -1)
    return keys[0], keys[1]


def _parts(family: FamilyName, tokens: Tokens) -> np.ndarray:
    """Return the number of each row within its item, shape [rows]."""
    if family not in _PART:
        return np.zeros(len(tokens), dtype=np.int64)
    return tokens.dataset.data.column(_PART[family]).to_numpy().astype(np.int64)


def _not_once(source: Tokens, row: int) -> DataError:
    return DataError(
        "an English text is there twice, or a part of it is lacking",
        where=f"{split_of(source)}; language {source.languages[row]}, id {source.ids[row]}",
        allowed="each id once per language, its parts numbered from 0",
        fix="delete the tokenised split and run snakemake again",
    )
