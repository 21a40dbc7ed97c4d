# SPDX-License-Identifier: Apache-2.0
"""Tables of robust training against numbers that are counted from the predictions."""

from __future__ import annotations

import csv
import io
from statistics import fmean, stdev

import pytest
from robust_results import (
    LANGUAGES,
    MAIN,
    comparison_of,
    predictions_of,
    records_of,
    robust_plan,
)

from xling.figures.robust_drawings import heat_maps
from xling.plan import Run
from xling.records import scores_csv
from xling.tables import table_paths, write_tables
from xling.tables.robust import build_sheets, sheet_names
from xling.tables.robust.results import collect
from xling.tables.sheet import csv_text, latex_text, markdown_text


@pytest.fixture(scope="module")
def plan():
    return robust_plan()


@pytest.fixture(scope="module")
def sheets(plan):
    found = build_sheets(plan, records_of(plan), [comparison_of(plan, 200)])
    return {sheet.file: sheet for sheet in found}


def facts(sheet, **chosen):
    lines = csv.DictReader(io.StringIO(csv_text(sheet)))
    return [line for line in lines if all(line[key] == value for key, value in chosen.items())]


def accuracy(plan, run, name, *, without_ns=False):
    rows = [
        row["label"] == row["prediction"]
        for row in predictions_of(plan, run).to_pylist()
        if row["setting"] == "generalised"
        and row["language"] == name
        and not (without_ns and row["not_translated"])
    ]
    return 100.0 * fmean(rows)


def by_seed(plan, task, method, names, **options):
    return [
        fmean(
            accuracy(plan, Run("robust", method, "tiny", task, seed), name, **options)
            for name in names
        )
        for seed in (1, 2)
    ]


def test_names_follow_from_the_plan(plan):
    assert sheet_names(plan) == [
        *("table-claims", "table-gains", "table-means"),
        *("table-pairs-xnli", "table-pairs-pawsx", "table-sweeps"),
    ]
    alone = robust_plan({"tasks": ["xnli"], "methods": ["adv"]}, pairs=False)
    assert sheet_names(alone) == ["table-means"]


@pytest.mark.parametrize("without_ns", ["no", "yes"])
def test_means_are_those_of_pairs(plan, sheets, without_ns):
    one, two = "en", "qab"
    names = {
        "same": [f"{a}-{a}" for a in LANGUAGES],
        "same, targets": [f"{a}-{a}" for a in LANGUAGES if a != one],
        "two": [f"{a}-{b}" for a in LANGUAGES for b in LANGUAGES if a != b],
        "two, targets": [
            f"{a}-{b}" for a in LANGUAGES for b in LANGUAGES if a != b and one not in (a, b)
        ],
        "all pairs": [f"{a}-{b}" for a in LANGUAGES for b in LANGUAGES],
    }
    assert two in LANGUAGES
    chosen = {"task": "pawsx", "method": "rs_da", "without_ns": without_ns}
    lines = facts(sheets["table-means"], **chosen)
    assert [line["mean_over"] for line in lines] == list(names)
    for line in lines:
        options = {"without_ns": without_ns == "yes"}
        own = by_seed(plan, "pawsx", "rs_da", names[line["mean_over"]], **options)
        base = by_seed(plan, "pawsx", "zero_shot", names[line["mean_over"]], **options)
        assert float(line["mean"]) == pytest.approx(fmean(own))
        assert float(line["sd"]) == pytest.approx(stdev(own))
        gaps = [a - b for a, b in zip(own, base, strict=True)]
        assert float(line["gain"]) == pytest.approx(fmean(gaps))
        assert float(line["gain_sd"]) == pytest.approx(stdev(gaps))


def test_the_matrix_has_all_pairs_and_its_means(plan, sheets):
    sheet = sheets["table-pairs-xnli"]
    lines = facts(sheet, method="adv")
    assert len(lines) == 25 + 2 * 5
    for line in lines:
        first, second = line["first"], line["second"]
        if "others" not in (first, second):
            names = [f"{first}-{second}"]
        elif second == "others":
            names = [f"{first}-{b}" for b in LANGUAGES if b != first]
        else:
            names = [f"{a}-{second}" for a in LANGUAGES if a != second]
        own = by_seed(plan, "xnli", "adv", names)
        base = by_seed(plan, "xnli", "zero_shot", names)
        assert float(line["mean"]) == pytest.approx(fmean(own))
        assert float(line["gain"]) == pytest.approx(fmean(own) - fmean(base))
    titles = [section.title for section in sheet.sections]
    assert len(titles) == 1 + 2 * (len(MAIN) - 1)  # variants stand in another table
    section = next(s for s in sheet.sections if s.title.startswith("Adversarial"))
    assert section.columns == (*LANGUAGES, "mean of others")
    assert [row.labels[0] for row in section.rows] == [*LANGUAGES, "mean of others"]
    wanted = by_seed(plan, "xnli", "adv", ["qab-qac"])
    assert section.rows[2].entries[3].text == f"{fmean(wanted):.1f}"


def test_a_system_tested_in_one_language_alone_has_no_matrix(plan):
    def alone(record):
        kept = [s for s in record.scores if not s.setting.startswith("generalised")]
        return record.model_copy(update={"scores": kept})

    records = [alone(r) if r.method == "rs_rp" else r for r in records_of(plan)]
    found = build_sheets(plan, records, [comparison_of(plan, 200)])
    sheet = next(one for one in found if one.file == "table-pairs-xnli")
    titles = [section.title for section in sheet.sections]
    assert len(titles) == 1 + 2 * (len(MAIN) - 2)
    assert not any(title.startswith("Random noise") for title in titles)
    said = "Not tested with sentences in two languages: Random noise (RS-RP)."
    assert said in sheet.caption.notes
    results = collect(plan, records)
    figure = heat_maps(results, results.tables[0], "tiny", "XNLI")
    shown = [place.get_title(loc="left") for place in figure.axes]
    assert any("ADV" in title for title in shown)
    assert not any("RS-RP" in title for title in shown)


def test_sweeps_name_what_differs(plan, sheets):
    (section,) = sheets["table-sweeps"].sections
    assert [row.labels[2] for row in section.rows] == ["radius 0.3", "radius 0.1", "radius 1"]
    line = facts(sheets["table-sweeps"], method="adv-1.0", mean_over="two")[0]
    names = [f"{a}-{b}" for a in LANGUAGES for b in LANGUAGES if a != b]
    own, base = (by_seed(plan, "xnli", m, names)[0] for m in ("adv-1.0", "zero_shot"))
    assert float(line["gain"]) == pytest.approx(own - base)
    assert line["seeds"] == "1"


def test_captions_say_whose_settings_they_are_and_what_was_left_out(sheets):
    for sheet in sheets.values():
        text = markdown_text(sheet)
        assert "RS-DA as in the released code" in text
        assert "2 rows whose labels differ, 1 that the second language lacks" in text
        assert "paper robust" in text
        assert r"\begin{tabular}" in latex_text(sheet)


def test_claims_have_a_line_for_each_task_and_method(sheets):
    (section,) = sheets["table-claims"].sections
    # Three methods; two claims once, and one for each of three kinds of distance.
    assert len(section.rows) == 2 * 3 * (1 + 1 + 3)
    for row in section.rows:
        assert row.entries[-1].text in ("yes", "the opposite", "not shown")


def test_claims_mark_gains_of_collapsed_runs(plan):
    fallen = [
        record.model_copy(update={"flags": ["collapsed: en (accuracy 50.0, chance 50.0, n 8)"]})
        if (record.task, record.method) == ("pawsx", "adv")
        else record
        for record in records_of(plan)
    ]
    claims = build_sheets(plan, fallen, [comparison_of(plan, 100)])[0]
    marked = {row.labels[1:] for row in claims.sections[0].rows if row.entries[1].dagger}
    assert marked == {("PAWS-X", "Adversarial training (ADV)")}


def test_all_files_are_written_and_settings_are_named(plan, tmp_path):
    records = records_of(plan)
    paths = write_tables(plan, records, tmp_path, [comparison_of(plan, 100)])
    assert sorted(table_paths(plan, tmp_path)) == paths
    assert (tmp_path / "robust" / "table-claims.md").is_file()
    assert (tmp_path / "robust" / "significance.csv").is_file()
    lines = list(csv.DictReader(io.StringIO(scores_csv(records))))
    assert {"generalised", "generalised_without_ns", "standard"} <= {x["setting"] for x in lines}
    assert "qaa-en" in {line["language"] for line in lines if line["setting"] == "generalised"}


def test_a_check_finds_lacking_pairs_and_another_diagonal(plan):
    from xling.check import _wrong_pairs

    record = next(r for r in records_of(plan) if (r.task, r.method) == ("xnli", "adv"))
    assert list(_wrong_pairs(plan, record)) == []
    kept = [s for s in record.scores if (s.setting, s.language) != ("generalised", "en-qab")]
    (found,) = _wrong_pairs(plan, record.model_copy(update={"scores": kept}))
    assert found.endswith("not scored on the pairs of languages en-qab")
    moved = [
        s.model_copy(update={"value": 1.0})
        if (s.setting, s.language) == ("generalised", "qaa-qaa")
        else s
        for s in record.scores
    ]
    (found,) = _wrong_pairs(plan, record.model_copy(update={"scores": moved}))
    assert "qaa with itself is 1.0" in found
    alone = robust_plan(pairs=False)
    assert "which is not planned" in next(_wrong_pairs(alone, record))
