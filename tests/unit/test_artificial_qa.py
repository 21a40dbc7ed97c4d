# SPDX-License-Identifier: Apache-2.0
"""The artificial XQuAD, MLQA and TyDiQA: answers where they are said to be, and only there."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from test_artificial import LANGUAGES, checksums, settings

from xling.data.artificial import more_text, paragraphs, raw_qa, write_raw
from xling.data.artificial.events import roles_of
from xling.data.artificial.grammar import Language, languages_of, text_of
from xling.data.artificial.meaning import Clause, Entity, Place, Sentence, Style
from xling.data.artificial.names import Name
from xling.data.artificial.paragraphs import Paragraph, Question, draw_paragraph
from xling.data.artificial.passages import answer_words, tell
from xling.data.artificial.second_vocabulary import QUESTION_MARK, QUESTION_WORDS
from xling.data.artificial.streams import Stream
from xling.data.manifest import Manifest
from xling.data.readers import squad_json, tydiqa_goldp

CODES = ("en", *LANGUAGES)
TASKS = ("xquad", "mlqa", "tydiqa")
SIZES = {"train": 120, "dev": 60, "test": 60}
CLAUSE = Clause(
    Entity("dog", adjective="big"),
    "help",
    Entity("Anna", name=Name("PER", ("Anna", "Keller"))),
    place=Place("behind", "house"),
    time="noon",
)


def written(folder: Path, noise: float = 0.2) -> dict[str, Manifest]:
    chosen = settings(noise=noise, sizes=dict.fromkeys(TASKS, SIZES))
    return {task: write_raw(task, chosen, list(CODES), folder / task) for task in TASKS}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Manifest]]:
    folder = tmp_path_factory.mktemp("qa")
    return folder, written(folder)


@pytest.fixture(scope="module")
def languages() -> dict[str, Language]:
    return languages_of(settings(), list(CODES))


def questions(path: Path) -> dict[str, tuple[str, dict]]:
    """Read a SQuAD file: context and question by id."""
    found = {}
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        assert article["title"]
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                assert question["id"] not in found
                found[question["id"]] = (paragraph["context"], question)
    return found


def one(files: tuple[Path, dict[str, Manifest]], task: str, *use: str) -> dict[str, tuple]:
    """Return the questions of the only file with a role, split and language."""
    folder, manifests = files
    paths = [f.path for f in manifests[task].files if (f.role, f.split, f.language) == use]
    assert len(paths) == 1
    return questions(folder / task / paths[0])


def drawn(purpose: str, count: int, languages: dict[str, Language]) -> list[Paragraph]:
    stream = Stream("paragraphs", purpose)
    return [draw_paragraph(stream, purpose, languages["en"], 4) for _ in range(count)]


# Files


def test_the_same_settings_give_the_same_bytes(files, tmp_path):
    assert checksums(files[1].values()) == checksums(written(tmp_path).values())


def test_every_answer_stands_where_its_offset_says(files):
    folder, manifests = files
    total = 0
    for task, manifest in manifests.items():
        for file in manifest.files:
            for context, question in questions(folder / task / file.path).values():
                for answer in question["answers"]:
                    start, text = answer["answer_start"], answer["text"]
                    assert context[start : start + len(text)] == text
                    assert text == text.strip() != ""
                    total += 1
    assert total > 2000


def test_sizes_are_those_of_the_settings(files):
    assert len(one(files, "xquad", "labelled", "train", "en")) == 120
    assert len(one(files, "xquad", "labelled", "dev", "en")) == 60
    for code in CODES:
        assert len(one(files, "xquad", "labelled", "test", code)) == 60
        assert len(one(files, "mlqa", "labelled", "dev", code)) == 60
        assert len(one(files, "mlqa", "labelled", "test", code)) == 60
        assert len(one(files, "tydiqa", "labelled", "test", code)) == 60
    everything = one(files, "tydiqa", "labelled", "train", "all")
    assert Counter(row_id.split("-")[0] for row_id in everything) == {
        "english": 120,
        "qaa": 3,
        "qab": 3,
    }


def test_a_split_without_rows_has_no_file(tmp_path):
    chosen = settings(sizes={task: {"test": 20} for task in TASKS})
    for task in TASKS:
        manifest = write_raw(task, chosen, list(CODES), tmp_path / task)
        assert {file.split for file in manifest.files} == {"test"}


def test_the_readers_of_the_real_files_take_them(files):
    folder, manifests = files
    readers = {"squad-json": squad_json, "tydiqa-goldp": tydiqa_goldp}
    for task, manifest in manifests.items():
        for file in manifest.files:
            path = folder / task / file.path
            reading = readers[file.format].read(path, file, ())
            assert not reading.dropped
            assert len(reading.rows) == len(questions(path))


def test_xquad_asks_the_same_in_all_languages(files):
    english, target = (one(files, "xquad", "labelled", "test", code) for code in ("en", "qab"))
    assert list(english) == list(target)
    contexts = [{context for context, _ in found.values()} for found in (english, target)]
    assert len(contexts[0]) == len(contexts[1])
    assert not contexts[0] & contexts[1]


def test_each_language_has_a_part_of_mlqa(files):
    ids = {code: set(one(files, "mlqa", "labelled", "test", code)) for code in CODES}
    for code in LANGUAGES:
        # Two random parts of four fifths share three fifths at least.
        shared = len(ids["en"] & ids[code]) / 60
        assert 0.7 < shared < 0.95
    everything = set().union(*ids.values())
    assert 60 < len(everything) <= round(60 / raw_qa.MLQA_SHARE)


def test_each_language_has_its_own_tydiqa(files):
    contexts = [
        {context for context, _ in one(files, "tydiqa", "labelled", "test", code).values()}
        for code in CODES
    ]
    ids = [set(one(files, "tydiqa", "labelled", "test", code)) for code in CODES]
    assert [{row_id.split("-")[0] for row_id in found} for found in ids] == [
        {"english"},
        {"qaa"},
        {"qab"},
    ]
    assert len(set().union(*contexts)) == sum(map(len, contexts))


def test_some_questions_have_several_answers(files):
    for task, split, annotators in (("xquad", "dev", 3), ("tydiqa", "test", 2)):
        found = one(files, task, "labelled", split, "en")
        answers = [[a["text"] for a in question["answers"]] for _, question in found.values()]
        assert {len(texts) for texts in answers} == {annotators}
        different = [texts for texts in answers if len(set(texts)) > 1]
        assert 0.1 < len(different) / len(answers) < 0.8
        assert all(texts[0].endswith(min(texts, key=len)) for texts in different)
    single = one(files, "xquad", "labelled", "test", "qaa").values()
    assert {len(question["answers"]) for _, question in single} == {1}


def test_contexts_are_short(files):
    for context, question in one(files, "xquad", "labelled", "train", "en").values():
        words = context.replace(".", " . ").split()
        assert paragraphs.SHORTEST <= len(words) <= paragraphs.LONGEST
        assert 3 <= words.count(".") <= 6
        assert len(question["question"].split()) <= 20


# Translations


def test_translations_lose_the_questions_whose_answer_lost_a_word(files, tmp_path):
    exact = tmp_path, written(tmp_path, noise=0.0)
    for task in ("xquad", "tydiqa"):
        source = one(files, task, "labelled", "test", "qab")
        noisy = one(files, task, "translate_test", "test", "qab")
        assert set(noisy) < set(source)
        # A fifth of the words is wrong, 15 % of those are left out.
        assert 0.8 < len(noisy) / len(source) < 1.0
        assert list(one(exact, task, "translate_test", "test", "qab")) == list(source)
    english = one(exact, "xquad", "labelled", "test", "en")
    back = one(exact, "xquad", "translate_test", "test", "qab")
    assert english == back
    train = one(exact, "xquad", "translate_train", "train", "qaa")
    assert list(train) == list(one(exact, "xquad", "labelled", "train", "en"))


def test_a_wrong_word_of_an_answer_is_said_in_the_context(languages):
    paragraph = Paragraph((Sentence(CLAUSE),), (Question(0, Sentence(CLAUSE, Style(asks="time"))),))
    outcomes = Counter()
    for number in range(300):
        passage = tell(languages["en"], paragraph, 0.3, Stream("damage", number))
        answers = passage.questions[0].answers
        if answers is None:
            outcomes["lost"] += 1
            continue
        span = answers[0]
        assert passage.context[span.start :].startswith(span.text)
        outcomes[span.text] += 1
    assert outcomes["lost"] > 5
    assert outcomes["at noon"] > 100
    assert outcomes["at dusk"] > 5
    assert outcomes["at at noon"] > 1


# Questions


def test_questions_follow_the_order_of_the_language(languages):
    expected = {
        "en": {
            "agent": "what helps Anna Keller behind the house at noon ?",
            "patient": "whom does the big dog help behind the house at noon ?",
            "place": "where does the big dog help Anna Keller at noon ?",
            "time": "when does the big dog help Anna Keller behind the house ?",
        },
        # Verb last, adjective before, adposition after: the question word stays in its place.
        "qab": {
            "agent": "what noon at the house behind Anna Keller help ?",
            "patient": "the big dog noon at the house behind whom help ?",
            "place": "the big dog noon at where Anna Keller help ?",
            "time": "the big dog when the house behind Anna Keller help ?",
        },
        # In front, without an auxiliary.
        "qaa": {
            "agent": "what help Anna Keller behind the house at noon ?",
            "patient": "whom the dog big help behind the house at noon ?",
            "place": "where the dog big help Anna Keller at noon ?",
            "time": "when the dog big help Anna Keller behind the house ?",
        },
    }
    for code, texts in expected.items():
        for role, text in texts.items():
            words = languages[code].say(Sentence(CLAUSE, Style(asks=role)))
            shown = text_of(words) if code == "en" else " ".join(w.lemma for w in words)
            assert shown == text


@pytest.mark.parametrize("code", CODES)
def test_answers_are_whole_phrases(languages, code):
    expected = {
        "agent": {"dog", "big", "the"},
        "patient": {"Anna", "Keller"},
        "place": {"behind", "the", "house"},
        "time": {"at", "noon"},
    }
    words = languages[code].say(Sentence(CLAUSE))
    for role, lemmas in expected.items():
        found = answer_words(words, CLAUSE, Question(0, Sentence(CLAUSE, Style(asks=role))))
        assert found == list(range(found[0], found[-1] + 1))
        assert {words[index].lemma for index in found} == lemmas
    assert roles_of(CLAUSE) == list(expected)


def test_a_question_has_one_answer_and_does_not_say_it(languages):
    """Its words and those of the answer belong to one clause; no other clause has its verb."""
    english = languages["en"]
    skipped = {*QUESTION_WORDS, QUESTION_MARK, "do", "the", "a", "at", "in", "near", "behind"}
    for paragraph in drawn("train", 60, languages):
        told = [english.say(sentence) for sentence in paragraph.sentences]
        lemmas = [Counter(w.lemma for w in words) for words in told]
        for question in paragraph.questions:
            asked = Counter(w.lemma for w in english.say(question.sentence))
            verb = question.sentence.clause.verb
            assert [i for i, words in enumerate(lemmas) if verb in words] == [question.clause]
            words = told[question.clause]
            clause = paragraph.sentences[question.clause].clause
            answer = Counter(words[i].lemma for i in answer_words(words, clause, question))
            for word in skipped:
                asked.pop(word, None)
                answer.pop(word, None)
            assert answer
            assert asked + answer <= lemmas[question.clause]


def test_layouts_keep_offsets_right(languages):
    sentences = (Sentence(CLAUSE), Sentence(Clause(Entity("car"), "avoid", Entity("bear"))))
    question = Question(1, Sentence(sentences[1].clause, Style(asks="agent")))
    first = "the big dog helps Anna Keller behind the house at noon"
    expected = {
        "plain": f"{first} . the car avoids the bear .",
        "blank before": f" {first} . the car avoids the bear .",
        "blank after": f"{first} . the car avoids the bear . ",
        "tight": f"{first}. the car avoids the bear.",
    }
    assert set(expected) == set(paragraphs.LAYOUTS)
    for layout, text in expected.items():
        paragraph = Paragraph(sentences, (question,), layout)
        passage = tell(languages["en"], paragraph, 0.0, Stream("layout"))
        whole, short = passage.questions[0].answers
        assert passage.context == text
        assert (whole.start, whole.text) == (text.index("the car"), "the car")
        assert (short.start, short.text) == (text.index("car"), "car")
    layouts = Counter(paragraph.layout for paragraph in drawn("text", 400, languages))
    assert set(layouts) == set(expected)


# Nothing shared


def test_no_sentence_and_no_question_is_in_two_splits_or_in_the_text(languages):
    english = languages["en"]
    seen: dict[str, set[str]] = {}
    for purpose in ("text", "train", "dev", "test"):
        found = drawn(purpose, 60, languages)
        seen[purpose] = {text_of(english.say(s))[:-2] for p in found for s in p.sentences}
        seen[purpose] |= {text_of(english.say(q.sentence)) for p in found for q in p.questions}
    assert sum(map(len, seen.values())) == len(set().union(*seen.values())) > 600


def test_no_test_question_is_in_the_text(files, languages):
    stream = Stream("text")
    documents = list(more_text.draw_more(stream, languages["en"], languages["en"], 400))
    text = {part for document in documents for part in document}
    answered = [two for _, two in documents if QUESTION_MARK in two]
    assert len(answered) > 100
    read = {two.partition(QUESTION_MARK)[0] for two in answered}
    for task in TASKS:
        for context, question in one(files, task, "labelled", "test", "en").values():
            assert context.strip() not in text
            assert question["question"].removesuffix(QUESTION_MARK) not in read
