# SPDX-License-Identifier: Apache-2.0
"""The plan of a study as text: its runs, and what each stage will take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap

from xling.costs import shape_of
from xling.distill.job_costs import DistillCosts
from xling.estimate import StageCost
from xling.mt.job_costs import TranslationCosts
from xling.plan import DISTILLATION, TRANSLATION, Plan

# Ours: two columns of names and the rest fit into 120 characters.
_NAMES_WIDTH = 44
_NOTES = (
    "CPU: cores times the time that jobs hold them; GPU: the same of GPUs, in hours of an A100 (an",
    "H100 is about 1.9 times as fast).  Disk: what stays.  Take estimates as right within a factor",
    "of two; measured stages are the mean of the finished jobs times all jobs.",
)


def format_plan(plan: Plan, stages: Sequence[StageCost]) -> str:
    """Return the runs, the table of stages and what to know about its numbers."""
    study = plan.study
    lines = [
        _head(plan),
        study.description,
        "",
        *_columns([("paper", "methods", "models", "tasks", "seeds"), *_blocks(plan)], right=()),
        "",
        *_columns(
            [("stage", "jobs", "CPU", "GPU", "disk", ""), *_rows(stages)], right=(1, 2, 3, 4)
        ),
        "",
        *_NOTES,
        *_gpus(plan),
        *_disk_while_running(plan),
        *_taken_for_published(plan),
        *_unknown(plan),
    ]
    return "\n".join(lines) + "\n"


def _head(plan: Plan) -> str:
    """Say how many runs and trainings there are."""
    runs, trainings = len(plan.all_runs), len(plan.all_trainings)
    return f"study {plan.study.name}: {runs} runs, {trainings} models to train"


def _blocks(plan: Plan) -> list[tuple[str, ...]]:
    """Return the rows of each experiment of the study: one, or more where names are many."""
    study = plan.study
    blocks: list[tuple[Sequence[str | int], ...]] = [
        ([one.paper], one.methods, one.models, one.tasks, one.seeds) for one in study.experiments
    ]
    for block in study.translation.experiments if study.translation else []:
        tasks = [f"{name}-{way}" for name in block.benchmarks for way in block.directions]
        blocks.append(([TRANSLATION], block.methods, block.models, tasks, block.seeds))
    grids = plan.distillation.grids if plan.distillation else []
    blocks += [([DISTILLATION], *grid) for grid in grids]
    rows: list[tuple[str, ...]] = []
    for parts in blocks:
        cells = [
            wrap(", ".join(map(str, names)), _NAMES_WIDTH, break_on_hyphens=False)
            for names in parts
        ]
        rows += zip_longest(*cells, fillvalue="")
    return rows


def _rows(stages: Sequence[StageCost]) -> list[tuple[str, ...]]:
    """Return one row for each stage and their total."""
    rows = [
        (
            cost.stage,
            str(cost.jobs),
            hours(cost.cpu_hours, "CPU-h"),
            hours(cost.gpu_hours, "GPU-h"),
            megabytes(cost.disk_mb),
            cost.basis,
        )
        for cost in stages
    ]
    total = (
        "total",
        str(sum(cost.jobs for cost in stages)),
        _total([cost.cpu_hours for cost in stages], "CPU-h"),
        _total([cost.gpu_hours for cost in stages], "GPU-h"),
        _total([cost.disk_mb for cost in stages], ""),
        "",
    )
    return [*rows, total]


def _total(values: list[float | None], unit: str) -> str:
    """Return the sum of what is known, marked if something is not."""
    known = sum(value for value in values if value is not None)
    text = hours(known, unit) if unit else megabytes(known)
    return f"> {text}" if None in values else text


def hours(value: float | None, unit: str) -> str:
    """Return a time that people can read: 35 s, 12 min, 1.2 CPU-h; "-" for none at all."""
    if value is None:
        return "unknown"
    if value == 0:
        return "-"
    if value * 3600 < 59.5:
        return f"{max(1, round(value * 3600))} s"
    if value * 60 < 59.5:
        return f"{value * 60:.0f} min"
    return f"{value:,.1f} {unit}" if value < 99.5 else f"{value:,.0f} {unit}"


def megabytes(value: float | None) -> str:
    """Return a size that people can read: 3.4 GB; "-" for none at all."""
    if value is None:
        return "unknown"
    if value == 0:
        return "-"
    for unit, size in (("TB", 1e6), ("GB", 1e3)):
        if value >= 0.995 * size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f} MB" if value >= 9.95 else f"{max(value, 0.1):.1f} MB"


def _columns(rows: list[tuple[str, ...]], right: tuple[int, ...]) -> list[str]:
    """Align the cells of a table; the columns in ``right`` to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _gpus(plan: Plan) -> list[str]:
    """Say how many GPUs, and of which type, the study's trainings ask for."""
    counts: Counter[tuple[int, str]] = Counter()
    trainings = plan.all_trainings
    for run in trainings:
        asked = plan.resources(run)
        counts[asked.gpu, asked.gpu_type or "any type"] += 1
    if not any(gpus for gpus, _ in counts):
        return []
    parts = [
        f"{f'{gpus} of {kind}' if gpus else 'none'} ({jobs} of {len(trainings)})"
        for (gpus, kind), jobs in sorted(counts.items(), reverse=True)
    ]
    return [f"GPUs that a training asks for: {', '.join(parts)}."]


def _disk_while_running(plan: Plan) -> list[str]:
    """Say how much disk a running training holds on top (checkpoints, removed at the end)."""
    shapes = [shape_of(plan.study.encoders[name], plan.positions) for name in plan.models]
    sizes = [shape.training_mb for shape in shapes if shape is not None]
    if plan.translation:
        sizes.append(TranslationCosts(plan.translation).training_mb)
    if plan.distillation:
        sizes.append(DistillCosts(plan).training_mb)
    if not sizes:
        return []
    return [f"Each running training holds up to {megabytes(max(sizes))} more for checkpoints."]


def _taken_for_published(plan: Plan) -> list[str]:
    """Name the encoders that are not here and are counted with published sizes."""
    absent = [
        f"{name} ({encoder.path})"
        for name in plan.models
        if (encoder := plan.study.encoders[name]).source == "folder"
        and not (Path(encoder.path).expanduser() / "config.json").exists()
        and shape_of(encoder, plan.positions) is not None
    ]
    if not absent:
        return []
    return [f"Not here, counted with the sizes published under this name: {', '.join(absent)}."]


def _unknown(plan: Plan) -> list[str]:
    """Name the encoders whose sizes are unknown."""
    missing = []
    for name in plan.models:
        encoder = plan.study.encoders[name]
        if encoder.source == "folder" and shape_of(encoder, plan.positions) is None:
            missing.append(f"{name} ({encoder.path})")
    if not missing:
        return []
    return [f"Unknown: no config.json with BERT's size names for {', '.join(missing)}."]
