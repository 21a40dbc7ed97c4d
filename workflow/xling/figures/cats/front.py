# SPDX-License-Identifier: Apache-2.0
"""Mean BLEU of high- against low-resource languages, every system (cats.md, section 8.8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xling.figures.cats.marks import Row, Spread, footnote, handle, look, over_seeds, titles
from xling.figures.style import GREY, label_points, legend, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 5.0
WORDS = (
    "Grey line: the sweep of sampling temperatures T, from the least to the largest. Marks: mean "
    "over seeds; bars: standard deviation. Up and to the right is better."
)

Place = tuple[Spread, Spread]


def figure(rows: Sequence[Row], title: str, note: str) -> Figure:
    """Draw a mark per system; the temperatures are a connected curve."""
    from matplotlib.figure import Figure

    named, methods = titles(rows), list(titles(rows))
    high = over_seeds(rows, "system", "high_bleu")
    low = over_seeds(rows, "system", "low_bleu")
    places = {method: (high[method], low[method]) for method in methods}
    swept = {row["system"]: row["temperature"] for row in rows if row["temperature"] is not None}
    curve = sorted(swept, key=lambda method: swept[method])
    others = [method for method in methods if method not in swept]
    figure = Figure(figsize=(WIDTH, 4.1 + 0.16 * (len(others) // 3)), layout="constrained")
    axes = figure.subplots()
    _sweep(axes, [places[method] for method in curve])
    for method in others:
        _mark(axes, places[method], look(method, methods))
    quiet(axes)
    axes.margins(0.08)
    axes.set_xlabel("BLEU, mean of high-resource languages")
    axes.set_ylabel("BLEU, mean of low-resource languages")
    handles = [handle(look(m, methods), named[m], linestyle="none") for m in others]
    if curve:
        grey = {"color": GREY, "marker": "."}
        handles.insert(0, handle(grey, "temperature sampling", linewidth=0.9))
    legend(figure, handles, title, columns=3)
    footnote(figure, WIDTH, WORDS + note)
    # All places: labels cover no mark of another system.
    order = [*curve, *others]
    label_points(
        axes,
        [(places[m][0].mean, places[m][1].mean) for m in order],
        [*(f"T={swept[m]:g}" for m in curve), *([""] * len(others))],
        [GREY] * len(order),
    )
    for text in axes.texts:
        # Bars of the marks go through the labels.
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.85})
    return figure


def _sweep(axes: Axes, places: Sequence[Place]) -> None:
    across, up = [x.mean for x, _ in places], [y.mean for _, y in places]
    axes.plot(across, up, color=GREY, linewidth=0.9, zorder=1.5)
    for place in places:
        _mark(axes, place, {"color": GREY, "marker": "."}, elinewidth=0.6)


def _mark(axes: Axes, place: Place, look: dict[str, Any], elinewidth: float = 0.9) -> None:
    across, up = place
    axes.errorbar(
        across.mean,
        up.mean,
        xerr=across.sd,
        yerr=up.sd,
        markersize=5,
        elinewidth=elinewidth,
        **look,
    )
