# SPDX-License-Identifier: Apache-2.0
"""Scores of a run that was tested in several ways, named in the column ``setting``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xling.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from xling.records import Score

COLUMN = "setting"


def score_settings(predictions: pa.Table, score: Callable[[pa.Table], list[Score]]) -> list[Score]:
    """Score the rows of each setting by themselves, in the table's order of settings.

    Args:
        predictions: what ``xling predict`` wrote.
        score: of one setting's rows.  A table without the column, or without rows, is left to it
            as it is.

    Raises:
        DataError: a row has no setting.
    """
    import pyarrow.compute as pc

    if COLUMN not in predictions.column_names or not predictions.num_rows:
        return score(predictions)
    column = predictions[COLUMN]
    if column.null_count:
        raise DataError(
            f"{column.null_count} predictions have no setting",
            allowed=f"a name in each row of the column '{COLUMN}', or no such column",
            fix="run the prediction again",
        )
    scores: list[Score] = []
    for name in column.unique().to_pylist():
        found = score(predictions.filter(pc.equal(column, name)))
        scores += [one.model_copy(update={"setting": name}) for one in found]
    return scores
