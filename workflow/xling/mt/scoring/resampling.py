# SPDX-License-Identifier: Apache-2.0
"""Paired bootstrap and approximate randomisation on corpus BLEU, for many pairs at once.

Definitions and random numbers are those of ``sacrebleu.significance`` (version 2.6): the bootstrap
of Koehn (2004) with 1,000 resamples, approximate randomisation as in MultEval (Clark et al. 2011)
with 10,000 trials, seed 12345.  Two things differ.  Resampled differences that *equal* the observed
one count as well, so that a system that is compared with its like has p = 1, where sacreBLEU gives
1 / (n + 1).  And draws are matrices: counts of n-grams are summed by products of matrices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xling.errors import DataError
from xling.mt.scoring.bleu import COUNTS, bleu
from xling.stats.items import LEVEL, ItemTest
from xling.stats.resampling import Floats

RESAMPLES = 1_000
TRIALS = 10_000
SEED = 12345
# Resampled differences this near to the observed one are equal to it: sums in another order.
_TIE = 1e-9
# Draws that are made numbers of 8 bytes at once.
_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class LanguageCounts:
    """Counts of one language for several pairs of systems.

    Attributes:
        ids: of the sentences.
        first: of the first system of each pair, shape [pairs, sentences, COUNTS].
        second: of the second, the same.
    """

    ids: tuple[str, ...]
    first: Floats
    second: Floats

    def __post_init__(self) -> None:
        shape = (len(self.first), len(self.ids), COUNTS)
        if self.first.shape != shape or self.second.shape != shape or len(self.ids) < 2:
            raise DataError(
                f"two systems have the counts {self.first.shape} and {self.second.shape} of "
                f"{len(self.ids)} sentences",
                allowed="the same two or more sentences for both",
                fix="translate the same test set with both systems",
            )


@dataclass(frozen=True)
class Shifts:
    """Differences of BLEU, first system less second; a row per pair.

    Attributes:
        observed: shape [pairs].
        drawn: of the bootstrap, shape [pairs, resamples].
        exchanged: of the randomisation, shape [pairs, trials].
        sentences: that were compared.
    """

    observed: Floats
    drawn: Floats
    exchanged: Floats
    sentences: int

    @classmethod
    def mean(cls, parts: Sequence[Shifts]) -> Shifts:
        """Return the differences of the unweighted mean over languages."""
        kinds = ("observed", "drawn", "exchanged")
        observed, drawn, exchanged = (
            np.mean([getattr(part, kind) for part in parts], axis=0) for kind in kinds
        )
        return cls(observed, drawn, exchanged, sum(part.sentences for part in parts))

    def tests(self) -> list[ItemTest]:
        """Return the test of each pair."""
        low, high = np.quantile(self.drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
        sizes = np.abs(self.drawn)
        centred = sizes - sizes.mean(axis=1, keepdims=True)
        return [
            ItemTest(
                difference=float(observed),
                low=float(low[i]),
                high=float(high[i]),
                p_bootstrap=_share(centred[i], observed),
                p_randomisation=_share(np.abs(self.exchanged[i]), observed),
                items=self.sentences,
            )
            for i, observed in enumerate(self.observed)
        ]


def _share(values: Floats, observed: float) -> float:
    """Return how often a value is at least as large as the observed one, which counts as one."""
    bound = abs(observed) * (1.0 - _TIE) - _TIE
    return float((np.count_nonzero(values >= bound) + 1) / (len(values) + 1))


def each_language(
    languages: Mapping[str, LanguageCounts], *, resamples: int = RESAMPLES, trials: int = TRIALS
) -> dict[str, Shifts]:
    """Resample every language by itself, as sacreBLEU does with its test set."""
    return {
        code: _shifts({code: counts}, [SEED], resamples, trials)[code]
        for code, counts in languages.items()
    }


def joint_languages(
    languages: Mapping[str, LanguageCounts],
    *,
    together: bool,
    resamples: int = RESAMPLES,
    trials: int = TRIALS,
) -> dict[str, Shifts]:
    """Resample all languages for means over them.

    Args:
        languages: by code; their pairs are the same.
        together: equal ids are the same English sentence, so a sentence is drawn, or its systems
            exchanged, in all languages at once.  Otherwise languages are drawn independently.
    """
    if together:
        return _shifts(languages, [SEED], resamples, trials)
    return {
        code: _shifts({code: counts}, [SEED, i], resamples, trials)[code]
        for i, (code, counts) in enumerate(languages.items(), start=1)
    }


def _shifts(
    languages: Mapping[str, LanguageCounts], seed: list[int], resamples: int, trials: int
) -> dict[str, Shifts]:
    """Resample languages whose sentences with equal ids are drawn together."""
    ids = sorted({one for counts in languages.values() for one in counts.ids})
    place = {one: i for i, one in enumerate(ids)}
    places = {code: [place[one] for one in counts.ids] for code, counts in languages.items()}
    drawn = _collected(languages, places, _drawn(seed, resamples, len(ids)), exchange=False)
    exchanged = _collected(languages, places, _exchanged(seed, trials, len(ids)), exchange=True)
    return {
        code: Shifts(
            observed=bleu(counts.first.sum(axis=1)) - bleu(counts.second.sum(axis=1)),
            drawn=drawn[code],
            exchanged=exchanged[code],
            sentences=len(counts.ids),
        )
        for code, counts in languages.items()
    }


def _drawn(seed: list[int], resamples: int, size: int) -> Iterator[Floats]:
    """Yield how often each sentence was drawn, blocks of [resamples, sentences]."""
    # All numbers at once and in this form: those of sacrebleu.significance._paired_bs_test.
    numbers = _generator(seed).choice(size, size=(resamples, size), replace=True)
    for block in _blocks(numbers):
        flat = block + size * np.arange(len(block))[:, None]
        counts = np.bincount(flat.ravel(), minlength=block.size)
        yield counts.reshape(block.shape).astype(np.float64)


def _exchanged(seed: list[int], trials: int, size: int) -> Iterator[Floats]:
    """Yield 1 where a sentence keeps its systems, else 0, blocks of [trials, sentences]."""
    # As in sacrebleu.significance._paired_ar_test.
    kept = _generator(seed).integers(2, size=(trials, size), dtype=bool)
    for block in _blocks(kept):
        yield block.astype(np.float64)


def _generator(seed: list[int]) -> np.random.Generator:
    return np.random.default_rng(seed[0] if len(seed) == 1 else seed)


def _blocks(values: npt.NDArray) -> Iterator[npt.NDArray]:
    rows = max(1, _AT_ONCE // values.shape[1])
    for start in range(0, len(values), rows):
        yield values[start : start + rows]


def _collected(
    languages: Mapping[str, LanguageCounts],
    places: Mapping[str, list[int]],
    blocks: Iterator[Floats],
    *,
    exchange: bool,
) -> dict[str, Floats]:
    """Return the differences of all resamples by language, shape [pairs, resamples]."""
    parts: dict[str, list[Floats]] = {code: [] for code in languages}
    for block in blocks:
        for code, counts in languages.items():
            weights = block[:, places[code]]
            first, second = _summed(weights, counts.first), _summed(weights, counts.second)
            if exchange:
                # What is not kept is the other system's.
                both = counts.first.sum(axis=1) + counts.second.sum(axis=1)
                moved = counts.second.sum(axis=1)[:, None] - second
                first, second = first + moved, both[:, None] - first - moved
            parts[code].append(bleu(first) - bleu(second))
    return {code: np.concatenate(values, axis=1) for code, values in parts.items()}


def _summed(weights: Floats, counts: Floats) -> Floats:
    """Return sums of counts [pairs, sentences, COUNTS] by weights: [pairs, resamples, COUNTS]."""
    pairs, sentences, numbers = counts.shape
    columns = np.ascontiguousarray(counts.transpose(1, 0, 2)).reshape(sentences, pairs * numbers)
    return (weights @ columns).reshape(-1, pairs, numbers).transpose(1, 0, 2)
