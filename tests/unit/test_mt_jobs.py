# SPDX-License-Identifier: Apache-2.0
"""What jobs of translation models take and ask for, and where they leave their files."""

import dataclasses

import pytest
import yaml
from mt_study import SMALL, load_small

from xling.config.study import Study
from xling.estimate import estimate
from xling.journal import read_journal
from xling.mt.job_costs import TranslationCosts
from xling.mt.needs import TranslationNeeds
from xling.plan import Plan, Run
from xling.plan_text import format_plan
from xling.status.excerpts import progress
from xling.status.jobs import jobs_of


@pytest.fixture(scope="module")
def plan():
    return Plan(Study.model_validate(yaml.safe_load(SMALL)))


def run(method="cats", task="ted8_diverse-m2o", model="tiny", seed=1):
    return Run("cats", method, model, task, seed)


def test_the_estimate_counts_every_job(plan):
    jobs = {cost.stage: cost.jobs for cost in estimate(plan, None)}
    one_each = dict.fromkeys(("compare_mt", "tabulate", "plot", "scores", "check", "report"), 1)
    # Three directions of two benchmarks; 27 runs, of which 9 are analysed.
    assert jobs == {
        "fetch_parallel": 2,
        "prepare_parallel": 9,
        "subwords": 3,
        "binarize": 3,
        "train_mt": 27,
        "generate": 27,
        "score_mt": 27,
        "analyse_mt": 9,
        **one_each,
    }


def test_the_plan_as_text_lists_the_experiments(plan):
    text = format_plan(plan, estimate(plan, None))
    assert "study small: 27 runs, 27 models to train" in text
    assert "ted8_diverse-m2o, ted8_diverse-o2m" in text


def test_the_parameters_of_a_model_are_counted(plan):
    size = TranslationCosts(plan.translation).size(run())
    # Width 8, feed-forward 16: encoder 4 8² + 2 8 16, decoder one attention more; 100 pieces.
    assert size.layers == (256 + 256, 512 + 256)
    assert size.embeddings == 8 * (100 + 100)  # the target's are the output's
    assert size.parameters == 512 + 768 + 1600


def test_both_vocabularies_are_on_the_side_of_their_language(plan):
    costs = TranslationCosts(plan.translation)
    size = costs.size(run(task="opus100-m2o", model="wide", seed=3))
    assert (size.source, size.target) == (90, 50)


def test_measurements_cost_what_their_batches_are_of_all(plan):
    costs = TranslationCosts(plan.translation)
    # Four languages, 50 sub-words each, every 20 updates of 2,000.
    assert costs.probed(run()) == pytest.approx(4 * 50 / (20 * 2000))
    assert costs.probed(run(task="ted8_diverse-o2m")) == pytest.approx(2 * 4 * 50 / (20 * 2000))
    assert costs.probed(run("temperature_5")) == 0.0


def test_a_larger_batch_takes_longer(plan):
    costs = TranslationCosts(plan.translation)
    assert costs.train_mt(run("cats-x4")).seconds > costs.train_mt(run()).seconds


def test_memory_grows_with_model_and_copies_of_gradients(plan):
    wide = dataclasses.replace(run(), model="wide")
    study = plan.study.model_dump()
    for model in study["translation"]["models"].values():
        model |= {"width": 512, "ffn": 2048}
    large = TranslationNeeds(Plan(Study.model_validate(study)).translation)
    small = TranslationNeeds(plan.translation)
    assert large.train_mt(wide).mem_mb > small.train_mt(wide).mem_mb
    # A copy for each of four languages against three of anything.
    assert large._copies(run()) == pytest.approx(
        4 / 3 * large._copies(run(task="ted8_diverse-o2m"))
    )
    assert large._copies(run("static")) == 0.0


def test_seeds_do_not_change_what_a_job_asks_for(plan):
    needs = TranslationNeeds(plan.translation)
    for rule in (needs.train_mt, needs.generate, needs.analyse_mt):
        assert rule(run()) == rule(run(seed=2))


def test_memory_of_a_gpu_is_known_only_where_one_is_asked_for(tmp_path):
    more = "  experiments:\n    - methods: [temperature_1_5"
    given = "  resources: [{where: {models: [wide]}, set: {gpu: 2}}]\n"
    plan = Plan(load_small(tmp_path, (more, given + more)).study)
    needs = TranslationNeeds(plan.translation)
    assert needs.gpu_mem_mb(run()) is None
    assert needs.gpu_mem_mb(run(task="opus100-m2o", model="wide", seed=3)) > 800


def test_only_jobs_with_the_same_gpus_share_an_allocation(tmp_path):
    more = "  experiments:\n    - methods: [temperature_1_5"
    given = "  resources: [{where: {models: [wide]}, set: {gpu: 1}}]\n"
    plan = Plan(load_small(tmp_path, (more, given + more)).study)
    needs = TranslationNeeds(plan.translation)
    for rule in ("train_mt", "generate", "analyse_mt"):
        assert needs.is_short(run(), rule)
        assert not needs.is_short(run(task="opus100-m2o", model="wide", seed=3), rule)


def test_all_jobs_are_listed_with_their_files(plan, tmp_path):
    jobs = jobs_of(plan, tmp_path)
    (one,) = [job for job in jobs if job.rule == "train_mt" and job.run == run("cats-x4")]
    place = f"{tmp_path}/small/runs/cats/cats-x4/tiny/ted8_diverse-m2o/seed-1"
    files = ("model/checkpoint.pt", "history.jsonl", "train.json")
    assert one.outputs == tuple(f"{place}/{file}" for file in files)
    assert list(one.wildcards) == ["study", "method", "model", "benchmark", "direction", "seed"]
    assert len(jobs) == sum(cost.jobs for cost in estimate(plan, None))


def test_the_log_of_a_verb_with_a_hyphen_is_read(tmp_path):
    facts = '{"host": "a", "node": "", "namespace": "", "pid": 1, "slurm_job": "", "gpus": 0}'
    text = (
        f"2026-01-31 12:00:00 I xling: start train-mt {facts}\n"
        "2026-01-31 12:00:20 I xling.mt.train: update 146 of 600, 7.29 updates/s, "
        "1 min 02 s left\n"
        "2026-01-31 12:01:33 I xling: end train-mt done after 93.7 s\n"
    )
    log = tmp_path / "seed-1.log"
    log.write_text(text)
    (attempt,) = read_journal(log).attempts
    assert (attempt.verb, attempt.outcome, attempt.seconds) == ("train-mt", "done", 93.7)
    found = progress(text)
    assert (found.step, found.steps, found.loss, found.seconds_left) == (146, 600, None, 62)
