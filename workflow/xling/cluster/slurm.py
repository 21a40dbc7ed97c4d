# SPDX-License-Identifier: Apache-2.0
"""What Slurm's commands answer of jobs, the controller and accounting.

Formats are given in full, so that a user's ``SQUEUE_FORMAT`` and the like change nothing.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xling.cluster import formats
from xling.cluster.ask import ask, not_understood, rows

# What the executor asks before it trusts squeue: three times its first wait (plugin 2.8).
LEAST_JOB_AGE = 120
COMMANDS = ("sbatch", "squeue", "scancel", "scontrol", "sinfo")

_STATES = "PENDING,RUNNING,SUSPENDED,COMPLETING,CONFIGURING,STOPPED"
# A separator that no name has.  The folder is last; widths are limits, so they are generous.
_CUT = "\x1f"
_FIELDS = (
    *("JobArrayID:60", "State:30", "Comment:2000", "TimeUsed:30", "tres-per-job:500"),
    *("tres-per-node:500", "NumNodes:10", "NodeList:500", "Reason:300", "Name:500", "WorkDir:4096"),
)


@dataclass(frozen=True)
class SlurmJob:
    """A job in the queue.

    Attributes:
        state: Slurm's long name (``PENDING``, ``RUNNING`` …).
        comment: what the workflow calls the job.
        folder: where it was submitted.
        gpus: asked for, on all its nodes.
        node: where it runs; empty while it waits.
        reason: why it waits; ``None`` in Slurm's words if there is none.
    """

    id: str
    state: str
    comment: str
    folder: Path
    elapsed_seconds: int
    gpus: int
    node: str
    reason: str
    name: str


def missing_commands() -> list[str]:
    """Return the commands the workflow needs and does not find; all of them: no Slurm here."""
    return [name for name in COMMANDS if shutil.which(name) is None]


def running_jobs(folder: Path) -> list[SlurmJob] | None:
    """Return this user's jobs that were submitted from a folder and have not ended.

    Returns:
        In the order of squeue; None if it is not installed or does not answer.

    Raises:
        SetupError: it answers in another form.
    """
    form = ",".join(f"{field}{_CUT}" for field in _FIELDS)
    answer = ask("squeue", "--me", "--noheader", f"--states={_STATES}", f"--Format={form}")
    if answer.problem:
        return None
    here = os.path.realpath(folder)
    try:
        jobs = [_job(cells) for cells in rows(answer.text, _CUT, len(_FIELDS))]
    except ValueError as error:
        raise not_understood("squeue", error) from error
    return [job for job in jobs if os.path.realpath(job.folder) == here]


def _job(cells: Sequence[str]) -> SlurmJob:
    number, state, comment, used, per_job, per_node, nodes, node, reason, name, folder = cells
    return SlurmJob(
        id=number,
        state=state,
        comment="" if comment == "(null)" else comment,
        folder=Path(folder),
        elapsed_seconds=formats.seconds(used) or 0,
        gpus=formats.gpus_asked(per_job, per_node, formats.amount(nodes)),
        node=node,
        reason=reason,
        name=name,
    )


def controller_problem() -> str:
    """Return why the controller cannot be reached; empty if one answers."""
    answer = ask("scontrol", "ping")
    if answer.problem:
        return answer.problem
    # One line per controller; a cluster with a spare one works while either is up.
    return "" if re.search(r"\bis UP\b", answer.text) else answer.text.strip().splitlines()[0]


def settings() -> dict[str, str] | None:
    """Return the cluster's configuration; None if scontrol does not answer."""
    answer = ask("scontrol", "show", "config")
    if answer.problem:
        return None
    pairs = (line.partition("=") for line in answer.text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def min_job_age(config: dict[str, str]) -> int | None:
    """Return for how many seconds the controller remembers a job that has ended."""
    found = re.match(r"\d+", config.get("MinJobAge", ""))
    return int(found[0]) if found else None


def sacct_problem(config: dict[str, str]) -> str:
    """Return why sacct cannot tell what became of jobs; empty if it can."""
    kind = config.get("AccountingStorageType", "").removeprefix("accounting_storage/")
    if kind in ("none", "(null)", ""):
        return "accounting is switched off (AccountingStorageType)"
    # A query as the executor makes it; of no job, so that it is quick.
    return ask("sacct", "-X", "--noheader", "--name=xling-asks", "--format=JobIDRaw").problem


def status_command() -> Literal["sacct", "squeue"] | None:
    """Return the command that can tell what became of jobs; None if neither can.

    squeue forgets ended jobs after ``MinJobAge``; a job that ends between two looks of the
    executor would be lost if that were short.
    """
    config = settings()
    if config is None:
        return None
    if not sacct_problem(config):
        return "sacct"
    age = min_job_age(config)
    answers = not ask("squeue", "--me", "--noheader").problem
    return "squeue" if answers and age is not None and age >= LEAST_JOB_AGE else None


def accounts() -> list[str] | None:
    """Return the accounts this user may charge, the default one first; None if nobody tells."""
    user = getpass.getuser()
    default = ask("sacctmgr", "-nP", "show", "user", f"name={user}", "format=DefaultAccount")
    every = ask("sacctmgr", "-nP", "show", "assoc", f"user={user}", "format=Account")
    if default.problem or every.problem:
        return None
    return list(dict.fromkeys([*default.text.split(), *sorted(every.text.split())]))
