# SPDX-License-Identifier: Apache-2.0
"""Tests of all pairs of a paper."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from xling.analysis.language_distances import distances
from xling.comparison.gains import corrected_gains, gains_of
from xling.comparison.item_statistics import RunItems, item_statistics, score_of
from xling.comparison.pair_items import pair_items
from xling.comparison.pairs import BASELINES, Pair, compared
from xling.comparison.results import (
    Comparison,
    GainResult,
    OverSeeds,
    PairResult,
    over_items,
    over_seeds,
)
from xling.comparison.shared_items import SharedItems, in_one_order, shared_items
from xling.errors import DataError
from xling.plan import Plan, Run
from xling.stats.holm import holm
from xling.stats.items import LEVEL, RESAMPLES
from xling.stats.languages import LanguageTests, Systems, compare_pairs
from xling.stats.resampling import Floats
from xling.stats.seeds import compare_seeds
from xling.tasks import SOURCE_LANGUAGE, TASKS, Task

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

#: One number per language.
_ByLanguage = Mapping[str, float]


def compare_paper(
    plan: Plan, paper: str, read: Callable[[Run], pa.Table], *, resamples: int = RESAMPLES
) -> Comparison:
    """Compare all pairs of a paper.

    Args:
        plan: says which pairs there are.
        paper: one of ``compared_papers(plan)``.
        read: gives the predictions of a run; called once per run.
        resamples: of each test.

    Raises:
        DataError: predictions that cannot be scored, or what :func:`compare_task` refuses.
    """
    results: list[PairResult] = []
    gains: list[GainResult] = []
    wanted = [pair for pair in compared(plan) if pair.paper == paper]
    for (task, model), group in groupby(wanted, key=lambda pair: (pair.task, pair.model)):
        pairs = list(group)
        log.info("%s, %s: %d pairs", task, model, len(pairs))
        runs = sorted({run for pair in pairs for run in pair.all_runs})
        items, tested = {}, {}
        for run in runs:
            predictions = read(run)
            items[run] = item_statistics(predictions, TASKS[task])
            if paper in BASELINES:
                tested[run] = pair_items(predictions, TASKS[task])
        results += compare_task(pairs, items, resamples=resamples)
        if tested:
            known = distances(plan.study, pairs[0].languages)
            gains += [gain for pair in pairs for gain in gains_of(pair, tested, known, resamples)]
    return Comparison(
        study=plan.study.name,
        paper=paper,
        resamples=resamples,
        level=LEVEL,
        pairs=corrected(results),
        gains=corrected_gains(gains),
    )


def compare_task(
    pairs: Sequence[Pair], items: Mapping[Run, RunItems], *, resamples: int = RESAMPLES
) -> list[PairResult]:
    """Compare pairs on one task with one model; nothing is corrected for their number yet.

    Args:
        pairs: each shares languages and seeds.
        items: of all their runs.
        resamples: of each test.

    Raises:
        DataError: the systems of a pair share fewer than two items of a language, or the runs of
            a system were tested in different settings.
    """
    task = TASKS[pairs[0].task]
    rows = in_one_order(items, together=task.parallel)
    shared = {pair: shared_items(pair, rows) for pair in pairs}
    systems = {
        _name(pair): Systems(_seed_mean(one.first), _seed_mean(one.second), _sums(pair))
        for pair, one in shared.items()
    }
    tests = compare_pairs(
        systems, parallel=task.parallel, score=score_of(task), resamples=resamples
    )
    return [
        _result(pair, items, one, systems[_name(pair)], tests[_name(pair)])
        for pair, one in shared.items()
    ]


def _name(pair: Pair) -> str:
    return f"{pair.first} {pair.second}"


def _seed_mean(side: Mapping[str, Floats]) -> dict[str, Floats]:
    return {code: values.mean(axis=0) for code, values in side.items()}


def _result(
    pair: Pair,
    items: Mapping[Run, RunItems],
    shared: SharedItems,
    systems: Systems,
    tests: LanguageTests,
) -> PairResult:
    task = TASKS[pair.task]
    first, second = (
        {code: float(_score(np.asarray(values), task)) for code, values in side.items()}
        for side in (systems.first, systems.second)
    )
    whole = {
        name: over_items(tests.combined[name], _sum(first, weights), _sum(second, weights))
        for name, weights in systems.combine.items()
    }
    return PairResult(
        task=pair.task,
        model=pair.model,
        first=pair.first,
        second=pair.second,
        first_setting=_setting(pair, items, pair.first),
        second_setting=_setting(pair, items, pair.second),
        metric=task.metric,
        together=task.parallel,
        languages={
            code: over_items(test, first[code], second[code], tests.adjusted[code])
            for code, test in tests.languages.items()
        },
        left_out=shared.left_out,
        avg=whole["avg"],
        avg_targets=whole["avg_targets"],
        gap=whole.get("gap"),
        seeds=_over_seeds(pair, shared, task),
    )


def _score(values: Floats, task: Task) -> Floats:
    """Return the score of items [..., items, statistics], those that are not there left out."""
    return score_of(task)(np.nanmean(values, axis=-2))


def _sums(pair: Pair) -> dict[str, dict[str, float]]:
    """Return the weights of languages in the means, and in the transfer gap if there is one."""
    share = 1.0 / len(pair.targets)
    found = {
        "avg": dict.fromkeys(pair.languages, 1.0 / len(pair.languages)),
        "avg_targets": dict.fromkeys(pair.targets, share),
    }
    if SOURCE_LANGUAGE in pair.languages and SOURCE_LANGUAGE not in pair.targets:
        found["gap"] = {SOURCE_LANGUAGE: 1.0} | dict.fromkeys(pair.targets, -share)
    return found


def _sum(scores: _ByLanguage, weights: _ByLanguage) -> float:
    return sum(weight * scores[code] for code, weight in weights.items())


def _over_seeds(pair: Pair, shared: SharedItems, task: Task) -> OverSeeds:
    """Compare the means over all languages seed by seed."""
    weights = _sums(pair)["avg"]
    sides = []
    for side in (shared.first, shared.second):
        scores = {code: _score(values, task).tolist() for code, values in side.items()}
        sides.append(
            {
                seed: _sum({code: one[i] for code, one in scores.items()}, weights)
                for i, seed in enumerate(pair.seeds)
            }
        )
    test = compare_seeds(*sides)
    return over_seeds(test, pair.seeds_left_out)


def _setting(pair: Pair, items: Mapping[Run, RunItems], method: str) -> str:
    """Return how a system's runs were tested."""
    found = sorted({items[run].setting for run in pair.runs(method)})
    if len(found) > 1:
        raise DataError(
            f"the seeds of {method} were not all tested in the same way",
            where=f"paper {pair.paper}, model {pair.model}, task {pair.task}: {', '.join(found)}",
            allowed="one setting for all seeds of a system",
            fix="delete the predictions that are out of date and run snakemake again",
        )
    return found[0]


def corrected(results: Sequence[PairResult]) -> list[PairResult]:
    """Correct the p values of each kind of sum for the number of pairs."""
    found = list(results)
    # Systems of different level are not exchangeable where their gaps are equal, so a gap has the
    # p value of the bootstrap.
    kinds = {"avg": "p_randomisation", "avg_targets": "p_randomisation", "gap": "p_bootstrap"}
    for kind, name in kinds.items():
        places = [i for i, one in enumerate(results) if getattr(one, kind) is not None]
        adjusted = holm([getattr(getattr(results[i], kind), name) for i in places])
        for i, p_value in zip(places, adjusted, strict=True):
            test = getattr(found[i], kind).model_copy(update={"p_holm": p_value})
            found[i] = found[i].model_copy(update={kind: test})
    return found
