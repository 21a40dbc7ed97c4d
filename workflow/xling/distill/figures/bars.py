# SPDX-License-Identifier: Apache-2.0
"""Figures of scores: language bias by system, and STS by the number of training pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xling.distill.evaluation import bias
from xling.distill.evaluation.similarity import languages_of
from xling.distill.tables.bias import cells_of
from xling.distill.tables.frame import STS, System
from xling.distill.tables.results import Results
from xling.distill.tables.studies import by_amount, by_pair
from xling.figures.style import COLUMN, GREY, legend, mark, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LINE = 0.22  # inches: height of a system


def bias_figure(results: Results) -> Figure:
    """Draw a line per system from the mean of the language pairs to all pairs together.

    Systems without both numbers are left out; what their cells lack stands in Table 8.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows = []
    for system in results.frame.of("main"):
        expected, actual, _ = cells_of(results, system, bias.ALL)
        if expected and actual:
            rows.append((system.title, expected.mean, actual.mean))
    figure = Figure(figsize=(COLUMN, 0.95 + _LINE * max(len(rows), 2)), layout="constrained")
    axes = figure.subplots()
    looks = [{"linestyle": "none", "markersize": 4.2, **mark(index)} for index in (0, 1)]
    for place, (_, expected_mean, actual_mean) in enumerate(rows):
        axes.plot([expected_mean, actual_mean], [place, place], color=GREY, linewidth=0.8, zorder=1)
        axes.plot([expected_mean], [place], **looks[0])
        axes.plot([actual_mean], [place], **looks[1])
    quiet(axes)
    axes.set_yticks(range(len(rows)), [title for title, _, _ in rows], fontsize=7)
    axes.set_ylim(max(len(rows), 2) - 0.5, -0.5)
    axes.margins(x=0.08)
    axes.set_xlabel("Spearman's correlation × 100", fontsize=7)
    names = ("mean of the language pairs", "all pairs together")
    handles = [Line2D([], [], label=name, **look) for name, look in zip(names, looks, strict=True)]
    legend(figure, handles, f"STS 2017, study {results.frame.study}", columns=2)
    return figure


def _taught(system: System, pair: str) -> bool:
    own = {code.partition("-")[0] for code in system.languages}
    return not own or not own.isdisjoint(languages_of(pair))


def amounts_figure(results: Results) -> Figure:
    """Draw a line per corpus and language pair over the number of training pairs.

    A system whose records do not say how many pairs it saw is placed by what was asked for.  Of
    students of some languages the pairs with one of them are drawn.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    curves: dict[str, list[tuple[int, float]]] = {}
    systems = by_amount(results.frame)
    several = len({system.model for system in systems}) > 1
    mixed = len({system.corpora for system in systems}) > 1
    for system in systems:
        pairs = results.training_pairs(system, STS) or system.amount
        for pair, cell in by_pair(results, system).items():
            if pairs and cell and _taught(system, pair):
                name = f"{', '.join(system.corpora)}: {pair}" if mixed else pair
                name += f", {system.model}" if several else ""
                curves.setdefault(name, []).append((pairs, cell.mean))
    columns = 2 if mixed or several else 5
    lines = -(-len(curves) // columns)
    figure = Figure(figsize=(COLUMN, 2.4 + 0.14 * lines), layout="constrained")
    axes = figure.subplots()
    for index, points in enumerate(curves.values()):
        axes.plot(*zip(*sorted(points), strict=True), markersize=3.5, linewidth=1.2, **mark(index))
    quiet(axes)
    axes.set_xscale("log")
    sizes = sorted({size for points in curves.values() for size, _ in points})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=7)
    axes.minorticks_off()
    axes.set_xlabel("training pairs", fontsize=7)
    axes.set_ylabel("Spearman's correlation × 100", fontsize=7)
    handles = [
        Line2D([], [], markersize=3.5, linewidth=1.2, label=name, **mark(index))
        for index, name in enumerate(curves)
    ]
    title = f"STS 2017, study {results.frame.study}"
    corpora = "" if mixed or not systems else f", {', '.join(systems[0].corpora)}"
    legend(figure, handles, title + corpora, columns=columns)
    return figure
