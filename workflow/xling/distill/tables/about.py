# SPDX-License-Identifier: Apache-2.0
"""What the captions of the distillation paper's tables share."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from xling.distill.tables.frame import PAPER
from xling.distill.tables.results import Results
from xling.tables.caption import Caption


def about(
    results: Results,
    tasks: Collection[str],
    title: str,
    made: Sequence[tuple[str, str]],
    *,
    said: str,
    notes: Sequence[str] = (),
) -> Caption:
    """Return the caption of a table.

    Args:
        tasks: whose scores are in it.
        title: what it shows.
        made: what is particular about its numbers.
        said: the verdict.
        notes: below the table.
    """
    frame = results.frame
    records = [
        record
        for system in frame.systems
        for task in sorted(tasks)
        for record in results.of(system, task)
    ]
    seeds = sorted({record.seed for record in records})
    words = ", ".join(map(str, seeds)) or "none yet"
    fallen = [
        f"{system.title}: a seed collapsed (†)."
        for system in frame.systems
        if any(results.collapsed(system, task) for task in tasks)
    ]
    return Caption(
        title=title,
        made=(
            *made,
            ("Seeds", f"{words}; mean ± sample standard deviation"),
            ("Study", f"{frame.study} ({frame.description}), paper {PAPER}"),
        ),
        verdict=said,
        notes=(*fallen, *notes),
    )
