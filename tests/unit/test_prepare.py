# SPDX-License-Identifier: Apache-2.0
"""From raw files to one checked table: joins, counts, labels, what is dropped and said."""

import json
import random
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conftest import REALDATA
from xling.config.study import Data, SplitSizes
from xling.data.fetch import fetch
from xling.data.manifest import Manifest, RawFile, sha256_of
from xling.data.prepare import prepare
from xling.data.tables import SCHEMAS, read_summary, read_table, write_table
from xling.errors import DataError, UsageError

SIZES = SplitSizes(train=6, dev=3, test=6)
# Number in the text of the first dev row: dev and test share no text.
DEV = 300
NLI = ("contradiction", "entailment", "neutral")


class Raw:
    """Raw files of one task, written row by row."""

    def __init__(self, folder: Path, task: str) -> None:
        self.folder, self.task, self.files = folder, task, []

    def add(self, name, form, role, split, language, rows):
        text = "".join("\t".join(row) + "\n" for row in rows)
        self.add_text(name, form, role, split, language, text)

    def add_text(self, name, form, role, split, language, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.files = [f for f in self.files if f.path != name]
        self.files.append(
            RawFile(
                path=name,
                format=form,
                role=role,
                split=split,
                language=language,
                bytes=path.stat().st_size,
                sha256=sha256_of(path),
            )
        )

    def prepare(self, split, languages, *, train_split="train", sizes=SIZES):
        manifest = Manifest(
            task=self.task, origin="made up", translations="noise 0", files=self.files
        )
        return prepare(
            self.task, split, languages, manifest, self.folder, sizes, train_split=train_split
        )

    def refused(self, *args, **kwargs) -> DataError:
        with pytest.raises(DataError) as caught:
            self.prepare(*args, **kwargs)
        return caught.value


PAIRS = SCHEMAS["classification"].names


def pairs(table):
    return set(zip(*(table[f"sentence{i}"].to_pylist() for i in (1, 2)), strict=True))


def rows_of(table) -> list[tuple[str, ...]]:
    return list(zip(*(table[name].to_pylist() for name in PAIRS), strict=True))


def pair(language: str, number: int) -> tuple[str, str]:
    return f"{language} one {number}", f"{language} two {number}"


def label(number: int) -> str:
    return NLI[number % 3]


def numbered(language: str, count: int, first: int = 0) -> list[tuple[str, ...]]:
    return [(*pair(language, i), label(i)) for i in range(first, first + count)]


def translated(source: str, target: str, count: int) -> list[tuple[str, ...]]:
    return [(*pair(source, i), *pair(f"{target} from {source}", i), label(i)) for i in range(count)]


@pytest.fixture
def xnli(tmp_path) -> Raw:
    """XNLI in XTREME's layout, with XTREME's translations, English and German."""
    raw = Raw(tmp_path, "xnli")
    for split, count in SIZES.model_dump().items():
        for code in ("en",) if split == "train" else ("en", "de"):
            name = f"{split}-{code}.tsv"
            first = DEV if split == "dev" else 0
            raw.add(name, "xtreme-tsv", "labelled", split, code, numbered(code, count, first))
    for role, split, rows in (
        ("translate_train", "train", translated("en", "de", 6)),
        ("translate_test", "test", translated("de", "en", 6)),
    ):
        raw.add(f"{role}.tsv", "xtreme-translation", role, split, "de", rows)
    return raw


# --- tables ----------------------------------------------------------------------------------


def test_languages_come_in_the_order_asked_for_and_rows_in_their_own(xnli):
    table, summary = xnli.prepare("dev", ["de", "en"])
    assert table.column_names == list(PAIRS)
    assert rows_of(table) == [
        (f"dev-{i + 1:06d}", code, *pair(code, DEV + i), label(i))
        for code in ("de", "en")
        for i in range(3)
    ]
    assert summary["rows"] == {"de": 3, "en": 3}
    assert summary["labels"]["de"] == dict.fromkeys(NLI, 1)
    assert (summary["dropped"], summary["notes"]) == ({}, [])
    assert [source["path"] for source in summary["sources"]] == ["dev-de.tsv", "dev-en.tsv"]
    assert (summary["origin"], summary["translations"]) == ("made up", "")


def test_train_is_the_source_language_and_may_be_the_dev_set(xnli):
    table, _ = xnli.prepare("train", ["en"])
    assert [row[0] for row in rows_of(table)] == [f"train-{i:06d}" for i in range(1, 7)]
    table, summary = xnli.prepare("train", ["en"], train_split="dev")
    assert [row[0] for row in rows_of(table)] == [f"dev-{i:06d}" for i in range(1, 4)]
    assert summary["notes"] == ["trained on the dev split"]


@pytest.mark.parametrize("shuffled", [False, True])
def test_machine_translations_are_joined_by_content(xnli, shuffled):
    for role, split, source, target in (
        ("translate_train", "train", "en", "de"),
        ("translate_test", "test", "de", "en"),
    ):
        rows = translated(source, target, 6)
        if shuffled:
            random.Random(1).shuffle(rows)
            assert rows != translated(source, target, 6)
        xnli.add(f"{role}.tsv", "xtreme-translation", role, split, "de", rows)
    table, summary = xnli.prepare("translate_train", ["de"])
    assert rows_of(table) == [
        (f"train-{i + 1:06d}", "de", *pair("de from en", i), label(i)) for i in range(6)
    ]
    assert summary["translations"] == "noise 0"
    table, _ = xnli.prepare("translate_test", ["en", "de"])
    assert rows_of(table) == [
        *((f"test-{i + 1:06d}", "en", *pair("en", i), label(i)) for i in range(6)),
        *((f"test-{i + 1:06d}", "de", *pair("en from de", i), label(i)) for i in range(6)),
    ]


def test_equal_pairs_share_a_translation_whatever_the_order_of_the_file(xnli):
    rows = numbered("de", 6)
    rows[4] = (*rows[1][:2], "neutral")  # the same two sentences with another label
    rows[1] = (*rows[1][:2], "entailment")
    xnli.add("test-de.tsv", "xtreme-tsv", "labelled", "test", "de", rows)
    english = [(*row[:2], rows[i][2]) for i, row in enumerate(numbered("en", 6))]
    xnli.add("test-en.tsv", "xtreme-tsv", "labelled", "test", "en", english)
    file = translated("de", "en", 6)
    file[4] = (*file[1][:2], "a first", "a second", "neutral")
    for order in (file, file[::-1]):
        xnli.add("translate_test.tsv", "xtreme-translation", "translate_test", "test", "de", order)
        got = rows_of(xnli.prepare("translate_test", ["de"])[0])
        assert [row[2:] for row in got[1::3]] == [
            ("a first", "a second", "entailment"),
            ("a first", "a second", "neutral"),
        ]


def test_a_quoted_english_row_finds_its_translation(xnli):
    rows = numbered("en", 6)
    rows[0] = ('"He said ""yes""."', *rows[0][1:])  # as XTREME's csv writer leaves it
    xnli.add("train-en.tsv", "xtreme-tsv", "labelled", "train", "en", rows)
    file = translated("en", "de", 6)
    file[0] = ('He said "yes".', *file[0][1:])
    xnli.add("translate_train.tsv", "xtreme-translation", "translate_train", "train", "de", file)
    table, summary = xnli.prepare("translate_train", ["de"])
    assert rows_of(table)[0][2:4] == pair("de from en", 0)
    assert summary["quoted"] == {"en": 1}


def test_human_translations_of_the_dev_set_keep_the_id_of_their_english_row(xnli):
    table, summary = xnli.prepare("translate_train", ["de"], train_split="dev")
    assert rows_of(table) == [
        (f"dev-{i + 1:06d}", "de", *pair("de", DEV + i), label(i)) for i in range(3)
    ]
    assert summary["notes"] == ["trained on the dev split"]


def test_dev_rows_that_are_also_tested_are_not_trained_on(tmp_path):
    raw = Raw(tmp_path, "xnli")
    sizes = SplitSizes(train=1, dev=30, test=6)
    for code in ("en", "de"):
        raw.add(f"test-{code}.tsv", "xtreme-tsv", "labelled", "test", code, numbered(code, 6))
        dev = numbered(code, 30, DEV)
        if code == "de":
            dev[4] = (*pair("de", 2), dev[4][2])
        raw.add(f"dev-{code}.tsv", "xtreme-tsv", "labelled", "dev", code, dev)
    table, summary = raw.prepare("translate_train", ["de"], train_split="dev", sizes=sizes)
    assert summary["dropped"] == {"also in the test set": {"de": 1}}
    assert [row[0] for row in rows_of(table)] == [f"dev-{i:06d}" for i in range(1, 31) if i != 5]
    assert raw.prepare("train", ["en"], train_split="dev", sizes=sizes)[0].num_rows == 30
    raw.add("dev-de.tsv", "xtreme-tsv", "labelled", "dev", "de", numbered("de", 30))
    error = raw.refused("translate_train", ["de"], train_split="dev", sizes=sizes)
    assert error.what == "6 of 30 rows: also in the test set"
    assert error.allowed == "at most 5% of the rows"
    assert error.where.endswith("dev-de.tsv")


def test_xnli_release_files_are_joined_by_pair_id(tmp_path):
    raw = Raw(tmp_path, "xnli")
    header = ("language", "gold_label", "sentence1", "sentence2", "pairID")
    rows = [
        (code, label(i), *pair(code, i), str(10 + i))
        for code in ("de", "en")
        for i in (range(6) if code == "en" else reversed(range(6)))
    ]
    raw.add("xnli.test.tsv", "xnli-1.0", "labelled", "test", "all", [header, *rows])
    table, summary = raw.prepare("test", ["en", "de"])
    assert [row[0] for row in rows_of(table)] == [
        *map(str, range(10, 16)),
        *map(str, range(15, 9, -1)),
    ]
    assert len(summary["sources"]) == 1
    rows[0] = (rows[0][0], "entailment", *rows[0][2:])
    raw.add("xnli.test.tsv", "xnli-1.0", "labelled", "test", "all", [header, *rows])
    error = raw.refused("test", ["en", "de"])
    assert error.what == "the label is 'entailment', but 'neutral' for the same item in the source"
    assert error.where.endswith("xnli.test.tsv, line 2")
    assert error.allowed == f"'neutral', as in {tmp_path / 'xnli.test.tsv'}, line 13"
    rows[0] = (*rows[0][:4], "99")
    raw.add("xnli.test.tsv", "xnli-1.0", "labelled", "test", "all", [header, *rows])
    error = raw.refused("test", ["en", "de"])
    assert error.what == "1 rows have ids that the source language does not have"
    assert error.where.endswith("line 2: id '99'")


def xnli_mt(folder: Path, target: list[tuple[str, ...]]) -> Raw:
    raw = Raw(folder, "xnli")
    header = ("premise", "hypo", "label")
    raw.add("en.tsv", "xnli-mt-1.0", "labelled", "train", "en", [header, *numbered("en", 6)])
    raw.add("de.tsv", "xnli-mt-1.0", "translate_train", "train", "de", [header, *target])
    return raw


def test_xnli_mt_is_row_parallel(tmp_path):
    table, _ = xnli_mt(tmp_path, numbered("de", 6)).prepare("translate_train", ["de"])
    assert rows_of(table) == [
        (f"train-{i + 1:06d}", "de", *pair("de", i), label(i)) for i in range(6)
    ]
    error = xnli_mt(tmp_path, numbered("de", 5)).refused("translate_train", ["de"])
    assert error.what == "xnli translate_train de has 5 rows"
    assert error.allowed == "6 rows"
    moved = numbered("de", 6)
    moved.append(moved.pop(0))
    error = xnli_mt(tmp_path, moved).refused("translate_train", ["de"])
    assert "the label is 'entailment', but 'contradiction'" in error.what
    assert error.where.endswith("de.tsv, line 2")


# --- PAWS-X ----------------------------------------------------------------------------------


def pawsx(folder: Path, changes: dict[int, tuple[str, str, str]], form="pawsx-x-final") -> Raw:
    """Return a test set of six rows, labels 010101; ``changes`` replaces German rows."""
    raw = Raw(folder, "pawsx")
    for code in ("en", "de"):
        rows = [(*pair(code, i), str(i % 2)) for i in range(6)]
        if code == "de":
            rows = [changes.get(i, row) for i, row in enumerate(rows)]
        if form == "pawsx-x-final":
            rows = [(str(7 * i), *row) for i, row in enumerate(rows)]
            rows.insert(0, ("id", "sentence1", "sentence2", "label"))
        raw.add(f"{code}.tsv", form, "labelled", "test", code, rows)
    return raw


def test_untranslated_rows_carry_label_0_whatever_the_english_label_is(tmp_path):
    raw = pawsx(tmp_path, {1: ("NS", "de", "0"), 2: ("NS", "NS", "0")})
    table, summary = raw.prepare("test", ["en", "de"])
    assert [row[0] for row in rows_of(table)[:6]] == ["0", "7", "14", "21", "28", "35"]
    assert summary["ns_rows"] == {"en": 0, "de": 2}
    assert summary["notes"] == ["not translated (NS) but kept, as in XTREME: de 2"]
    # Neither a translated row with label 0 nor an untranslated one with label 1 is excused.
    error = pawsx(tmp_path, {1: ("de", "de", "0")}).refused("test", ["en", "de"])
    assert error.what == "the label is '0', but '1' for the same item in the source"
    assert error.where.endswith("de.tsv, line 3")
    error = pawsx(tmp_path, {2: ("NS", "de", "1")}).refused("test", ["en", "de"])
    assert error.what == "the label is '1', but '0' for the same item in the source"


def test_unknown_labels_are_dropped_after_the_count(tmp_path):
    raw = pawsx(tmp_path, {1: ("de", "de", "?")}, form="xtreme-tsv")
    table, summary = raw.prepare("test", ["en", "de"])
    assert [row[0] for row in rows_of(table)[6:]] == [f"test-{i:06d}" for i in (1, 3, 4, 5, 6)]
    assert summary["dropped"] == {"label unknown ('?')": {"de": 1}}
    assert summary["notes"] == ["left out, label unknown ('?'): de 1"]


def test_untranslated_dev_rows_are_no_training_data(tmp_path):
    raw = Raw(tmp_path, "pawsx")
    for split, count in (("dev", 3), ("test", 6)):
        for code in ("en", "de"):
            rows = [(f"{split} {code} {i}", "x", "01"[i == 2]) for i in range(count)]
            if code == "de":
                rows[1] = ("NS", "x", "0")
            raw.add(f"{split}-{code}.tsv", "xtreme-tsv", "labelled", split, code, rows)
    table, summary = raw.prepare("translate_train", ["de"], train_split="dev")
    assert [row[0] for row in rows_of(table)] == ["dev-000001", "dev-000003"]
    assert summary["dropped"] == {"not translated (NS)": {"de": 1}}


def test_a_placeholder_survives_translate_test(tmp_path):
    raw = pawsx(tmp_path, {1: ("NS", "NS", "0"), 3: ("NS", "NS", "0")})
    rows = [(*pair("de", i), *pair("en", i), str(i % 2)) for i in range(6)]
    # The published label of an untranslated row may be that of the English row.
    rows[1] = rows[3] = ("NS", "NS", "NS", "NS", "1")
    raw.add("mt.tsv", "xtreme-translation", "translate_test", "test", "de", rows)
    table, summary = raw.prepare("translate_test", ["de"])
    assert rows_of(table)[1] == ("7", "de", "NS", "NS", "0")
    assert summary["ns_rows"] == {"de": 2}


# --- what is refused -------------------------------------------------------------------------


def test_a_changed_file_is_refused(xnli):
    path = xnli.folder / "dev-de.tsv"
    before = sha256_of(path)
    path.write_text(path.read_text(encoding="utf-8") + "more\trows\tneutral\n", encoding="utf-8")
    error = xnli.refused("dev", ["en", "de"])
    assert error.what == "a raw file is not the one that was fetched"
    assert str(path) in error.where
    assert before in error.allowed
    assert sha256_of(path) in error.allowed
    assert "manifest.json" in error.fix
    path.unlink()
    assert "cannot be read" in xnli.refused("dev", ["en", "de"]).what


def test_another_number_of_rows_than_configured_is_refused(xnli):
    xnli.add("dev-en.tsv", "xtreme-tsv", "labelled", "dev", "en", numbered("en", 4))
    error = xnli.refused("dev", ["en"])
    assert (error.what, error.allowed) == ("xnli dev en has 4 rows", "3 rows")
    assert error.where.endswith("dev-en.tsv")


def test_placeholder_labels_are_refused(xnli):
    for rows, count in (
        ([("a", "b", "neutral")] * 100, 100),
        ([("a", "b", "neutral")] * 91 + [("a", "b", "entailment")] * 9, 91),
    ):
        xnli.add("dev-en.tsv", "xtreme-tsv", "labelled", "dev", "en", rows)
        error = xnli.refused("dev", ["en"], sizes=SplitSizes(train=1, dev=100, test=1))
        assert error.what == f"xnli dev en: {count} of 100 rows have the label 'neutral'"
        assert "placeholders" in error.fix
    rows = [("a", "b", "neutral")] * 90 + [("a", "b", "entailment")] * 10
    xnli.add("dev-en.tsv", "xtreme-tsv", "labelled", "dev", "en", rows)
    xnli.prepare("dev", ["en"], sizes=SplitSizes(train=1, dev=100, test=1))


def test_a_language_or_file_that_is_not_there_is_named(xnli, tmp_path):
    error = xnli.refused("dev", ["en", "fr"])
    assert "0 files with role labelled, split dev, language fr" in error.what
    raw = Raw(tmp_path, "xnli")
    header = ("language", "gold_label", "sentence1", "sentence2", "pairID")
    rows = [("en", label(i), *pair("en", i), str(i)) for i in range(6)]
    raw.add("xnli.test.tsv", "xnli-1.0", "labelled", "test", "all", [header, *rows])
    error = raw.refused("test", ["en", "fr"])
    assert (error.what, error.allowed) == ("the file has no row of the language 'fr'", "en")
    with pytest.raises(UsageError, match="no split 'text'"):
        raw.prepare("text", ["en"])


def test_artificial_translations_may_drop_nothing(xnli):
    rows = translated("en", "de", 6)
    for change, what in (
        (rows[:5], "1 of 6 rows: no translation"),
        ([*rows, ("x", "y", "x", "y", "neutral")], "1 of 7 rows: not in the source"),
        ([*rows, ("x", "y")], "1 of 7 rows: malformed"),
    ):
        xnli.add(
            "translate_train.tsv", "xtreme-translation", "translate_train", "train", "de", change
        )
        error = xnli.refused("translate_train", ["de"])
        assert error.what == what
        assert error.allowed == "none in artificial data"


def test_a_translation_with_another_label_is_refused(xnli):
    rows = translated("en", "de", 6)
    rows[2] = (*rows[2][:4], "entailment")
    xnli.add("translate_train.tsv", "xtreme-translation", "translate_train", "train", "de", rows)
    error = xnli.refused("translate_train", ["de"])
    assert error.what == "the label is 'entailment', but 'neutral' for the same item in the source"
    assert error.where.endswith("translate_train.tsv, line 3")
    assert error.allowed.endswith("train-en.tsv, line 3")


# --- published data: sizes and labels of the releases ------------------------------------------


def published(root: Path, split: str, code: str, *, extra: int = 0, other: int = 0) -> None:
    """Write an XNLI file of the published size; ``other`` rows have another label."""
    count = {"dev": 2490, "test": 5010}[split]
    rows = [f"{code} {split} {i}\tb {i}\t{label(i + (i < other))}\n" for i in range(count + extra)]
    path = root / "xnli" / f"{split}-{code}.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(rows), encoding="utf-8")


def prepare_folder(root: Path, task: str, split: str, languages: list[str], train_split="train"):
    uses = {"languages": languages, "train_split": train_split, "test_split": "test"}
    uses |= {"splits": {split: languages}}
    manifest = fetch(task, Data(source="folder", root=str(root)), uses, root)
    return prepare(task, split, languages, manifest, root, None, train_split=train_split)


def test_published_sizes_and_labels_are_asserted(tmp_path):
    for code in ("en", "de"):
        published(tmp_path, "test", code)
    _, summary = prepare_folder(tmp_path, "xnli", "test", ["en", "de"])
    assert summary["labels"]["de"] == dict.fromkeys(NLI, 1670)
    assert [source["path"] for source in summary["sources"]] == [
        "xnli/test-de.tsv",
        "xnli/test-en.tsv",
    ]
    published(tmp_path, "test", "de", extra=-1)
    with pytest.raises(DataError, match="xnli test de has 5009 rows"):
        prepare_folder(tmp_path, "xnli", "test", ["en", "de"])
    published(tmp_path, "test", "de", other=1)
    with pytest.raises(DataError) as caught:
        prepare_folder(tmp_path, "xnli", "test", ["en", "de"])
    assert caught.value.what == (
        "xnli test de: rows per label are contradiction 1669, entailment 1671, neutral 1670"
    )
    assert caught.value.allowed == "contradiction 1670, entailment 1670, neutral 1670"


def test_one_in_a_hundred_published_translations_may_be_lost(tmp_path):
    for code in ("en", "de"):
        published(tmp_path, "test", code)
    path = tmp_path / "xtreme_translations/XNLI/translate-test/test-de-en-translated.tsv"
    path.parent.mkdir(parents=True)
    good = [f"de test {i}\tb {i}\ten {i}\tb\t{label(i)}\n" for i in range(5010)]
    bad = ["only\tfour\tfields\there\n"] * 30
    path.write_text("".join([*bad, *good[:4970]]), encoding="utf-8")
    _, summary = prepare_folder(tmp_path, "xnli", "translate_test", ["en", "de"])
    assert summary["rows"] == {"en": 5010, "de": 4970}
    assert summary["dropped"] == {
        "translation file: wrong number of fields": {"de": 30},
        "no translation": {"de": 40},
    }
    assert summary["translations"] == "machine translation published with XTREME"
    path.write_text("".join(good[:4950]), encoding="utf-8")
    with pytest.raises(DataError, match="60 of 5010 rows: no translation"):
        prepare_folder(tmp_path, "xnli", "translate_test", ["en", "de"])
    path.write_text("".join([*bad, *bad, *good]), encoding="utf-8")
    with pytest.raises(DataError, match="60 of 5070 rows: malformed"):
        prepare_folder(tmp_path, "xnli", "translate_test", ["en", "de"])


# --- text and files --------------------------------------------------------------------------


def test_text_of_a_folder_is_the_pairs_of_all_tasks_without_placeholders(tmp_path):
    raw = Raw(tmp_path, "text")
    raw.add("xnli/dev-en.tsv", "xtreme-tsv", "text", "dev", "en", numbered("en", 2))
    raw.add("pawsx/dev-en.tsv", "xtreme-tsv", "text", "dev", "en", [("a", "b", "1")])
    raw.add("pawsx/dev-de.tsv", "xtreme-tsv", "text", "dev", "de", [("NS", "b", "0")])
    raw.add("de.txt", "text", "text", "all", "de", [("c", "d"), ("e", "f")])
    table, summary = raw.prepare("text", ["de", "en"], sizes=None)
    assert rows_of(table) == [
        ("01-text-000001", "de", "c", "d", ""),
        ("01-text-000002", "de", "e", "f", ""),
        ("00-dev-000001", "en", *pair("en", 0), ""),
        ("00-dev-000002", "en", *pair("en", 1), ""),
        ("01-dev-000001", "en", "a", "b", ""),
    ]
    assert summary["rows"] == {"de": 2, "en": 3}
    assert summary["dropped"] == {"not translated (NS)": {"de": 1}}


def test_text_of_tagged_sentences_and_of_questions(tmp_path):
    answers = [{"text": "one", "answer_start": 0}]
    questions = [{"id": str(i), "question": f"which {i}?", "answers": answers} for i in range(2)]
    article = {"title": "t", "paragraphs": [{"context": "one two", "qas": questions}]}
    raw = Raw(tmp_path, "text")
    tags = "a\tX\nb\tX\n\nc\tX\n\nd\tX\n"
    raw.add_text("tags.tsv", "tagged-tsv", "text", "train", "en", tags)
    data = json.dumps({"data": [article]})
    raw.add_text("train.json", "squad-json", "text", "train", "en", data)
    table, _ = raw.prepare("text", ["en"], sizes=None)
    assert [row[2:4] for row in rows_of(table)] == [
        ("a b", "c"),
        ("c", "d"),
        ("one two", "which 0?"),
    ]


def test_a_written_table_is_read_back_in_parts(xnli, tmp_path):
    table, summary = xnli.prepare("dev", ["de", "en"])
    path = tmp_path / "out" / "dev.parquet"
    write_table(path, table, summary)
    assert read_table(path).equals(table)
    assert rows_of(read_table(path, languages=["en", "de"]))[:3] == rows_of(table)[3:]
    assert read_table(path, ["en"], ["label", "id"]).column_names == ["label", "id"]
    assert read_summary(path) == summary
    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [3, 3]
    assert groups.row_group(0).column(0).compression == "ZSTD"
    with pytest.raises(DataError, match="no row of the language 'fr'") as caught:
        read_table(path, ["fr"])
    assert caught.value.allowed == "de, en"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="cannot be read"):
        read_table(path)


def test_equal_input_gives_equal_bytes_wherever_the_folder_is(tmp_path):
    files = []
    for name in ("one", "another"):
        (tmp_path / name).mkdir()
        for code in ("en", "de"):
            published(tmp_path / name, "test", code)
        table, summary = prepare_folder(tmp_path / name, "xnli", "test", ["en", "de"])
        path = tmp_path / name / "test.parquet"
        write_table(path, table, summary)
        files.append(path.read_bytes())
        json.dumps(summary)
    assert files[0] == files[1]


def test_rows_of_a_language_must_stand_together(xnli, tmp_path):
    table, summary = xnli.prepare("dev", ["de", "en"])
    with pytest.raises(ValueError, match="stand together"):
        write_table(tmp_path / "x.parquet", table.take([0, 3, 1]), summary)
    assert not (tmp_path / "x.parquet").exists()


# --- the real benchmarks ---------------------------------------------------------------------

XNLI = ["en", "de", "es", "ar", "hi", "sw", "zh"]
PAWSX = ["en", "de", "es", "fr", "zh"]


@pytest.mark.realdata
class TestRealData:
    """Counts from the specification of XTREME's data, not from running this code."""

    @pytest.fixture(autouse=True)
    def present(self):
        if not REALDATA.is_dir():
            pytest.skip("real benchmark files are absent (XLING_REALDATA)")

    def test_xnli(self):
        for split, per_label in (("dev", 830), ("test", 1670)):
            table, summary = prepare_folder(REALDATA, "xnli", split, XNLI)
            assert summary["rows"] == dict.fromkeys(XNLI, 3 * per_label)
            for code in XNLI:
                assert summary["labels"][code] == dict.fromkeys(NLI, per_label)
            assert summary["dropped"] == {}
            assert table.num_rows == 7 * 3 * per_label

    def test_pawsx_dev(self):
        table, summary = prepare_folder(REALDATA, "pawsx", "dev", PAWSX)
        assert summary["rows"] == dict.fromkeys(PAWSX, 2000)
        positives = {code: summary["labels"][code]["1"] for code in PAWSX}
        assert positives == {"en": 863, "de": 831, "es": 847, "fr": 860, "zh": 853}
        assert summary["ns_rows"] == {"en": 0, "de": 68, "es": 38, "fr": 8, "zh": 16}
        assert summary["quoted"]["fr"] == 207
        assert not any('""' in text for text in table["sentence1"].to_pylist())

    def test_pawsx_test_lacks_the_rows_without_known_label(self):
        _, summary = prepare_folder(REALDATA, "pawsx", "test", PAWSX)
        unknown = {"en": 6, "es": 6, "fr": 4}
        assert summary["dropped"] == {"label unknown ('?')": unknown}
        assert summary["rows"] == {code: 2000 - unknown.get(code, 0) for code in PAWSX}
        assert summary["ns_rows"] == {"en": 0, "de": 32, "es": 1, "fr": 14, "zh": 25}

    def test_the_release_format_gives_the_same_rows_as_xtreme_s(self, tmp_path):
        path = REALDATA / "pawsx" / "original_layout" / "test_2k-de.tsv"
        about = {"format": "pawsx-x-final", "role": "labelled", "split": "test"}
        files = [
            RawFile(path=str(file), language=code, bytes=0, sha256=sha256_of(file), **about)
            for code, file in (("en", path), ("de", path))
        ]
        manifest = Manifest(task="pawsx", origin="", translations="", files=files)
        table, _ = prepare("pawsx", "test", ["de"], manifest, tmp_path, None)
        other, _ = prepare_folder(REALDATA, "pawsx", "test", ["en", "de"])
        german = [row for row in rows_of(other) if row[1] == "de"]
        assert [row[4] for row in rows_of(table)] == [row[4] for row in german]
        # This copy was written with csv quoting; its texts are equal where no quote occurs.
        plain = [(a, b) for a, b in zip(rows_of(table), german, strict=True) if '"' not in a[2]]
        assert len(plain) > 1800
        assert all(a[2] == b[2] for a, b in plain)

    def test_translate_test_joins_every_swahili_row(self):
        table, summary = prepare_folder(REALDATA, "xnli", "translate_test", ["en", "sw"])
        assert summary["rows"] == {"en": 5010, "sw": 5010}
        assert summary["dropped"] == {}
        assert summary["translations"] == "machine translation published with myXNLI"
        rows = rows_of(table)
        assert rows[5010][2].startswith("Well, I wasn't thinking about that, but I was very conf")
        assert [row[4] for row in rows[:5010]] == [row[4] for row in rows[5010:]]

    def test_training_on_dev_sees_no_test_pair(self, tmp_path):
        for task, languages in (("xnli", XNLI), ("pawsx", PAWSX)):
            test, _ = prepare_folder(REALDATA, task, "test", languages)
            source, _ = prepare_folder(REALDATA, task, "train", ["en"], "dev")
            targets, summary = prepare_folder(
                REALDATA, task, "translate_train", languages[1:], "dev"
            )
            assert pairs(test).isdisjoint(pairs(source) | pairs(targets))
            kept = Counter(row[0] for row in rows_of(targets))
            assert set(kept) <= {row[0] for row in rows_of(source)}
            if task == "xnli":
                assert set(kept.values()) == {6}
            else:
                # Different English pairs that translators made equal.
                assert set(summary["dropped"]) == {"not translated (NS)", "also in the test set"}
                assert sum(summary["dropped"]["also in the test set"].values()) == 29
            write_table(tmp_path / "a.parquet", targets, summary)
            write_table(tmp_path / "b.parquet", targets, summary)
            assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
