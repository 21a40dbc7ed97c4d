# SPDX-License-Identifier: Apache-2.0
"""Prepared parallel data: rules, grouping, caps, held-out sentences, overlap with tests."""

import json
import random

import pyarrow.parquet as pq
import pytest

from conftest import REALDATA
from xling.data.tables import table_of, write_table
from xling.distill.data import held_out, store, xnli
from xling.distill.data.corpus import ParallelCorpus, SentencePair
from xling.distill.data.overlap import TestTexts, key_of, retrieval_texts
from xling.distill.data.rules import Rules
from xling.distill.data.selection import Recipe
from xling.errors import DataError


def corpus(pairs, name="Talks", language="de", dev=None, file=()):
    def reader(rows):
        rows = [SentencePair(i, *row) for i, row in enumerate(rows, start=1)]
        return lambda dropped: iter(rows)

    return ParallelCorpus(name, language, reader(pairs), tuple(file), reader(dev) if dev else None)


def write(tmp_path, *corpora, **recipe):
    """Write corpora; return the rows by file, as (id, corpus, language, source, target)."""
    recipe = Recipe(**{"held_out": 0, **recipe})
    files = tmp_path / "train.parquet", tmp_path / "dev.parquet"
    summary = store.write_parallel(*files, corpora, recipe, {"origin": "here"})
    names = ["id", "corpus", "language", "source", "target"]
    rows = [
        [tuple(row[name] for name in names) for row in pq.read_table(file).to_pylist()]
        for file in files
    ]
    return rows[0], rows[1], summary


def many(count, seed=0, language="de"):
    words = [f"word{i}" for i in range(200)]
    rng = random.Random(seed)
    rows = {}
    while len(rows) < count:
        text = " ".join(rng.choice(words) for _ in range(6))
        rows[text] = f"{language} {text}"
    return list(rows.items())


def test_rows_of_one_source_stand_together_and_rules_are_counted(tmp_path):
    rows = [
        ("A", "a"), ("B", "b"), ("A", "a2"), ("A", "a"), ("C", " "), ("\u200b", "c"),
        ("D" * 11, "d"), ("e", "x" * 11), ("F\u2028f", "f"), ("B ", "b"), ("10 letters", "ok"),
    ]  # fmt: skip
    train, dev, summary = write(tmp_path, corpus(rows), rules=Rules(max_characters=10))
    assert train == [
        ("train-000001", "Talks", "de", "A", "a"),
        ("train-000003", "Talks", "de", "A", "a2"),
        ("train-000002", "Talks", "de", "B", "b"),
        ("train-000009", "Talks", "de", "F f", "f"),
        ("train-000011", "Talks", "de", "10 letters", "ok"),
    ]
    assert dev == []
    counted = {rule: by["Talks"]["de"] for rule, by in summary["dropped"].items()}
    assert counted == {"repeated": 2, "empty": 2, "too_long": 2}
    assert summary["repaired"] == {"separator_inside": {"Talks": {"de": 1}}}
    assert summary["read"]["Talks"]["de"] == 11 == len(train) + sum(counted.values())
    assert summary["sources"]["Talks"]["de"] == 4


def test_grouping_equals_a_slow_version(tmp_path):
    rng = random.Random(3)
    rows = [(f"s{rng.randint(0, 9)}", f"t{rng.randint(0, 9)}") for _ in range(120)]
    train, _, _ = write(tmp_path, corpus(rows))
    slow = {}
    for source, target in rows:
        slow.setdefault(source, {})[target] = None
    assert [row[3:] for row in train] == [(s, t) for s, targets in slow.items() for t in targets]


def test_ids_are_unique_where_a_line_has_several_translations(tmp_path):
    def reader(dropped):
        for number, target in ((1, "x"), (1, "y"), (1, "z"), (2, "w")):
            yield SentencePair(number, f"s{number}", target)

    train, _, _ = write(tmp_path, ParallelCorpus("MUSE-all", "mul", reader, ()))
    assert [row[0] for row in train] == [
        "train-000001", "train-000001.2", "train-000001.3", "train-000002",
    ]  # fmt: skip


def test_each_corpus_has_one_row_group_per_language(tmp_path):
    corpora = [
        corpus([("A", "a"), ("B", "b")]),
        corpus([("A", "x")], language="fr"),
        corpus([("C", "c")], name="MUSE"),
    ]
    _, _, summary = write(tmp_path, *corpora)
    found = store.parts(tmp_path / "train.parquet")
    assert found == [("Talks", "de", 2, 0), ("Talks", "fr", 1, 1), ("MUSE", "de", 1, 2)]
    part = store.read_part(tmp_path / "train.parquet", found[1], ["target", "source"])
    assert part.to_pydict() == {"target": ["x"], "source": ["A"]}
    for name in ("train", "dev"):
        assert store.read_summary(tmp_path / f"{name}.parquet") == json.loads(json.dumps(summary))
    assert summary["origin"] == "here"
    assert store.parts(tmp_path / "dev.parquet") == []
    with pytest.raises(ValueError, match="twice"):
        write(tmp_path, corpora[0], corpora[0])


def test_caps_keep_the_first_pairs_of_a_corpus_and_language(tmp_path):
    rows = [("A", "a"), ("A", "a"), ("B", "b"), ("C", "c"), ("A", "a")]
    train, _, summary = write(
        tmp_path,
        corpus(rows),
        corpus(rows, language="fr"),
        corpus(rows, name="MUSE"),
        cap=2,
        caps={("Talks", "fr"): 1},
    )
    assert [row[1:4] for row in train] == [
        ("Talks", "de", "A"), ("Talks", "de", "B"), ("Talks", "fr", "A"), ("MUSE", "de", "A"),
        ("MUSE", "de", "B"),
    ]  # fmt: skip
    assert summary["dropped"]["over_cap"] == {"Talks": {"de": 1, "fr": 2}, "MUSE": {"de": 1}}
    assert summary["dropped"]["repeated"]["Talks"] == {"de": 2, "fr": 2}


def test_held_out_sentences_are_in_no_training_pair_of_any_language(tmp_path):
    rows = many(300)
    fr = [(source, f"fr {source}") for source, _ in rows]
    # A target of de as a source elsewhere, and a second translation of every sentence.
    other = [(target, f"other {source}") for source, target in rows]
    twice = rows + [(source, f"again {source}") for source, _ in rows]
    train, dev, summary = write(
        tmp_path,
        corpus(twice),
        corpus(fr, language="fr"),
        corpus(other, name="Other"),
        held_out=20,
    )
    assert summary["dev_rows"] == {"Talks": {"de": 40, "fr": 20}, "Other": {"de": 20}}
    held = {text for row in dev for text in row[3:]}
    assert not held & {text for row in train for text in row[3:]}
    by_language = {
        code: {row[3] for row in dev if row[1:3] == ("Talks", code)} for code in ("de", "fr")
    }
    assert by_language["de"] == by_language["fr"], "the same sentences in all languages"
    de = [row for row in dev if row[1:3] == ("Talks", "de")]
    assert [row[3] for row in de[::2]] == [row[3] for row in de[1::2]], "translations together"
    for name, code, rows_read in (("Talks", "de", 600), ("Talks", "fr", 300), ("Other", "de", 300)):
        dropped = sum(by.get(name, {}).get(code, 0) for by in summary["dropped"].values())
        kept = summary["rows"][name][code] + summary["dev_rows"][name][code]
        assert kept + dropped == rows_read == summary["read"][name][code]


def drawn(rows, count, seed=1):
    """Return the sentences that are held out."""
    own = held_out.draw([SentencePair(1, *row) for row in rows], count, seed)
    return {row[0] for row in rows if held_out.group_of(SentencePair(1, *row)) in own.groups}


def test_held_out_sentences_do_not_depend_on_order_or_other_rows():
    rows = many(400)
    first = drawn(rows, 30)
    assert len(first) == 30
    assert drawn(rows[::-1], 30) == first
    assert drawn(rows * 2, 30) == first
    assert drawn(rows, 30, seed=2) != first
    assert drawn(rows, 20) < first
    fewer = [row for row in rows if row[0] not in first][:100] + [r for r in rows if r[0] in first]
    assert drawn(fewer, 13) == drawn(rows, 13)
    assert len(drawn(rows, 1000)) == 40, "a tenth at most"
    assert drawn(rows, 0) == set()


def test_groups_are_held_out_whole():
    rows = [(f"s{i}", f"t{i}", f"g{i // 4}") for i in range(400)]
    found = drawn(rows, 30)
    assert len(found) == 28
    groups = {row[2] for row in rows if row[0] in found}
    assert found == {row[0] for row in rows if row[2] in groups}


def test_a_published_development_part_is_used_and_kept_out_of_training(tmp_path):
    talks = corpus(
        [("A", "a"), ("B", "b"), ("C", "x")], dev=[("A", "other"), ("A", "other"), ("Q", "x")]
    )
    train, dev, summary = write(tmp_path, talks, held_out=5)
    assert [row[3:] for row in train] == [("B", "b")]
    assert [row[:1] + row[3:] for row in dev] == [
        ("dev-000001", "A", "other"), ("dev-000003", "Q", "x"),
    ]  # fmt: skip
    assert summary["dropped"] == {"held_out": {"Talks": {"de": 2}}}
    assert summary["dev_dropped"] == {"repeated": {"Talks": {"de": 1}}}
    assert summary["read"]["Talks"]["de"] == 6


def test_equal_input_gives_equal_bytes_and_failure_leaves_nothing(tmp_path):
    rows = many(200)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, corpus(rows), held_out=10)
    for file in ("train.parquet", "dev.parquet"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()

    def broken(dropped):
        yield SentencePair(1, "A", "a")
        if dropped is not None and started:
            raise DataError("cut off")
        started.append(1)

    started = []
    (tmp_path / "three").mkdir()
    with pytest.raises(DataError, match="cut off"):
        write(tmp_path / "three", corpus(rows), ParallelCorpus("X", "de", broken, ()))
    assert list((tmp_path / "three").iterdir()) == []


def test_a_corpus_without_usable_pairs_is_an_error_that_says_why(tmp_path):
    with pytest.raises(DataError, match="Talks 'de' has no pair") as error:
        write(tmp_path, corpus([("A", ""), ("x" * 300, "b")]))
    assert "empty 1, too_long 1" in error.value.allowed


def test_equal_texts_share_letters_and_digits():
    assert key_of("Don't  GO, now!") == key_of("don t go now")
    assert key_of("\uff21\uff22\uff11") == key_of("ab1")
    assert key_of("नमस्ते") != key_of("नमसत")
    assert key_of("ab") != key_of("a b")
    assert key_of("?!") != key_of("...")


TESTS = {"sts": ["The cat sat.", "Der Hund"], "tatoeba": ["the CAT sat", "Fish"]}
OVERLAPPING = [
    ("the cat sat!", "die Katze"), ("A dog", "der hund."), ("fish", "Der Hund"), ("new", "neu"),
]  # fmt: skip


def test_overlap_with_test_sets_is_measured(tmp_path):
    _, _, summary = write(tmp_path, corpus(OVERLAPPING), tests=TestTexts(TESTS))
    assert summary["overlap"]["Talks"]["de"] == {
        "sts": {"pairs": 3, "source": 1, "target": 2, "both": 0, "test_texts": 2},
        "tatoeba": {"pairs": 2, "source": 2, "target": 0, "both": 0, "test_texts": 2},
    }
    assert summary["settings"]["tests"] == {"sts": 2, "tatoeba": 2}
    both = [("Fish", "fish!")]
    _, _, summary = write(tmp_path, corpus(both), tests=TestTexts(TESTS))
    assert summary["overlap"]["Talks"]["de"]["tatoeba"] == {
        "pairs": 1, "source": 1, "target": 1, "both": 1, "test_texts": 1,
    }  # fmt: skip


def test_overlap_can_be_dropped(tmp_path):
    rules = Rules(without_tests=True)
    train, _, summary = write(tmp_path, corpus(OVERLAPPING), tests=TestTexts(TESTS), rules=rules)
    assert [row[3] for row in train] == ["new"]
    assert summary["dropped"] == {
        "in_test:sts": {"Talks": {"de": 3}},
    }
    assert summary["overlap"]["Talks"]["de"]["sts"]["pairs"] == 0


def test_texts_of_prepared_retrieval_data(tmp_path):
    from xling.data.readers.rows import SideRow

    rows = [SideRow("1", "de", "source", "Hund", ("1",)), SideRow("1", "de", "target", "dog", ())]
    write_table(tmp_path / "t.parquet", table_of(rows, "retrieval"), {})
    assert list(retrieval_texts(tmp_path / "t.parquet")) == ["Hund", "dog"]


@pytest.mark.realdata
@pytest.mark.skipif(not (REALDATA / "xnli").is_dir(), reason="no real data")
def test_real_xnli_as_parallel_text(tmp_path):
    languages = ["de", "sw"]
    corpora = xnli.corpora(REALDATA / "xnli", languages)
    train, dev, summary = write(tmp_path, *corpora, held_out=200)
    for code in languages:
        read = summary["read"]["XNLI"][code]
        dropped = sum(by["XNLI"].get(code, 0) for by in summary["dropped"].values())
        assert (
            read
            == 4980
            == dropped + summary["rows"]["XNLI"][code] + summary["dev_rows"]["XNLI"][code]
        )
        assert 150 < summary["dev_rows"]["XNLI"][code] <= 220
    sources = [{row[3] for row in rows if row[2] == "de"} for rows in (train, dev)]
    assert not sources[0] & sources[1]
