# SPDX-License-Identifier: Apache-2.0
"""What the tables of robust training are made of: records by setting and pair of languages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from xling.comparison.results import Comparison
from xling.generalised.names import GENERALISED, WITHOUT_NS, pair_name, pair_of
from xling.plan import Plan
from xling.records import Record
from xling.score import headline
from xling.tables.robust.planned import BASELINE, PAPER, main_systems
from xling.tables.table import Cell, System, Table, build_table
from xling.tasks import SOURCE_LANGUAGE, TASKS

#: Means over pairs of languages by their heads: what pairs are in them.
MEANS: dict[str, Callable[[str, str], bool]] = {
    "same": lambda a, b: a == b,
    "same, targets": lambda a, b: a == b != SOURCE_LANGUAGE,
    "two": lambda a, b: a != b,
    "two, targets": lambda a, b: a != b and SOURCE_LANGUAGE not in (a, b),
    "all pairs": lambda *_: True,
}
HEADS = {
    "same": "both sentences in one language: the standard setting",
    "same, targets": f"the same without {SOURCE_LANGUAGE}",
    "two": "the sentences in two languages: the generalised setting off its diagonal",
    "two, targets": f"the same, neither of them {SOURCE_LANGUAGE}",
    "all pairs": "both kinds, as the released script's total",
}


@dataclass(frozen=True)
class Results:
    """All results of the paper's runs in one study.

    Attributes:
        tables: of the tasks, in XTREME's order, with all systems, standard setting.
        comparison: of the paper; None if nothing is compared.
    """

    plan: Plan
    tables: tuple[Table, ...]
    comparison: Comparison | None

    @property
    def models(self) -> list[str]:
        """Encoders of the paper's runs, sorted."""
        return sorted({system.model for table in self.tables for system in table.systems})

    def main(self, table: Table) -> list[System]:
        """Return a table's systems without variants."""
        names = main_systems(self.plan, [system.method for system in table.systems])
        return [system for system in table.systems if system.method in names]

    def title(self, method: str) -> str:
        """Return a method's name as tables print it."""
        return self.plan.method(method).title


def collect(
    plan: Plan, records: Sequence[Record], comparisons: Sequence[Comparison] = ()
) -> Results:
    """Collect the paper's results.

    Raises:
        DataError: if records of one task must not be compared with each other.
    """
    tasks = {run.task for run in plan.runs if run.paper == PAPER}
    own = [record for record in records if record.paper == PAPER]
    tables = tuple(build_table(plan, PAPER, name, own) for name in TASKS if name in tasks)
    found = [one for one in comparisons if one.paper == PAPER]
    return Results(plan, tables, found[0] if found else None)


def pair_cells(system: System, *, without_ns: bool = False) -> dict[str, Cell]:
    """Return a system's cells by pair of languages, only those that every seed has.

    A system that was tested in the standard setting alone has the pairs of each language with
    itself.
    """
    by_seed = [_pair_scores(record, without_ns) for record in system.records]
    if not by_seed:
        return {}
    names = [name for name in by_seed[0] if all(name in one for one in by_seed)]
    return {
        name: Cell(tuple(one[name][0] for one in by_seed), by_seed[0][name][1]) for name in names
    }


def in_two_languages(system: System) -> bool:
    """Whether a system was tested with sentences in two languages."""
    return mean_cell(pair_cells(system), lambda first, second: first != second) is not None


def _pair_scores(record: Record, without_ns: bool) -> dict[str, tuple[float, int]]:
    metric, ending = TASKS[record.task].metric, WITHOUT_NS if without_ns else ""
    own = [s for s in record.scores if s.metric == metric]
    pairs = {s.language: (s.value, s.n) for s in own if s.setting == GENERALISED + ending}
    if pairs:
        return pairs
    shown = {s.setting for s in headline(own)}
    plain = [s for s in own if s.setting in {name + ending for name in shown}]
    return {pair_name(s.language, s.language): (s.value, s.n) for s in plain}


def mean_cell(cells: dict[str, Cell], chosen: Callable[[str, str], bool]) -> Cell | None:
    """Return the mean over some pairs of languages, one value per seed; None if there are none."""
    kept = [cell for name, cell in cells.items() if chosen(*pair_of(name))]
    if not kept:
        return None
    values = zip(*(cell.values for cell in kept), strict=True)
    return Cell(tuple(fmean(one) for one in values), sum(cell.rows for cell in kept))


def less(one: Cell | None, other: Cell | None, seeds: Sequence[Sequence[int]]) -> Cell | None:
    """Return the difference of two cells, over the seeds that both have.

    Args:
        one: minuend.
        other: subtrahend.
        seeds: of both.
    """
    if one is None or other is None:
        return None
    first, second = (
        dict(zip(own, cell.values, strict=True))
        for own, cell in zip(seeds, (one, other), strict=True)
    )
    values = tuple(first[seed] - second[seed] for seed in sorted(first) if seed in second)
    return Cell(values, one.rows) if values else None


def baseline_of(table: Table, system: System) -> System | None:
    """Return the baseline with the same encoder; None for the baseline itself."""
    found = [s for s in table.systems if (s.method, s.model) == (BASELINE, system.model)]
    return found[0] if found and system.method != BASELINE else None


def has_untranslated(table: Table) -> bool:
    """Return whether any run of a task was scored without untranslated rows too."""
    return any(
        score.setting.endswith(WITHOUT_NS)
        for system in table.systems
        for record in system.records
        for score in record.scores
    )
