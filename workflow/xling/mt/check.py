# SPDX-License-Identifier: Apache-2.0
"""What ``xling check`` makes sure of translation models, and what a reader has to know of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xling.found import Found, flags_of, too_few_seeds
from xling.mt.data.overlap import overlaps
from xling.mt.plan import SPLITS, TranslationPlan
from xling.mt.scoring.averages import AVERAGES
from xling.plan import Run
from xling.records import Record
from xling.tables.agree import run_of
from xling.tables.cats.agree import disagreements, strangers

# Ours: a decoder may give up on a sentence or two of a hundred; more is worth a look.
EMPTY_SHARE = 0.01

#: Summaries of prepared splits, by (benchmark, direction, split).
Prepared = Mapping[tuple[str, str, str], Mapping[str, Any]]
#: Hypotheses of a run by language: how many, and how many are empty.
Counts = Mapping[Run, Mapping[str, tuple[int, int]]]


def check_translation(
    plan: TranslationPlan, records: Sequence[Record], prepared: Prepared, results: Path
) -> Found:
    """Look at records, translations and prepared splits.

    Args:
        plan: of the study.
        records: of its runs.
        prepared: of all benchmarks, directions and splits.
        results: the study's folder of results.

    Raises:
        DataError: a file is damaged.
    """
    planned = set(plan.runs)
    known = sorted((r for r in records if run_of(r) in planned), key=run_of)
    counts = {run_of(one): _count(results, run_of(one)) for one in known}
    scores = sum(len(record.scores) for record in known)
    return Found(
        runs=len(known),
        scores=scores,
        problems=[
            *strangers(plan, records),
            *_missing(plan, known),
            *(problem for record in known for problem in _wrong(plan, record, prepared, counts)),
            *disagreements(known),
        ],
        passed=[
            f"all {len(plan.runs)} planned runs of translation have a record",
            "every language has as many hypotheses as prepared test rows",
        ],
        collapsed=flags_of(known, collapsed=True),
        flags=[
            *_empty(counts),
            *_overlaps(plan, results / "prepared"),
            *too_few_seeds(plan.runs),
            *flags_of(known, collapsed=False),
        ],
    )


def _count(results: Path, run: Run) -> dict[str, tuple[int, int]]:
    from xling.tasks.predicted import read_predictions

    table = read_predictions(results / "predictions" / f"{run.path}.parquet")
    languages = table.column("language").to_pylist()
    texts = table.column("hypothesis").to_pylist()
    all_of = Counter(languages)
    empty = Counter(code for code, text in zip(languages, texts, strict=True) if not text.strip())
    return {code: (count, empty[code]) for code, count in all_of.items()}


def _missing(plan: TranslationPlan, records: Sequence[Record]) -> list[str]:
    present = {run_of(record) for record in records}
    return [f"{run.path}: has no record" for run in plan.runs if run not in present]


def _wrong(
    plan: TranslationPlan, record: Record, prepared: Prepared, counts: Counts
) -> Iterator[str]:
    """Name wrong numbers of rows, impossible values and the wrong selection of one record."""
    run = run_of(record)
    rows = prepared[plan.benchmark(run), plan.direction(run), "test"]["rows"]
    languages = plan.languages(run)
    scored = {s.language: s.n for s in record.scores if s.language not in AVERAGES.values()}
    for code in languages:
        made = counts[run].get(code, (0, 0))[0]
        if not rows.get(code, 0) == made == scored.get(code, 0):
            yield (
                f"{run.path}: {code} has {made} hypotheses, scored on {scored.get(code, 0)} rows, "
                f"{rows.get(code, 0)} were prepared"
            )
    for code in sorted({*scored, *counts[run]} - {*languages}):
        yield f"{run.path}: has results of {code}, which is not planned"
    for s in record.scores:
        if not (math.isfinite(s.value) and 0.0 <= s.value <= 100.0):
            yield f"{run.path}: impossible {s.metric} {s.value} in {s.language}"
    used, policy = record.selection.get("policy"), plan.settings(run).selection
    if used != policy:
        yield f"{run.path}: weights selected by '{used}', the study says '{policy}'"


def _empty(counts: Counts) -> list[str]:
    return [
        f"{run.path}: {empty} of {made} hypotheses in {code} are empty"
        for run, found in counts.items()
        for code, (made, empty) in found.items()
        if empty > EMPTY_SHARE * made
    ]


def _overlaps(plan: TranslationPlan, prepared: Path) -> Iterator[str]:
    """Name pairs of dev and test sets that earlier splits hold too, of one direction each."""
    first = dict(reversed(plan.pairs))
    for benchmark, direction in sorted(first.items()):
        files = {name: prepared / benchmark / direction / f"{name}.parquet" for name in SPLITS}
        for one, other in (("dev", "train"), ("test", "train"), ("test", "dev")):
            found = overlaps(files[one], files[other])
            shared = {o.language: o.pair for o in found if o.pair}
            if shared:
                total = sum(o.rows for o in found)
                named = ", ".join(f"{code} {count}" for code, count in shared.items())
                yield (
                    f"{benchmark}: {sum(shared.values())} of {total} {one} pairs are also in "
                    f"{other} ({named})"
                )
