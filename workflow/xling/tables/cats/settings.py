# SPDX-License-Identifier: Apache-2.0
"""What was trained with: settings of all runs, beside what sources publish for the same data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from xling.mt.paper_settings import SECTIONS, Section, cats_settings
from xling.mt.plan import PAPER, TranslationPlan
from xling.papers import Setting
from xling.plan import Run
from xling.tables.cats.about import sheet_caption, task_title
from xling.tables.cats.planned import SETTINGS
from xling.tables.cats.results import Results
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Sheet
from xling.tables.sheet import Section as Part

# By setting and value: the systems that have it, or the models.
_Values = dict[tuple[str, str], dict[str, list[str]]]


def build(results: Results) -> Sheet:
    """Return the table: a row per setting, benchmarks and directions as sections."""
    plan = results.plan
    by_task = {task: _values(plan, task) for task in plan.tasks}
    published = {task: _published(task) for task in plan.tasks}
    return Sheet(
        name=f"{plan.study.name}/{PAPER}/{SETTINGS}",
        caption=sheet_caption(
            results,
            results.systems,
            "Settings of all runs",
            (
                (
                    "Published",
                    "what sources say of the same data or of a method of this name, never the "
                    "paper itself, whose settings could not be read (config/papers/cats.yaml)",
                ),
                ("Several values", "each with its systems; all others have the first"),
            ),
        ),
        labels=("part", "setting"),
        sections=tuple(
            Part(
                task_title(task),
                ("used", "published", "source"),
                tuple(
                    Row(key, (Entry(_used(found)), *_source(published[task].get(key))))
                    for key, found in values.items()
                ),
            )
            for task, values in by_task.items()
        ),
        facts=tuple(_facts(by_task, published)),
    )


def _values(plan: TranslationPlan, task: str) -> _Values:
    """Return all settings of a task's runs; seeds do not count."""
    found: _Values = {}
    # One run per system: seeds differ in nothing that is listed.
    runs = {(run.method, run.model): run for run in reversed(plan.runs) if run.task == task}
    for run in sorted(runs.values()):
        system = f"{plan.title(run.method)} with {run.model}"
        for key, value in _settings(plan, run):
            text = json.dumps(value, ensure_ascii=False, sort_keys=True)
            # An architecture is the same for all systems.
            name = run.model if key[0] == "model" else system
            names = found.setdefault(key, {}).setdefault(text, [])
            names += [name] if name not in names else []
    return found


def _settings(plan: TranslationPlan, run: Run) -> Iterator[tuple[tuple[str, str], Any]]:
    plug_in = plan.plug_in(run)
    training = plan.settings(run).model_dump(exclude={"weighting", "sampling_temperature"})
    weighting = plug_in.weighting.model_dump(exclude={"seed"})
    parts = {
        "model": plan.model(run).model_dump(),
        "training": {"sampling_temperature": plan.temperature(run), **training},
        "vocabulary": plan.choice_of(plan.benchmark(run)).vocabulary.model_dump(),
        "data": plan.choice_of(plan.benchmark(run)).model_dump(
            include={"variant", "deduplicate", "dev_rows"}
        ),
        f"weighting: {plug_in.method}": weighting,
    }
    for part, values in parts.items():
        for name, value in values.items():
            yield (part, name), value


def _published(task: str) -> dict[tuple[str, str], Setting]:
    """Return what sources say of a task; nothing where the file lacks the benchmark."""
    benchmark, paper = task.rpartition("-")[0], cats_settings()
    if benchmark not in paper.benchmarks:
        return {}
    heads: dict[Section, str] = {name: name for name in SECTIONS if name != "run"}
    heads["weighting"] = "weighting: cats"
    return {
        (head, key): one
        for name, head in heads.items()
        for key, one in paper.section(name, benchmark).items()
    }


def _used(found: Mapping[str, list[str]]) -> str:
    """Return a value; of several the most frequent first, the others with their systems."""
    texts = sorted(found, key=lambda text: (-len(found[text]), text))
    others = (f"{text} ({'; '.join(found[text])})" for text in texts[1:])
    return "; ".join([texts[0], *others])


def _source(setting: Setting | None) -> tuple[Entry, Entry]:
    if setting is None or setting.published is None:
        return NOTHING, NOTHING
    return Entry(json.dumps(setting.published, ensure_ascii=False)), Entry(setting.source)


def _facts(
    by_task: Mapping[str, _Values], published: Mapping[str, Mapping[tuple[str, str], Setting]]
) -> Iterator[Mapping[str, Fact]]:
    for task, values in by_task.items():
        for (part, name), found in values.items():
            setting = published[task].get((part, name))
            source = cats_settings().sources.get(setting.source) if setting else None
            known = setting is not None and setting.published is not None
            for text in sorted(found):
                yield {
                    "task": task,
                    "part": part,
                    "setting": name,
                    "value": text,
                    "systems": "; ".join(found[text]),
                    "published": json.dumps(setting.published) if known and setting else None,
                    "source": source,
                    "why_ours": (setting.why or None) if setting else None,
                }
