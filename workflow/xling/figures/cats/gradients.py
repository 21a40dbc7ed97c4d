# SPDX-License-Identifier: Apache-2.0
"""High- against low-resource gradients, and shares of the update (cats.md, section 8.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xling.figures.cats.marks import (
    Row,
    footnote,
    handle,
    look,
    over_seeds,
    side_by_side,
    titles,
)
from xling.figures.style import PAGE, legend, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANELS = {
    "mean_cosine": "mean cosine,\nhigh and low",
    "conflicting": "share of pairs\nin conflict",
    "update_share": r"$\|p_n g_n\|\ /\ \|\sum p g\|$",
}
WORDS = (
    "Gradients of the label-smoothed loss on fixed sentences of each dev set, without dropout, at "
    "the chosen checkpoint. Above: all pairs of a high- and a low-resource language, by part of "
    "the model; in conflict: negative inner product. Below: length of each language's part of the "
    "update against the whole's; p: its share of the loss that is trained on. Marks: mean and "
    "standard deviation over seeds; small dots: seeds."
)


def figure(rows: Sequence[Row], title: str, note: str) -> Figure:
    """Draw cosines and conflicts by part of the model, and shares by language."""
    from matplotlib.figure import Figure

    methods = list(titles(rows))
    panels = [name for name in _PANELS if any(row["quantity"] == name for row in rows)]
    longest = max(len({r["at"] for r in rows if r["quantity"] == name}) for name in panels)
    width = min(PAGE, max(4.4, 1.0 + 0.6 * longest))
    figure = Figure(figsize=(width, 1.55 * len(panels) + 1.3), layout="constrained")
    grid = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axes, quantity in zip(grid, panels, strict=True):
        found = [row for row in rows if row["quantity"] == quantity]
        places = list(dict.fromkeys(row["at"] for row in found))
        by_system = {
            method: over_seeds([r for r in found if r["system"] == method], "at", "value")
            for method in methods
        }
        side_by_side(axes, places, by_system, methods)
        axes.axhline(0, color="#999999", linewidth=0.6, zorder=1)
        axes.set_ylabel(_PANELS[quantity])
        if quantity == "conflicting":
            axes.set_ylim(-0.05, 1.05)
        quiet(axes)
    handles = [
        handle(look(m, methods), label, linestyle="none") for m, label in titles(rows).items()
    ]
    legend(figure, handles, title, columns=len(handles))
    footnote(figure, width, WORDS + note)
    return figure
