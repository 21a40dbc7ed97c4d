# SPDX-License-Identifier: Apache-2.0
"""Which records of translation may stand in one table: those that were measured alike.

As ``xling.tables.agree``; but signatures are held against each other language by language, because
BLEU has another tokenizer for Chinese.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xling.errors import DataError
from xling.mt.plan import TranslationPlan
from xling.records import Record
from xling.tables.agree import listed, run_of


def strangers(plan: TranslationPlan, records: Sequence[Record]) -> list[str]:
    """Name records of other studies, of runs the plan lacks, and runs with two records."""
    problems, seen = [], set()
    for record in records:
        run = run_of(record)
        if record.study != plan.study.name:
            problems.append(f"{run.path}: is a record of study '{record.study}'")
        elif run not in plan.runs:
            problems.append(f"{run.path}: the study plans no such run")
        elif run in seen:
            problems.append(f"{run.path}: there are two records")
        seen.add(run)
    return problems


def disagreements(records: Sequence[Record]) -> list[str]:
    """Name what differs among records although it must be equal in one study."""
    seen: dict[str, dict[str, list[str]]] = {}
    for record in records:
        for fact, value in _facts(record):
            seen.setdefault(fact, {}).setdefault(value, []).append(run_of(record).path)
    problems = []
    for fact in sorted(seen):
        if len(seen[fact]) > 1:
            sides = (f"{value} in {listed(sorted(paths))}" for value, paths in seen[fact].items())
            problems.append(f"{fact} differs: {'; '.join(sorted(sides))}")
    return problems


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    task = record.task
    for name, version in record.stages.items():
        yield f"version of stage '{name}'", str(version)
    for name, use in record.data.items():
        yield f"checksum of {task} {name}", use.sha256
    for s in record.scores:
        yield f"signature of {task} {s.metric} in {s.language}", s.signature
        yield f"rows of {task} in {s.language}", str(s.n)


def require_agreement(plan: TranslationPlan, records: Sequence[Record]) -> None:
    """Raise :class:`DataError` if the records must not stand in one table."""
    problems = strangers(plan, records) or disagreements(records)
    if problems:
        raise DataError(
            f"these records cannot be put into one table: {' | '.join(problems)}",
            allowed="one record per planned run, all of the same versions, metrics and test data",
            fix="delete the records that are out of date and run snakemake again",
        )
