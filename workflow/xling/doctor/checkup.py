# SPDX-License-Identifier: Apache-2.0
"""All checks, in the order of what depends on what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from xling.cluster import slurm
from xling.cluster.sinfo import node_names, partitions
from xling.cluster.site import Site, load_site
from xling.config.loader import repository_root
from xling.doctor.finding import Finding, guarded, ok
from xling.plan import Plan

DOWNLOADS = Path("resources") / "data"


def checkup(plan: Plan | None, *, verify_data: bool) -> Iterator[Finding]:
    """Look at this machine and, if one is named, at what a study needs of it.

    Args:
        plan: of the study.
        verify_data: read every byte of the downloads too.
    """
    from xling.doctor.packages import package_findings, python_finding
    from xling.doctor.translation import fairseq_findings

    yield python_finding()
    root = repository_root()
    yield from guarded(lambda: package_findings(root), "packages")
    translates = plan is not None and plan.translation is not None
    yield from guarded(lambda: fairseq_findings(root, needed=translates), "fairseq")
    missing = slurm.missing_commands()
    has_slurm = not missing
    yield from guarded(lambda: _gpu(plan, slurm_here=has_slurm), "GPU")
    if plan is not None:
        yield from _study(plan, root, verify_data=verify_data)
    if len(missing) == len(slurm.COMMANDS):
        yield ok("Slurm: not installed here; only needed for --profile slurm")
    else:
        yield from guarded(lambda: _slurm(plan, missing), "Slurm")


def _gpu(plan: Plan | None, *, slurm_here: bool) -> Iterator[Finding]:
    from xling.doctor.devices import devices, driver_here, gpu_findings, gpus_asked
    from xling.doctor.gpu_memory import (
        distillation_memory_findings,
        memory_findings,
        translation_memory_findings,
    )

    # Importing torch takes seconds: only where a GPU is asked for or here.
    here = devices() if (plan and gpus_asked(plan)) or driver_here() else None
    yield from gpu_findings(plan, here, slurm=slurm_here)
    if plan is not None and gpus_asked(plan):
        from xling.needs import JobNeeds

        # A GPU of a login node is not one that jobs get; inside a job (srun) it is.
        theirs = here is not None and (not slurm_here or "SLURM_JOB_ID" in os.environ)
        smallest = here.smallest_mb if here and theirs else None
        yield from memory_findings(plan, JobNeeds(plan, Site()).gpu_mem_mb, smallest)
        if plan.translation is not None:
            yield from translation_memory_findings(plan.translation, smallest)
        if plan.distillation is not None:
            yield from distillation_memory_findings(plan, smallest)


def _study(plan: Plan, root: Path, *, verify_data: bool) -> Iterator[Finding]:
    from xling.doctor import data, disk, distillation, encoders, engines
    from xling.estimate import estimate

    results = Path("results") / plan.study.name / "benchmarks"
    wanted = data.downloads_of(plan)

    def room() -> Iterator[Finding]:
        stages = estimate(plan, results if results.is_dir() else None)
        parts = [disk.results_part(plan.study.name, stages)]
        if wanted:
            parts.append(disk.downloads_part(data.absent(wanted, DOWNLOADS), DOWNLOADS))
        return disk.disk_findings(parts)

    yield from guarded(room, "disk")
    yield from guarded(lambda: data.data_findings(plan, wanted, DOWNLOADS), "data")
    if verify_data and not wanted:
        yield ok("data: the study has no downloads whose bytes could be compared")
    elif verify_data:
        lock = root / "resources" / "checksums.lock"
        yield from guarded(lambda: data.verified_findings(wanted, DOWNLOADS, lock), "data")
    yield from guarded(lambda: encoders.encoder_findings(plan), "encoders")
    distilled = plan.distillation
    if distilled is not None:
        yield from guarded(
            lambda: distillation.sentence_encoder_findings(distilled), "sentence encoders"
        )
    ours = plan.translations
    if ours is not None:
        yield from guarded(lambda: engines.engine_findings(ours), "engines")


def _slurm(plan: Plan | None, missing: list[str]) -> Iterator[Finding]:
    from xling.doctor import slurm_here, slurm_jobs, slurm_site

    answers = list(slurm_here.command_findings(missing))
    yield from answers
    if any(one.level == "error" for one in answers):
        return  # nothing else would be answered
    yield from slurm_here.accounting_findings()
    yield from slurm_here.shared_findings(Path.cwd(), node_names() or [])
    site, found = load_site(), partitions()
    yield from slurm_site.site_findings(site, found, plan)
    if plan is not None:
        from xling.needs import JobNeeds

        yield from slurm_jobs.job_findings(plan, JobNeeds(plan, site), site, found)
