# SPDX-License-Identifier: Apache-2.0
"""Scores by language: one mark per system with its spread, every seed visible beside it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from xling.figures import style
from xling.figures.style import COLOURS, GREY, SHAPES
from xling.tables.caption import system_notes, verdict
from xling.tables.table import System, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

CHANCE_LINE: dict[str, Any] = {"color": GREY, "linestyle": (0, (4, 2)), "linewidth": 0.9}

# Half the width of a page when the languages are few, all of it when they are many (inches).
INCHES_PER_LANGUAGE = 0.5
NARROWEST = 3.6
LANGUAGES_PER_PANEL = 13  # what fits into 7.2 inches
PANEL_HEIGHT, WORDS_HEIGHT = 1.9, 0.85
# Letters of DejaVu Sans per inch, measured: footnote at 6 points, legend at 7.
FOOTNOTE_LETTERS, LEGEND_LETTERS = 22, 21


def scores_by_language(table: Table) -> Figure:
    """Draw a table: a panel per model, languages in the study's order, systems side by side.

    Many languages go on in a panel below.
    """
    from matplotlib.figure import Figure

    models = sorted({system.model for system in table.systems})
    methods = list(dict.fromkeys(system.method for system in table.systems))
    lines = _lines(table.languages)
    width = max(NARROWEST, 0.6 + INCHES_PER_LANGUAGE * max(map(len, lines)))
    footnote = textwrap.fill(_footnote(table, models), int((width - 0.5) * FOOTNOTE_LETTERS))
    count = len(models) * len(lines)
    height = PANEL_HEIGHT * count + WORDS_HEIGHT + 0.1 * footnote.count("\n")
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(count, sharey=True, squeeze=False)[:, 0]
    for axes, (model, line) in zip(panels, product(models, lines), strict=True):
        for system in table.systems:
            if system.model == model:
                _draw_system(axes, line, system, methods)
        _draw_chance(axes, table, line)
        _dress(axes, table, line, max(map(len, lines)))
        if len(models) > 1 and line is lines[0]:
            axes.set_title(model, loc="left", fontsize=8, color=GREY)
    panels[-1].set_xlabel(footnote, fontsize=6, color=GREY, loc="left", linespacing=1.3)
    handles = _legend(table, methods)
    figure.legend(
        handles=handles,
        title=f"{table.task.title}, study {table.plan.study.name}",
        title_fontsize=9,
        alignment="left",
        loc="outside upper left",
        ncols=_legend_columns([str(h.get_label()) for h in handles], width),
        frameon=False,
        fontsize=7,
        handlelength=1.5,
        handletextpad=0.4,
        columnspacing=1.0,
        borderpad=0.1,
    )
    return figure


def _lines(languages: Sequence[str]) -> list[Sequence[str]]:
    """Deal languages out to panels of nearly equal length."""
    count = math.ceil(len(languages) / LANGUAGES_PER_PANEL)
    size = math.ceil(len(languages) / count)
    return [languages[start : start + size] for start in range(0, len(languages), size)]


def _draw_system(
    axes: Axes, languages: Sequence[str], system: System, methods: Sequence[str]
) -> None:
    """Draw one system's mean, sample standard deviation and seeds in every language it has."""
    index = methods.index(system.method)
    colour = COLOURS[index % len(COLOURS)]
    step = 0.75 / len(methods)
    offset = (index - (len(methods) - 1) / 2) * step
    for x, code in enumerate(languages):
        cell = system.cells.get(code)
        if cell is None:
            continue
        axes.errorbar(
            x + offset,
            cell.mean,
            yerr=cell.sd,
            marker=SHAPES[index % len(SHAPES)],
            markersize=4.2,
            color=colour,
            elinewidth=1.0,
        )
        # Beside the mean, so that neither hides the other.
        axes.plot(
            [x + offset + 0.33 * step] * len(cell.values),
            cell.values,
            linestyle="none",
            marker="o",
            markersize=1.8,
            markeredgewidth=0,
            color=colour,
            alpha=0.65,
        )


def _draw_chance(axes: Axes, table: Table, languages: Sequence[str]) -> None:
    """Draw the chance level; it may differ between languages."""
    for x, code in enumerate(languages):
        if code in table.chance:
            axes.plot([x - 0.5, x + 0.5], [table.chance[code]] * 2, zorder=1, **CHANCE_LINE)


def _dress(axes: Axes, table: Table, languages: Sequence[str], width: int) -> None:
    """Set the axes: quiet lines, a column per language, room for ``width`` of them."""
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_xticks(range(len(languages)), languages)
    axes.tick_params(axis="x", length=0)
    axes.tick_params(axis="y", length=2, width=0.6)
    axes.margins(y=0.08)
    axes.grid(axis="y", linewidth=0.4, color="#dddddd")
    axes.set_axisbelow(True)
    for x in range(1, len(languages)):
        axes.axvline(x - 0.5, linewidth=0.4, color="#eeeeee", zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylabel(table.task.metric_title)


def _legend(table: Table, methods: Sequence[str]) -> list[Line2D]:
    """Return a mark per method, with a dagger if a run of it collapsed, and the chance line."""
    from matplotlib.lines import Line2D

    handles = []
    for i, method in enumerate(methods):
        systems = [system for system in table.systems if system.method == method]
        dagger = " †" if any(system.collapsed for system in systems) else ""
        handles.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker=SHAPES[i % len(SHAPES)],
                markersize=4.2,
                color=COLOURS[i % len(COLOURS)],
                label=systems[0].title + dagger,
            )
        )
    return [*handles, Line2D([], [], label="chance", **CHANCE_LINE)]


def _legend_columns(labels: Sequence[str], width: float) -> int:
    """Return how many entries stand beside each other in a figure ``width`` inches wide."""
    # A mark and the blanks around it take the room of six letters.
    letters = [len(label) + 6 for label in labels]
    room = int(width * LEGEND_LETTERS)
    return len(labels) if sum(letters) <= room else max(1, room // max(letters))


def _footnote(table: Table, models: Sequence[str]) -> str:
    """Say what the marks are, what is wrong with the rows, and what to compare them with."""
    marks = "Marks: mean and standard deviation; small dots: seeds."
    notes = [note for system in table.systems for note in system_notes(system, table)]
    words = verdict(table.plan, [table.task.name], models)
    return " ".join([marks, *notes, f"{words[0].upper()}{words[1:]}."])


def images(table: Table) -> dict[str, bytes]:
    """Return the figure as ``png`` and ``svg``: equal tables give equal bytes."""
    return style.images(lambda: scores_by_language(table))
