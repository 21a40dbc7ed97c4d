# SPDX-License-Identifier: Apache-2.0
"""Tables of the X-Mixup paper by number, one module each.

===========================  ======================================================================
``language_groups``          Table 1: scores by group of languages
``cka_correlation``          Table 2: does a language's score go with its CKA?
``main_results``             Table 3: all tasks, the paper's cells, published baselines
``ablations``                X-Mixup without one of its parts each (Tables 5 to 7 are not known)
``transfer_gap``             Table 8: the source's score less the mean of the targets
``cka``                      CKA with the source in the last layer
===========================  ======================================================================

There is no Table 4: it holds X-Mixup against XTUNE with translations alone.  We do not run XTUNE;
what was published of it stands in Table 3.

``planned`` says which of them a study has; ``scores`` collects what they are made of; ``against``
holds our numbers against the paper's; ``published`` has other papers' systems; ``about`` has what
captions share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

from xling.plan import Plan
from xling.records import Record
from xling.tables.sheet import Sheet
from xling.tables.xmixup import planned
from xling.tables.xmixup.planned import PAPER, sheet_names
from xling.tables.xmixup.scores import Analyses, Results, collect

__all__ = ["NO_ANALYSES", "PAPER", "Analyses", "build_sheets", "sheet_names"]

NO_ANALYSES: Analyses = MappingProxyType({})


def build_sheets(
    plan: Plan, records: Sequence[Record], analyses: Analyses = NO_ANALYSES
) -> list[Sheet]:
    """Return the paper's tables that a study has, in the order of :func:`sheet_names`.

    Raises:
        DataError: if records of one task must not be compared with each other.
    """
    names = sheet_names(plan)
    if not names:
        return []
    results = collect(plan, records, analyses)
    return [_builders()[name](results) for name in names]


def _builders() -> dict[str, Callable[[Results], Sheet]]:
    """Return what builds each table; analyses need numpy, which the Snakefile does without."""
    from xling.tables.xmixup import (
        ablations,
        cka,
        cka_correlation,
        language_groups,
        main_results,
        transfer_gap,
    )

    return {
        planned.GROUPS: language_groups.build,
        planned.CORRELATION: cka_correlation.build,
        planned.RESULTS: main_results.build,
        planned.ABLATIONS: ablations.build,
        planned.GAP: transfer_gap.build,
        planned.CKA: cka.build,
    }
