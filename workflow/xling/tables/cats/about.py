# SPDX-License-Identifier: Apache-2.0
"""What the captions of all tables of translation say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xling.mt.data.groups import language_groups
from xling.mt.scoring.averages import AVERAGES
from xling.mt.scoring.metrics import BLEU
from xling.tables.caption import Caption
from xling.tables.cats.results import Results, System
from xling.tasks import SOURCE_LANGUAGE

RECONSTRUCTION = (
    "CATS is a reconstruction from the paper's abstract and secondary sources, not the published "
    "algorithm (docs/cats.md)"
)
_DIRECTIONS = {"m2o": f"to {SOURCE_LANGUAGE}", "o2m": f"from {SOURCE_LANGUAGE}"}
_BENCHMARKS = {
    "ted8_related": "TED-8-Related",
    "ted8_diverse": "TED-8-Diverse",
    "wmt10": "WMT-10",
    "wmt6": "WMT-6",
    "opus100": "OPUS-100",
    "xnli_parallel": "parallel XNLI",
}
_POLICIES = {
    "best": "the checkpoint with the least mean loss over the languages' dev sets",
    "last": "the last checkpoint",
}


def task_title(task: str) -> str:
    """Return a task in words: ``TED-8-Diverse, to en``."""
    benchmark, _, direction = task.rpartition("-")
    return f"{_BENCHMARKS[benchmark]}, {_DIRECTIONS[direction]}"


def sheet_caption(
    results: Results,
    systems: Sequence[System],
    title: str,
    made: Sequence[tuple[str, str]] = (),
    *,
    metric: str = BLEU,
    notes: Sequence[str] = (),
) -> Caption:
    """Return the caption of a table.

    Args:
        systems: those in it.
        title: what it shows.
        made: what is particular about its numbers.
        metric: whose signature is given.
        notes: below the table.
    """
    study = results.plan.study
    return Caption(
        title=title,
        made=(
            *made,
            ("Method", RECONSTRUCTION),
            ("Seeds", _seeds(systems)),
            ("sacreBLEU", _signatures(systems, metric)),
            ("Selection of weights", _selection(systems)),
            ("Study", f"{study.name} ({study.description})"),
        ),
        verdict=verdict(results),
        notes=(*notes, *_notes(systems)),
    )


def verdict(results: Results) -> str:
    """Say whether numbers may be held against the paper's."""
    unread = "the paper's own scores could not be read (docs/reported.md)"
    study = results.plan.study
    if study.comparable:
        return f"no paper value: {unread}"
    reason = "artificial languages" if study.data.artificial is not None else "the study says so"
    return f"not comparable with the paper: {reason}; {unread}"


def group_words(results: Results, task: str) -> str:
    """Say which languages are in which average, with their training pairs."""
    rows = results.train_rows(task)
    benchmark = task.rpartition("-")[0]
    groups = results.plan.groups(benchmark)
    parts = [
        f"{AVERAGES[name]}: "
        + ", ".join(
            f"{code} {rows.get(code, 0):,}" for code in results.languages(task) if code in codes
        )
        for name, codes in groups.items()
        if codes
    ]
    rule = "halves by training size"
    if results.plan.train_sizes(benchmark) is None:
        sources = {row.source for row in language_groups(benchmark).values() if row.group}
        rule = "; ".join(sorted(sources))
    every = "avg: all languages; each an unweighted mean of languages' scores"
    return f"{'; '.join(parts)} training pairs ({rule}); {every}"


def name_of(system: System) -> str:
    """Return a row's title, with a dagger if a run of it collapsed."""
    return f"{system.title} †" if system.collapsed else system.title


def _seeds(systems: Sequence[System]) -> str:
    found = {tuple(r.seed for r in system.records) for system in systems if system.records}
    if not found:
        return "nothing has been run yet"
    if max(map(len, found)) < 2:
        return "one per system, so no standard deviation"
    if len(found) > 1:
        counts = f"{min(map(len, found))} to {max(map(len, found))}"
        return f"{counts} per system; mean ± sample standard deviation over the seeds of each row"
    (same,) = found
    return f"{len(same)} ({', '.join(map(str, same))}); mean ± sample standard deviation"


def _signatures(systems: Sequence[System], metric: str) -> str:
    """Name the signatures with the languages they are for; one of all languages stands alone."""
    found: dict[str, dict[str, None]] = {}
    for system in systems:
        for record in system.records:
            for s in record.scores:
                if s.metric == metric and s.language not in AVERAGES.values():
                    found.setdefault(s.signature, {})[s.language] = None
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{name} ({', '.join(codes)})" for name, codes in found.items()) or "no score"


def _selection(systems: Sequence[System]) -> str:
    found: dict[str, dict[str, None]] = {}
    for system in systems:
        for record in system.records:
            found.setdefault(record.selection["policy"], {})[system.title] = None
    if len(found) == 1:
        return _POLICIES[next(iter(found))]
    said = (f"{_POLICIES[name]} for {', '.join(titles)}" for name, titles in sorted(found.items()))
    return "; ".join(said) or "nothing has been run yet"


def _notes(systems: Sequence[System]) -> Iterator[str]:
    """Say which runs collapsed or are missing."""
    for system in systems:
        name = f"{system.title}, {system.model}, {task_title(system.task)}"
        if system.collapsed:
            seeds = ", ".join(map(str, system.collapsed))
            yield f"† {name}: nothing was learned with seed {seeds}, which is part of the means."
        if system.missing:
            yield f"{name}: not run: seed {', '.join(map(str, system.missing))}."
