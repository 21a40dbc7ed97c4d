# SPDX-License-Identifier: Apache-2.0
"""Answer scores against slow transcriptions of the rules, and by hand."""

from __future__ import annotations

import random
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable

import pytest

from xling.errors import DataError
from xling.metrics import mlqa, squad

MLQA = ("ar", "de", "en", "es", "hi", "vi", "zh")
ARTICLES = {
    "en": "a an the",
    "es": "un una unos unas el la los las",
    "vi": "của là cái chiếc những",
    "de": "ein eine einen einem eines einer der die das den dem des",
    "hi": "",
    "zh": "",
}
PIECES = (
    "a an the The eine der Die las un la của những chiếc là cái die-das x.y U.S. don't 3,5 % $ + = "
    "` ¿qué? „wort“ « 日本，中国。 电化 abc中de 《書》 x龥y 龦 की । ال الكتاب والكتاب كتاب، ؟ "
    "ab‑cd – … É İ ß _ Ⅷ no\u00a0break"
).split(" ")


def slow_squad(text: str) -> str:
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def slow_mlqa(text: str, language: str) -> str:
    kept = ""
    for c in text.lower():
        if not unicodedata.category(c).startswith("P") and c not in string.punctuation:
            kept += c
    if language == "ar":
        kept = " ".join(kept.split("ال"))
    else:
        for word in ARTICLES[language].split():
            kept = re.sub(rf"\b{word}\b", " ", kept)
    tokens, run = [], ""
    for c in kept:
        if language == "zh" and 0x4E00 <= ord(c) <= 0x9FA5:
            tokens += [*run.split(), c]
            run = ""
        else:
            run += c
    return " ".join(tokens + run.split())


def slow_scores(golds, predictions, normalize: Callable[[str], str]) -> tuple[float, float]:
    exact = overlap = 0.0
    for answers, prediction in zip(golds, predictions, strict=True):
        if prediction is None:
            continue
        given = normalize(prediction).split()
        best_exact, best_overlap = 0.0, 0.0
        for answer in answers:
            known = normalize(answer).split()
            best_exact = max(best_exact, float(given == known))
            shared = sum((Counter(given) & Counter(known)).values())
            if shared:
                precision, recall = shared / len(given), shared / len(known)
                value = 2 * precision * recall / (precision + recall)
                best_overlap = max(best_overlap, value)
        exact += best_exact
        overlap += best_overlap
    return 100.0 * exact / len(golds), 100.0 * overlap / len(golds)


def random_questions(seed: int, count: int):
    rng = random.Random(seed)

    def text() -> str:
        return rng.choice((" ", "", "  "))[:1].join(rng.choices(PIECES, k=rng.randint(0, 6)))

    golds = [[text() for _ in range(rng.randint(1, 3))] for _ in range(count)]
    predictions = []
    for answers in golds:
        close = " ".join(w for w in rng.choice(answers).split() if rng.random() < 0.8)
        predictions.append(rng.choice((close, answers[0].upper(), text(), None)))
    return golds, predictions


def test_squad_equals_the_slow_version() -> None:
    golds, predictions = random_questions(1, 4_000)
    assert squad.evaluate(golds, predictions) == slow_scores(golds, predictions, slow_squad)


@pytest.mark.parametrize("language", MLQA)
def test_mlqa_equals_the_slow_version(language: str) -> None:
    golds, predictions = random_questions(2, 2_000)
    expected = slow_scores(golds, predictions, lambda text: slow_mlqa(text, language))
    assert mlqa.evaluate(golds, predictions, language) == expected
    assert 5 < min(expected) < max(expected) < 95


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The Cat, a dog; an OWL!", "cat dog owl"),
        ("don't  U.S.A.", "dont usa"),
        ("theatre anthem", "theatre anthem"),  # whole words only
        ("a.b", "ab"),  # punctuation goes first
        ("«wort» 日本。", "«wort» 日本。"),  # punctuation that is not ASCII stays
        ("eine las", "eine las"),  # English articles in every language
        ("the", ""),
    ],
)
def test_squad_normalisation(text: str, normal: str) -> None:
    assert squad.normalize(text) == normal


@pytest.mark.parametrize(
    ("language", "text", "normal"),
    [
        ("en", "“The” cat’s a–b", "cats ab"),
        ("de", "Der Hund, eines Tages den Weg; derb", "hund tages weg derb"),
        ("es", "¿Las casas? el/la unos", "casas ella"),
        ("vi", "Những con mèo của tôi là cái", "con mèo tôi"),
        ("hi", "the घर।", "the घर"),  # no articles; the danda is punctuation
        ("ar", "الكتاب", "كتاب"),
        ("ar", "والكتاب العالم", "و كتاب ع م"),  # also inside words: the upstream accident
        ("zh", "中国abc 日本，x龥y 龦z", "中 国 abc 日 本 x 龥 y 龦z"),  # U+9FA6 is no token
        ("zh", "the 3.5米", "the 35 米"),
    ],
)
def test_mlqa_normalisation(language: str, text: str, normal: str) -> None:
    assert mlqa.normalizer(language)(text) == normal


def test_two_empty_answers_match_but_share_no_token() -> None:
    assert squad.evaluate([["the"]], ["..."]) == (100.0, 0.0)
    assert squad.evaluate([["x"]], [""]) == (0.0, 0.0)


def test_the_best_gold_answer_counts_for_each_metric() -> None:
    # Exact match from the third answer, F1 of 1 from it too; without it the best F1 is 2/3.
    assert squad.evaluate([["red", "blue sky", "red sky"]], ["red sky"]) == (100.0, 100.0)
    assert squad.evaluate([["blue", "red"]], ["red sky"]) == (0.0, pytest.approx(200 / 3))


def test_repeated_tokens_count_as_often_as_they_occur() -> None:
    # Shared: one "ha" of three given, one known -> P 1/3, R 1/1.
    assert squad.evaluate([["ha"]], ["ha ha ha"]).f1 == 50.0


def test_a_missing_answer_scores_zero_and_counts() -> None:
    assert squad.evaluate([["x"], ["y"]], ["x", None]) == (50.0, 50.0)


def test_chinese_is_one_token_for_squad_and_many_for_mlqa() -> None:
    golds, predictions = [["电化电池"]], ["电池"]
    assert squad.evaluate(golds, predictions) == (0.0, 0.0)
    assert mlqa.evaluate(golds, predictions, "zh") == (0.0, pytest.approx(200 / 3))


def test_languages_without_a_rule_are_refused() -> None:
    assert mlqa.LANGUAGES == MLQA
    with pytest.raises(DataError, match="no rule for the language 'sw'"):
        mlqa.evaluate([["x"]], ["x"], "sw")


@pytest.mark.parametrize(
    ("golds", "predictions", "said"),
    [
        ([], [], "no questions"),
        ([["x"]], [], "0 answers to 1 questions"),
        ([["x"], []], ["x", None], "no gold answer"),
    ],
)
def test_what_cannot_be_scored_is_refused(golds, predictions, said) -> None:
    with pytest.raises(DataError, match=said):
        squad.evaluate(golds, predictions)


def test_signatures_tell_rule_and_metric_apart() -> None:
    assert squad.SIGNATURES.keys() == mlqa.SIGNATURES.keys() == {"em", "f1"}
    assert len({*squad.SIGNATURES.values(), *mlqa.SIGNATURES.values()}) == 4
