# SPDX-License-Identifier: Apache-2.0
"""Which tables of robust training a study has.

It follows from the plan alone, and is asked when the Snakefile is parsed: nothing heavy here.
"""

from __future__ import annotations

from collections.abc import Sequence

from xling.comparison.pairs import BASELINES, compared
from xling.plan import Plan, Run
from xling.tables.table import systems_in_order
from xling.tasks import TASKS

PAPER = "robust"
TITLE = "Robust training (Huang et al. 2021)"
BASELINE = BASELINES[PAPER]
#: The paper's methods; only RS-DA is known from released code.
METHODS = ("adv", "rs_rp", "rs_da")

MEANS = "table-means"
PAIRS = "table-pairs"
GAINS = "table-gains"
SWEEPS = "table-sweeps"
CLAIMS = "table-claims"


def pairs_name(task: str) -> str:
    """Return the name of a task's table of pairs of languages."""
    return f"{PAIRS}-{task}"


def own_runs(plan: Plan) -> list[Run]:
    """Return the paper's runs."""
    return [run for run in plan.runs if run.paper == PAPER]


def tasks_with_pairs(plan: Plan) -> list[str]:
    """Return the tasks with runs in the generalised setting, in XTREME's order."""
    found = {run.task for run in own_runs(plan) if plan.pairs(run)}
    return [task for task in TASKS if task in found]


def variants(plan: Plan) -> list[str]:
    """Return the study's variants of the paper's methods that have runs, in its order."""
    names = dict.fromkeys(method for method, _ in systems_in_order(plan, own_runs(plan)))
    return [name for name in names if plan.method(name).variant_of in METHODS]


def main_systems(plan: Plan, names: Sequence[str]) -> list[str]:
    """Return the names of systems that are no variants."""
    return [name for name in names if not plan.method(name).variant_of]


def sheet_names(plan: Plan) -> list[str]:
    """Return the names of the tables that a study has, in order."""
    if not own_runs(plan):
        return []
    tested = any(pair.paper == PAPER for pair in compared(plan))
    return [
        *([CLAIMS, GAINS] if tested else []),
        MEANS,
        *map(pairs_name, tasks_with_pairs(plan)),
        *([SWEEPS] if variants(plan) else []),
    ]
