# SPDX-License-Identifier: Apache-2.0
"""Whether a test pair was seen in fine-tuning."""

from __future__ import annotations

from pathlib import Path

from xling.data.tables import pairs_in_common, read_table
from xling.plan import Plan


def leaks(plan: Plan, prepared: Path) -> dict[str, int]:
    """Count test pairs that occur word for word among the rows a study trains on.

    Args:
        prepared: folder of the prepared tables, ``{task}/{split}.parquet``.

    Returns:
        For each comparison of a split that is trained on with one that is tested on: the number of
        different pairs in both.
    """
    found = {}
    for task in plan.tasks:
        trained = {s for run in plan.trainings if run.task == task for s in plan.train_splits(run)}
        tested = {plan.test_split(run) for run in plan.runs if run.task == task}
        tables = {
            split: read_table(prepared / task / f"{split}.parquet") for split in trained | tested
        }
        for one in sorted(trained):
            for other in sorted(tested):
                found[f"{task}: {one} and {other}"] = pairs_in_common(tables[one], tables[other])
    return found
