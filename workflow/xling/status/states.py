# SPDX-License-Identifier: Apache-2.0
"""The state of every job: from its outputs, its log, the processes here and Slurm's queue."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from xling.cluster.slurm import SlurmJob
from xling.journal import Attempt, Journal, file_of, read_journal
from xling.status.alive import alive
from xling.status.folder import Job

# Ours: a training logs at least once a minute, other jobs may only when they begin.
SILENT_SECONDS = 600.0
_PENDING = ("PENDING", "CONFIGURING")


class State(StrEnum):
    """Where a job stands."""

    DONE = "done"
    RUNNING = "running"
    QUEUED = "queued"
    FAILED = "failed"
    KILLED = "killed"
    STOPPED = "stopped"
    WAITING = "waiting"


@dataclass(frozen=True)
class JobStatus:
    """A job, its state and its attempts.

    Attributes:
        job: the job.
        state: where it stands.
        sure: False if it runs on another host, judged by the age of its log.
        journal: what its attempts said.
        log: the file to look at; empty if there is none.
        slurm: its own Slurm job, waiting or just started.
    """

    job: Job
    state: State
    sure: bool
    journal: Journal
    log: str
    slurm: SlurmJob | None

    @property
    def newest(self) -> Attempt | None:
        """The newest attempt."""
        return self.journal.attempts[-1] if self.journal.attempts else None


class Queue:
    """The part of Slurm's queue that belongs to a folder.

    Args:
        jobs: of the folder; None if Slurm does not answer.
    """

    def __init__(self, jobs: Sequence[SlurmJob] | None) -> None:
        self.jobs = list(jobs or ())
        self.running_ids = None if jobs is None else {job.id for job in self._in(waiting=False)}
        self.waiting = {job.comment: job for job in self._in(waiting=True)}
        self.running = {job.comment: job for job in self._in(waiting=False)}

    def _in(self, *, waiting: bool) -> list[SlurmJob]:
        return [job for job in self.jobs if (job.state in _PENDING) == waiting]

    @property
    def groups_waiting(self) -> list[SlurmJob]:
        """Allocations that wait and will hold several jobs, which their comments do not name."""
        return [job for job in self._in(waiting=True) if "_wildcards_" not in job.comment]


def look_at(jobs: Sequence[Job], queue: Queue) -> list[JobStatus]:
    """Return the status of each job."""
    return [_look_at(job, queue) for job in jobs]


def _look_at(job: Job, queue: Queue) -> JobStatus:
    log = Path(job.log)
    journal = read_journal(log)
    state, sure = _state(job, journal, queue)
    # Snakemake removes the declared log when it begins the next attempt.
    shown = log if log.exists() else file_of(log)
    slurm = queue.waiting.get(job.comment) or queue.running.get(job.comment)
    return JobStatus(job, state, sure, journal, str(shown or ""), slurm)


def _state(job: Job, journal: Journal, queue: Queue) -> tuple[State, bool]:
    """Return a job's state, and whether it is sure.

    A job whose outputs are there can be at work too: it is made again.
    """
    newest = journal.attempts[-1] if journal.attempts else None
    if newest is not None and newest.outcome == "open":
        lives = alive(newest, queue.running_ids)
        if lives or (lives is None and _speaks(Path(job.log))):
            return State.RUNNING, lives is not None
    if job.comment in queue.waiting:
        return State.QUEUED, True
    if all(Path(output).exists() for output in job.outputs):
        return State.DONE, True
    if job.comment in queue.running:
        return State.RUNNING, True  # it has not logged yet
    if newest is None:
        return State.WAITING, True
    outcomes = {"failed": State.FAILED, "stopped": State.STOPPED, "open": State.KILLED}
    # "Done" without outputs: somebody removed them.
    return outcomes.get(newest.outcome, State.WAITING), True


def _speaks(log: Path) -> bool:
    """Return whether a job's log was written of late."""
    file = file_of(log)
    return file is not None and time.time() - file.stat().st_mtime < SILENT_SECONDS
