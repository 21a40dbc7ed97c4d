# SPDX-License-Identifier: Apache-2.0
"""Figures of the distillation paper: sentence space, language bias, amount of data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from xling.distill.tables.frame import STS, Frame, System
from xling.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xling.distill.evaluation.embedder import Floats
    from xling.records import Record

SPACE, BIAS = "figure-2-language-space", "figure-language-bias"
AMOUNTS = "figure-amounts"
#: What they show, in their order.
KINDS = {
    SPACE: "Figure 2: sentences of several languages, joint PCA, one seed",
    BIAS: "Language bias: correlation of all language pairs together, and mean of each by itself",
    AMOUNTS: "STS 2017 by the number of training pairs",
}
# Ours: panels that have room beside each other.
MOST_SPACES = 4


def figure_names(frame: Frame) -> list[str]:
    """Return the names of the figures that a study has, in order; known before any run."""
    pairs = len(frame.languages(STS))
    planned = {
        SPACE: pairs > 1 and bool(space_systems(frame)),
        BIAS: pairs > 1 and bool(frame.of("main")),
        AMOUNTS: pairs > 0 and bool(frame.of("amounts")),
    }
    return [name for name, wanted in planned.items() if wanted]


def space_systems(frame: Frame) -> tuple[System, ...]:
    """Return the systems whose sentences are drawn: the last ones, where the students stand."""
    return frame.of("main")[-MOST_SPACES:]


def draw_figures(
    frame: Frame,
    records: Sequence[Record],
    spaces: Mapping[tuple[str, str], Mapping[str, Floats]],
) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """Yield the name of each figure of a study, and its images by their endings.

    Args:
        frame: the study.
        records: of its runs.
        spaces: vectors by language of one seed, by method and model
            (:func:`xling.distill.evaluation.space.read_space`), of all :func:`space_systems`.

    Raises:
        DataError: records do not belong together, or a system that is drawn has no vectors.
    """
    from xling.distill.figures.bars import amounts_figure, bias_figure
    from xling.distill.figures.space import space_figure
    from xling.distill.tables.results import collect
    from xling.figures.style import images

    results = collect(frame, records)
    drawn = {}
    for system in space_systems(frame) if SPACE in figure_names(frame) else ():
        if system.key not in spaces:
            raise DataError(
                f"the figure of the sentence space needs vectors of '{system.title}'",
                where=f"{system.method}, {system.model}",
                allowed="the file of vectors that the evaluation of STS writes",
                fix="run snakemake again",
            )
        drawn[system.title] = spaces[system.key]
    draw: Mapping[str, Callable[[], Figure]] = {
        SPACE: lambda: space_figure(drawn, frame.study),
        BIAS: lambda: bias_figure(results),
        AMOUNTS: lambda: amounts_figure(results),
    }
    for name in figure_names(frame):
        yield name, images(draw[name])
