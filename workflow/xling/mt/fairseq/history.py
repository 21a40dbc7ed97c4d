# SPDX-License-Identifier: Apache-2.0
"""Losses of the languages over training, in one file beside fairseq's checkpoints.

Every training with the plug-in writes it, also those that measure nothing.  JSON lines, losses in
nats per target token, keys are languages::

    {"kind": "train", "update": 100, "nll": {...}, "loss": {...}, "tokens": {...},
     "weights": {...}, "factors": {...}, "gnorm": 1.3, "seconds": 12.5}
    {"kind": "valid", "update": 100, "nll": {...}, "loss": {...}, "mean_nll": 4.2,
     "macro_loss": 5.1}

Numbers of a ``train`` line are of the updates since the line before it, or since training began or
went on; ``loss`` is label-smoothed; ``seconds`` are those of the updates alone, without validation
and checkpoints.  A language that was in no batch has null.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xling.files import write_text
from xling.mt.weighting import Floats

HISTORY = "history.jsonl"  # below --save-dir
ENGLISH = "en"

# Rows of the sums that lines are made of, [3, N].
LOSS, NLL, TOKENS = range(3)


def languages(directions: Sequence[str]) -> list[str]:
    """Return the language of each direction that is not English; the direction where that is none.

    Directions keep their names if two of them would get the same one.
    """
    names = []
    for direction in directions:
        sides = [side for side in direction.split("-") if side != ENGLISH]
        names.append(sides[0] if len(sides) == 1 else direction)
    return names if len(set(names)) == len(names) else list(directions)


def per_token(sums: Floats) -> tuple[Floats, Floats]:
    """Return mean loss and mean negative log-likelihood of a target token, [N] each.

    Args:
        sums: [3, N]; a direction without tokens has NaN.
    """
    tokens = np.where(sums[TOKENS] > 0, sums[TOKENS], np.nan)
    return sums[LOSS] / tokens, sums[NLL] / tokens


class History:
    """The file, for one training; the main process writes."""

    def __init__(self, path: Path, directions: Sequence[str]) -> None:
        """Name the file and the directions, in the order of all arrays."""
        self.path = path
        self.languages = languages(directions)

    def create(self) -> None:
        """Begin a training; what an earlier one in this place left is replaced."""
        write_text(self.path, "")

    def cut(self, update: int) -> bool:
        """Drop what was written after ``update``, to be done again; tell if there is a file."""
        if not self.path.exists():
            self.create()
            return False
        # A last line without its end was being written when the process was killed.
        lines = self.path.read_text(encoding="utf-8").split("\n")[:-1]
        kept = [line for line in lines if json.loads(line)["update"] <= update]
        write_text(self.path, "".join(line + "\n" for line in kept))
        return True

    def train(
        self, update: int, sums: Floats, *, weights: Floats, factors: Floats, **numbers: Any
    ) -> None:
        """Write a line of training.

        Args:
            update: finished updates.
            sums: of losses and tokens since the line before, [3, N].
            weights: of the method, [N].
            factors: of token losses, [N].
            numbers: ``gnorm`` and ``seconds``.
        """
        loss, nll = per_token(sums)
        self._append(
            {
                "kind": "train",
                "update": update,
                "nll": self._named(nll),
                "loss": self._named(loss),
                "tokens": dict(zip(self.languages, map(int, sums[TOKENS]), strict=True)),
                "weights": self._named(weights),
                "factors": self._named(factors),
                **{name: _finite(value) for name, value in numbers.items()},
            }
        )

    def valid(self, update: int, sums: Floats) -> None:
        """Write a line of validation; means are over the languages that have a dev set."""
        loss, nll = per_token(sums)
        self._append(
            {
                "kind": "valid",
                "update": update,
                "nll": self._named(nll),
                "loss": self._named(loss),
                "mean_nll": _finite(mean(nll)),
                "macro_loss": _finite(mean(loss)),
            }
        )

    def _named(self, values: Floats) -> dict[str, float | None]:
        return dict(zip(self.languages, map(_finite, values), strict=True))

    def _append(self, line: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")


def mean(values: Floats) -> float:
    """Return the mean of the numbers there are; NaN if there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _finite(value: Any) -> float | None:
    """Return a number as JSON can hold it: null for what is missing or not finite."""
    return float(value) if value is not None and np.isfinite(float(value)) else None
