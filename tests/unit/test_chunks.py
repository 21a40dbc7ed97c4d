# SPDX-License-Identifier: Apache-2.0
"""Tagging F1 against a slow transcription of the published rule, and by hand."""

from __future__ import annotations

import random

import pytest

from xling.errors import DataError
from xling.metrics.chunks import ACCURACY_SIGNATURE, SIGNATURE, f1, tag_accuracy

UPOS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X O".split()
BIO = "O B-PER I-PER B-LOC I-LOC B-ORG I-ORG".split()
ODD = "B- I- - -- O-X B-O X-O S-X E-X S E B I . .-X SCONJ B-X-Y I-Y --X Ö-é".split()


def ends(before: str, kind_before: str, letter: str, kind: str) -> bool:
    if before in ("E", "S"):
        return True
    if before == "B" and letter in ("B", "S", "O"):
        return True
    if before == "I" and letter in ("B", "S", "O"):
        return True
    return before not in ("O", ".") and kind_before != kind


def starts(before: str, kind_before: str, letter: str, kind: str) -> bool:
    if letter in ("B", "S"):
        return True
    if before in ("E", "S") and letter in ("E", "I"):
        return True
    if before == "O" and letter in ("E", "I"):
        return True
    return letter not in ("O", ".") and kind_before != kind


def slow_chunks(sentences: list[list[str]]) -> set[tuple[str, int, int]]:
    joined = [tag for sentence in sentences for tag in [*sentence, "O"]]
    found = []
    before, kind_before, begin = "O", "", 0
    for i, tag in enumerate(joined):
        letter, kind = tag[0], tag.split("-")[-1]
        if ends(before, kind_before, letter, kind):
            found.append((kind_before, begin, i - 1))
        if starts(before, kind_before, letter, kind):
            begin = i
        before, kind_before = letter, kind
    return set(found)


def slow_f1(gold: list[list[str]], predicted: list[list[str]]) -> tuple[float, float, float]:
    known, given = slow_chunks(gold), slow_chunks(predicted)
    hits = len(known & given)
    precision = hits / len(given) if given else 0.0
    recall = hits / len(known) if known else 0.0
    both = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return precision * 100, recall * 100, both * 100


@pytest.mark.parametrize("tags", [UPOS, BIO, ODD, UPOS + BIO + ODD])
def test_equals_the_slow_version_on_random_tags(tags: list[str]) -> None:
    rng = random.Random(len(tags))
    scores = set()
    for _ in range(3_000):
        some = rng.sample(tags, rng.randint(1, 7))  # few tags at a time, so that runs are long
        gold = [rng.choices(some, k=rng.randint(0, 9)) for _ in range(rng.randint(1, 4))]
        predicted = [[t if rng.random() < 0.7 else rng.choice(some) for t in s] for s in gold]
        # Not approximately: the last digit counts.
        assert f1(gold, predicted) == slow_f1(gold, predicted), (gold, predicted)
        scores.add(f1(gold, predicted))
    assert len(scores) > 300


def test_a_run_of_equal_tags_is_one_chunk() -> None:
    gold, predicted = [["NOUN", "NOUN", "VERB"]], [["NOUN", "VERB", "VERB"]]
    assert f1(gold, predicted) == (0.0, 0.0, 0.0)
    assert tag_accuracy(gold, predicted) == 2 / 3 * 100
    # NOUN NOUN is one chunk, so two hits of two and not three of three.
    assert f1(gold, [["NOUN", "NOUN", "ADJ"]]) == (50.0, 50.0, 50.0)


def test_tags_with_letter_s_are_single_chunks() -> None:
    # SYM SYM: two chunks on the gold side, one of them found.
    assert f1([["SYM", "SYM", "NUM"]], [["SYM", "NUM", "NUM"]]) == (50.0, 1 / 3 * 100, 40.0)
    assert f1([["NUM", "NUM"]], [["NUM", "NUM"]]).f1 == 100.0


def test_cconj_and_sconj_are_different_types() -> None:
    gold, predicted = [["CCONJ", "NOUN", "SCONJ"]], [["SCONJ", "NOUN", "CCONJ"]]
    # Rules that take the type from the second character on give 100 here.
    assert f1(gold, predicted).f1 == pytest.approx(100 / 3)


def test_bio_is_lenient() -> None:
    # An I after O, or of another type than the tag before, opens a chunk.
    assert f1([["O", "B-PER", "I-PER", "O"]], [["O", "I-PER", "I-PER", "O"]]).f1 == 100.0
    assert f1([["B-PER", "B-LOC"]], [["B-PER", "I-LOC"]]).f1 == 100.0
    assert f1([["B-PER", "B-PER"]], [["B-PER", "I-PER"]]).f1 == 0.0


def test_chunks_do_not_cross_sentences() -> None:
    assert f1([["NOUN"], ["NOUN"]], [["NOUN"], ["VERB"]]) == (50.0, 50.0, 50.0)


def test_no_chunk_scores_zero() -> None:
    assert f1([["O", "O"]], [["O", "O"]]) == (0.0, 0.0, 0.0)
    assert f1([["O"], []], [["B-PER"], []]) == (0.0, 0.0, 0.0)


def test_another_length_names_language_and_sentence() -> None:
    with pytest.raises(DataError, match="1 predicted tags for 2 words") as caught:
        f1([["X"], ["X", "O"]], [["X"], ["X"]], language="sw")
    assert "language sw, sentence 2" in caught.value.where
    with pytest.raises(DataError, match="1 predicted sentences for 2"):
        tag_accuracy([["X"], ["X"]], [["X"]])


@pytest.mark.parametrize("score", [f1, tag_accuracy])
def test_nothing_to_score_is_refused(score) -> None:
    with pytest.raises(DataError):
        score([], [])


def test_empty_tags_and_sentences_without_tags_are_refused() -> None:
    with pytest.raises(DataError, match="a tag is empty"):
        f1([["X"]], [[""]])
    with pytest.raises(DataError, match="without tags"):
        tag_accuracy([[]], [[]])


def test_signatures() -> None:
    assert SIGNATURE == "f1|average:micro|chunks:seqeval-0.0.12|scale:100|v:1"
    assert ACCURACY_SIGNATURE == "tag_accuracy|average:micro|scale:100|v:1"
