# SPDX-License-Identifier: Apache-2.0
"""The artificial BUCC 2018 and Tatoeba: pairs that translate each other, and no others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from test_artificial import LANGUAGES, checksums, rows, settings

from xling.data.artificial import retrieval, write_raw
from xling.data.artificial.grammar import Language, languages_of, text_of
from xling.data.artificial.meaning import Sentence
from xling.data.artificial.streams import Stream
from xling.data.manifest import Manifest
from xling.data.readers import bucc, tatoeba

TASKS = ("bucc2018", "tatoeba")
SIZES = {"bucc2018": {"dev": 20, "test": 40}, "tatoeba": {"test": 50}}


def written(folder: Path, languages: dict = LANGUAGES) -> dict[str, Manifest]:
    total = sum(language["text_share"] for language in languages.values())
    chosen = settings(sizes=SIZES, languages=languages, source_text_share=1 - total)
    # The source language belongs to every pair and is not named.
    return {task: write_raw(task, chosen, list(languages), folder / task) for task in TASKS}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Manifest]]:
    folder = tmp_path_factory.mktemp("retrieval")
    return folder, written(folder)


@pytest.fixture(scope="module")
def english() -> Language:
    return languages_of(settings(), ["en"])["en"]


def test_the_same_settings_give_the_same_bytes(files, tmp_path):
    assert checksums(files[1].values()) == checksums(written(tmp_path).values())


def test_another_language_changes_no_file(files, tmp_path):
    third = {"word_order": "VSO", "text_share": 0.1}
    more = checksums(written(tmp_path, LANGUAGES | {"qac": third}).values())
    before = checksums(files[1].values())
    assert before.items() < more.items()


def test_the_manifest_names_both_sides(files):
    bucc_files = Counter((f.format, f.split, f.language) for f in files[1]["bucc2018"].files)
    assert bucc_files == {
        (form, split, code): 1
        for form in ("bucc-source", "bucc-target", "bucc-gold")
        for split in ("dev", "test")
        for code in LANGUAGES
    }
    tatoeba_files = Counter((f.format, f.split, f.language) for f in files[1]["tatoeba"].files)
    assert tatoeba_files == {
        (form, "test", code): 1
        for form in ("tatoeba-source", "tatoeba-target")
        for code in LANGUAGES
    }


def test_the_readers_of_the_real_files_take_them(files):
    folder, manifests = files
    for task, manifest in manifests.items():
        for file in manifest.files:
            path = folder / task / file.path
            if task == "tatoeba":
                reading = tatoeba.read(path, file, ())
            else:
                read = bucc.read_gold if file.format == "bucc-gold" else bucc.read_side
                reading = read(path, file, ())
            assert len(reading.rows) == len(rows(path))
            assert not reading.dropped


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(("name", "pairs"), [("sample", 20), ("training", 40)])
def test_bucc_names_its_pairs_by_id(files, code, name, pairs):
    folder = files[0] / f"bucc2018/bucc2018/{code}-en"
    sides = [dict(rows(folder / f"{code}-en.{name}.{end}")) for end in (code, "en")]
    gold = rows(folder / f"{code}-en.{name}.gold")
    lines = pairs * 5 + round(pairs * 5 * retrieval.REPEATED)
    for side, ids, language in zip(sides, zip(*gold, strict=True), (code, "en"), strict=True):
        assert list(side) == [f"{language}-{number + 1:09d}" for number in range(lines)]
        assert set(ids) <= set(side)
        assert len(ids) == len(set(ids)) == pairs
        counts = Counter(Counter(side.values()).values())
        assert counts[1] < len(side)
        assert sum(n * count for n, count in counts.items()) == lines
    # Gold pairs are not found by position.
    assert sum(one[-9:] == two[-9:] for one, two in gold) < pairs / 2


def test_gold_pairs_translate_each_other_and_no_others_do(english):
    drawn = retrieval.draw_corpora(Stream("gold"), "dev", (english, english), 60)
    assert len(drawn.gold) == 60
    assert all(drawn.foreign[one] == drawn.english[two] for one, two in drawn.gold)
    partners = {drawn.english[two] for _, two in drawn.gold}
    assert set(drawn.foreign) & set(drawn.english) == partners
    assert 0.15 < len(drawn.gold) / len(drawn.foreign) < 0.25


def test_some_sentences_nearly_translate_each_other(english):
    drawn = retrieval.draw_corpora(Stream("near"), "dev", (english, english), 30)
    foreign = [Counter(text.split()) for text in set(drawn.foreign)]
    others = set(drawn.english) - set(drawn.foreign)
    close = sum(
        any(sum(((words - text) | (text - words)).values()) <= 4 for text in foreign)
        for words in (Counter(other.split()) for other in others)
    )
    assert close / len(others) > 0.3


@pytest.mark.parametrize("code", LANGUAGES)
def test_all_lines_of_tatoeba_differ(files, code):
    folder = files[0] / "tatoeba/v1"
    sides = [rows(folder / f"tatoeba.{code}-eng.{end}") for end in (code, "eng")]
    for side in sides:
        assert {len(row) for row in side} == {1}
        assert len({row[0] for row in side}) == len(side) == 50
    assert [row[0] for row in sides[1]] != sorted(row[0] for row in sides[1])


def test_translations_say_the_same(english):
    target = languages_of(settings(), ["qab"])["qab"]
    for item in retrieval.draw_translations(Stream("same"), "test", (target, english), 40):
        assert item.foreign == text_of(target.say(Sentence(item.clause)))
        assert item.english == text_of(english.say(Sentence(item.clause)))


def test_no_sentence_is_in_two_splits_or_in_the_text(english):
    texts = [
        item.english
        for purpose in ("text", "train", "dev", "test")
        for item in retrieval.draw_translations(Stream("overlap"), purpose, (english, english), 250)
    ]
    assert len(set(texts)) == 1000
    drawn = {
        split: retrieval.draw_corpora(Stream("overlap"), split, (english, english), 40)
        for split in ("dev", "test")
    }
    found = [set(corpora.english) | set(corpora.foreign) for corpora in drawn.values()]
    assert not found[0] & found[1]
