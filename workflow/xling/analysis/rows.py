# SPDX-License-Identifier: Apache-2.0
"""Tables 1, 2 and 8 as rows of plain values, one per line of a table.

An empty value always comes with a ``note`` that says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xling.analysis.correlation import spearman
from xling.analysis.language_groups import Groups, group_means
from xling.analysis.transfer_gap import transfer_gap
from xling.tables.table import Cell, Table
from xling.tasks import SOURCE_LANGUAGE


@dataclass(frozen=True)
class GroupRow:
    """Table 1: one system's mean over one group of target languages.

    Attributes:
        grouping: what the languages are grouped by, in words.
        cell: one value per seed, or None.
        ungrouped: target languages of the task that belong to no group.
    """

    task: str
    method: str
    model: str
    grouping: str
    group: str
    languages: tuple[str, ...]
    cell: Cell | None
    ungrouped: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class CorrelationRow:
    """Table 2: does a target language's score go with its CKA?

    Attributes:
        p_value: two-sided, by permutation.
        p_value_t: two-sided, by Student's t: too small for few languages.
        seeds: over which scores and CKA were averaged before they were ranked.
        left_out: languages with a score or a CKA only.
    """

    task: str
    method: str
    model: str
    rho: float | None
    p_value: float | None
    p_value_t: float | None
    languages: tuple[str, ...]
    seeds: int
    left_out: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class GapRow:
    """Table 8: one system's transfer gap on one task; ``cell`` has one value per seed."""

    task: str
    method: str
    model: str
    targets: tuple[str, ...]
    cell: Cell | None
    note: str


def group_rows(table: Table, grouping: str, groups: Groups) -> list[GroupRow]:
    """Return Table 1's rows of one task: systems in the table's order, then groups by name.

    Args:
        table: scores of the task.
        grouping: what the languages are grouped by, in words.
        groups: group of each language (:mod:`xling.analysis.language_groups`).
    """
    rows = []
    for system in table.systems:
        about = (table.task.name, system.method, system.model, grouping)
        lacking = _lacking(system.cells, table.languages)
        if lacking:
            rows.append(GroupRow(*about, "", (), None, (), lacking))
            continue
        means, ungrouped = group_means(system.cells, table.languages, groups)
        rows += [
            GroupRow(
                *about,
                mean.group,
                mean.languages,
                mean.cell,
                ungrouped,
                "" if mean.cell else "no language of the task is in this group",
            )
            for mean in means
        ]
    return rows


def correlation_rows(
    table: Table, cka: Mapping[tuple[str, str], Mapping[str, Sequence[float]]]
) -> list[CorrelationRow]:
    """Return Table 2's rows of one task, systems in the table's order.

    Args:
        table: scores of the task.
        cka: by (method, model), then by target language: CKA with the source in the last layer,
            one value per seed.  A system that is not there gets a row that says so.
    """
    rows = []
    for system in table.systems:
        about = (table.task.name, system.method, system.model)
        own = cka.get((system.method, system.model))
        if own is None:
            rows.append(CorrelationRow(*about, None, None, None, (), 0, (), "no CKA computed"))
            continue
        scores = {c: system.cells[c].mean for c in table.languages if c in system.cells}
        values = {code: sum(seeds) / len(seeds) for code, seeds in own.items()}
        found = spearman(scores, values)
        rows.append(
            CorrelationRow(
                *about,
                found.rho,
                found.p_value,
                found.p_value_t,
                found.languages,
                len(system.records),
                found.left_out,
                found.note,
            )
        )
    return rows


def gap_rows(table: Table) -> list[GapRow]:
    """Return Table 8's rows of one task, systems in the table's order."""
    targets = tuple(code for code in table.languages if code != SOURCE_LANGUAGE)
    rows = []
    for system in table.systems:
        about = (table.task.name, system.method, system.model, targets)
        lacking = _lacking(system.cells, (SOURCE_LANGUAGE, *table.languages))
        cell = None if lacking else transfer_gap(system.cells, table.languages)
        rows.append(GapRow(*about, cell, lacking))
    return rows


def _lacking(cells: Mapping[str, Cell], languages: Sequence[str]) -> str:
    """Say which languages a system was not scored on with all its seeds, or nothing."""
    most = max((len(cells[code].values) for code in languages if code in cells), default=0)
    lacking = [
        code
        for code in dict.fromkeys(languages)
        if code not in cells or len(cells[code].values) < most
    ]
    return f"not scored with every seed on {', '.join(lacking)}" if lacking else ""
