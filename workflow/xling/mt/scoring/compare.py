# SPDX-License-Identifier: Apache-2.0
"""Tests of all comparisons of a study, from the translations of its runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from xling.comparison.results import OverSeeds, Tested, over_items, over_seeds
from xling.errors import DataError
from xling.mt.plan import PAPER, TranslationPlan
from xling.mt.scoring.averages import Groups, check_languages, members
from xling.mt.scoring.bleu import bleu, sentence_counts
from xling.mt.scoring.contrasts import Contrast, contrasts, without_baseline
from xling.mt.scoring.metrics import MAIN, bleu_metric
from xling.mt.scoring.resampling import (
    RESAMPLES,
    SEED,
    TRIALS,
    LanguageCounts,
    Shifts,
    each_language,
    joint_languages,
)
from xling.mt.scoring.results import POOLING, ContrastResult, MtComparison
from xling.mt.scoring.run_scores import target_of
from xling.mt.scoring.sentences import Translations, translations
from xling.plan import Run
from xling.stats.holm import holm
from xling.stats.items import LEVEL
from xling.stats.resampling import Floats
from xling.stats.seeds import compare_seeds

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

#: Benchmarks whose test sentences with equal ids are the same English sentence.
PARALLEL = ("ted8_diverse", "ted8_related", "xnli_parallel")


def compare_systems(
    plan: TranslationPlan,
    read: Callable[[Run], pa.Table],
    *,
    resamples: int = RESAMPLES,
    trials: int = TRIALS,
) -> MtComparison:
    """Compare all pairs of a study.

    Args:
        plan: says which pairs there are.
        read: gives the predictions of a run; called once per run.
        resamples: of the bootstrap.
        trials: of the approximate randomisation.

    Raises:
        DataError: predictions that cannot be scored, or systems that translated other sentences.
    """
    found: list[ContrastResult] = []
    for task, group in groupby(contrasts(plan), key=lambda one: one.task):
        pairs = list(group)
        log.info("%s: %d comparisons", task, len(pairs))
        runs = sorted({run for pair in pairs for run in pair.all_runs})
        counts = _counted(plan, runs, read)
        groups = plan.groups(plan.benchmark(runs[0]))
        check_languages(counts.languages, groups)
        found += _compared(plan, pairs, counts, groups, resamples, trials)
    return MtComparison(
        study=plan.study.name,
        paper=PAPER,
        metric=MAIN,
        resamples=resamples,
        trials=trials,
        level=LEVEL,
        seed=SEED,
        pooling=POOLING,
        pairs=_corrected(found),
        not_compared=[run.path for run in without_baseline(plan)],
    )


class _Counts:
    """Counts of n-grams of all runs of a task: by language, then run, [sentences, COUNTS]."""

    def __init__(self) -> None:
        self.languages: dict[str, dict[Run, Floats]] = {}
        self.ids: dict[str, tuple[str, ...]] = {}
        self.signatures: dict[str, str] = {}

    def add(self, run: Run, language: str, one: Translations, target: str) -> None:
        """Count one run's translations to a language."""
        ids = self.ids.setdefault(language, one.ids)
        if ids != one.ids:
            raise DataError(
                "two systems did not translate the same sentences",
                where=f"{run.path}, language {language}",
                allowed="the same test set for all systems of a task",
                fix="delete the predictions that are out of date and run snakemake again",
            )
        metric = bleu_metric(target)
        counts = sentence_counts(metric, one.hypotheses, one.references)
        self.languages.setdefault(language, {})[run] = counts
        # It says how many references there are only after a score.
        metric.corpus_score(one.hypotheses[:1], [one.references[:1]])
        self.signatures[language] = metric.get_signature().format()

    def pooled(self, language: str, runs: Sequence[Run]) -> Floats:
        """Return the counts of each sentence, summed over runs."""
        return np.sum([self.languages[language][run] for run in runs], axis=0)


def _counted(
    plan: TranslationPlan, runs: Sequence[Run], read: Callable[[Run], pa.Table]
) -> _Counts:
    counts = _Counts()
    for run in runs:
        texts = translations(read(run))
        # A system without one of the languages would shift the others' averages.
        check_languages(texts, plan.groups(plan.benchmark(run)))
        for language, one in texts.items():
            counts.add(run, language, one, target_of(language, plan.direction(run)))
    return counts


def _compared(
    plan: TranslationPlan,
    pairs: Sequence[Contrast],
    counts: _Counts,
    groups: Groups,
    resamples: int,
    trials: int,
) -> list[ContrastResult]:
    together = plan.benchmark(pairs[0].all_runs[0]) in PARALLEL
    languages = _by_language(pairs, counts)
    alone = each_language(languages, resamples=resamples, trials=trials)
    joint = joint_languages(languages, together=together, resamples=resamples, trials=trials)
    means = {
        name: Shifts.mean([joint[code] for code in codes])
        for name, codes in members(groups).items()
    }
    tests = {name: one.tests() for name, one in (alone | means).items()}
    scores = {
        code: (bleu(one.first.sum(axis=1)), bleu(one.second.sum(axis=1)))
        for code, one in languages.items()
    }
    sides = scores | {
        name: tuple(np.mean([scores[code][i] for code in codes], axis=0) for i in (0, 1))
        for name, codes in members(groups).items()
    }
    return [
        _result(
            pair,
            {
                name: over_items(one[i], sides[name][0][i], sides[name][1][i])
                for name, one in tests.items()
            },
            together,
            counts,
            groups,
        )
        for i, pair in enumerate(pairs)
    ]


def _by_language(pairs: Sequence[Contrast], counts: _Counts) -> dict[str, LanguageCounts]:
    """Return the counts of all pairs, languages sorted."""
    return {
        code: LanguageCounts(
            counts.ids[code],
            np.stack([counts.pooled(code, pair.runs(pair.first)) for pair in pairs]),
            np.stack([counts.pooled(code, pair.runs(pair.second)) for pair in pairs]),
        )
        for code in sorted(counts.languages)
    }


def _result(
    pair: Contrast,
    tested: Mapping[str, Tested],
    together: bool,
    counts: _Counts,
    groups: Groups,
) -> ContrastResult:
    codes = sorted(counts.languages)
    adjusted = holm([tested[code].p_randomisation for code in codes])
    return ContrastResult(
        kind=pair.kind,
        task=pair.task,
        first=pair.first[0],
        first_model=pair.first[1],
        second=pair.second[0],
        second_model=pair.second[1],
        together=together,
        signatures=counts.signatures,
        languages={
            code: tested[code].model_copy(update={"p_holm": p})
            for code, p in zip(codes, adjusted, strict=True)
        },
        averages={name: tested[name] for name in members(groups)},
        seeds=_over_seeds(pair, counts, groups),
    )


def _over_seeds(pair: Contrast, counts: _Counts, groups: Groups) -> dict[str, OverSeeds]:
    """Compare the averages seed by seed."""
    scores = {
        run: {code: float(bleu(own[run].sum(axis=0))) for code, own in counts.languages.items()}
        for run in pair.all_runs
    }
    found = {}
    for name, codes in members(groups).items():
        sides = [
            {run.seed: float(np.mean([scores[run][code] for code in codes])) for run in runs}
            for runs in (pair.runs(pair.first), pair.runs(pair.second))
        ]
        test = compare_seeds(*sides)
        found[name] = over_seeds(test, test.left_out)
    return found


def _corrected(results: Sequence[ContrastResult]) -> list[ContrastResult]:
    """Correct the p values of each average for the number of pairs of its kind."""
    averages = [dict(one.averages) for one in results]
    for kind in sorted({one.kind for one in results}):
        for name in sorted({name for one in averages for name in one}):
            places = [
                i for i, one in enumerate(results) if one.kind == kind and name in averages[i]
            ]
            adjusted = holm([averages[i][name].p_randomisation for i in places])
            for i, p_value in zip(places, adjusted, strict=True):
                averages[i][name] = averages[i][name].model_copy(update={"p_holm": p_value})
    return [
        one.model_copy(update={"averages": own}) for one, own in zip(results, averages, strict=True)
    ]
