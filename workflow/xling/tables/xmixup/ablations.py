# SPDX-License-Identifier: Apache-2.0
"""X-Mixup without one of its parts each (what the paper's Tables 5 to 7 show is not known)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xling.plan import canonical
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet, number
from xling.tables.table import AVG_TARGETS, Cell, System, Table
from xling.tables.xmixup.about import encoder_words, metric_words, sheet_caption
from xling.tables.xmixup.planned import ABLATIONS, FULL, PAPER, variants
from xling.tables.xmixup.scores import Results, paired
from xling.tasks import SOURCE_LANGUAGE

_COLUMNS = (SOURCE_LANGUAGE, AVG_TARGETS, "difference", "seeds")


def build(results: Results) -> Sheet:
    """Return the table: systems by task, an encoder after the other."""
    wanted = [FULL, *variants(results.plan)]
    # A task without a variant shows nothing here that Table 3 does not.
    tables = [table for table in results.of(wanted) if any(map(_is_variant, table.systems))]
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{ABLATIONS}",
        caption=sheet_caption(
            results.plan,
            tables,
            "Ablations of X-Mixup, 0 to 100",
            (
                ("Metric", metric_words(tables)),
                (AVG_TARGETS, f"mean over the languages without {SOURCE_LANGUAGE}"),
                (
                    "difference",
                    f"{AVG_TARGETS} less that of X-Mixup, in points, of the seeds that both have: "
                    "mean ± sample standard deviation of the differences",
                ),
                ("Settings", "what each variant changes is in the CSV file"),
            ),
            said="the paper's ablations could not be read (docs/reported.md)",
        ),
        labels=("task", "system"),
        sections=tuple(
            Section(encoder_words(results.plan, model), _COLUMNS, rows)
            for model in results.models
            if (rows := tuple(row for table in tables for row in _rows(table, model)))
        ),
        facts=tuple(fact for table in tables for fact in _facts(results, table)),
    )


def _is_variant(system: System) -> bool:
    return system.method != FULL


def _rows(table: Table, model: str) -> Iterator[Row]:
    own = [system for system in table.systems if system.model == model]
    if any(map(_is_variant, own)):
        for system in sorted(own, key=_is_variant):
            cells = system.cells
            dagger = bool(system.collapsed)
            yield Row(
                (table.task.title, system.title),
                (
                    number(cells.get(SOURCE_LANGUAGE), dagger=dagger),
                    number(cells.get(AVG_TARGETS), dagger=dagger),
                    number(_difference(table, system), "+.1f") if _is_variant(system) else NOTHING,
                    Entry(system.count),
                ),
            )


def _difference(table: Table, system: System) -> Cell | None:
    """Return a variant's mean of the targets less that of X-Mixup with the same encoder."""
    full = [s for s in table.systems if s.model == system.model and not _is_variant(s)]
    return paired(system, full[0], AVG_TARGETS) if full else None


def _facts(results: Results, table: Table) -> Iterator[Mapping[str, Fact]]:
    for system in table.systems:
        source, targets = system.cells.get(SOURCE_LANGUAGE), system.cells.get(AVG_TARGETS)
        found = _difference(table, system) if _is_variant(system) else None
        own = results.plan.study.systems.get(system.method)
        yield {
            "task": table.task.name,
            "metric": table.task.metric,
            "system": system.title,
            "method": system.method,
            "model": system.model,
            "changes": canonical(own.set) if own else "",
            "source": source.mean if source else None,
            "targets": targets.mean if targets else None,
            "sd": targets.sd if targets else None,
            "seeds": len(system.records),
            "difference": found.mean if found else None,
            "difference_sd": found.sd if found else None,
            "difference_seeds": len(found.values) if found else 0,
            "collapsed_seeds": " ".join(map(str, system.collapsed)),
        }
