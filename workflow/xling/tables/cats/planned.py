# SPDX-License-Identifier: Apache-2.0
"""Which tables of translation a study has: the plan alone says it, before anything is trained."""

from __future__ import annotations

from xling.mt.plan import TranslationPlan
from xling.mt.scoring.contrasts import contrasts
from xling.mt.scoring.metrics import BLEU, CHRF, METRICS, SPBLEU

DIFFERENCES = "differences"
TEMPERATURES = "temperatures"
MODELS = "model-sizes"
BATCHES = "batch-sizes"
SETTINGS = "settings"
CLAIMS = "claims"
# What stands behind a task's name in the names of files.
_ENDINGS = {BLEU: "", CHRF: "-chrf", SPBLEU: "-spbleu"}


def scores_name(task: str, metric: str) -> str:
    """Return the name of a task's table of scores."""
    return f"{task}{_ENDINGS[metric]}"


def differences_name(task: str) -> str:
    """Return the name of a task's table of differences to T = 5."""
    return f"{task}-{DIFFERENCES}"


def compared_tasks(plan: TranslationPlan) -> list[str]:
    """Return the tasks in which a system is compared with T = 5."""
    return sorted({one.task for one in contrasts(plan) if one.kind == "baseline"})


def temperature_methods(plan: TranslationPlan) -> list[str]:
    """Return the systems of the temperature sweep, variants left out, by temperature."""
    found = {
        run.method: plan.temperature(run)
        for run in plan.runs
        if plan.base(run.method) == "temperature" and plan.origin(run.method) == run.method
    }
    return sorted(found, key=lambda name: found[name])


def sheet_names(plan: TranslationPlan) -> list[str]:
    """Return the names of all tables, sorted."""
    kinds = {one.kind for one in contrasts(plan)}
    names = [scores_name(task, metric) for task in plan.tasks for metric in METRICS]
    names += [differences_name(task) for task in compared_tasks(plan)]
    names += [TEMPERATURES] if len(temperature_methods(plan)) > 1 else []
    names += [MODELS] if "model" in kinds else []
    names += [BATCHES] if "batch" in kinds else []
    return sorted([*names, SETTINGS, CLAIMS])
