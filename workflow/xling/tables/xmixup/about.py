# SPDX-License-Identifier: Apache-2.0
"""What the captions of a paper's tables share: seeds, selection, how it was tested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from xling.config.study import ScratchEncoder
from xling.plan import Plan
from xling.tables.caption import POLICIES, Caption, run_notes, system_notes, verdict
from xling.tables.table import System, Table

UNREAD = "its tables could not be read (docs/reported.md)"


def sheet_caption(
    plan: Plan,
    tables: Sequence[Table],
    title: str,
    made: Sequence[tuple[str, str]],
    *,
    said: str = "",
    notes: Sequence[str] = (),
    runs_only: bool = False,
) -> Caption:
    """Return the caption of one table.

    Args:
        tables: the tasks and systems in it, one or more, of one paper.
        title: what it shows.
        made: what is particular about its numbers.
        said: the verdict of a study that is comparable with the paper.
        notes: below the table.
        runs_only: do not say in which setting the systems were tested.
    """
    tasks = [table.task.name for table in tables]
    models = sorted({system.model for table in tables for system in table.systems})
    study = plan.study
    return Caption(
        title=title,
        made=(
            *made,
            ("Seeds", _seeds(tables)),
            ("Selection of weights", _selection(tables)),
            ("Study", f"{study.name} ({study.description}), paper {tables[0].paper}"),
        ),
        verdict=said if said and study.comparable else verdict(plan, tasks, models),
        notes=(*notes, *_notes(tables, runs_only)),
    )


def encoder_words(plan: Plan, model: str) -> str:
    """Return an encoder's name, as the title of its rows."""
    scratch = isinstance(plan.study.encoders[model], ScratchEncoder)
    return f"{model} (trained on the study's own text)" if scratch else model


def metric_words(tables: Sequence[Table]) -> str:
    """Name the metrics with their tasks."""
    tasks: dict[str, list[str]] = {}
    for table in tables:
        tasks.setdefault(table.task.metric_title, []).append(table.task.title)
    return "; ".join(f"{name}: {', '.join(titles)}" for name, titles in tasks.items())


def item_words(tables: Sequence[Table]) -> str:
    """Say how an analysed item becomes a vector, as ``pooling_of`` chooses."""
    first = [t.task.title for t in tables if t.task.family == "classification"]
    mean = [t.task.title for t in tables if t.task.family != "classification"]
    words = [f"{', '.join(first)}: the first sub-word"] if first else []
    words += [f"{', '.join(mean)}: mean over the sub-words of the first window"] if mean else []
    return f"all that a language shares with en; {'; '.join(words)}"


def by_task(said: Iterable[tuple[str, str]], all_tasks: int) -> list[str]:
    """Return each sentence once, with the tasks it is said of; of all tasks: without them.

    Args:
        said: title of the task and sentence.
        all_tasks: how many there are.
    """
    tasks: dict[str, dict[str, None]] = {}
    for title, sentence in said:
        tasks.setdefault(sentence, {})[title] = None
    return [
        sentence if len(titles) == all_tasks else f"{', '.join(titles)}: {sentence}"
        for sentence, titles in tasks.items()
    ]


def _notes(tables: Sequence[Table], runs_only: bool) -> list[str]:
    """Return what to know of rows; systems and tasks of which the same is said stand together."""
    said: dict[str, dict[str, list[str]]] = {}
    for table in tables:
        found: dict[str, list[System]] = {}
        for system in table.systems:
            notes = run_notes(system, table.languages) if runs_only else system_notes(system, table)
            for note in notes:
                dagger, _, words = note.partition(f"{system.title}, {system.model}: ")
                found.setdefault(dagger + words, []).append(system)
        for words, systems in found.items():
            names = _names(systems, table)
            said.setdefault(words, {}).setdefault(names, []).append(table.task.title)
    return [_note(words, names) for words, names in said.items()]


def _names(systems: Sequence[System], table: Table) -> str:
    """Name systems; encoders only where the others of the same name are not among them."""
    if len(systems) == len(table.systems) > 1:
        return "all systems"
    names = []
    for title in dict.fromkeys(system.title for system in systems):
        models = [system.model for system in systems if system.title == title]
        every = len(models) == sum(system.title == title for system in table.systems)
        names.append(title if every else f"{title}, {', '.join(models)}")
    return "; ".join(names)


def _note(words: str, tasks: Mapping[str, Sequence[str]]) -> str:
    """Return a sentence behind those of whom it is said, with their tasks."""
    who = " | ".join(f"{names} ({', '.join(titles)})" for names, titles in tasks.items())
    dagger = "† " if words.startswith("† ") else ""
    return f"{dagger}{who}: {words.removeprefix(dagger)}"


def _seeds(tables: Sequence[Table]) -> str:
    """Say over which seeds means and deviations are, by task."""
    found: dict[str, list[str]] = {}
    for table in tables:
        seeds = {system.seeds for system in table.systems if system.seeds}
        words = "differ between systems (counts in the CSV file)" if seeds else "none run yet"
        if len(seeds) == 1:
            (same,) = seeds
            words = ", ".join(map(str, same)) + ("" if len(same) > 1 else " alone, no deviation")
        found.setdefault(words, []).append(table.task.title)
    said = [w if len(found) == 1 else f"{w} ({', '.join(t)})" for w, t in found.items()]
    several = any(len(system.seeds) > 1 for table in tables for system in table.systems)
    return "; ".join([*said, *(["mean ± sample standard deviation"] if several else [])])


def _selection(tables: Sequence[Table]) -> str:
    """Name the policies of selection, with tasks and systems where they differ."""
    # By policy, then by the systems that it is not all of: tasks.
    found: dict[str, dict[str, list[str]]] = {}
    for table in tables:
        policies = {s.title: _policies(s) for s in table.systems if s.records}
        for policy in dict.fromkeys(name for names in policies.values() for name in names):
            titles = [title for title, names in policies.items() if policy in names]
            who = "" if len(titles) == len(policies) else f" for {'; '.join(titles)}"
            found.setdefault(policy, {}).setdefault(who, []).append(table.task.title)
    if len(found) < 2:
        return POLICIES[next(iter(found))] if found else "nothing has been run yet"
    return " | ".join(
        f"{POLICIES[policy]} on "
        + " and on ".join(f"{', '.join(titles)}{who}" for who, titles in groups.items())
        for policy, groups in found.items()
    )


def _policies(system: System) -> list[str]:
    return list(dict.fromkeys(record.selection["policy"] for record in system.records))
