# SPDX-License-Identifier: Apache-2.0
"""Tables of translation: what is in them, and what they say about it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import mt_translations
import pytest

from xling.comparison import results as kept
from xling.errors import DataError
from xling.mt.scoring.compare import compare_systems
from xling.mt.scoring.metrics import METRICS
from xling.records import DataUse
from xling.reported import reported
from xling.tables.cats import build_sheets, sheet_names, table_paths, write_tables
from xling.tables.cats.about import verdict
from xling.tables.cats.claims import answer_of
from xling.tables.cats.published import published
from xling.tables.cats.results import Results
from xling.tables.sheet import SHEET_FORMATS, Sheet, csv_text, markdown_text

BLOCKS = [
    mt_translations.block(models=["tiny", "wide"]),
    mt_translations.block(methods=["cats_x4", "t5_x4"]),
]
TASK = "ted8_diverse-m2o"


@pytest.fixture(scope="module")
def results() -> Results:
    plan = mt_translations.plan_of(experiments=BLOCKS)
    comparison = compare_systems(
        plan, lambda run: mt_translations.predictions(plan, run), resamples=50, trials=60
    )
    return Results.of(plan, [mt_translations.record_of(plan, run) for run in plan.runs], comparison)


@pytest.fixture(scope="module")
def sheets(results) -> dict[str, Sheet]:
    return build_sheets(results)


def facts(sheet: Sheet) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(sheet))))


class TestNames:
    def test_of_a_study(self):
        assert sheet_names(mt_translations.plan_of(experiments=BLOCKS)) == [
            *("batch-sizes", "claims", "model-sizes", "settings"),
            *(TASK, f"{TASK}-chrf", f"{TASK}-differences", f"{TASK}-spbleu", "temperatures"),
        ]

    def test_of_one_system(self):
        plan = mt_translations.plan_of(experiments=[mt_translations.block(methods=["cats"])])
        assert sheet_names(plan) == ["claims", "settings", TASK, f"{TASK}-chrf", f"{TASK}-spbleu"]

    def test_planned_files_are_written(self, tmp_path):
        plan = mt_translations.plan_of(
            experiments=[mt_translations.block(methods=["cats"], seeds=[1])]
        )
        mt_translations.write_all(plan, tmp_path)
        from xling.mt.stages.compare_mt import compare_mt
        from xling.plan import Plan

        output = tmp_path / "comparisons" / "cats.json"
        compare_mt(study=Plan(plan.study), results=tmp_path, output=output)
        written = write_tables(plan, tmp_path, tmp_path / "tables")
        assert written == sorted(table_paths(plan, tmp_path / "tables"))
        found = {path for path in (tmp_path / "tables").rglob("*") if path.is_file()}
        assert found == set(written)
        assert all(path.parent.name == "cats" for path in written)


class TestScores:
    def test_cells_are_those_of_the_records(self, results, sheets):
        rows = facts(sheets[TASK])
        wanted = {"method": "cats", "model": "tiny", "language": "avg low"}
        (row,) = (r for r in rows if wanted.items() <= r.items())
        values = [
            s.value
            for run, record in sorted(results.records.items())
            if (run.method, run.model) == ("cats", "tiny")
            for s in record.scores
            if (s.metric, s.language) == ("bleu", "avg low")
        ]
        mean = sum(values) / 2
        assert float(row["mean"]) == pytest.approx(mean)
        assert float(row["sd"]) == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
        assert (row["seeds"], row["n"], row["metric"]) == ("2", "60", "bleu")
        line = next(x for x in markdown_text(sheets[TASK]).split("\n") if x.startswith("| CATS |"))
        assert f"{mean:.1f}" in line.split("|")[6]

    def test_languages_by_training_size(self, sheets):
        averages = ("avg low", "avg high", "avg")
        assert sheets[TASK].sections[0].columns == ("qad", "qac", "qab", "qaa", *averages)
        rows = [row for row in facts(sheets[TASK]) if row["method"] == "cats"]
        assert [row["train_pairs"] for row in rows[:7]] == ["100", "200", "400", "800", "", "", ""]

    def test_systems_in_order(self, sheets):
        titles = [row.labels[0] for row in sheets[TASK].sections[0].rows]
        assert titles == ["T = 1", "T = 5", "T = 5, x4", "CATS", "CATS, x4"]

    def test_best_of_a_column(self, sheets):
        for section in sheets[TASK].sections:
            for column in zip(*(row.entries for row in section.rows), strict=True):
                top = max(float(one.text) for one in column)
                assert {float(one.text) for one in column if one.best} == {top}

    def test_collapsed_runs_are_never_best(self, results):
        broken = {}
        for run, record in results.records.items():
            flag = ["collapsed: mean BLEU 0.5"] if run.method == "cats" else []
            broken[run] = record.model_copy(update={"flags": flag})
        sheet = build_sheets(replace(results, records=broken))[TASK]
        rows = {row.labels[0]: row for row in sheet.sections[0].rows}
        assert not any(one.best for one in rows["CATS †"].entries)
        assert any("nothing was learned with seed 1, 2" in note for note in sheet.caption.notes)

    def test_missing_metric_says_why(self, sheets):
        sheet = sheets[f"{TASK}-spbleu"]
        assert any("spBLEU left out: the SentencePiece model" in n for n in sheet.caption.notes)
        assert sheet.facts == ()


class TestCaptions:
    def test_all_say_what_they_rest_on(self, sheets):
        for sheet in sheets.values():
            words = sheet.caption.sentences
            assert "reconstruction from the paper's abstract and secondary sources" in words
            assert "Seeds: 2 (1, 2)" in words
            assert "least mean loss over the languages' dev sets" in words
            assert "sacreBLEU: " in words
            assert sheet.caption.verdict.startswith("not comparable with the paper: artificial")
            for form in SHEET_FORMATS.values():
                assert form(sheet).endswith("\n") or not sheet.facts

    def test_signatures(self, sheets):
        assert "tok:13a|smooth:exp|version:" in sheets[TASK].caption.sentences
        assert "nc:6|nw:2" in sheets[f"{TASK}-chrf"].caption.sentences

    def test_verdict_of_a_comparable_study(self, results):
        study = results.plan.study.model_copy(update={"comparable": True})
        other = replace(results, plan=replace(results.plan, study=study))
        assert verdict(other).startswith("no paper value: ")


class TestDifferences:
    def test_are_those_of_the_comparison(self, results, sheets):
        rows = facts(sheets[f"{TASK}-differences"])
        pair = next(one for one in results.comparison.pairs if one.kind == "baseline")
        wanted = {"system": pair.first, "model": pair.first_model, "language": "avg low"}
        (row,) = (r for r in rows if wanted.items() <= r.items())
        test = pair.averages["avg low"]
        assert float(row["difference"]) == test.difference
        assert float(row["p_holm"]) == test.p_holm
        assert row["seeds"] == "1 2"
        assert {r["language"] for r in rows} >= {*mt_translations.LANGUAGES, "avg low", "avg high"}
        entries = [
            e.text for r in sheets[f"{TASK}-differences"].sections[0].rows for e in r.entries
        ]
        assert f"{test.low:+.1f} to {test.high:+.1f}" in entries

    def test_other_baselines_are_named(self, sheets):
        labels = [row.labels[0] for row in sheets[f"{TASK}-differences"].sections[0].rows]
        assert labels == ["T = 1", "CATS", "CATS, x4 (against T = 5, x4)"]

    def test_runs_without_baseline_are_named(self):
        blocks = [mt_translations.block(), mt_translations.block(methods=["cats"], models=["wide"])]
        plan = mt_translations.plan_of(experiments=blocks)
        comparison = compare_systems(
            plan, lambda run: mt_translations.predictions(plan, run), resamples=5, trials=5
        )
        records = [mt_translations.record_of(plan, run) for run in plan.runs]
        sheet = build_sheets(Results.of(plan, records, comparison))[f"{TASK}-differences"]
        assert any("cats/cats/wide/" in note for note in sheet.caption.notes)


class TestSweeps:
    def test_sizes_and_changes(self, sheets):
        (section,) = sheets["model-sizes"].sections
        rows = {row.labels: row.entries for row in section.rows}
        assert rows["CATS", "tiny"][4].text == "–"
        assert " to " in rows["CATS", "wide"][4].text
        sizes = {(r["size"], r["other_size"]) for r in facts(sheets["model-sizes"])}
        # wide: attention 4 * 256, forward 2 * 256; the decoder has attention twice.
        assert sizes == {("4096", "1280")}

    def test_batches(self, sheets):
        rows = facts(sheets["batch-sizes"])
        assert {(r["system"], r["size"], r["other_size"]) for r in rows} == {
            ("cats_x4", "400", "100"),
            ("t5_x4", "400", "100"),
        }

    def test_temperatures_ascend(self, sheets):
        titles = [row.labels[0] for row in sheets["temperatures"].sections[0].rows]
        assert titles == ["T = 1", "T = 5", "CATS"]
        assert {row["temperature"] for row in facts(sheets["temperatures"])} == {"1.0", "5.0"}


class TestSettings:
    def test_what_differs_is_named(self, sheets):
        rows = {r.labels: [e.text for e in r.entries] for r in sheets["settings"].sections[0].rows}
        assert rows["model", "width"] == ["16; 8 (tiny)", "512", "latent_depth"]
        assert rows["training", "label_smoothing"] == ["0.1", "0.1", "latent_depth"]
        assert rows["weighting: cats", "curvature"] == ['"combined"', '"separate"', "r1"]
        assert "CATS, x4 with tiny" in rows["training", "update_freq"][0]


def interval_of(low: float, high: float) -> kept.Tested:
    return kept.Tested(
        first=1.0,
        second=0.0,
        difference=(low + high) / 2,
        low=low,
        high=high,
        p_bootstrap=0.5,
        p_randomisation=0.5,
        p_holm=0.5,
        items=10,
    )


class TestClaims:
    @pytest.mark.parametrize(
        ("low", "high", "answer"),
        [(0.1, 2.0, "gain"), (-2.0, -0.1, "loss"), (-0.1, 2.0, "open"), (0.0, 1.0, "open")],
    )
    def test_by_the_interval(self, low, high, answer):
        assert answer_of(interval_of(low, high), "gain", "loss", "open") == answer

    def test_claims_of_the_abstract(self, sheets):
        titles = [section.title for section in sheets["claims"].sections]
        assert titles == [
            "low-resource languages gain (abstract: +0.8 to +2.2 BLEU, baseline not named)",
            "high-resource languages are not hurt",
            "robust to over-parameterisation",
            "robust to large batches",
        ]
        rows = [row.labels for row in sheets["claims"].sections[0].rows]
        assert [(words, model) for words, _, model in rows] == [
            ("CATS less T = 5: avg low", "tiny"),
            ("CATS, x4 less T = 5, x4: avg low", "tiny"),
            ("CATS less T = 5: avg low", "wide"),
        ]
        assert len(sheets["claims"].sections[3].rows) == 4

    def test_not_measured(self):
        plan = mt_translations.plan_of(
            experiments=[mt_translations.block(methods=["temperature_5"])]
        )
        comparison = compare_systems(plan, lambda run: mt_translations.predictions(plan, run))
        records = [mt_translations.record_of(plan, run) for run in plan.runs]
        sheet = build_sheets(Results.of(plan, records, comparison))["claims"]
        words = {row.labels[0] for section in sheet.sections for row in section.rows}
        assert words == {"not measured in this study"}


class TestAgreement:
    def test_other_test_data(self, results):
        records = list(results.records.values())
        use = DataUse(sha256="other", rows={}, origin="made")
        records[0] = records[0].model_copy(update={"data": {**records[0].data, "test": use}})
        with pytest.raises(DataError, match="checksum of ted8_diverse-m2o test differs"):
            Results.of(results.plan, records, results.comparison)

    def test_other_metric_of_one_language(self, results):
        records = list(results.records.values())
        scores = [s.model_copy(update={"signature": "tok:zh"}) for s in records[0].scores[:1]]
        scores += records[0].scores[1:]
        records[0] = records[0].model_copy(update={"scores": scores})
        with pytest.raises(DataError, match="signature of ted8_diverse-m2o bleu in qaa differs"):
            Results.of(results.plan, records, results.comparison)

    def test_strangers(self, results):
        records = [next(iter(results.records.values())).model_copy(update={"seed": 9})]
        with pytest.raises(DataError, match="the study plans no such run"):
            Results.of(results.plan, records, results.comparison)


class TestPublished:
    DIVERSE = ("bos", "mar", "hin", "mkd", "ell", "bul", "fra", "kor")

    def test_values_copied_by_hand(self):
        found = published("ted8_diverse-m2o", "bleu", self.DIVERSE, 8)
        cells = {(one.table, one.system): one.cells for one in found}
        row = cells["Table 7", "Temperature sampling T=1"]
        assert (row["avg"].value, row["bos"].method) == (29.08, "temperature_1")
        assert cells["Table 1", "Temperature sampling T=1"]["avg"].value == 29.0
        assert cells["Table 1", "chi-IBR (taken from its paper)"]["avg"].method == "chi_ibr"

    def test_means_over_all_languages_only(self):
        found = published("ted8_diverse-m2o", "bleu", ("bos", "mar"), 8)
        assert {column for one in found for column in one.cells} == {"bos", "mar"}

    def test_nothing_in_other_metrics(self):
        assert all(not published("opus100-o2m", name, ("af",), 94) for name in METRICS[1:])

    def test_rows_of_a_study_on_real_data(self):
        """Published rows stand below ours and say that they cannot be compared."""
        from xling.tables.cats.scores import build

        benchmarks = {"ted8_diverse": {"languages": [*self.DIVERSE], "vocabulary": {"size": 50}}}
        study = mt_translations.study(benchmarks=benchmarks)
        data = study.data.model_copy(
            update={"source": "folder", "root": "somewhere", "artificial": None}
        )
        plan = mt_translations.plan_of()
        plan = replace(plan, study=study.model_copy(update={"data": data}))
        empty = compare_systems(
            mt_translations.plan_of(experiments=[mt_translations.block(methods=["cats"])]),
            lambda run: mt_translations.predictions(mt_translations.plan_of(), run),
        )
        sheet = build(Results(plan, {}, empty), TASK, "bleu")
        assert sheet.sections[-1].title == "published by others, not run here: not comparable"
        assert len(sheet.sections[-1].rows) == 18
        rows = facts(sheet)
        assert {row["verdict"] for row in rows} == {"not comparable"}
        assert all(row["source"] for row in rows)
        values = {one.value for one in reported("cats") if one.task == TASK}
        assert {float(row["mean"]) for row in rows} == values
        assert any(note.startswith("Published systems differ") for note in sheet.caption.notes)
