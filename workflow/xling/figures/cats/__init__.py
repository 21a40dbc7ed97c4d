# SPDX-License-Identifier: Apache-2.0
"""Figures on CATS as PNG and SVG, each with the numbers that are drawn as CSV beside it.

The paper's own figures but for a caption could not be read; these are of the topics of its abstract
(cats.md, section 8), by what they show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xling.figures.cats import planned as kinds
from xling.figures.cats.planned import (
    KINDS,
    Planned,
    figure_path,
    figure_paths,
    planned_figures,
)
from xling.files import whole_file, write_text
from xling.mt.plan import TranslationPlan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xling.figures.cats.marks import Row

__all__ = ["KINDS", "Planned", "draw", "figure_path", "figure_paths", "planned_figures"]


def draw(plan: TranslationPlan, results: Path, folder: Path) -> list[Path]:
    """Draw all figures of a study; return what was written, as :func:`figure_paths` does.

    Args:
        plan: of the study.
        results: ``results/{study}``: records, histories, traces and analyses of the runs.
        folder: ``results/{study}/figures``.

    Raises:
        DataError: a file of a run is missing or damaged, or records were made by different versions
            or on different data.
    """
    from xling.figures.cats.results import Results
    from xling.figures.cats.rows import as_csv, rows
    from xling.figures.style import images
    from xling.tables.cats.agree import require_agreement

    found = Results(plan, results)
    require_agreement(plan, [found.record(run) for run in plan.runs])
    paths = []
    for one in planned_figures(plan):
        numbers = rows(found, one)
        made = images(lambda one=one, numbers=numbers: figure(plan, one, numbers))  # type: ignore[misc]
        for suffix, content in made.items():
            path = figure_path(folder, one, suffix)
            with whole_file(path) as part:
                part.write_bytes(content)
            paths.append(path)
        paths.append(figure_path(folder, one, "csv"))
        write_text(paths[-1], as_csv(numbers))
    return paths


def figure(plan: TranslationPlan, one: Planned, numbers: Sequence[Row]) -> Figure:
    """Draw one figure of its rows."""
    from xling.figures.cats import (
        curvature,
        front,
        gradients,
        interference,
        losses,
        marks,
        sweeps,
        weights,
    )

    title, methods = _title(plan, one), {plan.base(method) for method in one.methods}
    note = " Artificial languages." if plan.study.data.artificial is not None else ""
    note += f" {marks.RECONSTRUCTED}" if "cats" in methods else ""
    if one.kind == kinds.SIZES:
        return sweeps.figure(numbers, title, note, "parameters")
    if one.kind == kinds.BATCHES:
        return sweeps.figure(numbers, title, note, "batch_tokens")
    draws: dict[str, Callable[[Sequence[Row], str, str], Figure]] = {
        kinds.FRONT: front.figure,
        kinds.LOSSES: losses.figure,
        kinds.WEIGHTS: weights.figure,
        kinds.CURVATURE: curvature.figure,
        kinds.GRADIENTS: gradients.figure,
        kinds.INTERFERENCE: interference.figure,
    }
    return draws[one.kind](numbers, title, note)


def _title(plan: TranslationPlan, one: Planned) -> str:
    """Say what is drawn; name benchmark, direction, study, model and the one variant, if it is."""
    from xling.tables.cats.about import task_title

    words = [task_title(one.task), f"study {plan.study.name}"]
    words += [one.model] if one.model else []
    if one.kind == kinds.WEIGHTS and len(one.methods) == 1 and one.methods != ["cats"]:
        words.append(plan.title(one.methods[0]))
    return f"{kinds.HEADINGS[one.kind]}\n{', '.join(words)}"
