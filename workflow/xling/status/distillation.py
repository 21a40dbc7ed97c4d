# SPDX-License-Identifier: Apache-2.0
"""The jobs of a study's sentence encoders with their files, as ``distill.smk`` would make them."""

from __future__ import annotations

from collections.abc import Iterator

from xling.config.distillation import STS
from xling.distill.comparison.contrasts import compared_runs
from xling.distill.plan import DistillPlan
from xling.plan import Run
from xling.status.folder import Folder, Job

_EVALUATE = "evaluate_sentences"


def distillation_jobs(plan: DistillPlan, here: Folder) -> Iterator[Job]:
    """Return all of them in the order of the stages."""
    yield from _data(plan, here)
    yield from _models(plan, here)
    yield from _runs(plan, here)
    if compared_runs(plan):
        made = ("comparisons/distill.json",)
        yield here.job("compare_sentences", "compare_sentences", {}, made)


def rules_of(plan: DistillPlan, run: Run) -> list[tuple[str, Run]]:
    """Return the rules that make a run's record, the last one first, each with its own run."""
    trained = [("train_student", one) for one in plan.trainings_for(run)]
    return [("score_sentences", run), (_evaluating(run), run), *trained]


def _evaluating(run: Run) -> str:
    """Return the rule that evaluates a run: that of STS keeps vectors for a figure too."""
    return "evaluate_sts" if run.task == STS else _EVALUATE


def _data(plan: DistillPlan, here: Folder) -> Iterator[Job]:
    for name in plan.datasets:
        manifest = f"raw/{name}/manifest.json"
        yield here.job("fetch_distill", f"fetch_distill/{name}", {"dataset": name}, (manifest,))
    if STS in plan.tasks:
        made = (f"prepared/{STS}/test.parquet", f"prepared/{STS}/test.json")
        yield here.job("prepare_sts", "prepare_sts", {"study": here.study}, made)
    for name in plan.graded:
        place = f"prepared/graded/{name}/train"
        yield here.job(
            "prepare_graded",
            f"prepare_graded/{name}",
            {"graded": name},
            (f"{place}.parquet", f"{place}.json"),
        )
    for name in plan.selections:
        place = f"prepared/distill/{name}"
        yield here.job(
            "prepare_distill",
            f"prepare_distill/{name}",
            {"selection": name},
            (f"{place}/train.parquet", f"{place}/dev.parquet", f"{place}/summary.json"),
        )


def _models(plan: DistillPlan, here: Folder) -> Iterator[Job]:
    asked = plan.teacher_resources
    for name in plan.teachers:
        yield here.job(
            "train_teacher",
            f"train_teacher/{name}",
            {"teacher": name},
            (f"teachers/{name}/train.json",),
            threads=asked.train_threads,
            gpus=min(1, asked.gpu),
        )
    for name in plan.teaching:
        yield here.job(
            "encode_teacher",
            f"encode_teacher/{name}",
            {"teacher": name},
            (f"teachers/{name}/vectors.json",),
            threads=asked.train_threads,
            gpus=min(1, asked.gpu),
        )
    for run in plan.students:
        own = plan.resources(run)
        yield here.job(
            "train_student",
            f"train_student/{run.path}",
            {"method": run.method, "model": run.model, "seed": str(run.seed)},
            (f"runs/{run.path}/train.json",),
            threads=own.train_threads,
            gpus=min(1, own.gpu),
            run=run,
        )


def _runs(plan: DistillPlan, here: Folder) -> Iterator[Job]:
    def wildcards(run: Run) -> dict[str, str]:
        names = {"method": run.method, "model": run.model, "tested": run.task}
        return names | {"seed": str(run.seed)}

    for run in plan.runs:
        own, place = plan.resources(run), f"predictions/{run.path}"
        space = [f"analysis/{run.path}.npz"] if run.task == STS else []
        yield here.job(
            _evaluating(run),
            f"{_EVALUATE}/{run.path}",
            wildcards(run),
            (f"{place}.parquet", f"{place}.json", *space),
            threads=own.train_threads,
            gpus=min(1, own.gpu),
            run=run,
            stage=_EVALUATE,
        )
    for run in plan.runs:
        made = (f"runs/{run.path}/record.json",)
        yield here.job(
            "score_sentences", f"score_sentences/{run.path}", wildcards(run), made, run=run
        )
