# SPDX-License-Identifier: Apache-2.0
"""Parallel data: lines, rules, prepared files, overlap, draws, groups."""

import gzip
from collections import Counter

import pyarrow.parquet as pq
import pytest

from xling.data.artificial.streams import Stream
from xling.data.registry import artefacts
from xling.data.tables import languages_of, read_table
from xling.errors import DataError, UsageError
from xling.mt.data.benchmarks import BENCHMARKS, artefacts_of, corpora, draws_of
from xling.mt.data.benchmarks import languages_of as languages_of_task
from xling.mt.data.bitext import AlignedLine, Corpus, LanguagePair, aligned, chained, with_english
from xling.mt.data.filters import Filter, Rules, pairs_of
from xling.mt.data.groups import COLUMNS, by_size, language_groups
from xling.mt.data.lines import iter_lines
from xling.mt.data.overlap import overlaps
from xling.mt.data.published import check_rows, sizes_of
from xling.mt.data.sampling import lines_for_vocabulary, mixture, mixture_size, selected, shares
from xling.mt.data.store import Recipe, read_summary, write_bitext
from xling.mt.data.xnli_parallel import SIZES

NO = frozenset()


def corpus(*pairs, language="de", split="train", **other):
    lines = [AlignedLine(i, one, two) for i, (one, two) in enumerate(pairs, start=1)]
    return Corpus(with_english(language), split, lambda: lines, (), **other)


# Lines


@pytest.mark.parametrize("name", ["x.txt", "x.txt.gz"])
def test_only_a_newline_ends_a_line(tmp_path, name):
    text = "\ufeffa\u2028b\r\nc\rd\x0ce\x85f\n\n g \nlast"
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    assert list(iter_lines(path)) == ["a\u2028b", "c\rd\x0ce\x85f", "", " g ", "last"]


def test_a_cut_gzip_file_is_named(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"some text\n" * 50)[:-9])
    with pytest.raises(DataError) as error:
        list(iter_lines(path))
    assert error.value.where == str(path)


@pytest.mark.parametrize(("first", "second"), [(3, 5), (5, 3), (4, 5)])
def test_two_sides_of_different_length_are_refused_with_both_counts(tmp_path, first, second):
    one, two = tmp_path / "x.en", tmp_path / "x.de"
    one.write_text("a\n" * first)
    two.write_text("b\n" * second)
    with pytest.raises(DataError, match=f"{first} and {second} lines") as error:
        list(aligned(one, two))
    assert error.value.where == f"{one} and {two}"


def test_numbers_go_on_from_file_to_file():
    parts = [corpus(("a", "b"), ("c", "d")).lines, corpus().lines, corpus(("e", "f")).lines]
    assert list(chained(parts)) == [(1, "a", "b"), (2, "c", "d"), (3, "e", "f")]


# Rules


def test_each_rule_counts_what_it_drops():
    one = corpus(
        ("good", "gut"),
        ("SELECT NULL", "x"),  # neulab's reader drops any side with this word
        ("x", "_ _ NULL _ _"),
        ("", "leer"),
        ("invisible", "\u200b \ufeff"),
        ("l" * 12, "x"),
        ("l" * 11, "x"),
        (" two\u2028lines ", "zwei\r\n\x0bZeilen"),
        placeholder="NULL",
    )
    lines = Filter(one, Rules(max_characters=11), NO)
    assert list(lines.kept()) == [
        (1, "good", "gut"),
        (7, "l" * 11, "x"),
        (8, "two lines", "zwei Zeilen"),
    ]
    assert lines.read == 8
    assert lines.dropped == {"null": 2, "empty": 2, "too_long": 1}
    assert lines.repaired == {"separator_inside": 1}


def test_null_is_a_word_where_the_source_has_no_placeholder():
    assert len(list(Filter(corpus(("NULL", "NULL")), Rules(), NO).kept())) == 1


@pytest.mark.parametrize("split", ["dev", "test"])
def test_long_and_repeated_lines_stay_in_dev_and_test(split):
    one = corpus(("l" * 2_000, "x"), ("a", "b"), ("a", "b"), split=split)
    lines = Filter(one, Rules(deduplicate=True), NO)
    assert len(list(lines.kept())) == 3


def test_text_is_cleaned_after_placeholders_are_gone():
    seen = []
    one = corpus(("a .", "NULL"), ("b .", "c ."), placeholder="NULL")
    clean = (lambda text: seen.append(text) or text.replace(" .", "."), str)
    one = Corpus(one.pair, one.split, one.lines, (), "NULL", clean)
    assert list(Filter(one, Rules(), NO).kept()) == [(2, "b.", "c .")]
    assert seen == ["b ."]


def test_deduplication_is_an_option():
    test = corpus(("held ", "out"), split="test")
    train = corpus(("held", "out\u2028"), ("held", "other"), ("a", "b"), ("a", "b"))
    held_out = pairs_of([test])
    plain = Filter(train, Rules(), held_out)
    assert len(list(plain.kept())) == 4
    strict = Filter(train, Rules(deduplicate=True), held_out)
    assert [line.number for line in strict.kept()] == [2, 3]
    assert strict.dropped == {"also_held_out": 1, "repeated": 1}


# Prepared files


def test_rows_and_summary_of_both_directions(tmp_path):
    both = [
        corpus(("one", "eins"), ("", "x"), ("two\x85", "zwei")),
        corpus(("a", "á"), language="cs"),
    ]
    about = {"task": "toy", "variant": "detokenised"}
    for direction, ends in (("o2m", ("en", "de")), ("m2o", ("de", "en"))):
        path = tmp_path / f"{direction}.parquet"
        summary = write_bitext(path, both, direction, Recipe(), about)
        assert summary == read_summary(path)
        assert summary["rows"] == {"de": 2, "cs": 1}
        assert summary["read"] == {"de": 3, "cs": 1}
        assert summary["dropped"] == {"empty": {"de": 1}}
        assert summary["repaired"] == {"separator_inside": {"de": 1}}
        assert (summary["task"], summary["direction"], summary["split"]) == (
            "toy",
            direction,
            "train",
        )
        # The reader of all prepared data takes these files too: a row group per language.
        assert languages_of(path) == ["de", "cs"]
        rows = read_table(path, ["de"]).to_pylist()
        texts = [("one", "eins"), ("two", "zwei")]
        for row, number, pair in zip(rows, ("train-000001", "train-000003"), texts, strict=True):
            source, target = pair if direction == "o2m" else reversed(pair)
            assert row == {
                "id": number,
                "language": "de",
                "source_language": ends[0],
                "target_language": ends[1],
                "source": source,
                "target": target,
            }


def test_a_language_larger_than_a_batch_is_one_row_group_and_equal_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("xling.mt.data.store._ROWS", 3)
    many = corpus(*((f"e{i}", f"d{i}") for i in range(10)))
    for name in ("a", "b"):
        write_bitext(tmp_path / name, [many], "m2o", Recipe(), {})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert pq.read_metadata(tmp_path / "a").num_row_groups == 1
    assert read_table(tmp_path / "a")["source"].to_pylist() == [f"d{i}" for i in range(10)]


def test_drawn_rows_are_exact_ordered_and_counted_after_the_rules(tmp_path):
    many = corpus(*((f"e{i}" if i % 3 else "", f"d{i}") for i in range(90)))
    recipe = Recipe(sizes={"de": 20, "cs": 5}, seed=4)
    summary = write_bitext(
        tmp_path / "a", [many, corpus(("a", "b"), language="cs")], "o2m", recipe, {}
    )
    assert summary["rows"] == {"de": 20, "cs": 1}
    assert summary["not_drawn"] == {"de": 40, "cs": 0}
    assert summary["dropped"] == {"empty": {"de": 30}}
    ids = read_table(tmp_path / "a", ["de"])["id"].to_pylist()
    assert ids == sorted(set(ids))
    again = write_bitext(tmp_path / "b", [many], "o2m", Recipe(sizes={"de": 20}, seed=5), {})
    assert again["settings"]["seed"] == 5
    assert read_table(tmp_path / "b")["id"].to_pylist() != ids


def test_the_first_rows_are_counted_after_the_rules(tmp_path):
    many = corpus(*((f"e{i}" if i else "", f"d{i}") for i in range(9)), split="dev", expected=9)
    summary = write_bitext(tmp_path / "a", [many], "o2m", Recipe(first=3), {})
    assert read_table(tmp_path / "a")["source"].to_pylist() == ["e1", "e2", "e3"]
    assert (summary["read"], summary["not_drawn"]) == ({"de": 9}, {"de": 5})
    with pytest.raises(ValueError, match="either drawn or the first"):
        Recipe(first=3, sizes={"de": 3})


def test_nothing_is_left_behind_when_a_corpus_is_refused(tmp_path):
    for one, words in (
        (corpus(("a", "b"), expected=2), "has 1 lines"),
        (corpus(("a", ""), ("\u200b", "b")), "no line that can be used"),
    ):
        with pytest.raises(DataError, match=words):
            write_bitext(
                tmp_path / "x", [corpus(("a", "b"), language="cs"), one], "o2m", Recipe(), {}
            )
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="two corpora"):
        write_bitext(tmp_path / "x", [corpus(("a", "b"))] * 2, "o2m", Recipe(), {})


def test_held_out_pairs_of_the_same_language_alone(tmp_path):
    train = [corpus(("a", "b"), ("c", "d")), corpus(("a", "b"), language="cs")]
    recipe = Recipe(Rules(deduplicate=True), {"de": [corpus(("a", "b"), split="test")]})
    summary = write_bitext(tmp_path / "x", train, "o2m", recipe, {})
    assert summary["rows"] == {"de": 1, "cs": 1}
    assert summary["dropped"] == {"also_held_out": {"de": 1}}


def test_overlap_by_source_target_pair_and_english(tmp_path):
    train = [corpus(("a", "A"), ("b", "B"), ("c", "C")), corpus(("x", "X"), language="cs")]
    test = [
        corpus(("a", "A"), ("b", "other"), ("new", "C"), ("x", "new"), ("q", "Q"), split="test"),
        corpus(("a", "x"), language="el", split="test"),
    ]
    write_bitext(tmp_path / "train", train, "m2o", Recipe(), {})
    write_bitext(tmp_path / "test", test, "m2o", Recipe(), {})
    one, two = overlaps(tmp_path / "test", tmp_path / "train")
    assert (one.language, one.rows) == ("de", 5)
    # Sources are German here: A and C are known; targets a and b; x is English of Czech rows.
    assert (one.source, one.target, one.pair, one.english) == (2, 2, 1, 3)
    assert (two.language, two.source, two.target, two.pair, two.english) == ("el", 0, 0, 0, 1)


# Draws


def test_shares_by_hand():
    sizes = {"a": 16, "b": 1}
    assert shares(sizes, 1) == pytest.approx({"a": 16 / 17, "b": 1 / 17})
    assert shares(sizes, 4) == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    assert shares(sizes, float("inf")) == pytest.approx({"a": 0.5, "b": 0.5})
    for wrong in (({"a": 0}, 5), ({}, 5), ({"a": 1}, 0.5)):
        with pytest.raises(UsageError):
            shares(*wrong)


def test_mixtures_add_up_and_follow_fairseq():
    sizes = {"a": 16, "b": 1}
    assert mixture(sizes, 10, 4) == {"a": 7, "b": 3}
    assert mixture({"a": 5, "b": 5, "c": 5}, 4) == {"a": 2, "b": 1, "c": 1}
    # r/r_max times the largest: 16 + 8 = 24, and at most 1.5 times 17 lines.
    assert mixture_size(sizes, 4) == 24
    assert mixture_size(sizes, float("inf")) == 25


def test_vocabulary_lines_are_repeated_evenly():
    sizes = {"hi": 4, "de": 1000}
    lines = lines_for_vocabulary(sizes, 300, temperature=5, seed=1)
    wanted = mixture(sizes, 300, 5)
    assert {name: len(numbers) for name, numbers in lines.items()} == wanted
    assert set(Counter(lines["hi"]).values()) <= {wanted["hi"] // 4, wanted["hi"] // 4 + 1}
    assert list(lines["hi"]) == sorted(lines["hi"])
    assert set(lines["hi"]) == set(range(4))
    assert len(set(lines["de"])) == wanted["de"]
    assert max(lines["de"]) < 1000
    assert lines == lines_for_vocabulary(sizes, 300, temperature=5, seed=1)
    assert lines["de"] != lines_for_vocabulary(sizes, 300, temperature=5, seed=2)["de"]


def test_a_language_draws_the_same_lines_whatever_others_there_are():
    one = lines_for_vocabulary({"de": 100, "el": 100}, 40, seed=3)
    two = lines_for_vocabulary({"de": 100, "cs": 100}, 40, seed=3)
    assert one["de"] == two["de"]
    assert one["el"] != one["de"]


def test_selected_is_exact_and_even():
    hits = Counter(n for i in range(4_000) for n in selected(5, 2, Stream("test", i)))
    assert sum(hits.values()) == 8_000
    # 1,600 expected, standard deviation 31.
    assert all(abs(hits[n] - 1_600) < 125 for n in range(5))
    assert list(selected(3, 3, Stream(1))) == [0, 1, 2]
    with pytest.raises(UsageError, match="4 lines are wanted of 3"):
        list(selected(3, 4, Stream(1)))


# Tables of the checkout


def test_groups_of_opus100_are_the_published_ones():
    rows = language_groups("opus100")
    scored = [row for row in rows.values() if row.group]
    assert len(rows) == 99
    assert sum(row.train for row in rows.values()) == 54_656_433
    assert Counter(row.group for row in scored) == {"high": 44, "mid": 29, "low": 21}
    assert Counter(row.alternative for row in scored) == {"high": 45, "mid": 28, "low": 21}
    assert (rows["si"].group, rows["si"].alternative) == ("mid", "high")
    assert (rows["or"].dev, rows["or"].test) == (1_317, 1_318)
    for row in scored:
        limits = {"high": (1_000_000, 1_000_000), "mid": (100_000, 999_999), "low": (1, 99_999)}
        low, high = limits[row.group]
        assert low <= row.train <= high


def test_every_benchmark_has_groups_and_registered_downloads():
    registered = artefacts()
    for task in BENCHMARKS:
        groups = language_groups(task)
        languages = languages_of_task(task)
        assert set(languages) == {code for code, row in groups.items() if row.group}
        assert {groups[code].group for code in languages} >= {"low", "high"}
        assert set(artefacts_of(task, languages)) <= set(registered)
    opus = [one for one in registered.values() if one.dataset == "opus100"]
    assert len(opus) == 100
    assert sum(one.bytes for one in opus if one.key != "opus100-zeroshot") == 2_572_165_277
    with pytest.raises(UsageError, match="wmt11"):
        languages_of_task("wmt11")


def test_sizes_of_ours_are_those_of_the_table():
    assert sizes_of("xnli_parallel", "train") == SIZES.train
    assert set(sizes_of("xnli_parallel", "dev").values()) == {SIZES.dev}
    assert set(sizes_of("xnli_parallel", "test").values()) == {SIZES.test}
    assert sizes_of("wmt6", "train") == draws_of("wmt6")
    assert draws_of("ted8_related") == {}


def test_corpora_by_name_of_the_benchmark(tmp_path):
    folder = tmp_path / "ted-talks"
    folder.mkdir()
    (folder / "all_talks_dev.tsv").write_text("en\taz\tpt\tpt-br\ttalk_name\na\tb\tc\td\tt\n")
    found = corpora("ted8_related", tmp_path, ["por", "aze"], "dev", "o2m", "tokenised")
    assert [list(one.lines()) for one in found] == [[(1, "a", "d")], [(1, "a", "b")]]
    with pytest.raises(UsageError, match="ted8_diverse has no language 'aze'"):
        corpora("ted8_diverse", tmp_path, ["aze"], "dev", "o2m", "tokenised")


def test_published_rows_may_differ_by_one_percent(tmp_path):
    assert sizes_of("ted8_related", "test") == {
        "aze": 903, "bel": 664, "glg": 1_007, "tur": 5_029, "rus": 5_476,
    }  # fmt: skip
    check_rows("ted8_diverse", "train", {"bos": 5_608, "hin": 18_985}, tmp_path)
    with pytest.raises(DataError, match="'bos' has 5,606 pairs"):
        check_rows("ted8_diverse", "train", {"bos": 5_606}, tmp_path)


def test_halves_by_size():
    assert by_size({"a": 3, "b": 1, "c": 2, "d": 4}) == {
        "a": "high", "b": "low", "c": "low", "d": "high",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("t,de,middle,,1,1,1,s,s", "'middle' is no group"),
        ("t,de,low,,many,1,1,s,s", "'many' is no number"),
        ("t,de,low,,1,1,1,s,", "names no source"),
        ("t,de,low", "has not 9 fields"),
        ("t,en,low,,1,1,1,s,s", "'en' twice"),
    ],
)
def test_a_damaged_table_of_groups_is_told(tmp_path, row, words):
    path = tmp_path / "groups.csv"
    path.write_text(f"{','.join(COLUMNS)}\nt,en,low,,1,1,1,s,s\n{row}\n")
    with pytest.raises(DataError, match=words):
        language_groups("t", path)


def test_a_zero_shot_pair_has_both_codes_as_its_name():
    pair = LanguagePair("ar", "de")
    assert (pair.language, pair.directed("o2m"), pair.directed("m2o")) == (
        "ar-de",
        ("ar", "de"),
        ("de", "ar"),
    )
