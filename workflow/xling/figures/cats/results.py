# SPDX-License-Identifier: Apache-2.0
"""What figures read of finished runs, each file once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from xling.errors import DataError
from xling.mt.analysis.history import Line, read_history
from xling.mt.plan import TranslationPlan
from xling.mt.scoring.averages import AVERAGES
from xling.plan import Run
from xling.records import Record, read_record
from xling.score import STANDARD

METRIC = "bleu"


class Results:
    """The files of a study's translation runs.

    Attributes:
        plan: of the study.
        record, history, trace, analysis, note: read a run's file; the last is ``train.json``.
    """

    def __init__(self, plan: TranslationPlan, folder: Path) -> None:
        """Name the folder, ``results/{study}``."""
        self.plan = plan
        runs = folder / "runs"
        self.record: Callable[[Run], Record] = cache(
            lambda run: read_record(runs / run.path / "record.json")
        )
        self.history: Callable[[Run], list[Line]] = cache(
            lambda run: read_history(runs / run.path / "history.jsonl")
        )
        self.trace: Callable[[Run], list[dict[str, Any]]] = cache(
            lambda run: _traces(runs / run.path / "trace.jsonl")
        )
        self.analysis: Callable[[Run], dict[str, Any]] = cache(
            lambda run: _json(folder / "analysis" / f"{run.path}.json")
        )
        self.note: Callable[[Run], dict[str, Any]] = cache(
            lambda run: _json(runs / run.path / "train.json")
        )

    def bleu(self, run: Run, group: str) -> float:
        """Return the mean BLEU of a group of languages, ``low``, ``mid``, ``high`` or ``all``.

        Raises:
            DataError: the record lacks it.
        """
        wanted = (STANDARD, AVERAGES[group], METRIC)
        for score in self.record(run).scores:
            if (score.setting, score.language, score.metric) == wanted:
                return score.value
        raise DataError(
            f"a record has no {METRIC} of '{AVERAGES[group]}'",
            where=run.path,
            fix="delete the record and run snakemake again",
        )

    def group_of(self, run: Run) -> Mapping[str, str]:
        """Return the group of each of a run's languages; languages without one are missing."""
        groups = self.plan.groups(self.plan.benchmark(run))
        return {code: name for name, codes in groups.items() for code in codes}


def _traces(path: Path) -> list[dict[str, Any]]:
    """Return the measurements of a training, each with its ``update``."""
    from xling.mt.fairseq.sidecar import read

    return [
        {"update": record["update"], **record["trace"]}
        for record in read(path)
        if "trace" in record
    ]


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError) as error:
        raise DataError(
            f"a figure needs a file that cannot be read ({type(error).__name__})",
            where=str(path),
            allowed="the JSON that a stage wrote",
            fix="delete the file if it is there, and run snakemake again",
        ) from error
