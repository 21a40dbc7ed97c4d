# SPDX-License-Identifier: Apache-2.0
"""Tatoeba by language, before and after distillation."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xling.comparison.results import Tested
from xling.figures.style import COLUMN, GREY, PAGE, legend, mark, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE = 0.15  # inches: height of a language
_BEFORE: dict[str, Any] = {"color": GREY, "marker": "|", "linestyle": "none", "markersize": 6.0}
_AFTER: dict[str, Any] = {"linestyle": "none", "markersize": 3.6, **mark(0)}


@dataclass(frozen=True)
class Gain:
    """A student beside its encoder before training.

    Attributes:
        title: of the student.
        languages: tests by language, student first.
        seen: languages that it was trained on.
    """

    title: str
    languages: Mapping[str, Tested]
    seen: Collection[str]


def gains_figure(gains: Sequence[Gain], study: str) -> Figure:
    """Draw a panel per student: a line per language from the encoder's score to the student's.

    The bar at the student's mark is the interval of the difference.  Languages are sorted by the
    student's score, those that it was not trained on below the others.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    most = max(len(one.languages) for one in gains)
    columns = min(len(gains), 2)
    rows = math.ceil(len(gains) / columns)
    height = 0.75 + rows * (0.55 + _LINE * max(most, 4))
    figure = Figure(figsize=(COLUMN if columns == 1 else PAGE, height), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False, sharex=True).flat)
    for axes in panels[len(gains) :]:
        axes.remove()
    for axes, one in zip(panels, gains, strict=False):
        _draw(axes, one)
    handles = [
        Line2D([], [], label="encoder before training, mean pooled", **_BEFORE),
        Line2D([], [], label="student, with the 95 % interval of the difference", **_AFTER),
    ]
    title = f"Tatoeba, mean of both directions, study {study}"
    if any(_unseen(one) for one in gains):
        title += "\n* a language that the student was not trained on"
    legend(figure, handles, title, columns=1 if columns == 1 else 2)
    return figure


def _unseen(one: Gain) -> list[str]:
    return [code for code in one.languages if code not in one.seen]


def _draw(axes: Axes, one: Gain) -> None:
    unseen = _unseen(one)
    order = sorted(one.languages, key=lambda c: (c in unseen, -one.languages[c].first, c))
    for place, code in enumerate(order):
        test = one.languages[code]
        axes.plot([test.second, test.first], [place] * 2, color=GREY, linewidth=0.7, zorder=1)
        axes.plot([test.second], [place], **_BEFORE)
        # An interval of the difference need not hold its mean: both ends are drawn where they are.
        ends = [test.second + test.low, test.second + test.high]
        axes.plot(ends, [place] * 2, color=_AFTER["color"], linewidth=1.6, alpha=0.5)
        axes.plot([test.first], [place], **_AFTER)
    quiet(axes)
    labels = [f"{code}*" if code in unseen else code for code in order]
    axes.set_yticks(range(len(order)), labels, fontsize=6.5)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.margins(x=0.06)
    axes.set_title(one.title, loc="left", fontsize=8)
    axes.set_xlabel("accuracy", fontsize=7)
