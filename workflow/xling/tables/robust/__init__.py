# SPDX-License-Identifier: Apache-2.0
"""Tables of robust training, one module each.

===========  ========================================================================
``claims``   the claims of the abstracts, each with what was measured
``gains``    gain over zero-shot, with intervals
``means``    diagonal, off-diagonal, with and without the source and untranslated rows
``pairs``    first sentence by second sentence, a table per task
``sweeps``   radius, noise, copies, insertion points
===========  ========================================================================

No table of the paper could be read, so none has a number.  ``planned`` says which of them a study
has; ``results`` collects what they are made of; ``about`` has what captions share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from xling.comparison.results import Comparison
from xling.plan import Plan
from xling.records import Record
from xling.tables.robust import planned
from xling.tables.robust.planned import PAPER, sheet_names
from xling.tables.sheet import Sheet

__all__ = ["PAPER", "build_sheets", "sheet_names"]


def build_sheets(
    plan: Plan, records: Sequence[Record], comparisons: Sequence[Comparison] = ()
) -> list[Sheet]:
    """Return the tables that a study has, in the order of :func:`sheet_names`.

    Raises:
        DataError: if records of one task must not be compared with each other.
    """
    names = sheet_names(plan)
    if not names:
        return []
    from xling.tables.robust.results import collect

    results = collect(plan, records, comparisons)
    builders = _builders(plan)
    return [builders[name](results) for name in names]


def _builders(plan: Plan) -> dict[str, Callable[..., Sheet]]:
    """Return what builds each table; the tests behind them need numpy, the Snakefile does not."""
    from xling.tables.robust import claims, gains, means, pairs, sweeps

    return {
        planned.CLAIMS: claims.build,
        planned.GAINS: gains.build,
        planned.MEANS: means.build,
        planned.SWEEPS: sweeps.build,
        **{
            planned.pairs_name(task): partial(pairs.build, task=task)
            for task in planned.tasks_with_pairs(plan)
        },
    }
