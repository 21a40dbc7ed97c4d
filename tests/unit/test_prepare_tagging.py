# SPDX-License-Identifier: Apache-2.0
"""From raw files to tables of tagged sentences: treebanks, carried tags, links, what is dropped."""

import random
from pathlib import Path

import pytest

from conftest import REALDATA
from xling.config.study import SplitSizes
from xling.data import prepare_tagging
from xling.data.manifest import Manifest, RawFile, sha256_of
from xling.data.prepare import prepare
from xling.data.tag_projection import carry_classes, carry_entities
from xling.errors import DataError, UsageError

SIZES = SplitSizes(train=3, dev=2, test=2)
FORMS = {"udpos": "tagged-tsv", "panx": "wikiann"}
TSV = REALDATA / "udpos" / "xtreme_tsv"


class Raw:
    """Raw files of one task."""

    def __init__(self, folder: Path, task: str) -> None:
        self.folder, self.task, self.files = folder, task, []
        self.threads = 1

    def add(self, name, form, role, split, language, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.files = [file for file in self.files if file.path != name]
        self.files.append(raw_file(path, form, role, split, language, name))

    def tagged(self, split, language, *sentences):
        """Add a file of sentences like ``Ann/B-PER sleeps/O``."""
        form = FORMS[self.task]
        prefix = f"{language}:" if form == "wikiann" else ""
        text = "\n".join(
            "".join(prefix + word.replace("/", "\t") + "\n" for word in sentence.split(" "))
            for sentence in sentences
        )
        self.add(f"{split}-{language}.tsv", form, "labelled", split, language, text)

    def translations(self, role, language, *lines):
        split = role.removeprefix("translate_")
        text = "".join(line.replace("|", "\t") + "\n" for line in lines)
        self.add(f"{role}.{language}.txt", "xtune-alignment", role, split, language, text)

    def prepare(self, split, languages, sizes=SIZES, **how):
        manifest = Manifest(task=self.task, origin="made up", translations="", files=self.files)
        how |= {"threads": self.threads}
        return prepare(self.task, split, languages, manifest, self.folder, sizes, **how)

    def refused(self, *args, **kwargs) -> DataError:
        with pytest.raises(DataError) as caught:
            self.prepare(*args, **kwargs)
        return caught.value


def raw_file(path, form, role, split, language, name=None) -> RawFile:
    return RawFile(
        path=name or str(path),
        format=form,
        role=role,
        split=split,
        language=language,
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
    )


def texts(table) -> list[tuple[str, str]]:
    """Sentences as language and ``word/tag …``."""
    rows = zip(*(table[name].to_pylist() for name in ("language", "tokens", "tags")), strict=True)
    return [
        (language, " ".join(f"{word}/{tag}" for word, tag in zip(tokens, tags, strict=True)))
        for language, tokens, tags in rows
    ]


ENGLISH = ("New/B-LOC York/I-LOC sleeps/O", "Ann/B-PER sees/O Bob/B-PER", "it/O rains/O")
GERMAN = ("Bert/B-PER schläft/O heute/O", "in/O Bonn/B-LOC")


@pytest.fixture
def panx(tmp_path) -> Raw:
    raw = Raw(tmp_path, "panx")
    raw.tagged("train", "en", *ENGLISH)
    raw.tagged("dev", "en", "Carl/B-PER eats/O", "no/O entity/O")
    raw.tagged("test", "en", "Dora/B-PER eats/O", "in/O Rome/B-LOC")
    raw.tagged("test", "de", *GERMAN)
    raw.translations(
        "translate_train",
        "de",
        "New York sleeps|de|heute schläft Neu York|0/2 1/3 2/1",
        "Ann sees Bob|de|Bob sieht die Ann|0/3 1/1 2/0",
        "it rains|de|es regnet|0/0 1/1",
    )
    raw.translations(
        "translate_test",
        "de",
        "in Bonn|en|in Bonn , Germany|0/0 1/1 1/3",
        "Bert schläft heute|en|today Bert is asleep|2/0 0/1 1/3 1/2",
    )
    return raw


# --- the benchmark's own splits ----------------------------------------------------------------


def test_splits_keep_the_order_of_languages_and_sentences(panx):
    table, summary = panx.prepare("test", ["de", "en"])
    assert table["id"].to_pylist() == ["test-000001", "test-000002"] * 2
    assert texts(table) == [
        ("de", GERMAN[0]),
        ("de", GERMAN[1]),
        ("en", "Dora/B-PER eats/O"),
        ("en", "in/O Rome/B-LOC"),
    ]
    assert table["links"].to_pylist() == [None] * 4
    assert summary["rows"] == {"de": 2, "en": 2}
    assert summary["labels"]["de"] == {"B-PER": 1, "O": 3, "B-LOC": 1}
    assert (summary["dropped"], summary["notes"]) == ({}, [])
    assert [source["path"] for source in summary["sources"]] == ["test-de.tsv", "test-en.tsv"]


def test_train_and_dev(panx):
    assert texts(panx.prepare("train", ["en"])[0]) == [("en", text) for text in ENGLISH]
    assert texts(panx.prepare("dev", ["en"])[0])[1] == ("en", "no/O entity/O")


def test_rows_are_counted(panx):
    panx.tagged("test", "de", *GERMAN, "mehr/O")
    error = panx.refused("test", ["de"])
    assert "panx test de has 3 rows" in error.what
    assert error.allowed == "2 rows"


def test_one_tag_everywhere_is_a_placeholder(panx):
    panx.tagged("test", "de", "Bert/O schläft/O", "in/O Bonn/O")
    error = panx.refused("test", ["de"])
    assert "4 of 4 words have the tag 'O'" in error.what
    assert "issues 24 and 29" in error.fix


def test_words_with_a_blank_inside_are_counted(panx):
    panx.tagged("test", "de", "Bert\u00a0B./B-PER a\u2009b/O c/O", "in/O Bonn/B-LOC")
    table, summary = panx.prepare("test", ["de"])
    assert table["tokens"].to_pylist()[0] == ["Bert\u00a0B.", "a\u2009b", "c"]
    assert summary["notes"] == [f"{prepare_tagging.BLANK_INSIDE}: de 2"]


def conllu(*sentences: str) -> str:
    """Sentences like ``a/X b/X``; the first word is the root."""
    blocks = []
    for sentence in sentences:
        words = [word.split("/") for word in sentence.split(" ")]
        blocks.append(
            "".join(
                f"{i}\t{form}\t_\t{tag}\t_\t_\t{int(i > 1)}\t_\t_\t_\n"
                for i, (form, tag) in enumerate(words, start=1)
            )
        )
    return "\n".join(blocks)


@pytest.fixture
def treebanks(tmp_path) -> Raw:
    raw = Raw(tmp_path, "udpos")
    for folder, name, text in (
        ("UD_B-Late", "de_late", conllu("c/X d/NOUN")),
        ("UD_Z-Early", "de_early", conllu("a/X", "b/VERB")),
        ("UD_A-Empty", "de_none", conllu("_/X _/NOUN")),
    ):
        path = f"{folder}/{name}-ud-test.conllu"
        raw.add(path, "ud-conllu", "labelled", "test", "de", text)
    return raw


def test_treebanks_follow_each_other_by_file_name_and_are_numbered_through(treebanks):
    table, summary = treebanks.prepare("test", ["de"], SplitSizes(train=0, dev=0, test=3))
    assert texts(table) == [("de", "a/X"), ("de", "b/VERB"), ("de", "c/X d/NOUN")]
    assert table["id"].to_pylist() == ["test-000001", "test-000002", "test-000003"]
    assert summary["dropped"] == {"no word forms": {"de": 1}}
    assert len(summary["sources"]) == 3


def test_reading_ahead_in_processes_changes_nothing(treebanks, monkeypatch):
    sizes = SplitSizes(train=0, dev=0, test=3)
    alone = treebanks.prepare("test", ["de"], sizes)
    monkeypatch.setattr(prepare_tagging, "_PARALLEL_FROM", 0)
    treebanks.threads = 2
    together = treebanks.prepare("test", ["de"], sizes)
    assert prepare_tagging._read_ahead.cache_info().currsize
    assert together[0].equals(alone[0])
    assert together[1] == alone[1]


def test_a_damaged_treebank_is_named_from_another_process(treebanks, monkeypatch):
    treebanks.add("x.conllu", "ud-conllu", "labelled", "test", "de", "1\ta\n")
    monkeypatch.setattr(prepare_tagging, "_PARALLEL_FROM", 0)
    treebanks.threads = 2
    error = treebanks.refused("test", ["de"])
    assert error.where == f"{treebanks.folder / 'x.conllu'}, line 1"
    assert "2 columns instead of 10" in error.what


def test_two_files_that_are_no_treebanks_are_refused(panx):
    panx.add("more.tsv", "wikiann", "labelled", "test", "de", "de:a\tO\n")
    assert "names 2 files" in panx.refused("test", ["de"]).what
    assert "names 0 files" in panx.refused("test", ["es"]).what


def test_treebanks_without_any_text_are_refused(treebanks):
    treebanks.files = [file for file in treebanks.files if "none" in file.path]
    error = treebanks.refused("test", ["de"], SplitSizes(train=0, dev=0, test=1))
    assert "0 rows" in error.what


# --- other training and test sets --------------------------------------------------------------


def test_a_home_made_training_set_shares_no_sentence_with_the_test_set(panx):
    dev = [f"word{i}/O Ann/B-PER" for i in range(40)]
    panx.tagged("dev", "en", *dev, "Dora/B-PER eats/O")
    sizes = SplitSizes(train=3, dev=41, test=2)
    table, summary = panx.prepare("train", ["en"], sizes, train_split="dev")
    assert texts(table) == [("en", text) for text in dev]
    assert summary["dropped"] == {"also in the test set": {"en": 1}}


def test_one_split_cannot_be_trained_on_and_tested(panx):
    with pytest.raises(UsageError, match="the same split"):
        panx.prepare("train", ["en"], train_split="test")


# --- translations of the training set ----------------------------------------------------------


def test_translated_training_sentences_carry_the_tags(panx):
    table, summary = panx.prepare("translate_train", ["de"])
    assert texts(table) == [
        ("de", "heute/O schläft/O Neu/B-LOC York/I-LOC"),
        ("de", "Bob/B-PER sieht/O die/O Ann/B-PER"),
        ("de", "es/O regnet/O"),
    ]
    assert table["links"].to_pylist() == [None] * 3
    assert table["id"].to_pylist() == [f"train-{i:06d}" for i in (1, 2, 3)]
    assert summary["notes"] == [f"{prepare_tagging.UNALIGNED.format('tagged O')}: de 2"]


def test_a_file_of_all_languages_gives_the_same(panx, tmp_path):
    alone, _ = panx.prepare("translate_train", ["de"])
    german = (tmp_path / "translate_train.de.txt").read_text(encoding="utf-8").splitlines()
    panx.files = [file for file in panx.files if file.role != "translate_train"]
    both = [line.replace("\t", "|") for line in german]
    both += [line.replace("|de|", "|es|") for line in both]
    random.Random(0).shuffle(both)
    panx.translations("translate_train", "all", *both)
    table, summary = panx.prepare("translate_train", ["es", "de"])
    assert table.slice(3).equals(alone)
    assert texts(table)[0] == ("es", "heute/O schläft/O Neu/B-LOC York/I-LOC")
    assert summary["notes"] == [f"{prepare_tagging.UNALIGNED.format('tagged O')}: es 2, de 2"]
    # The file of one language wins over the file of all.
    panx.translations("translate_train", "de", *(line.replace("\t", "|") for line in german))
    assert panx.prepare("translate_train", ["de"])[0].equals(alone)


def test_artificial_translations_must_be_whole(panx):
    lines = ["New York sleeps|de|Neu York|0/0", "Ann sees Bob|de|Bob|2/0", "it rains|de|es|0/0"]
    for bad, what in (
        ([*lines, "who|de|wer|0/0"], "1 of 4 rows: not in the source"),
        ([*lines[:2], "it rains|de|es|"], "1 of 3 rows: translation without alignment"),
        (lines[:2], "1 of 3 rows: no translation"),
        ([*lines, "it rains|de|es|0/7"], "1 of 4 rows: malformed"),
    ):
        panx.translations("translate_train", "de", *bad)
        assert what in panx.refused("translate_train", ["de"]).what


def test_published_translations_may_lack_one_in_a_hundred(panx, monkeypatch):
    # Sizes of None mean published data; the real sizes are far larger than these files.
    monkeypatch.setattr(prepare_tagging.Job, "check_rows", lambda *args: None)
    count = 400
    panx.tagged("train", "en", *(f"w{i}/O Ann/B-PER" for i in range(count)))
    lines = [f"w{i} Ann|de|v{i} Ann|0/0 1/1" for i in range(count)]
    lines[7] = "w7 Ann|de|v7 Ann"
    lines[8] = "w8 Ann|de|v8 Ann|9/9"
    lines[9] = "unknown|de|v9 Ann|0/0"
    panx.translations("translate_train", "de", *lines)
    table, summary = panx.prepare("translate_train", ["de"], None)
    assert len(table) == count - 3
    assert summary["dropped"] == {
        "translation without alignment": {"de": 1},
        "translation file: malformed alignment": {"de": 1},
        "no translation": {"de": 2},
        "translation file: translates another text": {"de": 1},
    }
    for i in range(20, 26):
        lines[i] = f"w{i} Ann|de|v{i} Ann"
    panx.translations("translate_train", "de", *lines)
    error = panx.refused("translate_train", ["de"], None)
    assert "7 of 398 rows: translation without alignment" in error.what
    assert error.allowed == "at most 1% of the rows"


def test_sentences_are_found_by_their_words_and_the_order_of_the_file_is_nothing(panx):
    panx.tagged("train", "en", "a/B-PER b/O", "a/O b/B-LOC", "c/O c/O")
    lines = ["c c|de|z|0/0", "a b|de|y x|0/1 1/0", "a b|de|x y|0/0 1/1"]
    for order in (lines, lines[::-1]):
        panx.translations("translate_train", "de", *order)
        assert texts(panx.prepare("translate_train", ["de"])[0]) == [
            ("de", "x/B-PER y/O"),
            ("de", "x/O y/B-LOC"),
            ("de", "z/O"),
        ]


@pytest.mark.parametrize(
    ("tags", "pairs", "words", "expected"),
    [
        ("B-PER I-PER O", "0/0 1/1 2/2", 3, "B-PER I-PER O"),
        ("B-PER I-PER O", "0/2 1/1 2/0", 3, "O B-PER I-PER"),  # turned round: still one run
        ("B-PER I-PER O", "0/0 1/2 2/1", 3, "B-PER O B-PER"),  # torn apart: two
        ("B-PER I-PER O", "0/0 1/2", 3, "B-PER O B-PER"),  # an unaligned word tears too
        ("B-PER B-PER O", "0/0 1/1 2/2", 3, "B-PER B-PER O"),  # neighbours stay two
        ("B-PER O O", "0/0 0/1 0/2", 3, "B-PER I-PER I-PER"),  # one word becomes three
        ("O B-LOC O", "0/0 1/0 2/0", 1, "B-LOC"),  # the Hague -> Haag
        ("B-LOC B-PER O", "0/0 1/0", 1, "B-LOC"),  # the first entity
        ("O I-ORG I-ORG I-PER", "1/0 2/1 3/2", 3, "B-ORG I-ORG B-PER"),  # I- may begin
        ("I-ORG B-ORG I-ORG O", "0/0 1/1 2/2 3/3", 4, "B-ORG B-ORG I-ORG O"),
    ],
)
def test_entities_on_the_other_side(tags, pairs, words, expected):
    found = carry_entities(tags.split(), numbers(pairs), words)
    assert " ".join(found.tags) == expected


@pytest.mark.parametrize(
    ("tags", "pairs", "words", "expected", "unaligned"),
    [
        ("DET NOUN VERB", "0/0 1/1 2/2", 3, "DET NOUN VERB", 0),
        ("DET NOUN VERB", "0/0 1/0 2/1", 2, "NOUN VERB", 0),  # the house -> huset
        ("PUNCT SYM", "0/0 1/0", 1, "PUNCT", 0),  # SYM is in no list
        ("NOUN", "0/1", 3, "- NOUN -", 2),
        ("NOUN VERB", "0/0 0/1", 2, "NOUN NOUN", 0),
    ],
)
def test_parts_of_speech_on_the_other_side(tags, pairs, words, expected, unaligned):
    assert carry_classes(tags.split(), numbers(pairs), words) == (
        tuple(tag.strip("-") for tag in expected.split()),
        unaligned,
    )


def numbers(pairs: str) -> list[tuple[int, int]]:
    return [(int(pair.split("/")[0]), int(pair.split("/")[1])) for pair in pairs.split()]


# --- translations of the test set --------------------------------------------------------------


def test_tested_words_are_linked_to_their_translation(panx):
    table, summary = panx.prepare("translate_test", ["de", "en"])
    rows = table.to_pylist()
    assert rows[0] == {
        "id": "test-000001",
        "language": "de",
        "tokens": ["today", "Bert", "is", "asleep"],
        "tags": ["B-PER", "O", "O"],
        "links": [1, 2, 0],
    }
    # A word with two translations takes the first of them.
    assert rows[1]["tokens"] == ["in", "Bonn", ",", "Germany"]
    assert (rows[1]["tags"], rows[1]["links"]) == (["O", "B-LOC"], [0, 1])
    # English needs no translation.
    assert rows[2]["links"] is None
    assert rows[2]["tokens"] == ["Dora", "eats"]
    assert summary["notes"] == []


def test_a_test_sentence_without_alignment_stays(panx):
    panx.translations(
        "translate_test", "de", "in Bonn|en|Bonn|1/0", "Bert schläft heute|en|Bert sleeps|"
    )
    table, summary = panx.prepare("translate_test", ["de"])
    assert table["links"].to_pylist() == [[-1, -1, -1], [-1, 0]]
    assert summary["notes"] == [f"{prepare_tagging.UNLINKED}: de 4"]


# --- real files --------------------------------------------------------------------------------


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.is_dir(), reason="no real data")
def test_real_files_pass_every_check(tmp_path):
    files = [
        raw_file(path, "tagged-tsv", "labelled", *path.stem.split("-"))
        for path in sorted(TSV.glob("test-*.tsv"))
    ]
    manifest = Manifest(task="udpos", origin="release", translations="", files=files)
    table, summary = prepare("udpos", "test", ["zh", "en", "hi"], manifest, tmp_path, None)
    assert summary["rows"] == {"zh": 3455, "en": 5440, "hi": 2684}
    assert sum(summary["labels"]["en"].values()) == 84_970
    assert len(
        set(zip(*(table[name].to_pylist() for name in ("language", "id")), strict=True))
    ) == (3455 + 5440 + 2684)
