# SPDX-License-Identifier: Apache-2.0
"""Questions prepared: counts, parallel ids, translations by id, held-out paragraphs."""

import json
from pathlib import Path

import pytest

from conftest import REALDATA
from xling.config.study import SplitSizes
from xling.data.held_out import held_out_groups
from xling.data.manifest import Manifest, RawFile, sha256_of
from xling.data.prepare import prepare
from xling.data.prepare_qa import ANSWER_NOT_FOUND, IN_TEST, NO_TRANSLATION, UNKNOWN_QUESTION
from xling.errors import DataError, UsageError

SIZES = SplitSizes(train=8, dev=4, test=8)
# Number of the first question: the splits share no text.
FIRST = {"train": 0, "dev": 100, "test": 200}


class Raw:
    """Raw files of one task, two questions to a paragraph."""

    def __init__(self, folder: Path, task: str) -> None:
        self.folder, self.task, self.files = folder, task, []

    def add(self, role, split, language, numbers, *, form="squad-json", change=None, prefix=""):
        """Write questions; ``change`` gets the list of paragraphs before it is written."""
        paragraphs = []
        for number in numbers:
            context = f" {language} context {number // 2}: answer {number}."
            if number % 2:
                context = paragraphs[-1]["context"] if paragraphs else context
            if number % 2 == 0 or not paragraphs:
                context = f" {language} context {number // 2}: answer {number}, {number + 1}."
                paragraphs.append({"context": context, "qas": []})
            answer = {"text": str(number), "answer_start": context.index(str(number), 10)}
            entry = {"id": f"{prefix}q{number}", "question": f"{language} {number}?"}
            paragraphs[-1]["qas"].append(entry | {"answers": [answer]})
        if change:
            change(paragraphs)
        self.write(role, split, language, paragraphs, form)

    def write(self, role, split, language, paragraphs, form="squad-json"):
        name = f"{role}-{split}-{language}.json"
        path = self.folder / name
        path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")
        self.files = [f for f in self.files if f.path != name]
        self.files.append(raw_file(self.folder, name, role, split, language, form))

    def prepare(self, split, languages, *, sizes=SIZES, **settings):
        manifest = Manifest(task=self.task, origin="o", translations="t", files=self.files)
        return prepare(self.task, split, languages, manifest, self.folder, sizes, **settings)

    def refused(self, *args, **kwargs) -> DataError:
        with pytest.raises(DataError) as caught:
            self.prepare(*args, **kwargs)
        return caught.value


def raw_file(folder, name, role, split, language, form="squad-json") -> RawFile:
    path = folder / name
    return RawFile(
        path=name,
        format=form,
        role=role,
        split=split,
        language=language,
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
    )


@pytest.fixture
def xquad(tmp_path) -> Raw:
    """SQuAD in English, XQuAD in English and German, translations of both to and from German."""
    raw = Raw(tmp_path, "xquad")
    for split, count in SIZES.model_dump().items():
        for code in ("en", "de") if split == "test" else ("en",):
            raw.add("labelled", split, code, range(FIRST[split], FIRST[split] + count))
    raw.add("translate_train", "train", "de", range(8))
    raw.add("translate_test", "test", "de", range(200, 208))
    return raw


def ids(table) -> list[str]:
    return table["id"].to_pylist()


def numbers(first: int, count: int) -> list[str]:
    return [f"q{i}" for i in range(first, first + count)]


def test_published_splits(xquad):
    table, summary = xquad.prepare("train", ["en"])
    assert ids(table) == numbers(0, 8)
    assert table["answers"][3].as_py() == ["3"]
    assert table["context"][0].as_py() == " en context 0: answer 0, 1."
    assert (summary["dropped"], summary["notes"]) == ({}, [])
    assert ids(xquad.prepare("dev", ["en"])[0]) == numbers(100, 4)
    table, summary = xquad.prepare("test", ["de", "en"])
    assert ids(table) == numbers(200, 8) * 2
    assert summary["rows"] == {"de": 8, "en": 8}
    assert set(table["text_language"].to_pylist()) == {"de", "en"}


def test_wrong_counts_are_refused(xquad):
    xquad.add("labelled", "test", "en", range(200, 207))
    assert xquad.refused("test", ["en"]).what == "xquad test en has 7 rows"
    assert xquad.refused("train", ["en"], sizes=None).allowed == "87599 rows"


def test_all_languages_must_have_the_same_questions(xquad):
    xquad.add("labelled", "test", "de", range(201, 209))
    error = xquad.refused("test", ["de"])
    assert error.what.startswith("1 questions are not in the source language, 1 of its are missing")
    assert "q208" in error.where


def test_groups_are_those_of_the_source_whatever_the_order_of_the_paragraphs(xquad):
    xquad.add("labelled", "test", "de", range(200, 208), change=list.reverse)
    table, _ = xquad.prepare("test", ["en", "de"])
    rows = list(zip(*(table[n].to_pylist() for n in ("language", "id", "group")), strict=True))
    source = {i: group for code, i, group in rows if code == "en"}
    assert [i for code, i, _ in rows if code == "de"][:2] == ["q206", "q207"]
    assert all(source[i] == group for _, i, group in rows)
    assert len(set(source.values())) == 4


# --- translations ----------------------------------------------------------------------------


def test_translations_are_named_by_what_they_translate(xquad):
    xquad.add("translate_train", "train", "de", range(8), change=list.reverse)
    table, summary = xquad.prepare("translate_train", ["de"])
    assert ids(table) == numbers(0, 8)
    assert set(table["language"].to_pylist()) == set(table["text_language"].to_pylist()) == {"de"}
    english, _ = xquad.prepare("train", ["en"])
    assert table["group"].to_pylist() == english["group"].to_pylist()
    assert summary["translations"] == "t"
    table, _ = xquad.prepare("translate_test", ["en", "de"])
    assert ids(table) == numbers(200, 8) * 2
    assert set(table["text_language"].to_pylist()) == {"en"}
    assert table["context"][8].as_py().startswith(" de context")


def test_what_a_translation_lost_is_counted(xquad):
    def lose(paragraphs):
        paragraphs[0]["qas"].pop(0)
        paragraphs[1]["qas"][0]["answers"][0]["answer_start"] += 1
        paragraphs[1]["qas"][1]["answers"] = []

    xquad.add("translate_train", "train", "de", range(8), change=lose)
    table, summary = xquad.prepare("translate_train", ["de"])
    assert ids(table) == ["q1", *numbers(4, 4)]
    assert summary["dropped"] == {
        "translation file: no answer": {"de": 1},
        NO_TRANSLATION: {"de": 2},
        ANSWER_NOT_FOUND: {"de": 1},
    }
    assert "left out, no translation: de 2" in summary["notes"]


def test_of_several_answers_those_that_are_found_stay(xquad):
    def more(paragraphs):
        answers = paragraphs[0]["qas"][0]["answers"]
        answers.insert(0, {"text": "nowhere", "answer_start": 0})

    xquad.add("labelled", "train", "en", range(8), change=more)
    table, _ = xquad.prepare("train", ["en"])
    assert table["answers"][0].as_py() == ["0"]
    assert len(table) == 8


def test_translations_of_other_questions_are_refused_if_they_are_many(xquad):
    xquad.add("translate_train", "train", "de", range(4, 12))
    assert UNKNOWN_QUESTION in xquad.refused("translate_train", ["de"]).what
    xquad.add("translate_train", "train", "de", range(3))
    error = xquad.refused("translate_train", ["de"])
    assert error.what == f"5 of 8 rows: {NO_TRANSLATION}"


def tydiqa(folder, *, lost=0) -> Raw:
    """Training files as XTREME leaves them (ids repeat), and a translation without some rows."""
    raw = Raw(folder, "tydiqa")

    def repeat(paragraphs):
        for paragraph in paragraphs:
            for i, entry in enumerate(paragraph["qas"]):
                entry["id"] = str(i)

    def lose(paragraphs):
        repeat(paragraphs)
        del paragraphs[:lost]

    raw.add("labelled", "train", "en", range(8), change=repeat)
    raw.add("translate_train", "train", "ko", range(8), change=lose)
    return raw


def test_numbered_ids_name_the_same_question_only_if_nothing_was_lost(tmp_path):
    table, summary = tydiqa(tmp_path).prepare("translate_train", ["ko"])
    assert ids(table)[:3] == ["a000-p000-0", "a000-p000-1", "a000-p001-0"]
    assert summary["notes"] == []
    table, summary = tydiqa(tmp_path, lost=1).prepare("translate_train", ["ko"])
    assert ids(table)[:2] == ["translated-a000-p000-0", "translated-a000-p000-1"]
    assert set(table["group"].to_pylist()) == {f"translated-a000-p00{i}" for i in range(3)}
    assert table["context"][0].as_py().startswith(" ko context 1")
    assert summary["dropped"] == {NO_TRANSLATION: {"ko": 2}}
    assert "ko: ids of the translations are not those of the original" in summary["notes"]


def test_a_shared_split_needs_translations_with_known_ids(tmp_path):
    error = tydiqa(tmp_path, lost=1).refused("translate_train", ["ko"], test_split="train")
    assert error.what == "the ids of the translations are not those of the original"
    raw = tydiqa(tmp_path)
    tested = set(ids(raw.prepare("test", ["en"], test_split="train")[0]))
    trained = set(ids(raw.prepare("translate_train", ["ko"], test_split="train")[0]))
    assert not tested & trained
    assert len(tested | trained) == 8


def test_tydiqa_ids_match_with_and_without_the_language(tmp_path):
    raw = Raw(tmp_path, "tydiqa")
    raw.add("labelled", "train", "en", range(8), prefix="1-")
    raw.add("translate_train", "train", "ko", range(8), prefix="english-1-")
    assert ids(raw.prepare("translate_train", ["ko"])[0])[0] == "1-q0"


def test_the_other_languages_of_tydiqa_are_no_translations(tmp_path):
    raw = tydiqa(tmp_path)
    with pytest.raises(UsageError, match="no translations"):
        raw.prepare("translate_train", ["ko"], train_split="test")


def test_all_languages_of_tydiqa_may_be_in_one_file(tmp_path):
    raw = Raw(tmp_path, "tydiqa")

    def languages(paragraphs):
        for paragraph, name in zip(paragraphs, ["english", "korean"] * 2, strict=True):
            for entry in paragraph["qas"]:
                entry["id"] = f"{name}-5-{entry['id']}"

    raw.add("labelled", "train", "all", range(8), form="tydiqa-goldp", change=languages)
    sizes = SplitSizes(train=4, dev=0, test=4)
    _, summary = raw.prepare("test", ["ko", "en"], test_split="train", sizes=sizes)
    assert summary["rows"] == {"ko": 2, "en": 2}
    assert len(summary["sources"]) == 1


# --- one split for training and test ---------------------------------------------------------


def parts(raw: Raw, split: str, codes: list[str], **settings) -> dict[str, dict[str, set[str]]]:
    """Return the ids of each prepared split by language."""
    found = {}
    for name in ("train", "translate_train", "test"):
        wanted = {"train": ["en"], "translate_train": [c for c in codes if c != "en"]}
        languages = wanted.get(name, codes)
        if not languages or (name == "translate_train" and raw.task != "xquad"):
            continue
        table, _ = raw.prepare(name, languages, train_split=split, test_split=split, **settings)
        found[name] = {}
        for code, item in zip(table["language"].to_pylist(), ids(table), strict=True):
            found[name].setdefault(code, set()).add(item)
    return found


def test_a_shared_split_is_divided_by_paragraph_alike_in_every_language(xquad):
    found = parts(xquad, "test", ["en", "de"])
    tested = found["test"]["en"]
    assert tested == found["test"]["de"]
    assert found["train"]["en"] == found["translate_train"]["de"] == set(numbers(200, 8)) - tested
    assert len(tested) == 4
    # Both questions of a paragraph are on the same side.
    assert all((f"q{i}" in tested) == (f"q{i + 1}" in tested) for i in range(200, 208, 2))
    table, _ = xquad.prepare("translate_test", ["de"], train_split="test")
    assert set(ids(table)) == tested


def test_human_translations_of_a_split_that_is_not_tested(xquad):
    xquad.add("labelled", "dev", "de", range(100, 104))
    table, summary = xquad.prepare("translate_train", ["de"], train_split="dev")
    assert ids(table) == numbers(100, 4)
    assert summary["translations"] == "t"  # artificial data names its own


def test_training_rows_of_another_split_that_are_tested_are_left_out(xquad):
    """XQuAD was made of SQuAD's dev set."""
    xquad.add("labelled", "dev", "en", range(206, 210))
    table, summary = xquad.prepare("train", ["en"], train_split="dev")
    assert ids(table) == ["q208", "q209"]
    assert summary["dropped"] == {IN_TEST: {"en": 2}}
    xquad.add("labelled", "dev", "en", range(204, 208))
    error = xquad.refused("train", ["en"], train_split="dev")
    assert error.what == "every row of the dev split of xquad en is also in the test set"


def test_equal_contexts_stay_on_one_side_in_every_language(xquad):
    """Two paragraphs are the same in German only; English must not divide them either."""

    def same(paragraphs):
        one, other = paragraphs[:2]
        for entry in other["qas"]:
            entry["answers"][0]["answer_start"] += len(one["context"])
        one["context"] = other["context"] = one["context"] + other["context"]

    xquad.add("labelled", "test", "de", range(200, 208), change=same)
    for share in (0.1, 0.34, 0.5, 0.9):
        found = parts(xquad, "test", ["en", "de"], held_out=share)
        for side in (*found["test"].values(), found["train"]["en"], found["translate_train"]["de"]):
            assert len(side & set(numbers(200, 4))) in (0, 4)
            assert side


def test_held_out_groups_are_stable_and_of_the_size_asked_for():
    texts = [(f"a{i:03d}-p000", f"context {i}") for i in range(100)]
    half = held_out_groups(texts, 0.5)
    assert len(half) == 50
    assert half == held_out_groups(reversed(texts), 0.5)
    assert held_out_groups(texts, 0.2) < half
    # Fixed, so that another machine or version divides alike.
    first = "a000-p000 a001-p000 a005-p000 a007-p000"
    assert sorted(half)[:4] == first.split()


def test_groups_of_the_same_context_stay_together_through_others():
    texts = [("d", "x"), ("b", "x"), ("b", "y"), ("a", "y"), ("c", "z"), ("e", "w")]
    for order in (texts, texts[::-1], sorted(texts)):
        for share in (0.01, 0.34, 0.67, 0.99):
            held = held_out_groups(order, share)
            assert len(held & {"a", "b", "d"}) in (0, 3)
            assert 0 < len(held) < 5
    with pytest.raises(ValueError, match="same context"):
        held_out_groups([("a", "x"), ("b", "x")], 0.5)


def test_a_split_of_one_paragraph_cannot_be_divided(tmp_path):
    raw = Raw(tmp_path, "xquad")
    raw.add("labelled", "test", "en", range(200, 202))
    sizes = SplitSizes(train=2, dev=0, test=2)
    error = raw.refused("test", ["en"], train_split="test", sizes=sizes)
    assert "cannot be divided" in error.what


# --- the real files --------------------------------------------------------------------------


def real(task: str, names: dict[str, str], split: str) -> Raw:
    raw = Raw(REALDATA, task)
    if not all((REALDATA / name).exists() for name in names.values()):
        pytest.skip("the real files are not there")
    raw.files = [raw_file(REALDATA, n, "labelled", split, code) for code, n in names.items()]
    return raw


@pytest.mark.realdata
def test_real_xquad_is_parallel_and_divided_alike():
    codes = "en es de ar hi zh".split()
    raw = real("xquad", {code: f"xquad/xquad.{code}.json" for code in codes}, "test")
    _, summary = raw.prepare("test", codes, sizes=None)
    assert summary["rows"] == dict.fromkeys(codes, 1_190)
    found = parts(raw, "test", codes, sizes=None)
    tested = found["test"]["en"]
    assert all(side == tested for side in found["test"].values())
    assert all(side.isdisjoint(tested) for side in found["translate_train"].values())
    assert len(tested) + len(found["train"]["en"]) == 1_190
    assert 500 < len(tested) < 700


@pytest.mark.realdata
def test_real_tydiqa_is_divided_by_context():
    path = "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.{}.train.json"
    raw = real("tydiqa", {code: path.format(code) for code in ("en", "ko", "sw")}, "train")
    settings = {"sizes": None, "test_split": "train", "held_out": 0.3}
    trained, _ = raw.prepare("train", ["en"], **settings)
    tested, summary = raw.prepare("test", ["en", "ko", "sw"], **settings)
    assert trained.num_rows + summary["rows"]["en"] == 3_696
    assert 0.25 * 3_696 < summary["rows"]["en"] < 0.35 * 3_696
    assert set(trained["context"].to_pylist()).isdisjoint(tested["context"].to_pylist())


@pytest.mark.realdata
def test_real_mlqa_is_scored_on_its_dev_split():
    path = "mlqa/MLQA_V1/dev/dev-context-{0}-question-{0}.json"
    codes = ["en", "es", "de", "zh"]
    raw = real("mlqa", {code: path.format(code) for code in codes}, "dev")
    _, summary = raw.prepare("test", codes, sizes=None, test_split="dev")
    assert summary["rows"] == {"en": 1148, "es": 500, "de": 512, "zh": 504}
