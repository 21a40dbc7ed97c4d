# SPDX-License-Identifier: Apache-2.0
"""Training and dev loss by language, and the gap between them (cats.md, section 8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xling.figures.cats.marks import (
    Row,
    footnote,
    handle,
    left_out,
    look,
    over_seeds,
    shown,
    titles,
)
from xling.figures.style import PAGE, legend, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ACROSS = 4
WORDS = (
    "Solid: dev loss, without dropout; dashed: training loss as it was logged, with dropout, mean "
    "since the last look at the dev set. Gap: dev less training. Nats per target token, not "
    "smoothed. Lines: mean over seeds; bands: their range."
)


def figure(rows: Sequence[Row], title: str, note: str) -> Figure:
    """Draw a column per language: losses above, the gap below; more than four go on below."""
    from matplotlib.figure import Figure

    languages = shown(rows, 2 * _ACROSS)
    across = min(len(languages), _ACROSS)
    blocks = -(-len(languages) // _ACROSS)
    width = PAGE if across > 2 else PAGE * 0.6
    figure = Figure(figsize=(width, 2.5 * blocks + 0.9), layout="constrained")
    heights = [1.5, 1.0] * blocks
    grid = figure.subplots(
        2 * blocks, across, sharex=True, squeeze=False, height_ratios=heights, sharey="row"
    )
    methods = list(titles(rows))
    for number in range(blocks * across):
        upper, lower = (grid[2 * (number // across) + i][number % across] for i in (0, 1))
        if number >= len(languages):
            upper.set_axis_off()
            lower.set_axis_off()
            continue
        language = languages[number]
        own = [row for row in rows if row["language"] == language]
        _panels(upper, lower, own, methods)
        group = own[0]["group"]
        upper.set_title(f"{language} ({group})" if group else language, loc="left", fontsize=8)
        if number % across == 0:
            upper.set_ylabel("loss (nats)")
            lower.set_ylabel("gap (nats)")
        if number >= len(languages) - across:
            lower.set_xlabel("updates")
    handles = [handle(look(m, methods), label, marker="") for m, label in titles(rows).items()]
    legend(figure, handles, title, columns=len(handles))
    footnote(figure, width, WORDS + left_out(rows, languages) + note)
    return figure


def _panels(upper: Axes, lower: Axes, rows: Sequence[Row], methods: list[str]) -> None:
    for method in methods:
        own = [row for row in rows if row["system"] == method]
        colour = look(method, methods)["color"]
        for axes, column, style in (
            (upper, "dev_nll", "-"),
            (upper, "train_nll", (0, (3, 1.5))),
            (lower, "gap", "-"),
        ):
            band(axes, own, column, color=colour, linestyle=style)
    lower.axhline(0, color="#999999", linewidth=0.6, zorder=1)
    for axes in (upper, lower):
        quiet(axes)


def band(
    axes: Axes, rows: Sequence[Row], column: str, *, color: str, linestyle: object = "-"
) -> None:
    """Draw a column over updates: mean of the seeds, and their range behind it."""
    found = over_seeds(rows, "update", column)
    updates = sorted(found)
    means = [found[update].mean for update in updates]
    axes.plot(updates, means, color=color, linestyle=linestyle, linewidth=1.1)
    if any(len(one.values) > 1 for one in found.values()):
        least = [min(found[update].values) for update in updates]
        most = [max(found[update].values) for update in updates]
        axes.fill_between(updates, least, most, color=color, alpha=0.18, linewidth=0)
