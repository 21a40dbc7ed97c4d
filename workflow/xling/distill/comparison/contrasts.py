# SPDX-License-Identifier: Apache-2.0
"""Which systems are compared with which: the plan alone says it.

``encoder``: a student with its own encoder before training, mean pooled.  ``teacher``: a student
with its teacher.  ``student``: a student with the one that the study names beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from xling.distill.plan import DistillPlan
    from xling.plan import Run

Kind = Literal["encoder", "teacher", "student"]
#: In the order of tables, in words.
KINDS: dict[Kind, str] = {
    "encoder": "Student less its encoder before training, mean pooled",
    "teacher": "Student less its teacher",
    "student": "Student less another student",
}
_MEAN_POOLED, _TEACHER = "mean_pooled", "teacher"

#: Method and model.
Key = tuple[str, str]


@dataclass(frozen=True)
class Contrast:
    """Two systems on one task.

    Attributes:
        first: the student whose difference from the other is asked for.
        second: the other system.
        pairs: runs that are held against each other, by rising seed of the first.  A system that
            is not trained has one run, which stands beside every seed.
        left_out: seeds of one of the two only, ascending.
        seen: languages that the first was trained on, English left out.
    """

    kind: Kind
    task: str
    first: Key
    second: Key
    pairs: tuple[tuple[Run, Run], ...]
    left_out: tuple[int, ...]
    seen: tuple[str, ...]

    @property
    def runs(self) -> list[Run]:
        """The runs of both systems that are compared, sorted."""
        return sorted({run for pair in self.pairs for run in pair})


def contrasts(plan: DistillPlan) -> list[Contrast]:
    """Return all comparisons of a study: by task, then kind, then in the order of systems."""
    order = [system.key for system in plan.frame().systems]
    kinds = list(KINDS)
    return sorted(
        _candidates(plan),
        key=lambda one: (
            plan.tasks.index(one.task),
            kinds.index(one.kind),
            order.index(one.first),
            one.second,
        ),
    )


def compared_runs(plan: DistillPlan) -> list[Run]:
    """Return the runs whose predictions are compared, sorted; empty: nothing is."""
    return sorted({run for one in contrasts(plan) for run in one.runs})


def not_compared(plan: DistillPlan) -> list[Run]:
    """Return the students' runs that stand beside no other system, sorted."""
    known = {pair[0] for one in contrasts(plan) for pair in one.pairs}
    return [run for run in plan.runs if plan.student(run) is not None and run not in known]


def _candidates(plan: DistillPlan) -> Iterator[Contrast]:
    seeds: dict[tuple[Key, str], dict[int, Run]] = {}
    for run in plan.runs:
        seeds.setdefault(((run.method, run.model), run.task), {})[run.seed] = run
    against = {one.key: one.against for one in plan.frame().systems}
    for (key, task), own in seeds.items():
        one = next(iter(own.values()))
        if plan.student(one) is None:
            continue
        others: dict[Kind, Key | None] = {
            "encoder": (_MEAN_POOLED, one.model),
            "teacher": (_TEACHER, plan.teacher_of(one)),
            "student": against.get(key),
        }
        for kind, other in others.items():
            if other is None or (other, task) not in seeds:
                continue
            found = _pairs(plan, own, seeds[other, task])
            left_out = _left_out(plan, own, seeds[other, task])
            if found:
                seen = tuple(plan.languages_of(one))
                yield Contrast(kind, task, key, other, found, left_out, seen)


def _pairs(
    plan: DistillPlan, first: dict[int, Run], second: dict[int, Run]
) -> tuple[tuple[Run, Run], ...]:
    alone = _untrained(plan, second)
    return tuple(
        (first[seed], alone or second[seed])
        for seed in sorted(first)
        if alone is not None or seed in second
    )


def _left_out(plan: DistillPlan, first: dict[int, Run], second: dict[int, Run]) -> tuple[int, ...]:
    return () if _untrained(plan, second) else tuple(sorted(set(first) ^ set(second)))


def _untrained(plan: DistillPlan, runs: dict[int, Run]) -> Run | None:
    """Return the run of a system that the seed of a student's training does not touch."""
    one = runs[min(runs)]
    return one if plan.student(one) is None else None
