# SPDX-License-Identifier: Apache-2.0
"""What differs between classification, tagging, question answering and retrieval.

Each family is one module of this package with the functions below; everything else (batches,
training loop, checkpoints, records) is shared.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from xling.tasks import TASKS, Task

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import torch

    from xling import tokens as _tokens
    from xling.records import Score


@dataclass(frozen=True)
class Inference:
    """How a model is run when nothing is trained.

    Attributes:
        pad_id: the tokenizer's padding.
        precision: number format of the encoder (``fp32``, ``bf16``, ``fp16``).
        max_tokens: sub-words per batch, padding included.
    """

    pad_id: int
    precision: str
    max_tokens: int


class Family(Protocol):
    """The functions of a family's module."""

    Tokens: type[_tokens.Tokens]

    def tokenize(
        self, table: pa.Table, tokenizer_file: Path, task: Task, reading: Mapping[str, Any]
    ) -> pa.Table:
        """Encode prepared rows; one table row is one input of the model.

        Args:
            table: a prepared split (columns of the family in ``xling.data.tables``).
            tokenizer_file: a ``tokenizers`` JSON file.
            task: gives the class names.
            reading: ``max_length``; for ``qa`` also ``doc_stride`` and ``max_question``.
        """
        ...

    def new_model(self, folder: Path, task: Task) -> Any:
        """Load an encoder with a new head (drawn from torch's global generator)."""
        ...

    def trained_model(self, folder: Path, task: Task) -> Any:
        """Load a trained model; retrieval loads the plain encoder."""
        ...

    def predict(
        self,
        model: torch.nn.Module,
        tokens: _tokens.Tokens,
        rows: np.ndarray,
        table: pa.Table,
        task: Task,
        decoding: Mapping[str, Any],
        how: Inference,
    ) -> pa.Table:
        """Return the predictions of the given token rows (see ``docs/architecture.md``).

        Args:
            model: on its device.
            tokens: of one or more splits.
            rows: token rows; all inputs of an item are among them.
            table: the prepared rows the tokens were made of, at least those of the languages.
            task: gives the class names.
            decoding: settings of the family's decoding (``Plan.decoding``).
            how: batches and number format.
        """
        ...

    def score(self, predictions: pa.Table, task: Task) -> list[Score]:
        """Score each language and setting of a run, all metrics of the task."""
        ...


def family_of(task: str) -> Family:
    """Return the family's module of a task."""
    module = importlib.import_module(f"xling.tasks.{TASKS[task].family}")
    return cast(Family, module)
