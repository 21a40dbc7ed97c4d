# SPDX-License-Identifier: Apache-2.0
"""Sentences and languages in the plane (Figures 1 and 4 of the X-Mixup paper).

Systems stand beside each other on the same scale.  Their spaces have different units, so the unit
is the spread of sentences within a language: what looks nearer is nearer, compared with how far
sentences of one language are apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.analysis.projection import Projection
from xling.figures.style import COLUMN, GREY, PAGE, label_points, legend, mark, quiet
from xling.tasks import SOURCE_LANGUAGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SOURCE_MARK: dict[str, Any] = {"color": "#000000", "marker": "s", "zorder": 3}
_TURNS = 10
_UNIT = (
    "Unit: root mean square distance of a sentence to its language's centroid.\n"
    "In brackets: share of the variance."
)


def sentence_space(planes: Mapping[str, Projection], title: str) -> Figure:
    """Draw a panel per system: a mark per sentence, colour and shape by language.

    Args:
        planes: by the systems' titles; at least one, all with the same languages.
        title: task and study.
    """
    from matplotlib.lines import Line2D

    figure, panels = _panels(planes, 0.9)
    languages = list(next(iter(planes.values())).points)
    count = max(len(points) for plane in planes.values() for points in plane.points.values())
    for axes, plane in zip(panels, planes.values(), strict=True):
        # In turns, so that no language covers all of another.
        for turn, (index, code) in product(range(_TURNS), enumerate(languages)):
            axes.plot(
                *plane.points[code][turn::_TURNS].T,
                linestyle="none",
                markersize=3.2 if count <= 150 else 2.2,
                markeredgewidth=0,
                alpha=0.65,
                **mark(index),
            )
    handles = [
        Line2D([], [], linestyle="none", markersize=4.2, label=code, **mark(index))
        for index, code in enumerate(languages)
    ]
    words = f"{title}: {count} sentences per language"
    legend(figure, handles, words, columns=min(len(handles), 8 * len(planes)))
    return figure


def centroid_space(planes: Mapping[str, Projection], title: str) -> Figure:
    """Draw a panel per system: a point per language, the source in black, the others named.

    Args:
        planes: by the systems' titles, one point per language; at least one.
        title: task and study.
    """
    figure, panels = _panels(planes, 0.65)
    later = []
    for axes, plane in zip(panels, planes.values(), strict=True):
        colours = []
        for code, points in plane.points.items():
            own = _SOURCE_MARK if code == SOURCE_LANGUAGE else mark(0)
            axes.plot(*points.T, linestyle="none", markersize=4.2, **own)
            colours.append(own["color"])
        places = [(float(points[0, 0]), float(points[0, 1])) for points in plane.points.values()]
        later.append((axes, places, list(plane.points), colours))
    figure.suptitle(f"{title}: centroids of languages", x=0.01, ha="left", fontsize=9)
    for labelled in later:
        label_points(*labelled)
    return figure


def _panels(planes: Mapping[str, Projection], words: float) -> tuple[Figure, Sequence[Axes]]:
    """Return square panels beside each other, on one scale if all planes have a unit.

    ``words``: height of what stands above and below them, in inches.
    """
    from matplotlib.figure import Figure

    comparable = all(plane.scale is not None for plane in planes.values())
    width = COLUMN if len(planes) <= 2 else PAGE
    side = width / len(planes)
    figure = Figure(figsize=(width, side + words), layout="constrained")
    figure.set_layout_engine("constrained", h_pad=0.06)
    panels = figure.subplots(1, len(planes), squeeze=False)[0]
    reach = max(_reach(plane) for plane in planes.values())
    for axes, (system, plane) in zip(panels, planes.items(), strict=True):
        quiet(axes)
        half = 1.1 * (reach if comparable else _reach(plane))
        x, y = _middle(plane)
        axes.set(xlim=(x - half, x + half), ylim=(y - half, y + half), aspect="equal")
        axes.set_title(system, loc="left", fontsize=8)
        axes.tick_params(labelsize=6)
        if plane.shares:
            axes.set_xlabel(f"1st component ({plane.shares[0]:.0%})", fontsize=6)
            axes.set_ylabel(f"2nd component ({plane.shares[1]:.0%})", fontsize=6)
        else:
            axes.set(xticks=[], yticks=[])
            axes.set_xlabel("t-SNE: distances have no unit", fontsize=6)
    if comparable:
        figure.supxlabel(_UNIT, fontsize=6, color=GREY, linespacing=1.3)
    return figure, panels


def _middle(plane: Projection) -> np.ndarray:
    """Return the centre of the smallest square that holds all points."""
    points = np.concatenate(list(plane.points.values()))
    return (points.min(axis=0) + points.max(axis=0)) / 2


def _reach(plane: Projection) -> float:
    """Return half the side of that square."""
    points = np.concatenate(list(plane.points.values()))
    return float(np.ptp(points, axis=0).max()) / 2
