"""What several rules ask of the plan: lists, paths and settings as text.  No logic of its own."""

import re
from pathlib import Path

from xling.cluster.requests import Requests
from xling.comparison.pairs import compared_papers, compared_runs
from xling.config.loader import config_file
from xling.data.manifest import sha256_of
from xling.distill.comparison.contrasts import compared_runs as distilled_pairs
from xling.figures import figure_paths
from xling.figures import translations as drawn_translations
from xling.figures.distill import space_runs
from xling.needs import JobNeeds
from xling.plan import Run, canonical
from xling.robust.splits import augmented_split
from xling.stages import VERSIONS
from xling.tables import table_paths
from xling.tables import translations as translation_sheets
from xling.tables.robust import sheet_names as robust_sheets
from xling.tables.xmixup import sheet_names
from xling.translate_splits import layout, made_split


def gpus_by():
    """How the profile wants GPUs to be asked for: --gpus, or --gres where that is refused."""
    defaults = workflow.resource_settings.default_resources
    return "gres" if defaults and "gpus_by=gres" in defaults.args else "gpus"


def one_of(values):
    """A regular expression that matches exactly the given names; nothing if there are none."""
    return "|".join(re.escape(value) for value in sorted(values)) or r"(?!)"


def translation_runs():
    """Runs of translation models."""
    return PLAN.translation.runs if PLAN.translation else []


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


def files_splits():
    """Prepared splits that are made of raw files, or of translated ones."""
    return {split for task in PLAN.tasks for split in PLAN.prepared_splits(task)} | {
        "text"
    }


def manifest_of(wildcards):
    """The list of files that a prepared split is made of."""
    made = made_split(wildcards.split)
    if made is None:
        return f"results/{STUDY.name}/raw/{wildcards.task}/manifest.json"
    turn = PLAN.translations.turn(made)
    return f"results/{STUDY.name}/translated/{made.engine}/{wildcards.task}/{turn}/manifest.json"


def synonyms_of(split):
    """The table of synonyms that copies are drawn from; none where the rows give it."""
    drawn = augmented_split(split).table == "neighbours"
    return [f"results/{STUDY.name}/synonyms.json"] if drawn else []


def training_settings(run):
    """Settings of a training as text.

    Robust training came later: a null would train all models again that know nothing of it.
    """
    settings = PLAN.settings(run)
    return canonical(
        settings.model_dump(exclude=None if settings.robust else {"robust"})
    )


def reading_options(run):
    """Options of a prediction: English sides of the rows, two languages of a pair, votes."""
    tokenizer = f"results/{STUDY.name}/encoders/{run.model}/tokenizer.json"
    votes = PLAN.votes(run)
    return [
        *english_test_options(run),
        *(["--pairs", tokenizer] if PLAN.pairs(run) else []),
        *(["--smoothed", canonical(votes.model_dump())] if votes else []),
    ]


def tested(run):
    """Splits, as (task, split), that a run predicts."""
    return [(run.task, split) for split in PLAN.test_splits(run)]


def labels_of(run):
    """The file with a teacher's labels that a training reads; none without a teacher."""
    return [
        f"results/{STUDY.name}/labels/{PLAN.labels_path(*one)}.arrow"
        for one in PLAN.labelled_for(run)
    ]


def labelled_languages(part):
    """Languages of the translations whose words a teacher labels, given as (task, split)."""
    return PLAN.split_languages(*part)


def english_sides(input):
    """Options that give a training the English sides of its rows, and a teacher's labels."""
    found = []
    for option, files in (
        ("--originals", input.originals),
        ("--back-translations", input.returned),
        ("--soft-labels", input.labels),
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


def analysis_of(run):
    """What is kept of the representations of a run's model."""
    return f"results/{STUDY.name}/analysis/{run.path}.npz"


def analyses_of(paper):
    """What is kept of a paper's models that are analysed: representations, curvature."""
    translated = PLAN.translation.analysed if PLAN.translation else []
    return [
        *(analysis_of(run) for run in PLAN.analysed if run.paper == paper),
        *(
            f"results/{STUDY.name}/analysis/{run.path}.json"
            for run in translated
            if run.paper == paper
        ),
    ]


def all_analyses():
    """What is kept of every model that is analysed."""
    return [path for paper in PLAN.papers for path in analyses_of(paper)]


def spaces_of(paper):
    """Vectors of sentences that a paper's figures show."""
    drawn = space_runs(PLAN.distillation) if PLAN.distillation else []
    return [
        f"results/{STUDY.name}/analysis/{run.path}.npz"
        for run in drawn
        if run.paper == paper
    ]


def histories_of(paper):
    """Losses over the updates of a paper's trainings of translation models."""
    return [
        f"results/{STUDY.name}/runs/{run.path}/history.jsonl"
        for run in translation_runs()
        if run.paper == paper
    ]


def facts_of(paper):
    """Checksums of the checkout's files that a paper's own tables are made of.

    Not inputs: a checkout that moved would make the tables again.
    """
    names = {
        "xmixup": ["reported/xmixup.csv", "reported/xtreme.csv", "languages.csv"],
        "robust": ["reported/robust.csv", "language_distances.csv"],
        "cats": ["reported/cats.csv", "papers/cats.yaml"],
        "distill": ["reported/distill.csv"],
    }
    sheets = {"xmixup": sheet_names, "robust": robust_sheets}
    if paper in sheets and not sheets[paper](PLAN):
        return []
    return [sha256_of(config_file(name)) for name in names.get(paper, [])]


def distances_of(paper):
    """Checksums of the checkout's distances of languages, where a paper's results use them."""
    names = ["language_distances.csv"] if paper == "robust" else []
    return [sha256_of(config_file(name)) for name in names]


def score_memory(wildcards, attempt):
    """Pairs of languages are many predictions (measured: 0.75 GB for 225 pairs of XNLI)."""
    return (1500 if PLAN.pairs(run_of(wildcards)) else 1000) * attempt


def tables_of(paper):
    """Table files of a paper."""
    folder = Path("results") / STUDY.name / "tables"
    return [
        str(path) for path in table_paths(PLAN, folder) if path.parent.name == paper
    ]


def translation_tables():
    """Table files on translations of our own."""
    if PLAN.translations is None:
        return []
    folder = Path("results") / STUDY.name / "tables"
    return [str(path) for path in translation_sheets.table_paths(PLAN, folder)]


def translation_figures():
    """Figure files on translations of our own."""
    folder = Path("results") / STUDY.name / "figures"
    return [str(path) for path in drawn_translations.figure_paths(PLAN, folder)]


def figures_of(paper):
    """Figure files of a paper."""
    folder = Path("results") / STUDY.name / "figures"
    return [
        str(path) for path in figure_paths(PLAN, folder) if path.parent.name == paper
    ]


def runs_of(paper):
    """Runs of a paper."""
    return [run for run in PLAN.all_runs if run.paper == paper]


def records_of(runs):
    """Records of runs."""
    return [f"results/{STUDY.name}/runs/{run.path}/record.json" for run in runs]


def all_records():
    """Records of every planned run."""
    return records_of(PLAN.all_runs)


def all_translations():
    """Hypotheses of every run of a translation model."""
    return [
        f"results/{STUDY.name}/predictions/{run.path}.parquet"
        for run in translation_runs()
    ]


def compared_predictions(paper):
    """Predictions of the runs that are compared in a paper."""
    return [
        f"results/{STUDY.name}/predictions/{run.path}.parquet"
        for run in compared_runs(PLAN, paper)
    ]


def comparisons_of(papers):
    """Tests of those papers that have some."""
    compared = {*compared_papers(PLAN), *(run.paper for run in translation_runs())}
    if PLAN.distillation:
        compared |= {run.paper for run in distilled_pairs(PLAN.distillation)}
    return [
        f"results/{STUDY.name}/comparisons/{paper}.json"
        for paper in papers
        if paper in compared
    ]


def drawn_comparisons(paper):
    """Tests that a paper's figures show: those of sentence encoders."""
    return comparisons_of([paper] if paper == "distill" else [])


def all_comparisons():
    """Tests of every paper that has some."""
    return comparisons_of(PLAN.papers)


def all_prepared(ending):
    """Prepared files of every task and split."""
    return [
        f"results/{STUDY.name}/prepared/{task}/{split}.{ending}"
        for task in PLAN.tasks
        for split in PLAN.splits(task)
    ] + [
        f"results/{STUDY.name}/prepared/{benchmark}/{direction}/{split}.{ending}"
        for benchmark, direction in (PLAN.translation.pairs if PLAN.translation else [])
        for split in ["train", "dev", "test"]
    ]


def distilled_data():
    """What is said of the prepared data of sentence encoders."""
    folder = f"results/{STUDY.name}/prepared"
    found = PLAN.distillation.summaries if PLAN.distillation else []
    return [f"{folder}/{path}" for path in found]


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


def prepare_group(wildcards):
    """Preparing shares an allocation, but for translations of our own.

    They are made of prepared tables, so with those they would be a group that waits for itself.
    """
    return None if made_split(wildcards.split) else "prepare"


def label_group(wildcards):
    """Short labellings share an allocation; others have their own."""
    return "labellings" if NEEDS.is_short(run_of(wildcards), "label") else None


def train_group(wildcards):
    """Short trainings share an allocation; others have their own.

    Those that have a teacher wait for its training, so they are another group: a group must not
    depend on itself.
    """
    run = run_of(wildcards)
    if not NEEDS.is_short(run, "train"):
        return None
    return "taught" if PLAN.teacher(run) else "trainings"


def predict_group(wildcards):
    """Short predictions share an allocation; others have their own."""
    return "predictions" if NEEDS.is_short(run_of(wildcards), "predict") else None


def analyse_group(wildcards):
    """Short analyses share an allocation with predictions; others have their own."""
    return "predictions" if NEEDS.is_short(run_of(wildcards), "analyse") else None
