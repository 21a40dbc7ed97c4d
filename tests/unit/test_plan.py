# SPDX-License-Identifier: Apache-2.0
"""The plan: what a small study expands to, compared with lists written by hand."""

import pytest
import yaml

from xling.config.study import Study
from xling.plan import Plan, Run, canonical

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
    # xnli seed 1 is trained once for two runs; seed 2 and robust's pawsx only for translate_test.
    assert [run.path for run in plan.trainings] == [
        "robust/zero_shot/tiny/pawsx/seed-1",
        "xmixup/translate_train/tiny/xnli/seed-1",
        "xmixup/translate_train/tiny/xnli/seed-2",
        "xmixup/zero_shot/given/pawsx/seed-1",
        "xmixup/zero_shot/given/xnli/seed-1",
        "xmixup/zero_shot/tiny/pawsx/seed-1",
        "xmixup/zero_shot/tiny/xnli/seed-1",
        "xmixup/zero_shot/tiny/xnli/seed-2",
    ]
    borrower = run_at("xmixup/translate_test/tiny/xnli/seed-2")
    assert borrower.trained_as == run_at("xmixup/zero_shot/tiny/xnli/seed-2")


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
    assert plan.train_splits(run) == ["train", "translate_train"]
    assert plan.dev_splits(run) == []
    assert plan.dev_splits(run_at("xmixup/zero_shot/given/pawsx/seed-1")) == ["dev"]
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
