# SPDX-License-Identifier: Apache-2.0
"""The check of all results, and the summary that ends a run."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_tables import STUDY, make_plan, make_record, make_records

from xling.check import check, dump_check, read_check, to_know
from xling.config.study import Study
from xling.data.leaks import Overlap
from xling.errors import DataError
from xling.plan import Plan
from xling.records import Record
from xling.summary import WIDTH, summary

NO_LEAKS = [
    Overlap(f"xnli {split} and xnli test", 0, 300, excuse="")
    for split in ("train", "translate_train")
]


def make_prepared(plan: Plan) -> dict:
    """Return summaries of all prepared splits, as ``xling prepare`` writes them."""
    prepared = {}
    for task in plan.tasks:
        for split in plan.splits(task):
            languages = plan.split_languages(task, split)
            prepared[task, split] = {
                "task": task,
                "split": split,
                "rows": dict.fromkeys(languages, 300),
                "scored": dict.fromkeys(languages, 300),
                "labels": {code: {"contradiction": 200, "neutral": 100} for code in languages},
                "dropped": {"label unknown": {"qaa": 2}} if split == "train" else {},
                "notes": ["a note on <markup> & more"],
                "origin": "made by rule",
                "translations": "made by rule, 10 % wrong" if "translate" in split else "",
                "sources": [{"path": f"{task}/{split}.tsv", "sha256": "ab" * 32, "bytes": 1234}],
            }
    return prepared


@pytest.fixture
def plan() -> Plan:
    return make_plan()


def test_sound_results_pass(plan) -> None:
    result = check(plan, make_records(plan), make_prepared(plan), NO_LEAKS)
    assert (result.study, result.runs, result.scores, result.flags) == ("toy", 9, 27, [])
    assert "all 9 planned runs have a record" in result.passed
    assert "no item in both xnli train and xnli test" in result.passed
    assert "no item in both xnli translate_train and xnli test" in result.passed


def test_the_result_survives_a_file(plan, tmp_path: Path) -> None:
    result = check(plan, make_records(plan)[::-1], make_prepared(plan), NO_LEAKS)
    path = tmp_path / "check.json"
    path.write_text(dump_check(result), encoding="utf-8")
    assert read_check(path) == result
    assert json.loads(dump_check(result))["runs"] == 9
    assert dump_check(result) == dump_check(
        check(plan, make_records(plan), make_prepared(plan), NO_LEAKS)
    )
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        read_check(path)


def with_score(record: Record, index: int, **fields) -> Record:
    scores = list(record.scores)
    scores[index] = scores[index].model_copy(update=fields)
    return record.model_copy(update={"scores": scores})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: with_score(r, 1, value=float("nan")), "impossible accuracy nan in qaa"),
        (lambda r: with_score(r, 1, value=100.5), "impossible accuracy 100.5 in qaa"),
        (lambda r: with_score(r, 1, value=-1.0), "impossible accuracy -1.0 in qaa"),
        (lambda r: with_score(r, 2, n=299), "qab scored on 299 rows, 300 were prepared"),
        (lambda r: with_score(r, 2, language="qaa"), "not scored on qab"),
        (lambda r: with_score(r, 2, language="qaa"), "scored twice on qaa"),
        (lambda r: with_score(r, 2, language="qzz"), "scored on qzz, which is not planned"),
        (lambda r: r.model_copy(update={"scores": []}), "not scored on en, qaa, qab"),
        (
            lambda r: r.model_copy(update={"stages": {**r.stages, "train": 3}}),
            "version of stage 'train' differs: 2 in",
        ),
        (
            lambda r: r.model_copy(update={"selection": {"policy": "last"}}),
            "weights selected by 'last', the study says 'best_source_dev'",
        ),
        (lambda r: r.model_copy(update={"seed": 8}), "the study plans no such run"),
        (lambda r: r.model_copy(update={"seed": 8}), "seed-1: has no record"),
        (lambda r: r.model_copy(update={"method": "unheard_of"}), "the study plans no such run"),
    ],
)
def test_what_must_not_be_is_named(plan, change, said: str) -> None:
    records = make_records(plan)
    records[0] = change(records[0])
    with pytest.raises(DataError) as caught:
        check(plan, records, make_prepared(plan), NO_LEAKS)
    assert said in str(caught.value)
    assert "seed-1" in str(caught.value)


def test_all_problems_are_in_one_message(plan) -> None:
    records = make_records(plan)[1:]
    records[0] = with_score(records[0], 0, value=float("inf"))
    prepared = make_prepared(plan)
    del prepared["xnli", "translate_test"]
    with pytest.raises(DataError) as caught:
        check(plan, records, prepared, [NO_LEAKS[0], replace(NO_LEAKS[1], shared=4)])
    text = str(caught.value)
    assert "xmixup/translate_test/tiny-x/xnli/seed-1: has no record" in text
    assert "there is no summary of the prepared split xnli/translate_test" in text
    assert "xnli translate_train and xnli test: 4 test items were seen in fine-tuning" in text
    assert caught.value.exit_code == 3


def test_a_leak_check_of_nothing_is_no_leak_check(plan) -> None:
    with pytest.raises(DataError, match="no fine-tuning data was compared"):
        check(plan, make_records(plan), make_prepared(plan), [])


def test_published_splits_may_share_items_and_ours_may_not(plan) -> None:
    records, prepared = make_records(plan), make_prepared(plan)
    found = Overlap("panx train and panx test", 7, 900, excuse="published data is used as it is")
    assert check(plan, records, prepared, [found]).flags == [
        "panx train and panx test: 7 of 900 different test items are also in the "
        "training data (published data is used as it is)"
    ]
    with pytest.raises(DataError, match="7 test items were seen in fine-tuning"):
        check(plan, records, prepared, [replace(found, excuse="")])


def test_flags_are_collected_the_gravest_first() -> None:
    plan = make_plan(methods=["zero_shot"], seeds=[1, 2])
    records = [
        make_record(plan, plan.runs[0], {"en": 80.0, "qaa": 70.0, "qab": 34.0}),
        make_record(
            plan,
            plan.runs[1],
            {"en": 33.0, "qaa": 60.0, "qab": 60.0},
            versions={"python": "3.11.7", "torch": "2.14.0"},
        ),
    ]
    run = "xmixup/zero_shot/tiny-x/xnli"
    assert check(plan, records, make_prepared(plan), NO_LEAKS).flags == [
        f"{run}/seed-2: collapsed: en (accuracy 33.0, chance 33.3, n 300)",
        f"not enough seeds to claim a difference (2, at least 3 needed): {run}",
        f"several versions of torch: 2.13.0 in {run}/seed-1; 2.14.0 in {run}/seed-2",
        f"{run}/seed-1: at chance: qab (accuracy 34.0, chance 33.3, n 300)",
        f"{run}/seed-2: at chance: en (accuracy 33.0, chance 33.3, n 300)",
    ]


def test_selection_on_the_training_data_is_flagged() -> None:
    study = copy.deepcopy(STUDY)
    study["tasks"]["xnli"]["train_split"] = "dev"
    plan = Plan(Study.model_validate(study))
    # Translate-test borrows the model of zero-shot, so there are two trained systems.
    assert to_know(plan, []) == [
        f"xmixup/{method}/tiny-x/xnli: weights selected on the dev split, which it trained on"
        for method in ("translate_train", "zero_shot")
    ]


def test_summary_shows_tables_flags_and_places() -> None:
    plan = make_plan(seeds=[1, 2])
    records = make_records(plan)
    flags = to_know(plan, records)
    text = summary(plan, records, flags, [Path("t/xmixup/xnli.md")], Path("report/index.html"))
    # Zero-shot over seeds 1 and 2: en 80 82: 81, sd 1.41; qab 60 60.
    assert (
        "\n".join(
            [
                "XNLI: accuracy, 0 to 100 (study toy, paper xmixup, tiny-x)",
                "",
                "                           en       qaa       qab       avg  avg targets  seeds",
                "Zero-shot            81.0±1.4  70.5±0.7  60.0±0.0  70.5±0.7     65.2±0.4      2",
                "Translate-train-all  81.5±0.7  78.5±0.7  77.0±0.0  79.0±0.0     77.8±0.4      2",
                "Translate-test       81.0±1.4  75.5±0.7  73.5±0.7  76.7±0.0     74.5±0.7      2",
            ]
        )
        in text
    )
    assert "not comparable with the paper: artificial languages" in text
    (line,) = [part for part in text.split("- ") if part.startswith("not enough seeds")]
    for method in ("zero_shot", "translate_train", "translate_test"):
        assert f"xmixup/{method}/tiny-x/xnli" in line
    assert text.endswith("Tables: t/xmixup\nReport: report/index.html\n")


def test_summary_of_many_languages_fits_the_terminal() -> None:
    study = copy.deepcopy(STUDY)
    codes = [f"q{a}{b}" for a in "abc" for b in "abcdefghij"]
    study["data"]["artificial"]["languages"] = {code: {"text_share": 0.5 / 30} for code in codes}
    study["tasks"]["xnli"]["languages"] = ["en", *codes]
    plan = Plan(Study.model_validate(study))
    records = [
        make_record(plan, run, dict.fromkeys(["en", *codes], 33.0 + run.seed)) for run in plan.runs
    ]
    text = summary(plan, records, to_know(plan, records), [], Path("index.html"))
    assert max(map(len, text.splitlines())) <= WIDTH
    head = " ".join(line for line in text.splitlines() if line.startswith(" "))
    for code in ("en", *codes, "seeds"):
        assert f" {code}" in head
    # 34 columns of 10 beside names of 21 letters: seven to a block.
    assert text.count("\nZero-shot †") == 5


def test_weights_chosen_on_the_source_of_the_test_questions_are_flagged() -> None:
    study = copy.deepcopy(STUDY)
    study["data"] = {"source": "folder", "root": "x"}
    study["tasks"] = {"xquad": {"languages": ["en", "de"]}}
    study["experiments"][0] |= {"methods": ["zero_shot"], "tasks": ["xquad"], "seeds": [1]}
    said = "xmixup/zero_shot/tiny-x/xquad: weights selected on SQuAD dev, where XQuAD's questions "
    flagged = to_know(Plan(Study.model_validate(study)), [])
    assert flagged[0] == said + "come from"
    study["training"]["defaults"]["selection"] = "last"
    assert said + "come from" not in to_know(Plan(Study.model_validate(study)), [])
