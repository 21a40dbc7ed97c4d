# SPDX-License-Identifier: Apache-2.0
"""Paired tests of translation systems, against sacreBLEU's own and against slow loops."""

from __future__ import annotations

import random

import mt_translations
import numpy as np
import pyarrow as pa
import pytest

from xling.errors import DataError, UsageError
from xling.mt.scoring.bleu import bleu, sentence_counts
from xling.mt.scoring.compare import compare_systems
from xling.mt.scoring.contrasts import contrasts, parameters
from xling.mt.scoring.metrics import bleu_metric
from xling.mt.scoring.resampling import SEED, LanguageCounts, Shifts, each_language, joint_languages
from xling.mt.scoring.results import read_comparison
from xling.mt.stages.compare_mt import compare_mt
from xling.plan import Plan
from xling.stats.holm import holm


def texts(n: int, *noise: float) -> tuple[list[str], ...]:
    """Return references, and a system for each share of wrong words."""
    draw = random.Random(5)
    references = [draw.choices(mt_translations.WORDS, k=draw.randint(4, 14)) for _ in range(n)]
    sides = [
        [
            [draw.choice(mt_translations.WORDS) if draw.random() < p else w for w in one]
            for one in references
        ]
        for p in noise
    ]
    return tuple([" ".join(words) for words in side] for side in (references, *sides))


def counts_of(n: int, *noise: float) -> list[np.ndarray]:
    references, *systems = texts(n, *noise)
    return [sentence_counts(bleu_metric("en"), one, references) for one in systems]


def ids(n: int) -> tuple[str, ...]:
    return tuple(f"{i:04}" for i in range(n))


class TestBleu:
    def test_as_sacrebleu_on_random_counts(self):
        from sacrebleu.metrics import BLEU

        rng = np.random.default_rng(1)
        total = np.sort(rng.integers(0, 8, (500, 4)), axis=1)[:, ::-1]
        correct = np.sort(np.minimum(rng.integers(0, 5, (500, 4)), total), axis=1)[:, ::-1]
        lengths = rng.integers(0, 20, (500, 2))
        counts = np.concatenate([lengths, correct, total], axis=1).astype(float)
        slow = [
            BLEU.compute_bleu(
                list(one[2:6]), list(one[6:]), int(one[0]), int(one[1]), smooth_method="exp"
            ).score
            for one in counts
        ]
        found = bleu(counts)
        # No words at all: sacreBLEU's penalty is 0, and so are its counts.
        real = lengths[:, 0] > 0
        np.testing.assert_allclose(found[real], np.array(slow)[real], rtol=1e-9, atol=1e-9)
        assert (found[real] == 0).any()
        assert ((correct == 0).any(axis=1) & (found > 0)).any()  # smoothing was used


class TestAgainstSacrebleu:
    @pytest.mark.parametrize(("kind", "field"), [("bs", "p_bootstrap"), ("ar", "p_randomisation")])
    def test_p_values(self, kind, field):
        from sacrebleu.metrics import BLEU
        from sacrebleu.significance import PairedTest

        references, first, second = texts(60, 0.25, 0.32)
        _, theirs = PairedTest(
            [("second", second), ("first", first)], {"BLEU": BLEU()}, [references], kind
        )()
        one, other = (
            sentence_counts(bleu_metric("en"), side, references)[None] for side in (first, second)
        )
        (test,) = each_language({"x": LanguageCounts(ids(60), one, other)})["x"].tests()
        assert theirs["BLEU"][1].p_value == pytest.approx(getattr(test, field), abs=1e-12)
        assert test.difference == pytest.approx(theirs["BLEU"][1].score - theirs["BLEU"][0].score)
        assert test.low < test.difference < test.high

    def test_a_system_with_its_like(self):
        (one,) = counts_of(20, 0.3)
        (test,) = each_language({"x": LanguageCounts(ids(20), one[None], one[None])})["x"].tests()
        assert (test.difference, test.p_bootstrap, test.p_randomisation) == (0.0, 1.0, 1.0)


class TestMeans:
    def languages(self) -> dict[str, LanguageCounts]:
        """Two pairs of systems; b lacks a sentence of a and has one more."""
        a, b = counts_of(12, 0.2, 0.4, 0.3), counts_of(12, 0.3, 0.5, 0.1)
        names = ids(13)
        return {
            "a": LanguageCounts(names[:12], np.stack(a[:2]), np.stack(a[1:])),
            "b": LanguageCounts(names[1:], np.stack(b[:2]), np.stack(b[1:])),
        }

    def test_together_as_a_slow_loop(self):
        languages = self.languages()
        found = joint_languages(languages, together=True, resamples=50, trials=70)
        draws = np.random.default_rng(SEED).choice(13, size=(50, 13), replace=True)
        kept = np.random.default_rng(SEED).integers(2, size=(70, 13), dtype=bool)
        for code, start in (("a", 0), ("b", 1)):
            one = languages[code]
            for pair in (0, 1):
                first, second = one.first[pair], one.second[pair]
                for i, row in enumerate(draws):
                    mine = [place - start for place in row if 0 <= place - start < 12]
                    slow = bleu(first[mine].sum(axis=0)) - bleu(second[mine].sum(axis=0))
                    assert found[code].drawn[pair, i] == pytest.approx(slow)
                for i, row in enumerate(kept):
                    keep = row[start : start + 12, None]
                    x = np.where(keep, first, second).sum(axis=0)
                    y = np.where(keep, second, first).sum(axis=0)
                    assert found[code].exchanged[pair, i] == pytest.approx(bleu(x) - bleu(y))

    def test_apart(self):
        """Languages of equally many sentences must not be drawn in step."""
        one = self.languages()["a"]
        apart = joint_languages({"x": one, "y": one}, together=False, resamples=200, trials=200)
        step = joint_languages({"x": one, "y": one}, together=True, resamples=200, trials=200)
        assert not np.array_equal(apart["x"].drawn, apart["y"].drawn)
        assert not np.array_equal(apart["x"].exchanged, apart["y"].exchanged)
        np.testing.assert_array_equal(step["x"].drawn, step["y"].drawn)
        spread = [Shifts.mean(list(kind.values())).drawn[0].std() for kind in (apart, step)]
        assert spread[0] < 0.9 * spread[1]

    def test_mean(self):
        found = joint_languages(self.languages(), together=True, resamples=20, trials=20)
        mean = Shifts.mean(list(found.values()))
        np.testing.assert_allclose(mean.drawn, (found["a"].drawn + found["b"].drawn) / 2)
        assert mean.sentences == 24

    def test_other_shapes(self):
        (one,) = counts_of(5, 0.3)
        with pytest.raises(DataError, match="the counts"):
            LanguageCounts(ids(4), one[None], one[None])


class TestContrasts:
    def test_baseline_model_and_batch(self):
        blocks = [
            mt_translations.block(models=["wide", "tiny"]),
            mt_translations.block(methods=["cats_x4", "t5_x4"], seeds=[1]),
        ]
        plan = mt_translations.plan_of(experiments=blocks)
        found = {(one.kind, one.first, one.second): one.seeds for one in contrasts(plan)}
        assert found == {
            ("baseline", ("cats", "tiny"), ("temperature_5", "tiny")): (1, 2),
            ("baseline", ("cats", "wide"), ("temperature_5", "wide")): (1, 2),
            ("baseline", ("temperature_1", "tiny"), ("temperature_5", "tiny")): (1, 2),
            ("baseline", ("temperature_1", "wide"), ("temperature_5", "wide")): (1, 2),
            ("baseline", ("cats_x4", "tiny"), ("t5_x4", "tiny")): (1,),
            ("model", ("cats", "wide"), ("cats", "tiny")): (1, 2),
            ("model", ("temperature_1", "wide"), ("temperature_1", "tiny")): (1, 2),
            ("model", ("temperature_5", "wide"), ("temperature_5", "tiny")): (1, 2),
            ("batch", ("cats_x4", "tiny"), ("cats", "tiny")): (1,),
            ("batch", ("t5_x4", "tiny"), ("temperature_5", "tiny")): (1,),
        }

    def test_parameters_by_hand(self):
        plan = mt_translations.plan_of()
        # d 8, f 16: attention 4 * 64, forward 2 * 128; the decoder has attention twice.
        assert parameters(plan, "tiny") == (256 + 256) + (512 + 256)


class TestCompare:
    def compare(self, plan, **options):
        return compare_systems(plan, lambda run: mt_translations.predictions(plan, run), **options)

    def test_seeds_are_pooled(self):
        plan = mt_translations.plan_of()
        found = self.compare(plan, resamples=50, trials=60)
        assert [(one.first, one.second) for one in found.pairs] == [
            ("cats", "temperature_5"),
            ("temperature_1", "temperature_5"),
        ]
        one = found.pairs[0]
        pooled = {}
        for code in mt_translations.LANGUAGES:
            sides = []
            for method in ("cats", "temperature_5"):
                rows = [
                    row
                    for run in plan.runs
                    if run.method == method
                    for row in mt_translations.predictions(plan, run).to_pylist()
                    if row["language"] == code
                ]
                side = ([r["hypothesis"] for r in rows], [[r["reference"] for r in rows]])
                sides.append(bleu_metric("en").corpus_score(*side).score)
            pooled[code] = sides[0] - sides[1]
            assert one.languages[code].first == pytest.approx(sides[0])
            assert one.languages[code].difference == pytest.approx(pooled[code])
        low = (pooled["qac"] + pooled["qad"]) / 2
        assert one.averages["avg low"].difference == pytest.approx(low)
        assert one.averages["avg low"].first - one.averages["avg low"].second == pytest.approx(low)
        assert one.averages["avg"].items == 120
        assert one.together
        assert one.seeds["avg"].seeds == [1, 2]
        assert one.seeds["avg"].note == "not enough seeds to claim"

    def test_corrected_for_the_pairs(self):
        found = self.compare(mt_translations.plan_of(), resamples=50, trials=60)
        for name in ("avg low", "avg"):
            tests = [one.averages[name] for one in found.pairs]
            assert [t.p_holm for t in tests] == holm([t.p_randomisation for t in tests])

    def test_order_of_rows_changes_nothing(self):
        plan = mt_translations.plan_of()

        def shuffled(run):
            rows = mt_translations.predictions(plan, run)
            return rows.take(random.Random(run.path).sample(range(len(rows)), len(rows)))

        options = {"resamples": 20, "trials": 20}
        assert compare_systems(plan, shuffled, **options) == self.compare(plan, **options)

    def test_without_baseline(self):
        blocks = [mt_translations.block(methods=["cats"], seeds=[1])]
        found = self.compare(mt_translations.plan_of(experiments=blocks))
        assert found.pairs == []
        assert found.not_compared == ["cats/cats/tiny/ted8_diverse-m2o/seed-1"]

    def test_other_sentences(self):
        plan = mt_translations.plan_of()

        def read(run) -> pa.Table:
            rows = mt_translations.predictions(plan, run)
            return rows.slice(1) if run.method == "cats" else rows

        with pytest.raises(DataError, match="did not translate the same sentences"):
            compare_systems(plan, read)

    def test_stage(self, tmp_path):
        plan = mt_translations.plan_of(experiments=[mt_translations.block(seeds=[1])])
        mt_translations.write_all(plan, tmp_path)
        files = [tmp_path / "one.json", tmp_path / "two.json"]
        for file in files:
            compare_mt(study=Plan(plan.study), results=tmp_path, output=file)
        assert files[0].read_bytes() == files[1].read_bytes()
        found = read_comparison(files[0])
        assert (found.resamples, found.trials, found.seed) == (1000, 10_000, 12345)
        assert found.pairs[0].signatures["qaa"].startswith("nrefs:1|case:mixed|eff:no|tok:13a")

    def test_a_study_without_translation(self, tmp_path):
        from small_study import load_small

        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            plan = Plan(load_small().study)
        with pytest.raises(UsageError, match="has no translation models"):
            compare_mt(study=plan, results=tmp_path, output=tmp_path / "x.json")
