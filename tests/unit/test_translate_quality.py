# SPDX-License-Identifier: Apache-2.0
"""The quality report: shares and ratios by hand, chrF and BLEU as sacreBLEU has them."""

from __future__ import annotations

import pytest
import sacrebleu

from xling.data.readers.rows import QuestionRow, Row, TaggedRow
from xling.translate.compare import by_id, label_agreement, row_texts, sampled, text_pairs
from xling.translate.engine import Translation
from xling.translate.quality import against, text_quality

FOUND = {
    "aaaa": Translation("bb", -1.0),
    "aa": Translation("bbbb", -2.0, ("long",)),
    "cc": Translation(" ", None, ("cut", "empty")),
    "dddd": Translation("eeee", -3.0),
}


def test_what_needs_no_reference():
    found = text_quality(FOUND)
    assert found["sentences"] == 4
    assert found["translated"] == 0.75
    assert found["flagged"] == 0.5
    assert found["flags"] == {"cut": 0.25, "empty": 0.25, "long": 0.25}
    assert found["length_ratio"] == pytest.approx({"5 %": 0.55, "median": 1.0, "95 %": 1.9})
    assert found["score"] == -2.0


def test_nothing_is_no_number():
    found = text_quality({})
    assert found["sentences"] == 0
    assert found["translated"] is found["flagged"] is found["score"] is None
    assert set(found["length_ratio"].values()) == {None}


def test_against_references():
    hypotheses = ["the dog\truns home now", "a cat", ""]
    references = ["the dog runs home today", "a cat sleeps", "x"]
    found = against(list(zip(hypotheses, references, strict=True)), "en")
    hypotheses[0] = "the dog runs home now"
    bleu = sacrebleu.corpus_bleu(hypotheses, [references], force=True).score
    chrf = sacrebleu.corpus_chrf(hypotheses, [references], word_order=2).score
    assert (found["bleu"], found["chrf++"]) == (pytest.approx(bleu), pytest.approx(chrf))
    assert found["sentences"] == 3
    assert all("version" in one for one in found["signatures"].values())
    assert against([], "en") is None


def pair(number, one, two, language="de"):
    return Row(str(number), language, one, two, "0", number)


def tagged(number, words, tags):
    return TaggedRow(str(number), "de", tuple(words.split()), tuple(tags.split()), None, number)


def question(number, answer, context="a b c"):
    start = (context.index(answer),) if answer else ()
    return QuestionRow(str(number), "de", "de", "g", context, "who", (answer,) * len(start), start)


def test_texts_of_rows():
    assert row_texts(pair(1, "eins", "zwei"), "de") == ("eins", "zwei")
    assert row_texts(pair(1, "NS", "zwei"), "de") == ()
    row = tagged(1, "安 娜 AB CD", "O O O O")
    assert row_texts(row, "zh") == ("安娜AB CD",)
    assert row_texts(row, "de") == ("安 娜 AB CD",)
    assert row_texts(question(1, "b"), "de") == ("a b c", "who")


def test_rows_are_compared_by_id_and_equal_pairs_once():
    rows = [pair(1, "eins", "zwei"), pair(2, "NS", "drei"), pair(3, "eins", "vier")]
    rows.append(pair(4, "fünf", "sechs"))
    others = by_id([pair(3, "one", "four"), pair(1, "one", "two"), pair(2, "x", "three")])
    expected = [("eins", "one"), ("zwei", "two"), ("vier", "four")]
    assert text_pairs(rows, "de", others, "en") == expected


def test_samples_do_not_depend_on_order():
    rows = [pair(i, "a", "b") for i in range(50)]
    some = sampled(rows, 20)
    assert len(some) == 20
    assert [row.line for row in some] == sorted(row.line for row in some)
    assert sampled(rows[::-1], 20) == some[::-1]
    # A smaller sample is part of a larger one.
    assert set(sampled(rows, 5)) < set(some)
    assert sampled(rows, 99) == rows


def test_entities_against_exact_ones():
    exact = by_id([tagged(1, "Anna B isst", "B-PER I-PER O"), tagged(2, "x Rom", "O B-LOC")])
    rows = [tagged(1, "Anna B isst", "B-PER O O"), tagged(2, "in Rom", "O B-LOC")]
    rows.append(tagged(3, "Rom", "B-LOC"))
    found = label_agreement(rows, exact)
    assert found[:5] == (2, 2, 50, 50, 50)
    assert found.overlap is None


def test_words_with_their_tags_against_exact_ones():
    exact = by_id([tagged(1, "a b b", "DET NOUN NOUN")])
    row = TaggedRow("1", "de", ("b", "a", "c"), ("NOUN", "DET", ""), None, 1)
    found = label_agreement([row], exact)
    # Words without a tag say nothing; both words that have one are right, one of three is missing.
    assert (found.labels, found.precision) == (3, 100)
    assert found.recall == pytest.approx(200 / 3)


def test_answers_against_exact_ones():
    exact = by_id([question(1, "a b"), question(2, "c")])
    found = label_agreement([question(1, "b"), question(2, "c"), question(3, "a")], exact)
    assert (found.rows, found.labels, found.precision, found.recall) == (2, 2, 50, 50)
    # "b" shares one of two words: 2/3.
    assert found.overlap == pytest.approx(100 * (2 / 3 + 1) / 2)
    assert label_agreement([pair(1, "a", "b")], by_id([pair(1, "a", "b")])) is None
