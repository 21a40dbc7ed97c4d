# SPDX-License-Identifier: Apache-2.0
"""The site file against the cluster: partitions, limits, GPUs, account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xling.cluster import slurm
from xling.cluster.sinfo import SlurmPartition
from xling.cluster.site import GpuPartition, Partition, Site, site_path
from xling.config.source import shown
from xling.doctor.devices import gpus_asked
from xling.doctor.finding import Finding, error, few, ok, warning
from xling.errors import nearest
from xling.plan import Plan

DRAFT = "xling doctor --write-slurm-site"


def site_findings(
    site: Site, found: Sequence[SlurmPartition], plan: Plan | None
) -> Iterator[Finding]:
    """Compare what the site file says with what the cluster has and the study asks for."""
    path = site_path()
    if path.exists():
        yield ok(f"site file: {shown(path)}")
    else:
        yield warning(
            f"site file: {shown(path)} is not there: Slurm's defaults hold for all jobs",
            f"{DRAFT}, then read what it wrote",
        )
    yield from _partition("cpu", site.cpu, found)
    if site.gpu != GpuPartition():
        yield from _partition("gpu", site.gpu, found)
    if plan is not None:
        yield from _gpus(site.gpu, found, plan)
    yield from _account(site)


def chosen(part: Partition, found: Sequence[SlurmPartition]) -> list[SlurmPartition]:
    """Return the partitions that jobs may go to: those named, or the cluster's default."""
    if part.partition is None:
        return [one for one in found if one.default]
    return [one for one in found if one.name in part.partition.split(",")]


def _partition(key: str, part: Partition, found: Sequence[SlurmPartition]) -> Iterator[Finding]:
    """Judge the name of a partition and the limits that are stated for it."""
    names = [one.name for one in found]
    unknown = [n for n in (part.partition or "").split(",") if n and n not in names]
    for name in unknown:
        yield error(
            f"site file: {key}.partition: the cluster has no partition '{name}'",
            nearest(name, names) or f"take one of: {', '.join(names)}",
        )
    places = chosen(part, found)
    if unknown or not places:
        if not unknown:
            yield error(
                f"site file: {key}.partition is not set and the cluster has no default partition",
                f"take one of: {', '.join(names)}",
            )
        return
    for one in places:
        if not one.up:
            yield warning(
                f"partition {one.name} takes no jobs now ({key})", "ask the cluster's support"
            )
    too_much = list(_beyond(key, part, places))
    yield from too_much
    if not too_much and all(one.up for one in places):
        yield ok(f"partition for {key} jobs: {', '.join(one.name for one in places)}")


def _beyond(key: str, part: Partition, places: Sequence[SlurmPartition]) -> Iterator[Finding]:
    """Find limits of the site file that no node of the partition has: such jobs never start."""
    nodes = [group for one in places for group in one.nodes]
    minutes = (
        None
        if any(one.max_minutes is None for one in places)
        else max(one.max_minutes or 0 for one in places)
    )
    rows = [
        ("max_minutes", part.max_minutes, minutes),
        ("max_mem_mb", part.max_mem_mb, max(group.mem_mb for group in nodes)),
        ("max_cpus", part.max_cpus, max(group.cpus for group in nodes)),
    ]
    if isinstance(part, GpuPartition):
        rows.append(("max_gpus", part.max_gpus, max(one.most_gpus() for one in places)))
        types = {kind for one in places for kind in one.gpu_types}
        for kind in part.types:
            if kind not in types:
                yield error(
                    f"site file: {key}.types: there are no GPUs '{kind}' in the partition",
                    nearest(kind, types) or f"types there: {', '.join(sorted(types)) or 'none'}",
                )
    for name, said, real in rows:
        if said is not None and real is not None and said > real:
            yield error(
                f"site file: {key}.{name}: {said} is more than the partition has ({real}); such "
                "jobs never start",
                f"set {key}.{name}: {real}",
            )


def _gpus(part: GpuPartition, found: Sequence[SlurmPartition], plan: Plan) -> Iterator[Finding]:
    """Judge numbers and types of the GPUs that the study asks for."""
    asked = gpus_asked(plan)
    if not asked:
        return
    places = chosen(part, found)
    if not any(one.gpus for one in places):
        names = [one.name for one in found if one.gpus]
        yield error(
            "GPUs: the study asks for some; the partition of its jobs has none",
            f"set gpu.partition in the site file: {few(names)}" if names else "ask your site",
        )
        return
    types = sorted({kind for one in places for kind in one.gpu_types})
    bad = False
    for kind, count in _asked(plan):
        most = max(one.most_gpus(kind) for one in places)
        if kind is not None and kind not in types:
            bad = True
            yield error(
                f"GPUs: the study asks for type '{kind}', which the partition does not have",
                nearest(kind, types) or f"types there: {', '.join(types) or 'unnamed'}",
            )
        elif count > most:
            bad = True
            yield error(
                f"GPUs: the study asks for {count} per job, a node has {most}",
                f"set resources.gpu to {most} at most: a training runs on one node",
            )
    if not bad:
        yield ok(f"GPUs: up to {asked} per job are asked for, and there")


def _asked(plan: Plan) -> list[tuple[str | None, int]]:
    """Return type and number of the GPUs of each kind of job that takes some, sorted."""
    study = plan.study.resources
    found = {(r.gpu_type, r.gpu) for r in map(plan.resources, plan.trainings)}
    found |= {(r.gpu_type, min(1, r.gpu)) for r in map(plan.resources, plan.runs)}
    if any(plan.needs_text(model) for model in plan.models):
        found.add((study.gpu_type, min(1, study.gpu)))
    return sorted((pair for pair in found if pair[1]), key=lambda pair: (pair[0] or "", pair[1]))


def _account(site: Site) -> Iterator[Finding]:
    """Compare the account with those of the user, if anybody tells them."""
    mine = slurm.accounts()
    if mine is None:
        if site.account:
            yield ok(f"account: {site.account} (sacctmgr does not say whether it is yours)")
    elif site.account is None or site.account in mine:
        yield ok(f"account: {site.account or (mine[0] if mine else 'none is needed')}")
    else:
        yield error(
            f"site file: account: '{site.account}' is none of yours",
            nearest(site.account, mine) or f"yours: {few(mine) or 'none'}",
        )
