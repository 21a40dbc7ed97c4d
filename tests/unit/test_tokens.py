# SPDX-License-Identifier: Apache-2.0
"""Tokenised splits: ids as the library's own tokenizer gives them, padding, reading back."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from transformers import AutoTokenizer

from conftest import LABELS, pair_rows
from xling.errors import DataError
from xling.tasks import TASKS
from xling.tasks.classification import Tokens, tokenize, tokenize_pairs
from xling.tokens import write_tokens


def test_ids_are_those_of_the_library(encoder):
    library = AutoTokenizer.from_pretrained(encoder.folder / "model")
    for length in (48, 16, 9):
        table = tokenize_pairs(encoder.table, encoder.folder / "tokenizer.json", length)
        expected = library(
            encoder.table["sentence1"].to_pylist(),
            encoder.table["sentence2"].to_pylist(),
            truncation="longest_first",
            max_length=length,
        )
        assert table["input_ids"].to_pylist() == expected["input_ids"]
        if encoder.architecture == "bert":
            assert table["token_type_ids"].to_pylist() == expected["token_type_ids"]
        else:
            assert "token_type_ids" not in table.column_names


def test_xlmr_special_tokens_have_the_published_ids(encoder):
    tokenizer = AutoTokenizer.from_pretrained(encoder.folder / "model")
    names = tokenizer.convert_ids_to_tokens(encoder.tokens.dataset[0]["input_ids"])
    if encoder.architecture == "bert":
        assert names[0] == "[CLS]"
        assert names.count("[SEP]") == 2
        assert tokenizer.pad_token_id == 0
    else:
        assert names[0] == "<s>"
        middle = names.index("</s>")
        assert names[middle : middle + 2] == ["</s>", "</s>"]
        assert tokenizer.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>"]) == [0, 1, 2, 3]
        assert tokenizer.mask_token_id == len(tokenizer) - 1


def test_a_batch_is_padded_to_its_longest_row_only(encoder):
    tokens = encoder.tokens
    rows = np.array([5, 0, 17])
    batch = tokens.batch(rows, pad_id=77)
    ids = [tokens.dataset[int(r)]["input_ids"] for r in rows]
    longest = max(map(len, ids))
    slow = torch.tensor([row + [77] * (longest - len(row)) for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    assert torch.equal(batch["input_ids"], slow)
    assert torch.equal(batch["attention_mask"], mask)
    assert batch["labels"].tolist() == [
        LABELS.index(encoder.table["label"][int(r)].as_py()) for r in rows
    ]


def test_several_files_follow_each_other(encoder, tmp_path):
    file = encoder.folder / "tokenizer.json"
    more = tokenize(pair_rows(30, 5), file, TASKS["xnli"], {"max_length": 48})
    write_tokens(tmp_path / "more.arrow", more, {"split": "more"})
    both = Tokens.read([encoder.file, tmp_path / "more.arrow"])
    assert len(both) == 150
    assert [part["split"] for part in both.info] == ["train", "more"]
    last = both.batch(np.array([149]), 0)["input_ids"][0].tolist()
    assert last == more["input_ids"][29].as_py()
    assert both.rows_per_language() == {"en": 75, "qaa": 75}


def test_other_languages_can_be_left_out(encoder):
    some = Tokens.read([encoder.file], ["qaa"])
    assert some.rows_per_language() == {"qaa": 60}
    assert some.ids == [f"r{i}" for i in range(60, 120)]
    rows, whole = np.array([3, 40]), np.array([63, 100])
    one, other = some.batch(rows, 0), encoder.tokens.batch(whole, 0)
    assert all(torch.equal(one[name], other[name]) for name in other)
    assert len(Tokens.read([encoder.file], ["en", "qaa"])) == 120


def test_a_single_text_has_no_second_part(encoder):
    file = encoder.folder / "tokenizer.json"
    library = AutoTokenizer.from_pretrained(encoder.folder / "model")
    second = pa.array([""] * 120)
    single = encoder.table.set_column(3, "sentence2", second)
    expected = library(encoder.table["sentence1"].to_pylist())["input_ids"]
    assert tokenize_pairs(single, file, 48)["input_ids"].to_pylist() == expected


def test_a_strange_label_is_refused(encoder):
    file = encoder.folder / "tokenizer.json"
    with pytest.raises(KeyError):
        tokenize(encoder.table, file, TASKS["pawsx"], {"max_length": 48})


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut"])
def test_a_damaged_file_is_named(encoder, tmp_path, damage):
    path = tmp_path / "x.arrow"
    content = {"empty": b"", "text": b"not arrow", "cut": encoder.file.read_bytes()[:200]}
    if damage != "missing":
        path.write_bytes(content[damage])
    with pytest.raises(DataError, match="tokenised split cannot be read") as error:
        Tokens.read([path])
    assert str(path) in str(error.value)
