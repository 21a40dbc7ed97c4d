# SPDX-License-Identifier: Apache-2.0
"""The job graph: every shipped study with every profile, and what the rules must have."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from workflow import REPOSITORY, STUDIES, job_counts, processor_seconds, snakemake, start_seconds
from xling.config.loader import load_study
from xling.estimate import estimate
from xling.plan import Plan

pytestmark = pytest.mark.dag

GOLDEN = Path(__file__).parent / "jobs"
# The profile `default` is taken where none is named: all other dry runs here.
PROFILES = sorted(p.parent.name for p in (REPOSITORY / "profiles").glob("*/config.yaml"))
PROFILES.remove("default")
RULES = {
    match["name"] or match["of_papers"]: match["body"]
    for path in sorted((REPOSITORY / "workflow" / "rules").glob("*.smk"))
    for match in re.finditer(
        # A rule, or one of those that are made for each paper: "tabulate_{paper}".
        r"^(?P<indent> *)rule"
        r"(?: (?P<name>\w+):|:\n\s+name:\n\s+f\"(?P<of_papers>\w+)_\{paper\}\")\n"
        r"(?P<body>.*?)(?=^(?:(?P=indent))?\S|\Z)",
        path.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
}
# A rule calls the verb of its name.  Exceptions: for a user "fetch" either lists a task's raw
# files or downloads data sets; a rule has one set of outputs and can do only one of them.
VERBS = {rule: rule.replace("_", "-") for rule in RULES} | {"download": "fetch --dataset"}
# Labels of our own translations are files of their own; they come from the same stage.
STAGES = {rule: rule for rule in RULES} | {"label_own": "label"}
VERBS["label_own"] = "label"


def outputs(call):
    """Rule and file of every output of the graph."""
    rows = [line.split("\t") for line in call.out.splitlines()[1:]]
    return sorted(f"{row[2]} {row[0]}" for row in rows)


@pytest.mark.parametrize("study", STUDIES)
def test_the_jobs_of_a_study_are_the_committed_ones(study, tmp_path):
    """After a wanted change: XLING_WRITE_JOBS=1 pytest tests/dag, then look at the difference."""
    call = snakemake(tmp_path, "--summary", study=study)
    assert call.code == 0, call.err
    golden = GOLDEN / f"{study}.txt"
    found = "\n".join(outputs(call)) + "\n"
    if os.environ.get("XLING_WRITE_JOBS"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("study", STUDIES)
def test_every_study_dry_runs_with_every_profile(study, profile, tmp_path):
    call = snakemake(tmp_path, "-n", "--profile", REPOSITORY / "profiles" / profile, study=study)
    assert call.code == 0, call.text[-3000:]
    assert job_counts(call)["all"] == 1


@pytest.mark.parametrize("study", ["mini", "smoke"])
def test_no_group_of_jobs_can_wait_for_itself(study, tmp_path):
    """With all jobs of a group in one allocation; which ones share one is else left to chance."""
    profile = REPOSITORY / "profiles" / "slurm"
    settings = yaml.safe_load((profile / "config.yaml").read_text(encoding="utf-8"))
    names = [part.split("=")[0] for part in settings["group-components"]]
    groups = ("--group-components", *(f"{name}=99999" for name in names))
    call = snakemake(tmp_path, "-n", "--profile", profile, *groups, study=study)
    assert call.code == 0, call.text[-3000:]
    assert job_counts(call)["all"] == 1


def test_the_slurm_profile_is_found_by_its_bare_name():
    command = [sys.executable, "-m", "snakemake", "-n", "--nolock", "--profile", "slurm"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Using profiles slurm" in done.stderr


@pytest.mark.parametrize("target", ["cats", "distill", "robust", "xmixup"])
def test_a_paper_has_a_target(target, tmp_path):
    call = snakemake(tmp_path, "-n", target, study="mini")
    assert call.code == 0, call.err
    counts = job_counts(call)
    # X-Mixup's part has systems that read what a model of the study translated.
    assert ("train_mt" in counts) == (target in ("cats", "xmixup"))
    assert ("train_student" in counts) == (target == "distill")
    assert ("train" in counts) == (target in ("robust", "xmixup"))
    plan = Plan(load_study("mini").study)
    own = [run for run in plan.runs if run.paper == target]
    assert counts.get("score", 0) == counts.get("predict", 0) == len(own)
    # Also those of another paper, where both compare the same model.
    part = plan.of_paper(target)
    assert counts.get("train", 0) == len(part.trainings)
    assert set(part.trainings) <= set(plan.trainings)
    assert [name for name in counts if name.startswith("tabulate")] == [f"tabulate_{target}"]


def test_a_plain_dry_run_takes_the_mini_study_and_is_quick(tmp_path):
    command = [sys.executable, "-m", "snakemake", "-n", "--snakefile", REPOSITORY / "Snakefile"]
    started = processor_seconds()
    done = subprocess.run(
        list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    seconds = processor_seconds() - started
    assert done.returncode == 0, done.stderr
    assert "results/mini/report/index.html" in done.stdout + done.stderr
    # 2.3 to 3.7 starts of snakemake (of 0.9 to 1.4 s each) were measured, with 400 jobs; 3.3 with
    # 790; 6.4, beside other work, with 1,262.
    assert seconds < 8 * start_seconds()


def test_three_thousand_jobs_are_planned_quickly(tmp_path):
    study = yaml.safe_load((REPOSITORY / "config/studies/mini.yaml").read_text(encoding="utf-8"))
    study["name"] = "large"
    study["experiments"][0]["seeds"] = list(range(1, 96))
    path = tmp_path / "large.yaml"
    path.write_text(yaml.safe_dump(study), encoding="utf-8")
    call = snakemake(tmp_path, "-n", study=path)
    assert call.code == 0, call.err
    assert sum(job_counts(call).values()) > 3000
    # 11 to 15 starts of snakemake were measured (13 s); 20 s are the aim on a laptop.
    assert call.seconds < 30 * start_seconds()


HEAVY = ("torch", "transformers", "datasets", "matplotlib", "tokenizers", "faiss", "sklearn")
HEAVY += ("fairseq", "sentencepiece", "sacrebleu", "sacremoses", "sentence_transformers")
HEAVY += ("ctranslate2",)


@pytest.fixture(scope="module")
def dry_run(tmp_path_factory):
    """Dry-runs a study, once for all tests, with stand-ins for heavy libraries that fail."""
    stand_ins = tmp_path_factory.mktemp("stand-ins")
    for name in HEAVY:
        (stand_ins / name).mkdir()
        text = f"raise AssertionError('{name} was imported')\n"
        (stand_ins / name / "__init__.py").write_text(text)

    @cache
    def run(study):
        folder = tmp_path_factory.mktemp(study)
        call = snakemake(folder, "-n", study=study, PYTHONPATH=str(stand_ins))
        assert call.code == 0, call.err
        return call

    return run


@pytest.mark.parametrize("study", STUDIES)
def test_parsing_imports_no_heavy_library(study, dry_run):
    """Every Slurm job parses the Snakefile again."""
    assert job_counts(dry_run(study))["all"] == 1


def test_all_of_xtreme_is_planned_quickly(dry_run):
    """Its downloads are one job each; the registry and the sources are read while parsing."""
    call = dry_run("xtreme")
    counts = job_counts(call)
    # XNLI 2, PAWS-X 1, UD 1, PAN-X 40, SQuAD 1, XQuAD 11, MLQA 1, TyDiQA 2, BUCC 4 x 2, Tatoeba
    # 36 x 2.
    assert counts["download"] == 2 + 1 + 1 + 40 + 1 + 11 + 1 + 2 + 8 + 72
    assert counts["fetch"] == 9  # no text: the encoder is given
    # Train and test of six tasks, dev of four (question answering keeps the last weights), MLQA's
    # test; dev and test of BUCC, test of Tatoeba.
    assert counts["prepare"] == counts["tokenize"] == 2 * 6 + 4 + 1 + 2 + 1
    assert counts["train"] == 6 * 3  # MLQA has XQuAD's
    assert counts["predict"] == counts["score"] == 7 * 3 + 2
    assert call.seconds < 6 * start_seconds()


@pytest.mark.parametrize("study", STUDIES)
def test_the_estimate_counts_the_jobs_that_snakemake_runs(study, dry_run):
    counts = job_counts(dry_run(study))
    del counts["all"]
    for stage in OF_PAPERS:
        rules = [r for r in counts if r.startswith(f"{stage}_") and r not in RULES]
        counts[stage] = sum(counts.pop(rule) for rule in rules)
    if own := counts.pop("label_own", 0):
        counts["label"] = counts.get("label", 0) + own
    # STS has a rule of its own in the same stage: it keeps vectors for a figure.
    if sts := counts.pop("evaluate_sts", 0):
        counts["evaluate_sentences"] = counts.get("evaluate_sentences", 0) + sts
    plan = Plan(load_study(study, studies=REPOSITORY / "config" / "studies").study)
    assert {cost.stage: cost.jobs for cost in estimate(plan, None)} == counts


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_says_what_it_needs(rule):
    body = RULES[rule]
    if rule not in OF_PAPERS:  # a rule without a name of its own cannot have one
        assert body.lstrip().startswith('"""'), "a docstring"
    for directive in ("output", "log", "benchmark", "threads", "resources", "params", "message"):
        assert re.search(rf"^ +{directive}:", body, re.MULTILINE), directive
    assert "REQUESTS." in body or ("mem_mb=" in body and "runtime=" in body)
    stage = STAGES[rule]
    assert f'VERSIONS["{stage}"]' in body, "the stage's version"
    call = rf'"[^"]*xling --log \{{log:q\}} {VERBS[rule]} '
    assert re.search(call, body), "the rule calls its verb, with its log"
    assert f"/logs/{stage}" in body
    assert f"/benchmarks/{stage}" in body


OF_PAPERS = ("tabulate", "plot")
MODEL_RULES = ["pretrain", "train", "label", "predict", "analyse"]
MODEL_RULES += ["train_mt", "generate", "analyse_mt"]
MODEL_RULES += ["train_teacher", "encode_teacher", "train_student", "evaluate_sentences"]
MODEL_RULES += ["translate_shard", "label_own"]


@pytest.mark.parametrize("rule", MODEL_RULES)
def test_rules_that_run_a_model_ask_for_gpus_and_leave_no_shell_between(rule):
    """A signal of the cluster would end the shell, and with it the job, before it has saved."""
    assert "**REQUESTS.model(" in RULES[rule]
    assert '"exec xling' in RULES[rule]


def test_all_rules_were_found():
    assert set(RULES) == {
        "download",
        "fetch",
        "prepare",
        "synonyms",
        "augment",
        "pretrain",
        "tokenize",
        "label",
        "train",
        "analyse",
        "predict",
        "score",
        "compare",
        "tabulate",
        "plot",
        "check",
        "report",
        "fetch_parallel",
        "prepare_parallel",
        "subwords",
        "binarize",
        "train_mt",
        "generate",
        "score_mt",
        "analyse_mt",
        "compare_mt",
        "fetch_distill",
        "prepare_sts",
        "prepare_graded",
        "prepare_distill",
        "train_teacher",
        "encode_teacher",
        "train_student",
        "evaluate_sentences",
        "score_sentences",
        "compare_sentences",
        "convert_engine",
        "list_sentences",
        "translate_shard",
        "build_products",
        "measure_quality",
        "label_own",
        "list_projection",
        "measure_projection",
        "compare_translations",
        "tabulate_translations",
        "scores",
    }


@pytest.mark.parametrize(
    ("argument", "code", "text"),
    [("study=mini.yml", 2, "mini.yml"), ("study=smoek", 2, "did you mean 'smoke'?")],
)
def test_a_wrong_study_is_one_message(tmp_path, argument, code, text):
    command = [sys.executable, "-m", "snakemake", "-n", "--snakefile", REPOSITORY / "Snakefile"]
    command += ["--config", argument]
    done = subprocess.run(
        list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert text in done.stderr
    assert "Traceback" not in done.stderr
