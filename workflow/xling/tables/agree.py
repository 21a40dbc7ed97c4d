# SPDX-License-Identifier: Apache-2.0
"""Which records may stand in one table: those of planned runs that were measured alike.

Results of an older program version or of other data, left in a folder, look like all the others.
They are named here instead of being averaged in.
"""

from __future__ import annotations

from collections.abc import Sequence

from xling.errors import DataError
from xling.plan import Plan, Run
from xling.records import Record


def run_of(record: Record) -> Run:
    """Return the run that a record is of."""
    return Run(record.paper, record.method, record.model, record.task, record.seed)


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def strangers(plan: Plan, records: Sequence[Record]) -> list[str]:
    """Name records of other studies, of runs the plan lacks, and runs with two records."""
    problems = []
    seen: set[Run] = set()
    planned = set(plan.runs)
    for record in records:
        run = run_of(record)
        if record.study != plan.study.name:
            problems.append(f"{run.path}: is a record of study '{record.study}'")
        elif run not in planned:
            problems.append(f"{run.path}: the study plans no such run")
        elif run in seen:
            problems.append(f"{run.path}: there are two records")
        seen.add(run)
    return problems


def disagreements(plan: Plan, records: Sequence[Record]) -> list[str]:
    """Name what differs among records although it must be equal in one study.

    Compared are metric signatures, stage versions, data checksums, and rows scored per language.
    A record that says nothing of its test data is named too.
    """
    seen: dict[str, dict[str, list[str]]] = {}
    problems = []
    for record in records:
        run = run_of(record)
        split = plan.test_split(run)
        if split not in record.data:
            problems.append(f"{run.path}: says nothing of its test data ('{split}')")
        facts = {f"version of stage '{name}'": str(v) for name, v in record.stages.items()}
        for name, use in record.data.items():
            facts[f"checksum of {record.task} {name}"] = use.sha256
        for s in record.scores:
            facts[f"signature of {record.task} {s.metric}"] = s.signature
            facts[f"rows of {record.task} {split} in {s.language} ({s.setting})"] = str(s.n)
        for fact, value in facts.items():
            seen.setdefault(fact, {}).setdefault(value, []).append(run.path)
    for fact in sorted(seen):
        if len(seen[fact]) > 1:
            sides = (
                f"{value} in {listed(sorted(seen[fact][value]))}" for value in sorted(seen[fact])
            )
            problems.append(f"{fact} differs: {'; '.join(sides)}")
    return problems


def require_agreement(plan: Plan, records: Sequence[Record]) -> None:
    """Raise :class:`DataError` if the records must not stand in one table."""
    problems = strangers(plan, records) or disagreements(plan, records)
    if problems:
        raise DataError(
            f"these records cannot be put into one table: {' | '.join(problems)}",
            allowed="one record per planned run, all of the same versions, metrics and test data",
            fix="delete the records that are out of date and run snakemake again",
        )
