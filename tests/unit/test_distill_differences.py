# SPDX-License-Identifier: Apache-2.0
"""From predictions and records on disk to tables, figures and the page's part."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from distill_predictions import STUDENT, bucc, plan_of, sts, tatoeba
from distill_results import record, scores_of

from xling.comparison.results import dump_comparison
from xling.distill.comparison.compare import compare_systems
from xling.distill.evaluation.space import write_space
from xling.distill.figures.gains import Gain, gains_figure
from xling.distill.tables.differences import MOST_LANGUAGES, build
from xling.distill.tables.frame import BUCC, STS, TATOEBA, System
from xling.distill.tables.results import collect
from xling.errors import DataError
from xling.figures import distill as figures
from xling.records import dump_record
from xling.report.distillation import distilled_tables, facts
from xling.tables import distill as tables
from xling.tables.sheet import latex_text, markdown_text

LANGUAGES = {STS: ("en-de", "en-en", "en-zh"), BUCC: ("de", "zh"), TATOEBA: ("de", "ka")}
HITS = {"distilled": 9, "mean_pooled": 3, "teacher": 5, "german": 8}


def predictions(run):
    if run.task == TATOEBA:
        right = [(i < HITS[run.method], i < HITS[run.method]) for i in range(10)]
        return tatoeba({"de": right, "ka": [(0, 0)] * 10})
    return {STS: sts, BUCC: bucc}[run.task](run)


def records_of(plan):
    systems = {system.key: system for system in plan.systems}
    found = []
    for run in plan.runs:
        system = systems[run.method, run.model]
        scores = scores_of(system, run.task, run.seed, LANGUAGES[run.task])
        found.append(record(system, run.task, run.seed, scores=scores))
    return found


@pytest.fixture(scope="module")
def study():
    return plan_of((STS, BUCC, TATOEBA), languages=LANGUAGES)


@pytest.fixture(scope="module")
def comparison(study):
    return compare_systems(study, predictions, resamples=100)


@pytest.fixture
def folder(study, comparison, tmp_path):
    """A folder of results."""
    for run, own in zip(study.runs, records_of(study), strict=True):
        path = tmp_path / "runs" / run.path / "record.json"
        path.parent.mkdir(parents=True)
        path.write_text(dump_record(own), encoding="utf-8")
    for run in figures.space_runs(study):
        rng = np.random.default_rng(run.seed)
        space = {c: rng.normal(size=(9, 4)).astype(np.float32) for c in ("en", "de", "zh")}
        path = tmp_path / "analysis" / f"{run.path}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_space(path, space)
    (tmp_path / "comparisons").mkdir()
    text = dump_comparison(comparison)
    (tmp_path / "comparisons" / "distill.json").write_text(text, encoding="utf-8")
    return tmp_path


def test_all_tables_that_are_planned_are_written(study, folder):
    written = tables.write_tables(study, folder, folder / "tables")
    assert written == tables.table_paths(study, folder / "tables")
    names = tables.sheet_names(study)
    assert names[-3:] == ["differences-bucc2018", "differences-sts17", "differences-tatoeba"]
    assert len(written) == 3 * len(names)
    assert all(path.stat().st_size for path in written)


def test_differences_by_hand(study, folder):
    tables.write_tables(study, folder, folder / "tables")
    text = (folder / "tables/distill/differences-tatoeba.csv").read_text(encoding="utf-8")
    lines = list(csv.DictReader(io.StringIO(text)))
    wanted = {"kind": "encoder", "student": "distilled", "setting": "mean"}
    own = [line for line in lines if wanted.items() <= line.items()]
    numbers = {line["language"]: float(line["difference"]) for line in own}
    # Nine of ten pairs against three; Georgian has none right; it was not trained on.
    assert numbers == {"de": 60, "ka": 0, "avg": 30, "avg seen": 60, "avg unseen": 0}
    assert {line["items"] for line in own if line["language"] == "avg"} == {"20"}
    assert {line["seeds"] for line in own if line["language"] == "avg"} == {"1 2 3"}


def test_a_row_says_difference_interval_p_and_seeds(study, comparison):
    sheet = build(collect(study.frame(), records_of(study)), comparison, TATOEBA)
    heads = ("avg", "95 %", "p", "Holm p", "over seeds")
    (part,) = [
        one
        for one in sheet.sections
        if one.title.startswith("Student less its encoder") and one.title.endswith("directions")
    ]
    assert part.columns[:5] == heads
    row = part.rows[0]
    assert row.labels == ("Student", "Mean pooled")
    words = [entry.text for entry in row.entries]
    assert words[0] == "+30.0"
    assert words[4] == "+30.0 ± 0.0, not enough seeds to claim"
    assert part.columns[5:] == ("avg seen", "95 %", "avg unseen", "95 %")
    by_language = next(s for s in sheet.sections if s.title == f"{part.title}: by language")
    assert by_language.columns == ("de", "ka")
    assert by_language.rows[0].entries[1].text == "+0.0 (+0.0 to +0.0)"


def test_captions_say_how_items_were_drawn(study, comparison):
    results = collect(study.frame(), records_of(study))
    about = {task: build(results, comparison, task).caption.sentences for task in study.tasks}
    assert "drawn together, as their gold scores are the same: en-de, en-en" in about[STS]
    assert "each language's items are drawn by themselves" in about[TATOEBA]
    assert "thresholds are those of the whole set" in about[BUCC]


def test_many_languages_are_in_the_csv_file_only(study, comparison):
    codes = tuple(f"q{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(MOST_LANGUAGES + 1))
    one = next(r for r in comparison.results if (r.task, r.setting) == (TATOEBA, "mean"))
    many = one.model_copy(update={"languages": dict.fromkeys(codes, one.languages["de"])})
    study = plan_of((STS, BUCC, TATOEBA), languages={**LANGUAGES, TATOEBA: codes})
    found = comparison.model_copy(update={"results": [many]})
    records = records_of(study)
    sheet = build(collect(study.frame(), records), found, TATOEBA)
    assert [part.title.endswith("by language") for part in sheet.sections] == [False]
    assert "Languages by themselves are in the CSV file." in markdown_text(sheet)
    assert {fact["language"] for fact in sheet.facts} >= set(codes)
    assert r"\begin{tabular}" in latex_text(sheet)


def test_comparisons_of_another_plan(study, comparison, folder):
    kept = [one for one in comparison.results if one.kind != "teacher"]
    fewer = comparison.model_copy(update={"results": kept})
    path = folder / "comparisons" / "distill.json"
    path.write_text(dump_comparison(fewer), encoding="utf-8")
    with pytest.raises(DataError, match="not those of the study"):
        tables.write_tables(study, folder, folder / "tables")


def test_nothing_is_compared_without_another_system(tmp_path):
    study = plan_of((TATOEBA,), languages=LANGUAGES)
    study.runs = [run for run in study.runs if run.method == "distilled"]
    study.systems = (STUDENT,)
    assert tables.read_comparisons(study, tmp_path) is None
    assert tables.sheet_names(study) == ["table-4-low-resource", "tables-9-10-tatoeba"]
    assert figures.planned_figures(study) == []


class TestFigures:
    def test_all_that_are_planned_are_drawn(self, study, folder):
        drawn = figures.draw(study, folder, folder / "figures")
        assert drawn == figures.figure_paths(study, folder / "figures")
        names = [one.name for one in figures.planned_figures(study)]
        assert names == ["figure-2-language-space", "figure-language-bias", figures.GAINS]
        before = [path.read_bytes() for path in drawn]
        figures.draw(study, folder, folder / "figures")
        assert [path.read_bytes() for path in drawn] == before

    def test_the_first_seed_of_a_system_is_drawn(self, study):
        assert [(run.method, run.seed) for run in figures.space_runs(study)] == [
            ("mean_pooled", 1),
            ("teacher", 1),
            ("distilled", 1),
        ]

    def test_vectors_that_are_missing(self, study, folder):
        (folder / "analysis" / f"{figures.space_runs(study)[0].path}.npz").unlink()
        with pytest.raises(DataError, match="vectors of sentences cannot be read"):
            figures.draw(study, folder, folder / "figures")

    def test_gains_are_the_tested_numbers(self, comparison):
        (one,) = [
            r
            for r in comparison.results
            if (r.kind, r.first, r.setting) == ("encoder", "distilled", "mean")
            and r.task == TATOEBA
        ]
        axes = gains_figure([Gain("Student", one.languages, ("de",))], "made-up").axes[0]
        assert [label.get_text() for label in axes.get_yticklabels()] == ["de", "ka*"]
        german = one.languages["de"]
        drawn = [line.get_xdata() for line in axes.lines[:4]]
        assert list(drawn[0]) == [30.0, 90.0]
        assert list(drawn[2]) == [30.0 + german.low, 30.0 + german.high]
        assert list(drawn[3]) == [90.0]

    def test_an_odd_number_of_panels(self, comparison):
        one = next(r for r in comparison.results if r.task == TATOEBA)
        three = [Gain(name, one.languages, one.languages) for name in ("A", "B", "C")]
        figure = gains_figure(three, "made-up")
        assert [axes.get_title("left") for axes in figure.axes] == ["A", "B", "C"]


def test_the_page_has_all_tables_and_figures(study, folder):
    study.corpora = ["Talks"]
    row = distilled_tables(study, folder)
    assert [sheet.file for sheet in row["sheets"]] == tables.sheet_names(study)
    paths = [one["path"] for kind in row["kinds"] for one in kind["figures"]]
    assert paths == figures.figure_paths(study, folder / "figures")[1::2]
    assert ("parallel corpora", "Talks") in facts(study)


def test_titles_are_those_of_the_study(study, comparison):
    renamed = tuple(System(**{**vars(s), "title": f"my {s.title}"}) for s in study.frame().systems)
    other = plan_of((STS, BUCC, TATOEBA), languages=LANGUAGES)
    other.systems = renamed
    sheet = build(collect(other.frame(), records_of(other)), comparison, STS)
    assert sheet.sections[0].rows[0].labels == ("my Student", "my Mean pooled")
