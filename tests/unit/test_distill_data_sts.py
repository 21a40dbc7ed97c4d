# SPDX-License-Identifier: Apache-2.0
"""STS in its real formats, graded artificial pairs, and artificial parallel text."""

import gzip
import io
import tarfile
import zipfile
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from xling.config.study import Artificial
from xling.data.archives import unpack
from xling.data.artificial.events import RETRIEVAL, draw_clause
from xling.data.artificial.grammar import languages_of, text_of
from xling.data.artificial.meaning import Clause, Entity, Place
from xling.data.artificial.names import Name
from xling.data.artificial.purposes import purpose_of
from xling.data.artificial.release import Release
from xling.data.artificial.streams import Stream
from xling.data.tables import languages_of as parts_of
from xling.data.tables import read_summary, read_table
from xling.distill.data import sts
from xling.distill.data.artificial import (
    DistillSizes,
    artificial_corpora,
    write_moses,
    write_sts2017,
    write_stsbenchmark,
)
from xling.distill.data.graded import draw_graded
from xling.distill.data.similarity import facts_of, similarity
from xling.errors import DataError


def sts_folder(tmp_path, files):
    """Pack files as the published zip is, unpack it as a download is."""
    packed = tmp_path / "STS2017-extended.zip"
    with zipfile.ZipFile(packed, "w") as stream:
        for name, text in files.items():
            stream.writestr(f"STS2017-extended/STS.{name}.txt", text)
    (tmp_path / "sts").mkdir()
    unpack(packed, packed.name, tmp_path / "sts")
    return tmp_path / "sts"


FILES = {
    "en-en": 'A "quote\tB\t5.0\nC\tD\t0.2\n',
    "en-de": "A\tB-de\t5\nC\tD-de\t.2\n",
    "fr-en": "A-fr\tB\t5.0\r\nC-fr\tD\t0.2\r\n",
    "es-es": "uno\tdos\t1.6\n",
    "en-tr": "A\tB-tr\t2.4\nC\tD-tr\t\nE\tF-tr\n",
}


def test_sts_files_are_read_with_english_first(tmp_path):
    found = sts.read_sts2017(sts_folder(tmp_path, FILES))
    assert [one.name for one in found] == ["en-de", "en-en", "en-fr", "en-tr", "es-es"]
    by_name = {one.name: one for one in found}
    assert by_name["en-fr"].pairs[0] == ("en-fr-000001", "B", "A-fr", 5.0)
    assert by_name["en-en"].pairs[0] == ("en-en-000001", 'A "quote', "B", 5.0)
    assert by_name["en-tr"].dropped == {"unscored": 2}
    assert len(by_name["en-tr"].pairs) == 1
    assert sts.shares_gold(found) == ["en-de", "en-en", "en-fr"]
    assert set(sts.texts_of([by_name["es-es"]])) == {"uno", "dos"}


def test_prepared_sts_has_a_row_group_for_each_set(tmp_path):
    found = sts.read_sts2017(sts_folder(tmp_path, FILES))
    path = tmp_path / "test.parquet"
    summary = sts.write_sts(path, found, {"origin": "here"})
    assert parts_of(path) == ["en-de", "en-en", "en-fr", "en-tr", "es-es"]
    assert read_table(path, ["en-fr"]).to_pydict() == {
        "id": ["en-fr-000001", "en-fr-000002"],
        "language": ["en-fr", "en-fr"],
        "sentence1": ["B", "D"],
        "sentence2": ["A-fr", "C-fr"],
        "score": [5.0, 0.2],
    }
    assert read_summary(path) == summary
    assert summary["dropped"] == {"unscored": {"en-tr": 2}}


@pytest.mark.parametrize(
    ("text", "message"),
    [("A\tB\t5.1\n", "'5.1' is no score"), ("A\tB\tfive\n", "'five' is no score"),
     ("A\tB\tnan\n", "'nan' is no score"), ("A\n", "one field"), ("\tB\t1\n", "an empty sentence"),
     ("A\tB\t\n", "no row has a score")],
)  # fmt: skip
def test_sts_damage_is_named(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        sts.read_sts2017(sts_folder(tmp_path, {"en-en": text}))


def test_sts_numbers_of_pairs_can_be_asked_for(tmp_path):
    folder = sts_folder(tmp_path, {"en-en": FILES["en-en"]})
    with pytest.raises(DataError, match="2 scored pairs"):
        sts.read_sts2017(folder, expected=sts.PUBLISHED_ROWS)
    with pytest.raises(DataError, match="no file of STS"):
        sts.read_sts2017(tmp_path)


def test_the_benchmark_is_read_in_both_published_forms(tmp_path):
    row = 'main-captions\tMSRvid\t2012test\t0001\t5.000\tA "plane.\tAn air plane.\n'
    more = "main-news\tx\t2014\t0002\t0.200\tB\tC\tsource 1\tsource 2\n"
    packed = tmp_path / "Stsbenchmark.tar.gz"
    with tarfile.open(packed, "w:gz") as stream:
        for split in ("train", "dev", "test"):
            text = ((row + more) if split == "train" else row).encode()
            info = tarfile.TarInfo(f"stsbenchmark/sts-{split}.csv")
            info.size = len(text)
            stream.addfile(info, io.BytesIO(text))
    (tmp_path / "one").mkdir()
    unpack(packed, packed.name, tmp_path / "one")
    wanted = [('A "plane.', "An air plane.", 5.0), ("B", "C", 0.2)]
    train = sts.read_stsbenchmark(tmp_path / "one", "train")
    assert [pair[1:] for pair in train.pairs] == wanted
    assert train.name == "en-en"
    header = "split\tgenre\tdataset\tyear\tsid\tscore\tsentence1\tsentence2\n"
    rows = "".join(
        f"{split}\tg\td\t2012\t1\t{score}\t{one}\t{two}\n"
        for split in ("train", "dev")
        for one, two, score in wanted
    )
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "stsbenchmark.tsv.gz").write_bytes(gzip.compress((header + rows).encode()))
    again = sts.read_stsbenchmark(tmp_path / "two", "dev")
    assert [pair[1:] for pair in again.pairs] == wanted
    with pytest.raises(DataError, match="0 files"):
        sts.read_stsbenchmark(tmp_path, "dev")


# Similarity


BASE = Clause(Entity("dog"), "accept", Entity("farmer", adjective="big"), time="dawn")


def test_similarity_by_hand():
    # Facts: agent beast, dog; patient worker, farmer, big; accept; dawn: 7.
    assert len(facts_of(BASE)) == 7
    assert similarity(BASE, BASE) == 5.0
    reworded = replace(BASE, verb="reject", negated=True, agent=Entity("dog", plural=True))
    assert similarity(BASE, reworded) == 5.0
    assert similarity(BASE, replace(BASE, negated=True)) == 4.3  # 5 * 12 / 14
    assert similarity(BASE, replace(BASE, agent=Entity("cat"))) == 4.3
    assert similarity(BASE, replace(BASE, agent=Entity("car"))) == 3.6  # 5 * 10 / 14
    assert similarity(BASE, replace(BASE, agent=Entity("beast"))) == 4.6  # 5 * 12 / 13
    assert similarity(BASE, replace(BASE, time=None)) == 4.6
    swapped = replace(BASE, agent=BASE.patient, patient=BASE.agent)
    assert similarity(BASE, swapped) == 1.4  # the verb and the time: 5 * 4 / 14
    person = Name("PER", ("Anna", "Keller"))
    named = Clause(Entity("Anna", name=person), "love", Entity("pear", numeral="two"),
                   place=Place("near", "Calden", Name("LOC", ("Calden",), "Cape")))  # fmt: skip
    assert ("place", "is", "Calden Cape") in facts_of(named)
    assert ("agent", "is", "Anna Keller") in facts_of(named)
    assert similarity(named, BASE) == 0.0


def test_every_clause_has_facts_and_negation_is_one_of_them():
    stream = Stream(1, "test")
    for _ in range(300):
        clause = draw_clause(stream, "train", RETRIEVAL)
        other = replace(clause, negated=not clause.negated)
        assert len(facts_of(clause) ^ facts_of(other)) == 2


def vectors(texts, seed=0):
    """Mean of one random vector per word: an untrained encoder without context."""
    generator, known = np.random.default_rng(seed), {}
    rows = []
    for text in texts:
        words = text.split()
        for word in words:
            if word not in known:
                known[word] = generator.normal(size=64)
        rows.append(np.mean([known[word] for word in words], axis=0))
    rows = np.array(rows)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_words_alone_do_not_tell_the_grade():
    language = languages_of(SETTINGS, ["en"])["en"]
    pairs = list(draw_graded(Stream(5, "hard"), "train", 500))
    assert len({pair.first.clause for pair in pairs}) == 500
    assert {purpose_of(pair.first.clause) for pair in pairs} == {"train"}
    gold = [pair.score for pair in pairs]
    texts = [[text_of(language.say(s)) for s in (pair.first, pair.second)] for pair in pairs]
    encoded = vectors([text for pair in texts for text in pair])
    assert 35 < 100 * spearmanr((encoded[::2] * encoded[1::2]).sum(1), gold)[0] < 55
    # All grades occur, and pairs of equal words with little in common, and the other way round.
    assert min(Counter(int(score) for score in gold).values()) >= 15
    shared = [len({*a.split()} & {*b.split()}) / len({*a.split()} | {*b.split()}) for a, b in texts]
    assert any(share > 0.7 and score < 2 for share, score in zip(shared, gold, strict=True))
    assert any(share < 0.5 and score == 5 for share, score in zip(shared, gold, strict=True))


# Artificial files


CODES = ["qaa", "qab"]
SETTINGS = Artificial.model_validate(
    {
        "seed": 7,
        "languages": {
            "qaa": {"text_share": 0.3, "cognates": 0.5},
            "qab": {"text_share": 0.4, "word_order": "SOV", "script": "greek"},
        },
        "source_text_share": 0.3,
        "text_documents": 1,
        "noise": 0.1,
        "sizes": {"tatoeba": {"test": 1}},
    }
)
SIZES = DistillSizes(
    graded={"train": 60, "dev": 12}, sts=25, talks={"qaa": 150, "qab": 90}, mined={"qaa": 40}
)


def written(folder, *writers):
    release = Release(folder)
    for write in writers:
        write(release, SETTINGS, languages_of(SETTINGS, ["en", *CODES]), SIZES)
    return release.files


def test_artificial_sts_is_read_and_says_the_same_in_all_languages(tmp_path):
    files = written(tmp_path, write_sts2017, write_stsbenchmark)
    assert len(files) == 5 + 2
    found = {one.name: one for one in sts.read_sts2017(tmp_path, expected=25)}
    assert set(found) == {"en-en", "en-qaa", "en-qab", "qaa-qaa", "qab-qab"}
    assert set(sts.shares_gold(list(found.values()))) == set(found)
    for code in CODES:
        cross, same = found[f"en-{code}"].pairs, found[f"{code}-{code}"].pairs
        assert [p.sentence1 for p in cross] == [p.sentence1 for p in found["en-en"].pairs]
        assert [p.sentence2 for p in cross] == [p.sentence2 for p in same]
    sentences = {}
    for split, size in SIZES.graded.items():
        graded = sts.read_stsbenchmark(tmp_path, split)
        assert len(graded.pairs) == size
        assert all(0 <= pair.score <= 5 for pair in graded.pairs)
        sentences[split] = set(sts.texts_of([graded]))
    sentences["test"] = set(sts.texts_of([found["en-en"]]))
    assert not sentences["train"] & (sentences["dev"] | sentences["test"])
    assert not sentences["dev"] & sentences["test"]


def test_artificial_parallel_text_is_read(tmp_path):
    written(tmp_path, write_moses)
    assert sorted(path.name for path in tmp_path.rglob("Talks.*")) == [
        "Talks.en-qaa.en", "Talks.en-qaa.qaa", "Talks.en-qab.en", "Talks.en-qab.qab",
    ]  # fmt: skip
    qaa, qab = artificial_corpora(tmp_path, CODES, ["Talks"])
    rows = {one.language: list(one.pairs(Counter())) for one in (qaa, qab)}
    english = {code: dict.fromkeys(row.source for row in found) for code, found in rows.items()}
    assert [len(texts) for texts in english.values()] == [150, 90]
    assert list(english["qaa"])[:90] == list(english["qab"]), "languages share sentences"
    assert len(rows["qaa"]) > 150, "some have two translations"
    (mined,) = artificial_corpora(tmp_path, ["qaa"], ["Mined"])
    assert len(list(mined.pairs(Counter()))) == 40
    again = tmp_path / "again"
    written(again, write_moses)
    for path in (again / "opus").rglob("*.*.*"):
        assert path.read_bytes() == (tmp_path / path.relative_to(again)).read_bytes()
