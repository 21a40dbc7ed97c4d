# SPDX-License-Identifier: Apache-2.0
"""What ``xling check`` makes sure of sentence encoders, and what a reader has to know of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xling.config.distillation import BUCC, STS
from xling.distill.plan import DistillPlan
from xling.distill.tables.results import problems_of
from xling.found import Found, flags_of, too_few_seeds
from xling.records import Record
from xling.score import STANDARD
from xling.tables.agree import listed, run_of

#: What is said of prepared data, by path below ``prepared`` (``DistillPlan.summaries``).
Summaries = Mapping[str, Mapping[str, Any]]


def check_distillation(plan: DistillPlan, records: Sequence[Record], summaries: Summaries) -> Found:
    """Look at records and at what was said when data was prepared.

    Args:
        plan: of the study.
        records: of its runs.
        summaries: by path, as ``DistillPlan.summaries`` names them.
    """
    present, planned = {run_of(record) for record in records}, set(plan.runs)
    known = sorted((r for r in records if run_of(r) in planned), key=run_of)
    return Found(
        runs=len(known),
        scores=sum(len(record.scores) for record in known),
        problems=[
            *problems_of(plan.frame(), records),
            *(f"{run.path}: has no record" for run in plan.runs if run not in present),
            *(problem for record in known for problem in _wrong(plan, record, summaries)),
        ],
        passed=[f"all {len(plan.runs)} planned runs of distillation have a record"],
        collapsed=flags_of(known, collapsed=True),
        flags=[
            *_tuned_on_test_data(plan),
            *_overlaps(plan, summaries),
            *too_few_seeds(plan.students),
            *flags_of(known, collapsed=False),
        ],
    )


def _wrong(plan: DistillPlan, record: Record, summaries: Summaries) -> Iterator[str]:
    """Name missing languages, wrong numbers of rows and impossible values of one record."""
    run = run_of(record)
    scored = {score.language for score in record.scores}
    lacking = [code for code in plan.languages(run.task) if code not in scored]
    if lacking:
        yield f"{run.path}: not scored on {', '.join(lacking)}"
    if run.task == STS:
        rows = summaries[f"{STS}/test.json"]["rows"]
        for score in record.scores:
            if score.setting == STANDARD and score.n != rows.get(score.language):
                yield (
                    f"{run.path}: {score.language} scored on {score.n} rows, "
                    f"{rows.get(score.language, 0)} were prepared"
                )
    for score in record.scores:
        # Correlations, and differences of them, may be negative.
        least = -200.0 if run.task == STS else 0.0
        if not (math.isfinite(score.value) and least <= score.value <= 100.0):
            yield f"{run.path}: impossible {score.metric} {score.value} in {score.language}"


def _tuned_on_test_data(plan: DistillPlan) -> list[str]:
    if BUCC not in plan.tasks or "dev" in plan.test_splits(BUCC):
        return []
    return ["distill, bucc2018: there is no other set to tune the threshold on (test_split: dev)"]


def _overlaps(plan: DistillPlan, summaries: Summaries) -> Iterator[str]:
    """Name training text that test sets hold too."""
    for name in plan.selections:
        by_test: dict[str, list[str]] = {}
        for corpus, languages in summaries[f"distill/{name}/summary.json"]["overlap"].items():
            for code, tests in languages.items():
                for test, counts in tests.items():
                    if counts["pairs"]:
                        words = f"{corpus} {code} {counts['pairs']}"
                        by_test.setdefault(test, []).append(words)
        for test, found in sorted(by_test.items()):
            yield f"distill, text '{name}': pairs with a sentence of {test}: {listed(found)}"
