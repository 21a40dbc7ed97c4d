# SPDX-License-Identifier: Apache-2.0
"""What the captions of robust training's tables share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xling.tables.caption import Caption
from xling.tables.robust.results import Results
from xling.tables.table import Table
from xling.tables.xmixup.about import metric_words, sheet_caption

WHOSE = (
    "Methods",
    "RS-DA as in the released code; ADV and RS-RP are standard definitions, their settings ours, "
    "as are systems that no paper has (docs/robust.md)",
)
UNREAD = "not held against the paper: its tables could not be read (docs/reported.md)"


def robust_caption(
    results: Results,
    tables: Sequence[Table],
    title: str,
    made: Sequence[tuple[str, str]],
    *,
    main: bool = True,
    notes: Sequence[str] = (),
) -> Caption:
    """Return the caption of one table.

    Args:
        results: of the study.
        tables: the tasks in it.
        title: what it shows.
        made: what is particular about its numbers.
        main: whether it has no variants.
        notes: below the table, before those of its systems.
    """
    shown = [
        replace(table, systems=tuple(results.main(table))) if main else table for table in tables
    ]
    dropped = [f"{t.task.title}: {words}" for t in shown if (words := dropped_words(t))]
    return sheet_caption(
        results.plan,
        shown,
        title,
        (("Metric", metric_words(shown)), *made, WHOSE),
        said=UNREAD,
        notes=(*notes, *dropped),
    )


def dropped_words(table: Table) -> str:
    """Say how many items of the generalised setting could not be tested, and why."""
    # Data is the same for all systems.
    lost = next((r.dropped_pairs for s in table.systems for r in s.records if r.dropped_pairs), {})
    labels = sum(one["other_label"] for one in lost.values())
    partners = sum(one["no_partner"] for one in lost.values())
    if not lost:
        return ""
    return (
        f"left out in the generalised setting: {labels} rows whose labels differ, {partners} that "
        "the second language lacks."
    )
