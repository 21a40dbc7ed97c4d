# SPDX-License-Identifier: Apache-2.0
"""Larger models and larger batches: scores, and each system against itself at the smallest size.

The abstract claims robustness to both.  The sizes of the paper's own sweeps are not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xling.mt.plan import PAPER
from xling.mt.scoring.averages import ALL, AVERAGES
from xling.mt.scoring.contrasts import batch_tokens, parameters
from xling.mt.scoring.metrics import MAIN
from xling.mt.scoring.results import ContrastResult
from xling.plan import Run
from xling.tables.cats.about import name_of, sheet_caption, task_title
from xling.tables.cats.differences import (
    INTERVAL,
    compared,
    facts,
    in_order,
    interval,
    words_of_tests,
)
from xling.tables.cats.planned import BATCHES, MODELS
from xling.tables.cats.results import Results, System, printed
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet

# What changes grow with: low- and high-resource languages.
_SHOWN = (AVERAGES["low"], AVERAGES["high"], ALL)
_WORDS = {
    "model": ("Over-parameterisation: BLEU by size of the model", "weights in layers (millions)"),
    "batch": (
        "Batch size: BLEU by sub-words of an update",
        "sub-words of an update on one GPU; updates are as many, so larger batches see more text",
    ),
}
_FILES = {"model": MODELS, "batch": BATCHES}


def build(results: Results, kind: str) -> Sheet:
    """Return the table of a sweep: ``model`` or ``batch``."""
    title, size = _WORDS[kind]
    sections, pairs = [], []
    for task in results.plan.tasks:
        own = in_order(results, kind, task)
        if own:
            pairs += own
            sections.append(_section(results, kind, task, own))
    shown = compared(results, pairs)
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{_FILES[kind]}",
        caption=sheet_caption(
            results,
            shown,
            title,
            (
                ("Size", size + (", embeddings left out" if kind == "model" else "")),
                ("Change", "BLEU less that of the same system at its smallest size, 95 % interval"),
                *words_of_tests(results, [one.task for one in pairs], [INTERVAL]),
            ),
        ),
        labels=("system", "model"),
        sections=tuple(sections),
        facts=tuple(_facts(results, kind, shown, pairs)),
    )


def _section(results: Results, kind: str, task: str, pairs: Sequence[ContrastResult]) -> Section:
    averages = [name for name in results.group_columns(task) if name in _SHOWN]
    by_first = {(one.first, one.first_model): one for one in pairs}
    systems = [one for one in compared(results, pairs) if one.task == task]
    order = list(dict.fromkeys(results.plan.origin(one.method) for one in systems))
    systems.sort(
        key=lambda one: (order.index(results.plan.origin(one.method)), _size(results, kind, one))
    )
    rows = [
        Row(
            (name_of(one), one.model),
            (
                Entry(_size_words(kind, _size(results, kind, one))),
                *(printed(one.cell(MAIN, name)) for name in averages),
                *_changes(by_first.get((one.method, one.model)), averages),
            ),
        )
        for one in systems
    ]
    heads = ("size", *averages, *(f"change of {name}" for name in averages))
    return Section(task_title(task), heads, tuple(rows))


def _changes(one: ContrastResult | None, averages: Sequence[str]) -> Iterator[Entry]:
    for name in averages:
        if one is None:
            yield NOTHING
        else:
            test = one.averages[name]
            yield Entry(f"{test.difference:+.1f} ({interval(test)})")


def _size(results: Results, kind: str, one: System) -> int:
    if kind == "model":
        return parameters(results.plan, one.model)
    return batch_tokens(results.plan, Run(PAPER, one.method, one.model, one.task, 0))


def _size_words(kind: str, size: int) -> str:
    return f"{size / 1e6:.3g}" if kind == "model" else f"{size:,}"


def _facts(
    results: Results, kind: str, systems: Sequence[System], pairs: Sequence[ContrastResult]
) -> Iterator[Mapping[str, Fact]]:
    sizes = {(s.task, s.method, s.model): _size(results, kind, s) for s in systems}
    for one in pairs:
        for fact in facts(one):
            yield {
                **fact,
                "size": sizes[one.task, one.first, one.first_model],
                "other_size": sizes[one.task, one.second, one.second_model],
            }
