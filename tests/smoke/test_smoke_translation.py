# SPDX-License-Identifier: Apache-2.0
"""Translation in the smoke study: what each stage from raw files to tables left."""

from __future__ import annotations

import csv
import json
from importlib import util

import pyarrow.parquet as pq
import pytest

from workflow import job_counts, snakemake
from xling.figures.cats import figure_paths
from xling.records import read_record
from xling.tables.cats import table_paths

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.fairseq,
    pytest.mark.skipif(util.find_spec("fairseq") is None, reason="fairseq is not installed"),
]
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


def test_languages_are_imbalanced_as_the_study_says(results):
    summary = json.loads((results / "prepared/ted8_diverse/m2o/train.json").read_text())
    assert summary["rows"] == {"qaa": 400, "qab": 50}


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


def test_losses_of_each_language_fall(results, translation):
    for run in translation.runs:
        valid = history(results, run, "valid")
        assert [line["update"] for line in valid] == [20, 40]
        for code in ("qaa", "qab"):
            assert valid[1]["nll"][code] < valid[0]["nll"][code]
        note = json.loads((results / "runs" / run.path / "train.json").read_text())
        assert note["updates"] == 40
        assert note["best"]["update"] == 40


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
