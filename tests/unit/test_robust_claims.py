# SPDX-License-Identifier: Apache-2.0
"""Gains over the baseline and the claims, against sums that are made item by item."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest
from robust_results import ITEMS, LANGUAGES, comparison_of, predictions_of, robust_plan
from scipy import stats

from xling.analysis.language_distances import dialled, distances, read_distances
from xling.comparison.gains import gains_of, rank_correlations
from xling.comparison.pair_items import pair_items
from xling.comparison.pairs import compared
from xling.comparison.results import dump_comparison, read_comparison
from xling.config.loader import config_file
from xling.config.study import ArtificialLanguage
from xling.errors import DataError
from xling.tables.robust.claims import FARTHER, HELPS, MORE, answers
from xling.tasks import TASKS


@pytest.fixture(scope="module")
def plan():
    return robust_plan()


@pytest.fixture(scope="module")
def comparison(plan):
    return comparison_of(plan)


def hits(plan, run, *, without_ns=False):
    """Right or wrong by (pair of languages, id)."""
    return {
        (row["language"], row["id"]): 100.0 * (row["label"] == row["prediction"])
        for row in predictions_of(plan, run).to_pylist()
        if row["setting"] == "generalised" and not (without_ns and row["not_translated"])
    }


def mean_by_hand(plan, runs, chosen, **options):
    """Mean over pairs of languages of the mean over items, seeds averaged."""
    values = []
    for run in runs:
        right = hits(plan, run, **options)
        pairs = {name: name.split("-") for name, _ in right}
        kept = [name for name, codes in pairs.items() if chosen(*codes)]
        values.append(fmean(fmean(v for (n, _), v in right.items() if n == name) for name in kept))
    return fmean(values), values


def test_every_method_is_held_against_zero_shot(plan):
    pairs = compared(plan)
    assert {pair.second for pair in pairs} == {"zero_shot"}
    assert [pair.first for pair in pairs if pair.task == "pawsx"] == [
        *("zero_shot_matched", "adv", "rs_rp", "rs_da")
    ]
    assert [pair.seeds for pair in pairs if pair.first == "adv-0.1"] == [(1,)]


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
@pytest.mark.parametrize("without_ns", [False, True])
def test_sums_equal_means_made_row_by_row(plan, comparison, task, without_ns):
    gains = [g for g in comparison.gains if (g.task, g.first) == (task, "adv")]
    gain = {g.without_ns: g for g in gains}.get(without_ns)
    if task == "xnli" and without_ns:
        assert gain is None  # all of it is translated
        return
    (pair,) = (one for one in compared(plan) if (one.task, one.first) == (task, "adv"))
    parts = {
        "diagonal": lambda a, b: a == b,
        "diagonal_targets": lambda a, b: a == b != "en",
        "off_diagonal": lambda a, b: a != b,
        "off_diagonal_targets": lambda a, b: a != b and "en" not in (a, b),
        "all": lambda *_: True,
    }
    slow = {}
    for name, chosen in parts.items():
        sides = [
            mean_by_hand(plan, pair.runs(m), chosen, without_ns=without_ns)
            for m in ("adv", "zero_shot")
        ]
        found = gain.sums[name]
        assert found.tested.first == pytest.approx(sides[0][0])
        assert found.tested.second == pytest.approx(sides[1][0])
        slow[name] = {
            seed: a - b for seed, a, b in zip(pair.seeds, sides[0][1], sides[1][1], strict=True)
        }
        assert found.seeds == pytest.approx(slow[name])
    for ending in ("", "_targets"):
        one, other = slow[f"off_diagonal{ending}"], slow[f"diagonal{ending}"]
        found = gain.sums[f"excess{ending}"]
        assert found.seeds == pytest.approx({seed: one[seed] - other[seed] for seed in one})
        assert found.tested.difference == pytest.approx(fmean(found.seeds.values()))
        assert found.tested.low < found.tested.difference < found.tested.high


def test_the_interval_is_that_of_a_plain_bootstrap(plan, comparison):
    """Items drawn one set after the other; both ways are random, so near is enough."""
    (gain,) = (g for g in comparison.gains if (g.task, g.first) == ("xnli", "rs_da"))
    (pair,) = (one for one in compared(plan) if (one.task, one.first) == ("xnli", "rs_da"))
    sides = [[hits(plan, run) for run in pair.runs(m)] for m in ("rs_da", "zero_shot")]
    ids = sorted({one for _, one in sides[0][0]})
    names = sorted({name for name, _ in sides[0][0]})
    gaps = np.array(
        [
            [
                fmean(s[name, one] for s in sides[0]) - fmean(s[name, one] for s in sides[1])
                for one in ids
            ]
            for name in names
        ]
    )
    two = np.array([len(set(name.split("-"))) > 1 for name in names])
    rng = np.random.default_rng(9)
    drawn = []
    for _ in range(2000):
        some = gaps[:, rng.integers(0, len(ids), len(ids))].mean(axis=1)
        drawn.append(some[two].mean() - some[~two].mean())
    low, high = np.quantile(drawn, [0.025, 0.975])
    found = gain.sums["excess"].tested
    assert abs(found.low - low) < 0.2 * (high - low)
    assert abs(found.high - high) < 0.2 * (high - low)


def test_the_correlation_is_scipys(plan, comparison):
    (gain,) = (g for g in comparison.gains if (g.task, g.first) == ("xnli", "rs_da"))
    known = distances(plan.study, LANGUAGES)
    assert [one.kind for one in gain.by_distance] == list(known) == ["dials", "order", "words"]
    for one in gain.by_distance:
        codes = sorted(one.gains)
        assert codes == LANGUAGES[1:]
        assert one.distances == {code: known[one.kind][code] for code in codes}
        wanted = stats.spearmanr(
            [one.gains[c] for c in codes], [one.distances[c] for c in codes]
        ).statistic
        assert one.rho == pytest.approx(wanted)
        assert one.low <= one.high


def test_rank_correlations_equal_scipys_with_ties():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4, size=(6, 50)).astype(float)
    other = np.array([1.0, 2.0, 2.0, 3.0, 5.0, 4.0])
    values[:, 7] = 1.0
    found = rank_correlations(values, other)
    assert np.isnan(found[7])
    for i in (j for j in range(50) if j != 7):
        assert found[i] == pytest.approx(stats.spearmanr(values[:, i], other).statistic)


def test_gains_without_pairs_are_those_of_the_standard_setting():
    plan = robust_plan({"tasks": ["xnli"], "methods": ["zero_shot", "adv"]}, pairs=False)
    (gain,) = comparison_of(plan).gains
    assert list(gain.sums) == ["diagonal", "diagonal_targets"]
    found = answers([gain])
    assert [one.verdict for one in found if one.claim == MORE] == ["no answer"]


def test_an_item_that_one_run_lacks_is_in_no_mean(plan):
    (pair,) = (one for one in compared(plan) if (one.task, one.first) == ("xnli", "adv"))
    tables = {run: predictions_of(plan, run) for run in pair.all_runs}
    lacking = pair.all_runs[0]
    keys = tables[lacking].select(["language", "id"]).to_pylist()
    kept = [(k["language"], k["id"]) != ("qaa-qab", "i000") for k in keys]
    tables[lacking] = tables[lacking].filter(kept)
    tested = {run: pair_items(t, TASKS["xnli"]) for run, t in tables.items()}
    (gain,) = gains_of(pair, tested, {}, 50)
    pairs = len(LANGUAGES) ** 2
    assert gain.sums["all"].tested.items == pairs * ITEMS - 1


def test_comparisons_are_read_as_they_were_written(comparison, tmp_path):
    (tmp_path / "robust.json").write_text(dump_comparison(comparison), encoding="utf-8")
    assert read_comparison(tmp_path / "robust.json") == comparison


def test_holms_correction_is_over_tasks_and_methods(comparison):
    own = [g.sums["excess"].tested for g in comparison.gains if not g.without_ns]
    assert len(own) == 10
    smallest = min(own, key=lambda one: one.p_bootstrap)
    assert smallest.p_holm == pytest.approx(min(1.0, 10 * smallest.p_bootstrap))


def test_each_claim_is_answered_whatever_the_answer_is(comparison):
    found = answers(comparison.gains)
    assert {one.claim for one in found} == {HELPS, MORE, FARTHER}
    for one in found:
        if one.value is not None:
            above, below = one.low > 0, one.high < 0
            wanted = "yes" if above else "the opposite" if below else "not shown"
            assert one.verdict == wanted
    assert "yes" in {one.verdict for one in found if one.claim == HELPS}


def test_distances_of_artificial_languages_by_hand():
    languages = {
        "qaa": ArtificialLanguage(
            word_order="SVO", adjective="after", cognates=0.5, script="latin", text_share=0.2
        ),
        "qab": ArtificialLanguage(
            word_order="SOV", adposition="after", cognates=0.2, script="greek", text_share=0.2
        ),
    }
    found = dialled(languages)
    assert found["dials"]["qaa"] == pytest.approx((0 + 1 + 0 + 0 + 0.5) / 5)
    assert found["dials"]["qab"] == pytest.approx((1 + 0 + 1 + 1 + 0.8) / 5)
    assert found["order"] == pytest.approx({"qaa": 1 / 3, "qab": 2 / 3})
    assert found["words"] == pytest.approx({"qaa": 0.5, "qab": 0.8})


def test_every_published_language_has_a_distance_with_its_source():
    known = read_distances(config_file("language_distances.csv"))["syntactic"]
    wanted = {*TASKS["xnli"].languages, *TASKS["pawsx"].languages}
    assert set(known) == wanted
    assert known["en"] == 0.0
    assert known["de"] < known["hi"] < known["sw"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("de,syntactic,0.1,", "no source"),
        ("de,colour,0.1,x", "unknown kind"),
        ("de,syntactic,2,x", "distance of 2"),
        ("de,syntactic,far,x", "no number"),
        ("de,syntactic,0.1,x\nde,syntactic,0.1,x", "twice"),
    ],
)
def test_a_wrong_distance_is_refused(tmp_path, line, said):
    path = tmp_path / "distances.csv"
    path.write_text(f"language,kind,distance,source\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_distances(path)
