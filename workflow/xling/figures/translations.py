# SPDX-License-Identifier: Apache-2.0
"""What errors of translation cost, drawn: a panel per task and method, a line per language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from xling.comparison.results import Comparison, PairResult, Tested
from xling.comparison.translations import Sources, pairs, reference, sources
from xling.config.translations import PUBLISHED
from xling.files import whole_file
from xling.plan import Plan
from xling.tables.table import AVG_TARGETS
from xling.tables.translations import read_comparisons
from xling.tables.translations.about import FOLDER
from xling.tables.translations.transfer import base_title, planned_tests
from xling.tasks import TASKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "figure-transfer"
WORDS = "Scores less those with the reference's translations, by language; lines: 95 % intervals"
FORMATS = ("png", "svg")
_COLUMNS = 3
# Of a panel, in inches.
_WIDTH, _LINE, _FRAME = 2.2, 0.17, 0.55


@dataclass(frozen=True)
class Panel:
    """One method on one task with one encoder.

    Attributes:
        results: of the other sources against the reference, by source.
        right: the reference.
    """

    group: Sources
    base: str
    right: str
    results: Mapping[str, PairResult]

    @property
    def lines(self) -> list[str]:
        """What has a line, from the top: languages as in tables, then the mean."""
        found = dict.fromkeys(code for one in self.results.values() for code in one.languages)
        return [*found, AVG_TARGETS]


def figure_paths(plan: Plan, folder: Path) -> list[Path]:
    """Return the files of the figure: none if no two systems differ in their translations alone."""
    drawn = any(pairs(plan, one.paper) for one in sources(plan))
    return [folder / FOLDER / f"{NAME}.{suffix}" for suffix in FORMATS] if drawn else []


def panels(plan: Plan, comparisons: Sequence[Comparison]) -> list[Panel]:
    """Return what is drawn, in the order of the table.

    Raises:
        DataError: comparisons are not those of the plan.
    """
    tested = planned_tests(plan, comparisons)
    found = []
    for one in sources(plan):
        right = reference(plan, one)
        keys = {
            source: (one.paper, one.task, one.model, method, one.methods[right])
            for source, method in one.methods.items()
        }
        results = {source: tested[key] for source, key in keys.items() if key in tested}
        if results:
            found.append(Panel(one, base_title(plan, one), right, results))
    return found


def write_figures(plan: Plan, results: Path, folder: Path) -> list[Path]:
    """Draw the figure if the study has it, and return its files.

    Args:
        plan: of the study.
        results: its folder, with comparisons.
        folder: of the figures.

    Raises:
        DataError: a comparison is missing, damaged or not that of the plan.
    """
    from xling.figures.style import images

    paths = figure_paths(plan, folder)
    if paths:
        found = panels(plan, read_comparisons(plan, results))
        drawn = images(lambda: _figure(plan, found))
        for path in paths:
            with whole_file(path) as part:
                part.write_bytes(drawn[path.suffix[1:]])
    return paths


def _figure(plan: Plan, found: Sequence[Panel]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from xling.figures.style import GREY, PAGE, legend, mark

    assert plan.translations is not None, "only asked for where there are translations"
    lines = _lines(found)
    heights = [max(len(one.lines) for one in line) * _LINE + _FRAME for line in lines]
    width = min(PAGE, _WIDTH * max(2, *map(len, lines)))
    figure = Figure(figsize=(width, sum(heights) + 0.5), layout="constrained")
    columns = max(map(len, lines))
    axes = figure.subplots(
        len(lines), columns, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    names = dict.fromkeys(name for one in found for name in one.results)
    order = [name for name in (PUBLISHED, *plan.translations.engines) if name in names]
    several = len({one.group.model for one in found}) > 1
    for line, places in zip(lines, axes, strict=True):
        for one, place in zip(line, places, strict=False):
            _panel(place, one, order, f", {one.group.model}" if several else "")
        for place in places[len(line) :]:
            place.set_axis_off()
    reference_names = " or ".join(dict.fromkeys(one.right for one in found))
    handles = [
        Line2D([], [], linestyle="none", ms=4.2, label=name, **mark(order.index(name)))
        for name in order
    ]
    handles.append(Line2D([], [], color=GREY, lw=0.9, label=f"{reference_names} (reference)"))
    legend(figure, handles, f"What translations cost, study {plan.study.name}", len(handles))
    return figure


def _lines(found: Sequence[Panel]) -> list[list[Panel]]:
    """Put panels of one paper, task and encoder beside each other, and go on below."""
    lines = []
    for _, group in groupby(found, key=lambda o: (o.group.paper, o.group.task, o.group.model)):
        own = list(group)
        lines += [own[i : i + _COLUMNS] for i in range(0, len(own), _COLUMNS)]
    return lines


def _panel(axes: Axes, one: Panel, order: Sequence[str], model: str) -> None:
    from xling.figures.style import GREY, mark, quiet

    axes.axvline(0.0, color=GREY, linewidth=0.9, zorder=1)
    step = 0.6 / max(1, len(one.results))
    for k, (source, result) in enumerate(one.results.items()):
        shift = (k - (len(one.results) - 1) / 2) * step
        for y, name in enumerate(one.lines):
            tested = _tested(result, name)
            if tested is None:
                continue
            axes.errorbar(
                tested.difference,
                y + shift,
                xerr=[[tested.difference - tested.low], [tested.high - tested.difference]],
                elinewidth=1.0,
                markersize=4.2,
                **mark(order.index(source)),
            )
    axes.axhline(len(one.lines) - 1.5, color=GREY, linewidth=0.4)
    axes.set_ylim(len(one.lines) - 0.5, -0.5)
    axes.set_yticks(range(len(one.lines)), one.lines)
    task = TASKS[one.group.task]
    axes.set_title(f"{task.title}: {one.base}{model}", fontsize=7, loc="left")
    axes.set_xlabel(f"{task.metric_title}, difference", fontsize=7)
    quiet(axes)
    axes.tick_params(labelsize=7)


def _tested(result: PairResult, name: str) -> Tested | None:
    return result.avg_targets if name == AVG_TARGETS else result.languages.get(name)
