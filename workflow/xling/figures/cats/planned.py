# SPDX-License-Identifier: Apache-2.0
"""Which figures of the paper on CATS a study has, and where they are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xling.mt.plan import PAPER, TranslationPlan
from xling.mt.systems import SYSTEMS
from xling.plan import Run

#: Images, and the numbers that are drawn.
FORMATS = ("png", "svg", "csv")

LOSSES, FRONT, WEIGHTS = "losses", "front", "weights"
CURVATURE, GRADIENTS, INTERFERENCE = "curvature", "gradients", "interference"
SIZES, BATCHES = "sizes", "batches"
#: What they show, in the order of cats.md, section 8 (the front first).
KINDS = {
    FRONT: "Mean BLEU of high- against low-resource languages, every system; "
    "the sweep of sampling temperatures is the reference",
    LOSSES: "Training and dev loss by language while training, and the gap between them",
    GRADIENTS: "Gradients of high- against low-resource languages, and shares of the update",
    CURVATURE: "Curvature of each language's loss at the chosen checkpoint",
    INTERFERENCE: "What a step for one language does to another's loss, against curvature",
    WEIGHTS: "Weights, multiplier and curvature that CATS trains with",
    SIZES: "BLEU of low- and high-resource languages by model size",
    BATCHES: "BLEU of low- and high-resource languages by batch size",
}
#: First lines of the pictures' titles.
HEADINGS = {
    FRONT: "BLEU of high- against low-resource languages",
    LOSSES: "Loss by language while training",
    GRADIENTS: "Gradients of high- against low-resource languages",
    CURVATURE: "Curvature of each language's loss",
    INTERFERENCE: "Interference between languages against curvature",
    WEIGHTS: "Weights of the languages while training",
    SIZES: "BLEU by size of the model",
    BATCHES: "BLEU by size of the batches",
}
# Need languages of both ends.
_TWO_GROUPS = (FRONT, GRADIENTS, SIZES, BATCHES)
_BATCH = {"max_tokens", "update_freq"}


@dataclass(frozen=True)
class Planned:
    """One figure of a study.

    Attributes:
        kind: a key of :data:`KINDS`.
        name: of its files.
        task: benchmark and direction.
        model: empty for figures that compare models.
        runs: that are drawn, sorted.
    """

    kind: str
    name: str
    task: str
    model: str
    runs: tuple[Run, ...]

    @property
    def methods(self) -> list[str]:
        """Systems, in the order of all figures."""
        return ordered({run.method for run in self.runs})


def ordered(methods: set[str]) -> list[str]:
    """Return systems in a fixed order: built-in ones as they are listed, then variants by name."""
    return [name for name in SYSTEMS if name in methods] + sorted(methods - set(SYSTEMS))


def planned_figures(plan: TranslationPlan) -> list[Planned]:
    """Return the figures that a study has.

    Free of heavy imports: the Snakefile asks for it.
    """
    return [
        Planned(kind, _name(plan, kind, *part, suffix), *part, tuple(runs))
        for kind in KINDS
        for part, suffix, runs in _candidates(plan, kind)
        if runs and (kind not in _TWO_GROUPS or _has_both_ends(plan, runs[0]))
    ]


def figure_paths(plan: TranslationPlan, folder: Path) -> list[Path]:
    """Return the files that :func:`xling.figures.cats.draw` writes.

    Args:
        plan: of the study.
        folder: ``results/{study}/figures``.
    """
    return [figure_path(folder, one, suffix) for one in planned_figures(plan) for suffix in FORMATS]


def figure_path(folder: Path, one: Planned, suffix: str) -> Path:
    """Return where a figure, or its numbers, are kept."""
    return folder / PAPER / f"{one.name}.{suffix}"


def _name(plan: TranslationPlan, kind: str, task: str, model: str, suffix: str) -> str:
    parts = [kind, task]
    if model and len(plan.models) > 1:
        parts.append(model)
    return "-".join([*parts, suffix] if suffix else parts)


_Candidate = tuple[tuple[str, str], str, Sequence[Run]]


def _candidates(plan: TranslationPlan, kind: str) -> Iterator[_Candidate]:
    """Yield (task, model), what else is in the name, and the runs."""
    for task in plan.tasks:
        if kind == SIZES:
            yield (task, ""), "", _of_several_models(plan, task)
            continue
        for model in plan.models:
            cell = [run for run in plan.runs if (run.task, run.model) == (task, model)]
            if kind == FRONT:
                runs = [run for run in cell if not _own_training(plan, run.method)]
                yield (task, model), "", runs if len({r.method for r in runs}) > 1 else []
            elif kind == BATCHES:
                yield (task, model), "", _of_several_batches(plan, cell)
            elif kind == WEIGHTS:
                for method in ordered({r.method for r in cell if plan.base(r.method) == "cats"}):
                    suffix = "" if method == "cats" else method
                    yield (task, model), suffix, [run for run in cell if run.method == method]
            else:
                yield (task, model), "", [run for run in plan.analysed if run in cell]


def _has_both_ends(plan: TranslationPlan, run: Run) -> bool:
    groups = plan.groups(plan.benchmark(run))
    return bool(groups["low"] and groups["high"])


def _own_training(plan: TranslationPlan, method: str) -> set[str]:
    """Return the training settings that a variant replaces."""
    own = plan.translation.systems.get(method)
    return set(own.training) if own else set()


def _of_several_models(plan: TranslationPlan, task: str) -> list[Run]:
    """Return the runs of a task of all systems that were trained with two models or more."""
    runs = [r for r in plan.runs if r.task == task and not _own_training(plan, r.method)]
    models = {method: {r.model for r in runs if r.method == method} for method in _methods(runs)}
    return [run for run in runs if len(models[run.method]) > 1]


def _of_several_batches(plan: TranslationPlan, cell: Sequence[Run]) -> list[Run]:
    """Return the runs of systems that were trained with batches of two sizes or more.

    Such runs differ in nothing but that: variants that set anything else are left out.
    """
    runs = [run for run in cell if _differs_in_batch_only(plan, run.method)]
    sizes: dict[str, set[int]] = {}
    for run in runs:
        sizes.setdefault(plan.origin(run.method), set()).add(batch_tokens(plan, run))
    return [run for run in runs if len(sizes[plan.origin(run.method)]) > 1]


def _differs_in_batch_only(plan: TranslationPlan, method: str) -> bool:
    own = plan.translation.systems.get(method)
    return own is None or (not own.set and set(own.training) <= _BATCH)


def batch_tokens(plan: TranslationPlan, run: Run) -> int:
    """Return the sub-words of an update on one GPU, at most."""
    settings = plan.settings(run)
    return settings.max_tokens * settings.update_freq


def _methods(runs: Sequence[Run]) -> set[str]:
    return {run.method for run in runs}
