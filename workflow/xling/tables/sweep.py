# SPDX-License-Identifier: Apache-2.0
"""Retrieval by layer: the layer is a choice, so what the others would have given is shown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from xling.config.study import Search
from xling.plan import Plan
from xling.records import Record
from xling.score import STANDARD
from xling.tables.agree import require_agreement
from xling.tables.caption import Caption, verdict
from xling.tables.table import AVG, Cell, Grid, System, systems_in_order
from xling.tasks import TASKS, Task

LAYER = "layer-"


@dataclass(frozen=True)
class LayerRow(System):
    """One system with the sentence embeddings of one layer.

    Attributes:
        layer: 0 is the output of the embeddings.
        chosen: whether the study scores this layer.
    """

    layer: int
    chosen: bool

    @property
    def title(self) -> str:
        """Name of the method and the layer."""
        return f"{super().title}, layer {self.layer}{' (chosen)' if self.chosen else ''}"


@dataclass(frozen=True)
class Sweep(Grid):
    """A task's main metric by layer and language."""

    task: Task
    languages: tuple[str, ...]

    @property
    def name(self) -> str:
        """Study, paper and the task's layers."""
        return f"{self.plan.study.name}/{self.paper}/{sweep_name(self.task.name)}"

    @property
    def unit(self) -> str:
        """Metric and scale."""
        return f"{self.task.metric} 0-100"

    @property
    def columns(self) -> tuple[str, ...]:
        """Languages, then their mean."""
        return (*self.languages, AVG)


def sweep_name(task: str) -> str:
    """Return the name of the files of a sweep."""
    return f"{task}-layers"


def sweeps(plan: Plan) -> list[tuple[str, str]]:
    """Return the (paper, task) pairs whose layers are all scored."""
    swept = {
        name
        for name, settings in plan.study.tasks.items()
        if name == "tatoeba" and (settings.search or Search()).sweep
    }
    return sorted({(run.paper, run.task) for run in plan.runs if run.task in swept})


def build_sweep(plan: Plan, paper: str, task: str, records: Sequence[Record]) -> Sweep:
    """Collect the records of one paper and task.

    Raises:
        DataError: if the records must not be compared with each other.
    """
    chosen = [r for r in records if (r.paper, r.task) == (paper, task)]
    require_agreement(plan, chosen)
    runs = [r for r in plan.runs if (r.paper, r.task) == (paper, task)]
    rows = [
        row
        for method, model in systems_in_order(plan, runs)
        for row in _rows(
            plan.method(method).title,
            [r for r in chosen if (r.method, r.model) == (method, model)],
        )
    ]
    languages = tuple(plan.study.tasks[task].languages)
    return Sweep(plan, paper, tuple(rows), TASKS[task], languages)


def _rows(name: str, records: Sequence[Record]) -> list[LayerRow]:
    """Return the layers of one system; it has one record, as nothing about it is random."""
    rows = []
    for record in records:
        last = record.settings["encoder"]["layers"]
        layer = record.settings["decoding"]["layer"]
        own = last if layer is None else layer
        by_layer: dict[int, dict[str, Cell]] = {}
        for s in record.scores:
            number = own if s.setting == STANDARD else int(s.setting.removeprefix(LAYER))
            by_layer.setdefault(number, {})[s.language] = Cell((s.value,), s.n)
        for number, cells in sorted(by_layer.items()):
            mean = statistics.fmean(cell.mean for cell in cells.values())
            cells[AVG] = Cell((mean,), sum(cell.rows for cell in cells.values()))
            rows.append(
                LayerRow(
                    record.method, name, record.model, (record,), (), cells, number, number == own
                )
            )
    return rows


def sweep_caption(sweep: Sweep) -> Caption:
    """Say what is compared, and that it was not chosen by it."""
    models = sorted({system.model for system in sweep.systems})
    return Caption(
        title=f"{sweep.task.title} by layer: {sweep.task.metric_title}, 0 to 100",
        made=(
            ("Layers", "0 is the output of the embeddings; one forward pass serves all"),
            ("Chosen", "by the study beforehand; the best of a column was seen on the test set"),
            ("Study", f"{sweep.plan.study.name} ({sweep.plan.study.description})"),
        ),
        verdict=verdict(sweep.plan, [sweep.task.name], models),
        notes=(),
    )
