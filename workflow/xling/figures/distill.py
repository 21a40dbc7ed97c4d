# SPDX-License-Identifier: Apache-2.0
"""Figures of distillation as PNG and SVG: those of :mod:`xling.distill.figures`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xling.distill.comparison.contrasts import Contrast, contrasts
from xling.files import whole_file
from xling.plan import DISTILLATION as PAPER

if TYPE_CHECKING:
    from xling.distill.plan import DistillPlan
    from xling.plan import Run

FORMATS = ("png", "svg")
#: Tatoeba by language, before and after.
GAINS = "figure-tatoeba-gains"


@dataclass(frozen=True)
class Planned:
    """One figure of a study.

    Attributes:
        name: of its files.
        words: what it shows.
        wide: whether its panels take the whole width of a page.
    """

    name: str
    words: str
    wide: bool


def planned_figures(plan: DistillPlan) -> list[Planned]:
    """Return the figures that a study has, in order; known before any run."""
    from xling.distill.figures import KINDS, SPACE, figure_names, space_systems

    frame, gains = plan.frame(), _gains(plan)
    wide = len(space_systems(frame)) > 1
    found = [Planned(name, KINDS[name], wide and name == SPACE) for name in figure_names(frame)]
    if gains:
        words = "Tatoeba by language: the encoder before training, and the student"
        found.append(Planned(GAINS, words, len(gains) > 1))
    return found


def figure_path(folder: Path, name: str, suffix: str) -> Path:
    """Return where a figure is kept."""
    return folder / PAPER / f"{name}.{suffix}"


def figure_paths(plan: DistillPlan, folder: Path) -> list[Path]:
    """Return the files that :func:`draw` writes.

    Args:
        plan: of the study.
        folder: ``results/{study}/figures``.
    """
    return [figure_path(folder, one.name, end) for one in planned_figures(plan) for end in FORMATS]


def space_runs(plan: DistillPlan) -> list[Run]:
    """Return the runs whose vectors are drawn: the first seed of each system of the figure."""
    from xling.distill.figures import SPACE, figure_names, space_systems
    from xling.distill.tables.frame import STS

    frame = plan.frame()
    if SPACE not in figure_names(frame):
        return []
    first: dict[tuple[str, str], Run] = {}
    for run in plan.runs:
        if run.task == STS:
            first.setdefault((run.method, run.model), run)
    return [first[one.key] for one in space_systems(frame) if one.key in first]


def draw(plan: DistillPlan, results: Path, folder: Path) -> list[Path]:
    """Draw all figures of a study; return what was written, as :func:`figure_paths` does.

    Args:
        plan: of the study.
        results: ``results/{study}``: records, comparisons, ``analysis/{run}.npz`` of
            :func:`space_runs`.
        folder: ``results/{study}/figures``.

    Raises:
        DataError: a file is missing or damaged, or records do not belong together.
    """
    paths = []
    for name, made in _drawn(plan, results):
        for suffix in FORMATS:
            path = figure_path(folder, name, suffix)
            with whole_file(path) as part:
                part.write_bytes(made[suffix])
            paths.append(path)
    return paths


def _drawn(plan: DistillPlan, results: Path) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    from xling.distill.evaluation.space import read_space
    from xling.distill.figures import draw_figures
    from xling.distill.figures.gains import Gain, gains_figure
    from xling.figures.style import images
    from xling.tables.distill import read_comparisons, read_records

    frame = plan.frame()
    folder = results / "analysis"
    spaces = {
        (run.method, run.model): read_space(folder / f"{run.path}.npz") for run in space_runs(plan)
    }
    yield from draw_figures(frame, read_records(plan, results), spaces)
    drawn, comparison = _gains(plan), read_comparisons(plan, results)
    if drawn and comparison is not None:
        titles = {system.key: system.title for system in frame.systems}
        found = [
            Gain(titles[one.first], result.languages, one.seen)
            for one in drawn
            for result in comparison.results
            if result.of(one) and result.setting == "mean"
        ]
        yield GAINS, images(lambda: gains_figure(found, frame.study))


def _gains(plan: DistillPlan) -> list[Contrast]:
    """Return the students that are drawn beside their encoder: the last ones of the main part."""
    from xling.distill.figures import MOST_SPACES
    from xling.distill.tables.frame import TATOEBA

    main = {system.key for system in plan.frame().of("main")}
    found = [
        one
        for one in contrasts(plan)
        if one.kind == "encoder" and one.task == TATOEBA and one.first in main
    ]
    return found[-MOST_SPACES:]
