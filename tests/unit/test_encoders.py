# SPDX-License-Identifier: Apache-2.0
"""Encoders: pre-training, resuming it, reading given folders, refusing unusable ones."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

from conftest import pair_rows, scratch
from xling.encoders.encoder import check_precision, describe, read_encoder
from xling.encoders.pretrain import _masked_trainer, masked_batches, pretrain
from xling.encoders.tokenizer import build_tokenizer
from xling.errors import DataError, SetupError, UsageError


def test_the_saved_encoder_is_the_published_kind(encoder):
    model = AutoModel.from_pretrained(encoder.folder / "model")
    names = {"bert": "BertModel", "xlm-roberta": "XLMRobertaModel"}
    assert type(model).__name__ == names[encoder.architecture]
    config = model.config
    positions = config.max_position_embeddings
    # RoBERTa-type encoders number positions from pad_token_id + 1: XLM-R has 514 for 512.
    assert positions == 48 + (config.pad_token_id + 1) * (encoder.architecture == "xlm-roberta")
    assert config.vocab_size == len(AutoTokenizer.from_pretrained(encoder.folder / "model"))


def test_the_longest_input_fits(encoder):
    model = AutoModel.from_pretrained(encoder.folder / "model").eval()
    with torch.no_grad():
        out = model(input_ids=torch.full((1, 48), 5))
    assert out.last_hidden_state.shape == (1, 48, 16)
    assert torch.isfinite(out.last_hidden_state).all()


def test_scoring_masked_places_only_is_the_library_s_loss(encoder):
    settings = scratch(encoder.architecture)
    tokenizer = AutoTokenizer.from_pretrained(encoder.folder / "model")
    model = AutoModelForMaskedLM.from_pretrained(encoder.folder / "model").eval()
    batch = masked_batches(encoder.tokens, tokenizer, settings)[0]
    assert (batch["labels"] != -100).sum() > 0
    inputs = {k: v.clone() for k, v in batch.items() if k != "loss_scale"}
    ours = _masked_trainer().compute_loss(None, model, dict(batch))
    torch.testing.assert_close(ours, model(**inputs).loss)


def test_masks_are_a_function_of_seed_and_step(encoder):
    tokenizer = AutoTokenizer.from_pretrained(encoder.folder / "model")
    one = masked_batches(encoder.tokens, tokenizer, scratch(encoder.architecture))
    torch.manual_seed(5)
    same = masked_batches(encoder.tokens, tokenizer, scratch(encoder.architecture))
    other_seed = scratch(encoder.architecture, pretraining={"seed": 2})
    other = masked_batches(encoder.tokens, tokenizer, other_seed)
    assert torch.equal(one[3]["input_ids"], same[3]["input_ids"])
    assert torch.equal(one[3]["labels"], same[3]["labels"])
    assert not torch.equal(one[3]["labels"], other[3]["labels"]) or (
        one[3]["labels"].shape != other[3]["labels"].shape
    )


def test_the_share_of_masked_sub_words(encoder):
    many = scratch(encoder.architecture, pretraining={"steps": 60})
    tokenizer = AutoTokenizer.from_pretrained(encoder.folder / "model")
    data = masked_batches(encoder.tokens, tokenizer, many)
    picked = normal = replaced = 0
    special = torch.tensor(tokenizer.all_special_ids)
    for step in range(60):
        batch = data[step]
        chosen = batch["labels"] != -100
        original = torch.where(chosen, batch["labels"], batch["input_ids"])
        assert not torch.isin(original[chosen], special).any(), "special tokens stay"
        picked += int(chosen.sum())
        normal += int((~torch.isin(original, special)).sum())
        replaced += int((batch["input_ids"][chosen] == tokenizer.mask_token_id).sum())
    assert picked / normal == pytest.approx(0.15, abs=0.02)
    assert replaced / picked == pytest.approx(0.8, abs=0.05)


def test_pretraining_repeats_and_another_seed_differs(encoder, tmp_path):
    def weights(name, **pretraining):
        settings = scratch(encoder.architecture, pretraining=pretraining)
        pretrain(settings, pair_rows(120), 48, tmp_path / name, tmp_path / f"state-{name}")
        return load_file(tmp_path / name / "model.safetensors")

    first = load_file(encoder.folder / "model" / "model.safetensors")
    same, other = weights("same"), weights("other", seed=2)
    assert all(torch.equal(first[k], same[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)
    one, two = (
        (f / "tokenizer.json").read_bytes() for f in (encoder.folder / "model", tmp_path / "same")
    )
    assert one == two


def test_training_reads_the_pretrained_weights(encoder):
    note, folder = read_encoder(encoder.note)
    assert folder == (encoder.folder / "model").resolve()
    assert note["architecture"] == encoder.architecture
    assert note["layers"] == 2
    assert list(note["sha256"]) == ["model.safetensors"]


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_an_incomplete_folder_is_named(encoder, tmp_path, missing):
    folder = tmp_path / "model"
    shutil.copytree(encoder.folder / "model", folder)
    (folder / missing).unlink()
    with pytest.raises(DataError, match="the encoder cannot be read: no") as error:
        describe(folder, "model", precision="fp32", origin="")
    assert missing in str(error.value)
    assert str(folder) in str(error.value)
    assert "encoders.<name>.path" in str(error.value)


def test_a_folder_with_pickled_weights_only_is_refused(encoder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(encoder.folder / "model", folder)
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"no model\.safetensors"):
        describe(folder, "model", precision="fp32", origin="")


@pytest.mark.parametrize("content", ["{", '{"model_type": "no-such-model"}', "{}"])
def test_a_damaged_config_is_one_message(encoder, tmp_path, content):
    folder = tmp_path / "model"
    shutil.copytree(encoder.folder / "model", folder)
    (folder / "config.json").write_text(content)
    with pytest.raises(DataError, match="the encoder cannot be read"):
        describe(folder, "model", precision="fp32", origin="")


def test_a_folder_that_wants_its_own_code_is_refused(encoder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(encoder.folder / "model", folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "code.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(DataError, match="the encoder cannot be read"):
        describe(folder, "model", precision="fp32", origin="")
    assert not (tmp_path / "ran").exists()


def test_fp16_needs_a_gpu():
    check_precision("fp32")
    check_precision("bf16")
    if torch.cuda.is_available():
        check_precision("fp16")
    else:
        with pytest.raises(SetupError, match="fp16 training needs a GPU"):
            check_precision("fp16")


def test_a_vocabulary_smaller_than_the_alphabet_is_refused():
    with pytest.raises(UsageError, match="vocabulary cannot be made"):
        build_tokenizer("xlm-roberta", ["abcdefghijklmnopqrstuvwxyz"] * 50, 10, 48)


def test_inputs_longer_than_the_encoder_reads_are_refused(encoder):
    folder = encoder.folder / "model"
    known = {"precision": "fp32", "origin": "a test"}
    assert describe(folder, "model", **known, positions=48)["layers"] == 2
    with pytest.raises(UsageError, match="up to 49 sub-words; the encoder reads 48"):
        describe(folder, "model", **known, positions=49)
