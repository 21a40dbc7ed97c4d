# SPDX-License-Identifier: Apache-2.0
"""Scores without the rows of which a sentence was not translated (PAWS-X's ``NS``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xling.generalised.names import NOT_TRANSLATED, WITHOUT_NS
from xling.tasks.by_setting import score_settings

if TYPE_CHECKING:
    import pyarrow as pa

    from xling.records import Score


def score_translated(
    predictions: pa.Table, score: Callable[[pa.Table], list[Score]]
) -> list[Score]:
    """Score each setting on its translated rows, under a name that ends in ``_without_ns``.

    Nothing if the table does not say which rows those are, or all are.
    """
    import pyarrow.compute as pc

    if NOT_TRANSLATED not in predictions.column_names:
        return []
    lost = predictions[NOT_TRANSLATED]
    if not pc.any(lost).as_py():
        return []
    scores = score_settings(predictions.filter(pc.invert(lost)), score)
    return [one.model_copy(update={"setting": one.setting + WITHOUT_NS}) for one in scores]
