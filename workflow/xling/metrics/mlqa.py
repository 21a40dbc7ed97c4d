# SPDX-License-Identifier: Apache-2.0
"""Exact match and F1 of answers by MLQA's rule, which depends on the language.

In this order: lower-case; delete all characters of a Unicode category P* and ASCII punctuation;
replace articles by a blank; cut into tokens; join them with blanks.

Arabic: every occurrence of the two letters of the article becomes a blank, also inside a word.  The
published rule means word beginnings only, but cannot match them; kept, so that scores compare.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

from xling.errors import DataError
from xling.metrics.squad import AnswerScores, mean_scores

SIGNATURES = {
    "em": "em|normalize:mlqa|max:golds|scale:100|v:1",
    "f1": "f1|tokens:mlqa|max:golds|average:macro|scale:100|v:1",
}


def _words(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(words.split())})\b")


_ARTICLES: dict[str, re.Pattern[str] | None] = {
    "en": _words("a an the"),
    "es": _words("un una unos unas el la los las"),
    "vi": _words("của là cái chiếc những"),
    "de": _words("ein eine einen einem eines einer der die das den dem des"),
    "ar": re.compile("ال"),
    "hi": None,
    "zh": None,
}
LANGUAGES = tuple(sorted(_ARTICLES))

_HAN = re.compile("([\u4e00-\u9fa5])")


@cache
def _punctuation() -> dict[int, None]:
    """Return the table that deletes punctuation (made on first use: it looks at all characters)."""
    marks = {i for i in range(sys.maxunicode + 1) if unicodedata.category(chr(i))[0] == "P"}
    return dict.fromkeys(marks | set(map(ord, string.punctuation)))


def normalizer(language: str) -> Callable[[str], str]:
    """Return the function that gives a text of a language as it is compared.

    Raises:
        DataError: MLQA has no rule for the language.
    """
    if language not in _ARTICLES:
        raise DataError(
            f"MLQA has no rule for the language '{language}'",
            allowed=", ".join(LANGUAGES),
            fix="score other languages by the rule of SQuAD (task xquad)",
        )
    articles, punctuation, mixed = _ARTICLES[language], _punctuation(), language == "zh"

    def normalized(text: str) -> str:
        text = text.lower().translate(punctuation)
        if articles is not None:
            text = articles.sub(" ", text)
        if mixed:
            text = _HAN.sub(r" \1 ", text)
        return " ".join(text.split())

    return normalized


def evaluate(
    golds: Sequence[Sequence[str]], predictions: Sequence[str | None], language: str
) -> AnswerScores:
    """Score one answer per question against the best of its gold answers.

    Args:
        golds: gold answers of each question.
        predictions: answer to each question; None is one that is missing: it scores 0 and counts.
        language: language of the answers' text, which picks the rule.

    Raises:
        DataError: an unknown language, or what :func:`xling.metrics.squad.evaluate` refuses.
    """
    return mean_scores(golds, predictions, normalizer(language))
