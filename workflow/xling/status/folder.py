# SPDX-License-Identifier: Apache-2.0
"""A job and its files, and the folder of a study that they lie in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xling.plan import Run


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        rule: its rule.
        stage: of the rule; several rules of one stage make the tables of a paper each.
        wildcards: their values by name, in Snakemake's order: that of the rule's first output.
        outputs: declared outputs.
        log: declared log.
        benchmark: file of the time that it took.
        threads: CPU threads that it asks for.
        gpus: GPUs that it asks for.
        run: the run that it trains, predicts or scores.
    """

    rule: str
    stage: str
    wildcards: dict[str, str]
    outputs: tuple[str, ...]
    log: str
    benchmark: str
    threads: int = 1
    gpus: int = 0
    run: Run | None = None

    @property
    def name(self) -> str:
        """The rule, and what tells its jobs of one study apart."""
        parts = [value for name, value in self.wildcards.items() if name != "study"]
        return f"{self.rule} {self.run.path if self.run else '/'.join(parts)}".rstrip()

    @property
    def comment(self) -> str:
        """The comment that Snakemake's Slurm executor (2.8) gives the job."""
        values = "_".join(self.wildcards.values()).replace("/", "_")
        return f"rule_{self.rule}_wildcards_{values}" if values else f"rule_{self.rule}"


@dataclass(frozen=True)
class Folder:
    """A study's folder of results."""

    study: str
    path: Path

    def job(
        self,
        rule: str,
        place: str,
        wildcards: dict[str, str],
        outputs: tuple[str, ...],
        *,
        threads: int = 1,
        gpus: int = 0,
        run: Run | None = None,
        stage: str = "",
    ) -> Job:
        """Return a job whose log and benchmark are called ``place``; outputs lie in the folder."""
        return Job(
            rule,
            stage or rule,
            {"study": self.study, **wildcards} if wildcards else {},
            tuple(f"{self.path}/{output}" for output in outputs),
            f"{self.path}/logs/{place}.log",
            f"{self.path}/benchmarks/{place}.tsv",
            threads,
            gpus,
            run,
        )
