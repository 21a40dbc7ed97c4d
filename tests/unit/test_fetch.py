# SPDX-License-Identifier: Apache-2.0
"""What is looked for in a download folder, and what is said if it is not there."""

import hashlib
from pathlib import Path

import pytest

from xling.config.study import Data
from xling.data.fetch import fetch
from xling.errors import DataError, UsageError

ROW = "Eins.\tZwei.\t{}\n"


def folder(root: Path, *paths: str) -> Data:
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        label = "1" if path.startswith("pawsx") else "neutral"
        target.write_text(ROW.format(label) + ROW.format(label), encoding="utf-8")
    return Data(source="folder", root=str(root))


def uses(train_split="train", test_split="test", **splits: list[str]) -> dict:
    languages = list(dict.fromkeys(["en", *(code for codes in splits.values() for code in codes)]))
    return {
        "languages": languages,
        "train_split": train_split,
        "test_split": test_split,
        "splits": splits,
    }


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


# --- tagging, question answering, retrieval --------------------------------------------------

TAGGED = "A\tX\n"
QUESTIONS = """{"data": [{"paragraphs": [{"context": "Da.", "qas": [{"id": "1", "question": "Wo?",
"answers": [{"text": "%s", "answer_start": 0}]}]}]}]}"""
ANSWERED = QUESTIONS % "Da"


def filled(root: Path, text: str, *paths: str) -> Data:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Data(source="folder", root=str(root))


def test_tags_of_translations_come_from_the_english_training_set(tmp_path):
    names = ["udpos/train-en.tsv", "udpos/dev-en.tsv", "udpos/test-en.tsv", "udpos/test-de.tsv"]
    data = filled(tmp_path, TAGGED, *names, "udpos/dev-de.tsv")
    one = "xtreme_translations/translate_train.udpos.txt"
    test = "xtreme_translations/translate_test.udpos.de.txt"
    filled(tmp_path, "", one, test)
    wanted = uses(train=["en"], translate_train=["de"], dev=["en"], translate_test=["en", "de"])
    assert listed(tmp_path, "udpos", data, wanted) == [
        ("labelled", "dev", "en", "tagged-tsv", "udpos/dev-en.tsv"),
        ("labelled", "test", "de", "tagged-tsv", "udpos/test-de.tsv"),
        ("labelled", "test", "en", "tagged-tsv", "udpos/test-en.tsv"),
        ("labelled", "train", "en", "tagged-tsv", "udpos/train-en.tsv"),
        ("translate_test", "test", "de", "xtune-alignment", test),
        ("translate_train", "train", "all", "xtune-alignment", one),
    ]
    own = "xtreme_translations/translate_train.udpos.de.txt"
    filled(tmp_path, "", own)
    found = listed(tmp_path, "udpos", data, uses(translate_train=["de", "fr"]))
    assert [row[2:] for row in found if row[0] == "translate_train"] == [
        ("all", "xtune-alignment", one),
        ("de", "xtune-alignment", own),
    ]
    assert fetch("udpos", data, wanted, tmp_path).translations == (
        "machine translation with word alignments, in xTune's format"
    )


def test_tagged_files_may_lie_in_a_folder_of_their_own(tmp_path):
    data = filled(tmp_path, TAGGED, "panx/xtreme_tsv/test-de.tsv", "panx/xtreme_tsv/test-en.tsv")
    filled(tmp_path, TAGGED, "panx/test-en.tsv")
    assert [row[4] for row in listed(tmp_path, "panx", data, uses(test=["en", "de"]))] == [
        "panx/xtreme_tsv/test-de.tsv",
        "panx/test-en.tsv",
    ]


def test_xquad_trains_on_squad_and_mlqa_reads_its_own_tests_only(tmp_path):
    train = "squad/train-v1.1.json"
    names = [train, "squad/dev-v1.1.json", "xquad/xquad.en.json", "xquad/xquad.de.json"]
    data = filled(tmp_path, ANSWERED, *names)
    translated = "xtreme_translations/SQuAD/translate-train/squad.translate.train.en-de.json"
    tests = "xtreme_translations/XQuAD/translate-test/xquad.translate.test.de-en.json"
    filled(tmp_path, ANSWERED, translated, tests)
    wanted = uses(train=["en"], dev=["en"], translate_train=["de"], translate_test=["en", "de"])
    assert listed(tmp_path, "xquad", data, wanted) == [
        ("labelled", "dev", "en", "squad-json", "squad/dev-v1.1.json"),
        ("labelled", "test", "de", "squad-json", "xquad/xquad.de.json"),
        ("labelled", "test", "en", "squad-json", "xquad/xquad.en.json"),
        ("labelled", "train", "en", "squad-json", train),
        ("translate_test", "test", "de", "squad-json", tests),
        ("translate_train", "train", "de", "squad-json", translated),
    ]
    dev = "mlqa/MLQA_V1/dev/dev-context-de-question-de.json"
    data = filled(tmp_path, ANSWERED, dev)
    assert [
        row[4] for row in listed(tmp_path, "mlqa", data, uses(test_split="dev", test=["de"]))
    ] == [dev]


def test_training_on_a_parallel_test_set_takes_its_human_translations(tmp_path):
    data = filled(tmp_path, ANSWERED, "xquad/xquad.en.json", "xquad/xquad.de.json")
    wanted = uses("test", train=["en"], translate_train=["de"], test=["en", "de"])
    assert [row[4] for row in listed(tmp_path, "xquad", data, wanted)] == [
        "xquad/xquad.de.json",
        "xquad/xquad.en.json",
    ]
    manifest = fetch("xquad", data, wanted, tmp_path)
    assert manifest.translations == "human translation of the test set"


def test_the_original_tydiqa_files_are_preferred_to_those_without_answers(tmp_path):
    dev = "tydiqa/tydiqa-goldp-v1.1-dev"
    data = filled(tmp_path, QUESTIONS % "", f"{dev}/tydiqa.goldp.fi.dev.json")
    error = refused("tydiqa", data, uses(test=["fi"]), tmp_path)
    assert error.what == "the labels of this file were removed: every answer is empty"
    assert "tydiqa-goldp-dev-<language>.json" in error.fix
    filled(tmp_path, ANSWERED, f"{dev}/tydiqa-goldp-dev-finnish.json")
    found = listed(tmp_path, "tydiqa", data, uses(test=["fi"]))
    assert [row[4] for row in found] == [f"{dev}/tydiqa-goldp-dev-finnish.json"]


def test_tydiqa_is_trained_on_files_by_language_or_the_one_of_all(tmp_path):
    folder = "tydiqa/tydiqa-goldp-v1.1-train"
    data = filled(tmp_path, ANSWERED, f"{folder}/tydiqa.goldp.ko.train.json")
    filled(tmp_path, ANSWERED, f"{folder}/tydiqa-goldp-v1.1-train.json")
    wanted = uses(test_split="train", train=["en"], test=["ko", "sw"])
    assert listed(tmp_path, "tydiqa", data, wanted) == [
        ("labelled", "train", "all", "tydiqa-goldp", f"{folder}/tydiqa-goldp-v1.1-train.json"),
        ("labelled", "train", "ko", "squad-json", f"{folder}/tydiqa.goldp.ko.train.json"),
    ]


def test_bucc_needs_three_files_per_split_and_language(tmp_path):
    names = [f"bucc2018/zh-en.{split}.{end}" for split in ("dev", "test") for end in ("zh", "en")]
    data = filled(tmp_path, "zh-1\tText\n", *names, "bucc2018/zh-en.dev.gold")
    wanted = uses(dev=["zh"], test=["zh"])
    error = refused("bucc2018", data, wanted, tmp_path)
    assert error.where.splitlines()[1].strip() == "bucc2018/zh-en.test.gold"
    assert "training.gold" in error.fix
    filled(tmp_path, "zh-1\ten-1\n", "bucc2018/zh-en.test.gold")
    assert [row[1:] for row in listed(tmp_path, "bucc2018", data, wanted)] == [
        (split, "zh", f"bucc-{side}", f"bucc2018/zh-en.{split}.{end}")
        for split in ("dev", "test")
        for side, end in (("gold", "gold"), ("source", "zh"), ("target", "en"))
    ]


def test_sorted_english_lines_of_tatoeba_are_refused(tmp_path):
    data = filled(tmp_path, "b\na\nc\n", "tatoeba/zh-en.zh")
    filled(tmp_path, "A b.\nB.\nC.\n", "tatoeba/zh-en.en")
    error = refused("tatoeba", data, uses(test=["zh"]), tmp_path)
    assert "the English lines are sorted" in error.what
    assert error.where == str(tmp_path / "tatoeba/zh-en.en")
    assert "tatoeba/v1" in error.fix
    filled(tmp_path, "b\na\nc\n", "tatoeba/v1/tatoeba.cmn-eng.cmn")
    filled(tmp_path, "B.\nA b.\nC.\n", "tatoeba/v1/tatoeba.cmn-eng.eng")
    assert listed(tmp_path, "tatoeba", data, uses(test=["zh"])) == [
        ("labelled", "test", "zh", "tatoeba-source", "tatoeba/v1/tatoeba.cmn-eng.cmn"),
        ("labelled", "test", "zh", "tatoeba-target", "tatoeba/v1/tatoeba.cmn-eng.eng"),
    ]


@pytest.mark.parametrize(
    ("task", "path", "text", "reason", "release"),
    [
        ("udpos", "udpos/test-de.tsv", "Das\nHaus\n\n", "no second column", "UD 2.5"),
        ("panx", "panx/xtreme_tsv/test-de.tsv", "Das\n", "no second column", "PAN-X release"),
        (
            "xquad",
            "xquad/xquad.de.json",
            QUESTIONS % "",
            "every answer is empty",
            "google-deepmind",
        ),
        (
            "mlqa",
            "mlqa/MLQA_V1/test/test-context-de-question-de.json",
            QUESTIONS % "",
            "every answer is empty",
            "MLQA_V1.zip",
        ),
    ],
)
def test_removed_labels_are_named_with_where_to_find_them(
    tmp_path, task, path, text, reason, release
):
    data = filled(tmp_path, text, path)
    error = refused(task, data, uses(test=["de"]), tmp_path)
    assert error.what.startswith("the labels of this file were removed: ")
    assert reason in error.what
    assert error.where == str(tmp_path / path)
    assert release in error.fix


@pytest.mark.parametrize("text", ["[]", "{", '{"data": [{"paragraphs": 3}]}', '{"data": [1]}'])
def test_a_damaged_question_file_is_named(tmp_path, text):
    data = filled(tmp_path, text, "xquad/xquad.de.json")
    error = refused("xquad", data, uses(test=["de"]), tmp_path)
    assert error.what.startswith("this is not a file in SQuAD's format")
    assert error.where == str(tmp_path / "xquad/xquad.de.json")


def test_splits_that_were_never_published_are_refused(tmp_path):
    data = Data(source="folder", root=str(tmp_path))
    for task, wanted, what in (
        ("udpos", uses(dev=["kk"]), "UD-POS has no dev set in the language 'kk'"),
        ("xquad", uses(dev=["de"]), "XQuAD has no dev set in the language 'de'"),
        ("tydiqa", uses(dev=["en"]), "TyDiQA-GoldP has no dev set in the language 'en'"),
        ("mlqa", uses(train=["en"]), "MLQA has no training set"),
    ):
        with pytest.raises(UsageError) as caught:
            fetch(task, data, wanted, tmp_path)
        assert caught.value.what == what


@pytest.mark.parametrize(
    ("task", "train_split", "test_split", "expected"),
    [
        ("udpos", "train", "test", ["udpos/dev-de.tsv", "udpos/dev-en.tsv", "udpos/train-en.tsv"]),
        ("udpos", "train", "dev", ["udpos/train-en.tsv"]),
        ("xquad", "train", "test", ["squad/train-v1.1.json"]),
        ("xquad", "test", "test", []),
        ("mlqa", "train", "test", []),
        ("tydiqa", "train", "train", []),
        ("bucc2018", "train", "test", ["bucc2018/de-en.dev.de", "bucc2018/de-en.dev.en"]),
        ("bucc2018", "train", "dev", []),
        ("tatoeba", "train", "test", []),
    ],
)
def test_text_of_the_other_families_is_never_what_is_tested(
    tmp_path, task, train_split, test_split, expected
):
    data = filled(tmp_path, "", *expected)
    tasks = {task: uses(train_split, test_split, test=["en", "de"])}
    found = listed(tmp_path, "text", data, {"tasks": tasks})
    assert sorted(row[4] for row in found) == expected
    assert {row[0] for row in found} <= {"text"}


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
        "xling.data.artificial.write_raw", lambda *args, **_: asked.append(args) or "the manifest"
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
