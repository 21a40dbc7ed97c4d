# SPDX-License-Identifier: Apache-2.0
"""The stage ``compare_mt``: paired tests of all systems against T = 5, from their translations."""

from __future__ import annotations

from pathlib import Path

from xling.comparison.results import dump_comparison
from xling.errors import UsageError
from xling.files import write_text
from xling.mt.scoring.compare import compare_systems
from xling.plan import Plan
from xling.tasks.predicted import read_predictions


def compare_mt(*, study: Plan, results: Path, output: Path) -> None:
    """Compare the translation systems of a study and write what was found.

    Args:
        study: the plan of the study.
        results: its folder; predictions lie below ``predictions/``.
        output: JSON file, ``comparisons/cats.json``.

    Raises:
        UsageError: the study translates nothing.
        DataError: predictions are missing, damaged, or of other sentences.
    """
    plan = study.translation
    if plan is None:
        raise UsageError(
            f"the study '{study.study.name}' has no translation models",
            where="--study",
            allowed="a study with a part 'translation'",
            fix="name such a study",
        )
    folder = results / "predictions"
    found = compare_systems(plan, lambda run: read_predictions(folder / f"{run.path}.parquet"))
    write_text(output, dump_comparison(found))
