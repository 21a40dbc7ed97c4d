# SPDX-License-Identifier: Apache-2.0
"""Figures on CATS: which a study has, the numbers in them, and what is said."""

from __future__ import annotations

import csv
import json
import math
from statistics import fmean, stdev

import mt_results as made
import pytest
from test_figures import words

from xling.errors import DataError
from xling.figures import cats
from xling.figures.cats import interference, marks
from xling.figures.cats.planned import Planned, planned_figures
from xling.figures.cats.results import Results
from xling.figures.cats.rows import rows
from xling.figures.style import images
from xling.mt.plan import TranslationPlan
from xling.plan import Run

BATCHES = {
    "cats_x4": {"method": "cats", "title": "CATS x4", "training": {"update_freq": 4}},
    "cats_slow": {
        "method": "cats",
        "title": "CATS slow",
        "training": {"update_freq": 4, "learning_rate": 1e-4},
    },
    "cats_literal": {"method": "cats", "title": "CATS, literal", "set": {"mode": "literal"}},
}


def plan_of(*experiments, **options):
    return TranslationPlan(made.study(*experiments, **options))


def names(plan):
    return [one.name for one in planned_figures(plan)]


def figure_of(plan, name):
    return next(one for one in planned_figures(plan) if one.name == name)


# Which figures there are


def test_figures_follow_from_the_plan():
    both = [f"-ted8_diverse-{direction}" for direction in ("m2o", "o2m")]
    kinds = ("front", "losses", "gradients", "curvature", "interference", "weights")
    assert names(plan_of(directions=("m2o", "o2m"))) == [
        kind + task for kind in kinds for task in both
    ]
    # One system is no front; what is not analysed has no analyses.
    assert names(plan_of({"methods": ["pcgrad"]})) == []
    assert names(plan_of({"methods": ["pcgrad", "temperature_3"]})) == ["front-ted8_diverse-m2o"]
    assert names(plan_of({"methods": ["temperature_1"]})) == [
        f"{kind}-ted8_diverse-m2o" for kind in kinds[1:-1]
    ]


def test_sweeps_need_two_values_of_nothing_but_that():
    plan = plan_of(
        {"methods": ["cats", "temperature_5", *BATCHES], "models": ["small"]},
        {"methods": ["cats"], "models": ["big"]},
        models=("big", "small"),
        systems=BATCHES,
    )
    found = names(plan)
    sizes = figure_of(plan, "sizes-ted8_diverse-m2o")
    assert sizes.methods == ["cats"]
    assert {run.model for run in sizes.runs} == {"big", "small"}
    batches = figure_of(plan, "batches-ted8_diverse-m2o-small")
    assert batches.methods == ["cats", "cats_x4"]
    assert "batches-ted8_diverse-m2o-big" not in found
    # Variants of a method are points of the front, other budgets are not.
    front = figure_of(plan, "front-ted8_diverse-m2o-small")
    assert front.methods == ["temperature_5", "cats", "cats_literal"]
    assert "weights-ted8_diverse-m2o-small-cats_literal" in found
    assert "weights-ted8_diverse-m2o-small" in found


# Their numbers


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A plan and the folder of its results."""
    folder = tmp_path_factory.mktemp("results")
    plan = plan_of({"methods": ["temperature_1", "temperature_5", "gradnorm", "cats"]})
    made.write_results(plan, folder)
    return plan, folder


@pytest.fixture(scope="module")
def drawn(study, tmp_path_factory):
    """The folder of the figures, and what was written."""
    plan, results = study
    folder = tmp_path_factory.mktemp("figures")
    return folder, cats.draw(plan, results, folder)


def table(drawn, kind):
    folder, _ = drawn
    path = folder / "cats" / f"{kind}-ted8_diverse-m2o.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_files_are_those_that_were_planned(study, drawn):
    plan, _ = study
    folder, paths = drawn
    assert sorted(paths) == sorted(cats.figure_paths(plan, folder))
    assert sorted(paths) == sorted(path for path in folder.rglob("*") if path.is_file())
    assert {path.suffix for path in paths} == {".png", ".svg", ".csv"}


def test_losses_are_means_over_tokens_since_the_last_look(study, drawn):
    _, results = study
    run = Run("cats", "temperature_5", "tiny", "ted8_diverse-m2o", 2)
    lines = [json.loads(x) for x in (results / f"runs/{run.path}/history.jsonl").open()]
    train = [line for line in lines if line["kind"] == "train" and 300 < line["update"] <= 400]
    (dev,) = [line for line in lines if (line["kind"], line["update"]) == ("valid", 400)]
    found = {
        row["language"]: row
        for row in table(drawn, "losses")
        if (row["system"], row["seed"], row["update"]) == ("temperature_5", "2", "400")
    }
    assert list(found) == list(made.CODES)
    first, last = found["qaa"], found["qad"]
    expected = fmean(line["nll"]["qaa"] for line in train)  # of as many tokens
    assert float(first["train_nll"]) == pytest.approx(expected)
    assert float(first["gap"]) == pytest.approx(dev["nll"]["qaa"] - expected)
    # No token in the first of the two lines.
    assert train[0]["nll"]["qad"] is None
    assert float(last["train_nll"]) == pytest.approx(train[1]["nll"]["qad"])
    assert (first["group"], last["group"]) == ("high", "low")


def test_a_language_that_was_not_drawn_has_no_training_loss(study, tmp_path):
    plan, _ = study
    made.write_results(plan, tmp_path)
    one = figure_of(plan, "losses-ted8_diverse-m2o")
    path = tmp_path / "runs" / one.runs[0].path / "history.jsonl"
    lines = [json.loads(line) for line in path.open()]
    for line in lines:
        if line["kind"] == "train" and line["update"] <= 100:
            line["nll"]["qad"], line["tokens"]["qad"] = None, 0
    made.lines(path, lines)
    own = [
        row
        for row in rows(Results(plan, tmp_path), one)
        if (row["system"], row["seed"], row["language"]) == (one.runs[0].method, 1, "qad")
    ]
    assert [row["gap"] is None for row in own] == [True] + [False] * 9
    assert own[0]["train_nll"] is None
    cats.figure(plan, one, rows(Results(plan, tmp_path), one))  # it can be drawn


def test_the_front_is_of_means_of_groups(study, drawn):
    plan, _ = study
    for row in table(drawn, "front"):
        run = Run("cats", row["system"], "tiny", "ted8_diverse-m2o", int(row["seed"]))
        low = fmean(made.bleu(plan, run, code) for code in ("qac", "qad"))
        assert float(row["low_bleu"]) == pytest.approx(low)
        swept = row["system"].startswith("temperature")
        assert row["temperature"] == ({"1": "1.0", "5": "5.0"}[row["title"][-1]] if swept else "")
    assert len(table(drawn, "front")) == 4 * 3


def test_weights_are_by_language_whatever_the_direction(study, drawn, tmp_path):
    numbers = [row for row in table(drawn, "weights") if row["quantity"] == "alpha"]
    assert {row["language"] for row in numbers} == set(made.CODES)
    sums = {}
    for row in numbers:
        key = row["seed"], row["update"]
        sums[key] = sums.get(key, 0.0) + float(row["value"])
    assert list(sums.values()) == pytest.approx([1.0] * 30)
    other = plan_of({"methods": ["cats"], "seeds": [1]}, directions=("o2m",))
    made.write_results(other, tmp_path)
    found = rows(Results(other, tmp_path), figure_of(other, "weights-ted8_diverse-o2m"))
    assert {row["language"] for row in found} == {*made.CODES, ""}


def test_analyses_are_kept_number_by_number(study, drawn):
    plan, _ = study
    run = Run("cats", "cats", "tiny", "ted8_diverse-m2o", 3)
    analysis = made.analysis(plan, run)

    def own(kind):
        return [r for r in table(drawn, kind) if (r["system"], r["seed"]) == ("cats", "3")]

    for row in own("curvature"):
        one = analysis["curvature"][row["language"]]
        assert float(row["fisher_sampled"]) == one["fisher_sampled"]
        assert float(row["top_eigenvalue"]) == one["top_eigenvalue"]["value"]
    parts = [row["at"] for row in own("gradients") if row["quantity"] == "mean_cosine"]
    assert parts == ["all", "embeddings", "encoder", "decoder", "output"]
    shares = [row for row in own("gradients") if row["quantity"] == "update_share"]
    assert {r["at"]: float(r["value"]) for r in shares} == analysis["gradients"]["update_shares"]
    assert len(own("interference")) == 12
    for row, step in zip(own("interference"), analysis["interference"], strict=True):
        assert (row["language"], row["other"]) == (step["language"], step["other"])
        assert float(row["increase"]) == step["increase"]


def test_spread_over_seeds():
    many = [{"at": 1, "v": 2.0}, {"at": 1, "v": 4.0}, {"at": 2, "v": None}, {"at": 3, "v": 1.0}]
    found = marks.over_seeds(many, "at", "v")
    assert list(found) == [1, 3]
    assert (found[1].mean, found[1].sd) == (3.0, stdev([2.0, 4.0]))
    assert found[3].sd == 0.0


def test_the_linear_part_of_an_axis_ends_at_a_power_of_ten():
    assert interference._threshold([0.0, -3.0, 40.0, 700.0]) == 10.0
    assert interference._threshold([0.0]) == 1.0
    assert math.isclose(interference._threshold([0.02]), 0.01)
    assert not interference._wide([-1.0, 2.0, -9.0])
    assert interference._wide([-1.0, 0.1, 30.0])


# What they say


def test_pictures_say_what_they_show_and_that_cats_is_a_reconstruction(drawn):
    _, paths = drawn
    for path in paths:
        if path.suffix == ".svg":
            text = " ".join(words(path.read_bytes()))
            assert "TED-8-Diverse, to en, study made-up, tiny" in text
            assert "our reconstruction" in " ".join(text.split())
            assert "Artificial languages." in text
    said = {
        path.stem.partition("-")[0]: " ".join(words(path.read_bytes()))
        for path in paths
        if path.suffix == ".svg"
    }
    for label in ("T=1", "T=5", "GradNorm", "temperature sampling"):
        assert label in said["front"]
    # The last language's of the first seed, of three systems.
    assert "3 of 36 eigenvalues had not converged" in said["curvature"]
    assert "12 pairs" in said["interference"]
    assert "qad (low)" in said["losses"]


def test_a_picture_is_the_same_again(study, drawn):
    plan, results = study
    folder, _ = drawn
    one = figure_of(plan, "front-ted8_diverse-m2o")
    numbers = rows(Results(plan, results), one)
    for suffix, content in images(lambda: cats.figure(plan, one, numbers)).items():
        assert content == cats.figure_path(folder, one, suffix).read_bytes()


def test_of_many_languages_both_ends_are_drawn():
    many = [
        {"language": f"q{n}", "group": "low" if n > 9 else "high", "system": "cats"}
        for n in range(20)
    ]
    assert marks.shown(many, 20) == [f"q{n}" for n in range(20)]
    few = marks.shown(many, 8)
    assert few == [f"q{n}" for n in (0, 1, 2, 3, 10, 11, 12, 13)]
    assert marks.left_out(many, few) == " 12 more languages are in the CSV only."
    assert marks.left_out(many, marks.shown(many, 20)) == ""


# What is missing


def every_row(plan, folder):
    results = Results(plan, folder)
    runs = tuple(plan.runs)
    return [rows(results, Planned(kind, "", "", "", runs)) for kind in cats.KINDS]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("runs/{}/history.jsonl", "history of a training cannot be read"),
        ("analysis/{}.json", "a figure needs a file that cannot be read"),
        ("runs/{}/record.json", "record cannot be read"),
    ],
)
def test_a_missing_file_is_named(tmp_path, file, message):
    plan = plan_of({"methods": ["cats"], "seeds": [1]})
    made.write_results(plan, tmp_path)
    lost = tmp_path / file.format("cats/cats/tiny/ted8_diverse-m2o/seed-1")
    lost.unlink()
    with pytest.raises(DataError, match=message) as caught:
        every_row(plan, tmp_path)
    assert str(lost) in str(caught.value)


def test_records_of_different_data_are_not_drawn_together(tmp_path):
    plan = plan_of({"methods": ["cats", "temperature_1"], "seeds": [1]})
    made.write_results(plan, tmp_path)
    path = tmp_path / "runs" / plan.runs[0].path / "record.json"
    path.write_text(path.read_text().replace("0" * 64, "1" * 64))
    with pytest.raises(DataError, match="checksum of ted8_diverse-m2o test differs"):
        cats.draw(plan, tmp_path, tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


def test_a_damaged_history_is_told(tmp_path):
    from xling.mt.analysis.history import read_history

    path = tmp_path / "history.jsonl"
    for text in ('{"kind": "train"}', "[1]", '{"kind": "other", "update": 1, "nll": {}}', "x"):
        path.write_text(text + "\n")
        with pytest.raises(DataError, match="cannot be read"):
            read_history(path)


def test_shares_of_training_are_tokens_times_factors(tmp_path):
    from xling.mt.analysis.history import read_history, trained_shares

    path = tmp_path / "history.jsonl"
    line = {"kind": "train", "nll": {"qaa": 1.0, "qab": None}}
    made.lines(
        path,
        [
            {**line, "update": 10, "tokens": {"qaa": 100, "qab": 0}, "factors": {"qaa": 9.0}},
            {"kind": "valid", "update": 10, "nll": {"qaa": 2.0}},
            {**line, "update": 20, "tokens": {"qaa": 50, "qab": 50}, "factors": {"qab": 3.0}},
            {**line, "update": 30, "tokens": {"qaa": 0, "qab": 900}, "factors": {}},
        ],
    )
    lines = read_history(path)
    assert trained_shares(lines, ["qaa", "qab"], 20) == {"qaa": 0.5, "qab": 0.5}
    assert trained_shares(lines, ["qaa", "qab"], 9) is None
