# SPDX-License-Identifier: Apache-2.0
"""Table 2: does a target language's score go with its CKA with the source?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from xling.analysis.rows import CorrelationRow, correlation_rows
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet
from xling.tables.table import Table
from xling.tables.xmixup.about import (
    UNREAD,
    by_task,
    encoder_words,
    item_words,
    metric_words,
    sheet_caption,
)
from xling.tables.xmixup.planned import CORRELATION, PAPER
from xling.tables.xmixup.scores import LastLayer, Results, analysed_only, last_layers

_COLUMNS = ("rho", "p", "p (t)", "languages", "seeds")


@dataclass(frozen=True)
class Correlated:
    """One system on one task, read in one way."""

    table: Table
    layer: LastLayer
    row: CorrelationRow


def build(results: Results) -> Sheet:
    """Return the table: systems and ways of reading by task, an encoder after the other."""
    tables = analysed_only(results, results.main)
    found = [one for table in tables for one in correlated(results, table)]
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{CORRELATION}",
        caption=sheet_caption(
            results.plan,
            tables,
            "Table 2 of X-Mixup: rank correlation of score and CKA over target languages",
            (
                (
                    "rho",
                    "Spearman, over target languages, of score and linear CKA with en in the last "
                    "layer, each averaged over seeds first",
                ),
                (
                    "p",
                    "two-sided, by permutation; with 4 languages it cannot be below 0.083. "
                    "p (t): two-sided, by Student's t, too small for few languages",
                ),
                (
                    "Score",
                    f"{metric_words(tables)}; that of the other tables, also where the CKA "
                    "is of sentences read alone",
                ),
                ("Items", item_words(tables)),
                ("The paper's cells", f"none: {UNREAD}"),
            ),
            said=f"not held against the paper: {UNREAD}",
            notes=_notes(found, len(tables)),
        ),
        labels=("task", "system"),
        sections=tuple(
            Section(encoder_words(results.plan, model), _COLUMNS, tuple(map(_row, own)))
            for model in results.models
            if (own := [one for one in found if one.row.model == model])
        ),
        facts=tuple(map(_fact, found)),
    )


def correlated(results: Results, table: Table) -> Iterator[Correlated]:
    """Yield what is found for each system that was analysed, in each way of reading."""
    for layer in last_layers(results, table):
        system = layer.system
        key = (system.method, system.model)
        (row,) = correlation_rows(replace(table, systems=(system,)), {key: layer.values})
        yield Correlated(table, layer, row)


def _row(one: Correlated) -> Row:
    row = one.row
    rho = NOTHING if row.rho is None else Entry(f"{row.rho:.2f}")
    counts = (Entry(str(len(row.languages))), Entry(str(len(one.layer.seeds))))
    entries = (rho, _probability(row.p_value), _probability(row.p_value_t), *counts)
    return Row((one.table.task.title, one.layer.title), entries)


def _probability(value: float | None) -> Entry:
    if value is None:
        return NOTHING
    return Entry("< 0.001" if value < 0.001 else f"{value:.3f}")


def _notes(found: list[Correlated], tasks: int) -> list[str]:
    """Say why there is no number, what was left out, and where seeds differ."""
    said = []
    for one in found:
        title, name = one.table.task.title, f"{one.layer.title}, {one.row.model}"
        if one.row.note:
            said.append((title, f"{name}: no rho: {one.row.note}."))
        if one.row.left_out:
            left = " ".join(one.row.left_out)
            said.append((title, f"{name}: without score or CKA: {left}."))
        if one.layer.seeds != one.layer.system.seeds:
            said.append((title, f"{name}: scores of {one.row.seeds} seeds, CKA of others."))
    return by_task(said, tasks)


def _fact(one: Correlated) -> Mapping[str, Fact]:
    row = one.row
    return {
        "task": row.task,
        "system": one.layer.system.title,
        "method": row.method,
        "model": row.model,
        "way": one.layer.way,
        "as_tested": "yes" if one.layer.tested else "no",
        "layer": one.layer.layer,
        "rho": row.rho,
        "p_permutation": row.p_value,
        "p_t": row.p_value_t,
        "languages": " ".join(row.languages),
        "seeds": " ".join(map(str, one.layer.seeds)),
        "left_out": " ".join(row.left_out),
        "note": row.note,
    }
