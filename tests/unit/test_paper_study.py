# SPDX-License-Identifier: Apache-2.0
"""The study ``paper``: its grid and settings, compared with values copied by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from xling.config.loader import load_study
from xling.data.registry import artefacts
from xling.estimate import estimate
from xling.plan import Plan, Run
from xling.tasks import TASKS

STUDIES = Path(__file__).parents[2] / "config" / "studies"
ENCODERS = ("mbert", "xlmr-large")
SEEDS = (1, 2, 3, 4, 5)
TRANSLATED = ("xnli", "pawsx", "xquad", "mlqa", "tydiqa")
TRAINED = (*TRANSLATED, "udpos", "panx")


def plan_of(name: str) -> Plan:
    return Plan(load_study(name, studies=STUDIES).study)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of("paper")


class TestGrid:
    def test_cells(self, plan):
        seeded = {
            ("zero_shot", TRAINED),
            ("translate_train", TRANSLATED),
            ("translate_test", TRANSLATED),
            ("xmixup", TRANSLATED),
            ("translate_train_ensemble", ("xnli", "pawsx")),
        }
        expected = {
            Run("xmixup", method, model, task, seed)
            for method, tasks in seeded
            for model in ENCODERS
            for task in tasks
            for seed in SEEDS
        }
        # XTREME reads other blocks of the two encoders on BUCC; a study has one for each task.
        expected |= {
            Run("xmixup", "mean_pooled", "mbert", "bucc2018", 1),
            Run("xmixup", "mean_pooled", "mbert", "tatoeba", 1),
            Run("xmixup", "mean_pooled", "xlmr-large", "tatoeba", 1),
        }
        # The ablations are of mBERT on XNLI.
        expected |= {
            Run("xmixup", name, "mbert", "xnli", seed)
            for name in plan.study.systems
            if plan.method(name).base == "xmixup"
            for seed in SEEDS
        }
        # Robust training: three seeds of mBERT, and variants with one.
        expected |= {
            Run("robust", method, "mbert", task, seed)
            for method in ("zero_shot", "zero_shot_matched", "adv", "rs_rp", "rs_da")
            for task in ("xnli", "pawsx")
            for seed in (7, 17, 27)
        }
        expected |= {
            Run("robust", name, "mbert", "pawsx", 7)
            for name in [*plan.study.systems, "rs_rp_smoothed"]
            if plan.method(name).base != "xmixup"
        }
        assert set(plan.runs) == expected
        assert len(plan.runs) == 5 * 2 * (7 + 5 + 5 + 5 + 2) + 5 * 10 + 3 + 3 * 2 * 5 + 8

    def test_models_that_are_trained(self, plan):
        robust = [run for run in plan.trainings if run.paper == "robust"]
        trained = {(run.method, run.task) for run in plan.trainings if run not in robust}
        # MLQA is read zero-shot by XQuAD's model, translate-test by that of zero-shot.
        zero_shot = {("zero_shot", task) for task in TRAINED if task != "mlqa"}
        own = {(name, task) for name in ("translate_train", "xmixup") for task in TRANSLATED}
        variants = [name for name in plan.study.systems if plan.method(name).base == "xmixup"]
        assert trained == zero_shot | own | {(name, "xnli") for name in variants}
        # The vote reads the model of rs_rp; no seed of zero-shot is one of the other paper's.
        assert len(robust) == 3 * 2 * 5 + 7
        assert len(plan.trainings) == 5 * 2 * (6 + 5 + 5) + 5 * 10 + len(robust)

    def test_every_published_language_is_scored(self, plan):
        assert set(plan.tasks) == set(TASKS)
        for run in plan.runs:
            assert sorted(plan.languages(run)) == sorted(TASKS[run.task].languages)

    def test_it_claims_no_comparison(self, plan):
        assert not plan.study.comparable


class TestDownloads:
    def test_all_are_registered_and_need_no_browser(self, plan):
        registry = artefacts()
        keys = {key for task in plan.tasks for key in plan.artefacts(task)}
        assert {key: registry[key].how for key in keys} == dict.fromkeys(keys, "auto")

    @pytest.mark.parametrize(
        ("task", "part", "languages"),
        [
            ("xnli", "test", "ar bg de el es fr hi ru sw th tr ur vi zh"),
            ("pawsx", "test", "de es fr ja ko zh"),
            ("xquad", "test", "es de el ru tr ar vi th zh hi"),
            ("mlqa", "test", "es de ar hi vi zh"),
            ("tydiqa", "test", "ar bn fi id ko ru sw te"),
            ("tydiqa", "train", "ar bn fi id ko ru sw te"),
        ],
    )
    def test_translations_of_each_language(self, plan, task, part, languages):
        prefix = f"xtreme-{task}-{part}-"
        found = {key for key in plan.artefacts(task) if key.startswith(prefix)}
        assert found == {prefix + code for code in languages.split()}

    def test_translations_of_squad(self, plan):
        found = {key for key in plan.artefacts("xquad") if key.startswith("xtreme-squad-train-")}
        assert len(found) == 10
        # MLQA trains on them too, in its own languages.
        run = Run("xmixup", "translate_train", "mbert", "mlqa", 1)
        assert plan.train_splits(run) == [("xquad", "train"), ("xquad", "translate_train")]
        assert plan.train_languages(run) == ["en", "es", "de", "ar", "hi", "vi", "zh"]


class TestJobs:
    def test_counts_by_rule(self, plan):
        counts = {cost.stage: cost.jobs for cost in estimate(plan, None)}
        # XNLI 2, PAWS-X 1, UD 1, PAN-X 40, SQuAD 1, XQuAD 11, MLQA 1, TyDiQA 2, BUCC 4 x 2, Tatoeba
        # 36 x 2; translations: SQuAD 10, TyDiQA 8; tests 14, 6, 10, 6, 8.
        # Translation: OPUS-100 94, TED 1, WMT-10 35.  One table of synonyms.  Distillation: STS 1,
        # TED2020 1, WikiMatrix 9, Tatoeba 2, of OPUS GlobalVoices 9, News-Commentary 7, Europarl 5,
        # OpenSubtitles 9, UNPC 5; three models.
        assert counts["download"] == 139 + 18 + 44 + 130 + 1 + (1 + 1 + 9 + 2 + 35 + 3)
        # Three seeds of two tasks, two variants with other numbers of copies.
        assert counts["augment"] == 3 * 2 + 2
        assert counts["fetch"] == 9
        # Train of six tasks, test of seven, dev of four and of MLQA; four translated training sets,
        # five translated tests; gold English of four parallel tests; dev and test of BUCC, test of
        # Tatoeba.
        assert counts["prepare"] == 6 + 7 + 5 + 4 + 5 + 4 + 2 + 1
        # BUCC and copies for one encoder.
        assert counts["tokenize"] == 2 * counts["prepare"] - 2 + counts["augment"]
        assert counts["pretrain"] == 3  # XLM-R base is distillation's alone
        assert counts["train"] == 210 + 37
        assert counts["predict"] == counts["score"] == 293 + 38
        # Zero-shot, translate-train and X-Mixup on four parallel test sets, and the ablations;
        # all of robust training but the vote.
        assert counts["analyse"] == 5 * 2 * 3 * 4 + 5 * 10 + 37
        assert "label" not in counts, "no translations of tagged text are published"
        # 17 systems on two sets and directions with three seeds; four on two more.
        assert counts["train_mt"] == counts["generate"] == 17 * 2 * 2 * 3 + 4 * 2 * 2
        assert sum(counts.values()) < 4000


def settings(plan: Plan, method: str, model: str, task: str) -> dict[str, object]:
    run = Run("xmixup", method, model, task, 1)
    assert run in plan.trainings
    return plan.settings(run).model_dump()


class TestSettings:
    """Values of the released scripts: train_*.sh of XTREME and of X-Mixup."""

    @pytest.mark.parametrize(
        ("model", "task", "rate", "epochs", "every"),
        [
            ("mbert", "xnli", 2e-5, 5, 100),
            ("xlmr-large", "xnli", 3e-5, 5, 100),
            ("mbert", "pawsx", 2e-5, 5, 200),
            ("xlmr-large", "pawsx", 2e-5, 5, 200),
            ("xlmr-large", "udpos", 2e-5, 10, 500),
            ("mbert", "panx", 2e-5, 10, 1000),
        ],
    )
    def test_zero_shot(self, plan, model, task, rate, epochs, every):
        found = settings(plan, "zero_shot", model, task)
        expected = {
            "learning_rate": rate,
            "epochs": epochs,
            "evaluate_every": every,
            "batch_size": 32,
            "warmup_ratio": 0.0,
            "warmup_steps": None,
            "weight_decay": 0.0,
            "selection": "best_source_dev",
            "adam_epsilon": 1e-8,
            "max_grad_norm": 1.0,
            "schedule": "linear",
        }
        assert {key: found[key] for key in expected} == expected

    @pytest.mark.parametrize("model", ENCODERS)
    @pytest.mark.parametrize("task", ["xquad", "tydiqa"])
    def test_zero_shot_questions(self, plan, model, task):
        found = settings(plan, "zero_shot", model, task)
        expected = {
            "learning_rate": 3e-5,
            "epochs": 3,
            "batch_size": 32,
            "warmup_steps": 500,
            "weight_decay": 1e-4,
            "selection": "last",
        }
        assert {key: found[key] for key in expected} == expected

    @pytest.mark.parametrize(
        ("model", "task", "rate", "epochs", "batch", "warmup", "selection"),
        [
            ("xlmr-large", "xnli", 5e-6, 4, 64, 0.0, "best_target_dev"),
            ("xlmr-large", "pawsx", 5e-6, 4, 64, 0.0, "best_target_dev"),
            ("xlmr-large", "xquad", 5e-6, 2, 32, 0.1, "last"),
            ("xlmr-large", "mlqa", 5e-6, 2, 32, 0.1, "best_target_dev"),
            ("xlmr-large", "tydiqa", 3e-5, 4, 32, 0.1, "last"),
            ("mbert", "xnli", 2e-5, 4, 64, 0.0, "best_target_dev"),
            ("mbert", "mlqa", 2e-5, 2, 32, 0.1, "best_target_dev"),
            ("mbert", "tydiqa", 3e-5, 4, 32, 0.1, "last"),
        ],
    )
    def test_translate_train(self, plan, model, task, rate, epochs, batch, warmup, selection):
        found = settings(plan, "translate_train", model, task)
        expected = {
            "learning_rate": rate,
            "epochs": epochs,
            "batch_size": batch,
            "warmup_ratio": warmup,
            "warmup_steps": None,
            "weight_decay": 0.0,
            "selection": selection,
        }
        assert {key: found[key] for key in expected} == expected

    def test_mbert_zero_shot_is_trained_as_in_the_study_xtreme(self, plan):
        """The two studies differ in the number format, the seeds and how often they save."""
        other = plan_of("xtreme")
        runs = [run for run in other.trainings if run.seed == 1]
        assert len(runs) == 6
        for run in runs:
            same = {"checkpoint_every": other.settings(run).checkpoint_every}
            assert plan.settings(run).model_copy(update=same) == other.settings(run)
            assert plan.reading(run.task) == other.reading(run.task)
            assert plan.decoding(run.task) == other.decoding(run.task)

    def test_questions_are_read_in_the_windows_of_the_scripts(self, plan):
        for task in ("xquad", "mlqa", "tydiqa"):
            assert plan.reading(task) == {"max_length": 384, "doc_stride": 128, "max_question": 64}
            assert plan.decoding(task) == {"max_answer": 30, "n_best": 20}

    def test_every_training_has_one_gpu(self, plan):
        assert {plan.resources(run).gpu for run in plan.trainings} == {1}
