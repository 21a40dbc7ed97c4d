# SPDX-License-Identifier: Apache-2.0
"""Translated questions: every answer at its offset, whatever the translator does to the markers."""

from __future__ import annotations

import json

import pytest
from translate_products import CODE, Bench, Straight, Swapping, swapped

from xling.data.readers.rows import QuestionRow
from xling.errors import DataError
from xling.translate.engine import Translation
from xling.translate.products.answers import NO_LINK, NOT_THERE, NOT_TRANSLATED
from xling.translate.products.ask import SOURCE_KEPT, UNTRANSLATED, WHOLE, Ask
from xling.translate.products.build import build, wanted
from xling.translate.products.contexts import contexts_of
from xling.translate.products.questions import NO_ANSWER, RUNS_OVER
from xling.translate.project.markers import IN_TEXT, LOST
from xling.translate.project.settings import Projection
from xling.translate.project.words import Span

PLAIN = Projection("markers", text="plain")
MARKED = Projection("markers", text="marked")
ALIGNED = Projection("alignment")
CONTEXT = " Anna met Bruno. He saw the red house in Rome. The end. "


def row(number, answer, *, context=CONTEXT, question="Who ?", language="en", at=None):
    start = context.index(answer) if at is None else at
    return QuestionRow(
        f"q{number}", language, language, "a000-p000", context, question, (answer,), (start,)
    )


def made(ask, rows, engine, **options):
    """Return the paragraphs of a file as (context, {id: answers}), and the counts."""
    listed = wanted(ask, rows)
    found = dict(zip(listed, engine.translate(listed, ask.source, ask.target), strict=True))
    text, counts = build(ask, rows, found, **options)
    paragraphs = [p for article in json.loads(text)["data"] for p in article["paragraphs"]]
    for paragraph in paragraphs:
        for entry in paragraph["qas"]:
            for answer in entry["answers"]:
                start, phrase = answer["answer_start"], answer["text"]
                assert paragraph["context"][start : start + len(phrase)] == phrase != ""
    assert counts.items == len(rows) == counts.written + counts.dropped.total()
    return [
        (p["context"], {e["id"]: [a["text"] for a in e["answers"]] for e in p["qas"]})
        for p in paragraphs
    ], counts


def train(projection, language=CODE, **options):
    return Ask("xquad", "translate_train", language, projection, **options)


@pytest.mark.parametrize("projection", [PLAIN, MARKED, ALIGNED])
def test_training_questions_through_the_readers(tmp_path, projection):
    bench = Bench("xquad", tmp_path)
    rows, engine = bench.prepared("train", "en"), Swapping()
    aligner = Straight() if projection is ALIGNED else None
    _, counts = bench.make(train(projection), rows, engine, aligner=aligner)
    assert (counts.written, counts.projected) == (len(rows), counts.labels)
    table, summary = bench.table("translate_train")
    for before, after in zip(rows, table.to_pylist(), strict=True):
        assert after["id"] == before.id
        assert after["group"] == before.group
        assert after["question"] == swapped(before.question)
        assert after["answers"] == [swapped(before.answers[0])]
        start = after["starts"][0]
        assert after["context"][start:].startswith(after["answers"][0])
        assert after["context"].split() == swapped(before.context).split()
    assert not summary["dropped"]


@pytest.mark.parametrize("task", ["xquad", "mlqa", "tydiqa"])
def test_test_questions_through_the_readers(tmp_path, task):
    bench = Bench(task, tmp_path)
    rows = bench.prepared("test", CODE)
    bench.make(Ask(task, "translate_test", CODE, PLAIN), rows, Swapping())
    table, summary = bench.table("translate_test")
    assert table["id"].to_pylist() == [one.id for one in rows]
    assert table["answers"].to_pylist() == [[swapped(a) for a in one.answers] for one in rows]
    assert set(table["text_language"].to_pylist()) == {"en"}
    assert not summary["dropped"]


def test_questions_come_back(tmp_path):
    bench = Bench("xquad", tmp_path)
    english = bench.prepared("train", "en")
    bench.make(train(MARKED), english, Swapping())
    there = bench.prepared("translate_train", CODE)
    bench.make(Ask("xquad", "back_translation", CODE), there, Swapping())
    rows = bench.table("back_translate")[0].to_pylist()
    assert [one["id"] for one in rows] == [one.id for one in english]
    assert [one["question"] for one in rows] == [one.question for one in english]
    assert [one["context"].split() for one in rows] == [one.context.split() for one in english]
    assert all(one["answers"] == [] for one in rows)


def test_what_is_listed():
    rows = [row(1, "Bruno"), row(2, "the red house"), row(3, "Bruno", question="Whom ?")]
    plain = ["Anna met Bruno.", "He saw the red house in Rome.", "The end.", "Who ?", "Whom ?"]
    assert wanted(train(ALIGNED), rows) == plain
    marked = ["Anna met <a>Bruno</a>.", "He saw <a>the red house</a> in Rome."]
    assert wanted(train(MARKED), rows) == plain + marked


def test_questions_share_the_plain_context():
    rows = [row(1, "Bruno"), row(2, "the red house")]
    found, _ = made(train(PLAIN), rows, Swapping())
    assert found == [(swapped(CONTEXT), {"q1": ["bRUNO"], "q2": ["THE RED HOUSE"]})]


def test_a_marked_sentence_gives_a_context_of_its_own():
    translations = {
        "Anna met Bruno.": "Anna traf ihn.",
        "Anna met <a>Bruno</a>.": "Anna hat <a>Bruno</a> getroffen.",
        "He saw the red house in Rome.": "Er sah das rote Haus in Rom.",
        "He saw <a>the red house</a> in Rome.": "Er sah <a>das rote Haus</a> in Rom.",
        "The end.": "Ende.",
        "Who ?": "Wer?",
    }
    found = {text: Translation(to) for text, to in translations.items()}
    rows = [row(1, "Bruno"), row(2, "the red house")]
    text, counts = build(train(MARKED), rows, found)
    contexts = [p["context"] for p in json.loads(text)["data"][0]["paragraphs"]]
    assert contexts == [
        " Anna hat Bruno getroffen. Er sah das rote Haus in Rom. Ende. ",
        " Anna traf ihn. Er sah das rote Haus in Rom. Ende. ",
    ]
    assert counts.projected == 2
    text, counts = build(train(PLAIN), rows, found)
    (paragraph,) = json.loads(text)["data"][0]["paragraphs"]
    assert [entry["id"] for entry in paragraph["qas"]] == ["q2"]
    assert (counts.failed, counts.dropped) == ({NOT_THERE: 1}, {NO_ANSWER: 1})


def test_failures_are_dropped_or_become_the_whole_sentence():
    rows = [row(1, "Bruno"), row(2, "the red house")]
    engine = Swapping(forgets={"Anna met Bruno."})
    for text in ("plain", "marked"):
        found, counts = made(train(Projection("markers", text=text)), rows, engine)
        assert [ids for _, ids in found] == [{"q2": ["THE RED HOUSE"]}]
        assert (counts.failed, counts.dropped) == ({LOST: 1}, {NO_ANSWER: 1})
        whole = Projection("markers", text=text, failed="whole")
        found, counts = made(train(whole), rows, engine)
        assert found[0][1]["q1"] == ["aNNA MET bRUNO."]
        assert (counts.kept, counts.dropped) == ({WHOLE: 1}, {})
    # A test question never gets a wrong gold answer.
    ask = Ask("xquad", "translate_test", CODE, Projection("markers", text="plain", failed="whole"))
    _, counts = made(ask, rows, engine)
    assert counts.dropped == {NO_ANSWER: 1}


def test_answers_without_links():
    class Nothing:
        key = "nothing"

        def align(self, pairs):
            return [[] for _ in pairs]

    _, counts = made(train(ALIGNED), [row(1, "Bruno")], Swapping(), aligner=Nothing())
    assert (counts.failed, counts.dropped) == ({NO_LINK: 1}, {NO_ANSWER: 1})


def test_a_text_with_markers_of_its_own():
    context = "Anna met <b>Bruno</b>. He saw it."
    rows = [row(1, "Bruno", context=context), row(2, "it", context=context)]
    _, counts = made(train(MARKED), rows, Swapping())
    assert counts.failed == {IN_TEXT: 1}
    brackets = Projection("markers", marker="brackets")
    assert "Anna met <b>[Bruno]</b>." in wanted(train(brackets), rows)


def test_answers_over_sentences():
    rows = [row(1, "Bruno. He"), row(2, "Rome")]
    found, counts = made(train(PLAIN), rows, Swapping())
    assert found[0][1] == {"q1": ["bRUNO. hE"], "q2": ["rOME"]}
    ask = Ask("xquad", "translate_test", CODE, PLAIN)
    assert len(contexts_of(ask, rows)[CONTEXT].spans) == 3
    found, counts = made(ask, rows, Swapping())
    assert found[0][1] == {"q2": ["rOME"]}
    assert counts.failed == {RUNS_OVER: 1}


def test_the_text_of_a_test_does_not_depend_on_its_answers():
    ask = Ask("xquad", "translate_test", CODE, PLAIN)
    texts = []
    for answer in ("Bruno", "Bruno. He", "house in Rome. The"):
        rows = [row(1, answer), row(2, "Rome")]
        found, _ = made(ask, rows, Swapping())
        texts.append(found[0][0])
    assert set(texts) == {swapped(CONTEXT)}


def test_untranslated_parts():
    rows = [row(1, "Bruno"), row(2, "Bruno", question="Whom ?")]
    engine = Swapping({"The end."})
    _, counts = made(train(PLAIN), rows, engine)
    assert counts.dropped == {UNTRANSLATED: 2}
    found, counts = made(train(PLAIN, untranslated="source"), rows, engine)
    assert found[0][0] == " aNNA MET bRUNO. hE SAW THE RED HOUSE IN rOME. The end. "
    assert counts.kept == {SOURCE_KEPT: 2}
    _, counts = made(train(PLAIN), rows, Swapping({"Whom ?"}))
    assert counts.dropped == {UNTRANSLATED: 1}
    # The sentence of the answer is kept, so is the answer.
    found, _ = made(train(PLAIN, untranslated="source"), rows, Swapping({"Anna met Bruno."}))
    assert found[0][1]["q1"] == ["Bruno"]

    class Half(Swapping):
        def _one(self, sentence):
            return Translation("") if "<a>" in sentence else super()._one(sentence)

    _, counts = made(train(PLAIN), rows, Half())
    assert counts.failed == {NOT_TRANSLATED: 2}


def test_blanks_around_an_answer_do_not_belong_to_it():
    rows = [row(1, " Bruno", at=9)]
    found, _ = made(train(PLAIN), rows, Swapping())
    assert found[0][1] == {"q1": ["bRUNO"]}


def test_sentences_of_chinese_have_no_blanks_between_them():
    translations = {
        "Anna met Bruno.": "安娜遇见布鲁诺。",
        "He saw the red house in Rome.": "他看见红房子。",
        "He saw <a>the red house</a> in Rome.": "他看见 <a>红房子</a>。",
        "The end.": "完。",
        "Who ?": "谁？",
    }
    found = {text: Translation(to) for text, to in translations.items()}
    text, _ = build(train(PLAIN, "zh"), [row(1, "the red house")], found)
    (paragraph,) = json.loads(text)["data"][0]["paragraphs"]
    assert paragraph["context"] == " 安娜遇见布鲁诺。他看见红房子。完。 "
    assert paragraph["qas"][0]["answers"] == [{"answer_start": 12, "text": "红房子"}]


def test_of_several_answers_those_that_are_found_stay():
    one = row(1, "Bruno", language=CODE)._replace(answers=("Bruno", "Rome"), starts=(10, 41))
    assert CONTEXT[10:15] == "Bruno"
    assert CONTEXT[41:45] == "Rome"
    ask = Ask("xquad", "translate_test", CODE, PLAIN)
    found, counts = made(ask, [one], Swapping(forgets={"He saw the red house in Rome."}))
    assert found[0][1] == {"q1": ["bRUNO"]}
    assert (counts.labels, counts.projected, counts.written) == (2, 1, 1)


def test_a_file_that_lost_too_much_is_refused(tmp_path):
    bench = Bench("xquad", tmp_path)
    rows = bench.prepared("test", CODE)

    class Forgetful(Swapping):
        def _one(self, sentence):
            found = super()._one(sentence)
            return Translation(found.text.replace("</a>", ""))

    ask = Ask("xquad", "translate_test", CODE, PLAIN)
    text, counts = bench.make(ask, rows, Forgetful())
    assert counts.dropped == {NO_ANSWER: len(rows)}
    assert json.loads(text)["data"] == []
    with pytest.raises(DataError, match="no question"):
        bench.table("translate_test")


def test_context_numbers():
    (context,) = contexts_of(train(PLAIN), [row(1, "Bruno")]).values()
    assert [context.sentence(i) for i in range(3)][1:] == [
        "He saw the red house in Rome.",
        "The end.",
    ]
    assert context.number_of(Span(1, 16)) == 0
    assert context.number_of(Span(0, 3)) is None
