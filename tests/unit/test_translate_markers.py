# SPDX-License-Identifier: Apache-2.0
"""Words and their places, markers put in and taken out, phrases looked up."""

from __future__ import annotations

import random

import pytest

from xling.errors import UsageError
from xling.translate.project.markers import (
    CROSSED,
    EMPTY,
    FORMS,
    IN_TEXT,
    LOST,
    TOO_MANY,
    TWICE,
    form_of,
    marked,
    recovered,
    unmarkable,
)
from xling.translate.project.search import find, share_of
from xling.translate.project.settings import Projection, check_projection
from xling.translate.project.words import Span, covered, joined, words_of

XML, BRACKETS = FORMS["xml"], FORMS["brackets"]


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "Don't  ask, e-mail me.", ["Don't", "ask", ",", "e-mail", "me", "."]),
        ("en", "the dogs' 3.5 %", ["the", "dogs", "'", "3", ".", "5", "%"]),
        ("hi", "हिन्दी में", ["हिन्दी", "में"]),
        ("zh", "他买了iPhone 12。", ["他", "买", "了", "iPhone", "12", "。"]),
        ("ja", "東京です", ["東", "京", "で", "す"]),
        ("th", "ที่นี่", ["ที่", "นี่"]),
        ("fa", "می\u200cروم", ["می\u200cروم"]),
        ("he", "\u200fשלום\u200f עולם", ["שלום", "עולם"]),
        ("de", " \t \u200f", []),
    ],
)
def test_words(language, text, words):
    assert [span.of(text) for span in words_of(text, language)] == words


def test_joined_words_keep_their_places():
    text, spans = joined(["I", "buy", "it", "."], "en")
    assert text == "I buy it ."
    assert [span.of(text) for span in spans] == ["I", "buy", "it", "."]
    text, spans = joined(["我", "有", "iPhone", "12", "吗"], "zh")
    assert text == "我有iPhone 12吗"
    assert [span.of(text) for span in spans] == ["我", "有", "iPhone", "12", "吗"]
    assert covered(spans, Span(1, 3)) == [1, 2]


def test_marked():
    text = "the red house falls"
    red, house, both = Span(4, 7), Span(8, 13), Span(4, 13)
    assert marked(text, [red], XML) == "the <a>red</a> house falls"
    assert marked(text, [red, house], XML) == "the <a>red</a> <b>house</b> falls"
    assert marked(text, [red, both], XML) == "the <b><a>red</a> house</b> falls"
    assert marked(text, [both, both], XML) == "the <a><b>red house</b></a> falls"
    crossed = marked(text, [Span(0, 7), both], XML)
    assert crossed == "<a>the <b>red</a> house</b> falls"
    assert marked("ab", [Span(0, 1), Span(1, 2)], XML) == "<a>a</a><b>b</b>"
    assert marked(text, [red], BRACKETS) == "the [red] house falls"


def test_what_cannot_be_marked():
    assert unmarkable("a < b", [Span(0, 1)], XML) == IN_TEXT
    assert unmarkable("a [b", [Span(0, 1)], BRACKETS) == IN_TEXT
    assert unmarkable("ab", [Span(0, 1)] * 2, BRACKETS) == TOO_MANY
    assert unmarkable("ab", [Span(0, 1)] * 27, XML) == TOO_MANY
    assert unmarkable("a < b", [Span(0, 1)], BRACKETS) == ""
    for wrong in (Span(1, 1), Span(-1, 1), Span(0, 3)):
        with pytest.raises(ValueError, match="not in the text"):
            marked("ab", [wrong], XML)
    with pytest.raises(ValueError, match=IN_TEXT):
        marked("<", [], XML)
    with pytest.raises(UsageError, match="did you mean 'brackets'"):
        form_of("bracket")


@pytest.mark.parametrize(
    ("language", "translation", "text", "spans"),
    [
        ("de", "das <a>rote Haus</a> fällt", "das rote Haus fällt", ["rote Haus"]),
        ("de", "das < A > rote Haus < / A > fällt.", "das rote Haus fällt.", ["rote Haus"]),
        ("de", "<b>Haus</b> und <a>Hof</a>", "Haus und Hof", ["Hof", "Haus"]),
        ("de", "im <a> Haus </a>.", "im Haus.", ["Haus"]),
        ("de", "im<a> Haus </a>fällt", "im Haus fällt", ["Haus"]),
        ("de", "<b>im <a>Haus</a></b> da", "im Haus da", ["Haus", "im Haus"]),
        ("de", "<a>im</a> <b>Haus</b>", "im Haus", ["im", "Haus"]),
        ("fi", "<a>Helsinki</a>ssä on", "Helsinkissä on", ["Helsinki"]),
        ("tr", "<a>İstanbul</a>'da", "İstanbul'da", ["İstanbul"]),
        ("zh", "他在 <a> 红房子 </a> 里", "他在红房子里", ["红房子"]),
        ("zh", "他有＜a＞iPhone＜/a＞ 12", "他有iPhone 12", ["iPhone"]),
        ("ja", "彼は<a>赤い</a>。", "彼は赤い。", ["赤い"]),
    ],
)
def test_recovered(language, translation, text, spans):
    found = recovered(translation, len(spans), XML, language)
    assert found.text == text
    assert [span.of(text) for span in found.spans] == spans
    assert found.reasons == ("",) * len(spans)
    assert found.strange == 0


def test_brackets_in_the_shapes_that_translators_give_them():
    found = recovered("他在【红房子】里", 1, BRACKETS, "zh")
    assert (found.text, found.spans) == ("他在红房子里", (Span(2, 5),))


@pytest.mark.parametrize(
    ("translation", "reason", "text"),
    [
        ("das Haus fällt", LOST, "das Haus fällt"),
        ("das <a>Haus fällt", LOST, "das Haus fällt"),
        ("<a>ein</a> <a>Haus</a>", TWICE, "ein Haus"),
        ("das </a>Haus<a> fällt", CROSSED, "das Haus fällt"),
        ("das <a></a> Haus", EMPTY, "das Haus"),
        ("das <a> </a> Haus", EMPTY, "das Haus"),
    ],
)
def test_not_recovered(translation, reason, text):
    found = recovered(translation, 1, XML, "de")
    assert (found.spans, found.reasons, found.text) == ((None,), (reason,), text)


def test_markers_that_no_span_had_are_taken_out_and_counted():
    found = recovered("das <a>rote</a> <c>Haus</c>", 1, XML, "de")
    assert (found.text, found.strange) == ("das rote Haus", 2)
    assert found.spans == (Span(4, 8),)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_put_in_comes_out(language):
    """Any spans of words, nested and crossing, around any words."""
    draw = random.Random(3)
    for _ in range(200):
        tokens = [draw.choice(["ab", "c", "dé", ",", "红", "."]) for _ in range(draw.randint(1, 8))]
        text, words = joined(tokens, language)
        spans = []
        for _ in range(draw.randint(0, 4)):
            first = draw.randrange(len(words))
            last = draw.randrange(first, len(words))
            spans.append(Span(words[first].start, words[last].end))
        found = recovered(marked(text, spans, XML), len(spans), XML, language)
        assert found == (text, tuple(spans), ("",) * len(spans), 0)


def test_find():
    text = "Der Hund sieht den Hund im Hundehaus"
    assert find(text, "Hund", 0.9, "de") == Span(19, 23)
    assert find(text, "Hund", 0.0, "de") == Span(4, 8)
    assert find(text, "der hund", 0.5, "de") == Span(0, 8)
    assert find(text, "Hunde", 0.5, "de") is None
    assert find("红房子", "房", 0.5, "zh") == Span(1, 2)
    assert find("İi", "I", 0.5, "tr") is None  # folding "İ" changes the length
    assert share_of(Span(2, 4), "123456") == 0.5


@pytest.mark.parametrize(
    ("task", "testing", "settings", "allowed"),
    [
        ("xquad", False, {"method": "soft_labels"}, "markers, alignment"),
        ("panx", True, {"method": "soft_labels"}, "alignment"),
        ("udpos", False, {"method": "markers"}, "alignment, soft_labels"),
        ("panx", True, {"method": "markers"}, "alignment"),
        ("xquad", True, {"method": "markers"}, "text: plain"),
        ("panx", False, {"method": "markers", "marker": "brackets"}, "marker: xml"),
        ("panx", False, {"method": "markers", "text": "plain"}, "text: marked"),
        ("xquad", False, {"method": "markers", "marker": "x"}, "xml, brackets"),
    ],
)
def test_projections_that_do_not_suit(task, testing, settings, allowed):
    with pytest.raises(UsageError) as caught:
        check_projection(Projection(**settings), task, testing=testing)
    assert caught.value.allowed == allowed


@pytest.mark.parametrize(
    ("task", "testing", "settings"),
    [
        ("xquad", False, {"method": "markers", "marker": "brackets"}),
        ("xquad", True, {"method": "markers", "text": "plain"}),
        ("udpos", True, {"method": "alignment"}),
        ("panx", False, {"method": "soft_labels"}),
    ],
)
def test_projections_that_suit(task, testing, settings):
    check_projection(Projection(**settings), task, testing=testing)
