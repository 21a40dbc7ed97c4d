# SPDX-License-Identifier: Apache-2.0
"""What is looked for in a download folder, and what is said if it is not there."""

import hashlib
from pathlib import Path

import pytest

from xling.config.study import Data
from xling.data.fetch import fetch
from xling.errors import DataError

ROW = "Eins.\tZwei.\t{}\n"


def folder(root: Path, *paths: str) -> Data:
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        label = "1" if path.startswith("pawsx") else "neutral"
        target.write_text(ROW.format(label) + ROW.format(label), encoding="utf-8")
    return Data(source="folder", root=str(root))


def uses(train_split="train", **splits: list[str]) -> dict:
    languages = list(dict.fromkeys(["en", *(code for codes in splits.values() for code in codes)]))
    return {"languages": languages, "train_split": train_split, "splits": splits}


def listed(root: Path, task: str, data: Data, wanted: dict) -> list[tuple[str, str, str, str, str]]:
    manifest = fetch(task, data, wanted, root / "unused")
    return sorted(
        (
            f.role,
            f.split,
            f.language,
            f.format,
            Path(f.path).relative_to(root).as_posix(),
        )
        for f in manifest.files
    )


def test_only_files_of_the_wanted_splits_are_listed(tmp_path):
    data = folder(tmp_path, "xnli/train-en.tsv", "xnli/test-en.tsv", "xnli/test-de.tsv")
    folder(tmp_path, "xnli/dev-en.tsv", "xnli/test-fr.tsv")
    assert listed(tmp_path, "xnli", data, uses(train=["en"], test=["en", "de"])) == [
        ("labelled", "test", "de", "xtreme-tsv", "xnli/test-de.tsv"),
        ("labelled", "test", "en", "xtreme-tsv", "xnli/test-en.tsv"),
        ("labelled", "train", "en", "xtreme-tsv", "xnli/train-en.tsv"),
    ]


def test_files_are_named_by_absolute_path_size_and_checksum(tmp_path):
    data = folder(tmp_path, "xnli/test-en.tsv")
    (file,) = fetch("xnli", data, uses(test=["en"]), tmp_path / "unused").files
    content = (tmp_path / "xnli/test-en.tsv").read_bytes()
    assert file.path == str(tmp_path / "xnli/test-en.tsv")
    assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert not (tmp_path / "unused").exists()


def test_machine_translations_come_with_the_rows_they_translate(tmp_path):
    train = "xtreme_translations/PAWSX/translate-train/en-de-translated.tsv"
    test = "xtreme_translations/PAWSX/translate-test/test-de-en-translated.tsv"
    data = folder(tmp_path, "pawsx/train-en.tsv", "pawsx/test-en.tsv", "pawsx/test-de.tsv")
    folder(tmp_path, train, test)
    wanted = uses(translate_train=["de"], translate_test=["en", "de"])
    assert listed(tmp_path, "pawsx", data, wanted) == [
        ("labelled", "test", "de", "xtreme-tsv", "pawsx/test-de.tsv"),
        ("labelled", "test", "en", "xtreme-tsv", "pawsx/test-en.tsv"),
        ("labelled", "train", "en", "xtreme-tsv", "pawsx/train-en.tsv"),
        ("translate_test", "test", "de", "xtreme-translation", test),
        ("translate_train", "train", "de", "xtreme-translation", train),
    ]
    manifest = fetch("pawsx", data, wanted, tmp_path)
    assert manifest.translations == "machine translation published with XTREME"


def test_xtreme_translations_are_preferred_to_myxnli(tmp_path):
    own = "xnli/translate_test_myxnli/sw.trans.test.tsv"
    other = "xtreme_translations/XNLI/translate-test/test-sw-en-translated.tsv"
    data = folder(tmp_path, "xnli/test-en.tsv", "xnli/test-sw.tsv", own)
    wanted = uses(translate_test=["en", "sw"])
    assert ("translate_test", "test", "sw", "myxnli-translation", own) in listed(
        tmp_path, "xnli", data, wanted
    )
    folder(tmp_path, other)
    found = listed(tmp_path, "xnli", data, wanted)
    assert ("translate_test", "test", "sw", "xtreme-translation", other) in found
    assert len(found) == 3


def test_training_on_dev_needs_dev_files_and_the_tests_to_leave_their_rows_out(tmp_path):
    names = [f"xnli/{split}-{code}.tsv" for split in ("dev", "test") for code in ("en", "de")]
    data = folder(tmp_path, *names)
    wanted = uses("dev", train=["en"], translate_train=["de"])
    assert [row[4] for row in listed(tmp_path, "xnli", data, wanted)] == sorted(
        names, key=lambda name: (name.split("/")[1].split("-")[0], name)
    )
    manifest = fetch("xnli", data, wanted, tmp_path)
    assert manifest.translations == "human translation of the dev set"


def test_text_is_taken_from_train_and_dev_but_never_from_test(tmp_path):
    data = folder(tmp_path, "xnli/dev-en.tsv", "xnli/dev-de.tsv", "xnli/test-en.tsv")
    folder(tmp_path, "pawsx/train-en.tsv", "pawsx/dev-en.tsv", "pawsx/dev-fr.tsv")
    tasks = {"xnli": uses("dev", test=["en", "de"]), "pawsx": uses("train", test=["en", "fr"])}
    found = listed(tmp_path, "text", data, {"tasks": tasks})
    assert [row[4] for row in found] == [
        "xnli/dev-de.tsv",
        "pawsx/dev-en.tsv",
        "xnli/dev-en.tsv",
        "pawsx/dev-fr.tsv",
        "pawsx/train-en.tsv",
    ]
    assert {row[0] for row in found} == {"text"}


def refused(task: str, data: Data, wanted: dict, path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        fetch(task, data, wanted, path)
    return caught.value


def test_all_missing_files_are_named_at_once(tmp_path):
    data = folder(tmp_path, "xnli/test-en.tsv")
    error = refused("xnli", data, uses(test=["en", "de"], translate_test=["sw"]), tmp_path)
    assert error.what == "raw files are missing in the folder of data.root (3)"
    assert [line.strip() for line in error.where.splitlines()] == [
        str(tmp_path),
        "xnli/test-de.tsv",
        "xnli/test-sw.tsv",
        "xtreme_translations/XNLI/translate-test/test-sw-en-translated.tsv or "
        "xnli/translate_test_myxnli/sw.trans.test.tsv",
    ]
    assert "data.root" in error.fix
    assert "docs/real-data.md" in error.allowed


def test_a_missing_root_is_named(tmp_path):
    data = Data(source="folder", root=str(tmp_path / "nowhere"))
    error = refused("xnli", data, uses(test=["en"]), tmp_path)
    assert error.what == "the folder of data.root does not exist"
    assert error.where == str(tmp_path / "nowhere")
    assert "data_root=PATH" in error.fix


def test_the_folder_above_the_right_one_is_recognised(tmp_path):
    folder(tmp_path / "download", "xnli/test-en.tsv")
    data = Data(source="folder", root=str(tmp_path))
    error = refused("xnli", data, uses(test=["en"]), tmp_path)
    assert error.fix == f"set data.root to {tmp_path / 'download'}"


def test_a_relative_root_starts_where_the_command_was_started(tmp_path, monkeypatch):
    folder(tmp_path / "download", "xnli/test-en.tsv")
    monkeypatch.chdir(tmp_path)
    data = Data(source="folder", root="download")
    (file,) = fetch("xnli", data, uses(test=["en"]), tmp_path / "unused").files
    assert file.path == str(tmp_path / "download/xnli/test-en.tsv")


def test_removed_labels_are_noticed_before_anything_is_prepared(tmp_path):
    data = folder(tmp_path, "xnli/test-en.tsv")
    (tmp_path / "xnli/test-en.tsv").write_text("Eins.\tZwei.\n", encoding="utf-8")
    error = refused("xnli", data, uses(test=["en"]), tmp_path)
    assert error.what == "the labels of this file were removed: there is no third column"
    assert error.where == str(tmp_path / "xnli/test-en.tsv")


def test_artificial_text_has_the_languages_of_all_tasks(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "xling.data.artificial.write_raw", lambda *args: asked.append(args) or "the manifest"
    )
    data = Data.model_validate(
        {
            "source": "artificial",
            "artificial": {
                "languages": {"qaa": {"text_share": 0.5}},
                "source_text_share": 0.5,
                "text_documents": 10,
                "sizes": {},
            },
        }
    )
    tasks = {"pawsx": uses(test=["en", "qab"]), "xnli": uses(test=["en", "qaa"])}
    assert fetch("text", data, {"tasks": tasks}, tmp_path) == "the manifest"
    assert asked == [("text", data.artificial, ["en", "qab", "qaa"], tmp_path)]
