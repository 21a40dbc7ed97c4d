# SPDX-License-Identifier: Apache-2.0
"""English training rows in the order that numbers in files of back-translations mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from xling.data.readers.rows import Row, TaggedRow, numbered
from xling.errors import DataError
from xling.translate.products.ask import Ask

R = TypeVar("R", Row, TaggedRow)


def in_order(english: Sequence[R], ask: Ask) -> Sequence[R]:
    """Return the rows of the English training set after a check that none is missing.

    Rows of files without ids are numbered.  Line *i* of a file of back-translations is the *i*-th
    of them, so a gap would shift all that follow.

    Raises:
        DataError: a number is missing, or there are no rows.
    """
    first = numbered(ask.split, 1)
    if english and english[0].id != first:
        return english  # ids of the release
    for number, row in enumerate(english, start=1):
        if row.id != numbered(ask.split, number):
            raise _gap(ask, f"row {number} has the id '{row.id}'")
    if not english:
        raise _gap(ask, "there are none")
    return english


def _gap(ask: Ask, what: str) -> DataError:
    return DataError(
        f"the English training rows of {ask.task} are not all there: {what}",
        where=f"back-translations, {ask.language}",
        allowed=f"all rows of the prepared split train, {numbered(ask.split, 1)} and on",
        fix="prepare the split with train_split: train",
    )
