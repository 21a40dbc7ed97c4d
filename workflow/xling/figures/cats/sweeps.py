# SPDX-License-Identifier: Apache-2.0
"""BLEU of low- and high-resource languages by size of model or batch (cats.md, 8.6 and 8.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from xling.figures.cats.marks import Row, footnote, handle, look, over_seeds
from xling.figures.style import PAGE, legend, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GROUPS = {"low": "low-resource languages", "high": "high-resource languages"}
_LABELS = {
    "parameters": "parameters of the model",
    "batch_tokens": "sub-words per update and GPU, at most",
}
WORDS = "Mean BLEU of the group. Marks: mean and standard deviation over seeds; logarithmic axis."


def figure(
    rows: Sequence[Row], title: str, note: str, x: Literal["parameters", "batch_tokens"]
) -> Figure:
    """Draw a panel per group of languages with a line per system."""
    from matplotlib.figure import Figure

    # A variant with other batches belongs to the line of the system that it varies.
    name = "base" if x == "batch_tokens" else "system"
    methods = list(dict.fromkeys(row[name] for row in rows))
    figure = Figure(figsize=(PAGE, 3.0 + 0.16 * (len(methods) // 5)), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, (group, label) in zip(panels, _GROUPS.items(), strict=True):
        for method in methods:
            own = [row for row in rows if (row[name], row["group"]) == (method, group)]
            _line(axes, own, x, method, methods)
        quiet(axes)
        _ticks(axes, sorted({row[x] for row in rows}))
        axes.set_title(label, loc="left", fontsize=8)
        axes.set_xlabel(_LABELS[x])
    panels[0].set_ylabel("BLEU")
    # The title of the system itself, where it was trained too.
    named = {row[name]: row["title"] for row in rows}
    named |= {row[name]: row["title"] for row in rows if row["system"] == row[name]}
    handles = [handle(look(method, methods), named[method]) for method in methods]
    legend(figure, handles, title, columns=min(5, len(handles)))
    footnote(figure, PAGE, WORDS + note)
    return figure


def _line(axes: Axes, rows: Sequence[Row], x: str, method: str, methods: list[str]) -> None:
    found = over_seeds(rows, x, "bleu")
    at = sorted(found)
    axes.errorbar(
        at,
        [found[one].mean for one in at],
        yerr=[found[one].sd for one in at],
        linewidth=1.1,
        elinewidth=0.8,
        markersize=4,
        **look(method, methods),
    )


def _ticks(axes: Axes, values: Sequence[int]) -> None:
    """Mark the sizes there are, in thousands or millions."""
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(list(values), [_short(value) for value in values])


def _short(value: int) -> str:
    for size, letter in ((10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return str(value)
