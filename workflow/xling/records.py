# SPDX-License-Identifier: Apache-2.0
"""What is kept of a run: one ``record.json`` each, from which all tables are made.

A record says what was run (resolved settings, data checksums, versions, seed, hardware) and what
came out (scores, time, memory).  Reading one checks its shape, so that a table cannot be made of
half a record.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from xling.errors import DataError

SCORE_COLUMNS = (
    "paper",
    "method",
    "model",
    "task",
    "setting",
    "language",
    "metric",
    "seed",
    "value",
    "n",
    "signature",
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Score(_Part):
    """One number: a metric on one language in one evaluation setting.

    Attributes:
        setting: ``standard``, or a named other way of testing the same model.
        language: of the items; in the generalised setting those of the two sentences: ``de-fr``.
        value: 0 to 100.
        n: rows that were scored.
        signature: metric, version and options, as sacreBLEU does for BLEU.
        chance: value of always answering the most frequent label of these rows.
    """

    setting: str
    language: str
    metric: str
    value: float
    n: int
    signature: str
    chance: float


class DataUse(_Part):
    """One prepared split as a run used it.

    Attributes:
        sha256: of the prepared Parquet file.
        rows: rows per language.
        origin: where the rows come from, in words ("human translation", "artificial, noise 0.05").
    """

    sha256: str
    rows: dict[str, int]
    origin: str


class Record(_Part):
    """All of a run.

    Attributes:
        own_source: by English side of the test rows and language, how many items had none and were
            read with themselves.
        dropped_pairs: by pair of languages, the items that could not be tested in the generalised
            setting, by reason (:class:`xling.generalised.pairs.Dropped`).
    """

    study: str
    comparable: bool
    paper: str
    method: str
    model: str
    task: str
    seed: int
    trained_as: str
    settings: dict[str, Any]
    selection: dict[str, Any]
    scores: list[Score]
    data: dict[str, DataUse]
    flags: list[str]
    versions: dict[str, str]
    stages: dict[str, int]
    hardware: dict[str, Any]
    timing: dict[str, float]
    own_source: dict[str, dict[str, int]] = {}
    dropped_pairs: dict[str, dict[str, int]] = {}


def read_record(path: Path) -> Record:
    """Read a record; raise :class:`DataError` if it is damaged or of another shape."""
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise DataError(
            "a run's record cannot be read",
            where=str(path),
            allowed=f"the JSON that 'xling score' writes ({type(error).__name__})",
            fix="delete the file and run snakemake again",
        ) from error


def dump_record(record: Record) -> str:
    """Return a record as JSON text with sorted keys."""
    return json.dumps(record.model_dump(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def scores_csv(records: Iterable[Record]) -> str:
    """Return the tidy table of all scores, one row per number, in a fixed order."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(SCORE_COLUMNS)
    rows = [
        (
            *(r.paper, r.method, r.model, r.task),
            *(s.setting, s.language, s.metric, r.seed),
            *(repr(s.value), s.n, s.signature),
        )
        for r in records
        for s in r.scores
    ]
    writer.writerows(sorted(rows))
    return out.getvalue()
