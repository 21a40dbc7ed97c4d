# SPDX-License-Identifier: Apache-2.0
"""Students against other systems: which, on what items, with which tests."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from distill_predictions import (
    PLAIN,
    STUDENT,
    TEACHER,
    MadeUpPlan,
    bucc,
    plan_of,
    runs_of,
    sts,
    tatoeba,
)
from scipy import stats

from xling.comparison.results import dump_comparison
from xling.config.loader import load_study
from xling.distill.comparison.averages import members
from xling.distill.comparison.compare import compare_systems
from xling.distill.comparison.contrasts import compared_runs, contrasts, not_compared
from xling.distill.comparison.items import SCORES, items_of
from xling.distill.comparison.ranks import drawn_correlations, pearson_of_moments, rank_moments
from xling.distill.comparison.results import read_comparison
from xling.distill.evaluation import bitext, similarity
from xling.distill.evaluation import tatoeba as tatoeba_scores
from xling.distill.stages.compare_sentences import compare_sentences
from xling.distill.tables.frame import BUCC, STS, TATOEBA
from xling.errors import DataError, UsageError
from xling.plan import Plan


def compared(plan, read, **options):
    return compare_systems(plan, read, **{"resamples": 200, **options})


def one_of(comparison, kind="encoder", method="distilled", setting="standard"):
    (found,) = [
        one
        for one in comparison.results
        if (one.kind, one.first, one.setting) == (kind, method, setting)
    ]
    return found


class TestContrasts:
    def test_a_student_stands_beside_its_encoder_its_teacher_and_the_student_that_is_named(self):
        found = contrasts(plan_of())
        assert [(one.kind, one.first[0], one.second) for one in found] == [
            ("encoder", "distilled", PLAIN.key),
            ("encoder", "german", PLAIN.key),
            ("teacher", "distilled", TEACHER.key),
            ("teacher", "german", TEACHER.key),
            ("student", "german", STUDENT.key),
        ]

    def test_what_is_not_trained_stands_beside_every_seed(self):
        one = contrasts(plan_of())[0]
        plain = runs_of(PLAIN, STS)[0]
        assert one.pairs == tuple((run, plain) for run in runs_of(STUDENT, STS, (1, 2, 3)))
        assert one.left_out == ()

    def test_students_are_paired_by_seed(self):
        one = contrasts(plan_of())[-1]
        assert [(a.seed, b.seed) for a, b in one.pairs] == [(1, 1)]
        assert one.left_out == (2, 3)

    def test_what_is_planned_decides(self):
        alone = MadeUpPlan(runs_of(STUDENT, STS) + runs_of(STUDENT, TATOEBA, (4,)))
        assert contrasts(alone) == []
        assert compared_runs(alone) == []
        assert not_compared(alone) == alone.runs
        plan = plan_of((STS, TATOEBA))
        assert compared_runs(plan) == plan.runs
        assert not_compared(plan) == []


class TestRanks:
    @pytest.mark.parametrize("ties", [False, True])
    def test_moments_give_spearmans_correlation(self, ties):
        rng = np.random.default_rng(0)
        gold, cosines = rng.integers(0, 6, 40) / 1.0, rng.normal(size=40)
        cosines = cosines.round(0) if ties else cosines
        found = pearson_of_moments(rank_moments(cosines, gold).mean(axis=0))
        assert found == pytest.approx(similarity.correlation("spearman", gold, cosines, ""))

    def test_equal_cosines_rank_nothing(self):
        moments = rank_moments(np.ones(5), np.arange(5.0))
        assert pearson_of_moments(moments.mean(axis=0)) == 0.0

    @pytest.mark.filterwarnings("ignore::scipy.stats.ConstantInputWarning")
    def test_drawn_items_are_ranked_anew(self):
        """Against scipy, draw by draw, with ties in both."""
        rng = np.random.default_rng(1)
        gold = (rng.integers(0, 4, 12) / 1.0).tolist()
        systems = [rng.normal(size=12).round(1).tolist() for _ in range(2)]
        found = drawn_correlations(gold, systems, [7], 50)
        draws = np.random.default_rng([7, 1]).integers(0, 12, size=(50, 12))
        for system, values in zip(systems, found, strict=True):
            slow = [
                100 * stats.spearmanr(np.array(gold)[draw], np.array(system)[draw]).statistic
                for draw in draws
            ]
            assert values == pytest.approx(np.nan_to_num(slow))

    def test_an_item_that_is_drawn_alone(self):
        assert drawn_correlations([1.0, 2.0], [[0.1, 0.2]], [0], 30).min() == 0.0

    def test_a_perfect_ranking_stays_one(self):
        gold = np.arange(20.0)
        assert drawn_correlations(gold, [gold**3], [0], 30) == pytest.approx(100.0)


class TestItems:
    """Means of items give the very scores that tables have."""

    @staticmethod
    def scores(task, table):
        return {
            (setting, code): float(SCORES[task](own.values.mean(axis=0)))
            for setting, by_code in items_of(task, table).items()
            for code, own in by_code.items()
        }

    @pytest.mark.parametrize(
        ("task", "table", "scored"),
        [
            (STS, sts(runs_of(PLAIN, STS)[0]), similarity.score),
            (BUCC, bucc(runs_of(PLAIN, BUCC)[0]), bitext.score),
            (BUCC, bucc(runs_of(PLAIN, BUCC)[0], hit_rate=0.0), bitext.score),
            (TATOEBA, tatoeba({"de": [(1, 0), (1, 1), (0, 0)]}), tatoeba_scores.score),
        ],
    )
    def test_as_scored(self, task, table, scored):
        main = [s for s in scored(table) if s.metric in ("spearman", "f1", "accuracy")]
        expected = {(s.setting, s.language): s.value for s in main}
        assert self.scores(task, table) == pytest.approx(expected)

    def test_without_a_sample_set_there_is_the_oracle_only(self):
        table = bucc(runs_of(PLAIN, BUCC)[0])
        table = table.filter([split == "test" for split in table["split"].to_pylist()])
        assert set(items_of(BUCC, table)) == {bitext.ORACLE}

    def test_order_of_rows_does_not_matter(self):
        run = runs_of(PLAIN, STS)[0]
        assert self.scores(STS, sts(run)) == self.scores(STS, sts(run, shuffled=True))

    def test_directions_with_other_pairs(self):
        table = tatoeba({"de": [(1, 0), (1, 1)]})
        with pytest.raises(DataError, match="do not have the same pairs"):
            items_of(TATOEBA, table.slice(0, 3))


class TestSts:
    def test_scores_are_means_over_seeds(self):
        plan = plan_of()
        one = one_of(compared(plan, sts))
        own = [similarity.score(sts(run)) for run in runs_of(STUDENT, STS, (1, 2, 3))]
        spearman = [s.value for found in own for s in found if s.metric == "spearman"]
        assert one.averages["avg"].first == pytest.approx(np.mean(spearman))
        assert one.seeds["avg"].seeds == [1, 2, 3]
        by_seed = np.array(spearman).reshape(3, 3).mean(axis=1) - one.averages["avg"].second
        assert one.seeds["avg"].difference == pytest.approx(by_seed.mean())
        assert one.seeds["avg"].sd == pytest.approx(by_seed.std(ddof=1))
        assert one.seeds["avg"].note == "not enough seeds to claim"

    def test_a_better_system_is_found_better_and_its_equal_is_not(self):
        def read(run):
            noise = {"distilled": 0.2, "german": 0.2}.get(run.method, 5.0)
            if run.method == "german":
                run = runs_of(STUDENT, STS)[0]
            return sts(run, noise=noise)

        found = compared(plan_of(seeds=(1,)), read)
        better = one_of(found).averages["avg"]
        assert better.low > 0
        assert better.p_randomisation < 0.05
        same = one_of(found, "student", "german").averages["avg"]
        assert (same.difference, same.low, same.high) == (0, 0, 0)
        assert same.p_bootstrap == same.p_randomisation == 1.0

    def test_equal_gold_scores_are_drawn_together(self):
        """So the mean of two pairs with the same cosines is as uncertain as one of them."""

        def read(run):
            table = sts(run, pairs=("en-en", "en-de"))
            cosines = table["prediction"].to_pylist()[:30] * 2
            return table.set_column(4, "prediction", [cosines])

        one = one_of(compared(plan_of(), read))
        assert one.together == [["en-de", "en-en"]]
        assert one.averages["avg"].low == one.languages["en-en"].low
        apart = one_of(compared(plan_of(), sts))
        assert apart.together == [["en-de", "en-en"]]
        assert set(apart.languages) == {"en-de", "en-en", "en-zh"}

    def test_means_of_parts(self):
        one = one_of(compared(plan_of(), sts), method="german")
        assert list(one.averages) == [
            *("avg", "avg monolingual", "avg cross-lingual"),
            *("avg seen", "avg unseen"),
        ]
        assert one.averages["avg unseen"].first == one.languages["en-zh"].first

    def test_other_items_are_refused(self):
        plan = plan_of()
        with pytest.raises(DataError, match="not tested on the same items"):
            compared(plan, lambda run: sts(run, n=20 if run.seed == 2 else 30))


RIGHT = {
    "distilled": [(1, 1)] * 12,
    "mean_pooled": [(0, 1)] * 12,
    "teacher": [(1, 1)] * 6 + [(0, 0)] * 6,
    "german": [(1, 1)] * 12,
}


def both_ways(run):
    return tatoeba({"de": RIGHT[run.method], "ka": [(0, 0)] * 12})


class TestTatoeba:
    def test_directions_and_their_mean_by_hand(self):
        found = compared(plan_of((TATOEBA,)), both_ways)
        for setting, gain in (("xx-en", 100.0), ("en-xx", 0.0), ("mean", 50.0)):
            one = one_of(found, setting=setting)
            german = one.languages["de"]
            assert (german.difference, german.low, german.high) == (gain, gain, gain)
            assert german.items == 12
            assert one.languages["ka"].difference == 0
            assert one.averages["avg"].difference == gain / 2
            assert one.averages["avg seen"].difference == gain
            assert one.averages["avg unseen"].difference == 0

    def test_p_values(self):
        """Of 2^12 exchanges two are as far apart; Holm counts the two languages."""
        found = compared(plan_of((TATOEBA,)), both_ways, resamples=20_000)
        german = one_of(found, setting="xx-en").languages["de"]
        assert german.p_randomisation == pytest.approx(2 / 4096, abs=5e-4)
        assert german.p_holm == pytest.approx(2 * german.p_randomisation)

    def test_means_are_corrected_for_the_pairs_of_their_kind(self):
        found = compared(plan_of((TATOEBA,)), both_ways)
        average = one_of(found, setting="xx-en").averages["avg"]
        # Student and German student against the encoder are equally good.
        assert average.p_holm == pytest.approx(2 * average.p_randomisation)
        (alone,) = [one for one in found.results if (one.kind, one.setting) == ("student", "xx-en")]
        assert alone.averages["avg"].p_holm == alone.averages["avg"].p_randomisation

    def test_an_interval_against_a_slow_bootstrap(self):
        test = one_of(
            compared(plan_of((TATOEBA,)), both_ways, resamples=4000), "teacher", setting="xx-en"
        ).languages["de"]
        rng = np.random.default_rng(5)
        gains = np.array([0] * 6 + [100] * 6)
        slow = [rng.choice(gains, 12).mean() for _ in range(4000)]
        assert (test.low, test.high) == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=9)

    def test_a_language_that_one_of_them_lacks(self):
        def read(run):
            right = {"de": RIGHT[run.method]}
            return tatoeba(right if run.method == "german" else right | {"ka": [(0, 0)] * 12})

        found = compared(plan_of((TATOEBA,)), read)
        assert set(one_of(found, method="german", setting="mean").languages) == {"de"}
        assert set(one_of(found, setting="mean").languages) == {"de", "ka"}


class TestBucc:
    def test_both_thresholds(self):
        found = compared(plan_of((BUCC,)), bucc)
        for setting in (bitext.ORACLE, bitext.TUNED):
            one = one_of(found, setting=setting)
            scores = [
                s.value
                for run in runs_of(STUDENT, BUCC, (1, 2, 3))
                for s in bitext.score(bucc(run))
                if (s.metric, s.setting, s.language) == ("f1", setting, "zh")
            ]
            assert one.languages["zh"].first == pytest.approx(np.mean(scores))
            assert one.languages["zh"].low < one.languages["zh"].difference

    def test_other_gold_is_refused(self):
        with pytest.raises(DataError, match="not tested on the same items"):
            compared(plan_of((BUCC,)), lambda run: bucc(run, n=60 + 6 * run.seed))


def test_the_same_bytes_again_and_read_back(tmp_path):
    plan = plan_of((STS, BUCC))
    read = {STS: sts, BUCC: bucc}
    one, other = (dump_comparison(compared(plan, lambda r: read[r.task](r))) for _ in range(2))
    assert one == other
    path = tmp_path / "distill.json"
    path.write_text(one, encoding="utf-8")
    assert dump_comparison(read_comparison(path)) == one
    path.write_text(one[:-20], encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        read_comparison(path)


def test_the_stage_reads_predictions_by_the_plan(tmp_path):
    plan = plan_of((TATOEBA,))
    for run in plan.runs:
        path = tmp_path / "predictions" / f"{run.path}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(both_ways(run), path)
    study = SimpleNamespace(distillation=plan, study=plan.study)
    output = tmp_path / "comparisons" / "distill.json"
    compare_sentences(study=study, results=tmp_path, output=output)
    assert len(read_comparison(output).results) == 5 * 3
    with pytest.raises(UsageError, match="has no distillation"):
        compare_sentences(
            study=SimpleNamespace(distillation=None, study=plan.study),
            results=tmp_path,
            output=output,
        )


def test_a_part_has_a_mean_only_beside_another_part():
    assert list(members(TATOEBA, ["de", "fr"], ["de", "fr"])) == ["avg"]
    assert members(TATOEBA, ["ka", "zh"], ["zh-cn"])["avg seen"] == ("zh",)
    assert list(members(STS, ["en-en", "es-es"], ["es"])) == ["avg"]


def test_what_the_study_of_the_tests_compares():
    plan = Plan(load_study("smoke").study).distillation
    found = Counter((one.kind, one.task) for one in contrasts(plan))
    assert found == {("encoder", STS): 1, ("teacher", STS): 1}
    # Its student is alone on the other tasks.
    assert {run.task for run in not_compared(plan)} == {BUCC, TATOEBA}


def test_what_the_default_study_compares():
    plan = Plan(load_study("mini").study).distillation
    found = Counter((one.kind, one.task) for one in contrasts(plan))
    assert found == {
        **{(kind, task): 9 for kind in ("encoder", "teacher") for task in (STS, TATOEBA)},
        **{(kind, BUCC): 2 for kind in ("encoder", "teacher")},
        # Both corpora, both bilingual students, and the one without the source side.
        **{("student", STS): 5, ("student", TATOEBA): 5, ("student", BUCC): 1},
    }
    assert not_compared(plan) == []
