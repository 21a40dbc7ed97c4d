# SPDX-License-Identifier: Apache-2.0
"""Whether the study's longest and largest jobs fit into the cluster's partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xling.cluster.sinfo import SlurmPartition
from xling.cluster.site import Partition, Site
from xling.data.wants import TEXT
from xling.doctor.finding import Finding, error, ok, warning
from xling.doctor.slurm_site import chosen
from xling.plan import Plan

if TYPE_CHECKING:
    from xling.mt.plan import TranslationPlan
    from xling.needs import JobNeeds, Needs

# Stages that save on the signal before the wall time and go on in the retry.
_GOES_ON = ("pretrain", "train", "train_mt", "train_teacher", "encode_teacher", "train_student")
_ATTEMPTS = 3  # profiles/slurm: retries: 2


@dataclass(frozen=True)
class _Job:
    stage: str
    name: str
    needs: Needs
    threads: int
    on_gpu: bool


def job_findings(
    plan: Plan, needs: JobNeeds, site: Site, found: Sequence[SlurmPartition]
) -> Iterator[Finding]:
    """Compare time, memory and cores of the jobs with the limits of their partitions."""
    jobs = list(_jobs(plan, needs))
    for on_gpu in (False, True):
        part = site.gpu if on_gpu else site.cpu
        mine = [job for job in jobs if job.on_gpu == on_gpu]
        places = chosen(part, found)
        if not mine or not places or (on_gpu and not any(one.gpus for one in places)):
            continue  # nothing asks for it, or the partition was complained about
        problems = [*_time(mine, part, places), *_size(mine, part, places)]
        yield from problems
        if not problems:
            longest = max(mine, key=lambda job: job.needs.minutes)
            yield ok(
                f"{'GPU' if on_gpu else 'CPU'} jobs fit; the longest is given "
                f"{longest.needs.minutes} minutes ({longest.stage} {longest.name})"
            )


def _jobs(plan: Plan, needs: JobNeeds) -> Iterator[_Job]:
    study = plan.study
    for kind in plan.kinds:
        yield _Job("fetch", kind, needs.fetch(kind), 1, False)
        for split in [TEXT] if kind == TEXT else plan.prepared_splits(kind):
            threads = plan.reading_threads(kind)
            yield _Job("prepare", f"{kind} {split}", needs.prepare(kind, split), threads, False)
    for task, split in plan.augmented:
        yield _Job("augment", f"{task} {split}", needs.augment(task, split), 1, False)
    for model in plan.models:
        gpu = plan.needs_text(model) and study.resources.gpu > 0
        threads = study.resources.pretrain_threads
        yield _Job("pretrain", model, needs.pretrain(model), threads, gpu)
    for run in dict.fromkeys(run for run, _ in plan.labellings):
        about = plan.resources(run)
        yield _Job("label", run.path, needs.label(run), about.train_threads, about.gpu > 0)
    for run in plan.trainings:
        about = plan.resources(run)
        yield _Job("train", run.path, needs.train(run), about.train_threads, about.gpu > 0)
    for run in plan.runs:
        about = plan.resources(run)
        yield _Job("predict", run.path, needs.predict(run), about.train_threads, about.gpu > 0)
    for run in plan.analysed:
        about = plan.resources(run)
        yield _Job("analyse", run.path, needs.analyse(run), about.train_threads, about.gpu > 0)
    if plan.translation is not None:
        yield from _translation_jobs(plan.translation)
    if plan.distillation is not None:
        yield from _distillation_jobs(plan)


def _translation_jobs(plan: TranslationPlan) -> Iterator[_Job]:
    from xling.mt.needs import TranslationNeeds

    needs = TranslationNeeds(plan)
    for one in plan.benchmarks:
        threads = needs.jobs.binarizing_threads(one)
        yield _Job("fetch_parallel", one, needs.fetch_parallel(one), 1, False)
        yield _Job("prepare_parallel", one, needs.prepare_parallel(one, "train"), 1, False)
        yield _Job("subwords", one, needs.subwords(one), 1, False)
        yield _Job("binarize", one, needs.binarize(one), threads, False)
    stages = {"train_mt": needs.train_mt, "generate": needs.generate}
    for stage, need_of in stages.items():
        for run in plan.runs:
            about = plan.resources(run)
            yield _Job(stage, run.path, need_of(run), about.train_threads, about.gpu > 0)
    for run in plan.analysed:
        about = plan.resources(run)
        yield _Job(
            "analyse_mt", run.path, needs.analyse_mt(run), about.train_threads, about.gpu > 0
        )


def _distillation_jobs(plan: Plan) -> Iterator[_Job]:
    from xling.distill.needs import DistillNeeds

    needs = DistillNeeds(plan)
    own = needs.plan
    for name in own.datasets:
        yield _Job("fetch_distill", name, needs.fetch_distill(name), 1, False)
    for name in own.graded:
        yield _Job("prepare_graded", name, needs.prepare_graded(name), 1, False)
    for name in own.selections:
        yield _Job("prepare_distill", name, needs.prepare_distill(name), 1, False)
    about = own.teacher_resources
    for name in own.teachers:
        need = needs.train_teacher(name)
        yield _Job("train_teacher", name, need, about.train_threads, about.gpu > 0)
    for name in own.teaching:
        need = needs.encode_teacher(name)
        yield _Job("encode_teacher", name, need, about.train_threads, about.gpu > 0)
    stages = (
        ("train_student", needs.train_student, own.students),
        ("evaluate_sentences", needs.evaluate_sentences, own.runs),
    )
    for stage, need_of, runs in stages:
        for run in runs:
            about = own.resources(run)
            yield _Job(stage, run.path, need_of(run), about.train_threads, about.gpu > 0)


def _time(
    jobs: Sequence[_Job], part: Partition, places: Sequence[SlurmPartition]
) -> Iterator[Finding]:
    limits = [one.max_minutes for one in places if one.max_minutes is not None]
    if part.max_minutes is not None:
        limits = [part.max_minutes]
    elif len(limits) < len(places):
        return  # one of them has no limit
    limit = max(limits)
    for stage in dict.fromkeys(job.stage for job in jobs):
        long = max((job for job in jobs if job.stage == stage), key=lambda job: job.needs.minutes)
        if long.needs.minutes <= limit:
            continue
        count = -(-long.needs.minutes // limit)
        text = (
            f"{stage} {long.name} may take {long.needs.minutes} minutes, the partition "
            f"{places[0].name} gives {limit}"
        )
        if stage in _GOES_ON and count <= _ATTEMPTS:
            yield warning(
                f"{text}: it saves before and goes on in a retry, {count} times in all",
                "nothing, or take a partition with a longer limit in the site file",
            )
        else:
            yield error(
                f"{text}, which is too little",
                "take a partition with a longer limit in the site file, or faster GPUs"
                + (f"; or snakemake --retries {count}" if stage in _GOES_ON else ""),
            )


def _size(
    jobs: Sequence[_Job], part: Partition, places: Sequence[SlurmPartition]
) -> Iterator[Finding]:
    nodes = [group for one in places for group in one.nodes]
    room = part.max_mem_mb or max(group.mem_mb for group in nodes)
    cores = part.max_cpus or max(group.cpus for group in nodes)
    large = max(jobs, key=lambda job: job.needs.mem_mb)
    if large.needs.mem_mb > room:
        yield error(
            f"{large.stage} {large.name} needs {large.needs.mem_mb} MB of memory, a node of "
            f"{places[0].name} has {room}",
            "take a partition with larger nodes in the site file",
        )
    wide = max(jobs, key=lambda job: job.threads)
    if wide.threads > cores:
        yield error(
            f"{wide.stage} {wide.name} asks for {wide.threads} cores, a node of "
            f"{places[0].name} has {cores}",
            "lower the threads in the study's resources",
        )
