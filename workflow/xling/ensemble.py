# SPDX-License-Identifier: Apache-2.0
"""Predictions of a plain model that reads a test row and its English side by themselves.

The class logits of both are averaged, as X-Mixup's are at test time, but nothing is mixed inside
the encoder.  What X-Mixup gains over this is not owed to a second look at the text (ours).
Settings have the names that X-Mixup's have: ``translate_test_mean``, ``gold_mean``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from xling.errors import UsageError
from xling.score import MEAN
from xling.tasks import SOURCE_LANGUAGE, TASKS, Task
from xling.tasks.by_setting import COLUMN
from xling.tasks.family import Inference
from xling.xmixup.inference import check_sides
from xling.xmixup.pairs import ITSELF, own_sources, pair_test

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

    from xling.tasks.classification import Tokens as ClassTokens
    from xling.tokens import Tokens


def check_ensemble(names: Mapping[str, object], task: Task) -> None:
    """Check that logits can be averaged, and the names of English sides.

    Raises:
        UsageError: a task without class logits, an unknown name, or gold English of a task whose
            test sets are no translations.
    """
    if task.family != "classification":
        fitting = [name for name, about in TASKS.items() if about.family == "classification"]
        raise UsageError(
            f"a plain model cannot read '{task.name}' together with English sides: words and spans "
            "of two texts cannot be averaged",
            where="--english",
            allowed=f"{', '.join(fitting)}; other tasks with a model of X-Mixup",
            fix="leave out --english, or give the train note of a model of X-Mixup",
        )
    check_sides(names, task)


def predict(
    model: torch.nn.Module,
    tokens: Tokens,
    rows: np.ndarray,
    sources: Mapping[str, Tokens],
    table: pa.Table,
    task: Task,
    decoding: Mapping[str, Any],
    how: Inference,
) -> tuple[pa.Table, dict[str, dict[str, int]]]:
    """Return the predictions of all settings, those of a setting together.

    The test rows are encoded once, whatever the number of settings.  English rows, and rows whose
    source is lacking, are their own source: the mean of a row with itself are its own logits.

    Args:
        model: on its device.
        tokens: test rows.
        rows: token rows to predict.
        sources: tokens of the English sides by name.
        table: the prepared rows that ``tokens`` were made of.
        task: a classification task.
        decoding: not read.
        how: batches and number format.

    Returns:
        ``setting`` and the columns of classification; and by English side and language, how many
        rows were their own source because they have none.

    Raises:
        UsageError: see :func:`check_ensemble`.
        DataError: too many rows have no English side (:func:`xling.xmixup.pairs.pair_test`).
    """
    import pyarrow as pa

    from xling.tasks.classification import class_scores, decode

    del decoding
    check_ensemble(sources, task)
    beside = {name: pair_test(task.family, tokens, side)[rows] for name, side in sources.items()}
    own = {name: own_sources(tokens, rows, places) for name, places in beside.items()}
    english = np.asarray(tokens.languages)[rows] == SOURCE_LANGUAGE
    alone = class_scores(model, tokens, rows, how)
    parts = []
    for name, source in sources.items():
        read = np.flatnonzero((beside[name] != ITSELF) & ~english)
        mean = alone.copy()
        if len(read):
            mean[read] = (alone[read] + class_scores(model, source, beside[name][read], how)) / 2
        # The rows of a classification task have classes.
        found = decode(mean, cast("ClassTokens", tokens), rows, table, task)
        names = pa.array([name + MEAN] * found.num_rows, pa.string())
        parts.append(found.add_column(0, COLUMN, names))
    return pa.concat_tables(parts), own
