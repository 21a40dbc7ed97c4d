"""What several rules ask of the plan: lists, paths and settings as text.  No logic of its own."""

import re
from pathlib import Path

from xling.figures import figure_paths
from xling.plan import Run, canonical
from xling.stages import VERSIONS
from xling.tables import table_paths


def one_of(values):
    """A regular expression that matches exactly the given names."""
    return "|".join(re.escape(value) for value in sorted(values))


def run_of(wildcards):
    """The run that a rule's wildcards name."""
    return Run(
        wildcards.paper,
        wildcards.method,
        wildcards.model,
        wildcards.task,
        int(wildcards.seed),
    )


def tokens_of(run, splits):
    """Tokenised splits of a run's encoder and task."""
    return [
        f"results/{STUDY.name}/tokens/{run.model}/{run.task}/{split}.arrow"
        for split in splits
    ]


def tables_of(paper):
    """Table files of a paper."""
    folder = Path("results") / STUDY.name / "tables"
    return [
        str(path) for path in table_paths(PLAN, folder) if path.parent.name == paper
    ]


def figures_of(paper):
    """Figure files of a paper."""
    folder = Path("results") / STUDY.name / "figures"
    return [
        str(path) for path in figure_paths(PLAN, folder) if path.parent.name == paper
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
