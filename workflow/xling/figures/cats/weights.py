# SPDX-License-Identifier: Apache-2.0
"""What CATS trains with: alpha by language, lambda_c and C (cats.md, section 8.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xling.figures.cats.losses import band
from xling.figures.cats.marks import GROUP_MARKS, Row, footnote, handle
from xling.figures.style import COLOURS, GREY, legend, mark, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 5.0
# Dashes tell low- from high-resource languages in print too.
_DASHES = {"low": "-", "mid": (0, (1, 1)), "high": (0, (4, 1.5))}
WORDS = (
    "α: share of each language in the loss; grey: 1/N. Solid: low-resource, dotted: mid-, dashed: "
    "high-resource. C: squared norm of the combined gradient on the probe batches, in mode "
    "relative divided by that of equal weights; grey: its bound. Lines: mean over seeds; bands: "
    "their range."
)


def figure(rows: Sequence[Row], title: str, note: str) -> Figure:
    """Draw three panels over updates: weights, multiplier, curvature."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[2, 1, 1])
    group = {row["language"]: row["group"] for row in rows if row["language"]}
    # As many languages as there are colours have one each, of more only their groups.
    alone = len(group) <= len(COLOURS)
    handles = []
    for index, (language, name) in enumerate(group.items()):
        number = index if alone else GROUP_MARKS.get(name, 2)
        own = [row for row in rows if row["language"] == language]
        style = _DASHES.get(name, "-")
        band(top, own, "value", color=COLOURS[number], linestyle=style)
        label = f"{language} ({name})" if alone and name else language if alone else name
        handles.append(handle({**mark(number), "marker": ""}, label, linestyle=style))
    if group:
        top.axhline(1 / len(group), color=GREY, linewidth=0.6, zorder=1)
    top.set_ylabel("α")
    _line(middle, rows, "lambda_curvature", "$λ_c$")
    _line(bottom, rows, "curvature", "C")
    bounds = {row["value"] for row in rows if row["quantity"] == "curvature_bound"}
    for bound in bounds:
        bottom.axhline(bound, color=GREY, linewidth=0.6, zorder=1)
    bottom.set_xlabel("updates")
    for axes in (top, middle, bottom):
        quiet(axes)
    unique = list({str(one.get_label()): one for one in handles}.values())
    legend(figure, unique, title, columns=4)
    footnote(figure, WIDTH, WORDS + note)
    return figure


def _line(axes: Axes, rows: Sequence[Row], quantity: str, label: str) -> None:
    own = [row for row in rows if row["quantity"] == quantity]
    band(axes, own, "value", color=COLOURS[-1])
    axes.set_ylabel(label)
