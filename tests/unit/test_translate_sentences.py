# SPDX-License-Identifier: Apache-2.0
"""Sentences of a text, cuts of what is too long, and texts put together again."""

from __future__ import annotations

import random

import pytest

from xling.translate.sentences import Span, fitting, joined, sentences


def parts(text, language="en"):
    return [span.of(text) for span in sentences(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "", []),
        ("en", " \n\t ", []),
        ("en", "One. Two!  Three?", ["One.", "Two!", "Three?"]),
        ("en", 'He said "No." Then he left.', ['He said "No."', "Then he left."]),
        ("en", "Dr. Smith met J. R. Ewing at 3 p.m. in No. 5.", None),
        ("en", "It rose 3.5 points, e.g. in Rome. Then it fell.", None),
        ("en", "Wait ... what? Yes", ["Wait ... what?", "Yes"]),
        ("en", "a line\nanother line", ["a line", "another line"]),
        ("de", "Am 3. Oktober war es so. Es blieb.", ["Am 3. Oktober war es so.", "Es blieb."]),
        ("en", "That was in 1990. It was 3. Then", ["That was in 1990.", "It was 3.", "Then"]),
        ("zh", "他来了。你好!“走吧。”他说", ["他来了。", "你好!“走吧。”", "他说"]),
        ("ja", "これは本です。あれは?はい！", ["これは本です。", "あれは?はい！"]),
        ("th", "สวัสดีครับ ผมชื่อจอห์น", ["สวัสดีครับ ผมชื่อจอห์น"]),
        ("hi", "वह आया। वह गया।", ["वह आया।", "वह गया।"]),
        ("ur", "وہ آیا۔ وہ گیا۔", ["وہ آیا۔", "وہ گیا۔"]),
        ("qaa", "li sabe fukus . ku bilmi ? nam", ["li sabe fukus .", "ku bilmi ?", "nam"]),
    ],
)
def test_sentences(language, text, expected):
    if expected is None:  # nothing in the middle of a sentence is taken for its end
        assert len(parts(text, language)) == text.count("Then") + 1
    else:
        assert parts(text, language) == expected


@pytest.mark.parametrize("language", ["en", "de", "zh", "ja", "th", "hi"])
def test_nothing_but_blanks_lies_between_sentences(language):
    draw = random.Random(5)
    for _ in range(300):
        letters = 'ab A1.!?。！…\n\t  ،"”)é漢ไ'
        text = "".join(draw.choice(letters) for _ in range(draw.randint(0, 40)))
        end = 0
        for span in sentences(text, language):
            assert text[end : span.begin].strip() == ""
            assert span.of(text) == span.of(text).strip() != ""
            assert span.begin >= end
            end = span.end
        assert text[end:].strip() == ""


def cut(text, most):
    return [s.of(text) for s in fitting(text, Span(0, len(text)), lambda part: len(part) <= most)]


def test_long_sentences_are_cut_at_the_best_place_near_the_middle():
    assert cut("one two three; four five", 16) == ["one two three;", "four five"]
    assert cut("one two, three four", 12) == ["one two,", "three four"]
    assert cut("one two three four", 10) == ["one two", "three four"]
    # A semicolon at the border helps too little.
    assert cut("one; two three four five six", 16) == ["one; two three", "four five six"]
    assert cut("漢" * 10, 6) == ["漢" * 5, "漢" * 5]
    assert cut("สวัสดีครับผมชื่อ", 9) == ["สวัสดีค", "รับผมชื่อ"]  # a mark stays with its letter
    assert cut("ab", 0) == ["a", "b"]  # a single character always counts as fitting


def test_parts_of_any_text_fit_and_lose_nothing():
    draw = random.Random(6)
    for _ in range(200):
        text = "".join(draw.choice("abc ;,、漢") for _ in range(draw.randint(1, 60))).strip() or "a"
        found = cut(text, 7)
        assert all(len(part) <= 7 for part in found)
        assert "".join("".join(found).split()) == "".join(text.split())


def test_texts_are_put_together_as_they_were():
    text = " One.  Two!\nThree. "
    spans = sentences(text, "en")
    assert joined(text, spans, ["A", "B", "C"], "de") == " A  B\nC "
    assert joined(text, spans, [span.of(text) for span in spans], "en") == text
    # Where a text has nothing between sentences, a language with blanks gets one.
    chinese = "他来了。他走了。"
    spans = sentences(chinese, "zh")
    assert joined(chinese, spans, ["He came.", "He left."], "en") == "He came. He left."
    assert joined(chinese, spans, ["彼は来た。", "彼は去った。"], "ja") == "彼は来た。彼は去った。"
    assert joined(chinese, spans, ["He came.", ""], "en") == "He came."
