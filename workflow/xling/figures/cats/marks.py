# SPDX-License-Identifier: Apache-2.0
"""What the figures on CATS share: a look for each system, numbers over seeds, words below."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from xling.figures.cats.planned import ordered
from xling.figures.style import GREY, mark
from xling.mt.analysis.paired import paired_languages
from xling.mt.systems import ANALYSED, SYSTEMS, TEMPERATURES, temperature_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

Row = dict[str, Any]

# Letters of DejaVu Sans per inch at 6 points, measured.
_LETTERS = 22
#: Colours of groups of languages, where languages are too many for colours of their own.
GROUP_MARKS = {"low": 1, "mid": 6, "high": 0}
RECONSTRUCTED = "CATS: our reconstruction from the paper's abstract and secondary sources."


@dataclass(frozen=True)
class Spread:
    """Values of several seeds.

    Attributes:
        sd: sample standard deviation; 0 of one seed.
    """

    values: tuple[float, ...]
    mean: float
    sd: float


def spread(values: Iterable[float]) -> Spread:
    """Sum up values of seeds."""
    found = tuple(values)
    return Spread(found, fmean(found), stdev(found) if len(found) > 1 else 0.0)


def over_seeds(rows: Iterable[Row], key: str, value: str) -> dict[Any, Spread]:
    """Return the spread of a column by another, in the order the keys come; nulls left out."""
    found: dict[Any, list[float]] = {}
    for row in rows:
        if row[value] is not None:
            found.setdefault(row[key], []).append(row[value])
    return {name: spread(values) for name, values in found.items()}


def look(method: str, methods: Sequence[str]) -> dict[str, Any]:
    """Return colour and shape of a system: the analysed ones have the same in all figures.

    Args:
        method: of those.
        methods: of the figure.
    """
    fixed = list(ANALYSED)
    swept = {temperature_name(value) for value in TEMPERATURES} - set(fixed)
    # The sweep comes last: it has a line of its own in the figure where it is whole.
    rest = [name for name in SYSTEMS if name not in fixed and name not in swept]
    order = [*fixed, *rest, *sorted(set(methods) - set(SYSTEMS)), *ordered(swept)]
    return mark(order.index(method))


def shown(rows: Iterable[Row], most: int) -> list[str]:
    """Return the languages that a figure has room for: all, or some of both ends."""
    group = {row["language"]: row["group"] for row in rows}
    if len(group) <= most:
        return list(group)
    ends = {end: [code for code, own in group.items() if own == end] for end in ("low", "high")}
    return paired_languages(list(group), ends)


def left_out(rows: Iterable[Row], languages: Sequence[str]) -> str:
    """Say how many languages are not drawn."""
    count = len({row["language"] for row in rows} - set(languages))
    return f" {count} more languages are in the CSV only." if count else ""


def titles(rows: Iterable[Row]) -> dict[str, str]:
    """Return the title of each system, in the order of the rows."""
    return {row["system"]: row["title"] for row in rows}


def handle(look: dict[str, Any], label: str, **line: Any) -> Line2D:
    """Return an entry of a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **{"markersize": 4, "linewidth": 1.2, "label": label, **look, **line})


def side_by_side(
    axes: Axes, places: Sequence[str], by_system: dict[str, dict[Any, Spread]], methods: list[str]
) -> None:
    """Draw systems beside each other at each place: mean, standard deviation, and every seed."""
    step = 0.75 / len(methods)
    for index, (method, found) in enumerate(by_system.items()):
        own = look(method, methods)
        for x, place in enumerate(places):
            if place not in found:
                continue
            at, one = x + (index - (len(methods) - 1) / 2) * step, found[place]
            axes.errorbar(at, one.mean, yerr=one.sd, markersize=4, elinewidth=1.0, **own)
            # Beside the mean, so that neither hides the other.
            axes.plot(
                [at + 0.3 * step] * len(one.values),
                one.values,
                linestyle="none",
                marker="o",
                markersize=1.8,
                markeredgewidth=0,
                color=own["color"],
                alpha=0.65,
            )
    axes.set_xticks(range(len(places)), list(places))
    axes.set_xlim(-0.5, len(places) - 0.5)
    for x in range(1, len(places)):
        axes.axvline(x - 0.5, linewidth=0.4, color="#eeeeee", zorder=0)


def footnote(figure: Figure, width: float, words: str) -> None:
    """Write what was measured below the panels."""
    text = textwrap.fill(words, int((width - 0.3) * _LETTERS))
    figure.supxlabel(text, x=0.01, ha="left", fontsize=6, color=GREY, linespacing=1.3)
