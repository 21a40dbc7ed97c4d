# SPDX-License-Identifier: Apache-2.0
"""The plan of translation models: what a small study expands to, compared by hand."""

import json
from pathlib import Path

import pytest
import yaml
from mt_study import SMALL, load_small

from xling.config.explain import merged_yaml
from xling.config.loader import load_study
from xling.config.study import Study
from xling.mt.plan import TranslationPlan
from xling.plan import Plan, Run

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def plan() -> TranslationPlan:
    found = Plan(Study.model_validate(yaml.safe_load(SMALL))).translation
    assert found is not None
    return found


def run(method, task="ted8_diverse-m2o", seed=1, model="tiny"):
    return Run("cats", method, model, task, seed)


def test_the_grid_is_every_combination_once_and_sorted(plan):
    systems = ["cats", "cats-literal", "gradvac", "static", "temperature_1_5", "temperature_5"]
    expected = {
        run(method, f"ted8_diverse-{direction}", seed)
        for method in systems
        for direction in ("m2o", "o2m")
        for seed in (1, 2)
    }
    expected |= {run("temperature_5-x4"), run("cats-x4"), run("cats", "opus100-m2o", 3, "wide")}
    assert plan.runs == sorted(expected)
    assert plan.pairs == [
        ("opus100", "m2o"),
        ("ted8_diverse", "m2o"),
        ("ted8_diverse", "o2m"),
    ]
    assert plan.benchmarks == ["opus100", "ted8_diverse"]
    assert plan.models == ["tiny", "wide"]


def test_a_run_has_the_place_of_all_papers_runs(plan):
    one = run("cats", "ted8_diverse-o2m", 2)
    assert one in plan.runs
    assert one.path == "cats/cats/tiny/ted8_diverse-o2m/seed-2"
    assert plan.benchmark(one) == "ted8_diverse"
    assert plan.direction(one) == "o2m"


def test_languages_keep_the_order_of_the_study(plan):
    assert plan.languages(run("cats")) == ["qaa", "qab", "qac", "qad"]
    assert plan.languages_of("opus100") == ["qaa", "qac", "qab"]
    assert plan.language_pairs(run("cats"))[0] == "qaa-en"
    assert plan.language_pairs(run("cats", "ted8_diverse-o2m"))[0] == "en-qaa"


def test_sizes_fall_geometrically_and_halves_are_groups(plan):
    # 800 / 8 in three steps of 2.
    assert plan.train_sizes("ted8_diverse") == {"qaa": 800, "qab": 400, "qac": 200, "qad": 100}
    assert plan.groups("ted8_diverse") == {"low": ["qac", "qad"], "mid": [], "high": ["qaa", "qab"]}
    # 90, 30, 10: the middle one of three is low.
    assert plan.groups("opus100") == {"low": ["qac", "qab"], "mid": [], "high": ["qaa"]}


def test_later_overrides_win_and_weighting_is_replaced_key_by_key(plan):
    many, one = run("cats", "ted8_diverse-o2m"), run("cats")
    assert plan.settings(run("static")).max_tokens == 4096
    assert plan.settings(one).max_tokens == 2000
    assert plan.settings(one).weighting == {"period": 20}
    assert plan.settings(one).probe == {"tokens": 50}
    assert plan.settings(many).weighting == {"period": 20, "floor": 0.2}
    assert plan.settings(many).probe == {"tokens": 50, "kind": "twopass"}
    assert plan.settings(run("cats", "opus100-m2o", 3, "wide")).max_tokens == 3000
    # A variant has the overrides of its system, and its own settings last.
    assert plan.settings(run("cats-literal")).weighting == {"period": 7, "mode": "literal"}
    assert plan.settings(run("cats-x4")).update_freq == 4
    assert plan.settings(run("cats-x4")).weighting == {"period": 20}


def test_the_plug_in_is_told_what_follows_from_system_training_and_seed(plan):
    cats = plan.plug_in(run("cats"))
    assert (cats.method, cats.probe.tokens, cats.probe.kind) == ("cats", 50, "gram")
    assert cats.weighting.start == 10  # the end of the warm-up
    assert cats.weighting.mode == "relative"
    assert plan.plug_in(run("cats-literal")).weighting.mode == "literal"
    assert plan.plug_in(run("gradvac", seed=2)).weighting.seed == 2
    assert plan.plug_in(run("static", "ted8_diverse-o2m")).weighting.weights == {
        "en-qaa": 1.0,
        "en-qab": 1.0,
        "en-qac": 1.0,
        "en-qad": 1.0,
    }
    assert plan.plug_in(run("temperature_1_5")).weighting.temperature == 1.5


def test_methods_that_weight_losses_sample_in_proportion(plan):
    assert plan.temperature(run("temperature_5")) == 5.0
    assert plan.temperature(run("temperature_1_5")) == 1.5
    assert plan.temperature(run("cats")) == 1.0


def test_a_study_may_say_what_they_sample_with(tmp_path):
    where = "      - where: {models: [wide]}\n        set: {max_tokens: 3000}"
    new = where.replace("models: [wide]", "methods: [cats]").replace(
        "max_tokens: 3000", "sampling_temperature: 5.0"
    )
    plan = Plan(load_small(tmp_path, (where, new)).study).translation
    assert plan.temperature(run("cats")) == 5.0
    assert plan.temperature(run("static")) == 1.0


def test_every_run_is_compared_with_t_5_of_its_cell_and_budget(plan):
    assert plan.baseline(run("cats", seed=2)) == run("temperature_5", seed=2)
    assert plan.baseline(run("cats-literal")) == run("temperature_5")
    assert plan.baseline(run("temperature_5")) == run("temperature_5")
    assert plan.baseline(run("cats-x4")) == run("temperature_5-x4")
    assert plan.baseline(run("cats", "opus100-m2o", 3, "wide")) is None


def test_checkpoints_of_three_systems_are_analysed(plan):
    assert {one.method for one in plan.analysed} == {"cats", "temperature_5"}
    assert len(plan.analysed) == 2 * 2 * 2 + 1


def test_titles_and_methods_of_systems(plan):
    assert [plan.title(name) for name in ("temperature_1_5", "cats-literal")] == [
        "T = 1.5",
        "literal",
    ]
    assert plan.base("temperature_5-x4") == "temperature"
    assert plan.origin("temperature_5-x4") == "temperature_5"


def test_what_the_stages_are_told_is_json(plan):
    assert plan.uses("opus100") == {
        "languages": ["qaa", "qac", "qab"],
        "sizes": {"largest": 90, "ratio": 9.0, "dev": 5, "test": 6},
    }
    assert plan.choice("opus100") == {
        "variant": "detokenised",
        "deduplicate": False,
        "dev_rows": None,
    }
    assert plan.subwords("opus100")["english"] == 50
    for one in plan.runs[:3]:
        told = json.loads(json.dumps(plan.plug_in(one).model_dump()))
        assert told["method"] == plan.base(one.method)


def test_resources_of_a_run_are_the_studys_and_what_replaces_them(tmp_path):
    more = "  experiments:\n    - methods: [temperature_1_5"
    given = "  resources: [{where: {benchmarks: [opus100]}, set: {gpu: 4}}]\n"
    plan = Plan(load_small(tmp_path, (more, given + more)).study)
    assert plan.resources(run("cats")).gpu == 0
    assert plan.resources(run("cats", "opus100-m2o", 3, "wide")).gpu == 4


def test_a_study_of_translation_alone_fine_tunes_nothing(tmp_path):
    plan = Plan(load_small(tmp_path).study)
    assert (plan.runs, plan.trainings, plan.tasks, plan.papers) == ([], [], [], ["cats"])
    assert plan.positions == 0


def test_a_resolved_study_can_be_loaded_again(tmp_path):
    loaded = load_small(tmp_path)
    again = tmp_path / "small" / "study.yaml"
    again.parent.mkdir()
    again.write_text(merged_yaml(loaded.study), encoding="utf-8")
    assert load_study(str(again)).study == loaded.study


def test_published_benchmarks_have_published_groups_and_downloads():
    plan = Plan(load_study(str(ROOT / "config/studies/paper.yaml")).study).translation
    assert len(plan.languages_of("opus100")) == 94
    sizes = {name: len(codes) for name, codes in plan.groups("opus100").items()}
    assert sizes == {"low": 21, "mid": 29, "high": 44}
    assert plan.groups("ted8_related")["low"] == ["aze", "bel", "glg", "slk"]
    assert plan.artefacts("ted8_diverse") == ["ted-talks"]
    assert len(plan.artefacts("opus100")) == 94
    # 17 systems, two sets, two directions, three seeds; four, two sets, two directions.
    assert len(plan.runs) == 17 * 2 * 2 * 3 + 4 * 2 * 2


def test_demo_runs_a_part_of_mini_with_its_settings():
    studies = [load_study(str(ROOT / f"config/studies/{n}.yaml")).study for n in ("mini", "demo")]
    mini, demo = (Plan(study).translation for study in studies)
    assert len(demo.runs) == 3
    assert set(demo.runs) <= set(mini.runs)
    for one in demo.runs:
        assert demo.settings(one) == mini.settings(one)
        assert demo.model(one) == mini.model(one)
        assert demo.plug_in(one) == mini.plug_in(one)
    assert demo.uses("ted8_diverse") == mini.uses("ted8_diverse")
    assert demo.subwords("ted8_diverse") == mini.subwords("ted8_diverse")


def test_the_plan_of_one_paper_has_its_runs_alone():
    plan = Plan(load_study(str(ROOT / "config/studies/demo.yaml")).study)
    cats, xmixup = plan.of_paper("cats"), plan.of_paper("xmixup")
    assert plan.papers == ["cats", "xmixup"]
    assert (cats.runs, cats.translation.runs) == ([], plan.translation.runs)
    assert (xmixup.runs, xmixup.translation) == (plan.runs, None)
    assert (cats.papers, xmixup.papers) == (["cats"], ["xmixup"])
