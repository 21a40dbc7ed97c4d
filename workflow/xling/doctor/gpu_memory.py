# SPDX-License-Identifier: Apache-2.0
"""Whether the study's models fit into the memory of a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from xling.doctor.finding import Finding, error, ok, size, warning
from xling.plan import Plan, Run

if TYPE_CHECKING:
    from xling.mt.plan import TranslationPlan

# Ours: the estimate is good to about a tenth, and the CUDA context takes some hundred MB.
_TIGHT = 0.9


def memory_findings(
    plan: Plan, need_of: Callable[[Run], int | None], smallest_mb: float | None
) -> Iterator[Finding]:
    """Compare each model's hungriest training with the smallest GPU here.

    Args:
        plan: of the study.
        need_of: estimated memory of one GPU of a training, in MB; None if it is not known.
        smallest_mb: None if no GPU is visible: then the needs are stated.
    """
    for model in plan.models:
        runs = [r for r in plan.trainings if r.model == model and plan.resources(r).gpu]
        if not runs:
            continue
        needs = [(need, run) for run in runs if (need := need_of(run)) is not None]
        if not needs:
            yield warning(
                f"GPU memory: the need of {model} is not known before its folder is here",
                "put the encoder's folder in place (encoders.<name>.path), then run this again",
            )
            continue
        yield _judged(
            model,
            needs,
            smallest_mb,
            "raise accumulation (less at a time, the same result), set gradient_checkpointing: "
            "true, or take GPUs with more memory (resources.gpu_type)",
        )


def translation_memory_findings(
    plan: TranslationPlan, smallest_mb: float | None
) -> Iterator[Finding]:
    """Compare each translation model's hungriest training with the smallest GPU here.

    Args:
        plan: of the study's translation models.
        smallest_mb: None if no GPU is visible.
    """
    from xling.mt.needs import TranslationNeeds

    need_of = TranslationNeeds(plan).gpu_mem_mb
    for model in plan.models:
        runs = [run for run in plan.runs if run.model == model]
        needs = [(need, run) for run in runs if (need := need_of(run)) is not None]
        if needs:
            yield _judged(
                model,
                needs,
                smallest_mb,
                "halve max_tokens and double update_freq, or take GPUs with more memory "
                "(resources.gpu_type)",
            )


def distillation_memory_findings(plan: Plan, smallest_mb: float | None) -> Iterator[Finding]:
    """Compare the hungriest training of each student's encoder with the smallest GPU here.

    Args:
        plan: of a study with sentence encoders.
        smallest_mb: None if no GPU is visible.
    """
    from xling.distill.needs import DistillNeeds

    needs = DistillNeeds(plan)
    students = needs.plan.students
    for model in dict.fromkeys(run.model for run in students):
        runs = [run for run in students if run.model == model]
        found = [(need, run) for run in runs if (need := needs.gpu_mem_mb(run)) is not None]
        if found:
            yield _judged(
                model,
                found,
                smallest_mb,
                "lower batch_size or max_length, or take GPUs with more memory "
                "(resources.gpu_type)",
            )


def _judged(
    model: str, needs: list[tuple[int, Run]], smallest_mb: float | None, fix: str
) -> Finding:
    """Judge the largest need of a model."""
    need, run = max(needs)
    text = f"GPU memory: {model} needs about {size(need)} (most for {run.method}, {run.task})"
    if smallest_mb is None:
        return ok(text)
    text += f"; the smallest GPU here has {size(smallest_mb)}"
    if need > smallest_mb:
        return error(text, fix)
    return warning(text, fix) if need > _TIGHT * smallest_mb else ok(text)
