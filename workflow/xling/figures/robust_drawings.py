# SPDX-License-Identifier: Apache-2.0
"""Drawings of robust training: heat maps, gains, distances, sweeps."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.analysis.correlation import spearman
from xling.analysis.language_distances import distances
from xling.figures.style import COLUMN, GREY, PAGE, label_points, legend, mark, quiet
from xling.generalised.names import pair_name
from xling.tables.robust.pairs import Matrix, gain_matrix, matrix
from xling.tables.robust.planned import BASELINE
from xling.tables.robust.results import Results, baseline_of, in_two_languages
from xling.tables.robust.sweeps import Setting, families, means_and_gains
from xling.tasks import SOURCE_LANGUAGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from xling.analysis.embedding_distances import EmbeddingDistances
    from xling.tables.table import System, Table

# Ours: numbers in cells can be read up to so many languages in a panel of half a page.
_NUMBERED = 8
_PANEL = 2.2  # inches
_LETTERS = 30  # of a panel's title in a line


def _of_model(results: Results, table: Table, model: str) -> list[System]:
    return [one for one in results.main(table) if one.model == model and one.records]


def heat_maps(results: Results, table: Table, model: str, title: str) -> Figure:
    """Draw pairs of languages: the baseline's scores, then the gain of each other system.

    Systems that were not tested with sentences in two languages are left out.  Colours of gains
    are symmetric about 0, the same in all panels.
    """
    from matplotlib.figure import Figure

    panels: list[tuple[str, Matrix, bool]] = []
    for system in filter(in_two_languages, _of_model(results, table, model)):
        gains = gain_matrix(table, system)
        own = matrix(table, system) if gains is None else gains
        panels.append((system.title, own, gains is not None))
    panels.sort(key=lambda panel: panel[2])
    columns = min(3, max(1, len(panels)))
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(PAGE, _PANEL * lines + 0.3), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False)
    bound = max((_largest(own) for _, own, gain in panels if gain), default=1.0)
    drawn = [
        (place, panel[2], _heat_map(place, *panel, bound))
        for place, panel in zip(axes.flat, panels, strict=False)
    ]
    for gain in (False, True):
        shown = [(place, image) for place, is_gain, image in drawn if is_gain == gain]
        if shown:
            _bar(figure, shown[-1][1], [place for place, _ in shown], "gain" if gain else "")
    for place in list(axes.flat)[len(panels) :]:
        place.set_axis_off()
    figure.suptitle(f"{title}: first sentence (rows) by second", x=0.01, ha="left", fontsize=9)
    return figure


def _bar(figure: Figure, image: Any, panels: Sequence[Axes], words: str) -> None:
    """Put one scale beside panels that share it."""
    one = len(panels) == 1
    where: dict[str, Any] = {"ax": list(panels), "shrink": 0.8 if one else 0.5, "pad": 0.02}
    bar = figure.colorbar(image, **where)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=6, length=2, width=0.6)
    bar.ax.set_title(words, fontsize=6)


def _largest(own: Matrix) -> float:
    return max((abs(cell.mean) for cell in own.cells.values()), default=0.0) or 1.0


def _heat_map(axes: Axes, name: str, own: Matrix, gain: bool, bound: float) -> Any:
    """Draw one panel and return its image."""
    codes = own.languages
    values = np.full((len(codes), len(codes)), np.nan)
    for (i, a), (j, b) in product(enumerate(codes), repeat=2):
        cell = own.cells.get(pair_name(a, b))
        values[i, j] = np.nan if cell is None else cell.mean
    scale: dict[str, Any] = {"cmap": "viridis"}
    if gain:
        scale = {"cmap": "PuOr_r", "vmin": -bound, "vmax": bound}
    image = axes.imshow(values, **scale)
    axes.set_xticks(range(len(codes)), codes, fontsize=6.5)
    axes.set_yticks(range(len(codes)), codes, fontsize=6.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    words = f"{name}, gain" if gain else name
    axes.set_title(textwrap.fill(words, _LETTERS), fontsize=7, loc="left")
    places = product(range(len(codes)), repeat=2) if len(codes) <= _NUMBERED else ()
    for i, j in places:
        if np.isfinite(values[i, j]):
            red, green, blue, _ = image.cmap(image.norm(values[i, j]))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
            text = f"{values[i, j]:+.1f}" if gain else f"{values[i, j]:.0f}"
            axes.text(
                j, i, text, ha="center", va="center", fontsize=5, color="white" if dark else "black"
            )
    return image


def gain_by_distance(results: Results, table: Table, model: str, title: str) -> Figure:
    """Draw each target's gain, standard setting, against its distance: a panel per system."""
    from matplotlib.figure import Figure

    known = distances(results.plan.study, table.languages)
    kind, far = next(iter(known.items()))
    systems = [one for one in _of_model(results, table, model) if baseline_of(table, one)]
    columns = min(3, max(1, len(systems)))
    lines = -(-len(systems) // columns)
    width = PAGE if columns > 1 else COLUMN
    figure = Figure(figsize=(width, 2.0 * lines + 0.5), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    labels = []
    for i, (place, system) in enumerate(zip(axes.flat, systems, strict=False)):
        gains = _gains(table, system)
        points = {code: (far[code], gains[code]) for code in gains if code in far}
        for x, seeds in points.values():
            place.plot([x] * len(seeds), seeds, linestyle="none", marker="o", ms=1.8, color=GREY)
            place.plot(x, np.mean(seeds), linestyle="none", ms=4.2, **mark(i))
        place.axhline(0.0, color=GREY, linewidth=0.6)
        found = spearman(
            {code: float(np.mean(seeds)) for code, (_, seeds) in points.items()},
            {code: x for code, (x, _) in points.items()},
        )
        words = found.note if found.rho is None else f"ρ {found.rho:.2f}, p {found.p_value:.2f}"
        place.set_title(f"{system.title}\n{words}", fontsize=7, loc="left")
        quiet(place)
        place.tick_params(labelbottom=True, labelsize=7)
        places = [(x, float(np.mean(seeds))) for x, seeds in points.values()]
        labels.append((place, places, list(points), mark(i)["color"]))
    for place in list(axes.flat)[len(systems) :]:
        place.set_axis_off()
    for place in axes[-1]:
        place.set_xlabel(f"distance to {SOURCE_LANGUAGE} ({kind})", fontsize=7)
    for place in axes[:, 0]:
        place.set_ylabel("gain, points", fontsize=7)
    for place, places, codes, colour in labels:
        label_points(place, places, codes, [colour] * len(codes))
    return figure


def _gains(table: Table, system: System) -> dict[str, list[float]]:
    """Return a system's gain by target language, standard setting: one value per seed."""
    found = gain_matrix(table, system)
    cells = found.cells if found else {}
    codes = [code for code in table.languages if code != SOURCE_LANGUAGE]
    names = {code: pair_name(code, code) for code in codes}
    return {code: list(cells[name].values) for code, name in names.items() if name in cells}


def distance_curves(found: EmbeddingDistances, radii: Sequence[float], title: str) -> Figure:
    """Draw the share of examples within a distance, by language, and the radii of ADV."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    figure = Figure(figsize=(COLUMN + 0.8, 2.9), layout="constrained")
    axes = figure.subplots()
    handles = []
    for i, (code, values) in enumerate(found.distances.items()):
        look = {"color": mark(i)["color"], "linestyle": ("-", "--", ":")[i // 7 % 3]}
        axes.plot(np.sort(values), np.arange(1, len(values) + 1) / len(values), lw=1.1, **look)
        handles.append(Line2D([], [], label=code, lw=1.1, **look))
    for radius in radii:
        axes.axvline(radius, color=GREY, linewidth=0.9, linestyle=(0, (4, 2)))
        axes.annotate(
            f"{radius:g}",
            (radius, 1.0),
            xycoords=("data", "axes fraction"),
            fontsize=6,
            ha="center",
        )
    handles.append(Line2D([], [], label="radius of ADV", color=GREY, linestyle=(0, (4, 2))))
    axes.set_xscale("log")
    axes.set_xlabel(f"smallest perturbation at {found.point}, in mean lengths of a state")
    axes.set_ylabel("share of examples")
    axes.set_ylim(0.0, 1.04)
    quiet(axes)
    legend(figure, handles, title, 5)
    return figure


def sweep_curves(results: Results, table: Table, model: str, title: str) -> Figure:
    """Draw the gain of a method and its variants: a panel per method and numeric setting."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    panels = [
        (family, name, own)
        for family, settings in families(results.plan, table, model).items()
        for name, own in _numeric(settings).items()
    ]
    count = max(1, len(panels))
    figure = Figure(figsize=(max(COLUMN, min(PAGE, 2.3 * count + 0.5)), 2.6), layout="constrained")
    axes = figure.subplots(1, count, squeeze=False, sharey=True)[0]
    heads = {"same, targets": "standard, targets", "two": "two languages"}
    for place, (family, name, own) in zip(axes, panels, strict=False):
        for i, head in enumerate(heads):
            _curve(place, table, own, name, head, i)
        place.axhline(0.0, color=GREY, linewidth=0.6)
        place.set_title(results.title(family), fontsize=7, loc="left")
        place.set_xlabel(name)
        place.set_xscale("log")
        quiet(place)
    if not panels:
        axes[0].set_axis_off()
        axes[0].text(0.0, 0.5, "no number is varied", fontsize=7, color=GREY)
    axes[0].set_ylabel(f"gain over {results.title(BASELINE)}", fontsize=7)
    handles = [
        Line2D([], [], lw=1.0, ms=4.0, label=words, **mark(i))
        for i, words in enumerate(heads.values())
    ]
    legend(figure, handles, title, 2)
    return figure


def _numeric(settings: Sequence[Setting]) -> dict[str, list[Setting]]:
    """Return the systems that lie on a line: they differ from the method in one number at most."""
    method = settings[0].values
    found = {}
    for name, value in method.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            own = [one for one in settings if _only(one.values, method, name)]
            if len(own) > 1:
                found[name] = sorted(own, key=lambda one: float(str(one.values[name])))
    return found


def _only(values: Mapping[str, object], method: Mapping[str, object], name: str) -> bool:
    return all(values[key] == method[key] for key in method if key != name)


def _curve(
    axes: Axes, table: Table, own: Sequence[Setting], name: str, head: str, place: int
) -> None:
    points = [
        (float(str(one.values[name])), means_and_gains(table, one.system)[1][head]) for one in own
    ]
    there = [(x, cell) for x, cell in points if cell is not None]
    axes.errorbar(
        [x for x, _ in there],
        [cell.mean for _, cell in there],
        yerr=[cell.sd or 0.0 for _, cell in there],
        elinewidth=0.8,
        linewidth=1.0,
        markersize=4.0,
        **mark(place),
    )
