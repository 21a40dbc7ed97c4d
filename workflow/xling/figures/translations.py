# SPDX-License-Identifier: Apache-2.0
"""What errors of translation cost, drawn: a panel per task and method, a line per language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xling.comparison.results import Comparison, PairResult, Tested
from xling.comparison.translations import Sources, pairs, reference, sources
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
    bases = list(dict.fromkeys(one.base for one in found))
    rows = list(dict.fromkeys((one.group.paper, one.group.task, one.group.model) for one in found))
    heights = [
        max(len(one.lines) for one in found if _row(one) == row) * _LINE + _FRAME for row in rows
    ]
    width = min(PAGE, _WIDTH * max(2, len(bases)))
    figure = Figure(figsize=(width, sum(heights) + 0.5), layout="constrained")
    axes = figure.subplots(
        len(rows), len(bases), squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    names = dict.fromkeys(name for one in found for name in one.results)
    order = [name for name in ("published", *plan.translations.engines) if name in names]
    for i, row in enumerate(rows):
        for j, base in enumerate(bases):
            own = [one for one in found if (_row(one), one.base) == (row, base)]
            if own:
                _panel(axes[i][j], own[0], order)
            else:
                axes[i][j].set_axis_off()
    reference_names = " or ".join(dict.fromkeys(one.right for one in found))
    handles = [
        Line2D([], [], linestyle="none", ms=4.2, label=name, **mark(order.index(name)))
        for name in order
    ]
    handles.append(Line2D([], [], color=GREY, lw=0.9, label=f"{reference_names} (reference)"))
    legend(figure, handles, f"What translations cost, study {plan.study.name}", len(handles))
    return figure


def _row(one: Panel) -> tuple[str, str, str]:
    return one.group.paper, one.group.task, one.group.model


def _panel(axes: Axes, one: Panel, order: Sequence[str]) -> None:
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
    axes.set_title(f"{task.title}: {one.base}", fontsize=7, loc="left")
    axes.set_xlabel(f"{task.metric_title}, difference", fontsize=7)
    quiet(axes)
    axes.tick_params(labelsize=7)


def _tested(result: PairResult, name: str) -> Tested | None:
    return result.avg_targets if name == AVG_TARGETS else result.languages.get(name)
