# SPDX-License-Identifier: Apache-2.0
"""Readers of parallel corpora: replicas in the real archive layouts, and their traps."""

import gzip
import io
import tarfile
import zipfile
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import REALDATA
from xling.config.loader import repository_root
from xling.data.archives import unpack
from xling.data.registry import artefacts
from xling.distill.data import corpora, parquet_pairs, tables, tatoeba, xnli
from xling.distill.data.corpus import MIXED
from xling.errors import DataError, UsageError


def content(value):
    return value if isinstance(value, bytes) else value.encode("utf-8")


def downloaded(data, key, name, members):
    """Pack members (or one text) under a published name, unpack into ``data/key`` as downloads."""
    packed = data.parent / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(packed, "w") as stream:
            for member, value in members.items():
                stream.writestr(member, content(value))
    elif ".tar." in name:
        with tarfile.open(packed, f"w:{name.rpartition('.')[2]}") as stream:
            for member, value in members.items():
                info = tarfile.TarInfo(member)
                info.size = len(content(value))
                stream.addfile(info, io.BytesIO(content(value)))
    else:
        packed.write_bytes(gzip.compress(content(members)))
    target = data / key
    target.mkdir(parents=True)
    unpack(packed, name, target)
    return target


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def read(corpus, pairs=None):
    """Return numbers, sources and targets, and what the reader left out."""
    dropped = Counter()
    found = [(p.number, p.source, p.target) for p in (pairs or corpus.pairs)(dropped)]
    return found, dict(dropped)


# OPUS


def moses_zip(data, corpus, pair, **sides):
    members = {f"{corpus}.{pair}.{code}": text for code, text in sides.items()}
    members |= {"README": "see OPUS\n", "LICENSE": "", f"{corpus}.{pair}.xml": "<cesAlign/>\n"}
    return downloaded(data, f"opus-{corpus.lower()}-{pair}", f"{pair}.txt.zip", members)


def test_opus_pairs_are_alphabetical_and_english_comes_first(data):
    moses_zip(data, "Europarl", "de-en", de="eins\r\nzwei\u2028b\n", en="one\r\ntwo\n")
    moses_zip(data, "Europarl", "en-nl", en="one\n", nl="een\n")
    de, nl = corpora.corpora_of("Europarl", ["de", "nl"], data)
    assert read(de) == ([(1, "one", "eins"), (2, "two", "zwei\u2028b")], {})
    assert read(nl)[0] == [(1, "one", "een")]
    assert read(de) == read(de), "a corpus can be read again"
    assert {path.name for path in de.files} == {"Europarl.de-en.de", "Europarl.de-en.en"}


def test_opus_codes_differ_by_corpus(data):
    assert corpora.keys_of("GlobalVoices", ["zh-cn", "de"]) == [
        "opus-globalvoices-en-zhs",
        "opus-globalvoices-de-en",
    ]
    assert corpora.keys_of("OpenSubtitles", ["zh-cn"]) == ["opus-opensubtitles-en-zh_cn"]
    moses_zip(data, "GlobalVoices", "en-zhs", en="one\n", zhs="一\n")
    (zh,) = corpora.corpora_of("GlobalVoices", ["zh-cn"], data)
    assert (zh.language, read(zh)[0]) == ("zh-cn", [(1, "one", "一")])


def test_opus_damage_is_named(data):
    moses_zip(data, "UNPC", "en-fr", en="one\ntwo\n", fr="un\n")
    (fr,) = corpora.corpora_of("UNPC", ["fr"], data)
    with pytest.raises(DataError, match="2 and 1 lines"):
        read(fr)
    moses_zip(data, "UNPC", "en-ru", en="one\n")
    with pytest.raises(DataError, match="0 files of UNPC en-ru"):
        corpora.corpora_of("UNPC", ["ru"], data)


# TED2020


TED = (
    "talkid\tde\ten\tar\n"
    '1\t"Hallo" Welt.\t"Hello world\tمرحبا\n'
    "1\t\tNo German.\tب\n"
    "2\tKein Englisch.\t \tج\n"
    "2\tZwei. Sätze.\tTwo. Sentences.\t\n"
)


def test_ted_columns_go_by_name_and_empty_cells_are_counted(data):
    downloaded(data, "ted2020", "ted2020.tsv.gz", TED)
    de, ar = corpora.corpora_of("TED2020", ["de", "ar"], data)
    assert read(de) == (
        [(1, '"Hello world', '"Hallo" Welt.'), (4, "Two. Sentences.", "Zwei. Sätze.")],
        {"no_translation": 2},
    )
    assert read(ar) == ([(1, '"Hello world', "مرحبا"), (2, "No German.", "ب")],
                        {"no_translation": 2})  # fmt: skip


def test_ted_damage_and_unknown_languages_are_named(data):
    folder = downloaded(data, "ted2020", "ted2020.tsv.gz", TED + "3\tde\ten\n")
    with pytest.raises(DataError, match="3 fields instead of 4") as error:
        read(corpora.corpora_of("TED2020", ["de"], data)[0])
    assert error.value.where.endswith("line 6")
    with pytest.raises(UsageError, match="'fr'"):
        corpora.corpora_of("TED2020", ["fr"], data)
    (folder / "ted2020.tsv").write_text("talk_name\ten\tde\n")
    with pytest.raises(DataError, match="lacks the column talkid"):
        corpora.corpora_of("TED2020", ["de"], data)


# WikiMatrix


def test_wikimatrix_takes_good_margins_and_finds_english_by_the_name(data):
    rows = "1.2\tA b\tA x\n1.075\tC\tD\n1.0749\tE\tF\n1.3\tsame\tsame \nnan\tG\tH\n"
    for pair in ("de-en", "en-tr"):
        downloaded(data, f"wikimatrix-{pair}", f"WikiMatrix.{pair}.tsv.gz", rows)
    de, tr = corpora.corpora_of("WikiMatrix", ["de", "tr"], data)
    assert read(de) == ([(1, "A x", "A b"), (2, "D", "C")], {"below_margin": 2, "identical": 1})
    assert read(tr)[0] == [(1, "A b", "A x"), (2, "C", "D")]
    lower = tables.wikimatrix(data / "wikimatrix-en-tr", "tr", margin=1.05)
    assert [number for number, *_ in read(lower)[0]] == [1, 2, 3]


@pytest.mark.parametrize("row", ["1.2\tonly one", "first\tA\tB", "1.2\tA\tB\tC"])
def test_wikimatrix_damage_is_named(data, row):
    downloaded(data, "wikimatrix-en-tr", "WikiMatrix.en-tr.tsv.gz", f"1.3\tA\tB\n{row}\n")
    with pytest.raises(DataError, match="no score and two sentences") as error:
        read(corpora.corpora_of("WikiMatrix", ["tr"], data)[0])
    assert error.value.where.endswith("line 2")


# Tatoeba


SENTENCES = (
    "1\teng\tGo.\n2\tdeu\tGeh.\n3\tdeu\tGehen Sie.\n4\tfra\tVa.\n5\teng\tStay.\n"
    "6\tdeu\tBleib\tda.\n7\t\\N\t?\n9\teng\tAlone.\n"
)
LINKS = "1\t2\n2\t1\n3\t1\n1\t3\n1\t4\n4\t1\n5\t6\n6\t5\n2\t3\n5\t99\n1\t2\n"


def tatoeba_export(data, sentences=SENTENCES, links=LINKS):
    for name, text in (("sentences", sentences), ("links", links)):
        downloaded(data, f"tatoeba-{name}", f"{name}.tar.bz2", {f"{name}.csv": text})


def test_tatoeba_groups_translations_and_takes_each_link_once(data):
    tatoeba_export(data)
    de, fr = corpora.corpora_of("Tatoeba", ["de", "fra"], data)
    assert read(de)[0] == [(1, "Go.", "Geh."), (1, "Go.", "Gehen Sie."), (5, "Stay.", "Bleib\tda.")]
    assert read(fr)[0] == [(1, "Go.", "Va.")]
    assert tatoeba.CODES["zh"] == "cmn"


def test_tatoeba_damage_is_named(data):
    tatoeba_export(data, links="1\t2\n1 3\n")
    with pytest.raises(DataError, match="no two numbers"):
        read(corpora.corpora_of("Tatoeba", ["de"], data)[0])
    with pytest.raises(DataError, match="'tgl'"):
        read(corpora.corpora_of("Tatoeba", ["tl"], data)[0])


# Dictionaries, files of the authors


def test_dictionaries_are_separated_by_tabs_or_blanks_and_may_mix_languages(data):
    (data / "muse-en-de").mkdir()
    (data / "muse-en-de" / "en-de.txt").write_text("the der\nthe\tdie\nhouse  haus\n")
    (de,) = corpora.corpora_of("MUSE", ["de"], data)
    assert read(de)[0] == [(1, "the", "der"), (2, "the", "die"), (3, "house", "haus")]
    downloaded(data, "muse-all", "MUSE-all-train.tsv.gz", "dog\tHund\tchien\tperro\ncat\tKatze\n")
    (mixed,) = corpora.corpora_of("MUSE-all", [MIXED], data)
    assert mixed.language == "mul"
    assert read(mixed)[0] == [(1, "dog", "Hund"), (1, "dog", "chien"), (1, "dog", "perro"),
                              (2, "cat", "Katze")]  # fmt: skip
    (data / "muse-en-de" / "en-de.txt").write_text("alone\n")
    with pytest.raises(DataError, match="one word"):
        read(corpora.corpora_of("MUSE", ["de"], data)[0])


def test_files_of_pairs_have_english_first_or_where_it_is_said(tmp_path):
    train, dev = tmp_path / "Talks-en-de-train.tsv.gz", tmp_path / "Talks-en-de-dev.tsv.gz"
    train.write_bytes(gzip.compress(b"one\teins\n"))
    dev.write_bytes(gzip.compress(b"two\tzwei\n"))
    talks = tables.translations(train, "Talks", "de", dev=dev)
    assert read(talks)[0] == [(1, "one", "eins")]
    assert read(talks, talks.dev)[0] == [(1, "two", "zwei")]
    titles = tables.translations(train, "WikiTitles", "de", english=1)
    assert read(titles)[0] == [(1, "eins", "one")]
    train.write_bytes(gzip.compress(b"one\n"))
    with pytest.raises(DataError, match="one field"):
        read(talks)
    train.write_bytes(gzip.compress(b"one\teins\n")[:-6])
    with pytest.raises(DataError, match="cannot be read"):
        read(talks)


# Parquet


def write_part(folder, name, rows, columns=("english", "non_english")):
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True))), folder / name
    )


def test_parquet_parts_are_chained_and_the_development_part_is_found(data):
    train, dev = data / "parallel-talks-en-de-train", data / "parallel-talks-en-de-dev"
    write_part(train, "train-00001-of-00002.parquet", [("three", "drei")])
    write_part(train, "train-00000-of-00002.parquet", [("one", "eins"), ("two", None)])
    write_part(dev, "dev-00000-of-00001.parquet", [("four", "vier")])
    (de,) = corpora.corpora_of("talks", ["de"], data)
    assert read(de)[0] == [(1, "one", "eins"), (2, "two", ""), (3, "three", "drei")]
    assert read(de, de.dev)[0] == [(1, "four", "vier")]
    (train / "train-00000-of-00002.parquet").unlink()
    with pytest.raises(DataError, match="parts of train are missing"):
        corpora.corpora_of("talks", ["de"], data)


def test_parquet_damage_is_named(data):
    folder = data / "parallel-wikititles-all-train"
    with pytest.raises(DataError, match="no training part"):
        corpora.corpora_of("wikititles", [MIXED], data)
    write_part(folder, "train-00000-of-00001.parquet", [("a", "b")], ("english", "german"))
    with pytest.raises(DataError, match="lacks the column non_english"):
        read(corpora.corpora_of("wikititles", [MIXED], data)[0])
    (folder / "train-00000-of-00001.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="cannot be read"):
        read(parquet_pairs.corpus([folder], "wikititles", MIXED))


# XNLI


def xnli_folder(tmp_path):
    files = {
        "dev-en": 'P one.\tH a.\tneutral\r\nP one.\tIn test.\tneutral\r\n"P ""two"""\tH b.\tx\r\n',
        "dev-de": "P eins.\tH A.\tneutral\nP eins.\tIm Test.\tneutral\nP zwei\tAuch im Test.\tx\n",
        "test-en": "In test.\tOther.\n",
        "test-de": "Auch im Test.\tAndere.\n",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.tsv").write_bytes(text.encode())
    return tmp_path


def test_xnli_keeps_test_sentences_out_and_groups_by_premise(tmp_path):
    (de,) = xnli.corpora(xnli_folder(tmp_path), ["de"])
    found, dropped = read(de)
    assert found == [(1, "P one.", "P eins."), (2, "H a.", "H A."), (3, "P one.", "P eins."),
                     (5, 'P "two"', "P zwei")]  # fmt: skip
    assert dropped == {"in_test_split": 2}
    groups = [pair.group for pair in de.pairs(Counter())]
    assert groups == ["P one."] * 3 + ['P "two"']
    (tmp_path / "dev-de.tsv").write_text("P\tH\tneutral\n")
    with pytest.raises(DataError, match="6 English sentences and 2"):
        read(de)


@pytest.mark.realdata
@pytest.mark.skipif(not (REALDATA / "xnli").is_dir(), reason="no real data")
def test_real_xnli_is_parallel_in_seven_languages():
    languages = ["ar", "de", "es", "hi", "sw", "zh"]
    test = set((REALDATA / "xnli" / "test-en.tsv").read_text(encoding="utf-8").split("\t"))
    for corpus in xnli.corpora(REALDATA / "xnli", languages):
        found, dropped = read(corpus)
        assert len(found) + dropped.get("in_test_split", 0) == 4980
        assert len(found) > 4900
        assert not {source for _, source, _ in found} & test


# Registry


def test_every_corpus_has_its_downloads_in_the_registry():
    registered = artefacts(repository_root() / "config" / "datasets.csv")
    languages = {
        "Europarl": ["de", "nl"],
        "GlobalVoices": ["ar", "zh-cn"],
        "OpenSubtitles": ["zh-cn"],
        "UNPC": ["zh"],
        "News-Commentary": ["cs"],
        "JW300": ["ka", "sw", "tl", "tt"],
        "wikititles": [MIXED],
        "MUSE-all": [MIXED],
        "europarl": ["de"],
        "global-voices": ["ar"],
    }
    wanted = {
        key
        for name in corpora.SOURCES
        for key in corpora.keys_of(name, languages.get(name, ["ar", "de"]))
    }
    assert wanted <= set(registered)
    talks = [one for one in registered.values() if one.dataset == "parallel-talks"]
    assert len(talks) == 2 * 52
    assert {"sts2017-extended", "stsbenchmark"} <= set(registered)
    with pytest.raises(UsageError, match="TED202"):
        corpora.keys_of("TED202", ["de"])
