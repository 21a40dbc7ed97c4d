# SPDX-License-Identifier: Apache-2.0
"""The likeliest mistakes, from the command line: one message each and the right exit code."""

import json

import pytest

from xling import cli
from xling.data.manifest import sha256_of

LANGUAGES = ("en", "de")


@pytest.fixture
def root(tmp_path):
    """A folder in XTREME's layout with XNLI in two languages, as small as its checks allow."""
    folder = tmp_path / "download" / "xnli"
    folder.mkdir(parents=True)
    for split, count in (("dev", 2_490), ("test", 5_010)):
        for code in LANGUAGES:
            names = ("neutral", "contradiction", "entailment")
            rows = [
                f"{code} {split} first {i}\t{code} second {i}\t{names[i % 3]}" for i in range(count)
            ]
            (folder / f"{split}-{code}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path / "download"


def fetch(root, tmp_path):
    uses = {
        "languages": list(LANGUAGES),
        "train_split": "dev",
        "test_split": "test",
        "splits": {"train": ["en"], "test": list(LANGUAGES)},
    }
    data = {"source": "folder", "root": str(root), "artificial": None}
    command = ["fetch", "--task", "xnli", "--data", json.dumps(data), "--uses", json.dumps(uses)]
    return cli.main([*command, "--output", str(tmp_path / "raw" / "manifest.json")])


def prepare(tmp_path, split="test", languages=LANGUAGES):
    command = ["prepare", "--task", "xnli", "--split", split, "--languages", *languages]
    choice = {"train_split": "dev", "test_split": "test"}
    command += ["--choice", json.dumps(choice)]
    command += ["--manifest", str(tmp_path / "raw" / "manifest.json")]
    command += ["--output", str(tmp_path / f"{split}.parquet")]
    return cli.main([*command, "--summary", str(tmp_path / f"{split}.json")])


def message(capsys):
    """Everything from the word "error" on: the four lines that a person reads."""
    text = capsys.readouterr().err
    assert "Traceback" not in text
    return text[text.index("error: ") :]


def test_nothing_wrong_is_no_error(root, tmp_path):
    assert fetch(root, tmp_path) == 0
    assert prepare(tmp_path) == 0


def test_a_wrong_study(capsys):
    assert cli.main(["study", "check", "mni"]) == 2
    text = message(capsys)
    assert "unknown study 'mni'" in text
    assert "mini" in text


def test_a_missing_folder(tmp_path, capsys):
    assert fetch(tmp_path / "nowhere", tmp_path) == 3
    text = message(capsys)
    assert "nowhere" in text
    assert "data.root" in text
    assert not (tmp_path / "raw" / "manifest.json").exists()


def change(root, name, edit):
    """Edit the lines of a raw file before it is listed."""
    path = root / "xnli" / name
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(edit(lines)), encoding="utf-8")


@pytest.mark.parametrize(
    ("edit", "parts"),
    [
        (lambda x: [*x[:-1], x[-1][:20]], ["truncated", "test-de.tsv", "5010"]),
        (lambda x: x[:-7], ["test-de.tsv", "5003", "5010"]),
        (
            lambda x: [x[0].replace("neutral", "maybe"), *x[1:]],
            ["maybe", "test-de.tsv", "1", "contradiction, entailment, neutral"],
        ),
        (lambda x: [x[0].replace("\tde second 0", "\t"), *x[1:]], ["empty", "test-de.tsv"]),
        (
            lambda x: [x[0].replace("neutral", "entailment"), *x[1:]],
            ["test-de.tsv", "neutral", "entailment"],
        ),
    ],
    ids=["truncated", "short", "wrong label", "empty sentence", "label differs from English"],
)
def test_a_damaged_file(root, tmp_path, capsys, edit, parts):
    change(root, "test-de.tsv", edit)
    code = fetch(root, tmp_path) or prepare(tmp_path)
    assert code == 3
    text = message(capsys)
    for part in parts:
        assert part in text
    assert not (tmp_path / "test.parquet").exists()


def test_a_file_that_changed_after_it_was_listed(root, tmp_path, capsys):
    assert fetch(root, tmp_path) == 0
    path = root / "xnli" / "test-de.tsv"
    before = sha256_of(path)
    change(root, "test-de.tsv", lambda x: [x[1], x[0], *x[2:]])
    assert prepare(tmp_path) == 3
    text = message(capsys)
    assert before in text
    assert sha256_of(path) in text


def test_an_unreadable_encoder(tmp_path, capsys):
    encoder = {"source": "folder", "path": str(tmp_path / "no-model")}
    command = ["pretrain", "--encoder", json.dumps(encoder), "--positions", "64"]
    for name in ("output", "tokenizer", "state"):
        command += [f"--{name}", str(tmp_path / name)]
    assert cli.main(command) == 3
    text = message(capsys)
    assert "the encoder cannot be read" in text
    assert "no-model" in text
    assert "encoders.<name>.path" in text


def test_fp16_on_a_machine_without_a_gpu(encoder, tmp_path, capsys):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    settings = {"source": "folder", "path": str(encoder.folder / "model"), "precision": "fp16"}
    command = ["pretrain", "--encoder", json.dumps(settings), "--positions", "64"]
    for name in ("output", "tokenizer", "state"):
        command += [f"--{name}", str(tmp_path / name)]
    assert cli.main(command) == 4
    assert "fp16 training needs a GPU" in message(capsys)
