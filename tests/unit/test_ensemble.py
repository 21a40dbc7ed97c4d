# SPDX-License-Identifier: Apache-2.0
"""A plain model on test rows and their English sides: the mean of both sides' logits."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch
from test_xmixup_inference import READING, row_of, split_of

from xling.data.tables import write_table
from xling.ensemble import predict
from xling.errors import DataError, UsageError
from xling.predict import Split
from xling.predict import predict as run_predict
from xling.tasks import TASKS
from xling.tasks import classification as about
from xling.tasks.family import Inference
from xling.tokens import write_tokens

TASK = TASKS["xnli"]
pytestmark = pytest.mark.parametrize("encoder", ["xlm-roberta"], indirect=True)


@pytest.fixture(scope="module")
def it(encoder, tmp_path_factory):
    """Test rows, two English sides of them and a model whose logits differ from row to row."""
    folder = tmp_path_factory.mktemp("ensemble")
    made = SimpleNamespace(folder=folder, files={}, tokens={}, tables={})
    for seed, name in enumerate(("test", "translate_test", "gold")):
        table = split_of("classification", name, seed)
        rows = about.tokenize(table, encoder.folder / "tokenizer.json", TASK, READING)
        info = {"task": "xnli", "split": name, "sha256": name, "reading": READING}
        write_tokens(folder / f"{name}.arrow", rows, info)
        write_table(folder / f"{name}.parquet", table, {})
        made.tables[name] = table
        made.tokens[name] = about.Tokens.read([folder / f"{name}.arrow"])
        made.files[name] = Split(name, folder / f"{name}.arrow", folder / f"{name}.parquet")
    torch.manual_seed(0)
    made.model = about.new_model(encoder.folder / "model", TASK)
    with torch.no_grad():
        for name, weights in made.model.named_parameters():
            weights *= 1.0 if "LayerNorm" in name else 12.0
    made.model.save_pretrained(folder / "model")
    made.model.double()
    return made


def how(it, max_tokens=400):
    return Inference(it.model.config.pad_token_id, "fp32", max_tokens)


def predictions(it, names=("translate_test", "gold"), rows=None, max_tokens=400, model=None):
    test = it.tokens["test"]
    rows = np.arange(len(test)) if rows is None else rows
    sides = {name: it.tokens[name] for name in names}
    return predict(
        model or it.model, test, rows, sides, it.tables["test"], TASK, {}, how(it, max_tokens)
    )


def logits_of(it, tokens, row):
    """One row as it stands in the file, unpadded."""
    ids = torch.tensor([tokens.dataset[int(row)]["input_ids"]])
    with torch.no_grad():
        return it.model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0].numpy()


def test_logits_are_the_means_of_both_sides(it):
    found, own = predictions(it)
    test, rows = it.tokens["test"], it.tables["test"].to_pylist()
    assert found["setting"].unique().to_pylist() == ["translate_test_mean", "gold_mean"]
    assert own == {"translate_test": {}, "gold": {}}
    means = {}
    for name in ("translate_test", "gold"):
        source = it.tokens[name]
        part = found.filter(pc.equal(found["setting"], f"{name}_mean")).to_pylist()
        assert [(r["id"], r["language"], r["label"]) for r in part] == [
            (r["id"], r["language"], r["label"]) for r in rows
        ]
        for place, row in enumerate(part):
            (beside,) = (
                i
                for i, key in enumerate(zip(source.ids, source.languages, strict=True))
                if key == (row["id"], row["language"])
            )
            expected = (logits_of(it, test, place) + logits_of(it, source, beside)) / 2
            np.testing.assert_allclose(row["logits"], expected, rtol=1e-5, atol=1e-6)
            assert row["prediction"] == TASK.labels[int(expected.argmax())]
            means[name, row["language"], row["id"]] = expected
    # Else the mean would say nothing of the sides.
    assert any(
        abs(means["gold", code, i] - means["translate_test", code, i]).max() > 0.01
        for _, code, i in means
        if code == "qaa"
    )


def test_english_rows_are_their_own_mean(it):
    test = it.tokens["test"]
    found, _ = predictions(it, ["translate_test"])
    rows = np.arange(len(test))
    alone = about.predict(it.model, test, rows, it.tables["test"], TASK, {}, how(it))
    english = pc.equal(alone["language"], "en")
    same = found.drop_columns(["setting"])
    assert same.filter(english).equals(alone.filter(english))
    assert not same.filter(pc.invert(english)).equals(alone.filter(pc.invert(english)))


def test_batch_size_and_order_of_rows_change_nothing(it):
    columns = ["setting", "id", "language", "label", "prediction"]
    everything, _ = predictions(it, max_tokens=1)
    for size in (90, 10**6):
        other, _ = predictions(it, max_tokens=size)
        assert other.select(columns).equals(everything.select(columns))
        np.testing.assert_allclose(
            *(np.array(t["logits"].to_pylist()) for t in (other, everything)), rtol=1e-5, atol=1e-6
        )
    rows = np.random.default_rng(0).permutation(len(it.tokens["test"]))[:-4]
    some, _ = predictions(it, rows=rows)
    keys = [
        everything.select(columns).to_pylist().index(row)
        for row in some.select(columns).to_pylist()
    ]
    assert len(set(keys)) == len(some) == 2 * len(rows)


def test_no_text_is_encoded_twice(it):
    """Rows of the test set are read once for all settings, English ones never as sources."""
    seen = []

    def count(module, args, kwargs):
        seen.extend(kwargs["attention_mask"].sum(1).tolist())

    handle = it.model.register_forward_pre_hook(count, with_kwargs=True)
    predictions(it)
    handle.remove()
    test = it.tokens["test"]
    expected = test.lengths.tolist()
    for name in ("translate_test", "gold"):
        source = it.tokens[name]
        expected += source.lengths[np.asarray(source.languages) != "en"].tolist()
    assert sorted(seen) == sorted(expected)


def test_a_row_that_lost_its_translation_is_its_own_source(it, encoder, tmp_path):
    rows = [row_of("classification", f"r{i}", "qaa", random.Random(i)) for i in range(100)]
    table = pa.Table.from_pylist(rows, it.tables["test"].schema)
    tokens = about.tokenize(table, encoder.folder / "tokenizer.json", TASK, READING)
    info = {"task": "xnli", "split": "test", "reading": READING}
    write_tokens(tmp_path / "test.arrow", tokens, info)
    for lost in (1, 2):
        write_tokens(tmp_path / "side.arrow", tokens.slice(lost), info)
        test, side = (about.Tokens.read([tmp_path / f"{n}.arrow"]) for n in ("test", "side"))
        arguments = (
            it.model,
            test,
            np.arange(2),
            {"translate_test": side},
            table,
            TASK,
            {},
            how(it),
        )
        if lost == 2:
            with pytest.raises(DataError, match="2 items in 'qaa' have no source"):
                predict(*arguments)
            continue
        found, own = predict(*arguments)
        assert own == {"translate_test": {"qaa": 1}}
        np.testing.assert_allclose(found["logits"][0].as_py(), logits_of(it, test, 0), rtol=1e-5)


def job(it, sources, **other):
    return run_predict(
        task="xnli", model_folder=it.folder / "model", splits=[it.files["test"]],
        languages=["en", "qaa"], encoder={"precision": "fp32"}, max_tokens=300, decoding={},
        sources=sources, **other,
    )  # fmt: skip


def test_the_job_of_a_plain_model_with_english_sides(it):
    found, note = job(it, {"translate_test": it.files["translate_test"].tokens})
    expected, own = predictions(it, ["translate_test"])
    columns = ["setting", "id", "language", "label", "prediction"]
    assert found.select(columns).equals(expected.select(columns))
    assert note["own_source"] == own
    assert [part["split"] for part in note["test_data"]] == ["test", "translate_test"]
    scores = about.score(found, TASK)
    assert {(s.setting, s.language, s.n) for s in scores} == {
        ("translate_test_mean", code, 9) for code in ("en", "qaa")
    }


@pytest.mark.parametrize("task", ["udpos", "xquad", "tatoeba"])
def test_words_and_spans_have_no_mean(it, task):
    with pytest.raises(UsageError, match=f"cannot read '{task}' together") as caught:
        predict(None, None, None, {"translate_test": None}, None, TASKS[task], {}, how(it))
    assert caught.value.allowed.startswith("xnli, pawsx;")


def test_names_of_english_sides(it):
    with pytest.raises(UsageError, match="unknown English side of test rows 'english'"):
        job(it, {"english": it.files["translate_test"].tokens})
