# SPDX-License-Identifier: Apache-2.0
"""Whether Slurm answers, and how the workflow will learn what became of jobs."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from xling.cluster import slurm
from xling.doctor.finding import Finding, error, ok, warning

# File systems that one machine has to itself, by their names in /proc/mounts.
_LOCAL = {"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "ramfs", "tmpfs", "xfs", "zfs"}
_LOGIN_NODE = "run this on a login node of the cluster, or ask its support"


def command_findings(missing: Sequence[str]) -> Iterator[Finding]:
    """Judge the commands that are missing, and the controller if none is."""
    if missing:
        yield error(
            f"Slurm: commands are missing: {', '.join(missing)}",
            "load the site's Slurm module, or run this on a login node",
        )
    elif problem := slurm.controller_problem():
        yield error(f"Slurm: the controller is not reached: {problem}", _LOGIN_NODE)
    else:
        yield ok("Slurm: the controller answers")


def accounting_findings() -> Iterator[Finding]:
    """Say whether sacct or squeue will be asked what became of jobs.

    Without either a run would wait for ever for jobs that have ended.
    """
    config = slurm.settings()
    if config is None:
        yield error("Slurm: scontrol show config does not answer", _LOGIN_NODE)
        return
    problem = slurm.sacct_problem(config)
    if not problem:
        yield ok("Slurm: accounting answers; the workflow asks sacct what became of jobs")
        return
    age = slurm.min_job_age(config)
    known = f"MinJobAge: {'unknown' if age is None else f'{age} seconds'}"
    if slurm.status_command() == "squeue":
        yield ok(f"Slurm: {problem}; the workflow asks squeue what became of jobs ({known})")
    else:
        yield error(
            f"Slurm: {problem}, and squeue forgets jobs too soon or does not answer ({known})",
            f"ask the cluster's support for accounting, or for MinJobAge={slurm.LEAST_JOB_AGE} or "
            "more in slurm.conf; until then run on one node without --profile slurm",
        )


def shared_findings(folder: Path, nodes: Sequence[str]) -> Iterator[Finding]:
    """Say whether other nodes are likely to see the folder that jobs work in.

    Args:
        folder: where snakemake runs.
        nodes: names of the cluster's nodes.
    """
    host = socket.gethostname().partition(".")[0]
    others = [name for name in nodes if name.partition(".")[0] != host]
    if not others:
        return
    kind = _file_system(folder)
    if kind in _LOCAL:
        yield warning(
            f"shared files: {folder} lies on a file system of this host ({kind}); jobs run on "
            f"{len(others)} other nodes",
            "move the checkout to a shared file system (home, scratch); if the nodes see this "
            f"folder too, nothing: srun ls {shlex.quote(str(folder))}",
        )
    else:
        yield ok(f"shared files: {folder} lies on {kind or 'an unknown file system'}")


def _file_system(folder: Path) -> str:
    """Return the type of the file system a folder is on; empty if it cannot be told."""
    import psutil

    real = Path(os.path.realpath(folder))
    mounts = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    return next((mounts[str(p)] for p in (real, *real.parents) if str(p) in mounts), "")
