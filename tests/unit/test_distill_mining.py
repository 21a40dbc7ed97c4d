# SPDX-License-Identifier: Apache-2.0
"""One-pass mining and BUCC's thresholds against slow versions written from the definitions."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from xling.distill.evaluation import bitext, mining
from xling.distill.evaluation.mining import mine, nearest_both
from xling.errors import DataError
from xling.tasks import margin


def unit(rng, rows, width=8, shift=0.5):
    vectors = rng.normal(size=(rows, width)) + shift
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def grid(rng, rows, width=6):
    """Vectors of length 1 whose cosines are exact in float32: many ties, none by rounding."""
    vectors = np.zeros((rows, width), np.float32)
    for row in vectors:
        row[rng.choice(width, size=4, replace=False)] = rng.choice([-0.5, 0.5], size=4)
    return vectors


def slow_nearest(source, target, count):
    """Sort all cosines of each row; of equal ones the lower row comes first."""
    cosines = source.astype(np.float64) @ target.T.astype(np.float64)
    rows = [
        sorted(range(len(target)), key=lambda j, i=i: (-cosines[i, j], j))
        for i in range(len(source))
    ]
    return [row[:count] for row in rows]


def slow_mine(source, target, k, floor):
    """Every number of the definition, one pair at a time, in double precision."""
    cos = source.astype(np.float64) @ target.T.astype(np.float64)
    to_target, to_source = slow_nearest(source, target, k), slow_nearest(target, source, k)
    mean_source = [np.mean([cos[i, j] for j in near]) for i, near in enumerate(to_target)]
    mean_target = [np.mean([cos[i, j] for i in near]) for j, near in enumerate(to_source)]

    def ratio(i, j):
        mean = (mean_source[i] + mean_target[j]) / 2
        return float(np.float32(cos[i, j] / mean)) if mean else 0.0

    best = {(i, min(near, key=lambda j: (-ratio(i, j), j))) for i, near in enumerate(to_target)}
    best |= {(min(near, key=lambda i: (-ratio(i, j), i)), j) for j, near in enumerate(to_source)}
    taken, left, right = [], set(), set()
    for score, i, j in sorted((-ratio(i, j), i, j) for i, j in best):
        if -score >= floor and i not in left and j not in right:
            taken.append((i, j, -score))
            left.add(i)
            right.add(j)
    return taken


@pytest.fixture
def small_tiles(monkeypatch):
    """Let a hundred rows have several tiles, the last of them not full."""
    monkeypatch.setattr(mining, "TILE", 64)


@pytest.mark.usefixtures("small_tiles")
class TestNearest:
    @pytest.mark.parametrize("count", [1, 4, 70, 1000])
    def test_equals_sorting_all_cosines(self, count):
        rng = np.random.default_rng(count)
        source, target = unit(rng, 150), unit(rng, 210)
        for found, one, other in zip(
            nearest_both(source, target, count), (source, target), (target, source), strict=True
        ):
            assert found.rows.tolist() == slow_nearest(one, other, count)
            exact = one.astype(np.float64) @ other.T.astype(np.float64)
            expected = np.take_along_axis(exact, found.rows, axis=1)
            np.testing.assert_allclose(found.cosines, expected, atol=1e-6)

    @pytest.mark.parametrize("seed", range(5))
    def test_ties_fall_to_the_lower_row(self, seed):
        rng = np.random.default_rng(seed)
        source, target = grid(rng, 140), grid(rng, 200)
        forward, backward = nearest_both(source, target, 4)
        assert forward.rows.tolist() == slow_nearest(source, target, 4)
        assert backward.rows.tolist() == slow_nearest(target, source, 4)

    def test_a_cosine_is_the_same_number_from_both_sides(self):
        rng = np.random.default_rng(3)
        source, target = unit(rng, 130, 96), unit(rng, 90, 96)
        forward, backward = nearest_both(source, target, 90)
        one, other = np.zeros((130, 90), np.float32), np.zeros((90, 130), np.float32)
        np.put_along_axis(one, forward.rows, forward.cosines, axis=1)
        np.put_along_axis(other, backward.rows, backward.cosines, axis=1)
        seen = other.T != 0
        assert seen.sum() == 90 * 90
        np.testing.assert_array_equal(one[seen], other.T[seen])

    def test_rows_may_come_in_any_order(self):
        """Equal vectors have equal cosines to the last bit wherever they stand."""
        rng = np.random.default_rng(4)
        source, target = unit(rng, 170, 96), unit(rng, 150, 96)
        order = rng.permutation(150)
        plain, _ = nearest_both(source, target, 4)
        shuffled, _ = nearest_both(source, target[order], 4)
        np.testing.assert_array_equal(plain.cosines, shuffled.cosines)
        np.testing.assert_array_equal(plain.rows, order[shuffled.rows])


@pytest.mark.usefixtures("small_tiles")
def test_memory_is_that_of_rows_not_of_pairs():
    rng = np.random.default_rng(8)
    peaks = []
    for rows in (1000, 2000):
        source, target = unit(rng, rows), unit(rng, rows)
        tracemalloc.start()
        nearest_both(source, target, 4)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2.5 * peaks[0]
    assert peaks[1] < 2000 * 2000 * 4 / 10


@pytest.mark.usefixtures("small_tiles")
class TestMine:
    @pytest.mark.parametrize(
        ("sources", "targets", "k"),
        [(150, 90, 4), (90, 150, 4), (70, 70, 1), (3, 80, 4), (1, 1, 4)],
    )
    @pytest.mark.parametrize("made", [unit, grid])
    def test_equals_the_definition(self, sources, targets, k, made):
        rng = np.random.default_rng(sources)
        source, target = made(rng, sources), made(rng, targets)
        some = min(sources, targets) // 2
        target[:some] = source[:some]
        found = mine(source, target, k, 1.0)
        expected = slow_mine(source, target, k, 1.0)
        pairs = list(zip(found.source.tolist(), found.target.tolist(), strict=True))
        assert pairs == [(i, j) for i, j, _ in expected]
        np.testing.assert_allclose(found.scores, [s for *_, s in expected], rtol=1e-6)

    def test_equals_the_search_of_each_direction(self):
        rng = np.random.default_rng(6)
        source, target = unit(rng, 300, 32), unit(rng, 260, 32)
        found, other = mine(source, target, 4, 0.0), margin.mine(source, target, 4)
        assert set(zip(found.source, found.target, strict=True)) == set(
            zip(other.source, other.target, strict=True)
        )
        np.testing.assert_allclose(found.scores, other.scores, rtol=1e-5)

    def test_the_floor_only_takes_pairs_below_it(self):
        rng = np.random.default_rng(7)
        source, target = unit(rng, 200), unit(rng, 200)
        free, cut = mine(source, target, 4, 0.0), mine(source, target, 4, 1.0)
        kept = free.scores >= 1.0
        assert 0 < kept.sum() < len(kept)
        for one, other in zip(free, cut, strict=True):
            np.testing.assert_array_equal(one[kept], other)

    def test_collapsed_vectors_end(self):
        same = np.tile(np.array([[0.6, 0.8]], np.float32), (200, 1))
        found = mine(same, same, 4, 1.0)
        # All look for row 0; of the pairs left, none is free of a row that is taken.
        assert list(zip(found.source, found.target, strict=True)) == [(0, 0)]


class Words:
    """Vectors by the sentence's number, the same in all languages, noise by language."""

    def __init__(self, noise=0.0, width=24):
        self.noise, self.width = noise, width

    def encode(self, sentences, language):
        rows = []
        for text in sentences:
            meaning = np.random.default_rng(int(text.split()[-1])).normal(size=self.width)
            own = np.random.default_rng([*text.encode(), *language.encode()]).normal(
                size=self.width
            )
            rows.append(meaning + self.noise * own)
        return np.array(rows, np.float32)


def bucc_table(seed, sentences=60, pairs=30, language="qaa"):
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(10_000)[: 2 * sentences].tolist()
    source = numbers[:sentences]
    target = [*source[:pairs], *numbers[sentences : 2 * sentences - pairs]]
    rows = [(f"s{i:03}", "source", f"foreign {n}") for i, n in enumerate(source)]
    rows += [(f"t{i:03}", "target", f"english {n}") for i, n in enumerate(target)]
    gold = [[f"t{i:03}"] if i < pairs else [] for i in range(sentences)] + [[]] * sentences
    ids, sides, texts = zip(*rows, strict=True)
    return pa.table(
        {
            "id": ids,
            "language": [language] * len(rows),
            "side": sides,
            "text": texts,
            "gold": pa.array(gold, pa.list_(pa.string())),
        }
    )


def every_threshold(predictions, split):
    """Return (F1, threshold) of each threshold that there is, from the definition."""
    rows = [row for row in predictions.to_pylist() if row["split"] == split]
    gold = sum(row["gold"] for row in rows)
    mined = [row for row in rows if row["score"] is not None]
    found = []
    for cut in sorted({row["score"] for row in mined}):
        kept = [row["gold"] for row in mined if row["score"] >= cut]
        hits = sum(kept)
        precision, recall = hits / len(kept), hits / gold
        found.append((200 * precision * recall / (precision + recall) if hits else 0.0, cut))
    return found


class TestBitext:
    @pytest.mark.parametrize("seed", range(3))
    def test_the_oracle_is_the_best_of_all_thresholds(self, seed):
        table = bucc_table(seed)
        predictions = bitext.mine_splits({"test": table}, Words(noise=1.2))
        (f1,) = [s for s in bitext.score(predictions) if s.metric == "f1"]
        assert f1.setting == bitext.ORACLE
        assert f1.n == 30
        best = max(every_threshold(predictions, "test"))[0]
        assert f1.value == pytest.approx(best)
        assert 20 < f1.value < 100

    def test_the_honest_threshold_is_that_of_the_sample(self):
        tables = {"dev": bucc_table(10), "test": bucc_table(11)}
        predictions = bitext.mine_splits(tables, Words(noise=1.2))
        scores = {(s.setting, s.metric): s for s in bitext.score(predictions)}
        sweep = every_threshold(predictions, "dev")
        top = max(f1 for f1, _ in sweep)
        kept = max(cut for f1, cut in sweep if f1 == top)
        below = max((cut for _, cut in sweep if cut < kept), default=kept)
        middle = (kept + below) / 2
        rows = [row for row in predictions.to_pylist() if row["split"] == "test"]
        taken = [row["gold"] for row in rows if row["score"] is not None and row["score"] >= middle]
        expected = 200 * sum(taken) / (len(taken) + 30)
        honest, oracle = scores[bitext.TUNED, "f1"], scores[bitext.ORACLE, "f1"]
        assert honest.value == pytest.approx(expected)
        assert honest.value <= oracle.value
        assert "|threshold:dev|" in honest.signature
        assert "|threshold:scored-pairs|" in oracle.signature
        assert honest.signature.endswith("|duplicates:kept|floor:1")

    def test_order_of_rows_changes_nothing(self):
        table = bucc_table(12)
        order = np.random.default_rng(0).permutation(table.num_rows)
        one = bitext.mine_splits({"test": table}, Words(noise=1.0))
        other = bitext.mine_splits({"test": table.take(order)}, Words(noise=1.0))
        assert one.equals(other)

    def test_of_equal_sentences_the_first_id_is_mined(self):
        table = bucc_table(13, sentences=20, pairs=10)
        texts = table["text"].to_pylist()
        first, copy = 20, 39  # places of t000, which is gold, and of t019
        texts[copy] = texts[first]
        table = table.set_column(3, "text", pa.array(texts))
        found = bitext.mine_splits({"test": table}, Words()).to_pylist()
        mined = {(row["source"], row["target"]) for row in found if row["score"] is not None}
        assert ("s000", "t000") in mined
        assert ("s000", "t019") not in mined

    def test_gold_pairs_that_are_not_mined_count(self):
        predictions = bitext.mine_splits({"test": bucc_table(14)}, Words(noise=3.0))
        rows = predictions.to_pylist()
        assert sum(row["gold"] for row in rows) == 30
        assert any(row["gold"] and row["score"] is None for row in rows)

    def test_splits_that_are_not_those_of_bucc(self):
        with pytest.raises(DataError, match="given the splits dev"):
            bitext.mine_splits({"dev": bucc_table(1)}, Words())
