# SPDX-License-Identifier: Apache-2.0
"""A task by what is read at test time: every setting, where other tables show one per system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xling.plan import Plan, Run
from xling.records import Record, Score
from xling.score import SMOOTHED, STANDARD
from xling.tables.agree import require_agreement, run_of
from xling.tables.caption import (
    SETTINGS,
    Caption,
    lost_english,
    run_notes,
    seeds_of,
    verdict,
)
from xling.tables.table import (
    AVG,
    Grid,
    System,
    cells_of,
    scored_languages,
    systems_in_order,
    with_means,
)
from xling.tasks import TASKS, Task

_TITLES = {
    "translate_test": "target logits",
    "translate_test_mean": "mean of both",
    "gold": "gold English, target logits (oracle)",
    "gold_mean": "gold English, mean of both (oracle)",
}
_ORACLES = ("gold", "gold_mean")
# A system is in no other setting than these: its own title is enough.
_UNTITLED = (STANDARD, SMOOTHED)


@dataclass(frozen=True)
class SettingRow(System):
    """One system in one setting.

    Attributes:
        setting: of its scores.
    """

    setting: str

    @property
    def title(self) -> str:
        """Name of the system and what is read; oracles say that they are."""
        if self.setting in _UNTITLED:
            return self.name
        return f"{self.name}, {_TITLES[self.setting]}"

    @property
    def competes(self) -> bool:
        """Whether a cell may be the best: nobody has the gold English of a new text."""
        return super().competes and self.setting not in _ORACLES


@dataclass(frozen=True)
class SettingsTable(Grid):
    """A task's main metric by system and setting.

    Attributes:
        systems: each system's settings together.
        languages: all that any of the runs is scored on, in the study's order.
    """

    task: Task
    languages: tuple[str, ...]

    @property
    def name(self) -> str:
        """Study, paper and the task's settings."""
        return f"{self.plan.study.name}/{self.paper}/{settings_name(self.task.name)}"

    @property
    def unit(self) -> str:
        """Metric and scale."""
        return f"{self.task.metric} 0-100"

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the task's table."""
        return with_means(self.languages)


def settings_name(task: str) -> str:
    """Return the name of the files of a task's settings."""
    return f"{task}-settings"


def tasks_with_settings(plan: Plan) -> list[tuple[str, str]]:
    """Return the (paper, task) pairs with a run that is tested in several settings."""
    return sorted(
        {
            (run.paper, run.task)
            for run in plan.runs
            if _shown(plan, run) and len(plan.test_settings(run)) > 1
        }
    )


def _shown(plan: Plan, run: Run) -> bool:
    """Variants are left out: each would have as many rows as its method."""
    return not plan.method(run.method).variant_of


def build_settings(plan: Plan, paper: str, task: str, records: Sequence[Record]) -> SettingsTable:
    """Collect the records of one paper and task.

    Raises:
        DataError: if the records must not be compared with each other.
    """
    chosen = [r for r in records if (r.paper, r.task) == (paper, task)]
    require_agreement(plan, chosen)
    runs = [r for r in plan.runs if (r.paper, r.task) == (paper, task) and _shown(plan, r)]
    languages = scored_languages(plan, task, runs)
    by_run = {run_of(record): record for record in chosen}
    rows = []
    for method, model in systems_in_order(plan, runs):
        own = sorted(run for run in runs if (run.method, run.model) == (method, model))
        found = tuple(by_run[run] for run in own if run in by_run)
        row = SettingRow(
            method=method,
            name=plan.method(method).title,
            model=model,
            records=found,
            missing=tuple(run.seed for run in own if run not in by_run),
            cells={},
            setting=STANDARD,
        )
        rows += [
            replace(row, setting=name, cells=cells_of([_scores(r, name) for r in found], languages))
            for name in plan.test_settings(own[0])
        ]
    return SettingsTable(plan, paper, tuple(rows), TASKS[task], languages)


def _scores(record: Record, setting: str) -> list[Score]:
    metric = TASKS[record.task].metric
    return [s for s in record.scores if (s.metric, s.setting) == (metric, setting)]


def settings_caption(table: SettingsTable) -> Caption:
    """Say what each setting reads, and which of them nobody can have."""
    models = sorted({system.model for system in table.systems})
    rows = [row for row in table.systems if isinstance(row, SettingRow)]
    used = [name for name in _TITLES if any(row.setting == name for row in rows)]
    # What is said of a system's runs is the same in all of its settings.
    notes = [
        note for row in rows for note in run_notes(replace(row, setting=STANDARD), table.languages)
    ]
    notes += [note for row in rows for note in lost_english(row, row.setting)]
    return Caption(
        title=f"{table.task.title} by what is read at test time: {table.task.metric_title}, "
        "0 to 100",
        made=(
            ("Cells", seeds_of(table.systems)),
            *((_TITLES[name][0].upper() + _TITLES[name][1:], SETTINGS[name]) for name in used),
            ("Other rows", "each test item is read by itself"),
            ("Best", "of each column without oracles"),
            ("Study", f"{table.plan.study.name} ({table.plan.study.description})"),
            (AVG, f"mean over all {len(table.languages)} languages"),
        ),
        verdict=verdict(table.plan, [table.task.name], models),
        notes=tuple(dict.fromkeys(notes)),
    )
