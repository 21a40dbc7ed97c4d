# SPDX-License-Identifier: Apache-2.0
"""Sentence embeddings, Tatoeba and BUCC: from prepared rows to scores."""

import logging
import random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch

from conftest import REALDATA
from xling.data.tables import SCHEMAS
from xling.errors import DataError, UsageError
from xling.methods import methods
from xling.tasks import TASKS, bucc, retrieval, tatoeba
from xling.tasks.embeddings import embed, layers_of
from xling.tasks.family import Inference
from xling.tokens import write_tokens

TATOEBA, BUCC = TASKS["tatoeba"], TASKS["bucc2018"]
SEARCH = {"pooling": "mean", "layer": None, "sweep": False, "neighbours": 4}


def sentences(count, seed, repeat=0):
    """Sentences of 1 to 12 words; the last ``repeat`` are equal to the first ones."""
    rng = random.Random(seed)
    words = [a + b + c for a in "bdgk" for b in "aeo" for c in "lmn"]
    texts = [" ".join(rng.choices(words, k=rng.randint(1, 12))) for _ in range(count - repeat)]
    return texts + texts[:repeat]


def prepared(language, source, target, gold):
    """A prepared table; ``gold``: pairs of row numbers."""
    partners = {i: [f"en-{j:03d}" for one, j in gold if one == i] for i in range(len(source))}
    rows = [
        (f"{language}-{i:03d}", language, "source", text, partners[i])
        for i, text in enumerate(source)
    ]
    rows += [(f"en-{j:03d}", language, "target", text, []) for j, text in enumerate(target)]
    return pa.table(list(map(list, zip(*rows, strict=True))), schema=SCHEMAS["retrieval"])


def parallel(language, count, seed):
    pairs = [(i, i) for i in range(count)]
    return prepared(language, sentences(count, seed), sentences(count, seed + 1), pairs)


class Setting:
    """An encoder with its tokenizer, and tables tokenised for it."""

    def __init__(self, encoder, folder):
        self.folder, self.encoder = folder, encoder
        self.model = retrieval.trained_model(encoder.folder / "model", TATOEBA)
        self.pad = self.model.config.pad_token_id

    def how(self, max_tokens=256):
        return Inference(self.pad, "fp32", max_tokens)

    def tokens(self, *tables, max_length=24):
        paths = []
        for i, table in enumerate(tables):
            paths.append(self.folder / f"{i}.arrow")
            encoded = retrieval.tokenize(
                table, self.encoder.folder / "tokenizer.json", TATOEBA, {"max_length": max_length}
            )
            write_tokens(paths[-1], encoded, {"split": str(i)})
        return retrieval.Tokens.read(paths)

    def predict(self, task, tables, max_tokens=256, rows=None, **decoding):
        """Predict tables of splits, given by name."""
        tokens = self.tokens(*tables.values())
        named = [
            table.append_column("split", pa.array([name] * table.num_rows))
            for name, table in tables.items()
        ]
        rows = np.arange(len(tokens)) if rows is None else rows
        return retrieval.predict(
            self.model,
            tokens,
            rows,
            pa.concat_tables(named),
            task,
            SEARCH | decoding,
            self.how(max_tokens),
        )


@pytest.fixture
def setting(encoder, tmp_path):
    return Setting(encoder, tmp_path)


# --- tokens and embeddings -------------------------------------------------------------------


def test_tokens_are_single_sentences_with_special_tokens(setting):
    table = prepared("qaa", ["bal dem gon"], ["bal", "dem " * 40], [(0, 0)])
    tokens = setting.tokens(table, max_length=24)
    assert tokens.sides == ["source", "target", "target"]
    assert tokens.ids == ["qaa-000", "en-000", "en-001"]
    assert tokens.lengths[2] == 24
    from transformers import AutoTokenizer

    own = AutoTokenizer.from_pretrained(setting.encoder.folder / "model")
    for row, text in enumerate(["bal dem gon", "bal"]):
        ids = tokens.inputs(np.array([row]), setting.pad)["input_ids"][0].tolist()
        assert ids == own(text)["input_ids"]


def slow_embedding(model, ids, layer, pooling):
    """One sentence at a time, without padding."""
    with torch.inference_mode():
        states = model.eval()(input_ids=ids[None], output_hidden_states=True).hidden_states
    rows = states[layer][0].double().numpy()
    vector = rows.mean(axis=0) if pooling == "mean" else rows[0]
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_embeddings_equal_the_slow_version_in_every_layer(setting, pooling):
    tokens = setting.tokens(parallel("qaa", 12, 0))
    rows = np.arange(len(tokens))[::-1].copy()
    found = embed(setting.model, tokens, rows, setting.how(), pooling=pooling, layers=[0, 1, 2])
    assert found.dtype == np.float32
    assert found.shape == (3, 24, setting.model.config.hidden_size)
    for place, row in enumerate(rows):
        ids = tokens.inputs(np.array([row]), setting.pad)["input_ids"][0]
        for layer in range(3):
            expected = slow_embedding(setting.model, ids, layer, pooling)
            np.testing.assert_allclose(found[layer, place], expected, atol=1e-5)


def test_layers_count_from_the_embeddings_to_the_last_block(setting):
    tokens = setting.tokens(parallel("qaa", 4, 0))
    ids = tokens.inputs(np.array([0]), setting.pad)["input_ids"]
    with torch.inference_mode():
        first = setting.model.eval().embeddings(input_ids=ids)[0]
        last = setting.model(input_ids=ids).last_hidden_state[0]
    for layer, states in ((0, first), (2, last)):
        vector = states.mean(dim=0).numpy()
        found = embed(
            setting.model, tokens, np.array([0]), setting.how(), pooling="mean", layers=[layer]
        )
        np.testing.assert_allclose(found[0, 0], vector / np.linalg.norm(vector), atol=1e-5)
    assert layers_of(setting.model, None, sweep=False) == (2, [2])
    assert layers_of(setting.model, 1, sweep=True) == (1, [0, 1, 2])
    with pytest.raises(UsageError, match="no layer 3") as caught:
        layers_of(setting.model, 3, sweep=False)
    assert "0 (embeddings) to 2" in caught.value.allowed


def test_equal_sentences_are_computed_once_and_equal_to_the_last_bit(setting):
    texts = sentences(20, 3, repeat=8)
    tokens = setting.tokens(prepared("qaa", texts, texts[:5], []))
    computed = 0

    def count(module, args, kwargs):
        nonlocal computed
        computed += len(kwargs["input_ids"])

    handle = setting.model.register_forward_pre_hook(count, with_kwargs=True)
    rows = np.arange(25)
    vectors = embed(setting.model, tokens, rows, setting.how(64), pooling="mean", layers=[2])[0]
    handle.remove()
    assert computed == 12
    for i, text in enumerate(texts + texts[:5]):
        assert vectors[i].tobytes() == vectors[texts.index(text)].tobytes()


def test_embeddings_that_are_no_numbers_are_refused(setting):
    tokens = setting.tokens(parallel("qaa", 3, 0))
    with torch.no_grad():
        setting.model.embeddings.LayerNorm.bias[0] = float("nan")
    with pytest.raises(DataError, match="6 of 6 sentences are no finite numbers"):
        embed(setting.model, tokens, np.arange(6), setting.how(), pooling="mean", layers=[2])


# --- what does not matter ----------------------------------------------------------------------


def same_predictions(one, other):
    """Equal tables but for the last digits of the scores."""
    assert one.drop_columns("score").equals(other.drop_columns("score"))
    pairs = zip(one["score"].to_pylist(), other["score"].to_pylist(), strict=True)
    for a, b in pairs:
        assert (a is None and b is None) or abs(a - b) < 1e-5


@pytest.mark.parametrize("task", [TATOEBA, BUCC], ids=lambda task: task.name)
def test_batch_size_and_order_of_the_files_do_not_matter(setting, task):
    tables = {"dev": parallel("qaa", 30, 0), "test": parallel("qaa", 40, 2)}
    if task is TATOEBA:
        del tables["dev"]
    expected = setting.predict(task, tables, max_tokens=10_000)
    same_predictions(setting.predict(task, tables, max_tokens=1), expected)
    rng = np.random.default_rng(0)
    shuffled = {n: t.take(rng.permutation(t.num_rows)) for n, t in tables.items()}
    same_predictions(setting.predict(task, shuffled, max_tokens=100), expected)


def test_languages_do_not_meet(setting):
    tables = [parallel("qaa", 10, 0), parallel("qab", 15, 5)]
    both = setting.predict(TATOEBA, {"test": pa.concat_tables(tables)})
    rows = np.arange(20, 50)
    second = setting.predict(TATOEBA, {"test": pa.concat_tables(tables)}, rows=rows)
    assert second["language"].unique().to_pylist() == ["qab"]
    same_predictions(both.filter(pc.equal(both["language"], "qab")), second)


# --- Tatoeba -----------------------------------------------------------------------------------


def test_a_sweep_equals_runs_with_single_layers(setting):
    table = {"test": parallel("qaa", 25, 0)}
    sweep = setting.predict(TATOEBA, table, layer=1, sweep=True)
    assert sweep["setting"].unique().to_pylist() == ["layer-0", "standard", "layer-2"]
    for layer, name in enumerate(["layer-0", "standard", "layer-2"]):
        alone = setting.predict(TATOEBA, table, layer=layer)
        assert set(alone["setting"].to_pylist()) == {"standard"}
        part = sweep.filter(pc.equal(sweep["setting"], name))
        same_predictions(part.drop_columns("setting"), alone.drop_columns("setting"))
    assert [s.setting for s in retrieval.score(sweep, TATOEBA)] == [
        "layer-0",
        "standard",
        "layer-2",
    ]
    cosines = sweep["score"].to_numpy().reshape(3, 25)
    # The layers do differ, by far more than what counts as the same above.
    assert abs(np.diff(cosines, axis=0)).max(axis=1).min() > 1e-4


def test_search_equals_brute_force(setting):
    table = parallel("qaa", 60, 0)
    found = setting.predict(TATOEBA, {"test": table})
    tokens = setting.tokens(table)
    vectors = np.stack(
        [
            slow_embedding(
                setting.model,
                tokens.inputs(np.array([row]), setting.pad)["input_ids"][0],
                2,
                "mean",
            )
            for row in range(120)
        ]
    )
    cosines = vectors[60:] @ vectors[:60].T
    assert found["prediction"].to_pylist() == [f"qaa-{i:03d}" for i in cosines.argmax(axis=1)]
    np.testing.assert_allclose(found["score"].to_numpy(), cosines.max(axis=1), atol=1e-5)


def test_english_is_the_query():
    """The foreign sentence 1 is nearest to both English ones; the other direction scores 50."""
    table = prepared("qaa", ["a", "b"], ["c", "d"], [(0, 0), (1, 1)])
    angles = np.array([40.0, 10.0, 20.0, 0.0]) / 180 * np.pi
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    found = tatoeba.search(table, vectors[None], [7], 7)
    assert found.select(["setting", "id", "language", "gold", "prediction"]).to_pylist() == [
        {
            "setting": "standard",
            "id": f"en-00{i}",
            "language": "qaa",
            "gold": f"qaa-00{i}",
            "prediction": "qaa-001",
        }
        for i in range(2)
    ]
    (score,) = tatoeba.score(found)
    assert (score.value, score.n, score.chance, score.metric) == (50.0, 2, 50.0, "accuracy")
    assert "queries:en" in score.signature


def test_of_equal_candidates_the_first_id_is_found(setting):
    texts = sentences(40, 1, repeat=20)
    table = prepared("qaa", texts, texts, [(i, i) for i in range(40)])
    found = setting.predict(TATOEBA, {"test": table})
    assert found["prediction"].to_pylist() == [f"qaa-{texts.index(t):03d}" for t in texts]
    assert tatoeba.score(found)[0].value == 50.0


def test_which_of_equal_candidates_the_library_returns_does_not_matter(monkeypatch):
    table = prepared("qaa", ["a", "b", "c"], ["d", "e", "f"], [(i, i) for i in range(3)])
    vectors = np.eye(2, dtype=np.float32)[[0, 1, 1, 1, 1, 0]]  # b and c are equal
    choices = iter([[2, 1, 0], [1, 2, 0]])
    monkeypatch.setattr(
        tatoeba, "nearest", lambda *_: (np.ones((3, 1)), np.array(next(choices))[:, None])
    )
    for _ in range(2):
        found = tatoeba.search(table, vectors[None], [0], 0)
        assert found["prediction"].to_pylist() == ["qaa-001", "qaa-001", "qaa-000"]


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.exists(), reason="the real files are not here")
def test_sorted_english_gives_the_official_gold_of_every_language():
    folder = REALDATA / "tatoeba"
    codes = "af ar de es fr hi ka sw tr zh".split()
    names = "afr ara deu spa fra hin kat swh tur cmn".split()
    iso3 = dict(zip(codes, names, strict=True))
    labels = sorted((folder / "derived_labels").glob("test-*.tsv"))
    assert len(labels) == 10
    for file in labels:
        code = iso3[file.stem.removeprefix("test-")]
        english = (folder / "v1" / f"tatoeba.{code}-eng.eng").read_text(encoding="utf-8")
        expected = [int(line) for line in file.read_text(encoding="utf-8").split()]
        assert retrieval.sorted_targets(english.split("\n")[:-1]) == expected


# --- BUCC --------------------------------------------------------------------------------------


def slow_mined_ids(source, target, vectors_source, vectors_target, k):
    """Mine texts that are merged by hand; pairs of texts that stand for one sentence only."""
    from test_margin import slow_mine

    merged = [list(dict.fromkeys(side)) for side in (source, target)]
    pick = [
        np.stack([vectors[side.index(text)] for text in texts])
        for side, texts, vectors in zip(
            (source, target), merged, (vectors_source, vectors_target), strict=True
        )
    ]
    return [
        (f"qaa-{source.index(merged[0][i]):03d}", f"en-{target.index(merged[1][j]):03d}", score)
        for i, j, score in slow_mine(*pick, k)
        if source.count(merged[0][i]) == 1 and target.count(merged[1][j]) == 1
    ]


@pytest.mark.parametrize("seed", range(3))
def test_mining_merges_equal_texts_and_never_predicts_them(seed):
    rng = np.random.default_rng(seed)
    source = [f"s{i}" for i in range(24)] + ["s0", "s1", "s0"]
    target = [f"t{i}" for i in range(30)] + ["t2"]
    by_text = {
        text: vector / np.linalg.norm(vector)
        for text, vector in (
            (text, (rng.normal(size=8) + 1).astype(np.float32))
            for text in dict.fromkeys(source + target)
        )
    }
    for i in range(15):  # translations, also of repeated sentences
        by_text[f"t{i}"] = by_text[f"s{i}"]
    table = prepared("qaa", source, target, [(i, i) for i in range(2, 15)] + [(0, 0), (20, 29)])
    table = table.append_column("split", pa.array(["dev"] * table.num_rows))
    texts = source + target
    asked = []

    def embedded(rows):
        asked.extend(texts[row] for row in rows)
        return np.stack([by_text[texts[row]] for row in rows])[None]

    found = bucc.mine_splits(table, np.arange(len(texts)), embedded, 4)
    assert len(asked) == len(set(asked)) == 54  # each text is embedded once
    dev = found.filter(pc.equal(found["split"], "dev"))
    mined = dev.filter(pc.is_valid(dev["score"]))
    expected = slow_mined_ids(
        source, target, [by_text[t] for t in source], [by_text[t] for t in target], 4
    )
    assert [(p["source"], p["target"]) for p in mined.to_pylist()] == [p[:2] for p in expected]
    np.testing.assert_allclose(mined["score"].to_numpy(), [p[2] for p in expected], rtol=1e-5)
    never = {"qaa-000", "qaa-001", "qaa-024", "qaa-025", "qaa-026", "en-002", "en-030"}
    assert not never & {*mined["source"].to_pylist(), *mined["target"].to_pylist()}
    gold = dev.filter(dev["gold"])
    assert {("qaa-000", "en-000"), ("qaa-002", "en-002")} <= {
        (p["source"], p["target"]) for p in gold.to_pylist() if p["score"] is None
    }
    assert gold.num_rows == 15
    assert sum(mined["gold"].to_pylist()) >= 11


def test_one_split_stands_under_both_names_and_its_scores_say_so(setting):
    table = parallel("qaa", 20, 0)
    both = setting.predict(BUCC, {"test": table})
    parts = [both.filter(pc.equal(both["split"], n)).drop_columns("split") for n in ("dev", "test")]
    assert parts[0].num_rows >= 20
    assert parts[0].equals(parts[1])
    scores = retrieval.score(both, BUCC)
    assert {s.setting for s in scores} == {"standard"}
    assert all("|threshold:scored-pairs|" in s.signature for s in scores)
    assert bucc.tuned_on_scored(scores) == ["qaa"]
    separate = setting.predict(BUCC, {"dev": parallel("qaa", 20, 7), "test": table})
    scores = retrieval.score(separate, BUCC)
    assert all("|threshold:dev|" in s.signature for s in scores)
    assert bucc.tuned_on_scored(scores) == []
    one = separate.filter(pc.equal(separate["split"], "test")).drop_columns("split")
    assert one.equals(parts[1])


def pairs_table(dev, test, language="de"):
    """Predictions of pairs (score, gold); a score of None was not mined."""
    rows = [
        ("standard", language, split, f"s{i}", f"t{i}", score, gold)
        for split, pairs in (("dev", dev), ("test", test))
        for i, (score, gold) in enumerate(pairs)
    ]
    names = ("setting", "language", "split", "source", "target", "score", "gold")
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    return table.set_column(5, "score", table["score"].cast(pa.float32()))


# The best threshold of these is 1.15: two of three kept pairs and of three gold pairs.
DEV = [(1.4, True), (1.3, False), (1.2, True), (1.1, False), (1.0, False), (None, True)]


def test_bucc_scores_by_hand():
    test = [(1.5, True), (1.16, False), (1.14, True), (None, True), (None, True)]
    scores = {s.metric: s for s in retrieval.score(pairs_table(DEV, test), BUCC)}
    assert tuple(scores) == ("f1", "precision", "recall") == BUCC.metrics
    assert scores["precision"].value == 50.0  # of the two pairs above 1.15
    assert scores["recall"].value == 25.0  # of four gold pairs
    assert scores["f1"].value == pytest.approx(100 / 3)
    assert {(s.n, s.chance, s.setting, s.language) for s in scores.values()} == {
        (4, 0.0, "standard", "de")
    }
    assert scores["f1"].signature == (
        "f1|pairs:set|margin:ratio|retrieval:max|threshold:dev|scale:100|v:1"
    )


def test_the_threshold_follows_from_dev_alone(caplog):
    rng = np.random.default_rng(0)

    def threshold_and_kept(dev, scores, gold):
        test = list(zip(scores.tolist(), gold.tolist(), strict=True))
        with caplog.at_level(logging.INFO):
            caplog.clear()
            found = {s.metric: s for s in retrieval.score(pairs_table(dev, test), BUCC)}
        told = [r.getMessage() for r in caplog.records if "threshold" in r.getMessage()]
        hits = found["recall"].value / 100 * found["recall"].n
        return told, hits / (found["precision"].value / 100)

    scores = rng.uniform(0.9, 1.5, 50)
    outcomes = []
    for _ in range(5):
        gold = rng.random(50) < 0.4
        gold[scores.argmax()] = True  # so that precision is not 0
        told, kept = threshold_and_kept(DEV, scores, gold)
        assert round(kept, 6) == (scores >= 1.15).sum()
        outcomes.append(told)
    assert all(told == outcomes[0] for told in outcomes)
    assert outcomes[0] == ["de: threshold 1.15, F1 66.67 on dev"]
    other, _ = threshold_and_kept([(1.0, True), (0.5, False)], scores, gold)
    assert other != outcomes[0]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda t: t.drop_columns("gold"), "lack the column 'gold'"),
        (lambda t: t.slice(0, 0), "have no rows"),
        (lambda t: pa.concat_tables([t, t.slice(0, 1)]), "predicted twice"),
        (lambda t: t.filter(pc.equal(t["split"], "test")), "have the splits test"),
    ],
)
def test_damaged_predictions_are_refused(change, what):
    table = change(pairs_table(DEV, DEV))
    with pytest.raises(DataError) as caught:
        retrieval.score(table, BUCC)
    assert what in caught.value.what


# --- misuse ------------------------------------------------------------------------------------


def test_nothing_is_trained(tmp_path):
    with pytest.raises(UsageError, match="trains no model"):
        retrieval.new_model(tmp_path, TATOEBA)
    method = methods()["mean_pooled"]
    assert not method.trains
    assert method.families == ("retrieval",)


def test_tokens_of_other_rows_are_refused(setting):
    tokens = setting.tokens(parallel("qaa", 5, 0))
    other = prepared("qaa", sentences(5, 0), sentences(6, 1), [(i, i) for i in range(5)])
    with pytest.raises(DataError, match="not the prepared rows") as caught:
        retrieval.predict(
            setting.model, tokens, np.arange(10), other, TATOEBA, SEARCH, setting.how()
        )
    assert caught.value.where == "10 tokenised and 11 prepared rows"


def test_a_folder_without_weights_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(DataError, match="cannot be read"):
        retrieval.trained_model(tmp_path, TATOEBA)
