# SPDX-License-Identifier: Apache-2.0
"""Look over all results of a study before anyone reads them.

What must not be (a missing run, a wrong number of rows, test data in training) stops the workflow;
what a reader has to know (a collapsed run, too few seeds) is listed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from xling.data.leaks import Overlap
from xling.errors import DataError
from xling.found import Found, too_few_seeds
from xling.generalised.names import GENERALISED, pair_name, pair_names
from xling.plan import Plan
from xling.record_run import UNTRAINED
from xling.records import Record
from xling.score import is_collapsed
from xling.tables.agree import disagreements, listed, run_of, strangers
from xling.tables.table import main_scores

NOTHING = Found()
Prepared = Mapping[tuple[str, str], Mapping[str, Any]]


class CheckResult(BaseModel):
    """What a check found; it only exists if nothing is wrong.

    Attributes:
        runs: runs that were looked at.
        scores: numbers that were looked at.
        passed: what was made sure, in words.
        flags: what a reader has to know, in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    runs: int
    scores: int
    passed: list[str]
    flags: list[str]


def check(
    plan: Plan,
    records: Sequence[Record],
    prepared: Prepared,
    leaks: Sequence[Overlap],
    apart: Found = NOTHING,
) -> CheckResult:
    """Check all records of a study.

    Args:
        plan: says which runs and languages there must be.
        records: of all runs, but those that have rules of their own.
        prepared: summary of each prepared split, by (task, split).
        leaks: items that were seen in fine-tuning, for each comparison.
        apart: what was found of translation models and sentence encoders.

    Raises:
        DataError: something must not be; all of it is listed in one message.
    """
    planned = set(plan.runs)
    known = sorted((r for r in records if run_of(r) in planned), key=run_of)
    problems = [
        *strangers(plan, records),
        *_missing_runs(plan, known),
        *(p for record in known for p in _wrong_scores(plan, record, prepared)),
        *(p for record in known for p in _wrong_pairs(plan, record)),
        *(p for record in known for p in _wrong_selection(plan, record)),
        *disagreements(plan, known),
        *_leaks(plan, leaks),
        *apart.problems,
    ]
    if problems:
        raise DataError(
            f"the results of study '{plan.study.name}' must not be used: "
            + "".join(f"\n    - {problem}" for problem in problems),
            where=f"results/{plan.study.name}",
            allowed="a sound record of every planned run, all made by the same versions",
            fix="delete the records that are named and run snakemake again",
        )
    return _sound(plan, records, leaks, apart)


def _sound(
    plan: Plan, records: Sequence[Record], leaks: Sequence[Overlap], apart: Found
) -> CheckResult:
    """Return the result of a check that found no problem."""
    scores = sum(len(record.scores) for record in records) + apart.scores
    planned = [f"all {len(plan.runs)} planned runs have a record"] if plan.runs else []
    return CheckResult(
        study=plan.study.name,
        runs=len(records) + apart.runs,
        scores=scores,
        passed=[
            *planned,
            *apart.passed,
            f"all {scores} scores lie in the range of their metric, each on all prepared rows",
            *(f"no item in both {o.name}" for o in leaks if not o.shared),
            "all records were made by the same versions of the stages, on the same data",
        ],
        flags=to_know(plan, records, leaks, apart),
    )


def to_know(
    plan: Plan,
    records: Sequence[Record],
    leaks: Sequence[Overlap] = (),
    apart: Found = NOTHING,
) -> list[str]:
    """Say what a reader has to know beyond the numbers: an empty list is good news.

    Without ``leaks`` nothing is said of items that are both trained on and tested.
    """
    collapsed: list[str] = []
    others: list[str] = []
    for record in sorted(records, key=run_of):
        for flag in record.flags:
            side = collapsed if is_collapsed([flag]) else others
            side.append(f"{run_of(record).path}: {flag}")
    # The gravest first: a terminal shows only some of them.
    return [
        *collapsed,
        *apart.collapsed,
        *_selected_on_training_data(plan),
        *_tuned_on_test_data(plan),
        *_selected_on_test_questions(plan),
        *_excused_overlaps(leaks),
        *too_few_seeds(run for run in plan.runs if plan.trains(run)),
        *_mixed_versions(records),
        *others,
        *apart.flags,
    ]


def dump_check(result: CheckResult) -> str:
    """Return a check's result as JSON text with sorted keys."""
    return json.dumps(result.model_dump(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_check(path: Path) -> CheckResult:
    """Read a check's result; raise :class:`DataError` if it is damaged."""
    try:
        return CheckResult.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise DataError(
            "the result of the check cannot be read",
            where=str(path),
            allowed="the JSON that 'xling check' writes",
            fix="delete the file and run snakemake again",
        ) from error


def _missing_runs(plan: Plan, records: Sequence[Record]) -> list[str]:
    present = {run_of(record) for record in records}
    return [f"{run.path}: has no record" for run in plan.runs if run not in present]


def _wrong_scores(plan: Plan, record: Record, prepared: Prepared) -> Iterator[str]:
    """Name missing languages, wrong row counts and impossible values of one record."""
    run = run_of(record)
    split = plan.test_split(run)
    if (run.task, split) not in prepared:
        yield f"{run.path}: there is no summary of the prepared split {run.task}/{split}"
        return
    rows = prepared[run.task, split]["scored"]
    main = main_scores(record)
    languages = plan.languages(run)
    found = [s.language for s in main]
    lacking = [code for code in languages if code not in found]
    if lacking:
        yield f"{run.path}: not scored on {', '.join(lacking)}"
    for code in dict.fromkeys(found):
        if found.count(code) > 1:
            yield f"{run.path}: scored twice on {code}"
        if code not in languages:
            yield f"{run.path}: scored on {code}, which is not planned"
    for s in main:
        if s.language in languages and s.n != rows.get(s.language, 0):
            prepared_rows = rows.get(s.language, 0)
            yield f"{run.path}: {s.language} scored on {s.n} rows, {prepared_rows} were prepared"
    for s in record.scores:
        if not (math.isfinite(s.value) and 0.0 <= s.value <= 100.0):
            yield f"{run.path}: impossible {s.metric} {s.value} in {s.language} ({s.setting})"


def _wrong_pairs(plan: Plan, record: Record) -> Iterator[str]:
    """Name what is wrong with a run's scores in the generalised setting."""
    run = run_of(record)
    found = {s.language: s for s in record.scores if s.setting == GENERALISED}
    wanted = pair_names(plan.languages(run)) if plan.pairs(run) else []
    lacking = [name for name in wanted if name not in found]
    if lacking:
        yield f"{run.path}: not scored on the pairs of languages {', '.join(lacking)}"
    for name in sorted(set(found) - set(wanted)):
        yield f"{run.path}: scored on the pair of languages {name}, which is not planned"
    for one in main_scores(record):
        same = found.get(pair_name(one.language, one.language))
        if same and (same.value, same.n) != (one.value, one.n):
            yield (
                f"{run.path}: {one.language} with itself is {same.value}, "
                f"the standard score {one.value}"
            )


def _wrong_selection(plan: Plan, record: Record) -> Iterator[str]:
    """Name a record whose weights were not chosen by the study's policy."""
    run = run_of(record)
    policy = plan.settings(plan.trained_as(run)).selection if plan.trains(run) else UNTRAINED
    used = record.selection.get("policy")
    if used != policy:
        yield f"{run.path}: weights selected by '{used}', the study says '{policy}'"


def _leaks(plan: Plan, leaks: Sequence[Overlap]) -> Iterator[str]:
    """Name splits of our own making that share items; nothing compared is nothing known."""
    if plan.trainings and not leaks:
        yield "no fine-tuning data was compared with the test data"
    for overlap in leaks:
        if overlap.shared and not overlap.excuse:
            yield f"{overlap.name}: {overlap.shared} test items were seen in fine-tuning"


def _excused_overlaps(leaks: Sequence[Overlap]) -> list[str]:
    """Name splits that may share items, and do."""
    return [
        f"{o.name}: {o.shared} of {o.tested} different test items are also in the "
        f"training data ({o.excuse})"
        for o in leaks
        if o.shared and o.excuse
    ]


def _selected_on_training_data(plan: Plan) -> list[str]:
    """Name systems whose weights were chosen on the rows they were trained on."""
    systems = {
        f"{run.path.rpartition('/')[0]}: weights selected on the dev split, which it trained on"
        for run in plan.trainings
        if plan.study.tasks[run.task].train_split == "dev"
        and plan.settings(run).selection != "last"
    }
    return sorted(systems)


def _tuned_on_test_data(plan: Plan) -> list[str]:
    """Name runs whose threshold was tuned on the rows that are scored."""
    return [
        f"{run.path}: the threshold was tuned on the scored rows (test_split: dev)"
        for run in plan.runs
        if run.task == "bucc2018" and plan.study.tasks[run.task].test_split == "dev"
    ]


def _selected_on_test_questions(plan: Plan) -> list[str]:
    """Name systems that chose weights on SQuAD's dev set: XQuAD's English questions are from it."""
    if plan.study.data.artificial is not None:
        return []
    chosen = {
        f"{run.path.rpartition('/')[0]}: weights selected on SQuAD dev, where XQuAD's questions "
        "come from"
        for run in plan.trainings
        if run.task == "xquad" and plan.settings(run).selection != "last"
    }
    return sorted(chosen)


def _mixed_versions(records: Sequence[Record]) -> list[str]:
    """Name libraries of which several versions were at work."""
    seen: dict[str, dict[str, list[str]]] = {}
    for record in sorted(records, key=run_of):
        for name, version in record.versions.items():
            seen.setdefault(name, {}).setdefault(version, []).append(run_of(record).path)
    return [
        f"several versions of {name}: "
        + "; ".join(f"{version} in {listed(runs)}" for version, runs in sorted(seen[name].items()))
        for name in sorted(seen)
        if len(seen[name]) > 1
    ]
