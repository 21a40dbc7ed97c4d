# SPDX-License-Identifier: Apache-2.0
"""The generator as a translator: exact without noise, markers where the words went."""

from __future__ import annotations

import pytest

from xling.config.study import Artificial
from xling.data.artificial import events
from xling.data.artificial.grammar import languages_of, text_of
from xling.data.artificial.streams import Stream
from xling.errors import UsageError
from xling.translate.engines import check_languages, open_engine
from xling.translate.project.markers import FORMS
from xling.translate.project.measure import (
    exact_sentences,
    phrases_by_markers,
    requests,
    score_phrases,
)
from xling.translate.settings import ArtificialEngine, Guard

SETTINGS = Artificial.model_validate(
    {
        "seed": 3,
        "source_text_share": 0.6,
        "text_documents": 1,
        "sizes": {},
        "languages": {
            "qaa": {"word_order": "SVO", "cognates": 0.5, "text_share": 0.2},
            "qab": {"word_order": "SOV", "script": "greek", "text_share": 0.2},
        },
    }
)
LANGUAGES = languages_of(SETTINGS, ["en", "qaa", "qab"])
KEEP = Guard(retry_beam=None)


def engine(noise=0.0, settings=SETTINGS):
    return open_engine(ArtificialEngine(noise=noise, guard=KEEP), artificial=settings)


def drawn(count, mixture=events.PANX):
    stream = Stream(1, "sentences")
    return [events.draw_sentence(stream, "test", mixture) for _ in range(count)]


def said(code, sentences):
    return [text_of(LANGUAGES[code].say(one)) for one in sentences]


def texts(found):
    return [one.text for one in found]


@pytest.mark.parametrize("mixture", ["PANX", "UDPOS", "QUESTIONS", "RETRIEVAL"])
@pytest.mark.parametrize(("source", "target"), [("en", "qaa"), ("qab", "en"), ("qaa", "qab")])
def test_without_noise_translations_are_exact(mixture, source, target):
    sentences = drawn(60, getattr(events, mixture))
    found = engine().translate(said(source, sentences), source, target)
    assert texts(found) == said(target, sentences)
    assert not any("word_for_word" in one.flags for one in found)


def test_the_final_mark_stands_as_in_the_source():
    sentences = drawn(5)
    glued = [text.replace(" .", ".").replace(" ?", "?") for text in said("en", sentences)]
    found = engine().translate(glued, "en", "qaa")
    assert texts(found) == [t.replace(" .", ".").replace(" ?", "?") for t in said("qaa", sentences)]


def test_the_dial_says_how_many_words_are_wrong():
    sentences = drawn(200)
    exact, sources = said("qaa", sentences), said("en", sentences)
    shares = []
    for noise in (0.0, 0.1, 0.5):
        found = texts(engine(noise).translate(sources, "en", "qaa"))
        right = sum(
            len(set(one.split()) & set(two.split())) for one, two in zip(exact, found, strict=True)
        )
        shares.append(right / sum(len(set(one.split())) for one in exact))
    assert shares[0] == 1.0
    # A word that is said twice is not lost.
    assert shares[1] == pytest.approx(1 - 0.1 * 0.85, abs=0.02)
    assert shares[2] == pytest.approx(1 - 0.5 * 0.85, abs=0.06)


def test_each_sentence_has_its_own_draws():
    sources = said("en", drawn(30))
    one = engine(0.3)
    forward = texts(one.translate(sources, "en", "qaa"))
    assert texts(engine(0.3).translate(sources[::-1], "en", "qaa")) == forward[::-1]
    assert [texts(one.translate([text], "en", "qaa"))[0] for text in sources] == forward
    other = SETTINGS.model_copy(update={"seed": 4})
    assert one.key == engine(0.3).key
    assert len({one.key, engine(0.2).key, engine(0.3, other).key}) == 3


@pytest.mark.parametrize("form", ["xml", "brackets"])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_markers_stand_where_the_words_went(form, noise):
    exacts = exact_sentences(SETTINGS, "qab", 60)
    asked = requests(exacts, FORMS[form])
    found = engine(noise).translate(asked, "en", "qab")
    assert not any("word_for_word" in one.flags for one in found)
    translations = dict(zip(asked, found, strict=True))
    phrases = phrases_by_markers(exacts, translations, "qab", FORMS[form])
    scores = score_phrases([phrase for one in exacts for phrase in one.phrases], phrases)
    assert scores.wanted >= 60
    if noise:
        assert 40 < scores.exact.f1 < 95
    else:
        assert scores.exact.f1 == 100.0
    # Markers change no word.
    plain = texts(engine(noise).translate([one.text for one in exacts], "en", "qab"))
    if form == "xml":
        bare = [FORMS[form].pattern.sub("", one.text) for one in found]
        by_text = dict(zip([one.text for one in exacts], plain, strict=True))
        marked = {FORMS[form].pattern.sub("", text): text for text in asked}
        assert bare == [by_text[text] for text in marked]


def test_what_is_no_sentence_is_given_word_by_word():
    (source,) = said("en", drawn(1))
    first = source.split()[0]
    (found,) = engine().translate([f"zzz <a>{first}</a> {source} zzz"], "en", "qaa")
    assert found.flags == ("word_for_word",)
    assert found.text.startswith("zzz <a>")
    assert found.text.endswith(" zzz")
    assert len(found.text.split()) == len(source.split()) + 3
    # A marker without its partner is lost, and nothing else.
    (half,) = engine().translate([f"<a>{source}"], "en", "qaa")
    assert [half.text] == texts(engine().translate([source], "en", "qaa"))


@pytest.mark.parametrize(("source", "target"), [("qaa", "en"), ("qab", "qaa"), ("qaa", "qab")])
def test_noisy_sentences_are_translated_too(source, target):
    noisy = texts(engine(0.3).translate(said("en", drawn(80)), "en", source))
    found = engine(0.3).translate(noisy, source, target)
    strange = [one for one in found if "word_for_word" in one.flags]
    assert len(strange) > 30
    assert all(one.text for one in found)
    # No word of the other language is left in them, but for the few that both have.
    own = {word for text in said(target, drawn(400)) for word in text.split()}
    words = [word for one in found for word in one.text.split()]
    assert sum(word in own for word in words) > 0.9 * len(words)


def test_words_without_counterpart_are_left_out():
    particle = LANGUAGES["qaa"].lexicon.form("plural", "singular")
    (found,) = engine().translate([f"zzz <a>{particle} yyy</a>"], "qaa", "en")
    assert found.text == "zzz <a>yyy</a>"
    assert engine().translate([particle], "qaa", "en")[0].flags == ("empty", "word_for_word")


def test_unknown_languages_are_refused():
    with pytest.raises(UsageError, match="no artificial language 'qac'"):
        engine().translate(["the dog"], "en", "qac")
    own = ArtificialEngine()
    check_languages(own, ["en", "qab"], SETTINGS)
    with pytest.raises(UsageError, match="no artificial language 'de'"):
        check_languages(own, ["en", "de"], SETTINGS)
    with pytest.raises(UsageError, match="without artificial languages"):
        open_engine(own)
