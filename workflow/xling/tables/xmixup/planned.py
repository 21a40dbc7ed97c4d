# SPDX-License-Identifier: Apache-2.0
"""Which of the paper's tables a study has, and what stands in them.

It follows from the plan alone, and is asked when the Snakefile is parsed: nothing heavy here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xling.plan import Plan, Run
from xling.score import shown_of
from xling.tables.table import systems_in_order
from xling.tasks import SOURCE_LANGUAGE, TASKS

PAPER = "xmixup"
TITLE = "X-Mixup (Yang et al. 2022)"
FULL = "xmixup"  # the method as the paper has it
# The paper's own baselines (its Table 3), and the one that makes the comparison of means fair.
MAIN = ("zero_shot", "translate_test", "translate_train", "translate_train_ensemble", FULL)
# What X-Mixup is held against where one baseline is shown: the first that there is.
BASELINES = ("translate_train", "zero_shot")

GROUPS = "table-1-language-groups"
CORRELATION = "table-2-cka-correlation"
RESULTS = "table-3-main"
GAP = "table-8-transfer-gap"
CKA = "table-cka"
ABLATIONS = "table-ablations"


def main_runs(plan: Plan) -> list[Run]:
    """Return the runs of the main comparison: the methods themselves, on tasks with training."""
    return [
        run
        for run in plan.runs
        if run.paper == PAPER and run.method in MAIN and TASKS[run.task].trained
    ]


def variants(plan: Plan) -> list[str]:
    """Return the study's variants of X-Mixup that have runs, in its order."""
    runs = [run for run in plan.runs if run.paper == PAPER]
    names = dict.fromkeys(method for _, method in _by_method(plan, runs))
    return [name for name in names if plan.method(name).variant_of == FULL]


def _by_method(plan: Plan, runs: Sequence[Run]) -> list[tuple[str, str]]:
    return [(model, method) for method, model in systems_in_order(plan, runs)]


def analysed(plan: Plan, *, with_variants: bool = False) -> list[Run]:
    """Return the paper's runs that are analysed, of the main comparison or of all systems."""
    return [
        run for run in plan.analysed if run.paper == PAPER and (with_variants or run.method in MAIN)
    ]


def analysed_tasks(plan: Plan) -> list[str]:
    """Return the tasks of the main comparison that are analysed, in XTREME's order."""
    found = {run.task for run in analysed(plan)}
    return [task for task in TASKS if task in found]


def tested_way(plan: Plan, run: Run) -> str:
    """Return the way of reading test items that belongs to the scores that tables show.

    Ways are ``alone``, ``translate_test`` and ``gold``, as in an analysis; the mean of both
    streams' logits has the representations of the setting it is named after.
    """
    settings = [setting for setting, _ in plan.english_tests(run)]
    return shown_of(settings) if settings else "alone"


def grouped(plan: Plan) -> bool:
    """Return whether languages fall into groups: real ones do, artificial ones if they differ."""
    runs = main_runs(plan)
    if any(sum(code != SOURCE_LANGUAGE for code in plan.languages(run)) > 1 for run in runs):
        artificial = plan.study.data.artificial
        dials = ("word_order", "cognates", "text_share")
        return artificial is None or any(
            len({getattr(one, dial) for one in artificial.languages.values()}) > 1 for dial in dials
        )
    return False


def sheet_names(plan: Plan) -> list[str]:
    """Return the names of the tables that a study has, in the order of the paper."""
    conditions: tuple[tuple[str, Callable[[Plan], object]], ...] = (
        (GROUPS, grouped),
        (CORRELATION, analysed),
        (RESULTS, main_runs),
        (ABLATIONS, variants),
        (GAP, main_runs),
        (CKA, analysed),
    )
    return [name for name, condition in conditions if condition(plan)]
