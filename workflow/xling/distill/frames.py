# SPDX-License-Identifier: Apache-2.0
"""A study's systems as tables and figures see them, in the order of their rows."""

from __future__ import annotations

from collections import Counter

from xling.config.distillation import DISTILLED, MEAN_POOLED, TEACHER
from xling.config.distillation_models import Student
from xling.distill.plan import DistillPlan
from xling.distill.tables.frame import LOW_RESOURCE, Frame, System
from xling.plan import Run

_ORDER = (TEACHER, MEAN_POOLED)


def frame_of(plan: DistillPlan) -> Frame:
    """Return the frame of a study.

    Teachers and raw encoders come first, then systems that are given, students last: the first
    of all students, then those of the study in its order.
    """
    cells = list(dict.fromkeys((run.method, run.model) for run in plan.runs))
    cells.sort(key=lambda cell: (_place(plan, cell[0]), cell))
    planned, per_method = set(cells), Counter(method for method, _ in cells)
    systems = [
        _system(plan, method, model, several=per_method[method] > 1, planned=planned)
        for method, model in cells
    ]
    return Frame(
        plan.study.name,
        plan.study.description,
        plan.study.comparable,
        tuple(systems),
        {task: tuple(plan.languages(task)) for task in plan.tasks},
        _low_resource(plan),
    )


def _low_resource(plan: DistillPlan) -> tuple[str, ...]:
    """Return the languages of Table 4; of artificial ones the half with the least text."""
    sizes = plan.distillation.sizes
    if sizes is None:
        return LOW_RESOURCE
    pairs = Counter(sizes.talks) + Counter(sizes.mined)
    ordered = sorted(pairs, key=lambda code: (pairs[code], code))
    return tuple(ordered[: len(ordered) // 2])


def _place(plan: DistillPlan, method: str) -> tuple[int, int]:
    if method in _ORDER:
        return 0, _ORDER.index(method)
    names = [DISTILLED, *(name for name in plan.distillation.systems if name != DISTILLED)]
    return (2 if plan.is_student(method) else 1), names.index(method)


def _system(
    plan: DistillPlan,
    method: str,
    model: str,
    *,
    several: bool,
    planned: set[tuple[str, str]],
) -> System:
    reported = plan.distillation.reported.get(f"{method}/{model}", "")
    title = _title(plan, method, model, several=several)
    system = plan.system(method)
    if not isinstance(system, Student):
        return System(method, model, title, reported=reported)
    other = (system.against or (DISTILLED if system.part == "bilingual" else ""), model)
    return System(
        method,
        model,
        title,
        part=system.part,
        reported=reported,
        corpora=tuple(plan.corpora_of(Run("", method, model, "", 0))),
        amount=system.amount,
        languages=tuple(system.languages or ()),
        against=other if other in planned and other[0] != method else None,
    )


def _title(plan: DistillPlan, method: str, model: str, *, several: bool) -> str:
    """Return a title that no other system has: of raw encoders and teachers it names the model."""
    if method == TEACHER:
        return plan.teacher(model).title or f"{model} (teacher)"
    if method == MEAN_POOLED:
        return f"{model}, mean-pooled"
    return f"{plan.title(method)}, {model}" if several else plan.title(method)
