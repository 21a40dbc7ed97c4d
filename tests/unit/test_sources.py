# SPDX-License-Identifier: Apache-2.0
"""Every language of every task can be fetched, and is found where the releases put it."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from pathlib import Path

import pytest

from conftest import REALDATA
from xling.config.study import Data
from xling.data.fetch import fetch
from xling.data.language_names import TATOEBA, TYDIQA, UD
from xling.data.notes import list_files, note_path, write_note
from xling.data.rebuild import REBUILDERS
from xling.data.registry import REBUILD, artefacts
from xling.data.sources import artefacts_of, needs
from xling.distill.data import corpora
from xling.errors import DataError, UsageError
from xling.mt.data import benchmarks
from xling.mt.data.benchmarks import BENCHMARKS
from xling.mt.data.opus100 import TRAIN_ONLY
from xling.plan import NEIGHBOURS
from xling.tasks import TASKS

KEYS = artefacts()


def uses(task: str, **splits: list[str]) -> dict:
    languages = list(TASKS[task].languages)
    return {
        "languages": languages,
        "train_split": "train",
        "test_split": "test",
        "splits": splits,
    }


def everything(task: str) -> dict:
    """What a study needs that uses all splits and languages of a task."""
    about = TASKS[task]
    others = [code for code in about.languages if code != "en"]
    dev = about.languages if about.dev_languages is None else about.dev_languages
    splits = {"test": list(about.languages)}
    if dev:
        splits["dev"] = list(dev)
    if about.trained:
        splits["translate_test"] = list(about.languages)
    if about.trained and not about.train_task:
        splits |= {"train": ["en"], "translate_train": others, "back_translate": others}
    if about.gold_english:
        splits["gold_english"] = list(about.languages)
    return uses(task, **splits)


# --- the published layouts, written down a second time ------------------------------------------

TREEBANKS = (  # some of UD 2.5, in another order than that of their files
    "UD_English-ParTUT/en_partut UD_English-PUD/en_pud UD_English-EWT/en_ewt UD_English-GUM/en_gum "
    "UD_English-LinES/en_lines UD_Chinese-GSDSimp/zh_gsdsimp UD_Chinese-GSD/zh_gsd "
    "UD_Classical_Chinese-Kyoto/lzh_kyoto UD_Ancient_Greek-PROIEL/grc_proiel "
    "UD_Old_French-SRCMF/fro_srcmf UD_Hindi_English-HIENCS/qhe_hiencs"
).split()
TEST_ONLY = ("th", "tl", "yo")
BACK = """\
xnli|xnli/translate-train-en/multinli.train.{}-en.tsv
pawsx|pawsx/translate-train-en/translated_train.{}-en.tsv
udpos|udpos/translate-train-en-token/{}.txt
panx|panx/translate-train-en-token/{}.txt
xquad|squad/translate-train-en/squad.translate.train.en-{}-en.json
tydiqa|tydiqa/translate-train-en/tydiqa.translate.train.en-{}-en.json"""


def back_translations(task: str, pattern: str) -> list[str]:
    return [pattern.format(code) for code in TASKS[task].languages if code != "en"]


def layout(key: str) -> list[str]:
    """Return the files of a download below its folder, as the release has them."""
    if key == "xnli-1.0":
        return [
            "XNLI-1.0/xnli.dev.tsv",
            "XNLI-1.0/xnli.test.tsv",
            "__MACOSX/XNLI-1.0/._xnli.dev.tsv",
        ]
    if key == "xnli-mt-1.0":
        codes = TASKS["xnli"].languages
        return [f"XNLI-MT-1.0/multinli/multinli.train.{code}.tsv" for code in codes]
    if key == "pawsx-x-final":
        names = {"en": "train", "de": "translated_train"}
        return [
            f"x-final/{code}/{name}.tsv"
            for code in TASKS["pawsx"].languages
            for name in ("dev_2k", "test_2k", names.get(code, "translated_train"))
        ]
    if key == "ud-2.5":
        own = [f"UD_{name}-AAA/{code}_aaa" for code, name in UD.items() if code not in ("en", "zh")]
        return [
            f"ud-treebanks-v2.5/{base}-ud-{split}.conllu"
            for base in [*TREEBANKS, *own]
            for split in ("train", "dev", "test")
            if split == "test" or base.split("/")[1].split("_")[0] not in TEST_ONLY
            if split != "dev" or "/kk_" not in base
        ]
    if key.startswith("panx-"):
        return ["dev", "extra", "test", "train"]
    if key == "mlqa-1":
        codes = TASKS["mlqa"].languages
        return [
            f"MLQA_V1/{split}/{split}-context-{one}-question-{two}.json"
            for split in ("dev", "test")
            for one in codes
            for two in codes
        ]
    if key == "tydiqa-goldp-1.1-dev":
        return [f"tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-{name}.json" for name in TYDIQA.values()]
    if found := re.fullmatch(r"bucc2018-(..)-(sample|training)", key):
        base = f"bucc2018/{found[1]}-en/{found[1]}-en.{found[2]}"
        return [f"{base}.{end}" for end in (found[1], "en", "gold")]
    if found := re.fullmatch(r"own-(udpos|panx)-test", key):
        codes = [code for code in TASKS[found[1]].languages if code != "en"]
        return [f"translate_test.{found[1]}.{code}.txt" for code in codes]
    if key == "own-back-translations":
        return [path for row in BACK.splitlines() for path in back_translations(*row.split("|"))]
    if found := re.fullmatch(r"xtune-(udpos|panx)-train", key):
        return [f"translate_train.{found[1]}.txt"]
    return [KEYS[key].file_name]


def put(base: Path, *keys: str, rebuilt: str | None = None) -> None:
    """Leave artefacts as ``xling fetch`` does; every file holds its own path."""
    for key in keys:
        for path in layout(key):
            file = base / key / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{key}/{path}", encoding="utf-8")
        note = {"key": key, "address": "", "bytes": 0, "sha256": "", "fetched": ""}
        write_note(base, note | {"rebuilt": rebuilt, "files": list_files(base / key)})


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    folder = tmp_path_factory.mktemp("downloads")
    put(folder / "resources/data", *KEYS)
    return folder


@pytest.fixture
def here(downloads, monkeypatch):
    monkeypatch.chdir(downloads)
    return downloads / "resources/data"


DOWNLOAD = Data(source="download")


def found(task: str, wanted: dict, base: Path) -> list[tuple[str, str, str, str, str]]:
    return [
        (f.role, f.split, f.language, f.format, Path(f.path).relative_to(base).as_posix())
        for f in fetch(task, DOWNLOAD, wanted, base).files
    ]


# --- the registry ---------------------------------------------------------------------------------


@pytest.mark.parametrize("task", list(TASKS))
def test_every_language_of_every_task_is_in_the_registry(task):
    wanted = everything(task)
    keys = artefacts_of(task, wanted)
    assert set(keys) <= set(KEYS)
    assert keys == sorted(set(keys))
    covered = {
        (need.role, need.split, code)
        for need in needs(task, wanted)
        for code in (TASKS[task].languages if need.language == "all" else [need.language])
    }
    about = TASKS[task]
    for code in about.languages:
        assert ("labelled", "test", code) in covered
        if about.dev_languages is None or code in about.dev_languages:
            assert ("labelled", "dev", code) in covered
        if about.trained and code != "en":
            assert ("translate_test", "test", code) in covered
            assert about.train_task or ("translate_train", "train", code) in covered
            assert about.train_task or ("back_translation", "train", code) in covered
    assert about.train_task or not about.trained or ("labelled", "train", "en") in covered


def test_all_artefacts_are_reached_but_those_for_folders_only():
    reached = {key for task in TASKS for key in artefacts_of(task, everything(task))}
    for benchmark in BENCHMARKS:
        codes = benchmarks.languages_of(benchmark)
        codes = (*codes, *TRAIN_ONLY) if benchmark == "opus100" else codes
        reached.update(benchmarks.artefacts_of(benchmark, codes))
    codes = {code for artefact in KEYS.values() for code in re.split("[ -]", artefact.language)}
    for name in corpora.SOURCES:
        for code in sorted(codes | {"mul", "fr-ca", "pt-br", "zh-cn", "zh-tw"}):
            with suppress(UsageError):  # the corpus lacks the language
                reached.update(corpora.keys_of(name, [code]))
    rest = set(KEYS) - reached
    assert {key.rpartition("-")[0] for key in rest if key.startswith("xtreme-")} == {
        "xtreme-xnli-train",
        "xtreme-pawsx-train",
    }
    assert {key for key in rest if not key.startswith("xtreme-")} == {
        "flores200-spm",  # of a metric, not of a task
        "opus100-zeroshot",
        "xmixup-translations",
        NEIGHBOURS,  # the table of synonyms is no task's: the plan asks for it
        # Of distillation: tests, pairs for teachers, and models that a study names by their key.
        *("sts2017-extended", "stsbenchmark", "sbert-nli-stsb", "sbert-paraphrases"),
        *("labse", "laser1", "muse-multilingual"),
    }


def test_rebuilders_are_named_only_where_the_copies_are_equal():
    named = {
        mirror.removeprefix(REBUILD): artefact
        for artefact in KEYS.values()
        for mirror in artefact.mirrors
        if mirror.startswith(REBUILD)
    }
    assert set(named) == set(REBUILDERS)
    assert {a.dataset for a in named.values()} == {
        "xnli",
        "pawsx",
        "panx",
        "squad",
        "xquad",
        "tydiqa",
    }
    assert all(name == artefact.key for name, artefact in named.items())


def test_manual_rows_say_the_folder_and_the_file():
    manual = [artefact for artefact in KEYS.values() if artefact.how == "manual"]
    assert len(manual) == 17
    for artefact in manual:
        assert f"resources/data/{artefact.key}/" in artefact.note
        if artefact.key in {need.artefact for t in TASKS for need in needs(t, everything(t))}:
            assert Path(layout(artefact.key)[0]).name.split(".")[0] in artefact.note


@pytest.mark.skipif(not REALDATA.is_dir(), reason="no real data")
@pytest.mark.realdata
def test_sums_of_the_registry_are_those_of_the_real_files():
    checked = 0
    for artefact in KEYS.values():
        folder = {"xquad": "xquad", "tatoeba": "tatoeba/v1"}.get(artefact.dataset)
        if folder is None or not (path := REALDATA / folder / artefact.file_name).is_file():
            continue
        content = path.read_bytes()
        assert (artefact.bytes, artefact.sha256) == (
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
        checked += 1
    assert checked == 26


# --- downloads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", list(TASKS))
def test_every_need_of_every_task_is_one_file_of_the_release(here, task):
    wanted = everything(task)
    files = found(task, wanted, here)
    assert len(files) == len(set(files))
    if task == "udpos":
        return
    assert len(files) == len(needs(task, wanted))
    # A wrong pattern would find a file with the name of another language or split.
    for _, split, language, form, path in files:
        key, _, name = path.partition("/")
        if language != "all" and form in ("squad-json", "pawsx-x-final", "xnli-mt-1.0"):
            code = TYDIQA[language] if "goldp-dev" in name else language
            assert key.startswith("squad-1.1") or re.search(rf"\b{code}\b", name), path
        if form in ("xnli-1.0", "wikiann", "pawsx-x-final"):
            assert split in name


def test_xnli_needs_two_archives(here):
    wanted = uses("xnli", train=["en"], translate_train=["de"], test=["en", "de"])
    assert found("xnli", wanted, here) == [
        ("labelled", "test", "all", "xnli-1.0", "xnli-1.0/XNLI-1.0/xnli.test.tsv"),
        (
            "labelled",
            "train",
            "en",
            "xnli-mt-1.0",
            "xnli-mt-1.0/XNLI-MT-1.0/multinli/multinli.train.en.tsv",
        ),
        (
            "translate_train",
            "train",
            "de",
            "xnli-mt-1.0",
            "xnli-mt-1.0/XNLI-MT-1.0/multinli/multinli.train.de.tsv",
        ),
    ]
    assert artefacts_of("xnli", uses("xnli", test=["en", "de"])) == ["xnli-1.0"]
    assert fetch("xnli", DOWNLOAD, wanted, here).translations == (
        "machine translation of XNLI-MT 1.0"
    )


def test_files_are_named_by_absolute_path_with_the_sum_of_the_note(here):
    (file,) = fetch("xquad", DOWNLOAD, uses("xquad", test=["de"]), here).files
    assert file.path == str(here / "xquad-de/xquad.de.json")
    text = "xquad-de/xquad.de.json"
    assert (file.bytes, file.sha256) == (len(text), hashlib.sha256(text.encode()).hexdigest())


def test_all_treebanks_of_a_language_are_taken_in_the_order_of_their_file_names(here):
    wanted = uses("udpos", train=["en"], test=["en", "zh", "el", "hi", "fr"])
    files = found("udpos", wanted, here)
    names = [
        Path(path).name for _, split, code, _, path in files if (split, code) == ("test", "en")
    ]
    assert names == [f"en_{name}-ud-test.conllu" for name in "ewt gum lines partut pud".split()]
    others = [Path(row[4]).name for row in files if row[2] != "en"]
    assert others == [
        "zh_gsd-ud-test.conllu",
        "zh_gsdsimp-ud-test.conllu",
        "el_aaa-ud-test.conllu",
        "hi_aaa-ud-test.conllu",
        "fr_aaa-ud-test.conllu",
    ]
    assert {row[3] for row in files} == {"ud-conllu"}
    assert len([row for row in files if row[1] == "train"]) == 5


def test_bucc_calls_its_splits_sample_and_training(here):
    files = found("bucc2018", uses("bucc2018", dev=["zh"], test=["zh"]), here)
    assert [(row[1], row[3], row[4]) for row in files] == [
        (split, f"bucc-{form}", f"bucc2018-zh-{part}/bucc2018/zh-en/zh-en.{part}.{end}")
        for split, part in (("dev", "sample"), ("test", "training"))
        for form, end in (("source", "zh"), ("target", "en"), ("gold", "gold"))
    ]


def test_text_is_read_from_the_same_downloads_without_gold(here):
    tasks = {task: everything(task) for task in ("bucc2018", "tydiqa", "xnli", "udpos")}
    files = found("text", {"tasks": tasks}, here)
    assert {row[0] for row in files} == {"text"}
    assert {row[1] for row in files} == {"train", "dev"}
    assert "bucc-gold" not in {row[3] for row in files}
    assert sum(row[3].startswith("bucc-") for row in files) == 8
    assert [row[2] for row in files if row[3] == "tydiqa-goldp"] == ["all"]
    assert {row[2] for row in files if row[3] == "ud-conllu"} == set(TASKS["udpos"].dev_languages)


def test_rebuilt_artefacts_are_named_in_the_origin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "resources/data", "panx-en")
    put(tmp_path / "resources/data", "panx-de", rebuilt="panx-de")
    manifest = fetch("panx", DOWNLOAD, uses("panx", test=["en", "de"]), tmp_path)
    assert manifest.origin == "published releases, downloaded; panx-de from its Parquet copy"


def refused(task: str, wanted: dict, folder: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        fetch(task, DOWNLOAD, wanted, folder)
    return caught.value


def test_all_missing_downloads_are_named_with_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "resources/data", "xquad-en")
    error = refused("xquad", uses("xquad", train=["en"], test=["en", "de", "zh"]), tmp_path)
    assert error.what == "downloads are missing (3)"
    assert error.where.split() == ["resources/data", "squad-1.1-train", "xquad-de", "xquad-zh"]
    assert error.fix == "xling fetch --dataset squad-1.1-train xquad-de xquad-zh"


def test_files_that_are_gone_or_changed_since_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "resources/data", "xquad-de")
    file = tmp_path / "resources/data/xquad-de/xquad.de.json"
    file.write_text("shorter")
    wanted = uses("xquad", test=["de"])
    error = refused("xquad", wanted, tmp_path)
    assert error.what == "a file of the download xquad-de has 7 bytes now"
    assert error.where == str(file)
    file.unlink()
    error = refused("xquad", wanted, tmp_path)
    assert error.what == "a file of the download xquad-de is gone"
    assert error.fix.endswith("xling fetch --dataset xquad-de")


def test_a_download_without_the_needed_file_or_with_two_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = tmp_path / "resources/data"
    put(base, "bucc2018-zh-sample")
    wanted = uses("bucc2018", dev=["zh"])
    copy = base / "bucc2018-zh-sample/copy/zh-en.sample.gold"
    copy.parent.mkdir()
    copy.write_text("x")
    note = {"key": "bucc2018-zh-sample", "address": "", "bytes": 0, "sha256": "", "fetched": ""}
    write_note(base, note | {"rebuilt": None, "files": list_files(base / "bucc2018-zh-sample")})
    error = refused("bucc2018", wanted, tmp_path)
    assert error.what == "2 files match 'zh-en.sample.gold' in the download bucc2018-zh-sample"
    write_note(base, note | {"rebuilt": None, "files": []})
    error = refused("bucc2018", wanted, tmp_path)
    assert error.what == "no file matches 'zh-en.sample.zh' in the download bucc2018-zh-sample"
    note_path(base, "bucc2018-zh-sample").write_text("{")
    assert "cannot be read" in refused("bucc2018", wanted, tmp_path).what


def test_languages_that_were_never_published_are_refused():
    with pytest.raises(UsageError) as caught:
        needs("xquad", uses("xquad", test=["ro"]))
    assert caught.value.what == "XQuAD was not published in the language 'ro'"
    assert "en, es" in caught.value.allowed


# --- folders --------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", list(TASKS))
def test_every_language_of_every_task_resolves_in_a_complete_folder(tmp_path, task, monkeypatch):
    monkeypatch.setattr("xling.data.fetch.refuse_removed_labels", lambda *about: None)
    wanted, data = everything(task), Data(source="folder", root=str(tmp_path))
    with pytest.raises(DataError) as caught:
        fetch(task, data, wanted, tmp_path)
    lines = [line.strip() for line in caught.value.where.splitlines()[1:]]
    # Of several places the last; back-translations come with their language.
    missing = {tmp_path / line.partition(" (")[0].split(" or ")[-1] for line in lines}
    for path in missing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    files = fetch(task, data, wanted, tmp_path).files
    assert {Path(file.path) for file in files} == missing
    tested = {file.language for file in files if (file.role, file.split) == ("labelled", "test")}
    assert tested == set(TASKS[task].languages)


REAL = {
    "xnli": ("en de es ar hi sw zh", "test dev"),
    "pawsx": ("en de es fr zh", "test dev"),
    "udpos": ("en es ar hi zh", "test dev train"),
    "panx": ("en de es", "test dev train"),
    "xquad": ("en es de ar zh hi", "test"),
    "mlqa": ("en de es zh", "dev"),
    "tydiqa": ("en ko sw", "train"),
    "bucc2018": ("zh", "dev"),
    "tatoeba": ("af ar zh de fr hi ka es sw tr", "test"),
}


@pytest.mark.skipif(not REALDATA.is_dir(), reason="no real data")
@pytest.mark.realdata
@pytest.mark.parametrize("task", list(REAL))
def test_the_real_files_are_found_with_their_labels(task):
    codes, splits = (words.split() for words in REAL[task])
    wanted = uses(task, test=codes) | {"test_split": splits[0], "languages": codes}
    if "dev" in splits[1:]:
        wanted["splits"]["dev"] = codes
    if "train" in splits[1:]:
        wanted["splits"]["train"] = ["en"]
    files = fetch(task, Data(source="folder", root=str(REALDATA)), wanted, REALDATA).files
    sides = {"bucc2018": 3, "tatoeba": 2}.get(task, 1)
    assert sorted((file.split, file.language) for file in files) == sorted(
        [
            (split, code)
            for split in splits
            if split != "train" or task == "tydiqa"
            for code in codes
        ]
        * sides
        + [("train", "en")] * ("train" in splits[1:])
    )
    for file in files:
        assert Path(file.path).stat().st_size == file.bytes


def test_names_of_languages_are_those_of_the_tasks():
    assert set(UD) == set(TASKS["udpos"].languages)
    assert set(TATOEBA) == set(TASKS["tatoeba"].languages)
    assert set(TYDIQA) == set(TASKS["tydiqa"].languages)
    assert len(set(TATOEBA.values())) == 36
