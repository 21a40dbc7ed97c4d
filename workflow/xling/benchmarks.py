# SPDX-License-Identifier: Apache-2.0
"""What finished jobs took: the benchmark files that Snakemake writes."""

from __future__ import annotations

import csv
from pathlib import Path

from xling.errors import DataError


def measured(benchmarks: Path | None, stage: str) -> list[float]:
    """Return the seconds of each finished job of a stage.

    Args:
        benchmarks: ``results/<study>/benchmarks``; None if nothing has run.
        stage: name of the rule.

    Raises:
        DataError: a file is damaged.
    """
    if benchmarks is None:
        return []
    files = [benchmarks / f"{stage}.tsv", *sorted((benchmarks / stage).rglob("*.tsv"))]
    return [_seconds(file) for file in files if file.is_file()]


def _seconds(file: Path) -> float:
    """Return the wall time of a job (the file has a row for each repetition)."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = [float(row["s"]) for row in csv.DictReader(stream, delimiter="\t")]
        if not rows:
            raise ValueError("no rows")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            "a benchmark file cannot be read",
            where=str(file),
            allowed="the table that Snakemake writes, with the seconds in column 's'",
            fix="delete the file; the estimate does without it",
        ) from error
    return sum(rows)
