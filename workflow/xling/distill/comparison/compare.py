# SPDX-License-Identifier: Apache-2.0
"""Paired tests of students against other systems, from predictions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from xling.comparison.results import OverSeeds, over_items, over_seeds
from xling.distill.comparison.averages import members
from xling.distill.comparison.contrasts import Contrast, contrasts, not_compared
from xling.distill.comparison.items import METRICS, SCORES, ByLanguage, items_of
from xling.distill.comparison.results import POOLING, ContrastResult, SentenceComparison
from xling.distill.comparison.shared import Shared, shared_items
from xling.distill.tables.frame import PAPER, STS
from xling.stats.holm import holm
from xling.stats.items import LEVEL, RESAMPLES, tested_sum
from xling.stats.resampling import Floats, Shifts, Sides
from xling.stats.seeds import compare_seeds

if TYPE_CHECKING:
    import pyarrow as pa

    from xling.distill.plan import DistillPlan
    from xling.plan import Run

log = logging.getLogger(__name__)

_SEED = 0


def compare_systems(
    plan: DistillPlan, read: Callable[[Run], pa.Table], *, resamples: int = RESAMPLES
) -> SentenceComparison:
    """Compare all pairs of systems of a study.

    Args:
        plan: says which pairs there are.
        read: gives the predictions of a run; called once per run.
        resamples: of each test.

    Raises:
        DataError: predictions are damaged, or two systems have other test items.
    """
    found: list[ContrastResult] = []
    for task, group in groupby(contrasts(plan), key=lambda one: one.task):
        pairs = list(group)
        log.info("%s: %d comparisons", task, len(pairs))
        runs = sorted({run for pair in pairs for run in pair.runs})
        found += compare_task(task, pairs, {r: items_of(task, read(r)) for r in runs}, resamples)
    return SentenceComparison(
        study=plan.study.name,
        paper=PAPER,
        resamples=resamples,
        level=LEVEL,
        pooling=POOLING,
        results=_corrected(found),
        not_compared=[run.path for run in not_compared(plan)],
    )


def compare_task(
    task: str, pairs: Sequence[Contrast], items: Mapping[Run, ByLanguage], resamples: int
) -> list[ContrastResult]:
    """Compare pairs on one task, in every setting; means are not corrected for their number yet.

    Args:
        pairs: of the task.
        items: of all their runs.
        resamples: of each test.

    Raises:
        DataError: two systems share no language, or have other test items.
    """
    settings = [
        setting
        for setting in next(iter(items.values()))
        if all(setting in found for found in items.values())
    ]
    results = []
    for setting in settings:
        shared = shared_items(task, {run: found[setting] for run, found in items.items()})
        shifts = {code: _shifts(task, shared, code, pairs, resamples) for code in shared.languages}
        results += [_result(task, setting, pair, shared, shifts) for pair in pairs]
    return results


#: Of each pair that has the language: one row.
_Shifts = Mapping[Contrast, Shifts]


def _shifts(
    task: str, shared: Shared, code: str, pairs: Sequence[Contrast], resamples: int
) -> _Shifts:
    """Resample one language for all pairs of systems that have it, with the same draws."""
    own = [pair for pair in pairs if code in shared.of(pair)]
    rows = list(dict.fromkeys(both for pair in own for both in pair.pairs))
    if not rows:
        return {}
    seed = [_SEED, *shared.stream(code).encode("utf-8")]
    values = shared.languages[code]
    sides = Sides.of([(values[one], values[other]) for one, other in rows])
    found = Shifts.of([sides], [seed], SCORES[task], resamples)
    if task == STS:
        found = replace(found, drawn=shared.drawn_ranks(code, rows, seed, resamples))
    return {pair: _mean(found, [rows.index(both) for both in pair.pairs]) for pair in own}


def _mean(shifts: Shifts, rows: Sequence[int]) -> Shifts:
    """Return the mean over the seeds of one pair of systems."""
    some = shifts.take(rows)
    kinds = (some.observed, some.drawn, some.exchanged)
    return Shifts(*(kind.mean(axis=0, keepdims=True) for kind in kinds))


def _result(
    task: str, setting: str, pair: Contrast, shared: Shared, shifts: Mapping[str, _Shifts]
) -> ContrastResult:
    codes = shared.of(pair)
    own = _stacked([shifts[code][pair] for code in codes])
    sizes = np.array([float(shared.sizes[code]) for code in codes])
    scores = [_seed_scores(task, pair, shared, codes, side) for side in (0, 1)]
    means = [side.mean(axis=0) for side in scores]
    weights = {code: np.eye(len(codes))[i] for i, code in enumerate(codes)}
    groups = members(task, codes, pair.seen)
    of_means = {
        name: np.array([(code in group) / len(group) for code in codes])
        for name, group in groups.items()
    }
    tested = {
        name: over_items(tested_sum(own, weight, sizes), *(float(weight @ side) for side in means))
        for name, weight in (weights | of_means).items()
    }
    adjusted = holm([tested[code].p_randomisation for code in codes])
    return ContrastResult(
        kind=pair.kind,
        task=task,
        setting=setting,
        metric=METRICS[task],
        first=pair.first[0],
        first_model=pair.first[1],
        second=pair.second[0],
        second_model=pair.second[1],
        together=shared.together(codes),
        languages={
            code: tested[code].model_copy(update={"p_holm": p})
            for code, p in zip(codes, adjusted, strict=True)
        },
        averages={name: tested[name] for name in groups},
        seeds={name: _over_seeds(pair, scores, weight) for name, weight in of_means.items()},
    )


def _stacked(parts: Sequence[Shifts]) -> Shifts:
    kinds = ("observed", "drawn", "exchanged")
    return Shifts(*(np.concatenate([getattr(one, kind) for one in parts]) for kind in kinds))


def _seed_scores(
    task: str, pair: Contrast, shared: Shared, codes: Sequence[str], side: int
) -> Floats:
    """Return the scores of one of the two systems, shape [seeds, languages]."""
    score = SCORES[task]
    return np.array(
        [
            [float(score(shared.languages[code][both[side]].mean(axis=0))) for code in codes]
            for both in pair.pairs
        ]
    )


def _over_seeds(pair: Contrast, scores: Sequence[Floats], weights: Floats) -> OverSeeds:
    """Compare a mean over languages seed by seed."""
    seeds = [one.seed for one, _ in pair.pairs]
    first, second = (dict(zip(seeds, (side @ weights).tolist(), strict=True)) for side in scores)
    test = compare_seeds(first, second)
    return over_seeds(test, pair.left_out)


def _corrected(results: Sequence[ContrastResult]) -> list[ContrastResult]:
    """Correct the p values of each mean for the number of pairs of its kind, task and setting."""
    averages = [dict(one.averages) for one in results]
    families: dict[tuple[str, ...], list[int]] = {}
    for i, one in enumerate(results):
        for name in one.averages:
            families.setdefault((one.kind, one.task, one.setting, name), []).append(i)
    for (*_, name), places in families.items():
        adjusted = holm([averages[i][name].p_randomisation for i in places])
        for i, p_value in zip(places, adjusted, strict=True):
            averages[i][name] = averages[i][name].model_copy(update={"p_holm": p_value})
    return [
        one.model_copy(update={"averages": own}) for one, own in zip(results, averages, strict=True)
    ]
