# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a translation, the second try, and what stands in for what stays bad."""

from __future__ import annotations

import pytest

from xling.errors import UsageError
from xling.translate.guard import BAD, FLAGS, bad_flags, readable, repetition, width
from xling.translate.guarded import Decoded, GuardedEngine
from xling.translate.settings import Guard, Search

LIMITS = Guard()
LONG = "a sentence of some length"


@pytest.mark.parametrize(
    ("source", "translation", "expected"),
    [
        (LONG, "ein Satz von einiger Länge", ()),
        (LONG, "  ", ("empty",)),
        (LONG, "Satz", ("short",)),
        (
            LONG,
            "ein Satz und noch mehr davon, viel mehr, als da war und so weiter",
            (),
        ),
        (LONG, " ".join(f"Wort{i}" for i in range(20)), ("long",)),
        (LONG, "das das das das", ("repeated",)),
        (LONG, "Satz, ein Satz, ein Satz, ein Satz, ein", ("repeated",)),
        (LONG, "A sentence of some length!", ("copied",)),
        # Short sources have no length ratio; few words may be names.
        ("No.", "Das ist keineswegs und unter keinen Umständen der Fall.", ()),
        ("Anna Keller, Berlin", "Anna Keller, Berlin", ()),
        # Widths: eight ideographs say as much as 24 letters.
        (LONG, "一個有些長的句子", ()),
        ("一個有些長的句子", LONG, ()),
        ("一個有些長的句子", "一個有些長的句子", ("copied",)),
    ],
)
def test_flags(source, translation, expected):
    assert bad_flags(source, translation, LIMITS, cut=False) == expected
    assert set(expected) <= BAD <= set(FLAGS)


def test_what_the_source_says_again_and_again_may_be_said_so():
    assert bad_flags("ha ha ha ha ha", "haha haha haha haha", LIMITS, cut=False) == ()
    assert bad_flags(LONG, "ein Satz", LIMITS, cut=True) == ("cut",)
    assert bad_flags(LONG, LONG, LIMITS, cut=False, same=True) == ()


@pytest.mark.parametrize(
    ("text", "times", "expected"),
    [
        ("ab ab ab ab", 4, True),
        ("ab ab ab", 4, False),
        ("aaaa", 4, False),  # one character
        ("aaaaaaaa", 4, True),
        ("- - - - - - - -", 4, False),  # marks alone
        ("the cat, the cat, the cat, the cat, ", 4, True),
        ("the cat and the cat or the cat but the cat", 4, False),
        ("", 2, False),
        ("abab", 2, True),
    ],
)
def test_repetition(text, times, expected):
    assert repetition(text, times) is expected


def test_widths():
    assert width("abc") == 3
    assert width("漢字") == 6
    assert width("한글") == 4
    assert width("é") == width("e\u0301") == 1


def test_control_characters_are_blanks():
    assert readable("a\x00b\x1fc\ud800d") == ("a b c d", True)
    assert readable("a\tb\nc") == ("a\tb\nc", False)
    assert readable("naïve 漢字 \u200f") == ("naïve 漢字 \u200f", False)


class Model:
    """Says what it is told to, by beam; all texts fit that have few characters."""

    def __init__(self, says, longest=1000):
        self.says, self._longest, self.asked = says, longest, []

    def check(self, source, target):
        if "xx" in (source, target):
            raise UsageError("no")

    def sizes(self, texts, source, target):
        return [len(text) for text in texts]

    def longest(self):
        return self._longest

    def decode(self, texts, source, target, search, no_repeat=0):
        self.asked.append((list(texts), search.beam, no_repeat))
        return [self.says(text, search.beam) for text in texts]


def engine(says, longest=1000, **options):
    model = Model(says, longest)
    guard = Guard(**options)
    search = Search(beam=5, longest_source=longest)
    return GuardedEngine("key", "MIT", {}, lambda: model, search, guard), model


def looping(text, beam):
    """A model whose beams loop; greedy search does not, but for one sentence."""
    if beam == 5 or "hopeless" in text:
        return Decoded("so so so so", -0.5)
    return Decoded("recht gut übersetzt", -1.0)


def test_bad_translations_get_a_second_try():
    own, model = engine(looping)
    good, bad = own.translate([LONG, "a hopeless one"], "en", "de")
    assert (good.text, good.score, good.flags) == ("recht gut übersetzt", -1.0, ("retried",))
    assert (bad.text, bad.flags) == ("so so so so", ("repeated",))  # no better: the first is kept
    assert model.asked == [([LONG, "a hopeless one"], 5, 0), ([LONG, "a hopeless one"], 1, 3)]
    assert own.counts == {"sentences": 2, "retried": 1, "repeated": 1}


@pytest.mark.parametrize(
    ("fallback", "text", "flags"),
    [
        ("keep", "so so so so", ("repeated",)),
        ("source", "a hopeless one", ("repeated", "source_kept")),
        ("drop", "", ("dropped", "repeated")),
    ],
)
def test_fallbacks(fallback, text, flags):
    own, model = engine(looping, retry_beam=None, fallback=fallback)
    (found,) = own.translate(["a hopeless one"], "en", "de")
    assert (found.text, found.flags) == (text, flags)
    assert len(model.asked) == 1


def test_one_bad_sentence_drops_its_whole_text():
    def says(text, beam):
        return Decoded("") if "bad" in text else Decoded(text.upper())

    own, _ = engine(says, retry_beam=None, fallback="drop")
    first, second = own.translate(["It is bad. It is good.", "It is good."], "en", "de")
    assert (first.text, first.flags) == ("", ("dropped", "empty"))
    assert second.text == "IT IS GOOD."
    kept, _ = engine(says, retry_beam=None)
    assert kept.translate(["It is bad. It is good."], "en", "de")[0].text == " IT IS GOOD."


def test_each_sentence_is_translated_once():
    own, model = engine(lambda text, beam: Decoded(text[::-1], -2.0))
    found = own.translate(["One. Two.", "Two. One.", "", "One."], "en", "de")
    assert [one.text for one in found] == [".enO .owT", ".owT .enO", "", ".enO"]
    assert model.asked == [(["One.", "Two."], 5, 0)]
    assert [one.score for one in found] == [-2.0, -2.0, None, -2.0]
    assert found[2].flags == ("blank",)
    assert own.translate([], "en", "de") == []


def test_what_is_longer_than_the_model_is_cut():
    own, model = engine(lambda text, beam: Decoded(text.replace("e", "3")), longest=20)
    (found,) = own.translate(["one two three four, five six seven eight"], "en", "de")
    assert found.text == "on3 two thr33 four, fiv3 six s3v3n 3ight"
    assert found.flags == ("split",)
    assert all(len(text) <= 20 for text in model.asked[0][0])


def test_the_model_is_loaded_when_it_is_needed():
    loaded = []

    def load():
        loaded.append(1)
        return Model(lambda text, beam: Decoded("x"))

    own = GuardedEngine("key", "MIT", {}, load)
    assert not loaded
    own.translate(["a"], "en", "de")
    own.translate(["b"], "en", "de")
    assert loaded == [1]
    with pytest.raises(UsageError):
        own.translate(["a"], "en", "xx")
