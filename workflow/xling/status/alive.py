# SPDX-License-Identifier: Apache-2.0
"""Whether an attempt that has not ended is still at work."""

from __future__ import annotations

import socket
from collections.abc import Collection

from xling.journal import Attempt, pid_namespace

# A process logs its first line after it began.  Its own clock and that of the log may differ
# by as much (ours): the system counts from its start and the clock may have been set since.
SLACK = 5.0


def alive(attempt: Attempt, slurm_running: Collection[str] | None) -> bool | None:
    """Return whether an attempt without an end is at work; None if that cannot be seen from here.

    Args:
        attempt: of a job.
        slurm_running: numbers of the Slurm jobs that run; None if Slurm does not answer.
    """
    if (attempt.host, attempt.namespace) == (socket.gethostname(), pid_namespace()):
        return _process_lives(attempt)
    if attempt.slurm_job and slurm_running is not None:
        return attempt.slurm_job in slurm_running
    return None


def _process_lives(attempt: Attempt) -> bool:
    """Return whether the process of an attempt is there, and not a later one of its number."""
    import psutil

    try:
        process = psutil.Process(attempt.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.create_time() <= attempt.started.timestamp() + SLACK
    except psutil.Error:  # it is gone, or it is not ours to look at: another user's
        return False
