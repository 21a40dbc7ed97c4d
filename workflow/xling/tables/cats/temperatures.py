# SPDX-License-Identifier: Apache-2.0
"""The temperature sweep, and CATS beside it: the front that any method has to beat.

Xin et al. 2022 show that methods which weight tasks end on it (cats.md, section 6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xling.mt.plan import PAPER
from xling.mt.scoring.metrics import MAIN
from xling.tables.cats.about import name_of, sheet_caption, task_title
from xling.tables.cats.planned import TEMPERATURES, temperature_methods
from xling.tables.cats.results import Results, System, printed
from xling.tables.sheet import Fact, Row, Section, Sheet


def build(results: Results) -> Sheet:
    """Return the table: temperatures from low to high, benchmarks and models as sections."""
    order = [*temperature_methods(results.plan), *_others(results)]
    systems = [one for one in results.systems if one.method in order]
    sections = []
    for task in results.plan.tasks:
        averages = results.group_columns(task)
        for model in results.plan.models:
            own = [one for one in systems if (one.task, one.model) == (task, model)]
            own.sort(key=lambda one: order.index(one.method))
            title = f"{task_title(task)}, {model}"
            sections += [Section(title, tuple(averages), _rows(own, averages))] if own else []
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{TEMPERATURES}",
        caption=sheet_caption(
            results,
            systems,
            "The temperature sweep: BLEU, averages over groups of languages",
            (
                (
                    "T",
                    "a language is drawn with a probability proportional to its number of training "
                    "pairs to the power of 1/T: 1 is proportional, 100 nearly uniform",
                ),
                ("Best", "of each column in bold"),
            ),
        ),
        labels=("system",),
        sections=tuple(sections),
        facts=tuple(_facts(results, systems)),
    )


def _others(results: Results) -> list[str]:
    return ["cats"] if any(one.method == "cats" for one in results.systems) else []


def _rows(systems: Sequence[System], averages: Sequence[str]) -> tuple[Row, ...]:
    rows = []
    best = {}
    for name in averages:
        cells = [one.cell(MAIN, name) for one in systems if not one.collapsed]
        best[name] = max((f"{cell.mean:.1f}" for cell in cells if cell), key=float, default="")
    for one in systems:
        cells = [one.cell(MAIN, name) for name in averages]
        entries = [
            printed(
                cell,
                best=cell is not None and not one.collapsed and f"{cell.mean:.1f}" == best[name],
            )
            for name, cell in zip(averages, cells, strict=True)
        ]
        rows.append(Row((name_of(one),), tuple(entries)))
    return tuple(rows)


def _facts(results: Results, systems: Sequence[System]) -> Iterator[Mapping[str, Fact]]:
    for one in systems:
        for name in (*results.languages(one.task), *results.group_columns(one.task)):
            cell = one.cell(MAIN, name)
            if cell:
                run = one.records[0]
                yield {
                    "task": one.task,
                    "model": one.model,
                    "method": one.method,
                    "temperature": float(run.settings["temperature"]),
                    "language": name,
                    "mean": cell.mean,
                    "sd": cell.sd,
                    "seeds": len(cell.values),
                }
