# SPDX-License-Identifier: Apache-2.0
"""A controlling snakemake in the background, and looking at (or disturbing) its trainings."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow import REPOSITORY
from xling.journal import Attempt, attempts

# For a machine of two cores that runs all of it at once.
PATIENCE = 300.0


def wait_for(what: Callable[[], Any], text: str, seconds: float = PATIENCE) -> Any:
    """Return the first true value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s for {text}")


@dataclass
class Run:
    """A study that runs through Slurm.

    Attributes:
        folder: where snakemake works.
        study: the study's file there.
        site: the site file.
        profile: a folder in ``profiles``.
        arguments: more of snakemake.
        processes: snakemakes that were started.
    """

    folder: Path
    study: str
    site: Path
    profile: str = "slurm"
    arguments: list[str] = field(default_factory=list)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[str]:
        """Start snakemake as a user would, but that it looks at its jobs more often."""
        command = [sys.executable, Path(__file__).parent / "impatient.py"]
        command += ["--snakefile", REPOSITORY / "Snakefile"]
        profile = REPOSITORY / "profiles" / self.profile
        command += ["--directory", self.folder, "--profile", profile]
        command += ["--slurm-init-seconds-before-status-checks", "2", *self.arguments]
        command += ["--config", f"study={self.study}"]
        with (self.folder / "snakemake.txt").open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                list(map(str, command)),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                text=True,
                env=os.environ | {"XLING_SLURM_SITE": str(self.site)},
            )
        self.processes.append(process)
        return process

    def finish(self, process: subprocess.Popen[str], seconds: float = PATIENCE) -> str:
        """Wait for snakemake's end, which must be a good one; return what all calls printed."""
        code = process.wait(seconds)
        text = (self.folder / "snakemake.txt").read_text(encoding="utf-8")
        assert code == 0, text[-6000:]
        return text

    def kill(self) -> None:
        """Kill snakemakes that are left, if a test failed."""
        for process in self.processes:
            process.kill()
            process.wait()

    @property
    def results(self) -> Path:
        """Where the study's results lie."""
        return self.folder / "results" / Path(self.study).stem

    def attempts(self, seed: int) -> list[Attempt]:
        """Attempts of a training so far."""
        return attempts(self.log(seed))

    def log(self, seed: int) -> Path:
        """The log of a training."""
        return self.results / f"logs/train/xmixup/zero_shot/tiny/xnli/seed-{seed}.log"

    def hold(self, *seeds: int) -> dict[int, Training]:
        """Stop the clock of trainings as soon as they have saved: events then meet them midway."""
        held: dict[int, Training] = {}

        def all_held() -> bool:
            for seed in set(seeds) - set(held):
                state = self.results / f"state/train/xmixup/zero_shot/tiny/xnli/seed-{seed}"
                if list(state.glob("*/checkpoint-*/complete.json")):
                    held[seed] = Training(self.attempts(seed)[-1])
                    os.kill(held[seed].attempt.pid, signal.SIGSTOP)
            return len(held) == len(seeds)

        wait_for(all_held, f"checkpoints of the trainings with seeds {seeds}")
        return held


@dataclass
class Training:
    """A training that does not go on until it is told to."""

    attempt: Attempt

    def go_on_when_told_to_stop(self, seconds: float = PATIENCE) -> None:
        """Let it go on, if it is still there, once somebody has asked it to stop."""
        wait_for(self._asked_to_stop, f"SIGTERM for {self.attempt}", seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.attempt.pid, signal.SIGCONT)

    def _asked_to_stop(self) -> bool:
        try:
            status = Path(f"/proc/{self.attempt.pid}/status").read_text(encoding="utf-8")
        except FileNotFoundError:
            return True
        waiting = [int(line.split()[1], 16) for line in status.splitlines() if "Pnd:" in line]
        return any(mask >> (signal.SIGTERM - 1) & 1 for mask in waiting)


def queue(format: str, *arguments: str) -> list[str]:
    """Lines of squeue."""
    done = subprocess.run(
        ["squeue", "--noheader", f"--format={format}", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def wanted(name, seeds):
    """A file of each run of ``events``; tables and figures would only take time."""
    folder = "results/events/runs/xmixup/zero_shot/tiny/xnli"
    return [f"{folder}/seed-{seed}/{name}" for seed in seeds]
