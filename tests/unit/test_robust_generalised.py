# SPDX-License-Identifier: Apache-2.0
"""The generalised setting: inputs, joins, predictions and scores against slow obvious versions."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from tokenizers import Tokenizer

from xling.errors import DataError, SetupError, UsageError
from xling.generalised.pairs import Dropped, all_pairs
from xling.generalised.predict import Reading, predict_pairs
from xling.generalised.template import template_of, truncated
from xling.generalised.tokens import PairTokens
from xling.predict import Split, predict
from xling.tasks import TASKS
from xling.tasks.classification import (
    Tokens,
    class_scores,
    new_model,
    score,
    tokenize,
    tokenize_pairs,
)
from xling.tasks.family import Inference
from xling.tasks.predicted import read_predictions, write_predictions
from xling.tokens import write_tokens

LANGUAGES = ["en", "qaa", "qab"]
LABELS = TASKS["pawsx"].labels
WORDS = [a + b + c for a in "bdgk" for b in "aeo" for c in "lmn"]


def prepared(items=12, seed=0, **lost):
    """Parallel rows, some long, one with a placeholder; ``lost``: places to drop, by language."""
    rng = random.Random(seed)
    rows = []
    for language in LANGUAGES:
        for i in rng.sample(range(items), items):
            if i in lost.get(language, ()):
                continue
            texts = [
                " ".join(rng.choice(WORDS) for _ in range(rng.choice((1, 3, 8, 30))))
                for _ in range(2)
            ]
            if (language, i) == ("qaa", 2):
                texts[0] = "NS"
            rows.append((f"r{i}", language, *texts, LABELS[i % 2]))
    names = ("id", "language", "sentence1", "sentence2", "label")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def by_hand(table, languages):
    """All pairs of languages row by row: (name, id, label, first sentence, second sentence)."""
    rows = {(row["language"], row["id"]): row for row in table.to_pylist()}
    found = []
    for a in languages:
        for b in languages:
            for (language, one), row in rows.items():
                other = rows.get((b, one))
                if language == a and other and other["label"] == row["label"]:
                    texts = row["sentence1"], other["sentence2"]
                    found.append((f"{a}-{b}", one, row["label"], *texts))
    return found


@pytest.mark.parametrize("length", [9, 16, 17, 48])
def test_inputs_equal_those_of_the_tokenizer(encoder, length):
    table = prepared()
    pairs = all_pairs(table, LANGUAGES)
    slow = by_hand(table, LANGUAGES)
    names = ("language", "id", "label", "sentence1", "sentence2")
    direct = pa.table(dict(zip(names, map(list, zip(*slow, strict=True)), strict=True)))
    wanted = tokenize_pairs(direct, encoder.folder / "tokenizer.json", length)
    segments = "token_type_ids" in wanted.column_names
    assert segments == (encoder.architecture == "bert")
    rows = pairs.first, pairs.second
    file = encoder.folder / "tokenizer.json"
    tokens = PairTokens.of(table, rows, file, length, segments=segments)
    assert tokens.lengths.tolist() == [len(ids) for ids in wanted["input_ids"].to_pylist()]
    assert max(tokens.lengths) == length  # some were truncated
    chosen = np.random.default_rng(0).permutation(len(slow))
    batch = tokens.inputs(chosen, 77)
    for place, row in enumerate(chosen.tolist()):
        size = tokens.lengths[row]
        assert batch["attention_mask"][place].tolist() == [1] * size + [0] * (
            batch["input_ids"].shape[1] - size
        )
        assert batch["input_ids"][place, :size].tolist() == wanted["input_ids"][row].as_py()
        assert (batch["input_ids"][place, size:] == 77).all()
        if segments:
            assert batch["token_type_ids"][place, :size].tolist() == (
                wanted["token_type_ids"][row].as_py()
            )
            assert not batch["token_type_ids"][place, size:].any()


def test_an_empty_second_sentence_leaves_the_first_alone(encoder):
    table = pa.table({"sentence1": ["bal dol", "gam " * 40], "sentence2": ["", "kal"]})
    rows = np.array([0, 1, 0]), np.array([0, 0, 1])
    file = encoder.folder / "tokenizer.json"
    texts = {"sentence1": ["bal dol", "gam " * 40, "bal dol"], "sentence2": ["", "", "kal"]}
    names = {"id": ["a", "b", "c"], "language": ["en"] * 3}
    wanted = tokenize_pairs(pa.table(names | texts), file, 12)["input_ids"].to_pylist()
    tokens = PairTokens.of(table, rows, file, 12, segments=False)
    found = tokens.inputs(np.arange(3), 0)["input_ids"]
    assert [found[i, : len(ids)].tolist() for i, ids in enumerate(wanted)] == wanted
    assert tokens.lengths.tolist() == [len(ids) for ids in wanted]


def test_truncation_equals_the_librarys_for_all_lengths():
    tokenizer = Tokenizer.from_str(
        '{"version":"1.0","model":{"type":"WordLevel","vocab":{"a":0,"[UNK]":1},'
        '"unk_token":"[UNK]"},"pre_tokenizer":{"type":"WhitespaceSplit"}}'
    )
    for room in (1, 2, 5, 6):
        tokenizer.enable_truncation(room, strategy="longest_first")
        for first in range(1, 10):
            for second in range(1, 10):
                kept = tokenizer.encode("a " * first, "a " * second).sequence_ids
                found = truncated(np.array([first]), np.array([second]), room)
                assert [int(one[0]) for one in found] == [kept.count(0), kept.count(1)]


def test_another_template_is_refused():
    tokenizer = Tokenizer.from_str(
        '{"version":"1.0","model":{"type":"WordLevel","vocab":{"a":0,"s":1},"unk_token":"s"}}'
    )
    from tokenizers.processors import TemplateProcessing

    tokenizer.post_processor = TemplateProcessing(
        single="$A", pair="$B s $A", special_tokens=[("s", 1)]
    )
    with pytest.raises(SetupError, match="joins two texts"):
        template_of(tokenizer)


def test_pairs_are_joined_by_id_and_what_is_lost_is_counted():
    table = prepared(qab=(3,))
    labels = table["label"].to_pylist()
    place = table["id"].to_pylist().index("r5", 12)  # in qaa
    labels[place] = LABELS[0] if labels[place] == LABELS[1] else LABELS[1]
    table = table.set_column(4, "label", pa.array(labels))
    pairs = all_pairs(table, LANGUAGES)
    found = [
        (name, table["id"][int(i)].as_py(), table["language"][int(j)].as_py())
        for n, name in enumerate(pairs.names)
        for i, j in zip(pairs.first[pairs.part(n)], pairs.second[pairs.part(n)], strict=True)
    ]
    slow = [(name, one, name.partition("-")[2]) for name, one, *_ in by_hand(table, LANGUAGES)]
    assert found == slow
    assert pairs.dropped["en-qab"] == Dropped(other_label=0, no_partner=1)
    assert pairs.dropped["qab-en"] == Dropped(other_label=0, no_partner=0)
    assert pairs.dropped["qaa-en"] == Dropped(other_label=1, no_partner=0)
    assert pairs.dropped["qaa-qab"] == Dropped(other_label=1, no_partner=1)


def test_what_cannot_be_joined_is_refused():
    table = prepared()
    with pytest.raises(DataError, match="no rows in fr"):
        all_pairs(table, ["en", "fr"])
    with pytest.raises(DataError, match="id twice in en"):
        all_pairs(pa.concat_tables([table, table]), LANGUAGES)
    ids = pa.array([f"{i}" for i in range(table.num_rows)])
    with pytest.raises(DataError, match="pair of languages en-qaa"):
        all_pairs(table.set_column(0, "id", ids), LANGUAGES)


@pytest.fixture(scope="module")
def tested(encoder, tmp_path_factory):
    """A model's predictions of both settings, and what they were made of."""
    task = TASKS["pawsx"]
    table, file = prepared(), encoder.folder / "tokenizer.json"
    folder = tmp_path_factory.mktemp("tested")
    about = {"task": "pawsx", "split": "test", "reading": {"max_length": 20}, "sha256": "0" * 64}
    about |= {"rows": {}, "origin": "a test"}
    write_tokens(folder / "test.arrow", tokenize(table, file, task, about["reading"]), about)
    tokens = Tokens.read([folder / "test.arrow"])
    torch.manual_seed(0)
    model = new_model(encoder.folder / "model", task)
    how = Inference(model.config.pad_token_id, "fp32", 200)
    head = [part for part in model.classifier.modules() if isinstance(part, torch.nn.Linear)][-1]
    logits = class_scores(model, tokens, np.arange(len(tokens)), how)
    with torch.no_grad():  # so that both classes are predicted
        head.bias -= torch.from_numpy(np.median(logits - logits[:, :1], axis=0))
    from xling.tasks.classification import predict as plainly

    plain = plainly(model, tokens, np.arange(len(tokens)), table, task, {}, how)
    found, note = predict_pairs(
        model, plain, tokens, table, task, LANGUAGES, Reading(file, 20), how
    )
    return model, table, plain, found, note, how, file, folder


def test_predictions_equal_each_pair_tokenised_by_itself(tested):
    model, table, plain, found, note, how, file, folder = tested
    slow = by_hand(table, LANGUAGES)
    names = ("language", "id", "label", "sentence1", "sentence2")
    direct = pa.table(dict(zip(names, map(list, zip(*slow, strict=True)), strict=True)))
    about = {"task": "pawsx", "split": "test", "reading": {"max_length": 20}}
    write_tokens(
        folder / "direct.arrow", tokenize(direct, file, TASKS["pawsx"], about["reading"]), about
    )
    tokens = Tokens.read([folder / "direct.arrow"])
    logits = class_scores(model, tokens, np.arange(len(tokens)), how)
    rows = found.slice(plain.num_rows)
    assert set(rows["setting"].to_pylist()) == {"generalised"}
    assert note == {"setting": "generalised", "rows": len(slow), "dropped": {}}
    for name in ("language", "id", "label"):
        assert rows[name].to_pylist() == direct[name].to_pylist()
    np.testing.assert_allclose(rows["logits"].to_pylist(), logits, atol=2e-5)
    assert rows["prediction"].to_pylist() == [LABELS[i] for i in logits.argmax(1)]
    assert len(set(rows["prediction"].to_pylist())) == 2
    lost = [name for (name, one, *texts) in slow if "NS" in texts]
    marked = rows.filter(rows["not_translated"])
    assert marked["language"].to_pylist() == lost == ["qaa-en", "qaa-qaa", "qaa-qab"]


def test_the_diagonal_is_the_standard_setting_to_the_last_bit(tested):
    _, _, plain, found, *_ = tested
    rows = {(r["setting"], r["language"], r["id"]): r for r in found.to_pylist()}
    for row in plain.to_pylist():
        code, one = row["language"], row["id"]
        same = rows["generalised", f"{code}-{code}", one]
        assert same["logits"] == row["logits"] == rows["standard", code, one]["logits"]
        assert same["prediction"] == row["prediction"]
    scores = {(s.setting, s.language): s for s in score(found, TASKS["pawsx"])}
    for code in LANGUAGES:
        for ending in ("", "_without_ns"):
            standard = scores["standard" + ending, code]
            pair = scores["generalised" + ending, f"{code}-{code}"]
            assert (standard.value, standard.n) == (pair.value, pair.n)
    assert scores["standard", "qaa"].n == scores["standard_without_ns", "qaa"].n + 1
    assert scores["generalised_without_ns", "en-qaa"].n == 12
    assert scores["generalised_without_ns", "qaa-en"].n == 11
    assert len(scores) == 2 * (3 + 9)


def test_scores_equal_a_count_row_by_row(tested):
    *_, found, _, _, _, _ = tested
    scores = {(s.setting, s.language): s.value for s in score(found, TASKS["pawsx"])}
    hits: dict[tuple[str, str], list[bool]] = {}
    for row in found.to_pylist():
        for ending in ("", "_without_ns"):
            if not (ending and row["not_translated"]):
                key = row["setting"] + ending, row["language"]
                hits.setdefault(key, []).append(row["label"] == row["prediction"])
    assert scores == {key: sum(own) / len(own) * 100.0 for key, own in hits.items()}


def test_a_row_group_for_each_pair(tested, tmp_path):
    *_, plain, found, _, _, _, _ = tested
    write_predictions(tmp_path / "pairs.parquet", found)
    assert read_predictions(tmp_path / "pairs.parquet").equals(found)
    file = pq.ParquetFile(tmp_path / "pairs.parquet")
    groups = [
        {(r["setting"], r["language"]) for r in file.read_row_group(i).to_pylist()}
        for i in range(file.num_row_groups)
    ]
    assert len(groups) == 3 + 9
    assert all(len(one) == 1 for one in groups)
    write_predictions(tmp_path / "plain.parquet", plain)
    assert read_predictions(tmp_path / "plain.parquet").equals(plain)


def test_a_job_writes_both_settings_and_says_what_was_dropped(encoder, tested, tmp_path):
    model, table, _, _, _, _, file, folder = tested
    from xling.data.tables import write_table

    model.save_pretrained(tmp_path / "model")
    write_table(tmp_path / "test.parquet", table, {})
    asked = {
        "task": "pawsx",
        "model_folder": tmp_path / "model",
        "splits": [Split("test", folder / "test.arrow", tmp_path / "test.parquet")],
        "languages": ["en", "qab"],
        "encoder": {"precision": "fp32"},
        "max_tokens": 300,
        "decoding": {},
    }
    found, note = predict(**asked, pairs=file)
    assert found["language"].unique().to_pylist() == [
        *("en", "qab"),
        *("en-en", "en-qab", "qab-en", "qab-qab"),
    ]
    assert note["generalised"] == {"setting": "generalised", "rows": 48, "dropped": {}}
    plain, note = predict(**asked)
    assert "generalised" not in note
    assert "setting" not in plain.column_names
    with pytest.raises(UsageError, match="cannot be tested"):
        predict(**asked | {"splits": asked["splits"] * 2}, pairs=file)
