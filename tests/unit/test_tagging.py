# SPDX-License-Identifier: Apache-2.0
"""Sub-words and parts, batches, training, predictions and scores of tagging."""

import random
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from transformers import AutoTokenizer

from xling.data.tables import SCHEMAS
from xling.errors import DataError, UsageError
from xling.metrics import chunks
from xling.tasks import TASKS
from xling.tasks.family import Inference, family_of
from xling.tasks.tagging import (
    DEFAULT_TAG,
    Tokens,
    follow,
    new_model,
    predict,
    score,
    trained_model,
)
from xling.tasks.tagging_features import features, parts, pieces_of
from xling.tokens import write_tokens

POS = TASKS["udpos"]
NER = TASKS["panx"]
MAX_LENGTH = 24
tagging = family_of("udpos")


def prepared(rows) -> pa.Table:
    """Rows of (id, language, words, tags, links) as a prepared table."""
    columns = dict(zip(SCHEMAS["tagging"].names, zip(*rows, strict=True), strict=True))
    return pa.table({name: list(values) for name, values in columns.items()}, SCHEMAS["tagging"])


def sentence(rng, length) -> tuple[list[str], list[str]]:
    """Words whose first letter decides the tag; the letters are those of the tiny encoders."""
    tags = dict(zip("bdgk", ("NOUN", "VERB", "ADP", "PUNCT"), strict=True))
    words = [
        rng.choice("bdgk") + "".join(rng.choice("aeolmn") for _ in range(rng.randint(0, 9)))
        for _ in range(length)
    ]
    return words, [tags[word[0]] for word in words]


def sentences(count, seed=0) -> pa.Table:
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        # Most are short; some fill several parts, one of them many.
        length = 300 if i == 5 else rng.choice([1, 2, 3, 5, 8, 13, 30])
        language = "en" if i < count // 2 else "qaa"
        rows.append((f"test-{i:06d}", language, *sentence(rng, length), None))
    return prepared(rows)


@pytest.fixture(scope="module")
def data(encoder, tmp_path_factory):
    """Tokenised sentences of each encoder, read back from their file."""
    table = sentences(60)
    path = tmp_path_factory.mktemp("tags") / "test.arrow"
    reading = {"max_length": MAX_LENGTH}
    write_tokens(path, tagging.tokenize(table, tokenizer_of(encoder), POS, reading), {})
    return SimpleNamespace(table=table, tokens=Tokens.read([path]))


@pytest.fixture(scope="module")
def model(encoder):
    torch.manual_seed(0)
    return new_model(encoder.folder / "model", POS)


def tokenizer_of(encoder):
    return encoder.folder / "tokenizer.json"


def predictions(model, data, *, rows=None, max_tokens=400, table=None) -> pa.Table:
    rows = np.arange(len(data.tokens)) if rows is None else rows
    how = Inference(model.config.pad_token_id, "fp32", max_tokens)
    return predict(model, data.tokens, rows, table or data.table, POS, {}, how)


# --- sub-words ---------------------------------------------------------------------------------


def test_unknown_tags_are_not_trained_on(encoder):
    table = table_of(["bal", "dem", "gon"], tags=["NOUN", "", "VERB"])
    labels = features(table, tokenizer_of(encoder), POS.labels, 16)["labels"].to_pylist()
    assert labels == [[POS.labels.index("NOUN"), -100, POS.labels.index("VERB")]]


def test_each_word_has_the_pieces_it_has_alone(encoder):
    library = AutoTokenizer.from_pretrained(encoder.folder / "model")
    rng = random.Random(1)
    words = {word for _ in range(30) for word in sentence(rng, 10)[0]} | {"zul", "vum", ",", "Ü"}
    pieces = pieces_of(words, tokenizer_of(encoder), 48)
    for word in words:
        assert pieces.of[word] == library.convert_tokens_to_ids(library.tokenize(word)), word
    assert pieces.unknown == library.unk_token_id
    assert (pieces.before, pieces.after) == ([library.cls_token_id], [library.sep_token_id])
    assert pieces.budget == 46


def test_words_are_marked_as_the_encoder_does_it_in_running_text(encoder):
    """In a sentence of plain words, the words' own pieces are those of the whole sentence."""
    library = AutoTokenizer.from_pretrained(encoder.folder / "model")
    words = sentence(random.Random(2), 12)[0]
    row = features(table_of(words), tokenizer_of(encoder), POS.labels, 200)
    assert row["input_ids"].to_pylist() == [library(" ".join(words))["input_ids"]]


def table_of(words, links=None, tags=None) -> pa.Table:
    return prepared([("a", "en", words, tags or ["X"] * len(words), links)])


def test_words_without_pieces_or_with_too_many_are_unknown(encoder):
    words = ["", "bal", "\u200d\u2028 ", "b" * 500, "bal"]
    pieces = pieces_of(words, tokenizer_of(encoder), 10)
    assert pieces.of[""] == pieces.of["b" * 500] == [pieces.unknown]
    assert len(pieces.of["\u200d\u2028 "]) >= 1
    ids = features(table_of(words), tokenizer_of(encoder), POS.labels, 10)["input_ids"].to_pylist()
    found = [i for part in ids for i in part if i not in pieces.before + pieces.after]
    assert found == [i for word in words for i in pieces.of[word]]


def test_a_word_that_just_fills_the_budget_is_kept(encoder):
    tokenizer = tokenizer_of(encoder)
    word = "balbalbalbalbal"
    size = len(pieces_of([word], tokenizer, 48).of[word])
    assert size > 2
    assert len(pieces_of([word], tokenizer, size + 2).of[word]) == size
    tight = pieces_of([word], tokenizer, size + 1)
    assert tight.of[word] == [tight.unknown]
    with pytest.raises(UsageError, match="no room for a word"):
        pieces_of([word], tokenizer, 2)


def slow_parts(sizes: list[int], budget: int) -> list[list[int]]:
    """The rule as XTREME's script writes lines: word by word, a blank line before an overflow."""
    lines: list[list[int]] = [[]]
    used = 0
    for word, size in enumerate(sizes):
        if used + size > budget:
            lines.append([])
            used = 0
        lines[-1].append(word)
        used += size
    return lines


def test_parts_equal_the_slow_obvious_version():
    rng = random.Random(3)
    for _ in range(3_000):
        budget = rng.randint(1, 12)
        sizes = [rng.randint(1, budget) for _ in range(rng.randint(0, 40))]
        found = [list(range(start, end)) for start, end in parts(sizes, budget)]
        assert found == slow_parts(sizes, budget)


def test_every_word_has_one_place_whatever_the_length(encoder):
    rng = random.Random(4)
    tokenizer = tokenizer_of(encoder)
    odd = ["", " ", "\u00a0", "b" * 400, "☃", "bal" * 9, "\u200b"]
    for length, max_length in [(0, 8), (1, 3), (7, 4), (40, 9), (300, 16), (300, 128)]:
        words = [rng.choice(odd) if rng.random() < 0.2 else w for w in sentence(rng, length)[0]]
        tags = [rng.choice(POS.labels) for _ in words]
        table = features(table_of(words, tags=tags), tokenizer, POS.labels, max_length)
        pieces = pieces_of(words, tokenizer, max_length)
        assert table["part"].to_pylist() == list(range(len(table)))
        place = 0
        for row in table.to_pylist():
            assert len(row["input_ids"]) <= max_length
            assert row["input_ids"][0] == pieces.before[0]
            assert row["input_ids"][-1] == pieces.after[0]
            for position, label in zip(row["positions"], row["labels"], strict=True):
                assert POS.labels[label] == tags[place]
                expected = pieces.of[words[place]]
                assert row["input_ids"][position : position + len(expected)] == expected
                place += 1
        assert place == length


def test_sentences_with_links_have_no_labels(encoder):
    words = ["bal", "dem"]
    table = features(
        table_of(words, links=[1, -1, 0], tags=["X"] * 3), tokenizer_of(encoder), POS.labels, 16
    )
    assert table["labels"].to_pylist() == [[-100, -100]]


def test_tags_that_do_not_fit_are_refused(encoder):
    with pytest.raises(DataError, match="3 tags for 2 words"):
        features(table_of(["a", "b"], tags=["X"] * 3), tokenizer_of(encoder), POS.labels, 16)


# --- batches -----------------------------------------------------------------------------------


def test_labels_stand_at_the_first_piece_of_each_word_only(data):
    rows = np.array([7, 0, 3, 20])
    batch = data.tokens.batch(rows, pad_id=99)
    expected = torch.full(batch["input_ids"].shape, -100)
    for i, row in enumerate(rows):
        part = data.tokens.dataset[int(row)]
        for position, label in zip(part["positions"], part["labels"], strict=True):
            expected[i, position] = label
    assert torch.equal(batch["labels"], expected)
    assert (batch["labels"][batch["attention_mask"] == 0] == -100).all()
    terms = (expected >= 0).sum(1).tolist()
    assert data.tokens.loss_terms[rows].tolist() == terms
    assert min(terms) > 0


def test_loss_terms_leave_out_words_without_a_label(encoder, tmp_path):
    rows = [("a", "en", ["bal", "dem"], ["X"], [0]), ("b", "en", ["bal"], ["X"], None)]
    path = tmp_path / "x.arrow"
    reading = {"max_length": 16}
    write_tokens(path, tagging.tokenize(prepared(rows), tokenizer_of(encoder), POS, reading), {})
    assert Tokens.read([path]).loss_terms.tolist() == [0, 1]


# --- training ----------------------------------------------------------------------------------


def test_training_lowers_the_loss_and_the_trained_model_is_read_back(encoder, data, tmp_path):
    torch.manual_seed(0)
    model = new_model(encoder.folder / "model", POS)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    rng = np.random.default_rng(0)
    losses = []
    for _ in range(40):
        rows = rng.choice(len(data.tokens), 16, replace=False)
        loss = model(**data.tokens.batch(rows, model.config.pad_token_id)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.isfinite(losses).all()
    assert np.mean(losses[-5:]) < 0.6 * losses[0]
    model.save_pretrained(tmp_path)
    again = trained_model(tmp_path, POS)
    assert predictions(again, data).equals(predictions(model, data))
    with pytest.raises(DataError, match="classes are not the task's"):
        trained_model(tmp_path, NER)


# --- predictions -------------------------------------------------------------------------------


def test_every_word_gets_its_own_prediction(model, data):
    """The slow, obvious version: each part alone, unpadded; predictions joined by hand."""
    expected: dict[str, list[str]] = {}
    model.eval()
    with torch.inference_mode():
        for row in data.tokens.dataset:
            logits = model(input_ids=torch.tensor([row["input_ids"]])).logits[0]
            tags = [POS.labels[logits[p].argmax()] for p in row["positions"]]
            expected.setdefault(row["id"], []).extend(tags)
    table = predictions(model, data)
    assert table.column_names == ["id", "language", "tags", "prediction"]
    for name in ("id", "language", "tags"):
        assert table[name].to_pylist() == data.table[name].to_pylist()
    assert table["prediction"].to_pylist() == list(expected.values())
    assert len(table["prediction"][5]) == 300
    assert len({tag for tags in expected.values() for tag in tags}) > 1


def test_neither_batch_size_nor_order_change_a_prediction(model, data):
    expected = predictions(model, data, max_tokens=1)  # one part at a time
    assert predictions(model, data, max_tokens=64 * MAX_LENGTH).equals(expected)
    shuffled = np.random.default_rng(0).permutation(len(data.tokens))
    by_length = np.argsort(data.tokens.lengths)
    for rows in (shuffled, by_length, by_length[::-1]):
        assert predictions(model, data, rows=rows).equals(expected)


def test_only_the_asked_sentences_are_predicted(model, data):
    rows = np.flatnonzero(np.asarray(data.tokens.languages) == "qaa")
    table = predictions(model, data, rows=rows)
    assert table.equals(predictions(model, data).slice(30))
    assert set(table["language"].to_pylist()) == {"qaa"}


@pytest.mark.parametrize("damage", ["part missing", "twice", "other table"])
def test_tokens_of_something_else_are_refused(model, data, damage):
    rows = np.arange(len(data.tokens))
    table = None
    long = np.flatnonzero(np.asarray(data.tokens.ids) == "test-000005")
    if damage == "part missing":
        rows, what = np.delete(rows, long[1]), "parts are missing"
    elif damage == "twice":
        rows, what = np.append(rows, long[1]), "part 2 is there twice"
    else:
        table, what = data.table.slice(10), "not among the prepared sentences"
    with pytest.raises(DataError, match=what):
        predictions(model, data, rows=rows, table=table)


@pytest.mark.parametrize("task", [POS, NER])
def test_links_by_hand(encoder, tmp_path, task):
    """Gold word i takes the tag of token links[i]; -1 the default; entities open anew."""
    words = ["bal", "dem", "gol", "kan"]
    other = next(tag for tag in task.labels if tag != DEFAULT_TAG[task.name])
    rows = [
        ("a", "de", words, [other] * 5, [3, -1, 0, 0, 2]),
        ("a", "en", words, [other] * 4, None),
        ("b", "de", words[:1], [other] * 2, [-1, -1]),
    ]
    table = prepared(rows)
    path = tmp_path / "x.arrow"
    write_tokens(path, tagging.tokenize(table, tokenizer_of(encoder), task, {"max_length": 9}), {})
    torch.manual_seed(3)
    model = new_model(encoder.folder / "model", task)
    how = Inference(model.config.pad_token_id, "fp32", 100)
    tokens = Tokens.read([path])
    found = predict(model, tokens, np.arange(len(tokens)), table, task, {}, how)
    own = found["prediction"].to_pylist()[1]
    default = DEFAULT_TAG[task.name]
    linked = [own[3], default, own[0], own[0], own[2]]
    assert found["prediction"].to_pylist() == [
        linked if task is POS else follow([3, -1, 0, 0, 2], own, default),
        own,
        [default, default],
    ]


def test_the_default_tags_are_tags_of_the_tasks():
    assert all(tag in TASKS[name].labels for name, tag in DEFAULT_TAG.items())
    assert set(DEFAULT_TAG) == {name for name, task in TASKS.items() if task.family == "tagging"}


# --- scores ------------------------------------------------------------------------------------


def predicted(*rows) -> pa.Table:
    """Rows of (language, gold, prediction), tags separated by blanks."""
    return pa.table(
        {
            "id": [f"{i}" for i in range(len(rows))],
            "language": [row[0] for row in rows],
            "tags": [row[1].split() for row in rows],
            "prediction": [row[2].split() for row in rows],
        }
    )


def test_scores_by_hand():
    table = predicted(
        ("en", "NOUN NOUN VERB", "NOUN VERB VERB"), ("en", "DET NOUN", "DET NOUN"), ("de", "X", "X")
    )
    found = score(table, POS)
    # en, gold chunks: NOUN 0-1, VERB 2; DET, NOUN.  Predicted: NOUN 0, VERB 1-2; DET, NOUN.
    # Two of four are common.  Chance: all NOUN; the second NOUN run is one too long.
    assert [(s.language, s.metric, s.value, s.n, s.chance) for s in found] == [
        ("en", "f1", 50.0, 2, 0.0),
        ("en", "accuracy", 80.0, 2, 60.0),
        ("de", "f1", 100.0, 1, 100.0),
        ("de", "accuracy", 100.0, 1, 100.0),
    ]
    assert found[0].signature == chunks.SIGNATURE
    assert {s.setting for s in found} == {"standard"}


def test_entities_are_scored_by_f1_alone_and_chance_has_none():
    table = predicted(("en", "B-PER I-PER O O O B-LOC", "B-PER I-PER O O O B-ORG"))
    (found,) = score(table, NER)
    assert (found.metric, found.value, found.chance) == ("f1", 50.0, 0.0)


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (predicted(("en", "X X", "X")), "1 predicted tags for 2 words"),
        (predicted(("en", "X", "NN")), "unknown predicted tag 'NN'"),
        (predicted(("en", "NN", "X")), "unknown gold tag 'NN'"),
        (predicted(("en", "X", "X")).drop_columns("prediction"), "lack the column 'prediction'"),
        (predicted(("en", "X", "X")).slice(1), "have no rows"),
        (pa.concat_tables([predicted(("en", "X", "X"))] * 2), "predicted twice"),
    ],
)
def test_predictions_that_cannot_be_scored(table, what):
    with pytest.raises(DataError, match=what):
        score(table, POS)


@pytest.mark.parametrize(
    ("predicted", "links", "expected"),
    [
        ("B-ORG I-ORG O", [1, 0, 2], "B-ORG I-ORG O"),  # Keller Bank -> Bank Keller
        ("B-PER B-PER O", [1, 0, -1], "B-PER B-PER O"),  # two people, one after the other
        ("B-LOC I-LOC O", [0, 2, 1], "B-LOC O B-LOC"),  # torn apart
        ("B-LOC I-LOC", [0, 0, 1], "B-LOC I-LOC I-LOC"),
        ("O I-PER", [-1, 1], "O B-PER"),
    ],
)
def test_entities_keep_together_when_links_change_the_order(predicted, links, expected):
    assert follow(links, predicted.split(), "O") == expected.split()


def test_classes_follow_their_links():
    assert follow([2, -1, 0], ["DET", "NOUN", "VERB"], "NOUN") == ["VERB", "NOUN", "DET"]
