# SPDX-License-Identifier: Apache-2.0
"""What a method gains over the baseline: means over pairs of languages, and against distance.

Items are resampled in all pairs of languages at once: a hard item is hard in every one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from xling.analysis.correlation import FEWEST_LANGUAGES, spearman
from xling.comparison.pair_items import PairItems, in_one_order
from xling.comparison.pairs import Pair
from xling.comparison.results import DistanceGain, GainResult, SumGain, Tested
from xling.errors import DataError
from xling.generalised.names import pair_name, pair_of
from xling.plan import Run
from xling.stats.holm import holm
from xling.stats.items import LEVEL, ItemTest, mean_score, tested_sum
from xling.stats.resampling import Floats, Shifts, Sides
from xling.tasks import SOURCE_LANGUAGE

#: Means over pairs of languages, in words.  ``targets``: neither sentence is in the source.
SUMS = {
    "diagonal": "both sentences in one language (the standard setting)",
    "diagonal_targets": "the same without the source language",
    "off_diagonal": "sentences in two languages (the generalised setting without its diagonal)",
    "off_diagonal_targets": "the same, neither of them the source",
    "all": "all pairs, as the released script's total",
    "excess": "off_diagonal less diagonal: what is gained beyond the standard setting",
    "excess_targets": "the same without the source language",
}
_PLACES = 9  # the last places of a sum depend on the machine; files must not
_SEED = 0


def gains_of(
    pair: Pair,
    tested: Mapping[Run, PairItems],
    distances: Mapping[str, Mapping[str, float]],
    resamples: int,
) -> list[GainResult]:
    """Compare a method with the baseline, over all rows and, if some are not, translated ones.

    Args:
        pair: the method first.
        tested: of the runs of both.
        distances: to the source, by kind and language.
        resamples: of each test.

    Raises:
        DataError: fewer than two common items in a pair of languages.
    """
    own = {run: tested[run] for run in pair.all_runs}
    found = [_gain(pair, own, distances, resamples, without_ns=False)]
    if any(run.untranslated.any() for run in own.values()):
        kept = {run: one.translated() for run, one in own.items()}
        found.append(_gain(pair, kept, distances, resamples, without_ns=True))
    return found


def _gain(
    pair: Pair,
    tested: Mapping[Run, PairItems],
    distances: Mapping[str, Mapping[str, float]],
    resamples: int,
    *,
    without_ns: bool,
) -> GainResult:
    names = _common(pair, tested)
    rows = in_one_order(tested, names)
    there = ~np.isnan(np.stack([rows[run] for run in pair.all_runs])).any(axis=0)
    if there.sum(axis=1).min() < 2:
        lacking = names[int(there.sum(axis=1).argmin())]
        raise DataError(
            f"{pair.first} and {pair.second} share fewer than two test items of {pair.task}",
            where=f"model {pair.model}, pair of languages {lacking}",
            allowed="two or more items that all runs of both systems were tested on",
            fix="predict the same split with both systems",
        )
    first, second = (
        [np.where(there, rows[run], np.nan) for run in pair.runs(name)]
        for name in (pair.first, pair.second)
    )
    means = tuple(np.mean(side, axis=0) for side in (first, second))
    sides = Sides.of([(a[:, None], b[:, None]) for a, b in zip(*means, strict=True)])
    shifts = Shifts.of([sides], [[_SEED]], mean_score, resamples)
    by_seed = {
        seed: np.nanmean(a - b, axis=1)
        for seed, a, b in zip(pair.seeds, first, second, strict=True)
    }
    levels = tuple(np.nanmean(side, axis=1) for side in means)
    sizes = sides.sizes[:, 0]
    return GainResult(
        task=pair.task,
        model=pair.model,
        first=pair.first,
        second=pair.second,
        without_ns=without_ns,
        languages=list(pair.languages),
        sums={
            name: SumGain(
                tested=_tested(tested_sum(shifts, weights, sizes), weights, *levels),
                seeds={s: round(float(weights @ one), _PLACES) for s, one in by_seed.items()},
            )
            for name, weights in _weights(names).items()
        },
        by_distance=[
            _against(kind, own, names, shifts, by_seed) for kind, own in distances.items()
        ],
    )


def _common(pair: Pair, tested: Mapping[Run, PairItems]) -> list[str]:
    """Return the pairs of languages that all runs were tested on, in the study's order."""
    wanted = [pair_name(a, b) for a in pair.languages for b in pair.languages]
    return [name for name in wanted if all(name in run.pairs for run in tested.values())]


def _weights(names: Sequence[str]) -> dict[str, Floats]:
    """Return the weights of pairs of languages in each sum that there is."""
    sides = [pair_of(name) for name in names]

    def mean(chosen: Callable[[str, str], bool]) -> Floats:
        kept = np.array([chosen(*one) for one in sides], dtype=np.float64)
        return kept / kept.sum() if kept.any() else kept

    def targets(a: str, b: str) -> bool:
        return SOURCE_LANGUAGE not in (a, b)

    found = {
        "diagonal": mean(lambda a, b: a == b),
        "diagonal_targets": mean(lambda a, b: a == b and targets(a, b)),
        "off_diagonal": mean(lambda a, b: a != b),
        "off_diagonal_targets": mean(lambda a, b: a != b and targets(a, b)),
    }
    there = {name: weights for name, weights in found.items() if weights.any()}
    if "off_diagonal" in there:
        there["all"] = np.full(len(names), 1.0 / len(names))
        there["excess"] = found["off_diagonal"] - found["diagonal"]
    if "off_diagonal_targets" in there:
        there["excess_targets"] = found["off_diagonal_targets"] - found["diagonal_targets"]
    return there


def _tested(test: ItemTest, weights: Floats, first: Floats, second: Floats) -> Tested:
    return Tested(
        first=round(float(weights @ first), _PLACES),
        second=round(float(weights @ second), _PLACES),
        difference=round(test.difference, _PLACES),
        low=round(test.low, _PLACES),
        high=round(test.high, _PLACES),
        p_bootstrap=test.p_bootstrap,
        p_randomisation=test.p_randomisation,
        p_holm=1.0,
        items=test.items,
    )


def _against(
    kind: str,
    distances: Mapping[str, float],
    names: Sequence[str],
    shifts: Shifts,
    by_seed: Mapping[int, Floats],
) -> DistanceGain:
    """Correlate the gains of target languages in the standard setting with their distance."""
    places = {pair_of(n)[0]: i for i, n in enumerate(names) if len(set(pair_of(n))) == 1}
    codes = sorted(code for code in places if code in distances and code != SOURCE_LANGUAGE)
    rows = [places[code] for code in codes]
    far = np.array([distances[code] for code in codes])
    gains = {c: round(float(shifts.observed[i]), _PLACES) for c, i in zip(codes, rows, strict=True)}
    found = spearman(gains, {code: distances[code] for code in codes})
    low = high = None
    if len(codes) >= FEWEST_LANGUAGES and found.rho is not None:
        # Gains that differ by rounding alone are equal.
        rhos = rank_correlations(np.round(shifts.drawn[rows], _PLACES), far)
        bounds = np.nanquantile(rhos, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        low, high = (round(float(one), _PLACES) for one in bounds)
    return DistanceGain(
        kind=kind,
        distances={code: distances[code] for code in codes},
        gains=gains,
        rho=None if found.rho is None else round(found.rho, _PLACES),
        low=low,
        high=high,
        p_value=found.p_value,
        seeds={
            s: spearman(
                {c: round(float(one[i]), _PLACES) for c, i in zip(codes, rows, strict=True)},
                {code: distances[code] for code in codes},
            ).rho
            for s, one in by_seed.items()
        },
        note=found.note,
    )


def rank_correlations(values: Floats, other: Floats) -> Floats:
    """Return Spearman's coefficient of each column of ``values`` [n, columns] with ``other`` [n].

    NaN where all values of a column are equal.
    """
    from scipy import stats

    one = stats.rankdata(values, axis=0)
    two = stats.rankdata(other)
    one, two = one - one.mean(axis=0), two - two.mean()
    size = np.sqrt((one**2).sum(axis=0) * (two**2).sum())
    return np.divide(two @ one, size, out=np.full(values.shape[1], np.nan), where=size > 0)


def corrected_gains(gains: Iterable[GainResult]) -> list[GainResult]:
    """Correct the p values of each sum for the number of tasks, models and methods."""
    found = list(gains)
    keys = {(gain.without_ns, name) for gain in found for name in gain.sums}
    for without_ns, name in sorted(keys):
        # A sum of weights of both signs is no mean of items: only the bootstrap speaks of it.
        field = "p_bootstrap" if name.startswith("excess") else "p_randomisation"
        places = [i for i, g in enumerate(found) if g.without_ns == without_ns and name in g.sums]
        adjusted = holm([getattr(found[i].sums[name].tested, field) for i in places])
        for i, p_value in zip(places, adjusted, strict=True):
            found[i] = _with_holm(found[i], name, p_value)
    return found


def _with_holm(gain: GainResult, name: str, p_value: float) -> GainResult:
    one = gain.sums[name]
    tested: dict[str, Any] = {"tested": one.tested.model_copy(update={"p_holm": p_value})}
    return gain.model_copy(update={"sums": gain.sums | {name: one.model_copy(update=tested)}})
