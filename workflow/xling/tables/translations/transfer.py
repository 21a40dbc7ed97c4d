# SPDX-License-Identifier: Apache-2.0
"""Scores of the same method with translations of several sources, and what errors cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xling.comparison.results import Comparison, PairResult, Tested
from xling.comparison.translations import Sources, pairs, reference, sources
from xling.errors import DataError
from xling.plan import Plan
from xling.records import Record
from xling.tables.caption import Caption, run_notes, seeds_of, verdict
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet, number
from xling.tables.table import AVG, AVG_TARGETS, System, Table, build_table
from xling.tables.translations.about import FOLDER, engine_words
from xling.tasks import TASKS

NAME = "transfer"


@dataclass(frozen=True)
class Shown:
    """One row: a system, whose translations it reads, and how it differs from the reference."""

    group: Sources
    table: Table
    system: System
    source: str
    base: str
    right: str
    test: PairResult | None


def transfer_sheet(
    plan: Plan, records: Sequence[Record], comparisons: Sequence[Comparison]
) -> Sheet:
    """Return the table: a section per paper and task, a row per system, sources together.

    Raises:
        DataError: records must not be compared, or comparisons are not those of the plan.
    """
    assert plan.translations is not None, "only asked for where there are translations"
    tested = planned_tests(plan, comparisons)
    shown = [row for one in sources(plan) for row in _rows(plan, one, records, tested)]
    sections = []
    for key in dict.fromkeys((one.group.paper, one.group.task) for one in shown):
        own = [one for one in shown if (one.group.paper, one.group.task) == key]
        sections.append(_section(own))
    used = [name for name in plan.translations.engines if any(o.source == name for o in shown)]
    tasks = list(dict.fromkeys(one.group.task for one in shown))
    metrics = {TASKS[task].title: TASKS[task].metric_title for task in tasks}
    notes = [n for one in shown for n in run_notes(one.system, one.table.languages)]
    return Sheet(
        name=f"{plan.study.name}/{FOLDER}/{NAME}",
        caption=Caption(
            title="Transfer by whose translations are read",
            made=(
                ("Cells", seeds_of([one.system for one in shown])),
                ("Metric", "; ".join(f"{task}: {name}" for task, name in metrics.items())),
                ("Engines", engine_words(plan.translations, used)),
                (
                    "Lost",
                    f"{AVG_TARGETS}, less that with the reference: exact translations, or else "
                    "published ones",
                ),
                (
                    "Intervals",
                    f"95 %, paired bootstrap over test items, seeds averaged; {AVG_TARGETS}; p: "
                    "randomisation, after Holm over the rows of a paper",
                ),
                ("Study", f"{plan.study.name} ({plan.study.description})"),
            ),
            verdict=verdict(plan, tasks, sorted({one.group.model for one in shown})),
            notes=tuple(dict.fromkeys(notes)),
        ),
        labels=("method", "model", "translations"),
        sections=tuple(sections),
        facts=tuple(fact for one in shown for fact in _facts(one)),
    )


def base_title(plan: Plan, one: Sources) -> str:
    """Return the title of the method that systems share."""
    variant = plan.study.systems.get(one.systems[0])
    return plan.method(variant.method if variant else one.systems[0]).title


def planned_tests(
    plan: Plan, comparisons: Sequence[Comparison]
) -> dict[tuple[str, str, str, str, str], PairResult]:
    """Return what was found, by paper, task, model and both systems.

    Raises:
        DataError: comparisons are not those of the plan.
    """
    planned = {
        (paper, pair.task, pair.model, pair.first, pair.second)
        for paper in {one.paper for one in sources(plan)}
        for pair in pairs(plan, paper)
    }
    found = {
        (one.paper, pair.task, pair.model, pair.first, pair.second): pair
        for one in comparisons
        for pair in one.pairs
        if one.study == plan.study.name
    }
    if planned != set(found):
        lacking = sorted(planned ^ set(found))[0]
        raise DataError(
            "the comparisons of translations do not fit the study",
            where=f"{', '.join(lacking)}",
            allowed="the systems that the study plans with translations of several sources",
            fix="delete comparisons/translations-*.json and run snakemake again",
        )
    return found


def _rows(
    plan: Plan,
    one: Sources,
    records: Sequence[Record],
    tested: dict[tuple[str, str, str, str, str], PairResult],
) -> Iterator[Shown]:
    table = build_table(plan, one.paper, one.task, records)
    by_key = {(system.method, system.model): system for system in table.systems}
    right = reference(plan, one)
    base = base_title(plan, one)
    for source, method in one.methods.items():
        key = (one.paper, one.task, one.model, method, one.methods[right])
        system = by_key[method, one.model]
        yield Shown(one, table, system, source, base, right, tested.get(key))


def _section(rows: Sequence[Shown]) -> Section:
    first = rows[0]
    columns = first.table.columns
    return Section(
        f"{TASKS[first.group.task].title}, {first.group.paper}",
        (*columns, "lost", "95 %", "Holm p"),
        tuple(
            Row(
                (one.base, one.group.model, _source(one)),
                (*(number(one.system.cells.get(name)) for name in columns), *_lost(one)),
            )
            for one in rows
        ),
    )


def _source(one: Shown) -> str:
    return f"{one.source} (reference)" if one.source == one.right else one.source


def _lost(one: Shown) -> tuple[Entry, ...]:
    if one.test is None:
        return (NOTHING,) * 3
    mean = one.test.avg_targets
    return (
        Entry(f"{mean.difference:+.1f}"),
        Entry(f"[{mean.low:+.1f}, {mean.high:+.1f}]"),
        Entry(f"{mean.p_holm:.4f}"),
    )


def _facts(one: Shown) -> Iterator[dict[str, Fact]]:
    """Yield a line per column, in full."""
    tests: dict[str, Tested] = {}
    if one.test is not None:
        tests = {**one.test.languages, AVG: one.test.avg, AVG_TARGETS: one.test.avg_targets}
    for name in one.table.columns:
        cell, test = one.system.cells.get(name), tests.get(name)
        yield {
            "paper": one.group.paper,
            "task": one.group.task,
            "model": one.group.model,
            "system": one.system.method,
            "translations": one.source,
            "reference": one.right,
            "language": name,
            "mean": cell.mean if cell else None,
            "sd": cell.sd if cell else None,
            "seeds": len(cell.values) if cell else 0,
            "difference": test.difference if test else None,
            "low": test.low if test else None,
            "high": test.high if test else None,
            "p_randomisation": test.p_randomisation if test else None,
            "p_holm": test.p_holm if test else None,
            "items": test.items if test else None,
        }
