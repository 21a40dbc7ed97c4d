# SPDX-License-Identifier: Apache-2.0
"""The rows of ``config/reported/{paper}.csv``: a value, where it was read, and our names for it.

The words of the source stand beside our keys.  A key is empty where nothing of ours corresponds;
without a task no other key is given, so that such a row matches no cell.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from xling.config.loader import config_file
from xling.config.translation import BENCHMARKS, DIRECTIONS
from xling.errors import DataError
from xling.methods import methods
from xling.mt.data.groups import language_groups
from xling.mt.scoring.metrics import METRICS
from xling.mt.systems import SYSTEMS
from xling.tasks import TASKS

Kind = Literal["paper", "reference", "third_party", "fact"]
COLUMNS = (
    "paper table system model task metric language value source "
    "kind task_key method_key family_key metric_key column"
).split()
KEYS = ("method_key", "family_key", "metric_key", "column")
# Written as in xling.tables.table.AVG, which is made of heavier modules.
AVG = "avg"
# Our names of published encoders by the name of their folder.
FAMILIES = {
    "bert-base-multilingual-cased": "mbert",
    "xlm-roberta-base": "xlmr-base",
    "xlm-roberta-large": "xlmr-large",
}
# Tasks of translation, as those of its runs: ``ted8_diverse-m2o``.
TRANSLATIONS = tuple(f"{name}-{direction}" for name in BENCHMARKS for direction in DIRECTIONS)


@dataclass(frozen=True)
class Reported:
    """One reported value.

    Attributes:
        line: in the file, from 1.
        kind: ``paper``: the paper's own; ``reference``: published for another system;
            ``third_party``: somebody's rerun, quoted; ``fact``: no score of a model.
        paper: who reported it; with ``table``, ``system`` and ``model`` in the source's words.
        value: as printed; scores are 0 to 100.
        source: where it was read.
        task: our keys from here on; empty where nothing of ours corresponds.  Of translation it
            is benchmark and direction.
        family: of ``FAMILIES``.
        column: language, or ``avg``: the mean over all published languages of the task.
    """

    line: int
    kind: Kind
    paper: str
    table: str
    system: str
    model: str
    value: float
    source: str
    task: str
    method: str
    family: str
    metric: str
    column: str


@cache
def reported(paper: str) -> tuple[Reported, ...]:
    """Return what is known of a paper's numbers, in the order of the file.

    Raises:
        DataError: the file is absent or has a mistake; with its line.
    """
    return read_reported(config_file(f"reported/{paper}.csv"))


def read_reported(path: Path) -> tuple[Reported, ...]:
    """Read and check a file of reported values.

    Raises:
        DataError: it cannot be read, or the first line with a mistake.
    """
    found: list[Reported] = []
    seen: dict[tuple[str, ...], int] = {}
    for line, row in _rows(path):
        for problem, allowed in _mistakes(row):
            raise _bad(path, line, problem, allowed)
        one = _reported(line, row)
        if one.column:
            cell = (one.paper, one.table, one.system, one.model, one.task, one.metric, one.column)
            first = seen.setdefault(cell, line)
            if first != line:
                raise _bad(path, line, f"the cell of line {first} again", "each cell once")
        found.append(one)
    return tuple(found)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and values of each row."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            if next(reader, []) != COLUMNS:
                raise _bad(path, 1, "the columns are not those of the file", ",".join(COLUMNS))
            for fields in reader:
                if len(fields) != len(COLUMNS):
                    what = f"{len(fields)} fields"
                    raise _bad(path, reader.line_num, what, f"{len(COLUMNS)} fields")
                yield reader.line_num, dict(zip(COLUMNS, fields, strict=True))
    except csv.Error as error:
        raise _bad(path, reader.line_num, str(error), "a CSV file") from error
    except UnicodeDecodeError as error:
        raise _bad(path, 1, f"byte {error.start} is not UTF-8", "a file in UTF-8") from error
    except OSError as error:
        raise DataError(
            f"reported values cannot be read ({error.strerror})",
            where=str(path),
            allowed="a file of config/reported in the checkout",
            fix="run the command in the checkout",
        ) from error


def _mistakes(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each mistake of a row, and what would have been right."""
    for name in ("paper", "table", "source"):
        if not row[name].strip():
            yield f"'{name}' is empty", "where the value is from"
    try:
        number = math.isfinite(float(row["value"]))
    except ValueError:
        number = False
    if not number:
        yield f"the value is '{row['value']}'", "a number"
    task = row["task_key"]
    allowed: dict[str, tuple[str, ...]] = {
        "kind": get_args(Kind),
        "task_key": ("", *TASKS, *TRANSLATIONS),
        "method_key": ("", *methods()),
        "family_key": ("", *FAMILIES.values()),
    }
    for name, values in (allowed | _allowed_for(task)).items():
        if row[name] not in values:
            yield f"'{name}' is '{row[name]}'", ", ".join(filter(None, values))
    if not task and any(row[name] for name in KEYS):
        yield "there is no task, but other keys", f"a task_key, or none of {', '.join(KEYS)}"
    if task and row["kind"] == "fact":
        yield "a fact has a task_key", "none: it is no score of a model"


@cache
def _allowed_for(task: str) -> dict[str, tuple[str, ...]]:
    """Return the values of keys that depend on the task."""
    if task in TRANSLATIONS:
        groups = language_groups(task.rpartition("-")[0])
        scored = (code for code, row in groups.items() if row.group)
        return {
            "method_key": ("", *SYSTEMS),
            "family_key": ("",),
            "metric_key": METRICS,
            "column": ("", AVG, *scored),
        }
    if task in TASKS:
        about = TASKS[task]
        return {"metric_key": about.metrics, "column": ("", AVG, *about.languages)}
    return {}


def _reported(line: int, row: Mapping[str, str]) -> Reported:
    kinds: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    return Reported(
        line=line,
        kind=kinds[row["kind"]],
        paper=row["paper"],
        table=row["table"],
        system=row["system"],
        model=row["model"],
        value=float(row["value"]),
        source=row["source"],
        task=row["task_key"],
        method=row["method_key"],
        family=row["family_key"],
        metric=row["metric_key"],
        column=row["column"],
    )


def _bad(path: Path, line: int, what: str, allowed: str) -> DataError:
    return DataError(
        what,
        where=f"{path}, line {line}",
        allowed=allowed,
        fix="correct the line (docs/reported.md)",
    )
