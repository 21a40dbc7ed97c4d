# SPDX-License-Identifier: Apache-2.0
"""Calling snakemake from tests."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
STUDIES = sorted(path.stem for path in (REPOSITORY / "config" / "studies").glob("*.yaml"))


@dataclass(frozen=True)
class Call:
    """What a call of snakemake left behind.

    ``seconds`` are those of a processor, of snakemake and all its jobs: wall time would measure
    what else the machine is doing.
    """

    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        """Everything that was printed: a dry run prints its jobs to standard output."""
        return self.out + self.err


def start_seconds() -> float:
    """Processor seconds that snakemake takes to be imported here and now: the unit of other limits.

    A limit in seconds would measure the machine, and what its other processes leave of its caches.
    """
    started = processor_seconds()
    subprocess.run([sys.executable, "-c", "import snakemake.cli"], check=True)
    return processor_seconds() - started


def processor_seconds() -> float:
    """Processor time of all finished child processes so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def snakemake(
    folder: Path,
    *arguments: str | Path,
    study: str | Path,
    checkout: Path = REPOSITORY,
    **environment: str,
) -> Call:
    """Run a checkout's workflow with its results below ``folder``."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", checkout / "Snakefile"]
    command += ["--directory", folder, *arguments, "--config", f"study={study}"]
    started = processor_seconds()
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | environment,
        check=False,
    )
    return Call(done.returncode, done.stdout, done.stderr, processor_seconds() - started)


def job_counts(call: Call) -> dict[str, int]:
    """Jobs by rule, from the table that a dry run prints."""
    lines = call.text.splitlines()
    if "Job stats:" not in lines:
        return {}
    counts = {}
    for line in lines[lines.index("Job stats:") + 3 :]:
        if not line.strip() or line.startswith("total"):
            break
        rule, count = line.split()
        counts[rule] = int(count)
    return counts
