# SPDX-License-Identifier: Apache-2.0
"""Translations of our own in a study: who reads which, what is made of what, what is refused."""

from __future__ import annotations

import re

import pytest
import yaml

from xling.config.loader import load_study
from xling.errors import UsageError
from xling.estimate import estimate
from xling.plan import Plan, Run
from xling.status.jobs import jobs_of
from xling.translate_splits import MadeSplit, layout, made_split, sources_of

STUDY = """\
name: own
description: translations of our own
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
      udpos: {train: 50, dev: 10, test: 20}
      xquad: {train: 50, dev: 10, test: 20}
      mlqa: {dev: 10, test: 20}
tasks:
  xnli: {languages: [en, qaa, qab]}
  udpos: {languages: [en, qaa, qab]}
  xquad: {languages: [en, qaa, qab]}
  mlqa: {languages: [en, qab]}
encoders:
  tiny:
    source: scratch
    architecture: bert
    vocabulary: 100
    hidden_size: 8
    layers: 2
    heads: 2
    intermediate_size: 16
    pretraining: {steps: 5}
training:
  defaults: {batch_size: 4, max_steps: 10}
translation:
  benchmarks:
    ted8_related: {vocabulary: {size: 100}, sizes: {largest: 100, ratio: 1.0, dev: 5, test: 5}}
  models:
    mt: {encoder_layers: 1, decoder_layers: 1, width: 8, ffn: 16, heads: 2}
  training: {defaults: {max_updates: 10, warmup_updates: 5}}
  experiments:
    - methods: [temperature_1]
      models: [mt]
      benchmarks: [ted8_related]
      directions: [m2o, o2m]
      seeds: [1]
translations:
  engines:
    exact: {kind: artificial}
    mine:
      kind: ctranslate2
      family: fairseq
      trained: {method: temperature_1, model: mt, benchmark: ted8_related, seed: 1}
  shards: 3
  products: {alignment: {layer: 1}}
  aligner: tiny
systems:
  train-exact: {method: translate_train, title: exact, translations: exact}
  train-mine: {method: translate_train, title: mine, translations: mine}
  test-mine: {method: translate_test, title: mine, translations: mine}
  mixed-mine: {method: xmixup, title: mixed, translations: mine}
experiments:
  - paper: xmixup
    methods: [zero_shot, translate_train, translate_test, train-exact, train-mine, test-mine]
    models: [tiny]
    tasks: [xnli, mlqa]
    seeds: [1]
  - paper: xmixup
    methods: [xmixup, mixed-mine]
    models: [tiny]
    tasks: [udpos]
    seeds: [1]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def load(tmp_path, *replacements):
    text = STUDY
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(str(path)).study


@pytest.fixture
def plan(tmp_path):
    return Plan(load(tmp_path))


def run(method, task):
    return Run("xmixup", method, "tiny", task, 1)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("translate_train-exact", MadeSplit("translate_train", "exact")),
        ("back_translate-my-own", MadeSplit("back_translate", "my-own")),
        ("translate_train", None),
        ("train_rs_da-m3-seed1", None),
        ("train-exact", None),
        ("translate_train-", None),
    ],
)
def test_names_of_splits(name, found):
    assert made_split(name) == found
    assert layout(name) == (found.split if found else name)
    if found:
        assert found.name == name


def test_what_splits_are_made_of():
    assert sources_of("translate_test-exact") == ["test"]
    assert sources_of("back_translate-exact") == ["train", "translate_train-exact"]
    assert sources_of("back_translate") == []


class TestReaders:
    """Each system reads the translations that it names."""

    def test_systems_of_one_study_differ(self, plan):
        both = [("xnli", "train")]
        assert plan.train_splits(run("translate_train", "xnli")) == [
            *both,
            ("xnli", "translate_train"),
        ]
        own = [*both, ("xnli", "translate_train-exact")]
        assert plan.train_splits(run("train-exact", "xnli")) == own
        assert plan.test_splits(run("translate_test", "mlqa")) == ["translate_test"]
        assert plan.test_splits(run("test-mine", "mlqa")) == ["translate_test-mine"]
        assert plan.test_splits(run("train-mine", "mlqa")) == ["test"]
        mixed = run("mixed-mine", "udpos")
        assert plan.english_splits(mixed)[1] == [("udpos", "back_translate-mine")]
        assert plan.english_tests(mixed) == [("translate_test", "translate_test-mine")]

    def test_one_line_plugs_an_engine_in_for_all(self, tmp_path):
        plan = Plan(load(tmp_path, ("  shards: 3", "  use: exact\n  shards: 3")))
        split = ("xnli", "translate_train-exact")
        assert plan.train_splits(run("translate_train", "xnli"))[1] == split
        assert plan.test_split(run("translate_test", "mlqa")) == "translate_test-exact"
        assert plan.test_split(run("test-mine", "mlqa")) == "translate_test-mine"
        assert plan.test_split(run("zero_shot", "mlqa")) == "test"

    def test_a_study_that_reads_none_plans_none(self, tmp_path):
        values = yaml.safe_load(STUDY)
        values["systems"] = {}
        values["experiments"] = [values["experiments"][0] | {"methods": ["translate_train"]}]
        (tmp_path / "own.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        plan = Plan(load_study(str(tmp_path / "own.yaml")).study)
        assert plan.translations is None
        assert plan.splits("xnli") == ["dev", "test", "train", "translate_train"][1:]

    def test_translate_test_borrows_the_model_of_zero_shot(self, plan):
        assert plan.trained_as(run("test-mine", "xnli")) == run("zero_shot", "xnli")

    def test_a_teacher_labels_each_engines_words(self, plan):
        teacher = run("zero_shot", "udpos")
        splits = ["translate_train", "translate_train-mine"]
        assert plan.labellings == [(teacher, split) for split in splits]
        assert plan.labels_path(teacher, splits[0]) == teacher.path
        own = f"xmixup/zero_shot/tiny/udpos/{splits[1]}/seed-1"
        assert plan.labels_path(teacher, splits[1]) == own


class TestEngines:
    """What each engine translates."""

    def test_uses(self, plan):
        own = plan.translations
        assert own.engines == ["exact", "mine"]
        # MLQA's own rows are translated for tests; it is trained on those of XQuAD.
        assert own.tasks("mine") == ["mlqa", "udpos", "xnli", "xquad"]
        assert own.uses("mine", "xnli") == {
            "translate_test": ["qaa", "qab"],
            "translate_train": ["qaa", "qab"],
        }
        assert own.uses("mine", "mlqa") == {"translate_test": ["qab"]}
        assert set(own.uses("mine", "udpos")) == {
            "back_translation",
            "translate_test",
            "translate_train",
        }
        assert own.uses("exact", "xnli") == {"translate_train": ["qaa", "qab"]}
        assert own.rounds("mine", "udpos") == ["there", "back"]
        assert own.rounds("exact", "xnli") == ["there"]

    def test_dev_sets_are_translated_on_demand(self, tmp_path):
        own = Plan(load(tmp_path, ("  shards: 3", "  dev_sets: true\n  shards: 3"))).translations
        assert own.uses("mine", "xnli")["translate_dev"] == ["qaa", "qab"]
        assert "translate_dev" not in own.uses("exact", "xnli")
        assert own.prepared("mine", "mlqa", "there") == {"dev": "dev", "test": "test"}

    def test_models_by_direction(self, plan):
        own = plan.translations
        assert own.converted == [("mine", "from"), ("mine", "to")]
        assert own.folders("mine") == {
            "en-qaa": "engines/mine/from",
            "en-qab": "engines/mine/from",
            "qaa-en": "engines/mine/to",
            "qab-en": "engines/mine/to",
        }
        assert own.trained_run("mine", "to").task == "ted8_related-m2o"
        assert own.folders("exact") == {}
        # The engine's settings and the converted model must agree.
        assert (
            own.settings("mine")["licence"] == own.origin("mine", "to")["licence"] == "Apache-2.0"
        )

    def test_a_published_model_of_each_direction(self, tmp_path):
        folders = "{en-qaa: a, qaa-en: b, en-qab: c, qab-en: d}"
        old = STUDY[STUDY.index("      family: fairseq") : STUDY.index("  shards: 3")]
        new = f"      family: opus_mt\n      licence: CC-BY-4.0\n      models: {folders}\n"
        own = Plan(load(tmp_path, (old, new))).translations
        assert own.parts("mine") == ["en-qaa", "en-qab", "qaa-en", "qab-en"]
        assert own.folders("mine")["qab-en"] == "engines/mine/qab-en"
        assert own.source("mine", "qab-en") == "d"
        slow = new.replace("opus_mt", "opus_mt\n      search: {patience: 1.0}")
        given = ((old, slow), ("kind: ctranslate2", "kind: transformers"))
        own = Plan(load(tmp_path, *given)).translations
        assert own.parts("mine") == []
        assert own.folders("mine")["qab-en"] == "d"

    def test_what_is_compared_with_exact_translations(self, plan):
        own = plan.translations
        assert own.exact("mine", "xnli") == {"translate_train": "translate_train-exact"}
        assert own.exact("exact", "xnli") == {}

    def test_the_aligner_is_an_encoder_of_the_study(self, plan):
        assert plan.translations.aligner == "tiny"
        assert plan.translations.aligns("mine", "udpos")
        assert not plan.translations.aligns("exact", "xnli")
        # Answers are carried over by markers.
        assert not plan.translations.aligns("mine", "mlqa")


def test_estimates_and_status_have_the_same_jobs(plan):
    counts: dict[str, int] = {}
    for job in jobs_of(plan):
        counts[job.stage] = counts.get(job.stage, 0) + 1
    planned = {cost.stage: cost.jobs for cost in estimate(plan, None)}
    for stage in ("prepare", "tokenize", "label", "convert_engine", "list_sentences"):
        assert counts[stage] == planned[stage], stage
    for stage in ("translate_shard", "build_products", "measure_quality", "measure_projection"):
        assert counts[stage] == planned[stage], stage
    # Two rounds of six tasks with an engine, projection of two engines, three shards each.
    assert planned["translate_shard"] == (2 * 6 + 2) * 3


MISTAKES = {
    "an engine that is not there": (
        ("title: mine, translations: mine}", "title: mine, translations: mien}"),
        ["unknown engine 'mien'", "systems.train-mine.translations", "'mine'?"],
    ),
    "the engine of all": (
        ("  shards: 3", "  use: mien\n  shards: 3"),
        ["unknown engine 'mien'", "published, exact, mine"],
    ),
    "a name that is taken": (
        ("    exact: {kind", "    published: {kind"),
        ["taken by the translations that are published"],
    ),
    "a system that reads none": (
        ("{method: translate_train, title: exact", "{method: zero_shot, title: exact"),
        ["the method 'zero_shot' reads no translations", "systems.train-exact.translations"],
    ),
    "a system in which nothing differs": (
        ("title: exact, translations: exact}", "title: exact}"),
        ["a variant needs 'set' or 'translations'", "systems.train-exact"],
    ),
    "other settings of a borrowed model": (
        (
            "{method: translate_test, title: mine,",
            "{method: translate_test, set: {batch_size: 2}, title: mine,",
        ),
        ["'translate_test' has no training of its own", "systems.test-mine.method"],
    ),
    "two models": (
        ("      family: fairseq", "      family: fairseq\n      model: here"),
        ["exactly one of 'model', 'models' and 'trained'"],
    ),
    "a model without licence": (
        (STUDY[STUDY.index("      family: fairseq") : STUDY.index("  shards: 3")],
         "      family: nllb\n      model: here\n"),
        ["set 'licence'"],
    ),
    "a training that is not planned": (
        ("directions: [m2o, o2m]", "directions: [o2m]"),
        ["trains the model of 'mine'", "temperature_1/mt/ted8_related-m2o", "engines.mine.trained"],
    ),
    "languages that the model does not know": (
        ("ted8_related: {vocabulary", "ted8_related: {languages: [qaa, qac], vocabulary"),
        ["unknown language 'qac'"],
    ),
    "no encoder to align words": (
        ("  aligner: tiny\n", ""),
        ["carried over by word alignment, and no encoder aligns words", "translations.aligner"],
    ),
    "an unknown aligner": (
        ("  aligner: tiny\n", "  aligner: tin\n"),
        ["unknown encoder 'tin'", "translations.aligner", "'tiny'?"],
    ),
    "a layer that the aligner lacks": (
        ("alignment: {layer: 1}", "alignment: {layer: 3}"),
        ["the encoder 'tiny' has no layer 3", "products.alignment.layer", "0 to 2"],
    ),
    "a flag that does not exist": (
        ("alignment: {layer: 1}", "refused: [shrot]"),
        ["there is no flag 'shrot'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(tmp_path, mistake):
    replacement, words = MISTAKES[mistake]
    with pytest.raises(UsageError) as caught:
        load(tmp_path, replacement)
    for word in words:
        assert word in str(caught.value), str(caught.value)
    assert re.search(r"own\.yaml:\d+", str(caught.value))


def test_a_language_that_published_models_lack(tmp_path):
    old = STUDY[STUDY.index("      family: fairseq") : STUDY.index("  shards: 3")]
    new = "      family: nllb\n      model: here\n      licence: CC-BY-NC-4.0\n"
    with pytest.raises(UsageError, match="nllb models cannot translate 'qaa'"):
        load(tmp_path, (old, new))


def test_only_a_teacher_can_do_without_labels(tmp_path):
    labels = ("alignment: {layer: 1}", "labels: {udpos: soft_labels}, alignment: {layer: 1}")
    assert Plan(load(tmp_path, labels)).labellings
    needs = ("methods: [xmixup, mixed-mine]", "methods: [xmixup, mixed-mine, train-mine]")
    with pytest.raises(UsageError, match="'train-mine' needs labels of translations"):
        load(tmp_path, labels, needs)
