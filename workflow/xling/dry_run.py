# SPDX-License-Identifier: Apache-2.0
"""What a dry run shows beside Snakemake's list of jobs: time, GPU hours and disk."""

from __future__ import annotations

import sys
from pathlib import Path

from xling.errors import XlingError
from xling.plan import Plan


def print_plan(plan: Plan) -> None:
    """Print the plan of a study, with measured times where jobs have run."""
    from xling.estimate import estimate
    from xling.plan_text import format_plan

    benchmarks = Path("results") / plan.study.name / "benchmarks"
    try:
        stages = estimate(plan, benchmarks if benchmarks.is_dir() else None)
    except XlingError as error:
        sys.stderr.write(f"{error}\n")  # a damaged benchmark file; the dry run itself is done
        return
    sys.stdout.write("\n" + format_plan(plan, stages))
