# SPDX-License-Identifier: Apache-2.0
"""Artificial parallel data: sizes, layouts, and that the real readers read it."""

import tarfile

import pytest

from xling.config.study import Artificial
from xling.data.archives import unpack
from xling.data.artificial.grammar import languages_of
from xling.data.artificial.release import Release
from xling.errors import UsageError
from xling.mt.data import opus100, ted
from xling.mt.data.artificial_bitext import (
    SPLITS,
    BitextSizes,
    imbalanced,
    write_opus100,
    write_ted,
)
from xling.mt.data.filters import Filter, Rules

CODES = ["qaa", "qab", "qac"]
SETTINGS = Artificial.model_validate(
    {
        "seed": 7,
        "languages": {
            "qaa": {"text_share": 0.3, "cognates": 0.5},
            "qab": {"text_share": 0.3, "word_order": "SOV", "adposition": "after"},
            "qac": {"text_share": 0.1, "word_order": "VSO", "script": "greek"},
        },
        "source_text_share": 0.3,
        "text_documents": 1,
        "sizes": {"tatoeba": {"test": 1}},
    }
)
SIZES = BitextSizes({"qaa": 120, "qab": 40, "qac": 4}, dev=15, test=20)


def written(folder, write):
    """Write, pack and unpack as a download is; return the folder and the list of files."""
    release = Release(folder / "raw")
    write(release, SETTINGS, languages_of(SETTINGS, ["en", *CODES]), SIZES)
    packed = folder / "packed.tar.gz"
    with tarfile.open(packed, "w:gz") as stream:
        for path in sorted((folder / "raw").iterdir()):
            stream.add(path, path.name)
    (folder / "data").mkdir()
    unpack(packed, packed.name, folder / "data")
    return folder / "data", release.files


def kept(corpus):
    lines = Filter(corpus, Rules(), frozenset())
    return list(lines.kept()), lines.dropped


def test_sizes_fall_geometrically():
    assert imbalanced(["a", "b", "c"], 900, 9) == {"a": 900, "b": 300, "c": 100}
    assert imbalanced(["a", "b", "c", "d"], 6_000, 30)["d"] == 200
    for wrong in ((["a"], 10, 2), (["a", "b"], 10, 0.5), (["a", "b"], 10, 30)):
        with pytest.raises(UsageError):
            imbalanced(*wrong)


def test_ted_has_exactly_the_pairs_asked_for(tmp_path):
    folder, files = written(tmp_path, write_ted)
    assert {(file.format, file.split) for file in files} == {("ted-tsv", s) for s in SPLITS}
    english = {}
    for split in SPLITS:
        for corpus in ted.corpora(folder, CODES, split, "tokenised"):
            lines, dropped = kept(corpus)
            size = SIZES.of(split, corpus.pair.language)
            rows = max(SIZES.of(split, code) for code in CODES)
            assert len(lines) == size
            assert dropped.get("null", 0) == rows - size
            assert len({line.first for line in lines}) == size
            english.setdefault(split, set()).update(line.first for line in lines)
            assert all(line.first.endswith(" .") for line in lines)
    assert len(english["train"]) == 120
    assert not english["train"] & (english["dev"] | english["test"])
    assert not english["dev"] & english["test"]
    text = (folder / "all_talks_train.tsv").read_text()
    assert "__NULL__" in text
    assert "_ _ NULL _ _" in text


def test_ted_is_detokenised_by_the_reader(tmp_path):
    pytest.importorskip("sacremoses")
    folder, _ = written(tmp_path, write_ted)
    for corpus in ted.corpora(folder, CODES, "test"):
        lines, _ = kept(corpus)
        assert all(text.endswith(".") and " ." not in text for line in lines for text in line[1:])


def test_opus_pairs_have_their_own_untokenised_sentences(tmp_path):
    folder, files = written(tmp_path, write_opus100)
    assert len(files) == 2 * len(SPLITS) * len(CODES)
    assert all(file.format == "opus100" for file in files)
    english = {}
    for split in SPLITS:
        expected = {code: SIZES.of(split, code) for code in CODES}
        for corpus in opus100.corpora(dict.fromkeys(CODES, folder), split, expected=expected):
            lines, dropped = kept(corpus)
            assert (len(lines), not dropped) == (expected[corpus.pair.language], True)
            assert all(
                text.endswith(".") and " ." not in text for line in lines for text in line[1:]
            )
            english[split, corpus.pair.language] = {line.first for line in lines}
    assert len(english["train", "qaa"] & english["train", "qab"]) < 5
    for code in CODES:
        assert not english["train", code] & english["test", code]


def test_a_language_stays_the_same_when_another_gets_more(tmp_path):
    for name, size in (("one", 40), ("two", 80)):
        release = Release(tmp_path / name)
        sizes = BitextSizes({"qaa": 120, "qab": size}, dev=5, test=5)
        languages = languages_of(SETTINGS, ["en", "qaa", "qab"])
        write_ted(release, SETTINGS, languages, sizes)
        write_opus100(release, SETTINGS, languages, sizes)
    path = "opus-100-corpus/v1.0/supervised/en-qaa/opus.en-qaa-train.qaa"
    assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()
    found = [
        kept(ted.corpora(tmp_path / name, ["qaa"], "train", "tokenised")[0])[0]
        for name in ("one", "two")
    ]
    assert found[0] == found[1]
