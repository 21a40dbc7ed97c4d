# SPDX-License-Identifier: Apache-2.0
"""The snakemake that controls a study's run, and what a killed one leaves behind.

Snakemake locks the files it works on.  One that is killed (``kill -9``, a reboot) leaves its lock,
and on a cluster its jobs go on.  So each controller notes who it is; the next one of the same
study sees whether it is still alive, and tidies up after it if it is not.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from xling.files import write_text
from xling.journal import pid_namespace


@dataclass(frozen=True)
class Controller:
    """One running snakemake.

    Attributes:
        host: where it runs.
        namespace: of process numbers; differs between containers on one host.
        pid: its process.
        created: when the process began, in seconds since 1970: process numbers are used again.
        slurm_runs: names of Slurm jobs, its own or a predecessor's, that may be in the queue.
    """

    host: str
    namespace: str
    pid: int
    created: float
    slurm_runs: tuple[str, ...] = ()

    @classmethod
    def this(cls) -> Controller:
        """Return this process."""
        import psutil

        me = psutil.Process()
        return cls(socket.gethostname(), pid_namespace(), me.pid, me.create_time())

    def alive(self) -> bool | None:
        """Return whether it still runs; None if that cannot be seen from here."""
        import psutil

        if (self.host, self.namespace) != (socket.gethostname(), pid_namespace()):
            return None
        try:
            return abs(psutil.Process(self.pid).create_time() - self.created) < 1.0
        except psutil.NoSuchProcess:
            return False


def note_path(study: str, folder: Path) -> Path:
    """Return where the controller of a study notes who it is."""
    return folder / ".snakemake" / "xling" / f"{study}.json"


def read(study: str, folder: Path) -> Controller | None:
    """Return the last controller of a study; None if there was none (or its note is damaged)."""
    try:
        values = json.loads(note_path(study, folder).read_text(encoding="utf-8"))
        return Controller(**{**values, "slurm_runs": tuple(values["slurm_runs"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write(controller: Controller, study: str, folder: Path) -> None:
    """Note who controls a study."""
    write_text(note_path(study, folder), json.dumps(asdict(controller), indent=1) + "\n")


def tidy_lock(study: str, folder: Path) -> str:
    """Remove the lock of a killed controller of the study; return what to tell the user, if any."""
    locks = _locks(study, folder)
    last = read(study, folder)
    if not locks or (last is not None and last.alive()):
        return ""  # nothing to do, or Snakemake itself will say that the folder is locked
    if last is None or last.alive() is None:
        where = "" if last is None else f" on {last.host}"
        return (
            f"note: results/{study} is locked by another snakemake{where}.  If that one was killed:"
            f" snakemake --unlock --config study={study}\n"
        )
    # Whoever renames the note first tidies up; another snakemake that starts now finds none.
    note = note_path(study, folder)
    taken = note.with_suffix(f".{os.getpid()}")
    try:
        note.rename(taken)
    except FileNotFoundError:
        return ""
    for lock in locks:
        lock.unlink(missing_ok=True)
    taken.replace(note)
    return f"note: the last snakemake of study {study} was killed; its lock was removed\n"


def _locks(study: str, folder: Path) -> list[Path]:
    """Snakemake's lock files that name results of a study."""
    mark, found = f"results/{study}/", []
    for file in sorted((folder / ".snakemake" / "locks").glob("*.lock")):
        # Another study's snakemake may end, and remove its lock, at this very moment.
        with suppress(FileNotFoundError):
            if mark in file.read_text(encoding="utf-8", errors="replace"):
                found.append(file)
    return found


def take_over(study: str, folder: Path, slurm_runs: Sequence[str]) -> None:
    """Note that this process controls the study.

    Args:
        study: its name.
        folder: where snakemake works.
        slurm_runs: names of Slurm jobs that may be in the queue.
    """
    write(replace(Controller.this(), slurm_runs=tuple(slurm_runs)), study, folder)
