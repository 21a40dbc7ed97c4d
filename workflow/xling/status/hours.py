# SPDX-License-Identifier: Apache-2.0
"""Time that attempts took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from xling.journal import Attempt
from xling.status.folder import Job
from xling.status.states import JobStatus, State


@dataclass
class Hours:
    """Hours by what became of them.

    Attributes:
        useful: of attempts that ended well, or saved when they were stopped.
        lost: of attempts that failed or were killed.  That is the most that can be lost: the next
            attempt of a killed training goes on from the last checkpoint.
        underway: of attempts at work, until the last line of their log.
    """

    useful: float = 0.0
    lost: float = 0.0
    underway: float = 0.0

    @property
    def used(self) -> float:
        """All of them."""
        return self.useful + self.lost + self.underway

    def add(self, outcome: str, hours: float, *, at_work: bool) -> None:
        """Add the hours of an attempt."""
        if outcome in ("done", "stopped"):
            self.useful += hours
        elif at_work:
            self.underway += hours
        else:
            self.lost += hours


@dataclass
class Used:
    """What attempts took: CPU threads, and GPUs, times the time that they held them."""

    cpu: Hours = field(default_factory=Hours)
    gpu: Hours = field(default_factory=Hours)


def used(jobs: Iterable[JobStatus]) -> Used:
    """Return what all attempts of some jobs took."""
    total = Used()
    for status in jobs:
        for attempt in status.journal.attempts:
            hours = attempt.seconds / 3600
            at_work = status.state == State.RUNNING and attempt is status.newest
            gpus = _gpus(status.job, attempt)
            total.cpu.add(attempt.outcome, hours * status.job.threads, at_work=at_work)
            total.gpu.add(attempt.outcome, hours * gpus, at_work=at_work)
    return total


def _gpus(job: Job, attempt: Attempt) -> int:
    """GPUs of an attempt.  Jobs that share an allocation see all GPUs of it."""
    return min(attempt.gpus, job.gpus) if attempt.slurm_job else job.gpus
