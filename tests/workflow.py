# SPDX-License-Identifier: Apache-2.0
"""Calling snakemake from tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
STUDIES = sorted(path.stem for path in (REPOSITORY / "config" / "studies").glob("*.yaml"))


@dataclass(frozen=True)
class Call:
    """What a call of snakemake left behind."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        """Everything that was printed: a dry run prints its jobs to standard output."""
        return self.out + self.err


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
    started = time.monotonic()
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | environment,
        check=False,
    )
    return Call(done.returncode, done.stdout, done.stderr, time.monotonic() - started)


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
