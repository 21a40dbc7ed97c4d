# SPDX-License-Identifier: Apache-2.0
"""What the report's template shows, as plain lists and dictionaries of text and numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from xling.check import Prepared
from xling.plan import DISTILLATION, TRANSLATION, Plan
from xling.records import Record
from xling.report.rows import Row, by_language, text_of
from xling.tables.agree import run_of
from xling.tables.caption import Caption, caption, verdict
from xling.tables.overview import build_overviews, overview_caption
from xling.tables.render import name_of, spread
from xling.tables.settings import (
    build_settings,
    settings_caption,
    settings_name,
    tasks_with_settings,
)
from xling.tables.sweep import build_sweep, sweep_caption, sweep_name, sweeps
from xling.tables.table import Grid, System, Table, build_tables, main_scores
from xling.tasks import TASKS


def facts(plan: Plan, records: Sequence[Record]) -> list[tuple[str, str]]:
    """Return what was run, in a few words each."""
    names = dict.fromkeys(name for block in plan.study.experiments for name in block.methods)
    found = [
        ("papers", ", ".join(plan.papers)),
        ("tasks", ", ".join(TASKS[task].title for task in plan.tasks)),
        ("systems", ", ".join(plan.method(name).title for name in names)),
        ("encoders", ", ".join(plan.models)),
        ("seeds", ", ".join(map(str, sorted({run.seed for run in plan.all_runs})))),
        ("runs", f"{len(records)} of {len(plan.all_runs)}"),
        ("trained models", str(len(plan.all_trainings))),
    ]
    return [(name, words) for name, words in found if words]


def study_verdict(plan: Plan) -> str:
    """Return the verdict over all tables of the study."""
    return verdict(plan, plan.tasks, plan.models)


def results(plan: Plan, records: Sequence[Record]) -> list[Row]:
    """Return each table with its caption, and the scores of every single run."""
    return [
        _result(table) | {"details": _details(plan, table, records)}
        for table in build_tables(plan, records)
    ]


def _result(table: Table) -> Row:
    about = caption(table)
    return {
        "paper": table.paper,
        "task": table.task.name,
        "title": table.task.title,
        "metric": table.task.metric_title,
        "caption": about,
        "columns": table.columns,
        "rows": [_row(table, system) for system in table.systems],
        "languages": table.languages,
        "seeds": [
            {
                "title": system.title,
                "model": record.model,
                "seed": record.seed,
                "values": _values(record, table.languages),
                "flags": record.flags,
            }
            for system in table.systems
            for record in system.records
        ],
        "chance": by_language({code: f"{value:.1f}" for code, value in table.chance.items()}),
    }


def overviews(plan: Plan, records: Sequence[Record]) -> list[Row]:
    """Return the overview of each paper that has several tasks."""
    return [
        {
            "paper": one.paper,
            "caption": overview_caption(one),
            "columns": one.columns,
            "rows": [_row(one, system) for system in one.systems],
        }
        for one in build_overviews(plan, records)
    ]


def _details(plan: Plan, table: Table, records: Sequence[Record]) -> list[Row]:
    """Return the task by layer and by setting, if the study scores several of them."""
    task, found = table.task.name, []
    if (table.paper, task) in sweeps(plan):
        sweep = build_sweep(plan, table.paper, task, records)
        found.append(_detail(sweep_name(task), sweep, sweep_caption(sweep)))
    if (table.paper, task) in tasks_with_settings(plan):
        by_setting = build_settings(plan, table.paper, task, records)
        found.append(_detail(settings_name(task), by_setting, settings_caption(by_setting)))
    return found


def _detail(name: str, grid: Grid, about: Caption) -> Row:
    return {
        "name": name,
        "caption": about,
        "columns": grid.columns,
        "rows": [_row(grid, system) for system in grid.systems],
    }


def _row(table: Grid, system: System) -> Row:
    cells: list[Row | None] = []
    for column in table.columns:
        cell = system.cells.get(column)
        if cell is None:
            cells.append(None)
            continue
        mean, sd = f"{cell.mean:.1f}", spread(cell, "± ")
        cells.append({"mean": mean, "sd": sd, "best": table.is_best(system, column)})
    return {
        "title": name_of(system),
        "model": system.model,
        "cells": cells,
        "seeds": system.count,
    }


def _values(record: Record, languages: Sequence[str]) -> list[str | None]:
    values = {s.language: f"{s.value:.1f}" for s in main_scores(record)}
    return [values.get(code) for code in languages]


def settings(records: Sequence[Record]) -> Row:
    """Return resolved settings: those shared by all runs, and the others by group of runs."""
    groups: dict[str, tuple[dict[str, str], list[str]]] = {}
    for record in sorted(records, key=run_of):
        flat = _flat(record.settings)
        key = json.dumps(flat, sort_keys=True)
        groups.setdefault(key, (flat, []))[1].append(run_of(record).path)
    keys = sorted({key for flat, _ in groups.values() for key in flat})
    values = {key: {flat.get(key, "–") for flat, _ in groups.values()} for key in keys}
    shared = [(key, *values[key]) for key in keys if len(values[key]) == 1]
    return {
        "shared": shared,
        "groups": [runs for _, runs in groups.values()],
        "differing": [
            (key, [flat.get(key, "–") for flat, _ in groups.values()])
            for key in keys
            if len(values[key]) > 1
        ],
    }


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested settings under dotted names."""
    out: dict[str, str] = {}
    for key in sorted(value):
        if isinstance(value[key], Mapping):
            out.update(_flat(value[key], f"{prefix}{key}."))
        else:
            out[f"{prefix}{key}"] = text_of(value[key])
    return out


def data(
    records: Sequence[Record], prepared: Prepared, also: Mapping[tuple[str, str], str]
) -> list[Row]:
    """Return each prepared split: rows, labels, what was dropped, origin, checksum.

    Args:
        records: say which files were read.
        prepared: summaries by (task, split).
        also: checksums of splits that records call by another name.
    """
    checksums = {
        (record.task, split): use.sha256 for record in records for split, use in record.data.items()
    }
    checksums |= also
    return [
        {
            "task": task,
            "split": split,
            "rows": by_language(summary["rows"], " rows"),
            "labels": by_language(summary["labels"]),
            "dropped": text_of(summary["dropped"]),
            "notes": summary["notes"],
            "origin": summary["origin"],
            "translations": summary["translations"]
            if split.startswith(("translate", "back_translate"))
            else "",
            "sources": [
                f"{source['path']}, {source['bytes']} bytes, SHA-256 {source['sha256']}"
                for source in summary["sources"]
            ],
            "sha256": checksums.get((task, split), "in no record"),
        }
        for (task, split), summary in sorted(prepared.items())
    ]


def runs(plan: Plan, records: Sequence[Record]) -> Row:
    """Return the list of runs: how weights were chosen, time, speed, memory."""
    timed = sorted({key for record in records for key in record.timing})
    # A column of zeros (GPU memory on a CPU) says nothing.
    timed = [key for key in timed if any(record.timing.get(key) for record in records)]
    rows = []
    for record in sorted(records, key=run_of):
        run = run_of(record)
        rows.append(
            {
                "run": run,
                "title": _title(plan, record),
                "trained_as": record.trained_as if record.trained_as != run.path else "",
                "selection": text_of(record.selection),
                "timing": [record.timing.get(key) for key in timed],
                "flags": record.flags,
            }
        )
    return {"timing": [key.replace("_", " ") for key in timed], "rows": rows}


def _title(plan: Plan, record: Record) -> str:
    """Return the title of a record's system."""
    if plan.translation and record.paper == TRANSLATION:
        return plan.translation.title(record.method)
    if plan.distillation and record.paper == DISTILLATION:
        return plan.distillation.title(record.method)
    return plan.method(record.method).title


def machines(records: Sequence[Record]) -> list[Row]:
    """Return hardware, library versions and stage versions, each kind once."""
    found = []
    for name, part in (
        ("hardware", lambda r: r.hardware),
        ("libraries", lambda r: r.versions),
        ("stage versions", lambda r: r.stages),
    ):
        groups: dict[str, int] = {}
        for record in sorted(records, key=run_of):
            words = text_of(part(record))
            groups[words] = groups.get(words, 0) + 1
        found.append({"name": name, "groups": list(groups.items())})
    return found
