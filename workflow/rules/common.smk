"""What several rules ask of the plan: lists, paths and settings as text.  No logic of its own."""

import re
from pathlib import Path

from xling.cluster.requests import Requests
from xling.figures import figure_paths
from xling.needs import JobNeeds
from xling.plan import Run, canonical
from xling.stages import VERSIONS
from xling.tables import table_paths


def gpus_by():
    """How the profile wants GPUs to be asked for: --gpus, or --gres where that is refused."""
    defaults = workflow.resource_settings.default_resources
    return "gres" if defaults and "gpus_by=gres" in defaults.args else "gpus"


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
    """Tokenised splits, given as (task, split), for a run's encoder."""
    return [
        f"results/{STUDY.name}/tokens/{run.model}/{task}/{split}.arrow"
        for task, split in splits
    ]


def prepared_of(splits):
    """Prepared splits, given as (task, split)."""
    return [
        f"results/{STUDY.name}/prepared/{task}/{split}.parquet"
        for task, split in splits
    ]


def tested(run):
    """Splits, as (task, split), that a run predicts."""
    return [(run.task, split) for split in PLAN.test_splits(run)]


def english_sides(input):
    """Options that give a training the English sides of its rows."""
    found = []
    for option, files in (
        ("--originals", input.originals),
        ("--back-translations", input.returned),
    ):
        found += [option, *files] if files else []
    return found


def english_tests(run):
    """Tokenised English sides of a run's test rows, by setting."""
    return {
        setting: tokens_of(run, [(run.task, split)])[0]
        for setting, split in PLAN.english_tests(run)
    }


def english_test_options(run):
    """Options that give a prediction the English sides of its test rows."""
    sides = english_tests(run).items()
    return [part for side in sides for part in ("--english", *side)]


def train_note(run):
    """The note beside the model that a run uses; none if nothing is trained."""
    path = PLAN.trained_as(run).path
    return [f"results/{STUDY.name}/runs/{path}/train.json"] if PLAN.trains(run) else []


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


NEEDS = JobNeeds(PLAN, SITE)
# The profile's groups are known only after parsing.
REQUESTS = Requests(
    NEEDS, SITE, gpus_by(), lambda: workflow.group_settings.group_components
)


def pretrain_gpus(wildcards):
    """GPUs of a pre-training; a given encoder is only looked at."""
    return min(1, STUDY.resources.gpu) if PLAN.needs_text(wildcards.model) else 0


def train_gpus(wildcards):
    """GPUs of a training."""
    return PLAN.resources(run_of(wildcards)).gpu


def predict_gpus(wildcards):
    """GPUs of a prediction."""
    return min(1, train_gpus(wildcards))


def gpu_type(wildcards):
    """The type of GPU that a rule's job asks for."""
    if hasattr(wildcards, "method"):
        return PLAN.resources(run_of(wildcards)).gpu_type
    return STUDY.resources.gpu_type


def train_group(wildcards):
    """Short trainings share an allocation; others have their own."""
    return "trainings" if NEEDS.is_short(run_of(wildcards), "train") else None


def predict_group(wildcards):
    """Short predictions share an allocation; others have their own."""
    return "predictions" if NEEDS.is_short(run_of(wildcards), "predict") else None
