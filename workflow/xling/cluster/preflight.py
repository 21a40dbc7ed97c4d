# SPDX-License-Identifier: Apache-2.0
"""What is looked at when snakemake begins to submit jobs to Slurm."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xling.cluster import controller, slurm
from xling.cluster.ask import ask
from xling.errors import SetupError

# How long cancelled jobs may take to end (ours): Slurm notices a dead node after SlurmdTimeout,
# by default 300 s.
PATIENCE = 600.0
POLL = 2.0


def prepare_run(workflow: Any, study: str) -> None:
    """Note who controls the study; with Slurm, make sure that jobs can be watched and are ours.

    Args:
        workflow: Snakemake's, as its hooks see it.
        study: name of the study.

    Raises:
        SetupError: jobs could not be watched, or those of a killed snakemake do not end.
    """
    folder = Path.cwd()
    settings = workflow.executor_settings
    last = controller.read(study, folder)
    before = last.slurm_runs if last else ()
    if not type(settings).__module__.startswith("snakemake_executor_plugin_slurm"):
        # A run without Slurm must not meet such jobs either, where they can be seen.
        if before and shutil.which("squeue"):
            _end_jobs_of(before)
            before = ()
        controller.take_over(study, folder, before)
        return
    _watch(settings)
    _end_jobs_of(before)
    # The executor has no public name for it; jobs carry it as theirs.
    controller.take_over(study, folder, [workflow.scheduler._executor.run_uuid])


def _watch(settings: Any) -> None:
    """Choose the command that tells what became of jobs.

    The executor takes sacct wherever it is installed; where nothing is accounted, sacct answers
    nothing and the run would wait for ever.
    """
    command = slurm.status_command()
    if command is None:
        raise SetupError(
            "nothing here tells what became of finished Slurm jobs",
            where="sacct does not answer, and squeue forgets jobs too soon (MinJobAge)",
            allowed="accounting (slurmdbd), or MinJobAge of at least 120 seconds in slurm.conf",
            fix="ask the cluster's support; xling doctor shows both",
        )
    settings.status_command = command


def _end_jobs_of(runs: Sequence[str]) -> None:
    """End jobs of killed predecessors: two of one kind must not write the same files.

    Trainings save when they are told to end, and go on as jobs of this run.
    """
    left = _jobs(runs)
    if not left:
        return
    sys.stderr.write(
        f"note: {len(left)} jobs of a killed snakemake are still in the queue; they are told to "
        "save and end, and go on as jobs of this run\n"
    )
    # A job that has just ended cannot be cancelled; what counts is that none is left below.
    ask("scancel", *left)
    end = time.monotonic() + PATIENCE
    while left := _jobs(runs):
        if time.monotonic() > end:
            raise SetupError(
                f"{len(left)} Slurm jobs of a killed snakemake do not end",
                where=f"squeue --jobs {','.join(left)}",
                fix="end them (scancel), then start again",
            )
        time.sleep(POLL)


def _jobs(runs: Sequence[str]) -> list[str]:
    """Numbers of the jobs in the queue that runs have submitted."""
    if not runs:
        return []
    answer = ask("squeue", "--noheader", "--format=%A", f"--name={','.join(runs)}")
    if answer.problem:
        # No answer is not "no jobs": two jobs would write the same files.
        raise SetupError(
            f"it cannot be seen whether jobs of a killed snakemake still run: {answer.problem}",
            where="squeue",
            fix="try again when Slurm answers; xling doctor looks at it",
        )
    return sorted(set(answer.text.split()))
