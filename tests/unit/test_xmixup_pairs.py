# SPDX-License-Identifier: Apache-2.0
"""Target rows find their English sides, or it is said which do not."""

from __future__ import annotations

import importlib
import logging
import random

import numpy as np
import pyarrow as pa
import pytest

from xling.errors import DataError
from xling.tasks import TASKS
from xling.tokens import write_tokens
from xling.xmixup.pairs import ITSELF, Pairs, own_sources, pair_dev, pair_test, partners

FAMILIES = ("classification", "tagging", "qa")
PART = {"tagging": "part", "qa": "window"}
LANGUAGES = ("en", "qaa", "qab")


def items(ids, languages, rng, most=1):
    """Inputs (id, language, number) of items; each has one to ``most`` of them."""
    return [
        (name, language, number)
        for language in languages
        for name in ids
        for number in range(rng.randint(1, most))
    ]


def written(path, family, inputs, split="train", seed=0):
    """Write inputs of random lengths as a tokenised split."""
    rng = random.Random(seed)
    ids, languages, numbers = zip(*inputs, strict=True)
    columns = {"id": list(ids), "language": list(languages)}
    columns["input_ids"] = pa.array([[1] * rng.randint(2, 9) for _ in inputs], pa.list_(pa.int32()))
    if family in PART:
        columns[PART[family]] = pa.array(numbers, pa.int32())
    info = {"task": "some task", "split": split, "file": path.name}
    write_tokens(path, pa.table(columns), info)
    return path


def tokens_of(path, family, languages=None):
    return importlib.import_module(f"xling.tasks.{family}").Tokens.read([path], languages)


def slow_partners(target, source, *, by_language):
    """Look every row up by itself."""
    found = {}
    for row, (name, language, number) in enumerate(source):
        found[name, language if by_language else "", number] = row
    out = []
    for name, language, number in target:
        key = name, language if by_language else ""
        while number > 0 and (*key, number) not in found:
            number -= 1
        out.append(found.get((*key, number), ITSELF))
    return out


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("by_language", [True, False])
def test_partners_are_those_of_a_slow_join(tmp_path, family, by_language):
    rng = random.Random(len(family))
    most = 4 if family in PART else 1
    target = items([f"i{i}" for i in range(80)], LANGUAGES, rng, most)
    languages = LANGUAGES[1:] if by_language else ["en"]
    source = items([f"i{i}" for i in range(10, 90)], languages, rng, most)
    rng.shuffle(target)
    rng.shuffle(source)
    paths = [written(tmp_path / "a", family, target), written(tmp_path / "b", family, source)]
    found = partners(family, *(tokens_of(p, family) for p in paths), by_language=by_language)
    assert found.tolist() == slow_partners(target, source, by_language=by_language)
    assert ITSELF in found


def splits(folder, family, lost=(), back_english=False):
    """Write ``train``, ``translate_train`` and ``back_translate``; return files and inputs."""
    rng = random.Random(3)
    most = 3 if family in PART else 1
    names = [f"i{i}" for i in range(30)]
    inputs = {
        "train": items(names, ["en"], rng, most),
        "translate_train": items(names[3:], LANGUAGES[1:], rng, most),
    }
    back = items(names, LANGUAGES[0 if back_english else 1 :], rng, most)
    inputs["back_translate"] = [key for key in back if key[:2] not in lost]
    files = {
        split: written(folder / split, family, found, split, seed)
        for seed, (split, found) in enumerate(inputs.items())
    }
    return files, inputs


def read(files, family, back=True):
    targets = [files["train"], files["translate_train"]]
    backs = [files["back_translate"]] if back else []
    return Pairs.read(family, targets, [files["train"]], backs, LANGUAGES)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("back_english", [True, False])
def test_training_rows_have_originals_and_back_translations(tmp_path, family, back_english):
    files, inputs = splits(tmp_path, family, back_english=back_english)
    pairs = read(files, family)
    target = inputs["train"] + inputs["translate_train"]
    assert pairs.original_rows.tolist() == slow_partners(target, inputs["train"], by_language=False)
    english = len(inputs["train"])
    # English rows are their own sources of both kinds, whatever back_translate holds of them.
    assert pairs.original_rows[:english].tolist() == list(range(english))
    for row in range(english):
        own = pairs.back.dataset[int(pairs.back_rows[row])]
        assert own == pairs.target.dataset[row]
    foreign = [key for key in inputs["back_translate"] if key[1] != "en"]
    expected = slow_partners(inputs["translate_train"], foreign, by_language=True)
    assert pairs.back_rows[english:].tolist() == expected
    lengths = [
        max(
            len(pairs.target.dataset[row]["input_ids"]),
            len(pairs.original.dataset[int(pairs.original_rows[row])]["input_ids"]),
            len(pairs.back.dataset[int(pairs.back_rows[row])]["input_ids"]),
        )
        for row in range(len(pairs))
    ]
    assert pairs.lengths.tolist() == lengths
    assert [info["file"] for info in pairs.info] == ["train", "translate_train", "back_translate"]
    assert [info["file"] for info in pairs.english_info] == ["train", "back_translate"]


def test_without_back_translations_none_are_read(tmp_path):
    files, _ = splits(tmp_path, "qa")
    pairs = read(files, "qa", back=False)
    assert (pairs.back, pairs.back_rows) == (None, None)
    longest = np.maximum(pairs.target.lengths, pairs.original.lengths[pairs.original_rows])
    assert pairs.lengths.tolist() == longest.tolist()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_without_a_partner_is_named(tmp_path, family):
    lost = {(f"i{i}", "qab") for i in (5, 7, 11, 12)}
    files, _ = splits(tmp_path, family, lost)
    with pytest.raises(DataError) as caught:
        read(files, family)
    error = caught.value
    assert error.what == ("4 items in 'qab' have no back-translation, the first: 'i5', 'i7', 'i11'")
    assert error.where == f"{files['back_translate']}; language qab"
    assert error.fix
    originals = written(tmp_path / "short", family, [("i9", "en", 0)])
    targets = [files["translate_train"]]
    with pytest.raises(DataError, match="26 items in 'qaa' have no English original") as caught:
        Pairs.read(family, targets, [originals], [], LANGUAGES)
    assert str(originals) in caught.value.where


def few_lost(folder, family):
    """Two languages of 100 items, of which ``i7`` has no English side in one; also its files."""
    names = [f"i{i}" for i in range(100)]
    parts = range(2) if family in PART else range(1)
    inputs = [(name, code, part) for code in LANGUAGES for name in names for part in parts]
    foreign = [key for key in inputs if key[1] != "en"]
    kept = [key for key in foreign if key[:2] != ("i7", "qab")]
    english = [key for key in inputs if key[1] == "en"]
    found = {"train": english, "translate_train": foreign, "back_translate": kept}
    return {
        split: written(folder / split, family, rows, split, seed)
        for seed, (split, rows) in enumerate(found.items())
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_one_in_a_hundred_may_lack_its_back_translation(tmp_path, family, caplog):
    files = few_lost(tmp_path, family)
    with caplog.at_level(logging.WARNING):
        pairs = read(files, family)
    for row in range(len(pairs)):
        target = pairs.target.dataset[row]
        beside = pairs.back.dataset[int(pairs.back_rows[row])]
        lost = (target["id"], target["language"]) == ("i7", "qab")
        language = "en" if lost else target["language"]
        part = PART.get(family)
        assert (beside["id"], beside["language"]) == (target["id"], language)
        assert not part or beside[part] == target[part]
        if lost:
            assert beside == pairs.original.dataset[int(pairs.original_rows[row])]
    assert pairs.without_back == {"qab": 1}
    assert [record.getMessage() for record in caplog.records] == [
        "1 items in qab have no back-translation: the originals stand in for them"
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_one_in_a_hundred_test_rows_may_lack_its_source(tmp_path, family):
    files = few_lost(tmp_path, family)
    test, source = (
        tokens_of(files[name], family) for name in ("translate_train", "back_translate")
    )
    found = pair_test(family, test, source)
    lost = [key == ("i7", "qab") for key in zip(test.ids, test.languages, strict=True)]
    assert (found == ITSELF).tolist() == lost
    assert own_sources(test, np.arange(len(test)), found) == {"qab": 1}


def test_windows_are_read_with_the_first_of_a_question_if_asked_for(tmp_path):
    """What the released code does; sentences in parts have no windows."""
    parts = [(name, code, part) for code in LANGUAGES for name in "ab" for part in range(3)]
    for family in ("qa", "tagging"):
        test = tokens_of(written(tmp_path / family, family, parts), family)
        numbers = test.dataset[PART[family]]
        same, first = (pair_test(family, test, test, how) for how in ("same", "first"))
        assert same.tolist() == list(range(18))
        expected = np.arange(18) - (np.array(numbers) if family == "qa" else 0)
        assert first.tolist() == expected.tolist()
    dev = tokens_of(tmp_path / "qa", "qa")
    # Rows of all languages have the English question of their id.
    assert pair_dev(TASKS["mlqa"], dev, "first").tolist() == [0, 0, 0, 3, 3, 3] * 3
    assert pair_dev(TASKS["mlqa"], dev).tolist() == [0, 1, 2, 3, 4, 5] * 3
    files = dict.fromkeys(("train", "translate_train", "back_translate"), tmp_path / "qa")
    english = written(tmp_path / "en", "qa", parts[:6], "train")
    pairs = Pairs.read(
        "qa", [files["translate_train"]], [english], [files["back_translate"]], LANGUAGES, "first"
    )
    assert pairs.original_rows.tolist() == [0, 0, 0, 3, 3, 3] * 3
    places = [pairs.back.dataset[int(row)]["window"] for row in pairs.back_rows]
    assert places == [0] * 18


@pytest.mark.parametrize("family", FAMILIES)
def test_an_english_text_that_is_there_twice_is_refused(tmp_path, family):
    source = [("a", "qaa", 0), ("b", "qaa", 0), ("a", "qaa", 0)]
    tokens = tokens_of(written(tmp_path / "a", family, source, "translate_test"), family)
    with pytest.raises(DataError, match="there twice") as caught:
        pair_test(family, tokens, tokens)
    assert "some task translate_test; language qaa, id a" in caught.value.where


def test_a_missing_part_of_an_english_text_is_refused(tmp_path):
    source = [("a", "qaa", 0), ("a", "qaa", 2)]
    tokens = tokens_of(written(tmp_path / "a", "qa", source), "qa")
    with pytest.raises(DataError, match="a part of it is lacking"):
        pair_test("qa", tokens, tokens)


@pytest.mark.parametrize("family", FAMILIES)
def test_test_rows_are_found_by_id_and_language(tmp_path, family, caplog):
    inputs = [(name, code, 0) for code in LANGUAGES for name in "abc"]
    test = tokens_of(written(tmp_path / "test", family, inputs), family)
    # Without English rows, which are their own sources.
    foreign = inputs[3:]
    source = tokens_of(written(tmp_path / "all", family, foreign[::-1]), family)
    assert pair_test(family, test, source).tolist() == [ITSELF] * 3 + [5, 4, 3, 2, 1, 0]
    both = tokens_of(written(tmp_path / "en", family, inputs, "translate_test"), family)
    assert pair_test(family, test, both).tolist() == list(range(9))
    assert not caplog.records
    some = tokens_of(written(tmp_path / "some", family, foreign[1:], "translate_test"), family)
    if family != "qa":
        with pytest.raises(DataError, match="1 items in 'qaa' have no source, the first: 'a'"):
            pair_test(family, test, some)
        return
    with caplog.at_level(logging.WARNING):
        found = pair_test(family, test, some)
    assert found.tolist() == [ITSELF] * 4 + [0, 1, 2, 3, 4]
    assert [record.getMessage() for record in caplog.records] == [
        "1 items in qaa have no source in the tokens of some task translate_test: "
        "they are their own"
    ]
    assert own_sources(test, np.arange(9), found) == {"qaa": 1}
    assert own_sources(test, np.arange(4, 9), found[4:]) == {}


def test_dev_rows_have_the_english_row_of_parallel_sets(tmp_path):
    inputs = [("a", "en", 0), ("b", "en", 0), ("b", "qaa", 0), ("c", "qaa", 0), ("a", "qab", 0)]
    tokens = tokens_of(written(tmp_path / "dev", "classification", inputs), "classification")
    assert pair_dev(TASKS["xnli"], tokens).tolist() == [0, 1, 1, 3, 0]
    # Rows with equal ids say different things.
    tokens = tokens_of(written(tmp_path / "tags", "tagging", inputs), "tagging")
    assert pair_dev(TASKS["panx"], tokens).tolist() == [0, 1, 2, 3, 4]
    windows = [("a", "en", 0), ("a", "en", 1), ("a", "qaa", 0), ("a", "qaa", 1), ("a", "qaa", 2)]
    tokens = tokens_of(written(tmp_path / "qa", "qa", windows), "qa")
    assert pair_dev(TASKS["mlqa"], tokens).tolist() == [0, 1, 0, 1, 1]
    only = tokens_of(written(tmp_path / "foreign", "qa", windows[2:]), "qa")
    assert pair_dev(TASKS["mlqa"], only).tolist() == [0, 1, 2]
