# SPDX-License-Identifier: Apache-2.0
"""Interference against curvature: Figure 1 (left) of the paper as a measurement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xling.figures.cats.marks import Row, footnote, handle, look, spread, titles
from xling.figures.style import legend, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 5.0
# Ranks of fewer pairs say nothing.
_FEWEST = 4
_WIDE = 10
WORDS = (
    "A point per ordered pair of languages m, n, mean over seeds: what a step along the negative "
    "gradient of n adds to the loss of m, against the second derivative of m's loss along that "
    "gradient; on fixed sentences of the dev sets, without dropout; all steps have the same share "
    "of the parameters' length. Axes are linear, or so near 0 and else logarithmic. ρ: Spearman, "
    "over pairs, which are not independent: no p-values. In the CSV: the first-order part too."
)


def figure(rows: Sequence[Row], title: str, note: str) -> Figure:
    """Draw a point per ordered pair and system, rank correlations in the legend."""
    from matplotlib.figure import Figure

    methods, handles = list(titles(rows)), []
    figure = Figure(figsize=(WIDTH, 4.3), layout="constrained")
    axes = figure.subplots()
    across: list[float] = []
    up: list[float] = []
    for method, label in titles(rows).items():
        points = _points([row for row in rows if row["system"] == method])
        x, y = [point[0] for point in points], [point[1] for point in points]
        across, up = across + x, up + y
        own = look(method, methods)
        axes.plot(x, y, linestyle="none", markersize=4, alpha=0.75, **own)
        handles.append(handle(own, f"{label}: {_words(x, y)}", linestyle="none"))
    quiet(axes)
    if _wide(across):
        axes.set_xscale("symlog", linthresh=_threshold(across))
    if _wide(up):
        axes.set_yscale("symlog", linthresh=_threshold(up))
    axes.axhline(0, color="#999999", linewidth=0.6, zorder=1)
    axes.set_xlabel("curvature of $L_m$ along $g_n$")
    axes.set_ylabel("increase of $L_m$ (nats), step along $-g_n$")
    legend(figure, handles, title, columns=1)
    footnote(figure, WIDTH, WORDS + note)
    return figure


def _points(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Return curvature and increase of each pair, means over seeds."""
    pairs: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        pairs.setdefault((row["language"], row["other"]), []).append(row)
    return [
        (
            spread(row["curvature"] for row in found).mean,
            spread(row["increase"] for row in found).mean,
        )
        for found in pairs.values()
    ]


def _wide(values: Sequence[float]) -> bool:
    """Tell whether the largest size leaves the middle one too little room on a linear axis."""
    sizes = sorted(map(abs, values))
    return bool(sizes) and sizes[-1] > _WIDE * sizes[len(sizes) // 2] > 0


def _threshold(values: Sequence[float]) -> float:
    """Return up to where an axis is linear: the power of ten below the middle size."""
    sizes = sorted(abs(value) for value in values if value)
    # A power of ten: otherwise there are ticks inside the linear part.
    return 10.0 ** math.floor(math.log10(sizes[len(sizes) // 2])) if sizes else 1.0


def _words(x: Sequence[float], y: Sequence[float]) -> str:
    from scipy import stats

    if len(x) < _FEWEST or len(set(x)) == 1 or len(set(y)) == 1:
        return f"no ρ ({len(x)} pairs)"
    return f"ρ = {float(stats.spearmanr(x, y).statistic):.2f}, {len(x)} pairs"
