# SPDX-License-Identifier: Apache-2.0
"""Tables of the distillation paper: cells, means, what is held against which version."""

from __future__ import annotations

import csv
import io
import statistics
from collections import Counter

import pytest
from distill_results import LASER, PLAIN, STUDENT, frame, record, records, value

from xling.distill.tables import build_sheets, sheet_names
from xling.distill.tables.frame import System
from xling.distill.tables.published import (
    NOT_IN_PAPER,
    OTHER_MEAN,
    UNREAD,
    paper_cell,
    printed,
)
from xling.distill.tables.results import collect, difference, mean_cell
from xling.errors import DataError
from xling.reported import Missing, reported
from xling.tables.sheet import SHEET_FORMATS
from xling.tables.table import Cell

PAIRS = ("en-ar", "en-de", "en-tr", "en-es", "en-fr", "en-it", "en-nl")
LANGUAGES = {"1": ("en-en", "es-es", "ar-ar"), "2": PAIRS, "3": ("ru", "fr", "zh", "de")}
NAMES = [
    "table-1-sts-monolingual",
    "table-2-sts-cross-lingual",
    "table-3-bucc",
    "table-4-low-resource",
    "tables-9-10-tatoeba",
    "table-8-language-bias",
    "section-5-corpora",
    "section-5-amounts",
    "section-5-bilingual",
]


def sheets(of=None, found=None):
    of = of or frame()
    return {one.file: one for one in build_sheets(of, records(of) if found is None else found)}


def section(sheet, title):
    (one,) = [part for part in sheet.sections if part.title == title]
    return {row.labels: dict(zip(one.columns, row.entries, strict=True)) for row in one.rows}


def facts(sheet, **wanted):
    return [f for f in sheet.facts if all(f[key] == value for key, value in wanted.items())]


class TestPublished:
    def test_rows_by_kind(self):
        """As told in docs/reported.md."""
        counts = Counter(row.kind for row in reported("distill"))
        assert counts == {"paper": 155, "reference": 66, "third_party": 62, "fact": 4}

    @pytest.mark.parametrize(
        ("number", "name", "column", "version", "expected"),
        [
            ("1", "XLM-R <- SBERT-nli-stsb", "es-es", "v1", 83.5),
            ("2", "XLM-R <- SBERT-nli-stsb", "avg", "v1", None),
            ("2", "SBERT-nli-stsb", "en-de", "v1", 37.1),
            # Both versions have this mean: the newer one counts.
            ("2", "LASER", "avg", "v2", 67.0),
            ("2", "LaBSE", "avg", "v2", 73.5),
            ("3", "LASER", "avg", "v2", 93.0),
            ("9-10", "LASER", "ja", "v2", 90.7),
        ],
    )
    def test_cells_copied_by_hand(self, number, name, column, version, expected):
        found, cell = paper_cell(number, name, column, LANGUAGES.get(number, ()))
        assert found == version
        assert not isinstance(cell, Missing)
        if expected is not None:
            assert cell.value == expected

    def test_versions_are_apart(self):
        for number in ("1", "2", "3", "9-10"):
            for one in printed(number):
                papers = {cell.paper for row in one.cells.values() for cell in row.values()}
                ending = {"v1": "arxiv-v1", "v2": "emnlp"}[one.version]
                assert [paper.endswith(ending) for paper in papers] == [True]

    def test_printed_means_are_those_of_their_cells(self):
        checked = 0
        for number in ("1", "2", "3"):
            for one in printed(number):
                for cells in one.cells.values():
                    each = [cell.value for column, cell in cells.items() if column != "avg"]
                    if each:
                        assert statistics.fmean(each) == pytest.approx(cells["avg"].value, abs=0.13)
                        checked += 1
        assert checked == 9 + 9 + 7

    def test_columns_of_bucc_are_our_languages(self):
        (one,) = [one for one in printed("3") if one.version == "v1"]
        assert set(one.cells["LASER"]) == {"de", "fr", "ru", "zh", "avg"}

    def test_why_there_is_none(self):
        assert paper_cell("4", "LASER", "ka", ()) == (None, Missing(UNREAD))
        assert paper_cell("2", "", "en-de", ()) == (None, Missing(NOT_IN_PAPER))

    @pytest.mark.parametrize("languages", [("de", "zh"), ("de", "fr", "ru", "zh", "es")])
    def test_a_mean_over_other_languages_is_another_number(self, languages):
        assert paper_cell("3", "LASER", "avg", languages) == (None, Missing(OTHER_MEAN))
        assert paper_cell("9-10", "LASER", "avg", languages) == (None, Missing(OTHER_MEAN))


class TestCells:
    def test_mean_of_raw_cells_by_seed(self):
        found = mean_cell([Cell((10.04, 20.0), 5), Cell((10.04, 40.0), 7)])
        assert found == Cell((10.04, 30.0), 12)

    def test_a_missing_cell_leaves_no_mean(self):
        assert mean_cell([Cell((1.0,), 1), None]) is None
        assert mean_cell([]) is None

    def test_difference_by_seed(self):
        found = difference(Cell((5.0, 7.0), 1), Cell((4.0, 9.0), 1))
        assert found is not None
        assert found.values == (1.0, -2.0)
        assert difference(Cell((5.0,), 1), Cell((4.0, 9.0), 1)) is None

    def test_a_seed_without_the_score_leaves_no_cell(self):
        of = frame(STUDENT)
        own = [record(STUDENT, "tatoeba", seed) for seed in (1, 2)]
        own[1] = own[1].model_copy(update={"scores": own[1].scores[3:]})
        results = collect(of, own)
        assert results.cell(STUDENT, "tatoeba", "mean", "ka", "accuracy") is None
        assert results.cell(STUDENT, "tatoeba", "mean", "de", "accuracy") is not None


class TestSheets:
    def test_all_are_there_and_can_be_written(self):
        of = frame()
        assert sheet_names(of) == NAMES
        found = sheets(of)
        assert list(found) == NAMES
        for sheet in found.values():
            for form in SHEET_FORMATS.values():
                assert form(sheet)
            heads = {tuple(line) for line in sheet.facts}
            assert len(heads) == 1

    def test_what_a_study_lacks_has_no_table(self):
        of = frame(STUDENT, tasks={"tatoeba": ("de",)})
        assert sheet_names(of) == ["tables-9-10-tatoeba"]
        assert sheet_names(frame(STUDENT, tasks={"sts17": ("en-qaa",)})) == [NAMES[1]]

    def test_before_any_run(self):
        found = sheets(found=[])
        assert list(found) == NAMES
        assert facts(found["table-3-bucc"], mean=None)

    def test_columns_are_the_papers_then_others(self):
        found = sheets()
        assert found[NAMES[0]].sections[0].columns == ("en-en", "es-es", "ar-ar", "avg")
        assert found[NAMES[1]].sections[0].columns == ("en-ar", "en-de", "en-qaa", "avg")

    def test_values(self):
        (line,) = facts(sheets()[NAMES[1]], method="distill", column="avg")
        seeds = [
            statistics.fmean(
                value("distill", "sts17", "standard", pair, "spearman", seed)
                for pair in ("en-ar", "en-de", "en-qaa")
            )
            for seed in (1, 2, 3)
        ]
        assert line["mean"] == pytest.approx(statistics.fmean(seeds))
        assert line["sd"] == pytest.approx(statistics.stdev(seeds))
        assert (line["seeds"], line["n"]) == (3, 750)
        entry = section(sheets()[NAMES[1]], "")[STUDENT.title,]["avg"]
        assert entry.text == f"{statistics.fmean(seeds):.1f}"

    def test_versions_never_share_a_column_or_a_section(self):
        sheet = sheets(frame(tasks={"sts17": PAIRS}))[NAMES[1]]
        for line in sheet.facts:
            assert line["paper_v1"] is None or line["paper_v2"] is None
        (mean,) = facts(sheet, method="laser", column="avg")
        assert (mean["paper_v1"], mean["paper_v2"]) == (None, 67.0)
        (cell,) = facts(sheet, method="mean_pooled", column="en-de")
        assert (cell["paper_v1"], cell["paper_v2"]) == (21.3, None)
        titles = [part.title for part in sheet.sections]
        assert titles == [
            "",
            "Ours less the paper's v2 (EMNLP 2020)",
            "Ours less the paper's v1 (arXiv, April 2020)",
            "Reported in the paper, v2 (EMNLP 2020)",
            "Reported in the paper, v1 (arXiv, April 2020)",
        ]
        older = section(sheet, titles[2])
        assert older[LASER.title,]["avg"].text == "–"
        assert older[PLAIN.title,]["avg"].text != "–"
        newer = section(sheet, titles[1])
        assert list(newer) == [(LASER.title,)]
        assert newer[LASER.title,]["en-de"].text == "–"
        assert section(sheet, titles[3])["LaBSE",]["avg"].text == "73.5"

    def test_means_of_the_paper_stand_beside_all_its_languages_only(self):
        found = sheets()
        titles = [part.title for part in found[NAMES[1]].sections]
        assert titles == [
            "",
            "Ours less the paper's v1 (arXiv, April 2020)",
            "Reported in the paper, v1 (arXiv, April 2020)",
        ]
        rows = section(found[NAMES[1]], titles[2])
        assert (rows["LASER",]["en-de"].text, rows["LASER",]["avg"].text) == ("64.2", "–")
        (line,) = facts(found[NAMES[1]], method="laser", column="avg")
        assert line["paper_missing"] == OTHER_MEAN
        assert line["difference"] is None
        rows = section(found[NAMES[0]], titles[2])
        assert rows["LASER",]["avg"].text == "75.4"

    def test_verdicts(self):
        (line,) = facts(sheets()[NAMES[1]], method="mean_pooled", column="en-de")
        assert line["difference"] == pytest.approx(line["mean"] - 21.3)
        assert line["verdict"] == "differs"
        of = frame(comparable=False)
        (line,) = facts(sheets(of)[NAMES[1]], method="mean_pooled", column="en-de")
        assert line["verdict"] == "not comparable"
        assert "no comparison" in sheets(of)[NAMES[1]].caption.verdict

    def test_only_the_oracle_is_held_against_the_paper(self):
        sheet = sheets()["table-3-bucc"]
        assert [part.title for part in sheet.sections][:2] == [
            "Oracle threshold",
            "Threshold of the sample set",
        ]
        (oracle,) = facts(sheet, method="laser", column="de", setting="oracle")
        (honest,) = facts(sheet, method="laser", column="de", setting="tuned_on_sample")
        assert oracle["paper_v1"] is not None
        assert honest["paper_v1"] is None
        assert honest["verdict"] is None
        assert honest["mean"] != oracle["mean"]

    def test_low_resource_languages_are_the_studys(self):
        sheet = sheets(frame(low_resource=("ka", "de", "tt")))["table-4-low-resource"]
        assert sheet.sections[0].columns == ("ka", "de", "avg")

    def test_tatoeba_has_both_directions(self):
        sheet = sheets()["tables-9-10-tatoeba"]
        titles = [part.title for part in sheet.sections]
        assert titles[:3] == ["Mean of both directions", "To English", "From English"]
        (ours,) = facts(sheet, method="laser", column="ja", setting="mean")
        assert ours["paper_v2"] == 90.7

    def test_bias(self):
        sheet = sheets()["table-8-language-bias"]
        (line,) = facts(sheet, method="distill", pairs="same gold")
        own = [
            [value("distill", "sts17", s, "same gold", "spearman", seed) for seed in (1, 2, 3)]
            for s in ("expected", "pooled")
        ]
        gaps = [actual - expected for expected, actual in zip(*own, strict=True)]
        assert line["expected"] == pytest.approx(statistics.fmean(own[0]))
        assert line["actual"] == pytest.approx(statistics.fmean(own[1]))
        assert line["difference_sd"] == pytest.approx(statistics.stdev(gaps))
        entry = section(sheet, "same gold")[STUDENT.title,]["difference"]
        assert entry.text == f"{statistics.fmean(gaps):+.1f}"

    def test_amounts_rise_and_all_of_it_comes_last(self):
        sheet = sheets()["section-5-amounts"]
        rows = section(sheet, "")
        assert list(rows) == [("TED2020", "Small student"), ("TED2020", "Large student")]
        assert [row["pairs"].text for row in rows.values()] == ["1,001", "5,001"]

    def test_a_bilingual_student_beside_that_of_all(self):
        sheet = sheets()["section-5-bilingual"]
        (line,) = facts(sheet, system="German student", column="en-de")
        own = [value("german", "sts17", "standard", "en-de", "spearman", s) for s in (1, 2, 3)]
        all_ = [value("distill", "sts17", "standard", "en-de", "spearman", s) for s in (1, 2, 3)]
        assert line["against"] == STUDENT.title
        assert line["difference"] == pytest.approx(statistics.fmean(own) - statistics.fmean(all_))

    def test_collapsed_runs_are_marked_and_are_no_best(self):
        of = frame(PLAIN, STUDENT, tasks={"tatoeba": ("de",)})
        found = [record(PLAIN, "tatoeba"), record(STUDENT, "tatoeba", flags=["collapsed: all"])]
        rows = section(sheets(of, found)["tables-9-10-tatoeba"], "To English")
        assert (rows[STUDENT.title,]["de"].dagger, rows[STUDENT.title,]["de"].best) == (True, False)
        assert not rows[PLAIN.title,]["de"].best  # alone, it is the best of nothing
        assert "collapsed" in sheets(of, found)["tables-9-10-tatoeba"].caption.notes[0]

    def test_csv_holds_full_numbers(self):
        sheet = sheets()["section-5-corpora"]
        lines = list(csv.DictReader(io.StringIO(SHEET_FORMATS["csv"](sheet))))
        (line,) = [line for line in lines if line["column"] == "en-de"]
        seeds = [value("ted", "sts17", "standard", "en-de", "spearman", s) for s in (1, 2, 3)]
        assert float(line["mean"]) == statistics.fmean(seeds)


class TestRefused:
    @pytest.mark.parametrize(
        ("found", "what"),
        [
            ([record(STUDENT, "tatoeba", study="other")], "study 'other'"),
            ([record(System("x", "y", "X"), "tatoeba")], "plans no such run"),
            ([record(STUDENT, "tatoeba")] * 2, "two records"),
            (
                [record(STUDENT, "tatoeba"), record(PLAIN, "tatoeba", stages={"score": 2})],
                "version of stage 'score' differs",
            ),
            (
                [record(STUDENT, "bucc2018"), record(PLAIN, "bucc2018", data={})],
                None,
            ),
        ],
    )
    def test_records_that_do_not_belong_together(self, found, what):
        if what is None:
            assert collect(frame(), found)
            return
        with pytest.raises(DataError, match=what):
            collect(frame(), found)

    def test_other_test_data(self):
        data = record(STUDENT, "tatoeba").data
        other = data | {"test": data["test"].model_copy(update={"sha256": "else"})}
        found = [record(STUDENT, "tatoeba"), record(PLAIN, "tatoeba", data=other)]
        with pytest.raises(DataError, match="checksum of tatoeba test differs"):
            collect(frame(), found)

    def test_other_papers_are_left_alone(self):
        assert collect(frame(), [record(STUDENT, "tatoeba", paper="xmixup")]).records == {}
