# SPDX-License-Identifier: Apache-2.0
"""Exact match and F1 of answers by the rule of SQuAD 1.1: XQuAD and TyDiQA, every language.

A text is lower-cased, the 32 ASCII punctuation characters are deleted, the words a, an, the become
blanks, blanks are joined.  Other punctuation stays.  Chinese and Thai answers are single tokens, so
their F1 is close to exact match; that is XTREME's rule too.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from typing import NamedTuple

from xling.errors import DataError

SIGNATURES = {
    "em": "em|normalize:squad-1.1|max:golds|scale:100|v:1",
    "f1": "f1|tokens:squad-1.1|max:golds|average:macro|scale:100|v:1",
}

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


class AnswerScores(NamedTuple):
    """Exact match and F1: of a language (means over questions, 0 to 100) or a question (0 to 1)."""

    em: float
    f1: float


def normalize(text: str) -> str:
    """Return the text as it is compared."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def evaluate(golds: Sequence[Sequence[str]], predictions: Sequence[str | None]) -> AnswerScores:
    """Score one answer per question against the best of its gold answers.

    Args:
        golds: gold answers of each question.
        predictions: answer to each question; None is one that is missing: it scores 0 and counts.

    Raises:
        DataError: no questions, another number of predictions, or a question without gold answer.
    """
    return mean_scores(golds, predictions, normalize)


def mean_scores(
    golds: Sequence[Sequence[str]],
    predictions: Sequence[str | None],
    normalized: Callable[[str], str],
) -> AnswerScores:
    """Score answers whose tokens are the blank-separated parts of ``normalized(answer)``."""
    found = question_scores(golds, predictions, normalized)
    # Added one by one, as the official scripts do: `sum` rounds otherwise from Python 3.12 on.
    exact, overlap = 0.0, 0.0
    for one in found:
        exact += one.em
        overlap += one.f1
    return AnswerScores(100.0 * exact / len(golds), 100.0 * overlap / len(golds))


def question_scores(
    golds: Sequence[Sequence[str]],
    predictions: Sequence[str | None],
    normalized: Callable[[str], str],
) -> list[AnswerScores]:
    """Return exact match and F1 of each question, each 0 to 1.

    Raises:
        DataError: see :func:`evaluate`.
    """
    if len(golds) != len(predictions):
        raise DataError(
            f"{len(predictions)} answers to {len(golds)} questions",
            allowed="one answer, or none, per question",
            fix="predict this split again",
        )
    if not golds:
        raise DataError("there are no questions to score", allowed="at least one question")
    cache = _Cache(normalized)
    found = []
    for number, (answers, prediction) in enumerate(zip(golds, predictions, strict=True)):
        if not answers:
            raise DataError(
                "a question has no gold answer",
                where=f"question {number + 1} of {len(golds)}",
                allowed="at least one answer",
                fix="prepare this split again; unanswerable questions are no part of SQuAD 1.1",
            )
        if prediction is None:
            found.append(AnswerScores(0.0, 0.0))
            continue
        given = cache[prediction]
        known = [cache[answer] for answer in answers]
        overlap = max(token_f1(given, answer) for answer in known)
        found.append(AnswerScores(float(given in known), overlap))
    return found


def token_f1(prediction: str, gold: str) -> float:
    """Return the F1 of two bags of tokens, 0 to 1; 0 if none is shared, as with two empty texts."""
    if prediction == gold:
        return 1.0 if gold else 0.0
    given, known = prediction.split(), gold.split()
    left: dict[str, int] = {}
    for token in known:
        left[token] = left.get(token, 0) + 1
    shared = 0
    for token in given:
        if left.get(token):
            left[token] -= 1
            shared += 1
    if not shared:
        return 0.0
    precision, recall = shared / len(given), shared / len(known)
    return (2 * precision * recall) / (precision + recall)


class _Cache(dict[str, str]):
    """Normalised texts: most answers occur as gold and as prediction, some many times."""

    def __init__(self, normalized: Callable[[str], str]) -> None:
        super().__init__()
        self.normalized = normalized

    def __missing__(self, text: str) -> str:
        self[text] = self.normalized(text)
        return self[text]
