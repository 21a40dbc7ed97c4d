# SPDX-License-Identifier: Apache-2.0
"""Systems behind one method; those with an environment of their own say what is missing."""

import sys

import numpy as np
import pytest
from distill_models import write_encoder
from pydantic import ValidationError

from xling.distill.student import load_model
from xling.distill.systems import LASER_FILES, SystemSettings, load_system
from xling.errors import SetupError, UsageError

# Stands in for LASER's own script: a vector has the length of its line, and the language's.
EMBED = """
import argparse, os, sys
import numpy as np
parser = argparse.ArgumentParser()
for name in ("--encoder", "--token-lang", "--bpe-codes", "--output"):
    parser.add_argument(name, required=True)
options = parser.parse_args()
# Other programs of its environment are called by name.
assert os.environ["PATH"].split(os.pathsep)[0] == os.path.dirname(sys.executable)
assert os.environ["LASER"] and os.path.exists(options.encoder) and os.path.exists(options.bpe_codes)
if options.token_lang == "xx":
    sys.exit("no such language")
lines = sys.stdin.read().splitlines()
lines = lines[1:] if options.token_lang == "yy" else lines
out = np.zeros((len(lines), 1024), dtype=np.float32)
out[:, 0] = [len(line) for line in lines]
out.tofile(options.output)
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("systems") / "raw")


@pytest.fixture
def laser(tmp_path):
    for name in LASER_FILES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(EMBED)
    return load_system(SystemSettings(kind="laser", path=str(tmp_path), python=sys.executable))


def test_mean_pooling_is_the_mean_over_all_sub_words(raw):
    import torch
    from transformers import AutoModel, AutoTokenizer

    texts = ["bal dem", "kon", "bal dem kon gal bel"]
    found = load_system(SystemSettings(kind="mean_pooled", path=str(raw))).encode(texts, "en")
    model, tokenizer = AutoModel.from_pretrained(raw).eval(), AutoTokenizer.from_pretrained(raw)
    for text, vector in zip(texts, found, strict=True):  # one by one: no padding
        with torch.no_grad():
            states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        np.testing.assert_allclose(vector, states.mean(0).numpy(), atol=1e-5)


def test_a_saved_model_is_one_of_sentence_transformers(raw, tmp_path):
    load_model(raw).save_pretrained(str(tmp_path / "saved"))
    one = load_system(SystemSettings(kind="sentence_transformers", path=str(tmp_path / "saved")))
    two = load_system(SystemSettings(kind="mean_pooled", path=str(raw)))
    np.testing.assert_array_equal(one.encode(["bal dem"], "en"), two.encode(["bal dem"], "en"))
    with pytest.raises(UsageError, match="not a raw encoder"):
        load_system(SystemSettings(kind="mean_pooled", path=str(tmp_path / "saved")))
    with pytest.raises(UsageError, match="does not hold LaBSE"):
        load_system(SystemSettings(kind="labse", path=str(tmp_path / "saved")))


def test_laser_gets_a_line_per_sentence(laser):
    found = laser.encode(["one", "two\nlines", "ünï"], "en")
    assert found.shape == (3, 1024)
    assert found[:, 0].tolist() == [3, 9, 3]


def test_laser_failing_is_said(laser):
    with pytest.raises(SetupError, match="exit code 1: no such language"):
        laser.encode(["one"], "xx")
    with pytest.raises(SetupError, match="gave 1 vectors for 2 sentences"):
        laser.encode(["one", "two"], "yy")


@pytest.mark.parametrize("kind", ["laser", "muse"])
def test_what_is_missing_is_named(tmp_path, kind):
    settings = SystemSettings(kind=kind, path=str(tmp_path), python=str(tmp_path / "python"))
    with pytest.raises(SetupError, match="is not installed") as caught:
        load_system(settings)
    assert str(tmp_path / "python") in caught.value.where
    assert "off by default" in caught.value.fix


def test_muse_without_tensorflow(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    system = load_system(SystemSettings(kind="muse", path=str(tmp_path), python=sys.executable))
    with pytest.raises(SetupError, match="mUSE failed with exit code 1: ModuleNotFoundError"):
        system.encode(["one"], "en")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "laser", "path": "x"},
        {"kind": "labse", "path": "x", "python": "y"},
        {"kind": "muse", "path": "x", "python": "y", "max_length": 5},
    ],
)
def test_an_interpreter_is_for_those_that_need_one(wrong):
    with pytest.raises(ValidationError, match="laser and muse"):
        SystemSettings(**wrong)
