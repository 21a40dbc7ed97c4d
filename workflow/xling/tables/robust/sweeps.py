# SPDX-License-Identifier: Apache-2.0
"""Variants of the methods: radius, noise, copies, and where a perturbation is added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xling.plan import Plan, Run
from xling.tables.robust.about import robust_caption
from xling.tables.robust.planned import METHODS, PAPER, SWEEPS, variants
from xling.tables.robust.results import (
    MEANS,
    Results,
    baseline_of,
    less,
    mean_cell,
    pair_cells,
)
from xling.tables.sheet import Entry, Fact, Row, Section, Sheet, number
from xling.tables.table import Cell, System, Table
from xling.tables.xmixup.about import encoder_words

_SHOWN = ("same, targets", "two", "two, targets")
Value = str | int | float | bool | None


@dataclass(frozen=True)
class Setting:
    """A system of a family: a method or a variant of one, with the settings that differ in it.

    Attributes:
        family: the method.
        values: of the settings that are not the same in the whole family.
    """

    system: System
    family: str
    values: Mapping[str, Value]

    @property
    def words(self) -> str:
        """The values, as a table prints them."""
        return ", ".join(f"{name} {_word(value)}" for name, value in self.values.items())


def families(plan: Plan, table: Table, model: str) -> dict[str, list[Setting]]:
    """Return the systems of each method that has variants, in the table's order."""
    found = {}
    for family in METHODS:
        own = [
            system
            for system in table.systems
            if system.model == model and plan.method(system.method).base == family
        ]
        # A method of another name may have the same base only as a variant.
        if any(plan.method(system.method).variant_of for system in own):
            values = [_values(plan, table, system, family) for system in own]
            differ = [key for key in values[0] if len({repr(one[key]) for one in values}) > 1]
            found[family] = [
                Setting(system, family, {key: one[key] for key in differ})
                for system, one in zip(own, values, strict=True)
            ]
    return found


def _values(plan: Plan, table: Table, system: System, family: str) -> dict[str, Any]:
    run = Run(PAPER, system.method, system.model, table.task.name, 0)
    found: dict[str, Any] = getattr(plan.robust(run), family).model_dump()
    return found


def _word(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def build(results: Results) -> Sheet:
    """Return the table: systems by task and method, an encoder after the other."""
    names = variants(results.plan)
    tables = [t for t in results.tables if any(s.method in names for s in t.systems)]
    heads = (*_SHOWN, *(f"gain, {head}" for head in _SHOWN[:2]), "seeds")
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{SWEEPS}",
        caption=robust_caption(
            results,
            tables,
            "Robust training: other radii, noise, copies and places, 0 to 100",
            (
                ("Means", "as in table-means"),
                ("Gain", "over zero-shot, of the seeds that both have"),
                ("Settings", "those that differ within a method; all values ours but RS-DA's"),
            ),
            main=False,
        ),
        labels=("task", "system", "settings"),
        sections=tuple(
            Section(encoder_words(results.plan, model), heads, rows)
            for model in results.models
            if (rows := tuple(row for table in tables for row in _rows(results, table, model)))
        ),
        facts=tuple(
            fact
            for table in tables
            for model in results.models
            for own in families(results.plan, table, model).values()
            for one in own
            for fact in _facts(table, one)
        ),
    )


def _rows(results: Results, table: Table, model: str) -> Iterator[Row]:
    for own in families(results.plan, table, model).values():
        for one in own:
            means, gains = means_and_gains(table, one.system)
            yield Row(
                (table.task.title, one.system.title, one.words),
                (
                    *(number(means[head], dagger=bool(one.system.collapsed)) for head in _SHOWN),
                    *(number(gains[head], "+.1f") for head in _SHOWN[:2]),
                    Entry(one.system.count),
                ),
            )


def means_and_gains(
    table: Table, system: System
) -> tuple[dict[str, Cell | None], dict[str, Cell | None]]:
    """Return a system's means over pairs of languages, and what they gain over the baseline."""
    base = baseline_of(table, system)
    own, others = pair_cells(system), pair_cells(base) if base else {}
    means = {head: mean_cell(own, MEANS[head]) for head in _SHOWN}
    seeds = (system.seeds, base.seeds if base else ())
    gains = {h: less(cell, mean_cell(others, MEANS[h]), seeds) for h, cell in means.items()}
    return means, gains


def _facts(table: Table, one: Setting) -> Iterator[Mapping[str, Fact]]:
    means, gains = means_and_gains(table, one.system)
    for head in _SHOWN:
        mean, gain = means[head], gains[head]
        yield {
            "task": table.task.name,
            "system": one.system.title,
            "method": one.system.method,
            "family": one.family,
            "model": one.system.model,
            "settings": one.words,
            "mean_over": head,
            "mean": mean.mean if mean else None,
            "sd": mean.sd if mean else None,
            "gain": gain.mean if gain else None,
            "gain_sd": gain.sd if gain else None,
            "seeds": " ".join(map(str, one.system.seeds)),
            "collapsed_seeds": " ".join(map(str, one.system.collapsed)),
        }
