# SPDX-License-Identifier: Apache-2.0
"""Scores of all systems on one benchmark and direction, in one metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from xling.mt.data.groups import language_groups
from xling.mt.plan import PAPER
from xling.mt.scoring.averages import members
from xling.mt.scoring.metrics import TITLES
from xling.tables.caption import Caption
from xling.tables.cats.about import group_words, name_of, sheet_caption, task_title
from xling.tables.cats.planned import scores_name
from xling.tables.cats.published import NOT_COMPARABLE, REASON, TITLE, Published, published
from xling.tables.cats.results import Results, System, printed
from xling.tables.sheet import Fact, Row, Section, Sheet

# Ours: with more, no page is wide enough; the CSV file has every language.
MOST_LANGUAGES = 20


def build(results: Results, task: str, metric: str) -> Sheet:
    """Return the table: systems by model, then published systems."""
    systems = results.of_task(task)
    languages, averages = results.languages(task), results.group_columns(task)
    columns = [*(languages if len(languages) <= MOST_LANGUAGES else []), *averages]
    sections = [
        Section(model, tuple(columns), _rows(list(own), metric, columns))
        for model, own in groupby(systems, key=lambda one: one.model)
    ]
    others = _published(results, task, metric, languages)
    if others:
        rows = tuple(one.row(columns) for one in others)
        sections.append(Section(TITLE, tuple(columns), rows))
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{scores_name(task, metric)}",
        caption=_caption(results, systems, task, metric, others),
        labels=("system",),
        sections=tuple(sections),
        facts=tuple(_facts(results, systems, task, metric, [*languages, *averages], others)),
    )


def _published(
    results: Results, task: str, metric: str, languages: Sequence[str]
) -> list[Published]:
    if results.plan.study.data.artificial is not None:
        return []
    scored = [row for row in language_groups(task.rpartition("-")[0]).values() if row.group]
    return published(task, metric, languages, len(scored))


def _rows(systems: Sequence[System], metric: str, columns: Sequence[str]) -> tuple[Row, ...]:
    best = {}
    for column in columns:
        cells = [one.cell(metric, column) for one in systems if not one.collapsed]
        means = [cell.mean for cell in cells if cell]
        if len(means) > 1:
            best[column] = f"{max(means):.1f}"
    rows = []
    for system in systems:
        entries = []
        for column in columns:
            cell = system.cell(metric, column)
            top = cell is not None and f"{cell.mean:.1f}" == best.get(column)
            entries.append(printed(cell, best=top and not system.collapsed))
        rows.append(Row((name_of(system),), tuple(entries)))
    return tuple(rows)


def _caption(
    results: Results, systems: Sequence[System], task: str, metric: str, others: Sequence[Published]
) -> Caption:
    left_out = {
        record.settings["scoring"]["left_out"].get(metric, "")
        for system in systems
        for record in system.records
    }
    notes = [f"{TITLES[metric]} left out: {reason}." for reason in sorted(left_out) if reason]
    if others:
        notes.append(f"Published systems differ from ours in more than the method: {REASON}.")
    hidden = len(results.languages(task)) > MOST_LANGUAGES
    return sheet_caption(
        results,
        systems,
        f"{task_title(task)}: {TITLES[metric]}, 0 to 100",
        (
            ("Columns", "languages from the smallest training set to the largest, then averages")
            if not hidden
            else ("Columns", "averages; each language is in the CSV file"),
            ("Averages", _group_words(results, task, hidden)),
            ("Best", "of each column and model in bold"),
        ),
        metric=metric,
        notes=notes,
    )


def _group_words(results: Results, task: str, hidden: bool) -> str:
    if not hidden:
        return group_words(results, task)
    groups = members(results.plan.groups(task.rpartition("-")[0]))
    counts = ", ".join(f"{name} {len(codes)}" for name, codes in groups.items())
    return f"unweighted means of languages' scores; languages in each: {counts}"


def _facts(
    results: Results,
    systems: Sequence[System],
    task: str,
    metric: str,
    columns: Sequence[str],
    others: Sequence[Published],
) -> Iterator[Mapping[str, Fact]]:
    rows = results.train_rows(task)
    for system in systems:
        for column in columns:
            cell = system.cell(metric, column)
            if cell:
                yield {
                    **_head(task, metric, "ours", column, system.title, system.model),
                    "method": system.method,
                    "train_pairs": rows.get(column),
                    "mean": cell.mean,
                    "sd": cell.sd,
                    "seeds": len(cell.values),
                    "n": cell.rows,
                    "collapsed_seeds": " ".join(map(str, system.collapsed)),
                    "verdict": None,
                    "source": None,
                }
    for one in others:
        for column in columns:
            if column in one.cells:
                found = one.cells[column]
                title = f"{one.paper}, {one.table}: {one.system}"
                yield {
                    **_head(task, metric, "published", column, title, one.model),
                    "method": found.method or None,
                    "train_pairs": None,
                    "mean": found.value,
                    **dict.fromkeys(("sd", "seeds", "n", "collapsed_seeds")),
                    "verdict": NOT_COMPARABLE,
                    "source": found.source,
                }


def _head(
    task: str, metric: str, kind: str, column: str, system: str, model: str
) -> dict[str, Fact]:
    return {
        "task": task,
        "metric": metric,
        "kind": kind,
        "language": column,
        "system": system,
        "model": model,
    }
