# SPDX-License-Identifier: Apache-2.0
"""Tables: exact cells against means and deviations worked out by hand.

The builders of a small study and of hand-made records at the top serve the tests of figures,
report, check and summary too.
"""

from __future__ import annotations

import copy
import csv
import hashlib
import io
import math
import shutil
import subprocess
from pathlib import Path

import pytest

from xling.config.study import Study
from xling.errors import DataError
from xling.plan import Plan, Run
from xling.records import DataUse, Record, Score
from xling.score import flags
from xling.tables import render, table_paths, write_tables
from xling.tables.caption import caption, verdict
from xling.tables.render import CSV_COLUMNS, escape_latex
from xling.tables.table import Table, build_table
from xling.tasks import TASKS

LANGUAGES = ["en", "qaa", "qab"]
CHANCE = {"xnli": 100 / 3, "pawsx": 55.0}

STUDY = {
    "name": "toy",
    "description": "hand-made numbers",
    "comparable": False,
    "data": {
        "source": "artificial",
        "artificial": {
            "source_text_share": 0.5,
            "text_documents": 10,
            "languages": {"qaa": {"text_share": 0.3}, "qab": {"text_share": 0.2}},
            "sizes": {
                "xnli": {"train": 30, "dev": 20, "test": 300},
                "pawsx": {"train": 30, "dev": 20, "test": 300},
            },
        },
    },
    "tasks": {"xnli": {"languages": LANGUAGES}, "pawsx": {"languages": LANGUAGES}},
    "encoders": {
        "tiny-x": {
            "source": "scratch",
            "architecture": "bert",
            "vocabulary": 50,
            "hidden_size": 8,
            "layers": 1,
            "heads": 1,
            "intermediate_size": 8,
            "pretraining": {"steps": 1},
        }
    },
    "training": {"defaults": {"max_steps": 5, "selection": "best_source_dev"}},
    "experiments": [
        {
            "paper": "xmixup",
            "methods": ["zero_shot", "translate_train", "translate_test"],
            "models": ["tiny-x"],
            "tasks": ["xnli"],
            "seeds": [1, 2, 3],
        }
    ],
}


def make_plan(**experiment) -> Plan:
    """Return the toy study; arguments replace keys of its only experiment."""
    study = copy.deepcopy(STUDY)
    study["experiments"][0].update(experiment)
    return Plan(Study.model_validate(study))


def make_record(plan: Plan, run: Run, values: dict[str, float], **changes) -> Record:
    """Return a record with one accuracy per language; arguments replace fields."""
    splits = [*(s for _, s in plan.train_splits(plan.trained_as(run))), "dev", plan.test_split(run)]
    scores = [
        Score(
            setting="standard",
            language=language,
            metric="accuracy",
            value=value,
            n=300,
            signature="accuracy|scale:100|case:exact|v:1",
            chance=CHANCE[run.task],
        )
        for language, value in values.items()
    ]
    fields = {
        "study": plan.study.name,
        "comparable": plan.study.comparable,
        **{name: getattr(run, name) for name in ("paper", "method", "model", "task", "seed")},
        "trained_as": plan.trained_as(run).path,
        "settings": plan.settings(plan.trained_as(run)).model_dump(),
        "selection": {"policy": "best_source_dev", "step": 5},
        "scores": scores,
        "data": {
            split: DataUse(
                sha256=hashlib.sha256(f"{run.task} {split}".encode()).hexdigest(),
                rows=dict.fromkeys(values, 300) if "test" in split else {"en": 30},
                origin="made by rule, 10 % wrong" if "translate" in split else "made by rule",
            )
            for split in splits
        },
        "flags": flags(scores, TASKS[run.task]),
        "versions": {"python": "3.11.7", "torch": "2.13.0"},
        "stages": {"prepare": 1, "train": 2},
        "hardware": {"device": "cpu", "cores": 2},
        "timing": {"train_seconds": 12.5 + run.seed, "examples_per_second": 100.0 / 3},
    }
    return Record(**{**fields, **changes})


def csv_text(table: Table) -> str:
    return render.csv_text(table, caption(table))


def markdown_text(table: Table) -> str:
    return render.markdown_text(table, caption(table))


def latex_text(table: Table) -> str:
    return render.latex_text(table, caption(table))


# en, qaa, qab of seeds 1, 2, 3 for each method.
VALUES = {
    "zero_shot": [(80.0, 70.0, 60.0), (82.0, 71.0, 60.0), (84.0, 75.0, 66.0)],
    "translate_train": [(81.0, 79.0, 77.0), (82.0, 78.0, 77.0), (83.0, 80.0, 77.0)],
    "translate_test": [(80.0, 76.0, 74.0), (82.0, 75.0, 73.0), (84.0, 77.0, 75.0)],
}


def make_records(plan: Plan) -> list[Record]:
    """Return records of all runs with the numbers above."""
    return [
        make_record(plan, run, dict(zip(LANGUAGES, VALUES[run.method][run.seed - 1], strict=True)))
        for run in plan.runs
    ]


@pytest.fixture
def plan() -> Plan:
    return make_plan()


@pytest.fixture
def table(plan):
    return build_table(plan, "xmixup", "xnli", make_records(plan))


# Worked out by hand.  Zero-shot: en 80 82 84: mean 82, deviations -2 0 2, sd sqrt(8 / 2) = 2;
# qaa 70 71 75: mean 72, -2 -1 3, sd sqrt(14 / 2) = 2.65; qab 60 60 66: 62, sd sqrt(24 / 2) = 3.46;
# means of the seeds 70, 71, 75: mean 72, sd 2.65; of the targets 65, 65.5, 70.5: 67, sd 3.04.
# Translate-test: means of the seeds 76.67, 76.67, 78.67: mean 77.33, sd sqrt(2.667 / 2) = 1.15.
MARKDOWN_ROWS = [
    "| system | model | en | qaa | qab | avg | avg targets | seeds |",
    "|---|---|---:|---:|---:|---:|---:|---:|",
    "| Zero-shot | tiny-x | **82.0** ± 2.0 | 72.0 ± 2.6 | 62.0 ± 3.5 "
    "| 72.0 ± 2.6 | 67.0 ± 3.0 | 3 |",
    "| Translate-train-all | tiny-x | **82.0** ± 1.0 | **79.0** ± 1.0 | **77.0** ± 0.0 "
    "| **79.3** ± 0.6 | **78.0** ± 0.5 | 3 |",
    "| Translate-test | tiny-x | **82.0** ± 2.0 | 76.0 ± 1.0 | 74.0 ± 1.0 "
    "| 77.3 ± 1.2 | 75.0 ± 1.0 | 3 |",
]


def test_markdown_cells_are_the_hand_computed_ones(table) -> None:
    lines = markdown_text(table).splitlines()
    assert lines[lines.index(MARKDOWN_ROWS[0]) :] == MARKDOWN_ROWS


def test_csv_has_the_numbers_in_full(table) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(table))))
    assert tuple(rows[0]) == CSV_COLUMNS
    found = {(r["method"], r["language"]): r for r in rows}
    assert len(found) == len(rows) == 3 * 5
    for method, seeds in VALUES.items():
        for i, language in enumerate(LANGUAGES):
            values = [seed[i] for seed in seeds]
            mean = sum(values) / 3
            sd = math.sqrt(sum((v - mean) ** 2 for v in values) / 2)
            row = found[method, language]
            assert float(row["mean"]) == pytest.approx(mean, abs=1e-12)
            assert float(row["sd"]) == pytest.approx(sd, abs=1e-12)
            assert (row["seeds"], row["n"], row["unit"]) == ("3", "300", "accuracy 0-100")
    assert float(found["zero_shot", "avg"]["mean"]) == 72.0
    assert float(found["zero_shot", "avg"]["sd"]) == pytest.approx(math.sqrt(7))
    assert found["zero_shot", "avg"]["n"] == "900"
    assert found["zero_shot", "avg targets"]["n"] == "600"
    assert float(found["zero_shot", "avg targets"]["sd"]) == pytest.approx(math.sqrt(18.5 / 2))


def test_one_seed_has_the_records_own_number_and_no_deviation() -> None:
    plan = make_plan(methods=["zero_shot"], seeds=[7])
    value = 100 * 241 / 300
    record = make_record(plan, plan.runs[0], dict.fromkeys(LANGUAGES, value))
    table = build_table(plan, "xmixup", "xnli", [record])
    rows = list(csv.DictReader(io.StringIO(csv_text(table))))
    assert [r["mean"] for r in rows[:3]] == [repr(value)] * 3
    assert {r["sd"] for r in rows} == {""}
    # One system alone is not the best of anything.
    assert "| Zero-shot | tiny-x | 80.3 | 80.3 | 80.3 | 80.3 | 80.3 | 1 |" in markdown_text(table)
    assert "one seed per system, so no standard deviation" in markdown_text(table)


def test_a_collapsed_run_is_marked_kept_and_never_best(plan) -> None:
    records = make_records(plan)
    run = Run("xmixup", "translate_train", "tiny-x", "xnli", 2)
    (at,) = [i for i, r in enumerate(records) if (r.method, r.seed) == (run.method, run.seed)]
    records[at] = make_record(plan, run, {"en": 33.0, "qaa": 98.0, "qab": 99.0})
    table = build_table(plan, "xmixup", "xnli", records)
    text = markdown_text(table)
    # qaa: (79 + 98 + 80) / 3 = 85.67 is the highest, but does not compete.
    assert "| Translate-train-all † | tiny-x | 65.7 ± 28.3 | 85.7 ± 10.7 |" in text
    assert "| Translate-test | tiny-x | **82.0** ± 2.0 | **76.0** ± 1.0 |" in text
    note = "† Translate-train-all, tiny-x: seed 2 collapsed (no better than chance) and is part of"
    assert note in text
    assert r"Translate-train-all $^\dagger$ & tiny-x & 65.7$_{\pm28.3}$ & 85.7" in latex_text(table)
    assert {r["collapsed_seeds"] for r in csv.DictReader(io.StringIO(csv_text(table)))} == {"", "2"}


def test_a_system_with_fewer_languages_has_gaps_and_no_mean(plan) -> None:
    study = copy.deepcopy(STUDY)
    few = {
        **study["experiments"][0],
        "methods": ["translate_test"],
        "languages": {"xnli": ["en", "qab"]},
    }
    study["experiments"][0]["methods"] = ["zero_shot"]
    study["experiments"].append(few)
    plan = Plan(Study.model_validate(study))
    records = [
        make_record(plan, run, dict.fromkeys(plan.languages(run), 50.0 + run.seed))
        for run in plan.runs
    ]
    text = markdown_text(build_table(plan, "xmixup", "xnli", records))
    assert "| Translate-test | tiny-x | **52.0** ± 1.0 | – | **52.0** ± 1.0 | – | – | 3 |" in text
    assert "Translate-test, tiny-x: not scored with every seed on qaa, so no avg." in text
    assert "no avg" not in text.replace("on qaa, so no avg", "")


def test_a_missing_run_is_said(plan) -> None:
    records = [r for r in make_records(plan) if (r.method, r.seed) != ("zero_shot", 3)]
    text = markdown_text(build_table(plan, "xmixup", "xnli", records))
    assert "| Zero-shot | tiny-x | 81.0 ± 1.4 |" in text
    assert "Zero-shot, tiny-x: not run: seed 3." in text
    assert "over the seeds of each row" in text


def test_the_caption_says_what_was_measured(table) -> None:
    about = caption(table)
    text = about.sentences
    for part in (
        "accuracy|scale:100|case:exact|v:1",
        "toy (hand-made numbers), paper xmixup",
        "3 seeds (1, 2, 3)",
        "on the train split",
        "best_source_dev (best on the source-language dev set)",
        "dev, test, train: made by rule; translate_test, translate_train: made by rule, 10 % wrong",
        "all 3 languages, en included",
    ):
        assert part in text
    assert about.verdict == (
        "not comparable with the paper: artificial languages, "
        "a small encoder trained on the study's own text"
    )
    assert about.verdict in markdown_text(table)
    assert about.verdict in latex_text(table)


def test_a_study_on_real_files_says_how_it_differs() -> None:
    study = copy.deepcopy(STUDY)
    study["data"] = {"source": "folder", "root": "somewhere"}
    study["tasks"] = {"xnli": {"languages": ["en", "de"], "train_split": "dev"}}
    study["encoders"] = {"tiny-x": {"source": "folder", "path": "model"}}
    plan = Plan(Study.model_validate(study))
    assert verdict(plan, ["xnli"], ["tiny-x"]) == (
        "not comparable with the paper: XNLI trained on its dev split, "
        "2 of the 15 languages of XNLI"
    )
    about = caption(build_table(plan, "xmixup", "xnli", []))
    assert ("Training", "on the dev split") in about.made


def test_models_are_sorted_and_methods_keep_the_studys_order() -> None:
    study = copy.deepcopy(STUDY)
    study["encoders"]["a-x"] = study["encoders"]["tiny-x"]
    study["experiments"][0]["models"] = ["tiny-x", "a-x"]
    plan = Plan(Study.model_validate(study))
    table = build_table(plan, "xmixup", "xnli", make_records(plan))
    assert [(s.model, s.method) for s in table.systems] == [
        (model, method) for model in ("a-x", "tiny-x") for method in VALUES
    ]
    assert latex_text(table).count(r"\addlinespace") == 1


def changed(record: Record, **fields) -> Record:
    return record.model_copy(update=fields)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda r: changed(r, stages={**r.stages, "train": 3}),
            "version of stage 'train' differs: 2 in xmixup/",
        ),
        (
            lambda r: changed(
                r, scores=[s.model_copy(update={"signature": "accuracy|v:2"}) for s in r.scores]
            ),
            "signature of xnli accuracy differs",
        ),
        (
            lambda r: changed(
                r,
                data={k: v.model_copy(update={"sha256": "0" * 64}) for k, v in r.data.items()},
            ),
            "checksum of xnli test differs",
        ),
        (
            lambda r: changed(r, scores=[r.scores[0].model_copy(update={"n": 299}), *r.scores[1:]]),
            "rows of xnli test in en (standard) differs: 299 in",
        ),
        (lambda r: changed(r, data={}), "says nothing of its test data ('test')"),
        (lambda r: changed(r, study="other"), "is a record of study 'other'"),
        (lambda r: changed(r, seed=9), "seed-9: the study plans no such run"),
        (lambda r: changed(r, seed=2), "seed-2: there are two records"),
    ],
)
def test_records_that_do_not_belong_together_are_refused(plan, change, said) -> None:
    records = make_records(plan)
    (at,) = [i for i, r in enumerate(records) if (r.method, r.seed) == ("zero_shot", 1)]
    records[at] = change(records[at])
    with pytest.raises(DataError) as caught:
        build_table(plan, "xmixup", "xnli", records)
    assert said in str(caught.value)
    assert "xmixup/zero_shot/tiny-x/xnli/seed-" in str(caught.value)


def test_latex_escapes_every_special_character() -> None:
    assert escape_latex(r"a_b & 5% $x$ #1 {y} ~ ^ \ < > |") == (
        r"a\_b \& 5\% \$x\$ \#1 \{y\} \textasciitilde{} \textasciicircum{} "
        r"\textbackslash{} \textless{} \textgreater{} \textbar{}"
    )


def awkward_table():
    """Return a table whose words hold what Markdown and LaTeX would take for markup."""
    plan = make_plan()
    study = plan.study.model_copy(update={"description": r"50% of $x_1$ & {y} | *z* \ #"})
    plan = Plan(study)
    records = make_records(plan)
    records[0] = make_record(plan, plan.runs[0], dict.fromkeys(LANGUAGES, 33.0))
    return build_table(plan, "xmixup", "xnli", records)


def test_awkward_words_are_escaped() -> None:
    table = awkward_table()
    assert r"50\% of \$x\_1\$ \& \{y\} \textbar{} *z* \textbackslash{} \#" in latex_text(table)
    assert r"50% of $x\_1$ & {y} \| \*z\* \\ #" in markdown_text(table)


def test_latex_rows_have_as_many_cells_as_the_head(table) -> None:
    lines = latex_text(table).splitlines()
    body = lines[lines.index(r"\toprule") : lines.index(r"\bottomrule")]
    assert {line.count(" & ") for line in body if line.endswith(r" \\")} == {7}
    row = r"Zero-shot & tiny-x & \textbf{82.0}$_{\pm2.0}$ & 72.0$_{\pm2.6}$ & 62.0$_{\pm3.5}$ & "
    assert any(line.startswith(row) for line in body)


def test_a_wide_latex_table_is_split_evenly() -> None:
    study = copy.deepcopy(STUDY)
    study["data"] = {"source": "folder", "root": "somewhere"}
    languages = sorted(TASKS["xnli"].languages)
    study["tasks"] = {"xnli": {"languages": languages}}
    plan = Plan(Study.model_validate(study))
    records = [make_record(plan, run, dict.fromkeys(languages, 50.0)) for run in plan.runs]
    lines = latex_text(build_table(plan, "xmixup", "xnli", records)).splitlines()
    heads = [line.removesuffix(r" \\").split(" & ") for line in lines if line.startswith("System")]
    # 15 languages, two means, seeds.
    assert [len(head) - 2 for head in heads] == [9, 9]
    assert [c for head in heads for c in head[2:]] == [*languages, "avg", "avg targets", "seeds"]
    assert sum(line.startswith("Zero-shot & tiny-x & ") for line in lines) == 2


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
def test_latex_compiles(tmp_path: Path) -> None:
    page = (
        r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}"
        r"\input{table}\end{document}"
    )
    (tmp_path / "table.tex").write_text(latex_text(awkward_table()), encoding="utf-8")
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "page"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    assert (tmp_path / "page.pdf").is_file()


def test_files_are_where_the_plan_says(tmp_path: Path) -> None:
    plan = make_plan(tasks=["pawsx", "xnli"])
    written = write_tables(plan, make_records(plan), tmp_path)
    assert written == table_paths(plan, tmp_path)
    by_number = [path for path in written if path.name.startswith("table-")]
    assert [str(path.relative_to(tmp_path)) for path in written if path not in by_number] == [
        f"xmixup/{task}.{suffix}"
        for task in ("pawsx", "xnli", "xtreme")
        for suffix in ("csv", "md", "tex")
    ]
    assert len(by_number) == 5 * 3  # those of test_xmixup_tables.py
    assert sorted(tmp_path.rglob("*.*")) == sorted(written)


def test_order_of_records_does_not_matter(plan, tmp_path: Path) -> None:
    records = make_records(plan)
    first = [p.read_bytes() for p in write_tables(plan, records, tmp_path / "a")]
    second = [p.read_bytes() for p in write_tables(plan, records[::-1], tmp_path / "b")]
    assert first == second
