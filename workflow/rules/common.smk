"""What several rules ask of the plan: lists, paths and settings as text.  No logic of its own."""

import re
from pathlib import Path

from xling.plan import Run, canonical
from xling.stages import VERSIONS


def one_of(values):
    """A regular expression that matches exactly the given names."""
    return "|".join(re.escape(value) for value in sorted(values))


def run_of(wildcards):
    """The run that a rule's wildcards name."""
    return Run(
        wildcards.paper, wildcards.method, wildcards.model, wildcards.task, int(wildcards.seed)
    )


def tokens_of(run, splits):
    """Tokenised splits of a run's encoder and task."""
    return [f"results/{STUDY.name}/tokens/{run.model}/{run.task}/{split}.arrow" for split in splits]


def table_names(paper):
    """Tasks of a paper: one table and one figure each."""
    return sorted({run.task for run in PLAN.runs if run.paper == paper})


def tables_of(paper):
    """Table files of a paper."""
    return [
        f"results/{STUDY.name}/tables/{paper}/{task}.{ending}"
        for task in table_names(paper)
        for ending in ("csv", "md", "tex")
    ]


def figures_of(paper):
    """Figure files of a paper."""
    return [
        f"results/{STUDY.name}/figures/{paper}/{task}-accuracy.{ending}"
        for task in table_names(paper)
        for ending in ("png", "svg")
    ]


def all_records():
    """Records of every planned run."""
    return [f"results/{STUDY.name}/runs/{run.path}/record.json" for run in PLAN.runs]


def all_prepared(ending):
    """Prepared files of every task and split."""
    return [
        f"results/{STUDY.name}/prepared/{task}/{split}.{ending}"
        for task in PLAN.tasks
        for split in PLAN.splits(task)
    ]
