# SPDX-License-Identifier: Apache-2.0
"""Made-up predictions of robust training, and the records and comparisons that follow."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from xmixup_results import TARGETS, artificial_study, plan_of, record_of, some

from xling.comparison.compare import compare_paper
from xling.comparison.results import Comparison
from xling.plan import Plan, Run
from xling.records import Record
from xling.score import flags
from xling.tasks import TASKS
from xling.tasks.family import family_of

MAIN = ["zero_shot", "zero_shot_matched", "adv", "rs_rp", "rs_da"]
LANGUAGES = ["en", *TARGETS]
ITEMS = 40
SYSTEMS = {
    f"adv-{radius}": {
        "method": "adv",
        "title": f"ADV, radius {radius}",
        "set": {"robust": {"adv": {"radius": radius}}},
    }
    for radius in (0.1, 1.0)
}


def robust_plan(*blocks: dict[str, Any], pairs: bool = True, **parts: Any) -> Plan:
    """Return a study of robust training on XNLI and PAWS-X, with a sweep of radii on XNLI."""
    usual = (
        {"tasks": ["xnli", "pawsx"], "methods": MAIN},
        {"tasks": ["xnli"], "methods": [*SYSTEMS], "seeds": [1]},
    )
    own = [{"paper": "robust", **one} for one in blocks or usual]
    tasks = {task: {"languages": LANGUAGES, "pairs": pairs} for task in ("xnli", "pawsx")}
    return plan_of(artificial_study(*own, tasks=tasks, systems=SYSTEMS) | parts)


@cache
def _right(run: Run, ns: bool, items: int) -> pa.Table:
    """Predictions of a run: better methods are right more often, the more so far from English."""
    rng = np.random.default_rng(abs(int(1e6 * some(run.path))))
    hard = np.random.default_rng(5).random(items)
    gain = {"zero_shot": 0.0, "zero_shot_matched": 0.02, "rs_da": 0.2}.get(run.method, 0.1)
    labels = TASKS[run.task].labels
    rows = []
    for a, first in enumerate(LANGUAGES):
        for b, second in enumerate(LANGUAGES):
            level = 0.8 - 0.06 * (a + b) + gain * (0.2 + 0.1 * (a + b)) + 0.05 * (a != b) * gain
            right = 0.6 * hard + 0.4 * rng.random(items) < level
            for i in range(items):
                lost = ns and ((first == "qaa" and i == 3) or (second == "qab" and i == 4))
                wrong = labels[(i + 1) % len(labels)]
                gold = labels[i % len(labels)]
                name = f"{first}-{second}"
                rows.append((f"i{i:03}", name, gold, gold if right[i] else wrong, lost))
    names = ("id", "language", "label", "prediction", "not_translated")
    pairs = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    code = [name.partition("-")[0] for name in pairs["language"].to_pylist()]
    same = [name == f"{c}-{c}" for name, c in zip(pairs["language"].to_pylist(), code, strict=True)]
    plain = pairs.set_column(1, "language", pa.array(code)).filter(pa.array(same))
    parts = (("standard", plain), ("generalised", pairs))
    return pa.concat_tables(
        [one.add_column(0, "setting", pa.array([name] * one.num_rows)) for name, one in parts]
    )


def predictions_of(plan: Plan, run: Run, items: int = ITEMS) -> pa.Table:
    """Return a run's predictions; PAWS-X has sentences that were not translated."""
    found = _right(run, run.task == "pawsx", items)
    if not plan.pairs(run):
        found = found.filter(pa.array([s == "standard" for s in found["setting"].to_pylist()]))
        found = found.drop_columns(["setting", "not_translated"])
    return found


def records_of(plan: Plan) -> list[Record]:
    """Return the records of all runs, scored from their predictions."""
    found = []
    for run in plan.runs:
        task = TASKS[run.task]
        scores = family_of(run.task).score(predictions_of(plan, run), task)
        lost = {"en-qaa": {"other_label": 2, "no_partner": 1}} if plan.pairs(run) else {}
        changes = {"scores": scores, "flags": flags(scores, task), "dropped_pairs": lost}
        found.append(record_of(plan, run, **changes))
    return found


def comparison_of(plan: Plan, resamples: int = 500) -> Comparison:
    """Return the tests of the paper."""
    return compare_paper(plan, "robust", lambda run: predictions_of(plan, run), resamples=resamples)
