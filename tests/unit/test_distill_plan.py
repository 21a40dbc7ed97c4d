# SPDX-License-Identifier: Apache-2.0
"""The grid of sentence encoders, and what their stages are told."""

import pytest
from distill_study import load_small

from xling.distill.job_costs import DistillCosts, stages
from xling.distill.needs import DistillNeeds
from xling.plan import Plan, Run
from xling.status.jobs import jobs_of


@pytest.fixture
def plan(tmp_path):
    return Plan(load_small(tmp_path).study)


def student(method, model="tiny", seed=2):
    return Run("distill", method, model, "parallel", seed)


def test_what_is_not_trained_has_one_seed_and_given_models_are_their_own(plan):
    cells = {(run.method, run.model, run.seed) for run in plan.distillation.runs}
    assert cells == {
        ("teacher", "graded", 1),
        ("teacher", "given", 1),
        ("mean_pooled", "tiny", 1),
        ("mean_pooled", "wide", 1),
        ("other", "other", 1),
        *(("distilled", model, seed) for model in ("tiny", "wide") for seed in (2, 3)),
        *((name, "tiny", 2) for name in ("talks-only", "few", "only-qab")),
    }
    assert len(plan.distillation.runs) == 3 * (5 + 4) + 3


def test_a_student_is_trained_once_for_all_tasks(plan):
    own = plan.distillation
    runs = [run for run in own.runs if run.method == "distilled" and run.model == "tiny"]
    assert {own.student(run) for run in runs} == {
        student("distilled"),
        student("distilled", seed=3),
    }
    assert len(own.students) == 4 + 3
    assert own.student(Run("distill", "teacher", "graded", "sts17", 1)) is None


def test_the_study_plans_the_test_sets_and_encoders_that_are_read(plan):
    assert plan.runs == plan.trainings == []
    assert plan.papers == ["distill"]
    assert plan.models == ["tiny", "wide"]
    assert plan.tasks == ["bucc2018", "tatoeba"]
    assert plan.splits("bucc2018") == ["dev", "test"]
    assert plan.splits("tatoeba") == ["test"]
    # Students' and teachers' 128 sub-words: the pre-training reads 64.
    assert plan.positions == 128


def test_one_papers_plan_has_nothing_of_another(plan):
    assert plan.of_paper("distill").distillation.runs == plan.distillation.runs
    assert plan.of_paper("cats").all_runs == []


def test_students_with_equal_choices_share_their_text(plan):
    own = plan.distillation
    names = {run.method: own.selection(run).name for run in own.students}
    assert names == {
        "distilled": "all",
        "only-qab": "all",
        "talks-only": "Talks",
        "few": "all-10",
    }
    assert own.choice("all")["corpora"] == {"Mined": ["qaa", "qab"], "Talks": ["qaa", "qab"]}
    assert own.choice("all")["caps"] == {"Mined": 30}
    assert own.choice("all-10")["caps"] == {"Mined": 10, "Talks": 10}
    assert own.languages_of(student("only-qab")) == ["qab"]
    assert own.teacher_of(student("talks-only")) == "given"
    assert own.teacher_of(student("distilled")) == "graded"


def test_a_teacher_encodes_what_all_its_students_learn(plan):
    own = plan.distillation
    assert own.teaching == ["given", "graded"]
    assert own.taught_selections("graded") == ["all", "all-10"]
    assert own.taught_selections("given") == ["Talks"]
    assert own.taught_lengths("graded") == [128]
    # Mined's cap and that of the study; the ten pairs of "few" are among them.
    assert DistillCosts(plan).encoded_sources("graded") == 30 + 60


def test_the_last_word_of_the_settings_decides(plan):
    own = plan.distillation
    assert own.settings(student("distilled")).epochs == 2.0
    wide = own.settings(student("distilled", "wide"))
    assert (wide.epochs, wide.max_steps) == (None, 7)
    mixing = own.settings(student("talks-only")).mixing
    assert (mixing.share, mixing.epoch) == ("proportional", "largest")
    assert own.resources(student("few")).train_threads == 3
    assert own.resources(student("distilled")).train_threads == 1


def test_a_recipe_gives_what_the_study_leaves_out(tmp_path):
    change = (
        "training:\n    defaults: {epochs: 2.0,",
        "training:\n    recipe: v1\n    defaults: {",
    )
    own = Plan(load_small(tmp_path, change).study).distillation
    settings = own.settings(student("distilled"))
    assert (settings.epochs, settings.examples, settings.schedule) == (20.0, "grouped", "constant")


def test_evaluation_is_told_where_a_model_is(plan):
    own = plan.distillation
    source = {
        run.method: own.source_of(run, "results/small") for run in own.runs if run.model != "wide"
    }
    assert source["mean_pooled"] == ["results/small/encoders/tiny/encoder.json"]
    assert source["teacher"] == ["results/small/teachers/graded/train.json"]
    assert source["few"] == ["results/small/runs/distill/few/tiny/parallel/seed-2/train.json"]
    assert source["other"] == []
    other = next(run for run in own.runs if run.method == "other")
    assert own.encoder_of(other)["path"] == "elsewhere"
    assert own.encoder_of(student("few"))["kind"] == "student"


def test_tables_see_every_system_once_students_last(plan):
    frame = plan.distillation.frame()
    assert [system.key for system in frame.systems] == [
        ("teacher", "given"),
        ("teacher", "graded"),
        ("mean_pooled", "tiny"),
        ("mean_pooled", "wide"),
        ("other", "other"),
        ("distilled", "tiny"),
        ("distilled", "wide"),
        ("talks-only", "tiny"),
        ("few", "tiny"),
        ("only-qab", "tiny"),
    ]
    assert len({system.title for system in frame.systems}) == len(frame.systems)
    known = {system.method: system for system in frame.systems}
    assert known["few"].amount == 10
    assert known["few"].against == known["only-qab"].against == ("distilled", "tiny")
    assert known["talks-only"].corpora == ("Talks",)
    assert frame.tasks["sts17"] == ("en-en", "en-qab")
    assert frame.low_resource == ("qab",)
    reported = {system.key: system.reported for system in frame.systems if system.reported}
    assert reported == {("mean_pooled", "tiny"): "mBERT mean"}


def test_updates_follow_pairs_languages_and_epochs(plan):
    costs = DistillCosts(plan)
    # Talks qaa is cut at 60; an epoch is the largest part, in batches of 32 pairs.
    assert costs.pairs("all") == [30, 20, 60, 40]
    assert costs.updates(student("distilled")) == round(2 * 60 / 32)
    assert costs.updates(student("only-qab")) == round(2 * 40 / 32)
    assert costs.updates(student("distilled", "wide")) == 7


def test_every_job_is_counted_and_has_needs(plan):
    needs = DistillNeeds(plan)
    own = plan.distillation
    counted = {stage: len(jobs) for stage, jobs in stages(plan).items()}
    found = {}
    for job in jobs_of(plan):
        if job.stage in counted:
            found[job.stage] = found.get(job.stage, 0) + 1
    assert counted == found
    asked = [
        *map(needs.fetch_distill, own.datasets),
        *map(needs.prepare_distill, own.selections),
        *map(needs.train_teacher, own.teachers),
        *map(needs.encode_teacher, own.teaching),
        *map(needs.train_student, own.students),
        *map(needs.evaluate_sentences, own.runs),
    ]
    assert all(one.mem_mb >= 600 and one.minutes >= 15 for one in asked)
