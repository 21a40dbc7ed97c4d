# SPDX-License-Identifier: Apache-2.0
"""The stage ``compare_sentences``: paired tests of students, from their predictions."""

from __future__ import annotations

from pathlib import Path

from xling.comparison.results import dump_comparison
from xling.distill.comparison.compare import compare_systems
from xling.errors import UsageError
from xling.files import write_text
from xling.plan import Plan
from xling.tasks.predicted import read_predictions


def compare_sentences(*, study: Plan, results: Path, output: Path) -> None:
    """Compare the students of a study with other systems and write what was found.

    Args:
        study: the plan of the study.
        results: its folder; predictions lie below ``predictions/``.
        output: JSON file, ``comparisons/distill.json``.

    Raises:
        UsageError: the study has no distillation.
        DataError: predictions are missing, damaged, or of other test items.
    """
    plan = study.distillation
    if plan is None:
        raise UsageError(
            f"the study '{study.study.name}' has no distillation",
            where="--study",
            allowed="a study with a part 'distillation'",
            fix="name such a study",
        )
    folder = results / "predictions"
    found = compare_systems(plan, lambda run: read_predictions(folder / f"{run.path}.parquet"))
    write_text(output, dump_comparison(found))
