# SPDX-License-Identifier: Apache-2.0
"""Attempts of a job, as its log tells them.

A job's log is appended to, so it holds every attempt: a line when it starts (where, on what), one
when it ends.  An attempt without an end was killed, or is still at work.

Snakemake removes the declared log of a job before each attempt.  So what a job says is kept in a
file of its own, and the declared log is a link to it (:func:`write_to`): the link is what goes.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

DATE = "%Y-%m-%d %H:%M:%S"
_DATE_LENGTH = len("2026-01-31 12:00:00")
_FIRST_LINE = re.compile(r" I xling: start (?P<verb>[\w-]+) (?P<facts>\{.*\})$", re.MULTILINE)
_LAST_LINE = re.compile(
    r" I xling: end [\w-]+ (?P<outcome>done|failed|stopped) after (?P<seconds>\d+\.\d+) s$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Attempt:
    """One attempt of a job.

    Attributes:
        verb: what ran.
        host: where.
        node: Slurm's name for the host; empty outside Slurm.
        namespace: of process numbers; differs between containers on one host.
        pid: process there.
        slurm_job: number of the Slurm job; empty outside Slurm.
        gpus: GPUs that were visible because the cluster gave them.
        started: local time of the host.
        seconds: until its end, or until its last line if there is no end.
        outcome: ``done``, ``failed``, ``stopped`` (by a signal, after saving), or ``open``: killed
            or still at work.
    """

    verb: str
    host: str
    node: str
    namespace: str
    pid: int
    slurm_job: str
    gpus: int
    started: datetime
    seconds: float
    outcome: str


@dataclass(frozen=True)
class Journal:
    """All attempts that a log tells of, oldest first, and what the newest one said."""

    attempts: tuple[Attempt, ...] = ()
    newest_text: str = ""


def start_line(verb: str) -> str:
    """Return what a job logs first."""
    facts = {
        "host": socket.gethostname(),
        "node": os.environ.get("SLURMD_NODENAME", ""),
        "namespace": pid_namespace(),
        "pid": os.getpid(),
        "slurm_job": os.environ.get("SLURM_JOB_ID", ""),
        "gpus": visible_gpus(),
    }
    return f"start {verb} {json.dumps(facts)}"


def end_line(verb: str, outcome: str, seconds: float) -> str:
    """Return what a job logs last."""
    return f"end {verb} {outcome} after {seconds:.1f} s"


def visible_gpus() -> int:
    """Return how many GPUs the cluster gave this job; 0 if it says nothing."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return len([name for name in listed.split(",") if name and name not in ("-1", "NoDevFiles")])


def pid_namespace() -> str:
    """Return what tells containers on one host apart; empty where the system has no such thing."""
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - not a path
    except OSError:
        return ""


def kept(log: Path) -> Path:
    """Return the file beside a job's log that keeps what all its attempts said."""
    return log.with_suffix(".attempts")


def write_to(log: Path) -> None:
    """Append what this process and its children print to what earlier attempts said.

    Afterwards ``log`` is a link to :func:`kept`.
    """
    file = kept(log)
    file.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    target = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for number in (1, 2):
        os.dup2(target, number)
    os.close(target)
    link = log.with_name(f".{log.name}.{os.getpid()}.part")
    link.unlink(missing_ok=True)
    link.symlink_to(file.name)
    link.replace(log)


def attempts(log: Path) -> list[Attempt]:
    """Return the attempts that a log tells of, oldest first; none if there is no log."""
    return list(read_journal(log).attempts)


def file_of(log: Path) -> Path | None:
    """Return the file that holds what a job said; None if it never ran."""
    return next((file for file in (kept(log), log) if file.exists()), None)


def read_journal(log: Path) -> Journal:
    """Read what all attempts of a job said; empty if it never ran."""
    file = file_of(log)
    if file is None:
        return Journal()
    text = file.read_text(encoding="utf-8", errors="replace")
    parts = list(_parts(text))
    found = tuple(_ended(attempt, part) for attempt, part in parts)
    return Journal(found, parts[-1][1] if parts else text)


def _parts(text: str) -> Iterator[tuple[Attempt, str]]:
    """Cut a log at the starts of attempts."""
    starts = []
    for match in _FIRST_LINE.finditer(text):
        attempt = _started(match, _time_before(text, match.start()))
        if attempt is not None:
            starts.append((attempt, match))
    for i, (attempt, match) in enumerate(starts):
        later = starts[i + 1][1].start() - _DATE_LENGTH if i + 1 < len(starts) else len(text)
        yield attempt, text[match.end() + 1 : later]


def _time_before(text: str, position: int) -> datetime | None:
    """Return the time that stands before a position.

    It need not begin the line: a killed attempt may have left half a line before it.
    """
    try:
        return datetime.strptime(text[max(0, position - _DATE_LENGTH) : position], DATE)
    except ValueError:
        return None


def _started(match: re.Match[str], when: datetime | None) -> Attempt | None:
    """Return the attempt that a line begins; None if it is no such line, or a damaged one."""
    try:
        facts = json.loads(match["facts"])
        return (
            None
            if when is None
            else Attempt(
                verb=match["verb"],
                host=str(facts["host"]),
                node=str(facts["node"]),
                namespace=str(facts["namespace"]),
                pid=int(facts["pid"]),
                slurm_job=str(facts["slurm_job"]),
                gpus=int(facts["gpus"]),
                started=when,
                seconds=0.0,
                outcome="open",
            )
        )
    except (ValueError, KeyError, TypeError):
        return None


def _ended(attempt: Attempt, text: str) -> Attempt:
    """Add how and when an attempt ended, given what it said."""
    for match in _LAST_LINE.finditer(text):
        if _time_before(text, match.start()) is not None:
            return replace(attempt, outcome=match["outcome"], seconds=float(match["seconds"]))
    for line in reversed(text.splitlines()):
        last = _time_before(line, _DATE_LENGTH) if len(line) > _DATE_LENGTH else None
        if last is not None:
            # Clocks may be set back, by an hour in autumn.
            seconds = max(0.0, (last - attempt.started).total_seconds())
            return replace(attempt, seconds=seconds)
    return attempt
