# SPDX-License-Identifier: Apache-2.0
"""The plan: what a small study expands to, compared with lists written by hand."""

import json
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from pydantic import ValidationError

from xling.config.loader import load_study
from xling.config.study import Study
from xling.plan import Plan, Run, canonical
from xling.tasks import TASKS

ROOT = Path(__file__).parents[2]

SMALL = """
name: small
description: two encoders, two tasks
data:
  source: artificial
  artificial:
    source_text_share: 0.6
    text_documents: 100
    languages:
      qaa: {word_order: SVO, text_share: 0.3}
      qab: {word_order: SOV, text_share: 0.1}
    sizes:
      xnli: {train: 50, dev: 10, test: 20}
      pawsx: {train: 60, dev: 12, test: 24}
tasks:
  xnli: {languages: [en, qaa, qab], max_length: 48}
  pawsx: {languages: [en, qab], max_length: 40}
encoders:
  tiny: &tiny
    source: scratch
    architecture: bert
    vocabulary: 100
    hidden_size: 8
    layers: 1
    heads: 2
    intermediate_size: 16
    pretraining: {steps: 5, max_length: 32}
  given: {source: folder, path: somewhere}
  unused: *tiny
training:
  defaults: {learning_rate: 1.0e-3, batch_size: 4, max_steps: 10, selection: best_source_dev}
  overrides:
    - where: {tasks: [xnli]}
      set: {batch_size: 8, selection: last}
    - where: {methods: [translate_train], models: [tiny]}
      set: {epochs: 2, batch_size: 16}
experiments:
  - paper: xmixup
    methods: [translate_test, translate_train]
    models: [tiny]
    tasks: [xnli]
    seeds: [2, 1]
  - paper: xmixup
    methods: [zero_shot]
    models: [given, tiny]
    tasks: [pawsx, xnli]
    seeds: [1]
  - paper: robust
    methods: [translate_test]
    models: [tiny]
    tasks: [pawsx]
    seeds: [1]
    languages: {pawsx: [qab]}
"""
RUNS = [
    "robust/translate_test/tiny/pawsx/seed-1",
    "xmixup/translate_test/tiny/xnli/seed-1",
    "xmixup/translate_test/tiny/xnli/seed-2",
    "xmixup/translate_train/tiny/xnli/seed-1",
    "xmixup/translate_train/tiny/xnli/seed-2",
    "xmixup/zero_shot/given/pawsx/seed-1",
    "xmixup/zero_shot/given/xnli/seed-1",
    "xmixup/zero_shot/tiny/pawsx/seed-1",
    "xmixup/zero_shot/tiny/xnli/seed-1",
]


@pytest.fixture
def plan():
    return Plan(Study.model_validate(yaml.safe_load(SMALL)))


def run_at(path):
    paper, method, model, task, seed = path.split("/")
    return Run(paper, method, model, task, int(seed.removeprefix("seed-")))


def test_runs(plan):
    assert [run.path for run in plan.runs] == RUNS


def test_translate_test_shares_the_zero_shot_model(plan):
    # xnli seed 1 is trained once for two runs, seed 2 only for translate_test, and robust's pawsx
    # uses the model of xmixup's zero_shot.
    assert [run.path for run in plan.trainings] == [
        "xmixup/translate_train/tiny/xnli/seed-1",
        "xmixup/translate_train/tiny/xnli/seed-2",
        "xmixup/zero_shot/given/pawsx/seed-1",
        "xmixup/zero_shot/given/xnli/seed-1",
        "xmixup/zero_shot/tiny/pawsx/seed-1",
        "xmixup/zero_shot/tiny/xnli/seed-1",
        "xmixup/zero_shot/tiny/xnli/seed-2",
    ]
    borrower = run_at("xmixup/translate_test/tiny/xnli/seed-2")
    assert plan.trained_as(borrower) == run_at("xmixup/zero_shot/tiny/xnli/seed-2")


def test_names_in_use(plan):
    assert plan.papers == ["robust", "xmixup"]
    assert plan.models == ["given", "tiny"]
    assert plan.tasks == ["pawsx", "xnli"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        # (batch_size, epochs, max_steps, selection)
        ("xmixup/zero_shot/tiny/pawsx/seed-1", (4, None, 10, "best_source_dev")),
        ("xmixup/zero_shot/tiny/xnli/seed-1", (8, None, 10, "last")),
        ("xmixup/translate_train/tiny/xnli/seed-1", (16, 2.0, None, "last")),
    ],
)
def test_later_overrides_win_and_epochs_clear_max_steps(plan, path, expected):
    settings = plan.settings(run_at(path))
    assert settings.learning_rate == 1e-3
    assert (
        settings.batch_size,
        settings.epochs,
        settings.max_steps,
        settings.selection,
    ) == expected


def test_splits(plan):
    # pawsx selects on dev, xnli does not; nobody trains on pawsx translations.
    assert plan.splits("pawsx") == ["dev", "test", "train", "translate_test"]
    assert plan.splits("xnli") == ["test", "train", "translate_test", "translate_train"]


def test_splits_of_a_run(plan):
    run = run_at("xmixup/translate_train/tiny/xnli/seed-1")
    assert plan.train_splits(run) == [("xnli", "train"), ("xnli", "translate_train")]
    assert plan.train_languages(run) == ["en", "qaa", "qab"]
    assert plan.dev_splits(run) == []
    assert plan.dev_splits(run_at("xmixup/zero_shot/given/pawsx/seed-1")) == [("pawsx", "dev")]
    assert plan.test_split(run) == "test"
    assert plan.test_split(run_at("robust/translate_test/tiny/pawsx/seed-1")) == "translate_test"


@pytest.mark.parametrize(
    ("task", "split", "languages"),
    [
        ("xnli", "train", ["en"]),
        ("xnli", "translate_train", ["qaa", "qab"]),
        ("xnli", "test", ["en", "qaa", "qab"]),
        ("xnli", "translate_test", ["en", "qaa", "qab"]),
        ("pawsx", "dev", ["en", "qab"]),
        ("pawsx", "translate_test", ["qab"]),
        ("text", "text", ["en", "qab", "qaa"]),
    ],
)
def test_split_languages(plan, task, split, languages):
    assert plan.split_languages(task, split) == languages


def test_languages_of_a_run(plan):
    assert plan.languages(run_at("robust/translate_test/tiny/pawsx/seed-1")) == ["qab"]
    assert plan.languages(run_at("xmixup/zero_shot/tiny/pawsx/seed-1")) == ["en", "qab"]


def test_encoders(plan):
    assert plan.needs_text("tiny")
    assert not plan.needs_text("given")
    assert plan.positions == 48


def test_canonical_text_does_not_depend_on_order():
    assert canonical({"b": [1, "é"], "a": None}) == '{"a":null,"b":[1,"é"]}'
    assert canonical({"a": None, "b": [1, "é"]}) == canonical({"b": [1, "é"], "a": None})


# --- tasks that borrow, tasks that train nothing ------------------------------------------------

NINE = """
name: nine
description: all tasks
data:
  source: artificial
  artificial:
    source_text_share: 0.6
    text_documents: 100
    languages:
      qaa: {text_share: 0.3}
      qab: {text_share: 0.1}
    sizes: {SIZES}
tasks:
  udpos: {languages: [en, qaa]}
  xquad: {languages: [en, qaa, qab], max_length: 64, windows: {doc_stride: 24}}
  mlqa: {languages: [en, qab], max_length: 64, windows: {doc_stride: 24}}
  tydiqa: {languages: [en, qaa]}
  bucc2018: {languages: [qaa, qab]}
  tatoeba: {languages: [qab], search: {layer: 1, sweep: true}}
encoders:
  given: {source: folder, path: somewhere}
training:
  defaults: {max_steps: 10}
experiments:
  - paper: xmixup
    methods: [translate_test, translate_train, zero_shot]
    models: [given]
    tasks: [mlqa, tydiqa, udpos]
    seeds: [1]
  - paper: xmixup
    methods: [mean_pooled]
    models: [given]
    tasks: [bucc2018, tatoeba]
    seeds: [1]
"""
SIZES = json.dumps({name: {"train": 40, "dev": 10, "test": 20} for name in TASKS})


def nine(**changes):
    """The study of nine tasks with values below ``tasks`` or ``training`` changed."""
    values = yaml.safe_load(NINE.replace("{SIZES}", SIZES))
    for task, settings in changes.get("tasks", {}).items():
        values["tasks"][task] |= settings
    values["training"]["defaults"] |= changes.get("defaults", {})
    values["data"] = changes.get("data", values["data"])
    return Plan(Study.model_validate(values))


def shipped(name):
    return Plan(load_study(name, studies=ROOT / "config/studies").study)


class TestBorrowedRows:
    """MLQA trains on XQuAD's rows; here XQuAD is in no experiment."""

    def test_models_are_xquad_s_where_only_the_source_language_is_trained_on(self):
        plan = nine()
        for method in ("zero_shot", "translate_test"):
            run = run_at(f"xmixup/{method}/given/mlqa/seed-1")
            assert plan.trained_as(run) == run_at("xmixup/zero_shot/given/xquad/seed-1")
        own = run_at("xmixup/translate_train/given/mlqa/seed-1")
        assert plan.trained_as(own) == own
        assert [run.path for run in plan.trainings] == [
            "xmixup/translate_train/given/mlqa/seed-1",
            "xmixup/translate_train/given/tydiqa/seed-1",
            "xmixup/translate_train/given/udpos/seed-1",
            "xmixup/zero_shot/given/tydiqa/seed-1",
            "xmixup/zero_shot/given/udpos/seed-1",
            "xmixup/zero_shot/given/xquad/seed-1",
        ]

    def test_the_model_is_trained_once_for_both_tasks(self):
        values = yaml.safe_load(NINE.replace("{SIZES}", SIZES))
        values["experiments"][0]["tasks"] = ["mlqa", "xquad"]
        plan = Plan(Study.model_validate(values))
        assert [run.path for run in plan.trainings] == [
            "xmixup/translate_train/given/mlqa/seed-1",
            "xmixup/translate_train/given/xquad/seed-1",
            "xmixup/zero_shot/given/xquad/seed-1",
        ]

    def test_rows_are_xquad_s_and_languages_mlqa_s(self):
        plan = nine()
        own = run_at("xmixup/translate_train/given/mlqa/seed-1")
        assert plan.train_splits(own) == [("xquad", "train"), ("xquad", "translate_train")]
        assert plan.train_languages(own) == ["en", "qab"]
        shared = plan.trained_as(run_at("xmixup/zero_shot/given/mlqa/seed-1"))
        assert plan.train_splits(shared) == [("xquad", "train")]
        assert plan.split_languages("xquad", "translate_train") == ["qaa", "qab"]

    def test_xquad_is_prepared_but_not_scored(self):
        plan = nine()
        expected = ["bucc2018", "mlqa", "tatoeba", "tydiqa", "udpos", "xquad"]
        assert plan.tasks == expected
        assert plan.splits("xquad") == ["train", "translate_train"]
        assert plan.splits("mlqa") == ["test", "translate_test"]
        assert "xquad" not in {run.task for run in plan.runs}

    def test_the_lender_is_prepared_even_if_no_model_is_its_own(self):
        values = yaml.safe_load(NINE.replace("{SIZES}", SIZES))
        values["experiments"] = values["experiments"][:1]
        values["experiments"][0] |= {"methods": ["translate_train"], "tasks": ["mlqa"]}
        plan = Plan(Study.model_validate(values))
        assert [run.task for run in plan.trainings] == ["mlqa"]
        assert plan.tasks == ["mlqa", "xquad"]
        assert plan.splits("xquad") == ["train", "translate_train"]
        assert plan.splits("mlqa") == ["test"]

    def test_dev_sets_are_those_of_the_task_that_is_trained(self):
        plan = nine(defaults={"selection": "best_source_dev"})
        own = run_at("xmixup/translate_train/given/mlqa/seed-1")
        assert plan.dev_splits(own) == [("mlqa", "dev")]
        shared = plan.trained_as(run_at("xmixup/zero_shot/given/mlqa/seed-1"))
        assert plan.dev_splits(shared) == [("xquad", "dev")]
        assert plan.splits("xquad") == ["dev", "train", "translate_train"]
        assert plan.splits("mlqa") == ["dev", "test", "translate_test"]

    def test_what_must_be_found(self):
        plan = nine()
        assert plan.uses("mlqa") == {
            "languages": ["en", "qab"],
            "train_split": "train",
            "test_split": "test",
            "splits": {"test": ["en", "qab"], "translate_test": ["en", "qab"]},
        }
        assert plan.uses("xquad")["splits"] == {"train": ["en"], "translate_train": ["qaa", "qab"]}
        assert set(plan.uses("text")["tasks"]) == set(plan.tasks)


class TestUntrained:
    def test_nothing_is_trained_and_the_run_stands_for_itself(self):
        plan = nine()
        run = run_at("xmixup/mean_pooled/given/tatoeba/seed-1")
        assert not plan.trains(run)
        assert plan.trained_as(run) == run
        assert run in plan.runs
        assert run not in plan.trainings
        assert plan.train_splits(run) == []
        assert plan.splits("tatoeba") == ["test"]

    def test_bucc_reads_its_dev_set_for_the_threshold(self):
        run = run_at("xmixup/mean_pooled/given/bucc2018/seed-1")
        plan = nine()
        assert plan.test_splits(run) == ["dev", "test"]
        assert plan.splits("bucc2018") == ["dev", "test"]
        assert plan.split_languages("bucc2018", "dev") == ["qaa", "qab"]
        assert plan.test_splits(run_at("xmixup/mean_pooled/given/tatoeba/seed-1")) == ["test"]

    def test_bucc_scored_on_its_dev_set_reads_it_once(self):
        plan = nine(tasks={"bucc2018": {"test_split": "dev"}})
        # The prepared split is called test whatever published split it was made of.
        assert plan.test_splits(run_at("xmixup/mean_pooled/given/bucc2018/seed-1")) == ["test"]
        assert plan.splits("bucc2018") == ["test"]
        assert plan.choice("bucc2018")["test_split"] == "dev"


class TestDevLanguages:
    @pytest.mark.parametrize(
        ("task", "artificial", "published"),
        [
            ("udpos", ["en", "qaa"], ["en", "bg"]),  # Kazakh, Thai, Tagalog, Yoruba have none
            ("xquad", ["en"], ["en"]),  # SQuAD's
            ("tydiqa", [], []),
            ("mlqa", ["en", "qab"], ["en", "de"]),
            ("tatoeba", [], []),
            ("bucc2018", ["qaa", "qab"], ["de"]),
        ],
    )
    def test_artificial_and_published(self, task, artificial, published):
        assert nine().dev_languages(task) == artificial
        languages = {
            "udpos": ["kk", "en", "bg", "th", "yo", "tl"],
            "xquad": ["en", "de"],
            "mlqa": ["en", "de"],
            "tydiqa": ["en", "ko"],
            "bucc2018": ["de"],
            "tatoeba": ["de"],
        }
        plan = nine(
            data={"source": "folder", "root": "x"},
            tasks={name: {"languages": codes} for name, codes in languages.items()},
        )
        assert plan.dev_languages(task) == published
        assert plan.split_languages(task, "dev") == published


class TestSettingsOfStages:
    def test_reading(self):
        plan = nine()
        assert plan.reading("udpos") == {"max_length": 128}
        assert plan.reading("tatoeba") == {"max_length": 128}
        assert plan.reading("mlqa") == {"max_length": 64, "doc_stride": 24, "max_question": 64}
        # XTREME's values where none are given.
        assert plan.reading("tydiqa") == {"max_length": 128, "doc_stride": 128, "max_question": 64}

    def test_decoding(self):
        plan = nine()
        assert plan.decoding("udpos") == {}
        assert plan.decoding("tydiqa") == {"max_answer": 30, "n_best": 20}
        assert plan.decoding("mlqa") == {"max_answer": 30, "n_best": 20}
        usual = {"pooling": "mean", "layer": None, "sweep": False, "neighbours": 4}
        assert plan.decoding("bucc2018") == usual
        assert plan.decoding("tatoeba") == usual | {"layer": 1, "sweep": True}

    def test_choice(self):
        plan = nine(tasks={"xquad": {"train_split": "test", "held_out": 0.25}})
        assert plan.choice("xquad") == {
            "train_split": "test",
            "test_split": "test",
            "held_out": 0.25,
        }
        # Where nothing is held out the share changes nothing, so it must not re-run anything.
        other = nine(tasks={"xquad": {"held_out": 0.25}})
        assert other.choice("xquad") == {"train_split": "train", "test_split": "test"}
        assert other.choice("xquad") == nine().choice("xquad")
        assert other.choice("text") == {}

    def test_sizes(self):
        assert json.loads(nine().sizes("mlqa")) == {"train": 40, "dev": 10, "test": 20}
        assert nine().sizes("text") == "null"
        assert shipped("local-xtreme").sizes("mlqa") == "null"

    def test_text_is_in_the_languages_of_all_tasks_the_source_first(self):
        # In the order of the tasks' names: bucc2018 has qaa and qab.
        assert nine().text_languages == ["en", "qaa", "qab"]
        assert nine().split_languages("text", "text") == ["en", "qaa", "qab"]


@pytest.fixture(scope="module")
def xtreme():
    return shipped("xtreme")


class TestArtefacts:
    def test_only_downloaded_data_has_them(self):
        assert nine().artefacts("xquad") == []
        assert shipped("local-xtreme").artefacts("bucc2018") == []

    @pytest.mark.parametrize(
        ("task", "expected"),
        [
            ("xnli", ["xnli-1.0", "xnli-mt-1.0"]),
            ("pawsx", ["pawsx-x-final"]),
            ("udpos", ["ud-2.5"]),
            ("mlqa", ["mlqa-1"]),
            ("tydiqa", ["tydiqa-goldp-1.1-dev", "tydiqa-goldp-1.1-train"]),
            (
                "xquad",
                [
                    "squad-1.1-train",
                    *(f"xquad-{c}" for c in "ar de el en es hi ru th tr vi zh".split()),
                ],
            ),
            (
                "bucc2018",
                [
                    f"bucc2018-{c}-{p}"
                    for c in "de fr ru zh".split()
                    for p in ("sample", "training")
                ],
            ),
        ],
    )
    def test_xtreme(self, xtreme, task, expected):
        assert xtreme.artefacts(task) == expected

    def test_xtreme_with_one_artefact_per_language(self, xtreme):
        assert len(xtreme.artefacts("panx")) == 40
        assert len(xtreme.artefacts("tatoeba")) == 2 * 36
        total = {key for task in xtreme.tasks for key in xtreme.artefacts(task)}
        assert len(total) == 2 + 1 + 1 + 40 + 12 + 1 + 2 + 8 + 72


@pytest.mark.parametrize(
    ("default", "override", "expected"),
    [
        ({"warmup_ratio": 0.1}, {"warmup_steps": 500}, (0.0, 500)),
        ({"warmup_steps": 500}, {"warmup_ratio": 0.1}, (0.1, None)),
        ({"warmup_ratio": 0.1}, {"batch_size": 8}, (0.1, None)),
    ],
)
def test_the_two_ways_to_say_a_warm_up_clear_each_other(default, override, expected):
    values = yaml.safe_load(SMALL)
    values["training"]["defaults"] |= default
    values["training"]["overrides"] = [{"where": {"tasks": ["xnli"]}, "set": override}]
    plan = Plan(Study.model_validate(values))
    settings = plan.settings(next(run for run in plan.runs if run.task == "xnli"))
    assert (settings.warmup_ratio, settings.warmup_steps) == expected


class TestPairedRows:
    """X-Mixup reads every row with its English side."""

    BLOCK: ClassVar = {"paper": "xmixup", "models": ["given"], "seeds": [1]}

    def planned(self, **choices):
        values = yaml.safe_load(NINE.replace("{SIZES}", SIZES))
        values["experiments"] = [self.BLOCK | {"methods": ["xmixup"], "tasks": ["xquad", "udpos"]}]
        if choices:
            values["training"]["defaults"]["xmixup"] = choices
        return Plan(Study.model_validate(values))

    def run(self, plan, task):
        return next(run for run in plan.runs if run.task == task)

    def test_training_rows_have_an_original_and_a_back_translation(self):
        plan = self.planned()
        sides = plan.english_splits(self.run(plan, "xquad"))
        assert sides == ([("xquad", "train")], [("xquad", "back_translate")])
        assert "back_translate" in plan.splits("xquad")
        targets = [code for code in plan.study.tasks["xquad"].languages if code != "en"]
        assert plan.split_languages("xquad", "back_translate") == targets

    def test_without_sampling_there_are_no_back_translations(self):
        plan = self.planned(set={"sampling": "off"})
        assert plan.english_splits(self.run(plan, "xquad"))[1] == []
        assert "back_translate" not in plan.splits("xquad")

    def test_gold_english_exists_only_where_the_test_set_is_parallel(self):
        plan = self.planned()
        translated, gold = ("translate_test", "translate_test"), ("gold", "gold_english")
        assert plan.english_tests(self.run(plan, "xquad")) == [translated, gold]
        assert plan.english_tests(self.run(plan, "udpos")) == [translated]
        assert plan.test_settings(self.run(plan, "xquad")) == ["translate_test", "gold"]
        assert plan.test_settings(self.run(plan, "udpos")) == ["translate_test"]
        assert plan.split_languages("xquad", "gold_english") == plan.study.tasks["xquad"].languages

    def test_the_ensemble_has_the_sides_of_the_task_unless_it_is_told_others(self):
        values = yaml.safe_load(SMALL)
        override = {"where": {"methods": ["xmixup"]}, "set": {"xmixup": {"english": ["gold"]}}}
        values["training"]["overrides"] = [override]
        values["experiments"][0] |= {
            "methods": ["translate_train_ensemble", "xmixup"],
            "tasks": ["xnli"],
        }
        plan = Plan(Study.model_validate(values))
        sides = {run.method: plan.english_tests(run) for run in plan.runs if run.task == "xnli"}
        gold = ("gold", "gold_english")
        assert sides["translate_train_ensemble"] == [("translate_test", "translate_test"), gold]
        assert sides["xmixup"] == [gold]
        run = next(run for run in plan.runs if run.method == "translate_train_ensemble")
        assert plan.test_settings(run) == ["translate_test_mean", "gold_mean"]
        assert plan.test_settings(plan.trained_as(run)) == ["standard"]
        assert plan.trained_as(run).method == "translate_train"
        assert plan.english_splits(plan.trained_as(run)) == ([], [])
        assert plan.teacher(run) is None
        override["where"]["methods"].append("translate_train_ensemble")
        assert Plan(Study.model_validate(values)).english_tests(run) == [gold]

    def test_only_what_is_asked_for_is_prepared(self):
        # UD-POS has no gold English: the check of the study says so (test_english_sides.py).
        plan = self.planned(english=["gold"], set={"sampling": "off"})
        assert plan.splits("xquad") == ["gold_english", "test", "train", "translate_train"]

    def test_other_methods_read_each_row_by_itself(self, plan):
        run = plan.runs[0]
        assert plan.english_splits(run) == ([], [])
        assert plan.english_tests(run) == []

    def test_an_unknown_setting_is_named(self):
        with pytest.raises(ValidationError, match="unknown setting of X-Mixup 'alhpa'"):
            self.planned(set={"alhpa": 0.1})


class TestSystems:
    """Variants of methods under names of their own."""

    SYSTEMS: ClassVar = {
        "fixed": {
            "method": "xmixup",
            "title": "X-Mixup, fixed ratio",
            "set": {"xmixup": {"set": {"ratio": "fixed", "fixed_ratio": 0.25}}, "batch_size": 4},
        }
    }

    def plan(self, *, overrides=(), task="udpos", methods=("xmixup", "fixed")):
        values = yaml.safe_load(NINE.replace("{SIZES}", SIZES))
        values["experiments"] = values["experiments"][:1]
        values["experiments"][0] |= {"methods": list(methods), "tasks": [task]}
        values["training"]["overrides"] = list(overrides)
        values["systems"] = self.SYSTEMS
        return Plan(Study.model_validate(values))

    def test_a_variant_is_a_method_with_a_training_of_its_own(self):
        plan, run = self.plan(), run_at("xmixup/fixed/given/udpos/seed-1")
        assert run in plan.runs
        assert plan.trained_as(run) == run
        found = plan.method("fixed")
        assert (found.base, found.title, found.paired) == ("xmixup", "X-Mixup, fixed ratio", True)
        assert plan.method("xmixup").base == "xmixup"

    def test_its_settings_come_last_and_those_of_xmixup_are_merged(self):
        common = {"batch_size": 2, "xmixup": {"preset": "paper", "set": {"layer": 1}}}
        plan = self.plan(overrides=[{"where": {"methods": ["xmixup"]}, "set": common}])
        own = plan.settings(run_at("xmixup/fixed/given/udpos/seed-1"))
        assert own.batch_size == 4
        assert own.xmixup.set == {"layer": 1, "ratio": "fixed", "fixed_ratio": 0.25}
        base = plan.settings(run_at("xmixup/xmixup/given/udpos/seed-1"))
        assert (base.batch_size, base.xmixup.set) == (2, {"layer": 1})

    def test_an_override_can_name_the_variant_alone(self):
        plan = self.plan(
            overrides=[{"where": {"methods": ["fixed"]}, "set": {"warmup_ratio": 0.5}}]
        )
        assert plan.settings(run_at("xmixup/fixed/given/udpos/seed-1")).warmup_ratio == 0.5
        assert plan.settings(run_at("xmixup/xmixup/given/udpos/seed-1")).warmup_ratio != 0.5

    def test_tagging_has_a_teacher_that_is_trained_for_it(self):
        plan = self.plan()
        run = run_at("xmixup/fixed/given/udpos/seed-1")
        teacher = run_at("xmixup/zero_shot/given/udpos/seed-1")
        assert plan.teacher(run) == teacher
        assert plan.labellings == [(teacher, "translate_train")]
        assert teacher in plan.trainings
        assert teacher not in plan.runs
        assert plan.labelled_part(teacher) == ("udpos", "translate_train")
        assert plan.labels_path(teacher, "translate_train") == teacher.path

    def test_there_is_none_where_tags_are_carried_over_and_for_other_families(self):
        carried = {"where": {"methods": ["xmixup"]}, "set": {"xmixup": {"teacher": None}}}
        assert self.plan(overrides=[carried]).labellings == []
        plan = self.plan(task="xquad")
        assert plan.teacher(run_at("xmixup/xmixup/given/xquad/seed-1")) is None
