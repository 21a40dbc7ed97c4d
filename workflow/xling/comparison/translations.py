# SPDX-License-Identifier: Apache-2.0
"""One method with translations of several sources: what errors of translation cost.

The reference is the same method with exact translations (an engine that makes no errors), or else
with published ones.  Others are tested against it, item by item.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from xling.comparison.pairs import Pair, planned_pair
from xling.comparison.results import Comparison
from xling.config.translations import PUBLISHED
from xling.plan import Plan, Run
from xling.tasks import TASKS

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Sources:
    """Systems that differ in their translations alone, on one task with one encoder.

    Attributes:
        methods: keys of systems by source: ``published``, or the name of an engine; published
            ones first, then engines in the study's order.
    """

    paper: str
    task: str
    model: str
    methods: Mapping[str, str]

    @property
    def systems(self) -> tuple[str, ...]:
        """Keys of the systems."""
        return tuple(self.methods.values())


def sources(plan: Plan) -> list[Sources]:
    """Return what is compared: by paper, XTREME's order of tasks, encoder, the study's methods."""
    if plan.translations is None:
        return []
    found: dict[tuple[str, str, str, str, str], dict[str, str]] = {}
    order = [PUBLISHED, *plan.translations.part.engines]
    for method in dict.fromkeys(m for block in plan.study.experiments for m in block.methods):
        if not plan.method(method).translated:
            continue
        system = plan.study.systems.get(method)
        base = system.method if system else method
        changes = repr(sorted(system.set.items())) if system else "[]"
        for run in plan.runs:
            if run.method == method:
                group = found.setdefault((run.paper, run.task, run.model, base, changes), {})
                group.setdefault(plan.engine_of(method) or PUBLISHED, method)
    tasks = list(TASKS)
    return [
        Sources(paper, task, model, {name: group[name] for name in sorted(group, key=order.index)})
        for (paper, task, model, *_), group in sorted(
            found.items(), key=lambda one: (one[0][0], tasks.index(one[0][1]), one[0][2])
        )
        if len(group) > 1
    ]


def reference(plan: Plan, one: Sources) -> str:
    """Return the source that the others are compared with."""
    if plan.translations is not None:
        for name, engine in plan.translations.part.engines.items():
            if name in one.methods and engine.kind == "artificial" and engine.noise == 0.0:
                return name
    return next(iter(one.methods))


def pairs(plan: Plan, paper: str) -> list[Pair]:
    """Return the pairs of a paper that are tested, the reference second."""
    found = []
    for one in sources(plan):
        right = reference(plan, one)
        for name, method in one.methods.items():
            if one.paper == paper and name != right:
                sides = [_runs(plan, one, key) for key in (method, one.methods[right])]
                found.append(planned_pair(plan, *sides))
    return [pair for pair in found if pair.possible]


def compared_papers(plan: Plan) -> list[str]:
    """Return the papers that have such pairs."""
    return sorted({one.paper for one in sources(plan) if pairs(plan, one.paper)})


def compared_runs(plan: Plan, paper: str) -> list[Run]:
    """Return the runs whose predictions a paper's comparison reads, sorted."""
    return sorted({run for pair in pairs(plan, paper) for run in pair.all_runs})


def compare_translations(
    plan: Plan, paper: str, read: Callable[[Run], pa.Table], *, resamples: int
) -> Comparison:
    """Test all pairs of a paper; p values are corrected for their number.

    Args:
        plan: says which pairs there are.
        paper: one of :func:`compared_papers`.
        read: gives the predictions of a run.
        resamples: of each test.

    Raises:
        DataError: predictions that cannot be scored, or what
            :func:`xling.comparison.compare.compare_task` refuses.
    """
    from xling.comparison.compare import compare_task, corrected
    from xling.comparison.item_statistics import item_statistics
    from xling.stats.items import LEVEL

    results = []
    for (task, _), group in groupby(pairs(plan, paper), key=lambda pair: (pair.task, pair.model)):
        own = list(group)
        runs = sorted({run for pair in own for run in pair.all_runs})
        items = {run: item_statistics(read(run), TASKS[task]) for run in runs}
        results += compare_task(own, items, resamples=resamples)
    return Comparison(
        study=plan.study.name,
        paper=paper,
        resamples=resamples,
        level=LEVEL,
        pairs=corrected(results),
        gains=[],
    )


def _runs(plan: Plan, one: Sources, method: str) -> list[Run]:
    key = (one.paper, method, one.model, one.task)
    return [r for r in plan.runs if (r.paper, r.method, r.model, r.task) == key]
