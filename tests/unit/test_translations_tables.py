# SPDX-License-Identifier: Apache-2.0
"""Tables of translations of our own: numbers worked out by hand."""

from __future__ import annotations

import copy
import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from test_tables import STUDY, make_record

from xling import cli
from xling.comparison.results import dump_comparison
from xling.comparison.translations import (
    compare_translations,
    compared_papers,
    compared_runs,
    pairs,
    reference,
    sources,
)
from xling.config.study import Study
from xling.errors import DataError
from xling.figures import translations as figures
from xling.plan import Plan
from xling.records import dump_record
from xling.report.made_translations import facts as facts_of_page
from xling.report.made_translations import made_tables
from xling.tables import table_paths as all_paths
from xling.tables import translations
from xling.tables.sheet import csv_text, latex_text, markdown_text
from xling.tables.table import AVG_TARGETS
from xling.tasks import TASKS
from xling.tasks.predicted import write_predictions

NLLB = {
    "kind": "ctranslate2",
    "family": "nllb",
    "model": "models/nllb",
    "revision": "f8d333a",
    "licence": "CC-BY-NC-4.0",
}
PART = {"engines": {"exact": {"kind": "artificial", "noise": 0.0}, "nllb": NLLB}}
SYSTEMS = {
    f"train-{name}": {
        "method": "translate_train",
        "title": f"Translate-train, {name}",
        "translations": name,
    }
    for name in ("exact", "nllb")
}
METHODS = ["zero_shot", "translate_train", *SYSTEMS]
# Right of 100 items of en, qaa, qab; the same items are right where numbers are equal.
RIGHT = {
    "zero_shot": (80, 50, 40),
    "translate_train": (80, 70, 60),
    "train-exact": (80, 75, 65),
    "train-nllb": (80, 60, 50),
}


def make_plan(part=PART, systems=SYSTEMS, **experiment):
    study = copy.deepcopy(STUDY) | {"translations": part, "systems": systems}
    study["experiments"][0] |= {"methods": METHODS, "seeds": [1, 2]} | experiment
    return Plan(Study.model_validate(study))


def predictions(run):
    label, other = TASKS["xnli"].labels[:2]
    rows = [
        (f"{i}", code, label, label if i < right else other)
        for code, right in zip(("en", "qaa", "qab"), RIGHT[run.method], strict=True)
        for i in range(100)
    ]
    names = ("id", "language", "label", "prediction")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


def record(plan, run):
    values = zip(("en", "qaa", "qab"), map(float, RIGHT[run.method]), strict=True)
    return make_record(plan, run, dict(values))


def quality(role="translate_train", **changes):
    """Return a row as measure-quality writes it."""
    there = role == "translate_train"
    score = {"sentences": 4, "bleu": 50.0, "chrf++": 60.0, "signatures": {"bleu": "BLEU|v:1"}}
    return {
        "task": "xnli",
        "role": role,
        "language": "qaa",
        "source": "en" if there else "qaa",
        "target": "qaa" if there else "en",
        "method": None,
        "key": "nllb-ctranslate2-ab",
        "licence": "CC-BY-NC-4.0",
        "text": {
            "sentences": 40,
            "translated": 0.95,
            "flagged": 0.1,
            "flags": {"long": 0.1},
            "length_ratio": {"5 %": 0.5, "median": 1.25, "95 %": 2.0},
            "score": -0.5,
        },
        "rows": {
            "items": 30,
            "written": 27,
            "dropped": {"not translated": 3},
            "kept": {},
            "labels": 8,
            "projected": 6,
            "failed": {"a marker is lost": 2},
            "strange": 0,
        },
        "round_trip": score,
        "human": None,
        "exact": score | {"bleu": 40.0},
        "labels": {
            "rows": 4,
            "labels": 8,
            "precision": 90.0,
            "recall": 70.0,
            "f1": 78.75,
            "overlap": None,
        },
        **changes,
    }


def projection(method="markers", translator="generator", **changes):
    """Return a row as measure-projection writes it."""
    return {
        "language": "qaa",
        "word_order": "SVO",
        "cognates": 0.5,
        "script": "latin",
        "translator": translator,
        "method": method,
        "detail": "xml",
        "wanted": 10,
        "found": 8,
        "precision": 75.0,
        "recall": 60.0,
        "f1": 66.67,
        "overlap": 70.0,
        **changes,
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results of the study that the tables read."""
    plan, folder = make_plan(), tmp_path_factory.mktemp("results")
    for run in plan.runs:
        write(folder / "runs" / run.path / "record.json", dump_record(record(plan, run)))
        path = folder / "predictions" / f"{run.path}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_predictions(path, predictions(run))
    for engine in ("exact", "nllb"):
        rows = [quality(), quality("translate_test")]
        write(folder / "translated" / engine / "xnli" / "quality.json", json.dumps(rows))
        own = projection(translator=f"key of {engine}", recall=50.0, language="qab", cognates=0.9)
        rows = [projection(), projection("alignment", detail="itermax"), own]
        write(folder / "translated" / engine / "projection.json", json.dumps(rows))
    found = compare_translations(plan, "xmixup", predictions, resamples=500)
    write(folder / "comparisons" / "translations-xmixup.json", dump_comparison(found))
    return folder


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def sheets(results, plan=None):
    return {one.file: one for one in translations.build_sheets(plan or make_plan(), results)}


def facts(sheet):
    return list(csv.DictReader(io.StringIO(csv_text(sheet))))


def test_what_is_compared():
    plan = make_plan()
    (one,) = sources(plan)
    assert one.methods == {
        "published": "translate_train",
        "exact": "train-exact",
        "nllb": "train-nllb",
    }
    assert reference(plan, one) == "exact"
    found = [(pair.first, pair.second) for pair in pairs(plan, "xmixup")]
    assert found == [("translate_train", "train-exact"), ("train-nllb", "train-exact")]
    assert compared_papers(plan) == ["xmixup"]
    methods = {run.method for run in compared_runs(plan, "xmixup")}
    assert methods == set(RIGHT) - {"zero_shot"}


def test_without_an_engine_that_is_right_published_ones_are_the_reference():
    part = {"engines": {"nllb": NLLB}}
    systems = {"train-nllb": SYSTEMS["train-nllb"]}
    plan = make_plan(part, systems, methods=["translate_train", "train-nllb"])
    (one,) = sources(plan)
    assert reference(plan, one) == "published"


def test_a_variant_with_other_training_is_not_compared():
    other = SYSTEMS | {"train-nllb": SYSTEMS["train-nllb"] | {"set": {"max_steps": 2}}}
    (one,) = sources(make_plan(systems=other))
    assert list(one.methods) == ["published", "exact"]


def test_a_study_without_engines_has_no_tables(tmp_path):
    study = copy.deepcopy(STUDY)
    plan = Plan(Study.model_validate(study))
    assert translations.table_paths(plan, tmp_path) == []
    assert compared_papers(plan) == []
    assert not [path for path in all_paths(plan, tmp_path) if path.parent.name == "translations"]


def test_files(results, tmp_path):
    plan = make_plan()
    paths = translations.write_tables(plan, results, tmp_path)
    assert paths == translations.table_paths(plan, tmp_path)
    names = {path.name for path in (tmp_path / "translations").iterdir()}
    assert names == {
        f"{name}.{end}"
        for name in ("quality", "projection", "transfer")
        for end in ("csv", "md", "tex")
    }
    assert set(paths) <= set(all_paths(plan, tmp_path))
    assert not set(paths) & set(all_paths(plan.of_paper("xmixup"), tmp_path))


# qaa and qab: 75 and 65 with exact translations, 70; with NLLB's 60 and 50, 55: 15 are lost.
def test_transfer(results):
    sheet = sheets(results)["transfer"]
    (section,) = sheet.sections
    assert section.columns == ("en", "qaa", "qab", "avg", "avg targets", "lost", "95 %", "Holm p")
    rows = {row.labels[2]: [entry.text for entry in row.entries] for row in section.rows}
    assert list(rows) == ["published", "exact (reference)", "nllb"]
    assert rows["nllb"][:6] == ["80.0", "60.0", "50.0", "63.3", "55.0", "-15.0"]
    assert rows["exact (reference)"][3:] == ["73.3", "70.0", "–", "–", "–"]
    assert rows["published"][4:6] == ["65.0", "-5.0"]
    low, high = map(float, rows["nllb"][6].strip("[]").split(","))
    # Standard error of the mean of two shares of 15 % of 100: sqrt(0.15 0.85 / 100 / 2) = 2.5.
    assert low == pytest.approx(-20.0, abs=1.5)
    assert high == pytest.approx(-10.0, abs=1.5)
    assert {row.labels[:2] for row in section.rows} == {("Translate-train-all", "tiny-x")}


def test_facts_of_transfer(results):
    found = facts(sheets(results)["transfer"])
    assert len(found) == 3 * 5
    (one,) = [f for f in found if (f["translations"], f["language"]) == ("nllb", "qab")]
    assert (one["mean"], one["sd"], one["seeds"], one["reference"]) == ("50.0", "0.0", "2", "exact")
    assert float(one["difference"]) == pytest.approx(-15.0)
    assert one["items"] == "100"


def test_captions_name_engines(results):
    for sheet in sheets(results).values():
        said = sheet.caption.sentences
        assert "exact: the generator, 0% of its words wrong" in said
        assert "nllb: models/nllb (ctranslate2, float32, revision f8d333a" in said
        assert "licence CC-BY-NC-4.0" in said


def test_quality(results):
    sheet = sheets(results)["quality"]
    titles = [section.title for section in sheet.sections]
    assert titles == ["XNLI, translate-train", "XNLI, translate-test"]
    rows = {row.labels: [e.text for e in row.entries] for row in sheet.sections[0].rows}
    assert list(rows) == [("exact", "en-qaa"), ("nllb", "en-qaa")]
    # 3 of 30 rows are dropped, 6 of 8 labels found.
    assert rows["nllb", "en-qaa"] == [
        *("40", "95.0", "10.0", "1.25", "30", "10.0", "75.0"),
        *("60.0", "–", "–", "60.0", "40.0", "90.0", "70.0"),
    ]
    assert (
        "nllb: XNLI, translate-train, qaa: left out: not translated: 3. "
        "labels lost: a marker is lost: 2." in sheet.caption.notes
    )
    (fact, *_) = facts(sheet)
    assert fact["flags"] == "long: 10.0"
    assert fact["human_bleu"] == ""
    assert "BLEU|v:1" in sheet.caption.sentences


def test_projection(results):
    sheet = sheets(results)["projection"]
    titles = [section.title for section in sheet.sections]
    assert titles == ["translator: generator", "translator: exact", "translator: nllb"]
    rows = [row.labels for row in sheet.sections[0].rows]
    assert rows == [
        ("qaa (SVO, 50% cognates)", "markers, xml"),
        ("qaa (SVO, 50% cognates)", "alignment, itermax"),
    ]
    (row,) = sheet.sections[2].rows
    texts = [entry.text for entry in row.entries]
    assert texts == ["75.0", "50.0", "66.7", "70.0", "8", "10"]
    # The generator's rows are the same in both reports and stand once.
    assert len(facts(sheet)) == 4


def test_every_form_can_be_written(results):
    for sheet in sheets(results).values():
        assert f"| {sheet.labels[0]} |" in markdown_text(sheet)
        assert r"\begin{tabular}" in latex_text(sheet)


@pytest.mark.parametrize(
    "name",
    [
        "translated/nllb/xnli/quality.json",
        "translated/nllb/projection.json",
        "comparisons/translations-xmixup.json",
    ],
)
@pytest.mark.parametrize("text", [None, "{", "[1]"])
def test_a_damaged_file_is_named(results, monkeypatch, name, text):
    path = results / name
    kept = path.read_text()
    try:
        path.unlink() if text is None else path.write_text(text)
        with pytest.raises(DataError) as caught:
            sheets(results)
        assert path.name in str(caught.value)
    finally:
        path.write_text(kept)


def test_a_report_of_another_task(results):
    path = results / "translated" / "nllb" / "xnli" / "quality.json"
    kept = path.read_text()
    try:
        path.write_text(json.dumps([quality(task="pawsx")]))
        with pytest.raises(DataError, match="of another task"):
            sheets(results)
    finally:
        path.write_text(kept)


def test_comparisons_of_other_systems(results):
    with pytest.raises(DataError, match="do not fit the study"):
        sheets(results, make_plan(methods=["translate_train", "train-exact"]))


def test_verbs(results, tmp_path, capsys):
    study = make_plan().study.model_dump_json()
    options = ("--study", study, "--results", str(results))
    output = tmp_path / "translations-xmixup.json"
    verb = ("compare-translations", *options, "--output", str(output), "--paper")
    assert cli.main([*verb, "xmixup"]) == 0
    assert len(json.loads(output.read_text())["pairs"]) == 2
    assert cli.main(["tabulate-translations", *options]) == 0
    assert (results / "tables" / "translations" / "transfer.md").is_file()
    assert (results / "figures" / "translations" / "figure-transfer.png").is_file()
    assert cli.main([*verb, "cats"]) == 2
    assert "xmixup" in capsys.readouterr().err


def test_verbs_for_a_study_without_engines(tmp_path, capsys):
    study = Study.model_validate(STUDY).model_dump_json()
    options = ["--study", study, "--results", str(tmp_path)]
    assert cli.main(["tabulate-translations", *options]) == 2
    assert "no system of the study uses translations of our own" in capsys.readouterr().err


def test_the_figure_has_what_the_table_has(results):
    plan = make_plan()
    (panel,) = figures.panels(plan, translations.read_comparisons(plan, results))
    assert (panel.base, panel.right) == ("Translate-train-all", "exact")
    assert panel.lines == ["en", "qaa", "qab", AVG_TARGETS]
    assert list(panel.results) == ["published", "nllb"]
    assert panel.results["nllb"].languages["qaa"].difference == pytest.approx(-15.0)
    paths = figures.write_figures(plan, results, results / "figures")
    assert paths == figures.figure_paths(plan, results / "figures")
    drawn = paths[-1].read_text(encoding="utf-8")
    for words in ("XNLI: Translate-train-all", "exact (reference)", "nllb", AVG_TARGETS):
        assert words in drawn
    figures.write_figures(plan, results, results / "again")
    again = [path.read_bytes() for path in figures.figure_paths(plan, results / "again")]
    assert again == [path.read_bytes() for path in paths]


def test_no_panel_is_left_out(results):
    """Two variants of a method have the same title."""
    plan = make_plan()
    (panel,) = figures.panels(plan, translations.read_comparisons(plan, results))
    figure = figures._figure(plan, [panel] * 4)
    drawn = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in drawn] == ["XNLI: Translate-train-all"] * 4
    assert len({axes.get_subplotspec().rowspan.start for axes in drawn}) == 2


def test_no_figure_where_nothing_is_compared():
    assert figures.figure_paths(make_plan(methods=["train-exact"]), Path()) == []
    assert figures.figure_paths(Plan(Study.model_validate(STUDY)), Path()) == []


def test_the_page_shows_tables_and_figure(results):
    plan = make_plan()
    found = made_tables(plan, results)
    assert [one.file for one in found["sheets"]] == ["quality", "projection", "transfer"]
    ((figure,),) = [kind["figures"] for kind in found["kinds"]]
    assert figure["path"] == results / "figures" / "translations" / "figure-transfer.svg"
    ((name, words),) = facts_of_page(plan)
    assert name == "translations of our own"
    assert "revision f8d333a" in words
