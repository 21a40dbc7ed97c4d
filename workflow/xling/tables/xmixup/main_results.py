# SPDX-License-Identifier: Apache-2.0
"""Table 3: the tasks of XTREME, our systems, the paper's cells, published baselines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xling.tables.caption import Caption
from xling.tables.overview import build_overview, overview_papers
from xling.tables.sheet import NOTHING, Fact, Row, Section, Sheet, number
from xling.tables.table import AVG, Cell, System, Table
from xling.tables.xmixup.about import encoder_words, metric_words, sheet_caption
from xling.tables.xmixup.against import HELD, Held, counted, hold, missing_notes, paper_rows
from xling.tables.xmixup.planned import PAPER, RESULTS
from xling.tables.xmixup.published import Published, published
from xling.tables.xmixup.scores import Results, mean_over_languages, metrics

_METRICS = {"f1": "F1", "em": "EM"}
_FIELDS = (
    *("kind", "task", "metric", "system", "method", "model", "languages", "mean", "sd", "seeds"),
    *("collapsed_seeds", *HELD, "source"),
)


@dataclass(frozen=True)
class _Column:
    """A metric of a task, mean over its languages."""

    table: Table
    metric: str

    @property
    def head(self) -> str:
        title = self.table.task.title
        return f"{title} {_METRICS[self.metric]}" if len(metrics(self.table)) > 1 else title


@dataclass(frozen=True)
class _Number:
    """One of our numbers, beside the paper's."""

    system: System
    cell: Cell | None
    held: Held

    @property
    def competes(self) -> bool:
        """Whether it may be the best of its column."""
        return self.cell is not None and not self.system.collapsed


@dataclass(frozen=True)
class _Line:
    """One of our systems in all columns; None where it has no runs."""

    method: str
    title: str
    model: str
    numbers: tuple[_Number | None, ...]
    avg: Cell | None

    @property
    def held(self) -> list[Held | None]:
        """What the paper has, by column."""
        return [one.held if one else None for one in self.numbers]


def build(results: Results) -> Sheet:
    """Return the table: ours by encoder, the paper's cells below, then published systems."""
    columns = [_Column(table, metric) for table in results.main for metric in metrics(table)]
    lines = _lines(results, columns)
    others = published([(column.table, column.metric) for column in columns])
    with_avg = any(line.avg for line in lines)
    heads = (*(column.head for column in columns), *((AVG,) if with_avg else ()))
    sections = [
        Section(encoder_words(results.plan, model), heads, _rows(own, with_avg))
        for model in results.models
        if (own := [line for line in lines if line.model == model])
    ]
    if others:
        end = (NOTHING,) if with_avg else ()
        rows = [Row(row.labels, row.entries + end) for row in (one.row() for one in others)]
        sections.append(Section("published by others, not run here", heads, tuple(rows)))
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{RESULTS}",
        caption=_caption(results, lines, others),
        labels=("system",),
        sections=tuple(sections),
        facts=tuple(_facts(columns, lines, others)),
    )


def _lines(results: Results, columns: Sequence[_Column]) -> list[_Line]:
    """Return our systems by model, then in the study's order."""
    averages: Mapping[tuple[str, str], Cell | None] = {}
    if PAPER in overview_papers(results.plan):
        overview = build_overview(results.plan, PAPER, results.records)
        averages = {(s.model, s.method): s.cells.get(AVG) for s in overview.systems}
    titles = {(s.model, s.method): s.title for table in results.main for s in table.systems}
    return [
        _Line(
            method,
            titles[model, method],
            model,
            tuple(_number(results, column, method, model) for column in columns),
            averages.get((model, method)) if _has_all(results, model, method) else None,
        )
        for model, method in sorted(titles, key=lambda key: key[0])
    ]


def _has_all(results: Results, model: str, method: str) -> bool:
    """Return whether a system has every task: means over others are no match for each other."""
    keys = [{(s.model, s.method) for s in table.systems} for table in results.main]
    return all((model, method) in key for key in keys)


def _number(results: Results, column: _Column, method: str, model: str) -> _Number | None:
    for system in column.table.systems:
        if (system.method, system.model) == (method, model):
            cell = mean_over_languages(system, column.table, column.metric)
            held = hold(results.plan, "3", column.table, system, column.metric, cell)
            return _Number(system, cell, held)
    return None


def _rows(lines: Sequence[_Line], with_avg: bool) -> tuple[Row, ...]:
    """Return the rows of one encoder."""
    best = [_best(column) for column in zip(*(line.numbers for line in lines), strict=True)]
    rows = []
    for line in lines:
        entries = [
            NOTHING
            if one is None
            else number(one.cell, best=one in top, dagger=bool(one.system.collapsed))
            for one, top in zip(line.numbers, best, strict=True)
        ]
        rows.append(Row((line.title,), (*entries, *((number(line.avg),) if with_avg else ()))))
    held = [(line.title, [*line.held, *([None] if with_avg else [])]) for line in lines]
    return (*rows, *paper_rows(held))


def _best(column: Sequence[_Number | None]) -> list[_Number]:
    """Return the numbers that are printed like the best; one alone is not the best of anything."""
    means = [(f"{n.cell.mean:.1f}", n) for n in column if n and n.cell and n.competes]
    top = max((float(text) for text, _ in means), default=0.0)
    return [n for text, n in means if float(text) == top] if len(means) > 1 else []


def _caption(results: Results, lines: Sequence[_Line], others: Sequence[Published]) -> Caption:
    held = [one for line in lines for one in line.held if one]
    made = [
        ("Cells", "mean over all languages, en included, as in XTREME"),
        ("Metric", f"{metric_words(results.main)}; EM: exact match"),
        (
            AVG,
            "mean over all tasks as in XTREME (of answers, half the sum of F1 and EM), of the "
            "seeds that all of them have",
        ),
        ("Bold", "best of an encoder"),
    ]
    if not any(len(metrics(table)) > 1 for table in results.main):
        made[1] = ("Metric", metric_words(results.main))
    notes = missing_notes(held)
    if others:
        notes.append(
            "Published by others: means over the same languages as those authors printed them; "
            "their sources are in the CSV file, and what was left out in docs/reported.md."
        )
    else:
        notes.append(
            "No published baselines: none has a mean over just these languages (docs/reported.md)."
        )
    return sheet_caption(
        results.plan,
        results.main,
        "Table 3 of X-Mixup: main results, 0 to 100",
        made,
        said=counted(held),
        notes=notes,
    )


def _facts(
    columns: Sequence[_Column], lines: Iterable[_Line], others: Iterable[Published]
) -> Iterator[Mapping[str, Fact]]:
    for line in lines:
        for column, one in zip(columns, line.numbers, strict=True):
            if one is None:
                continue
            yield _fact(
                column,
                {
                    "kind": "ours",
                    "system": line.title,
                    "method": line.method,
                    "model": line.model,
                    **(_cell_facts(one.cell) if one.cell else {}),
                    "collapsed_seeds": " ".join(map(str, one.system.collapsed)),
                    **one.held.facts,
                },
            )
    for other in others:
        for i, values in other.facts():
            yield _fact(columns[i], {"kind": "published", **values})


def _cell_facts(cell: Cell) -> Mapping[str, Fact]:
    return {"mean": cell.mean, "sd": cell.sd, "seeds": len(cell.values)}


def _fact(column: _Column, values: Mapping[str, Fact]) -> Mapping[str, Fact]:
    own: Mapping[str, Fact] = {
        "task": column.table.task.name,
        "metric": column.metric,
        "languages": " ".join(column.table.languages),
        **values,
    }
    return {name: own.get(name) for name in _FIELDS}
