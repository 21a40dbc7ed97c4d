# SPDX-License-Identifier: Apache-2.0
"""Paired significance: a paper's pairs of systems, and what must be said beside their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xling.comparison.pairs import Pair, compared, compared_runs, not_comparable
from xling.comparison.results import Comparison, PairResult
from xling.errors import DataError
from xling.plan import Plan, Run
from xling.records import Record
from xling.score import STANDARD, is_collapsed
from xling.tables.agree import run_of
from xling.tables.caption import Caption, verdict
from xling.tables.table import AVG_TARGETS
from xling.tasks import TASKS

NAME = "significance"


@dataclass(frozen=True)
class Significance:
    """A paper's comparisons in the order of its plan.

    Attributes:
        rows: pairs of the plan with what was found.
        collapsed: runs that learned nothing.
    """

    plan: Plan
    comparison: Comparison
    rows: tuple[tuple[Pair, PairResult], ...]
    collapsed: frozenset[Run]

    @property
    def name(self) -> str:
        """Study, paper and ``significance``."""
        return f"{self.plan.study.name}/{self.comparison.paper}/{NAME}"

    def names(self, pair: Pair) -> tuple[str, str, str, str]:
        """Return task, model and both systems; a dagger: one of the compared runs collapsed."""
        first, second = (self._title(pair, method) for method in (pair.first, pair.second))
        return TASKS[pair.task].title, pair.model, first, second

    def _title(self, pair: Pair, method: str) -> str:
        title = self.plan.method(method).title
        return title if self.collapsed.isdisjoint(pair.runs(method)) else f"{title} †"


def build_significance(
    plan: Plan, comparison: Comparison, records: Sequence[Record]
) -> Significance:
    """Put results beside the pairs of the plan.

    Raises:
        DataError: the comparison is of another study, or of other pairs, languages or seeds.
    """
    pairs = [pair for pair in compared(plan) if pair.paper == comparison.paper]
    planned = {
        (one.task, one.model, one.first, one.second): (set(one.languages), set(one.seeds))
        for one in pairs
    }
    found = {(one.task, one.model, one.first, one.second): one for one in comparison.pairs}
    measured = {key: (set(one.languages), set(one.seeds.seeds)) for key, one in found.items()}
    if comparison.study != plan.study.name or planned != measured:
        keys = sorted(planned.keys() | measured.keys())
        other = [", ".join(key) for key in keys if planned.get(key) != measured.get(key)]
        raise DataError(
            "the comparisons do not fit the study",
            where=other[0] if other else f"they are of the study {comparison.study}",
            allowed="the pairs of systems that the study plans, with their languages and seeds",
            fix=f"delete comparisons/{comparison.paper}.json and run snakemake again",
        )
    rows = zip(pairs, (found[key] for key in planned), strict=True)
    collapsed = frozenset(run_of(record) for record in records if is_collapsed(record.flags))
    return Significance(plan, comparison, tuple(rows), collapsed)


def significance_caption(table: Significance) -> Caption:
    """Say what was tested, what was corrected, and what the p values mean."""
    of, study = table.comparison, table.plan.study
    together = sorted({TASKS[one.task].title for _, one in table.rows if one.together})
    at_once = f"; of {', '.join(together)} an item is drawn in all languages"
    made = (
        (
            "Difference",
            "the system's score less the other's, in points of the task's main metric, mean over "
            f"target languages ({AVG_TARGETS}; all languages together and each alone: CSV file), "
            "on the test items that both have, each averaged over the seeds that both have; "
            "tagging: F1 of averaged counts",
        ),
        ("Tested as", _settings(table)),
        (
            "p",
            "approximate randomisation, two-sided: how often the difference is at least as large "
            "when the systems' results are exchanged item by item; it speaks of other test items "
            "with these very models, and is at least 1 / (resamples + 1)",
        ),
        (
            "Holm p",
            f"corrected for the {len(table.rows)} pairs of this table, each column by itself "
            "(languages, in the CSV file: for the languages of the pair)",
        ),
        (
            "Low, high",
            f"{100 * of.level:g} % percentile interval of the paired bootstrap, {of.resamples:,} "
            f"resamples{at_once if together else ''}",
        ),
        (
            "Gap",
            "the system's transfer gap (score in the source less mean of the targets) less the "
            "other's: below 0 the system's is smaller; p is that of the bootstrap, because systems "
            "of different level cannot be exchanged",
        ),
        (
            "Over seeds",
            "difference of the means over all languages, mean ± sample standard deviation over "
            "seeds, then p of an exact sign-flip test; it speaks of other seeds on these items",
        ),
        ("Study", f"{study.name} ({study.description}), paper {of.paper}"),
    )
    tasks = list(dict.fromkeys(pair.task for pair, _ in table.rows))
    models = sorted({pair.model for pair, _ in table.rows})
    return Caption(
        title="Paired significance",
        made=made,
        verdict=verdict(table.plan, tasks, models),
        notes=(*_left_out(table), *_collapsed(table)),
    )


def _settings(table: Significance) -> str:
    """Name the settings that differ from the plain test, with their systems and tasks."""
    tasks: dict[tuple[str, str], dict[str, None]] = {}
    for pair, one in table.rows:
        for method, setting in ((pair.first, one.first_setting), (pair.second, one.second_setting)):
            if setting != STANDARD:
                title = table.plan.method(method).title
                tasks.setdefault((setting, title), {})[TASKS[pair.task].title] = None
    # Systems that were tested alike are named together.
    systems: dict[tuple[str, str], list[str]] = {}
    for (setting, title), names in tasks.items():
        systems.setdefault((setting, ", ".join(names)), []).append(title)
    named = (f"{setting}: {', '.join(who)} ({names})" for (setting, names), who in systems.items())
    return "; ".join(named) or "each test item by itself"


def _left_out(table: Significance) -> Iterator[str]:
    for pair, one in table.rows:
        listed = {
            "items that one of the systems lacks": [
                f"{code} {one.left_out[code]}" for code in pair.languages if one.left_out[code]
            ],
            "languages": pair.languages_left_out,
            "seeds": [str(seed) for seed in pair.seeds_left_out],
        }
        lost = "; ".join(f"{what}: {', '.join(names)}" for what, names in listed.items() if names)
        if lost:
            yield f"{_label(table, pair)}: left out: {lost}."
    for pair in not_comparable(table.plan):
        if pair.paper == table.comparison.paper:
            yield f"{_label(table, pair)}: not compared, no language or no seed in common."


def _collapsed(table: Significance) -> Iterator[str]:
    used = set(compared_runs(table.plan, table.comparison.paper))
    for run in sorted(used & table.collapsed):
        title = table.plan.method(run.method).title
        yield (
            f"† {TASKS[run.task].title}, {run.model}, {title}: seed {run.seed} collapsed (no "
            "better than chance) and is part of the comparison."
        )


def _label(table: Significance, pair: Pair) -> str:
    task, model, first, second = table.names(pair)
    return f"{task}, {model}, {first} against {second}"
