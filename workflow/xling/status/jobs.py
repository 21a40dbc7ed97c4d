# SPDX-License-Identifier: Apache-2.0
"""All jobs of a study with their files, as the rules in ``workflow/rules`` would make them.

A test compares the list with Snakemake's own (``tests/dag/jobs``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xling.comparison.pairs import compared_papers
from xling.figures import figure_paths
from xling.job_costs import JobCosts
from xling.plan import TEXT, TRANSLATE_TRAIN, Plan, Run
from xling.status.distillation import distillation_jobs
from xling.status.folder import Folder, Job
from xling.status.translation import translation_jobs
from xling.status.translations import own_translation_jobs
from xling.tables import table_paths
from xling.translations_costs import TranslationsCosts


def jobs_of(plan: Plan, results: Path = Path("results")) -> list[Job]:
    """Return all jobs of a study in the order of the stages.

    Args:
        plan: of the study.
        results: folder of the results of all studies; downloads lie beside it.
    """
    here = Folder(plan.study.name, results / plan.study.name)
    return [
        *_downloads(plan, results.parent / "resources"),
        *_data(plan, here),
        *_copies(plan, here),
        *_encoders(plan, here),
        *_tokens(plan, here),
        *_runs(plan, here),
        *(translation_jobs(plan.translation, here) if plan.translation else ()),
        *(distillation_jobs(plan.distillation, here) if plan.distillation else ()),
        *(
            own_translation_jobs(TranslationsCosts(JobCosts(plan)), here)
            if plan.translations
            else ()
        ),
        *_reports(plan, here),
    ]


def _downloads(plan: Plan, resources: Path) -> Iterator[Job]:
    for key in plan.downloads:
        yield Job(
            "download",
            "download",
            {"key": key},
            (f"{resources}/data/{key}.json",),
            f"{resources}/logs/download/{key}.log",
            f"{resources}/benchmarks/download/{key}.tsv",
        )


def _data(plan: Plan, here: Folder) -> Iterator[Job]:
    for task in plan.kinds:
        yield here.job("fetch", f"fetch/{task}", {"task": task}, (f"raw/{task}/manifest.json",))
    for task in plan.kinds:
        for split in [TEXT] if task == TEXT else plan.prepared_splits(task):
            place = f"prepared/{task}/{split}"
            yield here.job(
                "prepare",
                f"prepare/{task}/{split}",
                {"task": task, "split": split},
                (f"{place}.parquet", f"{place}.json"),
                threads=plan.reading_threads(task),
            )


def _copies(plan: Plan, here: Folder) -> Iterator[Job]:
    if plan.needs_synonyms:
        yield here.job("synonyms", "synonyms", {"study": here.study}, ("synonyms.json",))
    for task, split in plan.augmented:
        place = f"prepared/{task}/{split}"
        yield here.job(
            "augment",
            f"augment/{task}/{split}",
            {"task": task, "split": split},
            (f"{place}.parquet", f"{place}.json"),
        )


def _encoders(plan: Plan, here: Folder) -> Iterator[Job]:
    resources = plan.study.resources
    for model in plan.models:
        yield here.job(
            "pretrain",
            f"pretrain/{model}",
            {"model": model},
            (f"encoders/{model}/encoder.json", f"encoders/{model}/tokenizer.json"),
            threads=resources.pretrain_threads,
            gpus=min(1, resources.gpu) if plan.needs_text(model) else 0,
        )


def _tokens(plan: Plan, here: Folder) -> Iterator[Job]:
    read = {
        (run.model, task, split)
        for run in plan.trainings
        for task, split in [
            *plan.train_splits(run),
            *plan.dev_splits(run),
            *(part for side in plan.english_splits(run) for part in side),
        ]
    }
    read |= {(run.model, *plan.labelled_part(run, split)) for run, split in plan.labellings}
    read |= {
        (run.model, run.task, split)
        for run in plan.runs
        for split in [*plan.test_splits(run), *(name for _, name in plan.english_tests(run))]
    }
    for model, task, split in sorted(read):
        place = f"{model}/{task}/{split}"
        wildcards = {"model": model, "task": task, "split": split}
        yield here.job("tokenize", f"tokenize/{place}", wildcards, (f"tokens/{place}.arrow",))


def _labellings(plan: Plan, here: Folder) -> Iterator[Job]:
    """Yield those of published translations first, as their rule is another."""
    for run, split in sorted(plan.labellings, key=lambda one: one[1] != TRANSLATE_TRAIN):
        asked, place = plan.resources(run), plan.labels_path(run, split)
        own = {} if split == TRANSLATE_TRAIN else {"split": split}
        names = {"paper": run.paper, "method": run.method, "model": run.model, "task": run.task}
        yield here.job(
            "label_own" if own else "label",
            f"label/{place}",
            {**names, **own, "seed": str(run.seed)},
            (f"labels/{place}.arrow",),
            threads=asked.train_threads,
            gpus=min(1, asked.gpu),
            run=run,
            stage="label",
        )


def _runs(plan: Plan, here: Folder) -> Iterator[Job]:
    def job(rule: str, run: Run, outputs: tuple[str, ...], *, threads: int, gpus: int) -> Job:
        wildcards = {
            "paper": run.paper,
            "method": run.method,
            "model": run.model,
            "task": run.task,
            "seed": str(run.seed),
        }
        place = f"{rule}/{run.path}"
        return here.job(rule, place, wildcards, outputs, threads=threads, gpus=gpus, run=run)

    yield from _labellings(plan, here)
    for run in plan.trainings:
        asked, place = plan.resources(run), f"runs/{run.path}"
        outputs = (f"{place}/model/model.safetensors", f"{place}/train.json")
        yield job("train", run, outputs, threads=asked.train_threads, gpus=asked.gpu)
    for run in plan.runs:
        asked, place = plan.resources(run), f"predictions/{run.path}"
        outputs = (f"{place}.parquet", f"{place}.json")
        yield job("predict", run, outputs, threads=asked.train_threads, gpus=min(1, asked.gpu))
    for run in plan.runs:
        yield job("score", run, (f"runs/{run.path}/record.json",), threads=1, gpus=0)
    for run in plan.analysed:
        asked, place = plan.resources(run), f"analysis/{run.path}"
        outputs = (f"{place}.npz", f"{place}.json")
        yield job("analyse", run, outputs, threads=asked.train_threads, gpus=min(1, asked.gpu))


def _reports(plan: Plan, here: Folder) -> Iterator[Job]:
    for paper in compared_papers(plan):
        made = f"comparisons/{paper}.json"
        yield here.job("compare", f"compare/{paper}", {"paper": paper}, (made,))
    tables, figures = table_paths(plan, Path()), figure_paths(plan, Path())
    for stage, folder, paths in (("tabulate", "tables", tables), ("plot", "figures", figures)):
        for paper in plan.papers:
            own = tuple(f"{folder}/{path}" for path in paths if path.parent.name == paper)
            yield here.job(f"{stage}_{paper}", f"{stage}/{paper}", {}, own, stage=stage)
    for rule, made in (
        ("scores", "scores.csv"),
        ("check", "check.json"),
        ("report", "report/index.html"),
    ):
        yield here.job(rule, rule, {}, (made,))
