# SPDX-License-Identifier: Apache-2.0
"""Translations of pairs and tagged sentences, read by the readers of published ones."""

from __future__ import annotations

import pytest
from translate_products import CODE, Bench, Straight, Swapping, swapped

from xling.data.prepare_pairs import UNTRANSLATED as NS_DROPPED
from xling.data.readers.rows import Row, TaggedRow
from xling.data.tag_projection import carry_entities
from xling.errors import DataError, UsageError
from xling.translate.engine import Translation
from xling.translate.products.ask import SOURCE_KEPT, UNTRANSLATED, UNWRITABLE, WHOLE, Ask
from xling.translate.products.build import build, file_of, wanted
from xling.translate.products.tagged import NO_LABELS
from xling.translate.products.texts import one_line
from xling.translate.project.artificial import MarkedArtificial
from xling.translate.project.markers import LOST
from xling.translate.project.measure import exact_sentences
from xling.translate.project.settings import Projection

MARKERS, ALIGNMENT = Projection("markers"), Projection("alignment")
TRAIN, TEST, BACK = (
    Ask("xnli", role, CODE) for role in ("translate_train", "translate_test", "back_translation")
)


@pytest.fixture
def xnli(tmp_path) -> Bench:
    return Bench("xnli", tmp_path)


@pytest.fixture
def panx(tmp_path) -> Bench:
    return Bench("panx", tmp_path)


def columns(table, *names):
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


def test_training_pairs_are_translated_and_keep_their_labels(xnli):
    rows, engine = xnli.prepared("train", "en"), Swapping()
    text, counts = xnli.make(TRAIN, rows, engine)
    assert counts.written == 24
    assert {asked[1:] for asked in engine.asked} == {("en", CODE)}
    assert len(engine.asked) == len({s for row in rows for s in row[2:4]})
    first = rows[0]
    pair = [first.sentence1, first.sentence2]
    assert text.split("\n")[0].split("\t") == [*pair, *map(swapped, pair), first.label]
    table, summary = xnli.table("translate_train")
    expected = [(r.id, swapped(r.sentence1), swapped(r.sentence2), r.label) for r in rows]
    assert columns(table, "id", "sentence1", "sentence2", "label") == expected
    assert not summary["dropped"]


@pytest.mark.parametrize("why", ["empty", "flag"])
def test_training_pairs_without_translation_are_left_out_and_counted(xnli, why):
    rows = xnli.prepared("train", "en")
    lost = rows[3].sentence2
    gone = [row.id for row in rows if lost in row[2:4]]
    engine = Swapping({lost}) if why == "empty" else Swapping(flags={lost: ("long", "repeated")})
    ask = Ask("xnli", "translate_train", CODE, refused=frozenset({"repeated"}))
    _, counts = xnli.make(ask, rows, engine)
    assert counts.dropped == {UNTRANSLATED: len(gone)}
    table, summary = xnli.table("translate_train")
    assert table["id"].to_pylist() == [row.id for row in rows if row.id not in gone]
    assert summary["dropped"] == {NS_DROPPED: {CODE: len(gone)}}


def test_training_pairs_may_keep_the_source(xnli):
    rows = xnli.prepared("train", "en")
    lost = rows[3].sentence2
    ask = Ask("xnli", "translate_train", CODE, untranslated="source")
    _, counts = xnli.make(ask, rows, Swapping({lost}))
    kept = sum(lost in row[2:4] for row in rows)
    assert counts.kept == {SOURCE_KEPT: kept}
    table, _ = xnli.table("translate_train")
    row = table.to_pylist()[3]
    assert (row["sentence1"], row["sentence2"]) == (swapped(rows[3].sentence1), lost)


def test_no_test_pair_is_left_out(xnli):
    rows, engine = xnli.prepared("test", CODE), Swapping()
    engine.silent = {rows[0].sentence1}
    _, counts = xnli.make(TEST, rows, engine)
    assert {asked[1:] for asked in engine.asked} == {(CODE, "en")}
    assert counts.written == 16
    assert counts.kept[SOURCE_KEPT] >= 1
    table, _ = xnli.table("translate_test")
    assert table["id"].to_pylist() == [row.id for row in rows]
    assert table["sentence1"].to_pylist()[0] == rows[0].sentence1


def test_dev_sets_lie_beside_test_sets(xnli):
    ask = Ask("xnli", "translate_dev", CODE)
    _, counts = xnli.make(ask, xnli.prepared("dev", CODE), Swapping())
    assert counts.written == 12
    file = xnli.manifest.files[-1]
    assert (file.role, file.split, file.format) == ("translate_test", "dev", "xtreme-translation")
    assert file.path == f"xtreme_translations/XNLI/translate-dev/dev-{CODE}-en-translated.tsv"
    # The test split still finds its own file.
    assert len(xnli.table("translate_test")[0]) == 16


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_pairs_come_back_in_the_order_of_the_english_rows(tmp_path, task):
    bench = Bench(task, tmp_path)
    english = bench.prepared("train", "en")
    bench.make(Ask(task, "translate_train", CODE), english, Swapping({english[2].sentence1}))
    there = bench.prepared("translate_train", CODE)
    assert len(there) < len(english)
    ask = Ask(task, "back_translation", CODE)
    text, counts = bench.make(ask, there, Swapping(), english=english)
    assert len(text.splitlines()) == 1 + len(english)
    assert counts.written == len(there)
    table, _ = bench.table("back_translate")
    kept = {row.id for row in there}
    expected = [(r.id, r.sentence1, r.sentence2, r.label) for r in english if r.id in kept]
    assert columns(table, "id", "sentence1", "sentence2", "label") == expected


def test_english_rows_that_are_missing_would_shift_the_others(xnli):
    english = xnli.prepared("train", "en")
    with pytest.raises(DataError, match="row 2 has the id 'train-000003'"):
        xnli.make(BACK, english, Swapping(), english=[english[0], *english[2:]])
    with pytest.raises(DataError, match="there are none"):
        xnli.make(BACK, english, Swapping())


def test_untranslated_rows_of_pawsx_stay_so():
    rows = [Row("1", CODE, "NS", "b", "0", 1), Row("2", CODE, "c", "d", "1", 2)]
    ask = Ask("pawsx", "translate_test", CODE)
    listed = wanted(ask, rows)
    assert listed == ["c", "d"]
    found = dict(zip(listed, Swapping().translate(listed, CODE, "en"), strict=True))
    text, counts = build(ask, rows, found)
    assert text == "NS\tb\tNS\tNS\t0\nc\td\tC\tD\t1\n"
    assert counts.kept == {"placeholder NS": 1}
    assert counts.written == 2


def test_sentences_that_no_line_can_hold_are_counted():
    rows = [Row("1", "en", "a\tb", "c", "neutral", 1)]
    found = {"a\tb": Translation("x"), "c": Translation("y")}
    text, counts = build(TRAIN, rows, found)
    assert (text, counts.dropped) == ("", {UNWRITABLE: 1})


def test_one_line():
    assert one_line(" a\tb\r\n c\u2028d\u00a0e\x00f ") == "a b c d e f"
    assert one_line("a\u200cb\u200f") == "a\u200cb\u200f"


def test_a_sentence_that_was_not_asked_for_is_an_error(xnli):
    with pytest.raises(DataError, match="no entry among the translations"):
        build(TRAIN, xnli.prepared("train", "en"), {})


# Tagging


def test_entities_travel_with_markers(panx):
    rows, engine = panx.prepared("train", "en"), Swapping()
    ask = Ask("panx", "translate_train", CODE, MARKERS)
    _, counts = panx.make(ask, rows, engine)
    entities = sum(tag[0] == "B" for row in rows for tag in row.tags)
    assert (counts.labels, counts.projected, counts.failed) == (entities, entities, {})
    table, summary = panx.table("translate_train")
    expected = [(list(map(swapped, row.tokens)), list(row.tags)) for row in rows]
    assert columns(table, "tokens", "tags") == expected
    assert not summary["dropped"]


def test_entities_that_move_travel_with_markers(tmp_path):
    bench = Bench("panx", tmp_path, noise=0.1)
    exacts = exact_sentences(bench.settings, CODE, 40, "train")
    rows = [
        TaggedRow(f"train-{i:06d}", "en", one.source, one.tags, None, i)
        for i, one in enumerate(exacts, 1)
    ]
    ask = Ask("panx", "translate_train", CODE, MARKERS)
    listed = wanted(ask, rows)
    engine = MarkedArtificial(exacts, CODE)
    found = dict(zip(listed, engine.translate(listed, "en", CODE), strict=True))
    text, counts = build(ask, rows, found)
    assert counts.written + counts.dropped.total() == 40
    right = total = 0
    known = {one.text: one for one in exacts}
    for line in text.splitlines():
        source, code, target, links = line.split("\t")
        one = known[source]
        assert (code, tuple(target.split())) == (CODE, one.tokens)
        pairs = [tuple(map(int, pair.split("/"))) for pair in links.split()]
        carried = carry_entities(one.tags, pairs, len(one.tokens)).tags
        gold = carry_entities(one.tags, one.links, len(one.tokens)).tags
        assert len(carried) == len(one.tokens)
        right += sum(x == y for x, y in zip(carried, gold, strict=True))
        total += len(gold)
    assert right / total > 0.97


@pytest.mark.parametrize("failed", ["drop", "whole"])
def test_lost_markers(panx, failed):
    rows = panx.prepared("train", "en")
    row = next(row for row in rows if "B-PER" in row.tags)
    count = sum(tag[0] == "B" for tag in row.tags)
    ask = Ask("panx", "translate_train", CODE, Projection("markers", failed=failed))
    engine = Swapping(forgets={" ".join(row.tokens)})
    listed = wanted(ask, rows)
    found = dict(zip(listed, engine.translate(listed, "en", CODE), strict=True))
    text, counts = build(ask, rows, found)
    assert counts.failed == {LOST: count}
    line = next((li for li in text.splitlines() if li.startswith(" ".join(row.tokens))), None)
    if failed == "drop":
        assert (line, counts.dropped) == (None, {NO_LABELS: 1})
    else:
        assert counts.kept == {WHOLE: 1}
        links = [tuple(map(int, pair.split("/"))) for pair in line.split("\t")[3].split()]
        carried = carry_entities(row.tags, links, len(row.tokens))
        assert carried.tags == ("O",) * len(row.tokens)


@pytest.mark.parametrize("task", ["udpos", "panx"])
def test_tags_travel_by_alignment(tmp_path, task):
    bench = Bench(task, tmp_path)
    rows = bench.prepared("train", "en")
    ask = Ask(task, "translate_train", CODE, ALIGNMENT)
    _, counts = bench.make(ask, rows, Swapping(), aligner=Straight())
    assert counts.projected == counts.labels == sum(len(row.tokens) for row in rows)
    table, _ = bench.table("translate_train")
    expected = [(list(map(swapped, row.tokens)), list(row.tags)) for row in rows]
    assert columns(table, "tokens", "tags") == expected


def test_words_of_a_test_set_are_linked(panx):
    rows = panx.prepared("test", CODE)
    ask = Ask("panx", "translate_test", CODE, ALIGNMENT)
    lost = " ".join(rows[0].tokens)
    _, counts = panx.make(ask, rows, Swapping({lost}), aligner=Straight())
    assert counts.kept == {SOURCE_KEPT: sum(row.tokens == rows[0].tokens for row in rows)}
    table, _ = panx.table("translate_test")
    found = columns(table, "tokens", "tags", "links")
    assert [links for *_, links in found] == [list(range(len(row.tokens))) for row in rows]
    assert found[0][0] == list(rows[0].tokens)
    assert found[-1][0] == [swapped(token) for token in rows[-1].tokens]
    assert [tuple(tags) for _, tags, _ in found] == [row.tags for row in rows]


def test_soft_labels_need_no_links(panx):
    rows = panx.prepared("train", "en")
    ask = Ask("panx", "translate_train", CODE, Projection("soft_labels"))
    text, counts = panx.make(ask, rows, Swapping())
    assert counts.written == len(rows)
    fields = text.splitlines()[0].split("\t")
    assert fields == [" ".join(rows[0].tokens), CODE, swapped(" ".join(rows[0].tokens)), ""]


def test_chinese_is_tagged_by_character():
    rows = [TaggedRow("train-000001", "en", ("Anna", "sleeps"), ("B-PER", "O"), None, 1)]
    ask = Ask("panx", "translate_train", "zh", MARKERS)
    (listed,) = wanted(ask, rows)
    assert listed == "<a>Anna</a> sleeps"
    text, _ = build(ask, rows, {listed: Translation("<a> 安娜 </a> 睡觉")})
    assert text == "Anna sleeps\tzh\t安 娜 睡 觉\t0/0 0/1 1/2 1/3\n"


def test_words_with_blanks_and_sentences_without_words_are_counted():
    rows = [
        TaggedRow("train-000001", "en", ("1 000", "dogs"), ("NUM", "NOUN"), None, 1),
        TaggedRow("train-000002", "en", ("dogs",), ("NOUN",), None, 2),
    ]
    ask = Ask("udpos", "translate_train", CODE, ALIGNMENT)
    found = {"1 000 dogs": Translation("x"), "dogs": Translation("\u200f ")}
    text, counts = build(ask, rows, found, aligner=Straight())
    assert (text, counts.dropped) == ("", {UNWRITABLE: 1, UNTRANSLATED: 1})


def test_tagged_sentences_come_back_line_by_line(panx):
    english = panx.prepared("train", "en")
    there = [row._replace(language=CODE) for row in english if row is not english[1]]
    ask = Ask("panx", "back_translation", CODE)
    text, counts = panx.make(ask, there, Swapping(), english=english)
    blocks = text.split("\n\n")
    assert len(blocks) == len(english) + 1
    assert blocks[1] == "\tO"
    assert blocks[0].split("\n") == [f"{swapped(token)}\tO" for token in english[0].tokens]
    assert counts.written == len(english) - 1


# What cannot be asked for


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (("tatoeba", "translate_test", CODE), "tatoeba is not translated"),
        (("nothing", "translate_test", CODE), "nothing is not translated"),
        (("xnli", "translate_train", "en"), "English is what is translated"),
        (("mlqa", "translate_train", CODE, MARKERS), "no training set of its own"),
        (("panx", "translate_train", CODE), "a projection is missing"),
        (("xnli", "translate_train", CODE, MARKERS), "labels are copied here"),
        (("panx", "back_translation", CODE, MARKERS), "labels are copied here"),
        (("udpos", "translate_train", CODE, MARKERS), "markers are for spans"),
    ],
)
def test_what_cannot_be_made(values, what):
    with pytest.raises(UsageError, match=what):
        Ask(*values)


def test_an_aligner_belongs_to_the_method_alignment(panx):
    rows = panx.prepared("train", "en")
    with pytest.raises(UsageError, match="an aligner is missing"):
        build(Ask("panx", "translate_train", CODE, ALIGNMENT), rows, {})
    with pytest.raises(UsageError, match="nothing is aligned"):
        build(Ask("panx", "translate_train", CODE, MARKERS), rows, {}, aligner=Straight())


@pytest.mark.parametrize(
    ("ask", "path"),
    [
        (Ask("pawsx", "translate_train", "de"), "PAWSX/translate-train/en-de-translated.tsv"),
        (Ask("panx", "translate_train", "de", MARKERS), "translate_train.panx.de.txt"),
        (Ask("udpos", "translate_dev", "de", ALIGNMENT), "translate_dev.udpos.de.txt"),
        (
            Ask("mlqa", "translate_dev", "de", ALIGNMENT),
            "MLQA/translate-dev/mlqa.translate.dev.de-en.json",
        ),
        (
            Ask("xquad", "translate_train", "de", ALIGNMENT),
            "SQuAD/translate-train/squad.translate.train.en-de.json",
        ),
    ],
)
def test_paths(ask, path):
    assert file_of(ask)[0] == f"xtreme_translations/{path}"
