# SPDX-License-Identifier: Apache-2.0
"""What figures share: colours, fonts, quiet axes, marks, images."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which most colour-blind readers can tell apart, without its yellow (too
# pale on white); shapes repeat the distinction for print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SHAPES = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#555555"

DOTS_PER_INCH = 200

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.linewidth": 0.6,
    "svg.fonttype": "none",
    # Element names of the SVG are otherwise random.
    "svg.hashsalt": "xling",
}

COLUMN, PAGE = 3.6, 7.2  # inches: one column of a page, all of it

# Places of a label around its mark, in points; far ones get a line.  The first free one is taken.
_NEAR = ((4, 0), (-4, 0), (0, 5), (0, -5), (4, 4), (-4, 4), (4, -4), (-4, -4))
_FAR = tuple((3 * x, 3 * y) for x, y in _NEAR) + tuple((5 * x, 5 * y) for x, y in _NEAR)
_SIDES = {1: "left", 0: "center", -1: "right"}
_HEIGHTS = {1: "bottom", 0: "center", -1: "top"}
# DejaVu Sans at 6.5 points: letters are at most 4.1 points wide, lines 6 high.
_LETTER, _LINE, _MARK = 4.1, 6.0, 2.2

Box = tuple[float, float, float, float]


def images(draw: Callable[[], Figure]) -> dict[str, bytes]:
    """Return what ``draw`` makes as ``png`` and ``svg``: equal figures give equal bytes.

    Called within the style, so fonts and lines are those of all figures.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    made = {}
    with matplotlib.rc_context(_STYLE):
        figure = draw()
        FigureCanvasAgg(figure)
        settle(figure)
        for suffix, metadata in (
            ("png", {"Software": None}),
            ("svg", {"Date": None, "Creator": None}),
        ):
            stream = io.BytesIO()
            figure.savefig(stream, format=suffix, dpi=DOTS_PER_INCH, metadata=metadata)
            made[suffix] = stream.getvalue()
    return made


def settle(figure: Figure) -> None:
    """Lay panels and legends out, and keep them there: a layout takes as long as drawing."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def mark(index: int) -> dict[str, Any]:
    """Return colour and shape of the system or language with a number."""
    # Seven colours and six shapes repeat together only after 42.
    return {"color": COLOURS[index % len(COLOURS)], "marker": SHAPES[index % (len(SHAPES) - 1)]}


def quiet(axes: Axes) -> None:
    """Take away what does not carry data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2, width=0.6)
    axes.grid(linewidth=0.4, color="#e5e5e5")
    axes.set_axisbelow(True)


def legend(figure: Figure, handles: Sequence[Any], title: str, columns: int) -> None:
    """Put the legend above the panels, its title at the left."""
    figure.legend(
        handles=list(handles),
        title=title,
        title_fontsize=9,
        alignment="left",
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        fontsize=7,
        handlelength=1.5,
        handletextpad=0.4,
        columnspacing=1.0,
        borderpad=0.1,
    )


def label_points(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    labels: Sequence[str],
    colours: Sequence[str],
) -> None:
    """Write a label at each point where it covers neither another label nor a point.

    Where there is no such place, the nearest is used.  Call it last: limits and size of the axes
    must be final.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    settle(figure)
    scale = figure.dpi / 72
    marks = [(x / scale, y / scale) for x, y in axes.transData.transform(points).tolist()]
    bounds = axes.get_window_extent()
    edge = (bounds.x0 / scale, bounds.y0 / scale, bounds.x1 / scale, bounds.y1 / scale)
    taken: list[Box] = [(x - _MARK, y - _MARK, x + _MARK, y + _MARK) for x, y in marks]
    for place, label, at, colour in zip(points, labels, marks, colours, strict=True):
        boxes = [_box(at, shift, label) for shift in (*_NEAR, *_FAR)]
        free = [_inside(box, edge) and not any(_meet(box, b) for b in taken) for box in boxes]
        best = free.index(True) if True in free else 0
        taken.append(boxes[best])
        shift = (*_NEAR, *_FAR)[best]
        line = {"arrowstyle": "-", "linewidth": 0.4, "color": colour, "shrinkA": 0, "shrinkB": 2}
        axes.annotate(
            label,
            place,
            xytext=shift,
            textcoords="offset points",
            ha=_SIDES[_sign(shift[0])],
            va=_HEIGHTS[_sign(shift[1])],
            fontsize=6.5,
            color=colour,
            arrowprops=line if best >= len(_NEAR) else None,
        )


def _box(at: tuple[float, float], shift: tuple[int, int], label: str) -> Box:
    """Return the rectangle that a label covers, in points."""
    width = _LETTER * len(label)
    left = at[0] + shift[0] - width * (1 - _sign(shift[0])) / 2
    low = at[1] + shift[1] - _LINE * (1 - _sign(shift[1])) / 2
    return (left, low, left + width, low + _LINE)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _inside(one: Box, edge: Box) -> bool:
    return edge[0] <= one[0] and edge[1] <= one[1] and one[2] <= edge[2] and one[3] <= edge[3]
