# SPDX-License-Identifier: Apache-2.0
"""X-Mixup's tables by number: numbers against those worked out by hand, and what is said."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from xmixup_results import (
    MAIN,
    analyses_of,
    artificial_study,
    plan_of,
    real_study,
    record_of,
    records_of,
)

from xling.analysis.files import write_analysis
from xling.plan import Plan, Run
from xling.records import Record, Score
from xling.reported import Reported
from xling.score import flags
from xling.tables import sheet as sheets
from xling.tables import table_paths, write_tables
from xling.tables.sheet import Entry, Sheet
from xling.tables.xmixup import against, build_sheets, sheet_names
from xling.tables.xmixup.read import read_analyses
from xling.tasks import TASKS

VARIANT = {
    "no-sampling": {
        "method": "xmixup",
        "title": "X-Mixup, no sampling",
        "set": {"xmixup": {"set": {"sampling": "off"}}},
    }
}
LANGUAGES = ["en", "qaa", "qab", "qac", "qad"]
BY_NUMBER = [
    "table-1-language-groups",
    "table-2-cka-correlation",
    "table-3-main",
    "table-8-transfer-gap",
    "table-cka",
]


def table(plan: Plan, name: str, records=None, analyses=None) -> Sheet:
    records = records_of(plan) if records is None else records
    found = build_sheets(plan, records, analyses_of(plan) if analyses is None else analyses)
    (one,) = [sheet for sheet in found if sheet.file == name]
    return one


def entries(sheet: Sheet, *labels: str, section: int = 0) -> dict[str, Entry]:
    (row,) = [row for row in sheet.sections[section].rows if row.labels == labels]
    return dict(zip(sheet.sections[section].columns, row.entries, strict=True))


def texts(sheet: Sheet, *labels: str) -> dict[str, str]:
    return {head: e.text for head, e in entries(sheet, *labels).items()}


def facts(sheet: Sheet, **wanted: object) -> dict:
    (one,) = [f for f in sheet.facts if all(f[key] == value for key, value in wanted.items())]
    return dict(one)


def scored(plan: Plan, values: dict[tuple[str, str, int], list[float]]) -> list[Record]:
    """Return records of XNLI with these accuracies by (method, model, seed), in LANGUAGES."""
    records = []
    for run in plan.runs:
        mean = "translate_test_mean" if plan.english_tests(run) else "standard"
        own = zip(LANGUAGES, values[run.method, run.model, run.seed], strict=True)
        scores = [
            Score(
                setting=mean,
                language=code,
                metric="accuracy",
                value=value,
                n=300,
                signature="accuracy|v:1",
                chance=20.0,
            )
            for code, value in own
        ]
        records.append(record_of(plan, run, scores=scores, flags=flags(scores, TASKS["xnli"])))
    return records


TWO = {"methods": ["zero_shot", "xmixup"]}
# en, qaa, qab, qac, qad.
NUMBERS = {
    ("zero_shot", "tiny", 1): [80.0, 70.0, 66.0, 62.0, 58.0],
    ("zero_shot", "tiny", 2): [82.0, 72.0, 64.0, 66.0, 54.0],
    ("xmixup", "tiny", 1): [81.0, 76.0, 75.0, 74.0, 71.0],
    ("xmixup", "tiny", 2): [83.0, 79.0, 76.0, 76.0, 77.0],
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(artificial_study(TWO))


@pytest.fixture(scope="module")
def records(plan) -> list[Record]:
    return scored(plan, NUMBERS)


# --- which tables there are ------------------------------------------------------------------


def test_a_study_has_the_tables_that_its_runs_fill():
    assert sheet_names(plan_of(artificial_study())) == BY_NUMBER
    block = {"methods": [*MAIN, "no-sampling"]}
    with_variants = plan_of(artificial_study(block, systems=VARIANT))
    assert set(sheet_names(with_variants)) - set(BY_NUMBER) == {"table-ablations"}
    assert sheet_names(plan_of(artificial_study({"paper": "robust"}))) == []
    tagging = plan_of(artificial_study({"tasks": ["udpos"], "methods": ["zero_shot"]}))
    assert sheet_names(tagging) == [name for name in BY_NUMBER if "cka" not in name]


def test_files_are_where_the_plan_says(plan, records, tmp_path):
    written = write_tables(plan, records, tmp_path, analyses=analyses_of(plan))
    by_number = [path for path in table_paths(plan, tmp_path) if path.name.startswith("table-")]
    wanted = {tmp_path / "xmixup" / f"{n}.{e}" for n in BY_NUMBER for e in ("csv", "md", "tex")}
    assert set(by_number) == wanted <= set(written)
    assert all(path.stat().st_size for path in by_number)


def test_order_of_records_and_analyses_does_not_matter(plan):
    analyses = analyses_of(plan)
    turned = dict(reversed(analyses.items()))
    for one, other in zip(
        build_sheets(plan, records_of(plan), analyses),
        build_sheets(plan, records_of(plan)[::-1], turned),
        strict=True,
    ):
        for render in sheets.SHEET_FORMATS.values():
            assert render(one) == render(other)


# --- Table 1 ---------------------------------------------------------------------------------


def test_groups_of_artificial_languages(plan, records):
    """Dials of qaa to qad: SVO SOV VSO SOV; cognates 0.5 0.4 0.3 0.2; text 0.2 0.2 0.2 0.1."""
    sheet = table(plan, "table-1-language-groups", records)
    found = texts(sheet, "XNLI", "Zero-shot")
    assert found == {
        "SVO, like the source": "71.0",  # 70, 72
        "other word order": "61.7",  # (66 + 62 + 58) / 3 = 62, (64 + 66 + 54) / 3 = 61.33
        "35% cognates or more": "68.0",  # (70 + 66) / 2, (72 + 64) / 2
        "< 35% cognates": "60.0",  # (62 + 58) / 2, (66 + 54) / 2
        "15% of the text or more": "66.7",  # 198 / 3, 202 / 3
        "< 15% of the text": "56.0",
    }
    row = facts(sheet, method="zero_shot", group="other word order")
    assert row["mean"] == pytest.approx((62 + 184 / 3) / 2)
    assert (row["languages"], row["seeds"]) == ("qab qac qad", 2)
    assert "SVO, like the source: qaa; other word order: qab qac qad" in sheet.caption.notes[0]


def test_groups_of_real_languages_follow_what_an_encoder_has_read():
    codes = [*TASKS["udpos"].languages]
    plan = plan_of(real_study({"udpos": codes}))
    sheet = table(plan, "table-1-language-groups")
    heads = {section.title: section.columns for section in sheet.sections}
    assert heads == {
        "mbert": (
            "Indo-European",
            "other families",
            "Wikipedia 0.5 GiB or more",
            "Wikipedia < 0.5 GiB",
        ),
        "xlmr-large": (
            "Indo-European",
            "other families",
            "CC-100 30 GiB or more",
            "CC-100 < 30 GiB",
        ),
    }
    found = facts(sheet, model="mbert", method="zero_shot", group="Indo-European")
    assert found["languages"] == "af bg de el es fa fr hi it mr nl pt ru ur"
    # Yoruba is not in the list of CC-100; Wikipedia has some.
    assert "In no group by text in CC-100, because it is not known: yo." in sheet.caption.notes


def test_an_encoder_of_unknown_text_is_said():
    study = real_study({"xnli": ["en", "de", "sw"]})
    study["encoders"]["mbert"] = {"source": "folder", "path": "models/my-own"}
    sheet = table(plan_of(study), "table-1-language-groups")
    assert sheet.sections[0].columns == ("Indo-European", "other families")
    note = "mbert: how much text of each language it was trained on is not known."
    assert note in sheet.caption.notes


# --- Table 2 and CKA -------------------------------------------------------------------------


def with_cka(plan: Plan, values: dict[str, list[float]]) -> dict:
    """Return analyses whose last layer has these values by way, in every run."""
    analyses = {}
    for run, analysis in analyses_of(plan).items():
        ways = {
            way: {
                code: survey
                if survey.cka is None
                else replace(survey, cka=(0.0, values[way][place - 1] + 0.01 * run.seed))
                for place, (code, survey) in enumerate(surveys.items())
            }
            for way, surveys in analysis.ways.items()
        }
        analyses[run] = replace(analysis, ways=ways)
    return analyses


CKA = {
    "alone": [0.5, 0.4, 0.3, 0.2],
    "translate_test": [0.9, 0.8, 0.6, 0.7],
    "gold": [0.99, 0.98, 0.97, 0.96],
}


def test_scores_are_correlated_with_cka_in_both_ways_of_reading(plan, records):
    sheet = table(plan, "table-2-cka-correlation", records, with_cka(plan, CKA))
    # Zero-shot, mean of seeds: 71 65 64 56, in the order of its CKA.
    assert texts(sheet, "XNLI", "Zero-shot") == {
        "rho": "1.00",
        "p": "0.083",
        "p (t)": "< 0.001",
        "languages": "4",
        "seeds": "2",
    }
    # X-Mixup: 77.5 75.5 75 74; alone in the same order, tested with the last two exchanged:
    # rho = 1 - 6 * 2 / (4 * 15).
    assert texts(sheet, "XNLI", "X-Mixup, read alone")["rho"] == "1.00"
    assert texts(sheet, "XNLI", "X-Mixup, with translation")["rho"] == "0.80"
    assert facts(sheet, way="translate_test")["as_tested"] == "yes"
    assert not [fact for fact in sheet.facts if fact["way"] == "gold"]


def test_too_few_languages_are_said():
    study = artificial_study(TWO)
    study["tasks"]["xnli"]["languages"] = ["en", "qaa", "qab"]
    sheet = table(plan_of(study), "table-2-cka-correlation")
    assert texts(sheet, "XNLI", "Zero-shot")["rho"] == "–"
    assert any("Zero-shot, tiny: no rho: too few languages." in n for n in sheet.caption.notes)


def test_cka_is_averaged_over_targets_then_seeds(plan, records):
    sheet = table(plan, "table-cka", records, with_cka(plan, CKA))
    zero_shot = entries(sheet, "XNLI", "Zero-shot")
    # (0.5 + 0.4 + 0.3 + 0.2) / 4 = 0.35, and 0.01 or 0.02 for the seed.
    assert zero_shot["read alone"] == Entry("0.365", "0.007")
    assert zero_shot["with translation"].text == "–"
    xmixup = entries(sheet, "XNLI", "X-Mixup")
    assert xmixup["with translation"].text == "0.765"
    assert xmixup["with gold English (oracle)"].text == "0.990"
    assert facts(sheet, method="zero_shot")["mean"] == pytest.approx(0.365)


def test_a_system_without_analysis_has_no_row(plan, records):
    some = {run: one for run, one in analyses_of(plan).items() if run.method == "xmixup"}
    sheet = table(plan, "table-cka", records, some)
    assert [row.labels[1] for row in sheet.sections[0].rows] == ["X-Mixup"]


def test_only_asked_for_sentences_are_kept(plan, tmp_path):
    analyses = analyses_of(plan)
    for run, one in analyses.items():
        write_analysis(tmp_path / "analysis" / f"{run.path}.npz", one)
    chosen = Run("xmixup", "xmixup", "tiny", "xnli", 1)
    read = read_analyses(plan, tmp_path, whole={chosen})
    assert set(read) == set(plan.analysed)
    for run, one in read.items():
        survey, before = one.ways["alone"]["qaa"], analyses[run].ways["alone"]["qaa"]
        assert len(survey.sample) == (len(before.sample) if run == chosen else 0)
        assert survey.cka == before.cka
        np.testing.assert_allclose(survey.centroids[-1], before.centroids[-1], atol=1e-6)


# --- Table 3 ---------------------------------------------------------------------------------


def test_main_results_are_means_over_all_languages(plan, records):
    sheet = table(plan, "table-3-main", records)
    # Seeds of zero-shot: 336 / 5 = 67.2, 338 / 5 = 67.6; of X-Mixup 75.4, 78.2.
    assert entries(sheet, "Zero-shot")["XNLI"] == Entry("67.4", "0.3")
    assert entries(sheet, "X-Mixup")["XNLI"] == Entry("76.8", "2.0", best=True)
    row = facts(sheet, method="xmixup")
    assert row["mean"] == pytest.approx(76.8)
    assert (row["verdict"], row["paper"]) == ("not comparable", None)
    assert row["paper_missing"] == "the encoder is none of the paper's"


def test_answers_have_f1_and_exact_match_and_the_mean_is_that_of_xtreme():
    blocks = [
        {"methods": ["zero_shot", "xmixup"], "tasks": ["xnli", "xquad"]},
        {"methods": ["translate_train"], "tasks": ["xnli"]},
    ]
    plan = plan_of(artificial_study(*blocks))
    sheet = table(plan, "table-3-main")
    assert sheet.sections[0].columns == ("XNLI", "XQuAD F1", "XQuAD EM", "avg")
    means = {
        (fact["task"], fact["metric"]): fact["mean"]
        for fact in sheet.facts
        if fact["method"] == "zero_shot"
    }
    # The builder's exact match is 12 points below its F1.
    assert means["xquad", "em"] == pytest.approx(means["xquad", "f1"] - 12.0)
    avg = (means["xnli", "accuracy"] + means["xquad", "f1"] - 6.0) / 2
    assert texts(sheet, "Zero-shot")["avg"] == f"{avg:.1f}"
    assert texts(sheet, "Translate-train-all")["avg"] == "–"


def reported(value: float) -> Reported:
    keys = ("xnli", "xmixup", "mbert", "accuracy", "avg")
    return Reported(
        2, "paper", "X-Mixup", "Table 3", "X-Mixup", "mBERT", value, "its page 7", *keys
    )


def test_the_papers_cells_stand_below_ours(monkeypatch):
    real = against.paper_cell

    def cell(paper, number, **keys):
        asked = (number, keys["method"], keys["family"])
        return reported(75.0) if asked == ("3", "xmixup", "mbert") else real(paper, number, **keys)

    monkeypatch.setattr(against, "paper_cell", cell)
    languages = {"xnli": [*TASKS["xnli"].languages]}
    plan = plan_of(real_study(languages, comparable=True))
    sheet = table(plan, "table-3-main")
    ours = facts(sheet, kind="ours", method="xmixup", model="mbert")
    assert texts(sheet, "X-Mixup, paper") == {"XNLI": "75.0"}
    difference = ours["mean"] - 75.0
    assert texts(sheet, "X-Mixup, difference") == {"XNLI": f"{difference:+.1f} ({ours['verdict']})"}
    assert ours["paper_source"] == "its page 7"
    assert ours["difference"] == pytest.approx(difference)
    # Nine other systems have none, and of those of the second encoder none has.
    assert "no paper value: 9" in sheet.caption.verdict
    assert texts_of(sheet, 1, "all systems, paper") == ["–"]
    assert "could not be read (docs/reported.md) (9 of 10)" in sheet.caption.notes[0]


def texts_of(sheet: Sheet, section: int, label: str) -> list[str]:
    return [e.text for e in entries(sheet, label, section=section).values()]


def test_published_systems_are_named_by_their_source():
    plan = plan_of(real_study({"xnli": [*TASKS["xnli"].languages]}))
    sheet = table(plan, "table-3-main")
    title = "zero-shot, XLM-R-large: XTREME (Hu et al. 2020)"
    assert texts_of(sheet, -1, title) == ["79.2"]
    found = [f for f in sheet.facts if f["kind"] == "published" and f["mean"] == 79.2]
    assert [(f["method"], f["model"]) for f in found] == [("zero_shot", "XLM-R-large")]
    assert found[0]["source"]


def test_other_languages_have_no_published_systems(plan):
    fewer = plan_of(real_study({"xnli": ["en", "de", "es"]}))
    for one in (plan, fewer):
        sheet = table(one, "table-3-main")
        assert {fact["kind"] for fact in sheet.facts} == {"ours"}
        assert any(note.startswith("No published baselines") for note in sheet.caption.notes)


# --- Table 8 and ablations -------------------------------------------------------------------


def test_the_gap_is_the_source_less_the_targets(plan, records):
    sheet = table(plan, "table-8-transfer-gap", records)
    # Zero-shot: 80 - 64 = 16, 82 - 64 = 18; X-Mixup: 81 - 74 = 7, 83 - 77 = 6.
    assert entries(sheet, "Zero-shot")["XNLI"] == Entry("17.0", "1.4")
    assert entries(sheet, "X-Mixup")["XNLI"] == Entry("6.5", "0.7", best=True)
    row = facts(sheet, method="xmixup")
    assert (row["source"], row["targets"], row["gap"]) == (82.0, 75.5, 6.5)


def test_a_collapsed_run_is_marked_and_never_best(plan):
    numbers = {**NUMBERS, ("xmixup", "tiny", 2): [20.0] * 5}
    records = scored(plan, numbers)
    sheet = table(plan, "table-8-transfer-gap", records)
    found = entries(sheet, "X-Mixup")["XNLI"]
    assert (found.text, found.best, found.dagger) == ("3.5", False, True)
    text = sheets.markdown_text(sheet)
    assert "| X-Mixup | 3.5 ± 4.9 † |" in text
    assert "† X-Mixup (XNLI): seed 2 collapsed" in text
    assert r"3.5$_{\pm4.9}$$^\dagger$" in sheets.latex_text(sheet)
    assert not entries(table(plan, "table-3-main", records), "X-Mixup")["XNLI"].best


def test_variants_are_held_against_the_whole_method_seed_by_seed():
    blocks = [
        {"methods": ["xmixup"], "seeds": [1, 2]},
        {"methods": ["no-sampling"], "seeds": [2, 3]},
    ]
    plan = plan_of(artificial_study(*blocks, systems=VARIANT))
    numbers = {key: row for key, row in NUMBERS.items() if key[0] == "xmixup"}
    numbers["no-sampling", "tiny", 2] = [84.0, 70.0, 70.0, 70.0, 74.0]
    numbers["no-sampling", "tiny", 3] = [80.0, 60.0, 60.0, 60.0, 60.0]
    sheet = table(plan, "table-ablations", scored(plan, numbers))
    assert texts(sheet, "XNLI", "X-Mixup") == {
        "en": "82.0",
        "avg targets": "75.5",
        "difference": "–",
        "seeds": "2",
    }
    # Targets of seed 2: 71 and 77.
    found = facts(sheet, method="no-sampling")
    assert (found["difference"], found["difference_seeds"]) == (-6.0, 1)
    assert found["targets"] == pytest.approx((71 + 60) / 2)
    assert texts(sheet, "XNLI", "X-Mixup, no sampling")["difference"] == "-6.0"
    assert found["changes"] == '{"xmixup":{"set":{"sampling":"off"}}}'


# --- text ------------------------------------------------------------------------------------


def test_captions_say_seeds_selection_settings_and_verdict():
    blocks = [{"methods": MAIN}, {"methods": MAIN[:1], "tasks": ["udpos"], "seeds": [1]}]
    training = {
        "defaults": {"max_steps": 5},
        "overrides": [
            {"where": {"methods": ["xmixup"]}, "set": {"selection": "best_target_dev"}},
        ],
    }
    plan = plan_of(artificial_study(*blocks, training=training))
    about = table(plan, "table-3-main").caption
    made = dict(about.made)
    assert made["Seeds"] == (
        "1, 2 (XNLI); 1 alone, no deviation (UD-POS); mean ± sample standard deviation"
    )
    alone = plan_of(artificial_study({"seeds": [4]}))
    assert dict(table(alone, "table-3-main").caption.made)["Seeds"] == "4 alone, no deviation"
    assert "an oracle) on XNLI for X-Mixup" in made["Selection of weights"]
    assert made["Study"] == "made-up (made-up numbers), paper xmixup"
    assert about.verdict.startswith("not comparable with the paper: artificial languages")
    assert any(
        note.startswith("Translate-train-all, ensembled; X-Mixup (XNLI): each test item is read")
        for note in about.notes
    )


def test_the_csv_file_has_numbers_in_full(plan, records):
    sheet = table(plan, "table-8-transfer-gap", records)
    rows = list(csv.DictReader(io.StringIO(sheets.csv_text(sheet))))
    assert [(row["method"], row["gap"]) for row in rows] == [
        ("zero_shot", "17.0"),
        ("xmixup", "6.5"),
    ]
    assert rows[0]["sd"] == repr(2**0.5)
    assert rows[0]["paper"] == ""


def test_every_line_has_as_many_cells_as_its_head():
    block = {"methods": [*MAIN, "no-sampling"], "tasks": ["xnli", "xquad"]}
    plan = plan_of(artificial_study(block, systems=VARIANT))
    for one in build_sheets(plan, records_of(plan), analyses_of(plan)):
        for section in one.sections:
            for row in section.rows:
                assert len(row.labels) == len(one.labels)
                assert len(row.entries) == len(section.columns)
        assert len({tuple(fact) for fact in one.facts}) == 1


def test_a_long_table_goes_on_in_another_float():
    plan = plan_of(real_study({name: ["en", "de", "es"] for name in ("xnli", "pawsx", "xquad")}))
    sheet = table(plan, "table-1-language-groups")
    longer = replace(sheet, sections=sheet.sections * 2)
    text = sheets.latex_text(longer)
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 2
    assert text.count(r"\label{") == len(set(text.split(r"\label{")[1:])) == 2
    assert "continued" in text
    assert sheets.latex_text(sheet).count(r"\begin{table}") == 1


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
def test_latex_compiles(tmp_path: Path):
    variant = {"no-sampling": {**VARIANT["no-sampling"], "title": r"50% of $x_1$ & {y} \ #"}}
    block = {"methods": [*MAIN, "no-sampling"], "tasks": ["xnli", "xquad"]}
    plan = plan_of(artificial_study(block, systems=variant))
    names = []
    for one in build_sheets(plan, records_of(plan), analyses_of(plan)):
        (tmp_path / f"{one.file}.tex").write_text(sheets.latex_text(one), encoding="utf-8")
        names.append(one.file)
    inputs = "".join(rf"\input{{{name}}}\clearpage " for name in names)
    page = (
        r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}"
        rf"{inputs}\end{{document}}"
    )
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "page"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
