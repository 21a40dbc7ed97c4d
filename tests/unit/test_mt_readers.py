# SPDX-License-Identifier: Apache-2.0
"""Readers of TED, OPUS-100, WMT and XNLI: replicas in the real archive layouts, and all traps."""

import gzip
import io
import tarfile

import pytest

from conftest import REALDATA
from xling.data.archives import unpack
from xling.errors import DataError, SetupError, UsageError
from xling.mt.data import benchmarks, opus100, ted, wmt, xnli_parallel
from xling.mt.data.bitext import with_english
from xling.mt.data.filters import Filter, Rules, pairs_of
from xling.mt.data.wmt_formats import sgml, tmx, tsv
from xling.mt.data.wmt_sources import RECIPES, LanguageSources

NO = frozenset()


def texts(corpus, rules=None):
    return [(line.first, line.second) for line in Filter(corpus, rules or Rules(), NO).kept()]


def archive(folder, name, members):
    """Write an archive with the given members, unpack it as a download is, return the folder."""
    path = folder / name
    with tarfile.open(path, "w" if name.endswith(".tar") else "w:gz") as stream:
        for member, content in members.items():
            content = content if isinstance(content, bytes) else content.encode("utf-8")
            info = tarfile.TarInfo(member)
            info.size = len(content)
            stream.addfile(info, io.BytesIO(content))
    target = folder / name.partition(".")[0]
    target.mkdir()
    unpack(path, name, target)
    return target


# TED


TED_HEADER = ["en", "az", "pt", "talk_name", "pt-br", "be", "tr", "bs", "mr"]
TED_ROWS = [
    ["Hello , world .", "salam .", "olá PT", "t1", "olá BR", "__NULL__", "merhaba", "bok", ""],
    ['He said &quot; hi &quot; .', "_ _ NULL _ _", "b", "t1", '"', "b", "b", "b", "b"],
    ["__NULL__", "yalnız .", "c", "t2", "c", "c", "c", "c", "c"],
    ["one\u2028two .", "bir \" iki", "d", "t2", "d", "d", "d", "d", "d"],
]  # fmt: skip


def ted_folder(tmp_path, rows=TED_ROWS):
    text = "\n".join("\t".join(row) for row in [TED_HEADER, *rows]) + "\n"
    names = [f"all_talks_{split}.tsv" for split in ("train", "dev", "test")]
    return archive(tmp_path, "ted_talks.tar.gz", dict.fromkeys(names, text))


def test_ted_columns_go_by_name_and_placeholders_are_dropped_per_pair(tmp_path):
    folder = ted_folder(tmp_path)
    languages = ["aze", "por", "pt", "bel", "mar"]
    found = ted.corpora(folder, languages, "train", "tokenised")
    assert [corpus.pair.language for corpus in found] == languages
    aze, por, european, bel, mar = found
    assert texts(aze) == [("Hello , world .", "salam ."), ("one two .", 'bir " iki')]
    assert texts(por)[:2] == [
        ("Hello , world .", "olá BR"),
        ("He said &quot; hi &quot; .", '"'),
    ]
    assert texts(european)[0][1] == "olá PT"
    for corpus, dropped in ((aze, {"null": 2}), (bel, {"null": 2}), (mar, {"null": 1, "empty": 1})):
        lines = Filter(corpus, Rules(), NO)
        assert [line.number for line in lines.kept()] != []
        assert lines.dropped == dropped
        assert lines.repaired == {"separator_inside": 1}


def test_ted_text_is_detokenised_by_default(tmp_path):
    pytest.importorskip("sacremoses")
    (aze,) = ted.corpora(ted_folder(tmp_path), ["aze"], "test")
    assert texts(aze) == [("Hello, world.", "salam."), ("one two.", 'bir "iki')]
    (por,) = ted.corpora(tmp_path / "ted_talks", ["por"], "test")
    assert texts(por)[1] == ('He said "hi".', '"')


def test_ted_without_the_detokeniser_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sacremoses", None)
    with pytest.raises(SetupError, match="sacremoses"):
        ted.corpora(ted_folder(tmp_path), ["aze"], "dev")


def test_ted_damage_is_named(tmp_path):
    folder = ted_folder(tmp_path, [TED_ROWS[0], TED_ROWS[1][:5]])
    (aze,) = ted.corpora(folder, ["aze"], "dev", "tokenised")
    with pytest.raises(DataError, match="5 fields instead of 9") as error:
        texts(aze)
    assert error.value.where.endswith("all_talks_dev.tsv, line 3")
    with pytest.raises(UsageError, match="'kor'"):
        ted.corpora(folder, ["kor"], "dev", "tokenised")
    (folder / "all_talks_dev.tsv").write_text("en\taz\n")
    with pytest.raises(DataError, match="lacks the column talk_name"):
        ted.corpora(folder, ["aze"], "dev", "tokenised")
    with pytest.raises(DataError, match="cannot be read"):
        ted.corpora(tmp_path / "nowhere", ["aze"], "dev", "tokenised")


# OPUS-100


def opus_folder(tmp_path, pair, domain="supervised", **splits):
    members = {}
    for split, sides in splits.items():
        for code, text in zip(pair.split("-"), sides, strict=True):
            name = f"opus-100-corpus/v1.0/{domain}/{pair}/opus.{pair}-{split}.{code}"
            members[name] = text
    kind = "zeroshot" if domain == "zero-shot" else pair
    return archive(tmp_path, f"opus-100-corpus-{kind}-v1.0.tar.gz", members)


def test_opus_pairs_are_named_alphabetically_and_read_english_first(tmp_path):
    af = opus_folder(tmp_path, "af-en", train=("goeie \u2028dag  \nja\n", "good day\nyes\n"))
    (tmp_path / "opus-100-corpus-en-zh-v1.0").mkdir()
    zh = opus_folder(tmp_path / "opus-100-corpus-en-zh-v1.0", "en-zh", train=("hi\n", "你好\n"))
    one, two = opus100.corpora({"af": af, "zh": zh}, "train", expected={"af": 2})
    assert texts(one) == [("good day", "goeie  dag"), ("yes", "ja")]
    assert texts(two) == [("hi", "你好")]
    assert (one.expected, two.expected) == (2, None)


def test_opus_pairs_without_dev_and_test_are_left_out_there(tmp_path):
    yo = opus_folder(tmp_path, "en-yo", train=("a\n", "b\n"))
    assert len(opus100.corpora({"yo": yo}, "train")) == 1
    assert opus100.corpora({"yo": yo}, "dev") == []
    assert opus100.corpora({"yo": yo}, "test") == []


def test_opus_dev_may_be_shorter_than_test_but_no_side_than_the_other(tmp_path):
    # en-or has 1,317 and 1,318 lines, a separator of other programs among them.
    dev, test = "x\n" * 1_317, "x\u2029\n" * 1_318
    kn = opus_folder(tmp_path, "en-kn", dev=(dev, dev), test=(test, test), train=("a\nb\n", "a\n"))
    for split, count in (("dev", 1_317), ("test", 1_318)):
        (corpus,) = opus100.corpora({"kn": kn}, split, expected={"kn": count})
        assert len(texts(corpus)) == count
    (train,) = opus100.corpora({"kn": kn}, "train")
    with pytest.raises(DataError, match="2 and 1 lines") as error:
        texts(train)
    assert "opus.en-kn-train.en" in error.value.where


def test_opus_test_pairs_in_training_data_can_be_removed(tmp_path):
    same = ("die toets\n", "the test\n")
    both = ("die toets\nander\nander\n", "the test\nother\nother\n")
    af = opus_folder(tmp_path, "af-en", train=both, test=same)
    (train,), (test,) = (opus100.corpora({"af": af}, split) for split in ("train", "test"))
    assert len(texts(train)) == 3
    strict = Filter(train, Rules(deduplicate=True), pairs_of([test]))
    assert [line.first for line in strict.kept()] == ["other"]


def test_opus_zero_shot_pairs(tmp_path):
    folder = opus_folder(tmp_path, "ar-de", "zero-shot", test=("نعم\n", "ja\n"))
    (corpus,) = opus100.zero_shot(folder, [("de", "ar")])
    assert (corpus.pair.language, texts(corpus)) == ("ar-de", [("نعم", "ja")])
    for pair in (("de", "en"), ("de", "de")):
        with pytest.raises(UsageError):
            opus100.zero_shot(folder, [pair])


def test_opus_sizes_come_from_the_table(tmp_path):
    (corpus,) = benchmarks.corpora("opus100", tmp_path, ["or"], "dev", "m2o")
    assert corpus.expected == 1_317
    assert "opus100-en-or/opus-100-corpus/v1.0/supervised/en-or/opus.en-or-dev.en" in str(
        corpus.files[0]
    )


# WMT


TMX = """<?xml version="1.0" encoding="utf-8"?>
<tmx version="1.4"><header/><body>
<tu><tuv xml:lang="en"><seg>One &amp; <hi>two</hi>.</seg></tuv>
<tuv xml:lang="RO"><seg>Unu.</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>Alone.</seg></tuv></tu>
<tu><tuv lang="ro"><seg>Trei
patru.</seg></tuv><tuv lang="en"><seg>Three four.</seg></tuv></tu>
</body></tmx>
"""
SGM = """<refset setid="x"><doc docid="1">
<p>
<seg id="1"> {0} &amp; b </seg>
<SEG id="2">c</SEG>
</p></doc></refset>
"""


def test_wmt_ro_joins_europarl_and_setimes_and_counts_units_without_a_side(tmp_path):
    archive(
        tmp_path,
        "wmt16-europarl-v8.tgz",
        {
            f"training-parallel-ep-v8/europarl-v8.ro-en.{code}": f"{code} 1\n"
            for code in ("en", "ro")
        },
    )
    folder = tmp_path / "setimes-2-en-ro"
    folder.mkdir()
    packed = tmp_path / "en-ro.tmx.gz"
    packed.write_bytes(gzip.compress(TMX.encode()))
    unpack(packed, packed.name, folder)
    (corpus,) = wmt.corpora(tmp_path, ["ro"], "train", "m2o")
    lines = Filter(corpus, Rules(), NO)
    assert list(lines.kept()) == [
        (1, "en 1", "ro 1"),
        (2, "One & two.", "Unu."),
        (4, "Three four.", "Trei patru."),
    ]
    assert lines.dropped == {"empty": 1}


def test_wmt_test_sets_of_gujarati_depend_on_the_direction(tmp_path):
    members = {
        f"dev/newsdev2019-{pair}-{side}.{code}.sgm": SGM.format(f"{pair} {code}")
        for pair in ("guen", "engu")
        for side, code in (("src", pair[:2]), ("ref", pair[2:]))
    }
    archive(tmp_path, "wmt19-dev.tgz", members)
    for direction, pair in (("o2m", "engu"), ("m2o", "guen")):
        (corpus,) = wmt.corpora(tmp_path, ["gu"], "dev", direction)
        assert texts(corpus) == [(f"{pair} en & b", f"{pair} gu & b"), ("c", "c")]


def test_wmt_2014_has_one_set_of_files_for_both_directions(tmp_path):
    members = {
        f"test-full/newstest2014-deen-{side}.{code}.sgm": SGM.format(f"{side} {code}")
        for side in ("src", "ref")
        for code in ("en", "de")
    }
    archive(tmp_path, "wmt14-test-full.tgz", members)
    for direction, en, de in (("o2m", "src", "ref"), ("m2o", "ref", "src")):
        (corpus,) = wmt.corpora(tmp_path, ["de"], "test", direction)
        assert texts(corpus)[0] == (f"{en} en & b", f"{de} de & b")


def test_wmt_gz_members_titles_and_tsv(tmp_path, monkeypatch):
    members = {
        f"giga-fren.release2.fixed.{code}.gz": gzip.compress(f"{code}\r\n".encode())
        for code in ("en", "fr")
    }
    archive(tmp_path, "wmt10-giga-fren.tar", members)
    only = LanguageSources((RECIPES["fr"].train[-1],), RECIPES["fr"].dev, RECIPES["fr"].test)
    monkeypatch.setitem(RECIPES, "fr", only)
    (corpus,) = wmt.corpora(tmp_path, ["fr"], "train", "o2m")
    assert texts(corpus) == [("en", "fr")]
    path = tmp_path / "titles"
    path.write_text("Suomi ||| Finland\n")
    assert [tuple(line) for line in tsv(path, english=1, separator="|||")] == [
        (1, " Finland", "Suomi ")
    ]
    path.write_text("ગુજ\tGuj\nbroken\n")
    with pytest.raises(DataError, match="one field") as error:
        list(tsv(path, english=1))
    assert error.value.where.endswith("line 2")


def test_wmt_missing_and_ambiguous_files_are_named(tmp_path):
    with pytest.raises(DataError, match="'setimes-2-en-tr' is missing") as error:
        wmt.corpora(tmp_path, ["tr"], "train", "o2m")
    assert "xling fetch --dataset setimes-2-en-tr" in error.value.fix
    folder = tmp_path / "setimes-2-en-tr"
    folder.mkdir()
    for name in ("a.tmx", "b.tmx"):
        (folder / name).write_text("")
    with pytest.raises(DataError, match=r"a\.tmx, b\.tmx"):
        wmt.corpora(tmp_path, ["tr"], "train", "o2m")
    with pytest.raises(UsageError, match="'xx'"):
        wmt.artefacts_of(["xx"])


def test_damaged_tmx_and_sgml_are_refused(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    pair = with_english("ro")
    for content in ("", "<tmx><body></body></tmx>", TMX[:300]):
        one.write_text(content)
        with pytest.raises(DataError, match="TMX"):
            list(tmx(one, pair))
    one.write_text("no segments\n")
    two.write_text(SGM)
    with pytest.raises(DataError, match="no segment"):
        list(sgml(one, two))
    one.write_text("<seg id='1'>only</seg>\n")
    with pytest.raises(DataError, match="1 and 2 segments"):
        list(sgml(one, two))


def test_a_tenth_of_the_profile():
    assert wmt.tenth({"fr": 10_000_000, "gu": 80_000}) == {"fr": 1_000_000, "gu": 8_000}


# XNLI


def xnli_folder(tmp_path, rows=40):
    """Files of XTREME's layout: each premise has three hypotheses, one of them repeated."""
    for code in ("en", "de", "sw"):
        for name in ("dev", "test"):
            lines = [
                f"{code} {name} premise {i // 3}\t"
                + (f"{code} again" if i == 7 else f"{code} {name} hypothesis {i}")
                + "\tneutral"
                for i in range(rows)
            ]
            end = "\r\n" if name == "dev" else "\n"
            (tmp_path / f"{name}-{code}.tsv").write_bytes((end.join(lines) + end).encode())
    return tmp_path


def xnli_splits(folder, sizes, **other):
    return {
        split: {
            c.pair.language: list(c.lines())
            for c in xnli_parallel.corpora(folder, split, sizes, **other)
        }
        for split in ("train", "dev", "test")
    }


def check_xnli(found, sizes):
    for split, wanted in (("dev", sizes.dev), ("test", sizes.test)):
        english = {code: [line.first for line in lines] for code, lines in found[split].items()}
        assert all(len(set(lines)) == len(lines) == wanted for lines in english.values())
        assert len({tuple(lines) for lines in english.values()}) == 1
    everything = {
        split: {line.first for lines in found[split].values() for line in lines} for split in found
    }
    assert not everything["train"] & everything["dev"]
    assert not everything["train"] & everything["test"]
    assert not everything["dev"] & everything["test"]
    for code, size in sizes.train.items():
        assert len({line.first for line in found["train"][code]}) == size


def test_xnli_splits_share_no_sentence_and_no_premise(tmp_path):
    folder = xnli_folder(tmp_path)
    sizes = xnli_parallel.Sizes({"de": 60, "sw": 10}, 10, 14)
    found = xnli_splits(folder, sizes)
    check_xnli(found, sizes)
    split_of = {}
    for split, languages in found.items():
        for line in (line for lines in languages.values() for line in lines):
            words = line.first.split()
            if words[1] != "again":
                number = int(words[3]) // (3 if words[2] == "hypothesis" else 1)
                assert split_of.setdefault((words[1], number), split) == split
            assert line.second == line.first.replace("en", line.second[:2], 1)
    assert found == xnli_splits(folder, sizes)
    assert found != xnli_splits(folder, sizes, seed=2)


def test_xnli_quoting_is_undone(tmp_path):
    for name in ("dev-en", "test-en", "dev-de", "test-de"):
        text = "".join(f'"{name} ""p"" {i}"\t"{name} ""h"" {i}"\tneutral\n' for i in range(3))
        (tmp_path / f"{name}.tsv").write_text(text)
    (found,) = xnli_parallel.corpora(tmp_path, "test", xnli_parallel.Sizes({"de": 2}, 2, 12 - 4))
    assert all(line.first.count('"') == 2 for line in found.lines())


def test_xnli_that_is_too_small_or_not_parallel_is_refused(tmp_path):
    folder = xnli_folder(tmp_path)
    with pytest.raises(UsageError, match="107 different English sentences"):
        xnli_parallel.corpora(folder, "train", xnli_parallel.Sizes({"de": 100}, 10, 14))
    path = folder / "dev-sw.tsv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError, match="'sw' has 158 sentences and English 160"):
        xnli_parallel.corpora(folder, "train", xnli_parallel.Sizes({"sw": 10}, 10, 14))


@pytest.mark.realdata
@pytest.mark.skipif(not (REALDATA / "xnli").is_dir(), reason="the real XNLI is not here")
def test_the_real_xnli_fills_the_benchmark():
    sizes = xnli_parallel.SIZES
    found = {
        split: xnli_parallel.corpora(REALDATA / "xnli", split) for split in ("train", "dev", "test")
    }
    check_xnli(
        {
            split: {corpus.pair.language: list(corpus.lines()) for corpus in corpora}
            for split, corpora in found.items()
        },
        sizes,
    )
    for corpus in (corpus for corpora in found.values() for corpus in corpora):
        lines = Filter(corpus, Rules(), NO)
        assert len(list(lines.kept())) == lines.read
        assert not lines.repaired
