# SPDX-License-Identifier: Apache-2.0
"""The whole chain, really run: what it leaves, what a second call does, what a change re-runs.

One file, so that one process runs the study for all its tests.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from importlib import util
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from workflow import REPOSITORY, job_counts, snakemake
from xling.config.loader import load_study
from xling.figures.cats import figure_paths
from xling.plan import Plan
from xling.records import read_record
from xling.tables.cats import table_paths
from xling.tasks import TASKS
from xling.tasks.family import family_of

# The study has the time it takes on a machine with other work.
pytestmark = [pytest.mark.smoke, pytest.mark.timeout(1800)]

RUN = "runs/xmixup/translate_train/tiny-xlmr/xnli/seed-1"
STUDY = REPOSITORY / "config" / "studies" / "smoke.yaml"
needs_fairseq = pytest.mark.skipif(
    util.find_spec("fairseq") is None, reason="fairseq is not installed"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the smoke study ran once; without translation if fairseq is absent."""
    folder = tmp_path_factory.mktemp("smoke")
    if util.find_spec("fairseq") is None:
        study = yaml.safe_load(STUDY.read_text(encoding="utf-8"))
        del study["translation"]
        (folder / "smoke.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    else:
        shutil.copy(STUDY, folder)
    call = snakemake(folder, study=folder / "smoke.yaml")
    assert call.code == 0, call.out + call.err
    (folder / "call.json").write_text(json.dumps({"seconds": call.seconds, "out": call.out}))
    return folder


@pytest.fixture
def results(folder: Path) -> Path:
    return folder / "results" / "smoke"


@pytest.fixture
def plan(folder: Path) -> Plan:
    return Plan(load_study(str(folder / "smoke.yaml")).study)


def again(folder, *arguments):
    return snakemake(folder, *arguments, study=folder / "smoke.yaml")


def test_it_takes_less_than_eight_minutes(folder):
    """Of two cores, start-up of all jobs included; a busy machine needed 790 s of a processor."""
    assert json.loads((folder / "call.json").read_text())["seconds"] < 2 * 480


def test_it_ends_with_the_tables_and_where_the_page_is(folder):
    out = json.loads((folder / "call.json").read_text())["out"]
    assert "XNLI: accuracy" in out
    assert "UD-POS: F1" in out
    assert "XTREME: scores of tasks" in out
    assert "Translate-train-all" in out
    assert "results/smoke/report/index.html" in out


def test_scores_have_the_agreed_columns_and_every_score(results, plan):
    rows = list(csv.reader((results / "scores.csv").open(encoding="utf-8")))
    columns = "paper,method,model,task,setting,language,metric,seed,value,n,signature"
    assert ",".join(rows[0]) == columns
    expected = {
        (r.paper, r.method, r.model, r.task, setting, language, metric, str(r.seed))
        for r in plan.runs
        for setting in settings_of(plan, r)
        for language in plan.languages(r)
        for metric in TASKS[r.task].metrics
    }
    # Those of translation models and of sentence encoders have tests of their own.
    found = [tuple(row[:8]) for row in rows[1:] if row[0] not in ("cats", "distill")]
    # The encoder has two layers; layer 1 is the standard one.
    layers = ("layer-0", "layer-2")
    assert sorted(row for row in found if row[4] not in layers) == sorted(expected)
    assert {row[3:5] for row in found if row[4] in layers} == {("tatoeba", x) for x in layers}


def settings_of(plan, run):
    """Ways in which a run is tested, written out again."""
    if run.method == "rs_rp_smoothed":
        return ["smoothed"]
    sides = [setting for setting, _ in plan.english_tests(run)]
    means = sides if TASKS[run.task].family == "classification" else []
    return [*sides, *(f"{side}_mean" for side in means)] or ["standard"]


def test_records_say_what_was_run(results, plan):
    for run in plan.runs:
        record = read_record(results / "runs" / run.path / "record.json")
        english = [split for _, split in plan.english_tests(run)]
        tested = {f"{run.task} {split}" for split in [*plan.test_splits(run), *english]}
        data = {name if " " in name else f"{run.task} {name}" for name in record.data}
        if not plan.trains(run):
            assert data == tested
            assert record.selection == {"policy": "nothing trained"}
            continue
        model = plan.trained_as(run)
        originals, returned = plan.english_splits(model)
        splits = [*plan.train_splits(model), *plan.dev_splits(model), *originals, *returned]
        assert data == {f"{task} {split}" for task, split in splits} | tested
        assert record.settings["training"]["steps"] == 20
        assert record.selection["policy"] == plan.settings(model).selection
        assert record.trained_as == model.path
        assert record.timing["train_examples_per_second"] > 0


def test_every_row_of_the_tests_is_scored(results, plan):
    rows = {"xnli": 60, "pawsx": 60, "bucc2018": 80}
    for run in plan.runs:
        record = read_record(results / "runs" / run.path / "record.json")
        # Questions whose answer was lost in translation are not there, as in the published files.
        lost = run.method == "translate_test" and TASKS[run.task].family == "qa"
        for score in record.scores:
            expected = rows.get(run.task, 40)
            assert score.n == expected or (lost and 30 < score.n < expected), run.path


def test_predictions_can_be_scored_without_the_model(results, plan):
    import pyarrow.parquet as pq

    for run in plan.runs:
        predictions = pq.read_table(results / "predictions" / f"{run.path}.parquet")
        record = read_record(results / "runs" / run.path / "record.json")
        assert family_of(run.task).score(predictions, TASKS[run.task]) == record.scores
        if TASKS[run.task].family != "classification":
            continue
        table = predictions.to_pydict()
        for score in record.scores:
            settings = table.get("setting", ["standard"] * len(table["language"]))
            rows = [
                label == prediction
                for setting, language, label, prediction in zip(
                    settings, table["language"], table["label"], table["prediction"], strict=True
                )
                if (setting, language) == (score.setting, score.language)
            ]
            assert score.value == pytest.approx(100 * sum(rows) / len(rows))


def test_every_table_and_figure_is_there(results, plan):
    tables = results / "tables" / "xmixup"
    for task in {run.task for run in plan.runs}:
        for ending in ("csv", "md", "tex"):
            assert (tables / f"{task}.{ending}").stat().st_size > 100
        for ending in ("png", "svg"):
            assert (results / "figures" / "xmixup" / f"{task}-languages.{ending}").exists()
    for name in ("xtreme", "tatoeba-layers"):
        assert (tables / f"{name}.md").stat().st_size > 100
    page = (results / "report" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="https?:', page)


def test_no_checkpoint_is_left(results):
    assert not [p for p in (results / "state").rglob("*") if p.is_file()]


def test_the_resolved_study_loads_again(results, plan, tmp_path):
    shutil.copy(results / "study.yaml", tmp_path / "smoke.yaml")
    assert load_study(str(tmp_path / "smoke.yaml")).study == plan.study


def test_a_second_call_does_nothing(folder):
    assert "Nothing to be done" in again(folder).text


def edited(folder, text, new):
    """The study with one value changed where it is first, in a folder that shares the results."""
    study = folder / "smoke.yaml"
    original = study.read_text(encoding="utf-8")
    assert text in original
    study.write_text(original.replace(text, new, 1), encoding="utf-8")
    try:
        return again(folder, "-n")
    finally:
        study.write_text(original, encoding="utf-8")


def test_a_comment_in_the_study_runs_nothing(folder):
    call = edited(folder, "    learning_rate:", "    # a remark\n    learning_rate:")
    assert "Nothing to be done" in call.text


def told_the_study(plan):
    """Jobs that are told the whole study, so that any change of it runs them: seconds each."""
    names = [f"{kind}_{paper}" for paper in plan.papers for kind in ("tabulate", "plot")]
    names += ["compare_mt"] if plan.translation else []
    names += ["compare_sentences"] if plan.distillation else []
    names += ["compare_translations", "tabulate_translations"] if plan.translations else []
    return dict.fromkeys([*names, "scores", "check", "report", "all"], 1)


def test_another_learning_rate_runs_the_trainings_and_what_follows(folder, plan):
    call = edited(folder, "learning_rate: 1.0e-3", "learning_rate: 2.0e-3")
    runs, trainings = sum(map(plan.trains, plan.runs)), len(plan.trainings)
    assert job_counts(call) == {
        "train": trainings,
        "label": len(plan.labellings),
        "analyse": len(plan.analysed),
        "predict": runs,
        "score": runs,
        "compare": 2,
        **told_the_study(plan),
    }


def test_an_override_runs_exactly_the_runs_it_is_for(folder, plan):
    override = "    - {where: {methods: [translate_train]}, set: {learning_rate: 2.0e-3}}\n"
    call = edited(folder, "  overrides:\n", "  overrides:\n" + override)
    counts = job_counts(call)
    # XNLI with two seeds, UD-POS and MLQA with one, XNLI with translations of our own.
    assert (counts["train"], counts["predict"], counts["score"]) == (5, 5, 5)
    assert counts["analyse"] == 4, "of XNLI and MLQA, which have parallel test sets"
    fine_tuning = {"train", "analyse", "predict", "score", "compare"}
    assert set(counts) == fine_tuning | told_the_study(plan).keys()


def test_another_seed_adds_its_runs_only(folder):
    counts = job_counts(edited(folder, "seeds: [1, 2]", "seeds: [1, 2, 3]"))
    assert (counts["train"], counts["predict"], counts["score"]) == (2, 3, 3)
    assert "tokenize" not in counts
    assert "pretrain" not in counts


@pytest.fixture
def checkout(tmp_path):
    """A copy of the workflow that can be edited."""
    for name in ("workflow", "profiles", "config"):
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    shutil.copy(REPOSITORY / "Snakefile", tmp_path)
    return tmp_path


def planned_by(checkout, folder):
    """A dry run of an edited copy over the results of the original."""
    study = folder / "smoke.yaml"
    package = str(checkout / "workflow")
    call = snakemake(folder, "-n", study=study, checkout=checkout, PYTHONPATH=package)
    assert call.code == 0, call.err
    return call


def test_comments_in_the_code_run_nothing(folder, checkout):
    for path in (*checkout.glob("workflow/rules/*.smk"), *checkout.glob("workflow/xling/*.py")):
        path.write_text(path.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    assert "Nothing to be done" in planned_by(checkout, folder).text


def test_a_raised_stage_version_runs_that_stage_and_what_follows(folder, checkout):
    stages = checkout / "workflow" / "xling" / "stages.py"
    text = stages.read_text(encoding="utf-8")
    assert '"score": 1' in text
    stages.write_text(text.replace('"score": 1', '"score": 2'), encoding="utf-8")
    counts = job_counts(planned_by(checkout, folder))
    tables = {f"{kind}_{paper}" for paper in ("xmixup", "robust") for kind in ("tabulate", "plot")}
    tables.add("tabulate_translations")
    assert set(counts) == {"score", "scores", "check", "report", "all"} | tables


def test_the_same_seed_gives_the_same_bytes(folder, results):
    """Delete one training's outputs and let snakemake make them again."""
    weights = results / RUN / "model" / "model.safetensors"
    table = results / "predictions" / RUN.removeprefix("runs/")
    before = weights.read_bytes(), Path(f"{table}.parquet").read_bytes()
    scores = (results / "scores.csv").read_bytes()
    shutil.rmtree(results / RUN)
    call = again(folder, f"results/smoke/{RUN}/record.json", "all")
    assert call.code == 0, call.err
    assert job_counts(call)["train"] == 1
    assert weights.read_bytes() == before[0]
    assert Path(f"{table}.parquet").read_bytes() == before[1]
    assert (results / "scores.csv").read_bytes() == scores


def test_a_failed_job_shows_its_message(folder, results):
    """A damaged input is one message on the screen, with the file and what to do."""
    prepared = results / "prepared" / "xnli" / "test.parquet"
    content = prepared.read_bytes()
    prepared.write_bytes(content[:1000])
    try:
        call = again(folder)
    finally:
        prepared.write_bytes(content)
        again(folder)
    assert call.code == 1
    assert "error: a prepared file cannot be read" in call.text
    assert "prepared/xnli/test.parquet" in call.text
    assert "Traceback" not in call.text


def test_a_call_for_one_file_ends_without_a_summary(tmp_path):
    call = snakemake(tmp_path, "results/smoke/raw/xnli/manifest.json", study="smoke")
    assert call.code == 0, call.err
    assert "XNLI: accuracy" not in call.text


def test_a_given_encoder_runs_the_same_chain(results, tmp_path):
    """A folder in Hugging Face format, and the options that no shipped study uses."""
    study = yaml.safe_load((REPOSITORY / "config/studies/smoke.yaml").read_text(encoding="utf-8"))
    study["name"] = "given"
    model = results / "encoders" / "tiny-bert" / "model"
    study["encoders"] = {"given": {"source": "folder", "path": str(model), "precision": "bf16"}}
    block = {"paper": "xmixup", "methods": ["zero_shot"], "models": ["given"], "tasks": ["xnli"]}
    study["experiments"] = [block | {"seeds": [1], "languages": {"xnli": ["en", "qab"]}}]
    del study["distillation"], study["translations"]
    study["systems"] = {}
    options = {"selection": "best_target_dev", "accumulation": 2, "gradient_checkpointing": True}
    study["training"]["defaults"] |= options
    (tmp_path / "given.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    target = "runs/xmixup/zero_shot/given/xnli/seed-1/record.json"
    call = snakemake(tmp_path, f"results/given/{target}", study=tmp_path / "given.yaml")
    assert call.code == 0, call.text
    record = read_record(tmp_path / "results" / "given" / target)
    assert [score.language for score in record.scores] == ["en", "qab"]
    assert record.settings["encoder"]["architecture"] == "bert"
    assert record.settings["encoder"]["precision"] == "bf16"
    assert set(record.selection["dev"]) == {"en", "qaa", "qab"}
    assert "pretrain" in job_counts(call)
    assert not (tmp_path / "results" / "given" / "prepared" / "text").exists()


# Translation: what each stage from raw files to tables left.

STAGES = {
    "fetch_parallel": 1,
    "prepare_parallel": 3,
    "subwords": 1,
    "binarize": 1,
    "train_mt": 2,
    "generate": 2,
    "score_mt": 2,
    "analyse_mt": 2,
    "compare_mt": 1,
}


@pytest.fixture
def translation(plan):
    return plan.translation


def of(translation, method):
    (found,) = [run for run in translation.runs if run.method == method]
    return found


def history(results, run, kind):
    text = (results / "runs" / run.path / "history.jsonl").read_text(encoding="utf-8")
    return [line for line in map(json.loads, text.splitlines()) if line["kind"] == kind]


@needs_fairseq
def test_all_stages_together_take_less_than_two_minutes(results):
    """Of a processor, as Snakemake sampled it; measured: half of that."""
    seconds = 0.0
    for stage, count in STAGES.items():
        found = [
            path
            for path in (results / "benchmarks").rglob("*.tsv")
            if stage in path.parts or path.stem == stage
        ]
        assert len(found) == count, stage
        for path in found:
            with path.open(encoding="utf-8") as stream:
                rows = csv.DictReader(stream, delimiter="\t")
                seconds += sum(float(row["cpu_time"]) for row in rows)
    assert seconds < 120


@needs_fairseq
def test_languages_are_imbalanced_as_the_study_says(results):
    summary = json.loads((results / "prepared/ted8_diverse/m2o/train.json").read_text())
    assert summary["rows"] == {"qaa": 400, "qab": 50}


@needs_fairseq
def test_every_test_sentence_is_translated_and_scored(results, translation):
    import sacrebleu

    for run in translation.runs:
        table = pq.read_table(results / "predictions" / f"{run.path}.parquet").to_pydict()
        record = read_record(results / "runs" / run.path / "record.json")
        scores = {(one.language, one.metric): one for one in record.scores}
        assert table["language"].count("qaa") == table["language"].count("qab") == 30
        for code in translation.languages(run):
            rows = [i for i, language in enumerate(table["language"]) if language == code]
            hypotheses = [table["hypothesis"][i] for i in rows]
            references = [table["reference"][i] for i in rows]
            expected = sacrebleu.corpus_bleu(hypotheses, [references], force=True).score
            assert scores[code, "bleu"].value == pytest.approx(expected)
            assert scores[code, "bleu"].n == 30
            assert scores[code, "chrf++"].value > 0


@needs_fairseq
def test_losses_of_each_language_fall(results, translation):
    for run in translation.runs:
        valid = history(results, run, "valid")
        assert [line["update"] for line in valid] == [20, 40]
        for code in ("qaa", "qab"):
            assert valid[1]["nll"][code] < valid[0]["nll"][code]
        note = json.loads((results / "runs" / run.path / "train.json").read_text())
        assert note["updates"] == 40
        assert note["best"]["update"] == 40


@needs_fairseq
def test_cats_measured_and_moved_its_weights(results, translation):
    text = (results / "runs" / of(translation, "cats").path / "trace.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    updates = [line["update"] for line in lines if "trace" in line]
    assert updates == [20, 30, 40]  # every 10, after the warm-up
    weights = history(results, of(translation, "cats"), "train")[-1]["weights"]
    assert sum(weights.values()) == pytest.approx(1.0)
    assert weights["qaa"] != 0.5
    baseline = results / "runs" / of(translation, "temperature_5").path
    assert not (baseline / "trace.jsonl").exists()


@needs_fairseq
def test_both_systems_are_compared_and_shown(results, translation):
    assert (results / "comparisons" / "cats.json").stat().st_size > 100
    for path in table_paths(translation, results / "tables"):
        # spBLEU has no numbers where its model is not: its CSV has no rows.
        assert path.stat().st_size > 50 or path.stem.endswith("spbleu"), path
    for path in figure_paths(translation, results / "figures"):
        assert path.stat().st_size > 50, path
    with (results / "scores.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["paper"] == "cats"]
    assert {(row["method"], row["task"]) for row in rows} == {
        ("temperature_5", "ted8_diverse-m2o"),
        ("cats", "ted8_diverse-m2o"),
    }
    assert {"qaa", "qab"} <= {row["language"] for row in rows}
    page = (results / "report" / "index.html").read_text(encoding="utf-8")
    assert "BLEU" in page


@needs_fairseq
def test_another_period_trains_cats_alone_again(folder):
    study = folder / "smoke.yaml"
    original = study.read_text(encoding="utf-8")
    assert "period: 10" in original
    study.write_text(original.replace("period: 10", "period: 5"), encoding="utf-8")
    try:
        call = snakemake(folder, "-n", study=study)
    finally:
        study.write_text(original, encoding="utf-8")
    assert call.code == 0, call.text
    counts = job_counts(call)
    assert counts["train_mt"] == counts["generate"] == counts["score_mt"] == 1
    assert not set(counts) & {"fetch_parallel", "prepare_parallel", "binarize", "train"}


# Distillation, and translations of our own: what is left of each.


def test_students_are_scored_compared_and_shown(results, plan):
    from xling.figures import distill as figures
    from xling.tables import distill as tables

    part = plan.distillation
    with (results / "scores.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["paper"] == "distill"]
    assert {(row["method"], row["task"]) for row in rows} == {
        *((method, "sts17") for method in ("teacher", "mean_pooled", "distilled")),
        *(("distilled", task) for task in ("bucc2018", "tatoeba")),
    }
    assert all(-100 <= float(row["value"]) <= 100 for row in rows)
    assert (results / "comparisons" / "distill.json").stat().st_size > 100
    for path in tables.table_paths(part, results / "tables"):
        assert path.stat().st_size > 50, path
    for path in figures.figure_paths(part, results / "figures"):
        assert path.stat().st_size > 50, path


def test_translations_of_our_own_are_read_and_measured(results, plan):
    made = [
        (task, split)
        for task in plan.tasks
        for split in plan.splits(task)
        if split.endswith("-noisy")
    ]
    assert made
    for task, split in made:
        summary = json.loads((results / "prepared" / task / f"{split}.json").read_text("utf-8"))
        assert [engine["engine"] for engine in summary["engines"]] == ["artificial"]
    with (results / "tables" / "translations" / "quality.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    assert {row["engine"] for row in rows} == {"noisy"}
    page = (results / "report" / "index.html").read_text(encoding="utf-8")
    assert "noisy" in page
