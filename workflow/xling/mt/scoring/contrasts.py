# SPDX-License-Identifier: Apache-2.0
"""Which systems are compared with which: the plan alone says it.

``baseline``: every system with T = 5 of the same model, data and budget.  ``model`` and ``batch``:
a system with itself, in a larger model or with larger batches; the abstract claims robustness to
both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from xling.mt.plan import TranslationPlan
from xling.plan import Run

Kind = Literal["baseline", "model", "batch"]


@dataclass(frozen=True)
class Contrast:
    """Two systems on one benchmark and direction.

    Attributes:
        task: ``{benchmark}-{direction}``.
        first: method and model of the system whose difference from the other is asked for.
        second: of the other one.
        seeds: those that both have, ascending.
    """

    kind: Kind
    task: str
    first: tuple[str, str]
    second: tuple[str, str]
    seeds: tuple[int, ...]

    def runs(self, system: tuple[str, str]) -> list[Run]:
        """Return the runs of one of the two systems, seeds ascending."""
        method, model = system
        return [Run("cats", method, model, self.task, seed) for seed in self.seeds]

    @property
    def all_runs(self) -> list[Run]:
        """The runs of both systems."""
        return self.runs(self.first) + self.runs(self.second)


def contrasts(plan: TranslationPlan) -> list[Contrast]:
    """Return all comparisons of a study, by task, then kind, then system."""
    found = _against_baseline(plan) | _model_changes(plan) | _batch_changes(plan)
    kinds = ("baseline", "model", "batch")
    pairs = [
        Contrast(kind, task, first, second, tuple(sorted(seeds)))
        for (kind, task, first, second), seeds in found.items()
    ]
    return sorted(pairs, key=lambda one: (one.task, kinds.index(one.kind), one.first, one.second))


def without_baseline(plan: TranslationPlan) -> list[Run]:
    """Return the runs that are not compared with T = 5, because no such run is planned."""
    return [run for run in plan.runs if plan.baseline(run) is None]


def parameters(plan: TranslationPlan, model: str) -> int:
    """Return how many weights the layers of a model have, for sorting models by size.

    Attention has 4 d² weights and the feed-forward part 2 d f; a layer of the decoder has attention
    twice.  Embeddings are left out: they depend on the vocabulary.
    """
    one = plan.translation.models[model]
    attention, forward = 4 * one.width**2, 2 * one.width * one.ffn
    encoder, decoder = attention + forward, 2 * attention + forward
    return one.encoder_layers * encoder + one.decoder_layers * decoder


def batch_tokens(plan: TranslationPlan, run: Run) -> int:
    """Return the sub-words of an update on one GPU, padding included."""
    settings = plan.settings(run)
    return settings.max_tokens * settings.update_freq


_Key = tuple[Kind, str, tuple[str, str], tuple[str, str]]


def _system(run: Run) -> tuple[str, str]:
    return run.method, run.model


def _against_baseline(plan: TranslationPlan) -> dict[_Key, set[int]]:
    found: dict[_Key, set[int]] = {}
    for run in plan.runs:
        other = plan.baseline(run)
        if other is not None and other != run:
            key: _Key = ("baseline", run.task, _system(run), _system(other))
            found.setdefault(key, set()).add(run.seed)
    return found


def _model_changes(plan: TranslationPlan) -> dict[_Key, set[int]]:
    """Compare a system's larger models with its smallest."""
    found: dict[_Key, set[int]] = {}
    by_model = sorted(plan.runs, key=lambda r: (r.task, r.method, r.seed))
    for _, group in groupby(by_model, key=lambda r: (r.task, r.method, r.seed)):
        runs = sorted(group, key=lambda r: (parameters(plan, r.model), r.model))
        _add_changes("model", runs, [parameters(plan, run.model) for run in runs], found)
    return found


def batch_series(plan: TranslationPlan) -> Iterator[list[Run]]:
    """Yield runs that differ in the size of their batches alone, smallest first."""
    series: dict[str, list[Run]] = {}
    for run in plan.runs:
        series.setdefault(_all_but_batch(plan, run), []).append(run)
    for key in sorted(series):
        runs = sorted(series[key], key=lambda run: (batch_tokens(plan, run), run))
        if len({batch_tokens(plan, run) for run in runs}) > 1:
            yield runs


def _batch_changes(plan: TranslationPlan) -> dict[_Key, set[int]]:
    found: dict[_Key, set[int]] = {}
    for runs in batch_series(plan):
        _add_changes("batch", runs, [batch_tokens(plan, run) for run in runs], found)
    return found


def _add_changes(
    kind: Kind, runs: Sequence[Run], sizes: Sequence[int], found: dict[_Key, set[int]]
) -> None:
    """Enter each run against the first one, if it is larger."""
    for run, size in zip(runs, sizes, strict=True):
        if size > sizes[0]:
            key: _Key = (kind, run.task, _system(run), _system(runs[0]))
            found.setdefault(key, set()).add(run.seed)


def _all_but_batch(plan: TranslationPlan, run: Run) -> str:
    """Return what must be equal in runs that differ in their batches alone, as text."""
    settings = plan.settings(run).model_dump(exclude={"max_tokens", "update_freq"})
    where = replace(run, method=plan.origin(run.method)).path
    return f"{where} {plan.temperature(run)} {sorted(settings.items(), key=str)}"
