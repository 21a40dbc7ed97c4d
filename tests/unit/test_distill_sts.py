# SPDX-License-Identifier: Apache-2.0
"""STS, Tatoeba and files of the evaluation, against scipy and the library's evaluators."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from xling.data.tables import write_table
from xling.distill.evaluation import bitext, run, similarity, tatoeba
from xling.distill.evaluation.embedder import SentenceVectors
from xling.distill.evaluation.space import read_space
from xling.errors import DataError, UsageError

WIDTH = 16


class Toy:
    """A vector per sentence, drawn from its text; remembers what it was asked."""

    def __init__(self, scale=1.0):
        self.scale = scale
        self.asked = []

    def encode(self, sentences, language):
        self.asked.append((language, list(sentences)))
        rows = [
            np.random.default_rng([*text.encode()]).normal(size=WIDTH) + 0.3 for text in sentences
        ]
        return self.scale * np.array(rows, np.float32).reshape(-1, WIDTH)


def sts_table(seed=0, rows=40, pairs=("en-en", "en-qaa", "qab-qab")):
    rng = np.random.default_rng(seed)
    gold = rng.choice([0.0, 1.0, 2.5, 4.0, 5.0], rows).tolist()
    return pa.table(
        {
            "id": [str(i) for _ in pairs for i in range(rows)],
            "language": [pair for pair in pairs for _ in range(rows)],
            "sentence1": [f"{pair} first {i}" for pair in pairs for i in range(rows)],
            "sentence2": [f"{pair} second {i % 30}" for pair in pairs for i in range(rows)],
            "score": gold * len(pairs),
        }
    )


def cosine(one, other):
    return float(one @ other) / math.sqrt(float(one @ one) * float(other @ other))


def by_hand(table, pair):
    """Return gold scores and cosines of a pair, one row at a time."""
    toy = Toy()
    rows = [row for row in table.to_pylist() if row["language"] == pair]
    vectors = [
        toy.encode([row["sentence1"], row["sentence2"]], "")[:].astype(np.float64) for row in rows
    ]
    return [row["score"] for row in rows], [cosine(*two) for two in vectors]


def predicted(table, embedder=None):
    return similarity.similarities(table, similarity.sentence_vectors(table, embedder or Toy()))


class TestVectors:
    def test_a_sentence_is_encoded_once_and_in_sorted_order(self):
        toy = Toy()
        vectors = SentenceVectors(toy, ["b", "a", "b"], "en")
        assert toy.asked == [("en", ["a", "b"])]
        assert (len(vectors), vectors.width) == (2, WIDTH)
        found = vectors.of(["b", "a", "b"])
        np.testing.assert_array_equal(found[0], found[2])
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)

    def test_a_vector_of_zeros_stays_one(self):
        found = SentenceVectors(Toy(scale=0.0), ["a"], "en").of(["a"])
        assert not found.any()

    @pytest.mark.parametrize(
        ("vectors", "what"),
        [
            (np.zeros((1, 3), np.float32), r"shape \[1, 3\] for 2 sentences"),
            (np.zeros(2, np.float32), r"shape \[2\] for 2 sentences"),
            (np.array([[1, np.nan], [1, 2]], np.float32), "1 of 2 sentences are no finite"),
        ],
    )
    def test_bad_vectors(self, vectors, what):
        class Bad:
            def encode(self, sentences, language):
                return vectors

        with pytest.raises(DataError, match=what):
            SentenceVectors(Bad(), ["a", "b"], "en")


class TestSts:
    def test_scores_equal_scipys(self):
        table = sts_table()
        scores = {(s.language, s.metric): s for s in similarity.score(predicted(table))}
        assert set(scores) == {
            (pair, metric)
            for pair in ("en-en", "en-qaa", "qab-qab")
            for metric in ("spearman", "pearson")
        }
        for pair in ("en-en", "en-qaa", "qab-qab"):
            gold, cosines = by_hand(table, pair)
            rho = 100 * stats.spearmanr(gold, cosines).statistic
            assert scores[pair, "spearman"].value == pytest.approx(rho, abs=1e-4)
            r = 100 * stats.pearsonr(gold, cosines).statistic
            assert scores[pair, "pearson"].value == pytest.approx(r, abs=1e-4)
            assert scores[pair, "spearman"].n == 40

    def test_ties_share_their_mean_rank(self):
        # Ranks of gold: 1.5 1.5 3 4; of cosines: 1 2.5 2.5 4.
        x, y = [-1, -1, 0.5, 1.5], [-1.5, 0, 0, 1.5]
        rho = np.dot(x, y) / math.sqrt(np.dot(x, x) * np.dot(y, y))
        found = similarity.correlation("spearman", [0, 0, 3, 5], [0.1, 0.4, 0.4, 0.6], "")
        assert found == pytest.approx(100 * rho)

    def test_each_language_is_encoded_once(self):
        toy = Toy()
        similarity.sentence_vectors(sts_table(), toy)
        assert [language for language, _ in toy.asked] == ["en", "qaa", "qab"]

    def test_order_of_rows_and_scale_of_vectors_change_nothing(self):
        table = sts_table()
        order = np.random.default_rng(1).permutation(table.num_rows)
        assert predicted(table).equals(predicted(table.take(order)))
        one, other = (similarity.score(predicted(table, Toy(scale))) for scale in (1.0, 4.0))
        assert one == other

    def test_cosines_that_are_all_equal_rank_nothing(self):
        assert similarity.correlation("spearman", [1, 2, 3], [0.5, 0.5, 0.5], "") == 0.0

    def test_gold_without_an_order(self):
        with pytest.raises(DataError, match="no order"):
            similarity.correlation("spearman", [2, 2], [0.5, 0.6], "en-de")

    def test_a_row_without_a_score(self):
        table = sts_table(rows=5, pairs=("en-en",))
        scores = pa.array([1.0, None, 2.0, math.nan, 3.0])
        table = table.set_column(4, "score", scores)
        with pytest.raises(DataError, match="2 sentence pairs have no score"):
            predicted(table)

    def test_a_language_that_is_no_pair(self):
        with pytest.raises(DataError, match="'de' is no pair"):
            similarity.languages_of("de")


def tatoeba_table(language="qaa", rows=30):
    rng = np.random.default_rng(2)
    order = rng.permutation(rows).tolist()
    source = [(f"{i:03}", "source", f"{language} {i}", [f"{i:03}"]) for i in range(rows)]
    target = [(f"{i:03}", "target", f"en {i}", []) for i in range(rows)]
    ids, sides, texts, gold = zip(*[source[i] for i in order], *target, strict=True)
    return pa.table(
        {
            "id": ids,
            "language": [language] * (2 * rows),
            "side": sides,
            "text": texts,
            "gold": pa.array(gold, pa.list_(pa.string())),
        }
    )


class Near:
    """Translations near to each other, with noise that makes mistakes, some on one side only."""

    def encode(self, sentences, language):
        rows = []
        for text in sentences:
            number = int(text.split()[-1])
            meaning = np.random.default_rng(number).normal(size=6)
            noise = np.random.default_rng([*text.encode()]).normal(size=6)
            rows.append(meaning + 0.7 * noise)
        return np.array(rows, np.float32)


class TestTatoeba:
    def test_both_directions_and_their_mean(self):
        predictions = tatoeba.search_both(tatoeba_table(), Near())
        scores = {s.setting: s for s in tatoeba.score(predictions)}
        foreign = Near().encode([f"qaa {i}" for i in range(30)], "").astype(np.float64)
        english = Near().encode([f"en {i}" for i in range(30)], "").astype(np.float64)
        foreign /= np.linalg.norm(foreign, axis=1, keepdims=True)
        english /= np.linalg.norm(english, axis=1, keepdims=True)
        right = np.arange(30)
        there = 100 * ((foreign @ english.T).argmax(axis=1) == right).mean()
        back = 100 * ((english @ foreign.T).argmax(axis=1) == right).mean()
        assert there != back
        assert scores[tatoeba.TO_ENGLISH].value == pytest.approx(there)
        assert scores[tatoeba.FROM_ENGLISH].value == pytest.approx(back)
        assert scores[tatoeba.MEAN].value == pytest.approx((there + back) / 2)
        assert (scores[tatoeba.MEAN].n, scores[tatoeba.TO_ENGLISH].n) == (60, 30)
        assert scores[tatoeba.MEAN].chance == pytest.approx(100 / 30)
        assert len({s.signature for s in scores.values()}) == 3

    def test_order_of_rows_changes_nothing(self):
        table = pa.concat_tables([tatoeba_table(), tatoeba_table("qab")])
        order = np.random.default_rng(3).permutation(table.num_rows)
        one, other = (
            tatoeba.search_both(table, Near()),
            tatoeba.search_both(table.take(order), Near()),
        )
        assert one.equals(other)


@pytest.fixture(scope="module")
def evaluation():
    return pytest.importorskip("sentence_transformers.sentence_transformer.evaluation")


class TestLibrary:
    """The library's evaluators; a stub stands for the model, whose vectors both sides get."""

    @staticmethod
    def stub(evaluator, embedder):
        def vectors(model, sentences, **_):
            import torch

            return torch.from_numpy(embedder.encode(list(sentences), ""))

        evaluator.embed_inputs = vectors
        evaluator.store_metrics_in_model_card_data = lambda *_, **__: None

    def test_sts(self, evaluation):
        table = sts_table(pairs=("en-qaa",))
        rows = [table[name].to_pylist() for name in ("sentence1", "sentence2", "score")]
        evaluator = evaluation.EmbeddingSimilarityEvaluator(*rows, main_similarity="cosine")
        self.stub(evaluator, Toy())
        evaluator.similarity_fn_names = ["cosine"]
        theirs = evaluator(None)
        ours = {s.metric: s.value for s in similarity.score(predicted(table))}
        assert ours["spearman"] == pytest.approx(100 * theirs["spearman_cosine"], abs=1e-4)
        assert ours["pearson"] == pytest.approx(100 * theirs["pearson_cosine"], abs=1e-4)

    def test_tatoeba(self, evaluation):
        sides = ([f"qaa {i}" for i in range(30)], [f"en {i}" for i in range(30)])
        evaluator = evaluation.TranslationEvaluator(*sides)
        self.stub(evaluator, Near())
        embed = evaluator.embed_inputs
        evaluator.embed_inputs = lambda *args, **options: list(embed(*args, **options))
        theirs = evaluator(None)
        scores = tatoeba.score(tatoeba.search_both(tatoeba_table(), Near()))
        ours = {s.setting: s.value for s in scores}
        assert ours == pytest.approx(
            {
                tatoeba.TO_ENGLISH: 100 * theirs["src2trg_accuracy"],
                tatoeba.FROM_ENGLISH: 100 * theirs["trg2src_accuracy"],
                tatoeba.MEAN: 100 * theirs["mean_accuracy"],
            }
        )


class Encoder:
    """A tiny encoder with random weights, mean-pooled: batches and padding as asked."""

    def __init__(self, batch, pad_to=0):
        import torch
        from transformers import BertConfig, BertModel

        torch.manual_seed(0)
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        config = BertConfig(
            vocab_size=64, intermediate_size=64, max_position_embeddings=40, **sizes
        )
        self.model = BertModel(config).eval()
        self.batch, self.pad_to = batch, pad_to

    def encode(self, sentences, language):
        import torch

        found = []
        for start in range(0, len(sentences), self.batch):
            rows = [
                [1 + ord(c) % 63 for c in text] for text in sentences[start : start + self.batch]
            ]
            width = max(self.pad_to, *map(len, rows))
            ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
            mask = (ids > 0).long()
            with torch.inference_mode():
                states = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
            total = (states * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
            found.append(total.numpy())
        return np.concatenate(found)


def test_batches_and_padding_change_nothing():
    one, other = Encoder(1), Encoder(7, pad_to=40)
    table = sts_table(pairs=("en-qaa",))
    sts, again = predicted(table, one), predicted(table, other)
    first, second = (np.array(found["prediction"].to_pylist()) for found in (sts, again))
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert np.ptp(first) > 1e-3
    ours, theirs = similarity.score(sts), similarity.score(again)
    assert [s.value for s in ours] == pytest.approx([s.value for s in theirs], abs=0.1)
    found = [tatoeba.search_both(tatoeba_table(), encoder) for encoder in (one, other)]
    assert found[0].drop(["score"]).equals(found[1].drop(["score"]))
    mined = [bitext.mine_splits({"test": tatoeba_table()}, encoder) for encoder in (one, other)]
    assert mined[0].drop(["score"]).equals(mined[1].drop(["score"]))
    assert mined[0].num_rows > 5


class TestFiles:
    def test_predictions_notes_and_space(self, tmp_path):
        table = sts_table()
        write_table(tmp_path / "test.parquet", table, {"origin": "made up", "translations": "none"})
        for name in ("one", "two"):
            run.evaluate(
                "sts17",
                Toy(),
                {"test": tmp_path / "test.parquet"},
                system={"name": "toy"},
                output=tmp_path / name / "sts.parquet",
                note=tmp_path / name / "sts.json",
                space=tmp_path / name / "space.npz",
            )
        for file in ("sts.parquet", "space.npz"):
            assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
        note = json.loads((tmp_path / "one" / "sts.json").read_text(encoding="utf-8"))
        assert note["system"] == {"name": "toy"}
        # Different sentences of a file: 40 first and, as they repeat, 30 second ones.
        assert note["encoded"] == {"en": 110, "qaa": 30, "qab": 70}
        (data,) = note["test_data"]
        assert data["rows"] == {"en-en": 40, "en-qaa": 40, "qab-qab": 40}
        assert data["origin"] == "made up"
        scores = run.score("sts17", pq.read_table(tmp_path / "one" / "sts.parquet"))
        assert {s.setting for s in scores} == {"standard", "expected", "pooled"}
        space = read_space(tmp_path / "one" / "space.npz")
        assert {code: vectors.shape for code, vectors in space.items()} == {
            "en": (30, WIDTH),
            "qaa": (30, WIDTH),
        }

    @pytest.mark.parametrize(
        ("task", "splits", "what"),
        [
            ("sts", {"test": "x"}, "unknown task"),
            ("tatoeba", {"dev": "x", "test": "x"}, "given the splits dev, test"),
            ("bucc2018", {"dev": "x"}, "given the splits dev"),
        ],
    )
    def test_what_cannot_be_evaluated(self, tmp_path, task, splits, what):
        out = {"output": tmp_path / "o", "note": tmp_path / "n", "system": {}}
        with pytest.raises(UsageError, match=what):
            run.evaluate(task, Toy(), splits, **out)
        assert not list(tmp_path.iterdir())
