# SPDX-License-Identifier: Apache-2.0
"""What to do next about a study."""

from __future__ import annotations

import shlex

from xling.status.states import State
from xling.status.study import StudyStatus

LAST_RULES = ("check", "report")  # what the rule "all" asks for


def next_steps(status: StudyStatus, study: str, data_root: str | None) -> list[str]:
    """Return sentences; a command to type stands on a line of its own.

    Args:
        status: of the study.
        study: name or path, as the user gave it.
        data_root: as the user gave it.
    """
    if _done(status):
        return [f"Everything is done: {status.folder / 'report' / 'index.html'}"]
    last = status.controller
    lives = last.alive() if last is not None else False
    if last is not None and lives:
        return [
            f"snakemake is at work on it (process {last.pid} on {last.host}).  There is nothing to "
            "do; it tries failed jobs again as often as its profile says."
        ]
    command = shlex.join(_command(status, study, data_root))
    if last is not None and lives is None:
        return [
            f"The last snakemake of this study was started on {last.host}; whether it runs cannot "
            "be seen from here.  If it does not, go on with:",
            f"  {command}",
        ]
    return [*_before(status), f"  {command}"]


def _done(status: StudyStatus) -> bool:
    """Return whether all runs and the page are there.

    Files in between may have been removed to make room; Snakemake does not make them again.
    """
    last = all(one.state == State.DONE for one in status.jobs if one.job.rule in LAST_RULES)
    return last and status.runs[State.DONE] == len(status.all_runs)


def _before(status: StudyStatus) -> list[str]:
    """Say what to know before snakemake is started again."""
    if not status.of_state(State.RUNNING, State.QUEUED, State.FAILED, State.KILLED, State.STOPPED):
        return ["No snakemake runs.  To go on:" if status.counts[State.DONE] else "To start:"]
    if status.queue.jobs:
        return [
            "No snakemake runs, but jobs of this folder are in Slurm's queue: "
            f"{len(status.queue.jobs)}.  Started again, it ends those of this study first "
            "(trainings save) and goes on:"
        ]
    if status.counts[State.RUNNING]:
        return [
            f"No snakemake is known to run, but jobs are at work: {status.counts[State.RUNNING]}.  "
            "When they have ended:"
        ]
    if status.counts[State.FAILED]:
        return ["No snakemake runs.  Do what the messages of the failed jobs say, then:"]
    return ["No snakemake runs.  To go on (trainings from their last checkpoint):"]


def _command(status: StudyStatus, study: str, data_root: str | None) -> list[str]:
    """Return the call of snakemake that goes on; with Slurm if that was used before."""
    on_slurm = bool(status.queue.jobs) or any(
        attempt.slurm_job for one in status.jobs for attempt in one.journal.attempts
    )
    command = ["snakemake", *(["--profile", "slurm"] if on_slurm else []), "--config"]
    command.append(f"study={study}")
    return [*command, f"data_root={data_root}"] if data_root is not None else command
