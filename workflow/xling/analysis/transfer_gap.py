# SPDX-License-Identifier: Apache-2.0
"""Cross-lingual transfer gap (Table 8): the source's score less the mean of the targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xling.analysis.cells import mean_cell
from xling.errors import DataError
from xling.tables.table import Cell
from xling.tasks import SOURCE_LANGUAGE


def transfer_gap(cells: Mapping[str, Cell], languages: Sequence[str]) -> Cell:
    """Return one system's gap by seed, in points: smaller is better, negative if targets lead.

    Args:
        cells: scores by language (``System.cells``), seeds in the same order.
        languages: of the task, the source among them.

    Raises:
        DataError: no source or no target among the languages, a language without scores, or
            languages with different numbers of seeds.
    """
    targets = [code for code in languages if code != SOURCE_LANGUAGE]
    if SOURCE_LANGUAGE not in languages or not targets:
        raise DataError(
            "a transfer gap needs the source language and at least one target",
            where=f"languages: {', '.join(languages) or 'none'}",
            allowed=f"{SOURCE_LANGUAGE} and others",
            fix="score the task's source language too",
        )
    both = mean_cell(cells, [SOURCE_LANGUAGE, *targets])
    source, target = cells[SOURCE_LANGUAGE], mean_cell(cells, targets)
    pairs = zip(source.values, target.values, strict=True)
    return Cell(tuple(own - mean for own, mean in pairs), both.rows)
