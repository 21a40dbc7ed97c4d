# SPDX-License-Identifier: Apache-2.0
"""The jobs of a study's translation models with their files, as ``cats.smk`` would make them."""

from __future__ import annotations

from collections.abc import Iterator

from xling.mt.job_costs import TranslationCosts
from xling.mt.plan import SPLITS, TranslationPlan
from xling.plan import Run
from xling.status.folder import Folder, Job


def translation_jobs(plan: TranslationPlan, here: Folder) -> Iterator[Job]:
    """Return all of them in the order of the stages."""
    yield from _data(plan, here)
    yield from _runs(plan, here)
    yield here.job("compare_mt", "compare_mt", {}, ("comparisons/cats.json",))


def _data(plan: TranslationPlan, here: Folder) -> Iterator[Job]:
    for benchmark in plan.benchmarks:
        yield here.job(
            "fetch_parallel",
            f"fetch_parallel/{benchmark}",
            {"benchmark": benchmark},
            (f"raw/{benchmark}/manifest.json",),
        )
    pairs = [("/".join(pair), {"benchmark": pair[0], "direction": pair[1]}) for pair in plan.pairs]
    for place, wildcards in pairs:
        for split in SPLITS:
            yield here.job(
                "prepare_parallel",
                f"prepare_parallel/{place}/{split}",
                wildcards | {"split": split},
                (f"prepared/{place}/{split}.parquet", f"prepared/{place}/{split}.json"),
            )
    for place, wildcards in pairs:
        folder = f"subwords/{place}"
        models = (f"{folder}/source.model", f"{folder}/target.model", f"{folder}/note.json")
        yield here.job("subwords", folder, wildcards, models)
    threads = TranslationCosts(plan).binarizing_threads
    for place, wildcards in pairs:
        yield here.job(
            "binarize",
            f"binarize/{place}",
            wildcards,
            (f"binarized/{place}/note.json",),
            threads=threads(wildcards["benchmark"]),
        )


def _runs(plan: TranslationPlan, here: Folder) -> Iterator[Job]:
    def job(rule: str, run: Run, outputs: tuple[str, ...], *, threads: int, gpus: int) -> Job:
        wildcards = {
            "method": run.method,
            "model": run.model,
            "benchmark": plan.benchmark(run),
            "direction": plan.direction(run),
            "seed": str(run.seed),
        }
        place = f"{rule}/{run.path}"
        return here.job(rule, place, wildcards, outputs, threads=threads, gpus=gpus, run=run)

    for run in plan.runs:
        asked, place = plan.resources(run), f"runs/{run.path}"
        files = ("model/checkpoint.pt", "history.jsonl", "train.json")
        outputs = tuple(f"{place}/{file}" for file in files)
        yield job("train_mt", run, outputs, threads=asked.train_threads, gpus=asked.gpu)
    for run in plan.runs:
        asked, place = plan.resources(run), f"predictions/{run.path}"
        outputs = (f"{place}.parquet", f"{place}.json")
        yield job("generate", run, outputs, threads=asked.train_threads, gpus=min(1, asked.gpu))
    for run in plan.runs:
        yield job("score_mt", run, (f"runs/{run.path}/record.json",), threads=1, gpus=0)
    for run in plan.analysed:
        asked, place = plan.resources(run), f"analysis/{run.path}.json"
        yield job("analyse_mt", run, (place,), threads=asked.train_threads, gpus=min(1, asked.gpu))
