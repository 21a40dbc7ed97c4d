# SPDX-License-Identifier: Apache-2.0
"""The jobs of translations of our own with their files, as ``translate.smk`` would make them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xling.comparison.translations import compared_papers
from xling.figures.translations import figure_paths
from xling.status.folder import Folder, Job
from xling.tables.translations import table_paths
from xling.translations_costs import TranslationsCosts
from xling.translations_plan import PROJECTION


def own_translation_jobs(costs: TranslationsCosts, here: Folder) -> Iterator[Job]:
    """Return all of them in the order of the stages."""
    plan = costs.plan
    for engine, part in plan.converted:
        place = f"convert_engine/{engine}/{part}"
        note = plan.converted_path(engine, part)
        yield here.job("convert_engine", place, {"engine": engine, "part": part}, (note,))
    for engine, task, turn in plan.lists:
        if task != PROJECTION:
            yield _of_round(here, "list_sentences", engine, task, turn, (f"{turn}.parquet",))
    for engine in plan.projections:
        made = (f"translated/{engine}/{PROJECTION}/there.parquet",)
        yield here.job("list_projection", f"list_projection/{engine}", {"engine": engine}, made)
    yield from _shards(costs, here)
    for engine, task in plan.qualities:
        for turn in plan.rounds(engine, task):
            both = (f"{turn}/manifest.json", f"{turn}/products.json")
            yield _of_round(here, "build_products", engine, task, turn, both)
    yield from _reports(costs, here)


def _shards(costs: TranslationsCosts, here: Folder) -> Iterator[Job]:
    plan = costs.plan
    for engine, task, turn in plan.lists:
        for number in plan.shards:
            place = f"{engine}/{task}/{turn}/shard-{number}"
            yield here.job(
                "translate_shard",
                f"translate_shard/{place}",
                {"engine": engine, "listed": task, "turn": turn, "shard": str(number)},
                (f"translated/{place}.json",),
                threads=plan.part.machine.threads,
                gpus=costs.gpus(engine),
            )


def _reports(costs: TranslationsCosts, here: Folder) -> Iterator[Job]:
    plan = costs.plan
    for engine, task in plan.qualities:
        place = f"measure_quality/{engine}/{task}"
        made = (plan.quality_path(engine, task),)
        yield here.job("measure_quality", place, {"engine": engine, "task": task}, made)
    for engine in plan.projections:
        place, made = f"measure_projection/{engine}", (plan.projection_path(engine),)
        yield here.job("measure_projection", place, {"engine": engine}, made)
    for paper in compared_papers(plan.plan):
        place, made = f"compare_translations/{paper}", (f"comparisons/translations-{paper}.json",)
        yield here.job("compare_translations", place, {"paper": paper}, made)
    shown = [f"tables/{path}" for path in table_paths(plan.plan, Path())]
    shown += [f"figures/{path}" for path in figure_paths(plan.plan, Path())]
    yield here.job("tabulate_translations", "tabulate_translations", {}, tuple(shown))


def _of_round(
    here: Folder, rule: str, engine: str, task: str, turn: str, made: tuple[str, ...]
) -> Job:
    return here.job(
        rule,
        f"{rule}/{engine}/{task}/{turn}",
        {"engine": engine, "task": task, "turn": turn},
        tuple(f"translated/{engine}/{task}/{path}" for path in made),
    )
