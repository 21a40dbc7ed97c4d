# SPDX-License-Identifier: Apache-2.0
"""Tables of the distillation paper, by the numbers of its second version (EMNLP 2020).

=====================  ============================================================================
``table-1-...``        STS 2017, both sentences in one language
``table-2-...``        STS 2017, sentences in two languages
``table-3-...``        BUCC: oracle threshold, and the honest one
``table-4-...``        Tatoeba, low-resource languages
``table-8-...``        language bias: pooled correlation against the mean of the pairs
``tables-9-10-...``    Tatoeba, all languages, both directions
``section-5-...``      studies of corpora, of the amount of data, of one language against many
                       (numbers of these tables were not read)
=====================  ============================================================================

``frame`` says what a study has; ``results`` collects records; ``published`` reads the paper's
values, whose two versions never share a row; ``against`` holds ours against them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xling.distill.tables.frame import Frame, System
from xling.distill.tables.results import Results, collect
from xling.records import Record
from xling.tables.sheet import Sheet

__all__ = ["Frame", "System", "build_sheets", "sheet_names"]


def sheet_names(frame: Frame) -> list[str]:
    """Return the names of the tables that a study has, in order; known before any run."""
    return [name for name, (planned, _) in _tables().items() if planned(frame)]


def build_sheets(frame: Frame, records: Iterable[Record]) -> list[Sheet]:
    """Return the tables of a study, as :func:`sheet_names` names them.

    Raises:
        DataError: records are of no system of the study, there twice, or were not made alike.
    """
    results = collect(frame, records)
    return [build(results) for planned, build in _tables().values() if planned(frame)]


_Table = tuple[Callable[[Frame], bool], Callable[[Results], Sheet]]


def _tables() -> dict[str, _Table]:
    from xling.distill.tables import bias, scores, studies

    return scores.TABLES | bias.TABLES | studies.TABLES
