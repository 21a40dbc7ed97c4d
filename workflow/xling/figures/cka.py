# SPDX-License-Identifier: Apache-2.0
"""CKA with the source by layer, and scores against CKA (Figure 3 of the X-Mixup paper)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from xling.analysis.correlation import Correlation
from xling.figures.style import COLUMN, PAGE, label_points, legend, mark, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# By language: one list per seed, one value per layer.
Curves = Mapping[str, Sequence[Sequence[float]]]
_PANELS_PER_ROW = {COLUMN: 2, PAGE: 5}
# Points with names that have room in one column of a page.
MOST_LABELS = 20


@dataclass(frozen=True)
class Scatter:
    """One system's languages.

    Attributes:
        system: its title.
        scores: by target language, mean over seeds.
        cka: by target language, mean over seeds.
        correlation: of the two.
    """

    system: str
    scores: Mapping[str, float]
    cka: Mapping[str, float]
    correlation: Correlation


def cka_by_layer(curves: Mapping[str, Curves], layers: Sequence[int], title: str) -> Figure:
    """Draw a panel per language with a line per system; seeds are thin lines behind their mean.

    Args:
        curves: by the systems' titles; at least one, all with the same languages.
        layers: what the values stand for; 0 is the output of the embeddings.
        title: task and study.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    languages = list(next(iter(curves.values())))
    width = COLUMN if len(languages) <= 4 else PAGE
    across = min(len(languages), _PANELS_PER_ROW[width])
    down = math.ceil(len(languages) / across)
    figure = Figure(figsize=(width, 1.25 * down + 0.75), layout="constrained")
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for number, axes in enumerate(grid.flat):
        if number >= len(languages):
            axes.remove()
            continue
        for index, system in enumerate(curves.values()):
            _draw_curves(axes, layers, system[languages[number]], index)
        quiet(axes)
        axes.set_title(languages[number], loc="left", fontsize=8, pad=2)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        # The panel below may be missing in the last row.
        axes.tick_params(labelbottom=number + across >= len(languages))
    figure.supxlabel("layer (0: embeddings)" if layers[0] == 0 else "layer", fontsize=8)
    figure.supylabel("linear CKA with en", fontsize=8)
    handles = [
        Line2D([], [], markersize=3.5, linewidth=1.2, label=system, **mark(index))
        for index, system in enumerate(curves)
    ]
    legend(figure, handles, title, columns=max(1, min(len(handles), int(width / 1.7))))
    return figure


def _draw_curves(
    axes: Axes, layers: Sequence[int], seeds: Sequence[Sequence[float]], index: int
) -> None:
    look = mark(index)
    if len(seeds) > 1:
        for values in seeds:
            axes.plot(layers, values, color=look["color"], linewidth=0.5, alpha=0.5)
    means = [fmean(values) for values in zip(*seeds, strict=True)]
    # Not every layer of a deep encoder has room for a mark.
    step = max(1, len(layers) // 6)
    axes.plot(layers, means, markersize=3, linewidth=1.2, markevery=step, **look)


def score_against_cka(systems: Sequence[Scatter], score: str, title: str) -> Figure:
    """Draw a point per language and system, rank correlations in the legend.

    Args:
        systems: in the order of the legend.
        score: what the vertical axis is, with its scale.
        title: task and study.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    count = sum(len(system.correlation.languages) for system in systems)
    width = COLUMN if count <= MOST_LABELS else PAGE
    figure = Figure(figsize=(width, 3.0 + 0.14 * len(systems)), layout="constrained")
    axes = figure.subplots()
    points: list[tuple[float, float]] = []
    labels: list[str] = []
    colours: list[str] = []
    for index, system in enumerate(systems):
        codes = system.correlation.languages
        where = [(system.cka[code], system.scores[code]) for code in codes]
        across, up = [x for x, _ in where], [y for _, y in where]
        axes.plot(across, up, linestyle="none", markersize=4.2, **mark(index))
        points += where
        labels += codes
        colours += [mark(index)["color"]] * len(codes)
    quiet(axes)
    axes.margins(0.1)
    axes.set_ylabel(score)
    axes.set_xlabel("linear CKA with en, last layer")
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            markersize=4.2,
            label=f"{system.system}: {_words(system.correlation)}",
            **mark(index),
        )
        for index, system in enumerate(systems)
    ]
    legend(figure, handles, title, columns=1)
    label_points(axes, points, labels, colours)
    return figure


def _words(found: Correlation) -> str:
    """Say what was found, or why nothing was."""
    count = f"{len(found.languages)} languages"
    if found.rho is None or found.p_value is None:
        return f"no ρ ({found.note}: {len(found.languages)})"
    p = "p < 0.001" if found.p_value < 0.001 else f"p = {found.p_value:.3f}"
    return f"ρ = {found.rho:.2f}, {p}, {count}"
