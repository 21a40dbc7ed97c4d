# SPDX-License-Identifier: Apache-2.0
"""What a training wrote while it ran: ``history.jsonl``, read for analyses and figures.

Losses are nats per target token, keys are languages (the one that is not English)::

    {"kind": "train", "update": u, "nll": {...}, "loss": {...}, "tokens": {...}, "factors": {...}}
    {"kind": "valid", "update": u, "nll": {...}, "loss": {...}, "mean_nll": x}

``tokens`` are the target tokens since the line before, ``factors`` what their losses were
multiplied by.  A language of which no token was drawn has no loss in a line (null or missing).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from xling.errors import DataError

Kind = Literal["train", "valid"]


@dataclass(frozen=True)
class Line:
    """One line; see the head of this module."""

    kind: Kind
    update: int
    nll: dict[str, float]
    tokens: dict[str, float] = field(default_factory=dict)
    factors: dict[str, float] = field(default_factory=dict)


def read_history(path: Path) -> list[Line]:
    """Return the lines, in the order they were written.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [_line(row) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"the history of a training cannot be read ({type(error).__name__}: {error})",
            where=str(path),
            allowed="the lines of JSON that xling train-mt writes",
            fix="delete the run's folder and run snakemake again",
        ) from error


def trained_shares(
    lines: Sequence[Line], languages: Sequence[str], update: int
) -> dict[str, float] | None:
    """Return each language's share of the loss that is trained on at an update.

    Its share of all target tokens until then, times its last factor; they add up to 1.  None if
    nothing was logged until then.
    """
    past = [line for line in lines if line.kind == "train" and line.update <= update]
    if not past:
        return None
    weights = {
        language: sum(line.tokens.get(language, 0.0) for line in past)
        * past[-1].factors.get(language, 1.0)
        for language in languages
    }
    total = sum(weights.values())
    return {language: value / total for language, value in weights.items()} if total else None


def _line(row: dict[str, Any]) -> Line:
    if row["kind"] not in ("train", "valid"):
        raise ValueError(f"kind '{row['kind']}'")
    return Line(
        row["kind"],
        int(row["update"]),
        _numbers(row["nll"]),
        _numbers(row.get("tokens", {})),
        _numbers(row.get("factors", {})),
    )


def _numbers(values: dict[str, float | None]) -> dict[str, float]:
    return {key: float(value) for key, value in values.items() if value is not None}
