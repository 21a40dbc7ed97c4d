# SPDX-License-Identifier: Apache-2.0
"""What a study will cost, stage by stage, before it runs and while it does.

Estimates come from the jobs of :mod:`xling.job_costs`; the benchmark files that Snakemake writes
replace them as soon as a stage has run once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xling import translations_costs
from xling.benchmarks import measured
from xling.comparison.pairs import compared_papers
from xling.job_costs import Job, JobCosts
from xling.plan import Plan


@dataclass(frozen=True)
class StageCost:
    """The cost of all jobs of one stage.

    Attributes:
        stage: verb and rule.
        jobs: number of jobs.
        cpu_hours: cores times the time that jobs hold them; None if unknown.
        gpu_hours: GPUs times the time that jobs hold them (A100s in estimates); None if unknown.
        disk_mb: what stays on disk; None if unknown.
        basis: ``estimated``, or ``measured k of n`` jobs.
    """

    stage: str
    jobs: int
    cpu_hours: float | None
    gpu_hours: float | None
    disk_mb: float | None
    basis: str = "estimated"


def estimate(plan: Plan, benchmarks: Path | None) -> list[StageCost]:
    """Return the cost of each stage in the order of the workflow.

    Args:
        plan: of the study.
        benchmarks: ``results/<study>/benchmarks``; None if nothing has run.

    Raises:
        DataError: a benchmark file or an encoder's config.json is damaged.
    """
    found = []
    for stage, jobs in _stages(plan, JobCosts(plan)).items():
        done = measured(benchmarks, stage)
        basis = "estimated"
        times = [job.seconds for job in jobs]
        if done:
            # Files of jobs that are no longer planned count for the mean, not as jobs done.
            times = [sum(done) / len(done)] * len(jobs)
            basis = f"measured {min(len(done), len(jobs))} of {len(jobs)}"
        found.append(
            StageCost(
                stage,
                len(jobs),
                _hours(times, [job.threads for job in jobs]),
                _hours(times, [job.gpus for job in jobs]),
                _sum(job.disk_mb for job in jobs),
                basis,
            )
        )
    return found


def _stages(plan: Plan, known: JobCosts) -> dict[str, list[Job]]:
    """Return the jobs of each stage."""
    stages: dict[str, list[Job]] = {}
    if plan.study.data.source == "download":
        stages["download"] = known.downloads()
    stages["fetch"] = [known.fetch(kind) for kind in plan.kinds]
    stages["prepare"] = [
        known.prepare(kind, split) for kind in plan.kinds for split in known.prepared_splits(kind)
    ]
    if plan.needs_synonyms:
        stages["synonyms"] = [known.synonyms()]
    if plan.augmented:
        stages["augment"] = [known.augment(*part) for part in plan.augmented]
    stages["pretrain"] = [known.pretrain(model) for model in plan.models]
    used = {(run.model, run.task) for run in plan.runs}
    used |= {(run.model, task) for run in plan.trainings for task, _ in plan.train_splits(run)}
    read = {(model, task, split) for model, task in used for split in known.prepared_splits(task)}
    # Copies with synonyms are read by one method alone.
    read |= {
        (run.model, *part)
        for run in plan.trainings
        for part in plan.train_splits(run)
        if part in plan.augmented
    }
    stages["tokenize"] = [known.tokenize(*part) for part in sorted(read)]
    if plan.labellings:
        stages["label"] = [known.label(run) for run, _ in plan.labellings]
    stages["train"] = [known.train(run) for run in plan.trainings]
    stages["predict"] = [known.predict(run) for run in plan.runs]
    stages["score"] = [known.score() for _ in plan.runs]
    if plan.analysed:
        stages["analyse"] = [known.analyse(run) for run in plan.analysed]
    if papers := compared_papers(plan):
        stages["compare"] = [known.result() for _ in papers]
    if plan.translation:
        from xling.mt import job_costs as translation

        stages |= translation.stages(plan.translation)
    if plan.distillation:
        from xling.distill import job_costs as distillation

        stages |= distillation.stages(plan)
    if plan.translations:
        stages |= translations_costs.stages(known)
    stages |= {name: [known.result() for _ in plan.papers] for name in ("tabulate", "plot")}
    stages |= {name: [known.result()] for name in ("scores", "check", "report")}
    return {stage: jobs for stage, jobs in stages.items() if jobs}


def _hours(seconds: Iterable[float | None], held: Iterable[int]) -> float | None:
    """Return the hours for which jobs hold cores or GPUs; jobs that hold none count as known."""
    total = _sum(
        0.0 if not count else None if time is None else time * count
        for time, count in zip(seconds, held, strict=True)
    )
    return None if total is None else total / 3600


def _sum(values: Iterable[float | None]) -> float | None:
    """Return the sum, or None if a part is unknown."""
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total
