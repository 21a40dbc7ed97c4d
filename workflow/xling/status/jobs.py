# SPDX-License-Identifier: Apache-2.0
"""All jobs of a study with their files, as the rules in ``workflow/rules`` would make them.

A test compares the list with Snakemake's own (``tests/dag/jobs``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xling.comparison.pairs import compared_papers
from xling.figures import figure_paths
from xling.plan import Plan, Run
from xling.tables import table_paths

TEXT = "text"


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        rule: its rule.
        wildcards: their values by name, in Snakemake's order: that of the rule's first output.
        outputs: declared outputs.
        log: declared log.
        benchmark: file of the time that it took.
        threads: CPU threads that it asks for.
        gpus: GPUs that it asks for.
        run: the run that it trains, predicts or scores.
    """

    rule: str
    wildcards: dict[str, str]
    outputs: tuple[str, ...]
    log: str
    benchmark: str
    threads: int = 1
    gpus: int = 0
    run: Run | None = None

    @property
    def name(self) -> str:
        """The rule, and what tells its jobs of one study apart."""
        parts = [value for name, value in self.wildcards.items() if name != "study"]
        return f"{self.rule} {self.run.path if self.run else '/'.join(parts)}".rstrip()

    @property
    def comment(self) -> str:
        """The comment that Snakemake's Slurm executor (2.8) gives the job."""
        values = "_".join(self.wildcards.values()).replace("/", "_")
        return f"rule_{self.rule}_wildcards_{values}" if values else f"rule_{self.rule}"


def jobs_of(plan: Plan, results: Path = Path("results")) -> list[Job]:
    """Return all jobs of a study in the order of the stages.

    Args:
        plan: of the study.
        results: folder of the results of all studies; downloads lie beside it.
    """
    here = _Folder(plan.study.name, results / plan.study.name)
    return [
        *_downloads(plan, results.parent / "resources"),
        *_data(plan, here),
        *_copies(plan, here),
        *_encoders(plan, here),
        *_tokens(plan, here),
        *_runs(plan, here),
        *_reports(plan, here),
    ]


@dataclass(frozen=True)
class _Folder:
    """A study's folder of results."""

    study: str
    path: Path

    def job(
        self,
        rule: str,
        place: str,
        wildcards: dict[str, str],
        outputs: tuple[str, ...],
        *,
        threads: int = 1,
        gpus: int = 0,
        run: Run | None = None,
    ) -> Job:
        """Return a job whose log and benchmark are called ``place``; outputs lie in the folder."""
        return Job(
            rule,
            {"study": self.study, **wildcards} if wildcards else {},
            tuple(f"{self.path}/{output}" for output in outputs),
            f"{self.path}/logs/{place}.log",
            f"{self.path}/benchmarks/{place}.tsv",
            threads,
            gpus,
            run,
        )


def _kinds(plan: Plan) -> list[str]:
    """What is fetched: all tasks, and the text if an encoder is pre-trained on it."""
    return [*plan.tasks, *([TEXT] if any(map(plan.needs_text, plan.models)) else [])]


def _downloads(plan: Plan, resources: Path) -> Iterator[Job]:
    used = {key for kind in _kinds(plan) for key in plan.artefacts(kind)}
    for key in sorted({*used, *plan.synonym_artefacts}):
        yield Job(
            "download",
            {"key": key},
            (f"{resources}/data/{key}.json",),
            f"{resources}/logs/download/{key}.log",
            f"{resources}/benchmarks/download/{key}.tsv",
        )


def _data(plan: Plan, here: _Folder) -> Iterator[Job]:
    for task in _kinds(plan):
        yield here.job("fetch", f"fetch/{task}", {"task": task}, (f"raw/{task}/manifest.json",))
    for task in _kinds(plan):
        for split in [TEXT] if task == TEXT else plan.raw_splits(task):
            place = f"prepared/{task}/{split}"
            yield here.job(
                "prepare",
                f"prepare/{task}/{split}",
                {"task": task, "split": split},
                (f"{place}.parquet", f"{place}.json"),
                threads=plan.reading_threads(task),
            )


def _copies(plan: Plan, here: _Folder) -> Iterator[Job]:
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


def _encoders(plan: Plan, here: _Folder) -> Iterator[Job]:
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


def _tokens(plan: Plan, here: _Folder) -> Iterator[Job]:
    read = {
        (run.model, task, split)
        for run in plan.trainings
        for task, split in [
            *plan.train_splits(run),
            *plan.dev_splits(run),
            *(part for side in plan.english_splits(run) for part in side),
        ]
    }
    read |= {(run.model, *part) for run in plan.labellings for part in plan.label_splits(run)}
    read |= {
        (run.model, run.task, split)
        for run in plan.runs
        for split in [*plan.test_splits(run), *(name for _, name in plan.english_tests(run))]
    }
    for model, task, split in sorted(read):
        place = f"{model}/{task}/{split}"
        wildcards = {"model": model, "task": task, "split": split}
        yield here.job("tokenize", f"tokenize/{place}", wildcards, (f"tokens/{place}.arrow",))


def _runs(plan: Plan, here: _Folder) -> Iterator[Job]:
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

    for run in plan.labellings:
        asked, place = plan.resources(run), f"labels/{run.path}.arrow"
        yield job("label", run, (place,), threads=asked.train_threads, gpus=min(1, asked.gpu))
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


def _reports(plan: Plan, here: _Folder) -> Iterator[Job]:
    for paper in compared_papers(plan):
        made = f"comparisons/{paper}.json"
        yield here.job("compare", f"compare/{paper}", {"paper": paper}, (made,))
    tables = (f"tables/{path}" for path in table_paths(plan, Path()))
    figures = (f"figures/{path}" for path in figure_paths(plan, Path()))
    for rule, outputs in (
        ("tabulate", ("scores.csv", *tables)),
        ("plot", tuple(figures)),
        ("check", ("check.json",)),
        ("report", ("report/index.html",)),
    ):
        yield here.job(rule, rule, {}, outputs)
