# SPDX-License-Identifier: Apache-2.0
"""Which figures of robust training a study has, and what is drawn in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xling.errors import DataError
from xling.plan import Plan, Run
from xling.records import Record
from xling.tables.robust.planned import BASELINE, PAPER, own_runs, tasks_with_pairs, variants
from xling.tasks import SOURCE_LANGUAGE, TASKS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xling.analysis.files import Analysis
    from xling.tables.robust.results import Results
    from xling.tables.table import Table

Analyses = Mapping[Run, "Analysis"]

PAIRS, DISTANCE = "figure-pairs", "figure-distance"
EMBEDDINGS, SWEEPS = "figure-embeddings", "figure-sweeps"
KINDS = {
    PAIRS: "The generalised setting: the baseline, and what each method gains over it",
    DISTANCE: "Gain over the baseline against distance to the source, by target language",
    EMBEDDINGS: "How far parallel examples are apart, in units of the mean embedding length, and "
    "the radii of ADV",
    SWEEPS: "Gain over the baseline by radius, noise and number of copies",
}


@dataclass(frozen=True)
class Planned:
    """One figure.

    Attributes:
        kind: what is drawn.
        name: of the file.
    """

    kind: str
    name: str
    task: str
    model: str


def planned_figures(plan: Plan) -> list[Planned]:
    """Return the figures that a study has; free of heavy imports: the Snakefile asks for it."""
    runs = own_runs(plan)
    cells = {(run.task, run.model) for run in runs}
    conditions: Mapping[str, Callable[[str, str], object]] = {
        PAIRS: lambda task, _: task in tasks_with_pairs(plan),
        DISTANCE: lambda task, model: (
            _compared(runs, task, model)
            and any(code != SOURCE_LANGUAGE for code in plan.study.tasks[task].languages)
        ),
        EMBEDDINGS: lambda task, model: measured_run(plan, task, model),
        SWEEPS: lambda task, model: _swept(plan, runs, task, model),
    }
    several = len({model for _, model in cells}) > 1
    return [
        Planned(kind, f"{kind}-{task}" + (f"-{model}" if several else ""), task, model)
        for kind, condition in conditions.items()
        for task in TASKS
        for model in sorted({model for _, model in cells})
        if (task, model) in cells and condition(task, model)
    ]


def _compared(runs: Sequence[Run], task: str, model: str) -> bool:
    methods = {run.method for run in runs if (run.task, run.model) == (task, model)}
    return BASELINE in methods and len(methods) > 1


def _swept(plan: Plan, runs: Sequence[Run], task: str, model: str) -> bool:
    own = {run.method for run in runs if (run.task, run.model) == (task, model)}
    return BASELINE in own and not own.isdisjoint(variants(plan))


def measured_run(plan: Plan, task: str, model: str) -> Run | None:
    """Return the baseline's run whose parallel examples are measured: that of its first seed."""
    own = [
        run
        for run in plan.analysed
        if (run.paper, run.method, run.task, run.model) == (PAPER, BASELINE, task, model)
    ]
    return own[0] if own else None


def measured_runs(plan: Plan) -> list[Run]:
    """Return the runs whose analyses figures are drawn of, sorted."""
    wanted = [one for one in planned_figures(plan) if one.kind == EMBEDDINGS]
    found = (measured_run(plan, one.task, one.model) for one in wanted)
    return sorted(run for run in found if run)


def draw_figures(
    plan: Plan, records: Sequence[Record], analyses: Analyses
) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """Yield the name of each figure, and its images by their endings.

    Raises:
        DataError: a run whose examples are drawn has no distances.
    """
    wanted = planned_figures(plan)
    if not wanted:
        return
    from xling.figures.style import images
    from xling.tables.robust.results import collect

    results = collect(plan, records)
    for one in wanted:
        yield one.name, images(lambda one=one: _figure(results, one, analyses))  # type: ignore[misc]


def _figure(results: Results, one: Planned, analyses: Analyses) -> Figure:
    from xling.figures import robust_drawings as drawings

    (table,) = (table for table in results.tables if table.task.name == one.task)
    title = f"{table.task.title}, study {results.plan.study.name}, {one.model}"
    if one.kind == PAIRS:
        return drawings.heat_maps(results, table, one.model, title)
    if one.kind == DISTANCE:
        return drawings.gain_by_distance(results, table, one.model, title)
    if one.kind == SWEEPS:
        return drawings.sweep_curves(results, table, one.model, title)
    run = measured_run(results.plan, one.task, one.model)
    found = analyses[run].embeddings if run and run in analyses else None
    if run is None or found is None:
        raise DataError(
            "a figure needs the distances of a run's parallel examples",
            where=run.path if run else one.name,
            allowed="an analysis of an encoder that robust training can perturb",
            fix="run snakemake again",
        )
    return drawings.distance_curves(
        found, _radii(results, table, one.model), f"{title}, seed {run.seed}"
    )


def _radii(results: Results, table: Table, model: str) -> list[float]:
    """Return the radii of the study's systems with ADV that are relative and L2, ascending."""
    found = set()
    for system in table.systems:
        if system.model == model and results.plan.method(system.method).base == "adv":
            run = Run(PAPER, system.method, model, table.task.name, 0)
            settings = results.plan.robust(run).adv
            if settings.norm == "l2" and settings.radius_unit == "relative":
                found.add(settings.radius)
    return sorted(found)
