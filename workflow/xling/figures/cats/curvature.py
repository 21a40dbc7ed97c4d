# SPDX-License-Identifier: Apache-2.0
"""Curvature of each language's loss at the chosen checkpoint (cats.md, section 8.3)."""

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
    side_by_side,
    titles,
)
from xling.figures.style import PAGE, legend, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANELS = {
    "fisher_sampled": "Tr F, labels drawn\nfrom the model",
    "fisher_empirical": "Tr F, empirical",
    "top_eigenvalue": "top eigenvalue\nof the Hessian",
}
# Languages that have room beside each other.
_MOST = 16
# What spans more has a logarithmic axis.
_WIDE = 5
WORDS = (
    "On fixed sentences of each dev set, without dropout, per target token. Hessian: "
    "of the label-smoothed loss, power iteration. Marks: mean and standard deviation over seeds; "
    "small dots: seeds."
)


def figure(rows: Sequence[Row], title: str, note: str) -> Figure:
    """Draw a panel per measure: languages across, systems side by side."""
    from matplotlib.figure import Figure

    languages = shown(rows, _MOST)
    group = {r["language"]: r["group"] for r in rows if r["language"] in languages}
    methods = list(titles(rows))
    width = min(PAGE, max(4.2, 1.0 + 0.5 * len(group)))
    figure = Figure(figsize=(width, 5.6), layout="constrained")
    grid = figure.subplots(len(_PANELS), 1, sharex=True)
    for axes, (column, label) in zip(grid, _PANELS.items(), strict=True):
        by_system = {
            method: over_seeds([r for r in rows if r["system"] == method], "language", column)
            for method in methods
        }
        side_by_side(axes, list(group), by_system, methods)
        values = [row[column] for row in rows]
        if min(values) > 0 and max(values) > _WIDE * min(values):
            axes.set_yscale("log")
        axes.set_ylabel(label)
        quiet(axes)
    names = [f"{code}\n{name}" if name else code for code, name in group.items()]
    grid[-1].set_xticks(range(len(names)), names, fontsize=8 if len(group) <= 12 else 6)
    handles = [
        handle(look(m, methods), label, linestyle="none") for m, label in titles(rows).items()
    ]
    legend(figure, handles, title, columns=len(handles))
    apart = sum(not row["converged"] for row in rows)
    more = f" {apart} of {len(rows)} eigenvalues had not converged (CSV)." if apart else ""
    footnote(figure, width, WORDS + more + left_out(rows, languages) + note)
    return figure
