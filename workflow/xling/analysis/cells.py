# SPDX-License-Identifier: Apache-2.0
"""Means over languages of what one system reached, seed by seed."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from xling.errors import DataError
from xling.tables.table import Cell


def mean_cell(cells: Mapping[str, Cell], languages: Sequence[str]) -> Cell:
    """Return the unweighted mean over some languages of each seed.

    The mean of each seed comes first: its spread over seeds is not the mean of the spreads.

    Args:
        cells: one system's scores by language (``System.cells``), seeds in the same order.
        languages: at least one; all must have a cell.

    Returns:
        One value per seed; ``rows`` is the sum over the languages.

    Raises:
        DataError: no language, one without scores, or languages with different numbers of seeds.
    """
    missing = [code for code in languages if code not in cells]
    counts = {code: len(cells[code].values) for code in languages if code in cells}
    if missing or len(set(counts.values())) != 1:
        raise DataError(
            f"there is no mean over the languages {', '.join(languages) or '(none)'}",
            where=f"scores per language: {', '.join(f'{c} {n}' for c, n in counts.items()) or '-'}",
            allowed="every seed scored on every language, and at least one language",
            fix="run the missing seeds, or leave the language out for this system",
        )
    columns = zip(*(cells[code].values for code in languages), strict=True)
    return Cell(
        tuple(statistics.fmean(column) for column in columns),
        sum(cells[code].rows for code in languages),
    )
