# SPDX-License-Identifier: Apache-2.0
"""Scoring tags and answers: the workflow's way, or the obvious one, one example at a time.

- tags: as many languages as XTREME has, 10,000 sentences each (PAN-X's tags and mean length);
- answers: as many as XQuAD and MLQA have in their test sets, by both rules.

Both sides must give the same numbers to the last digit.
"""

from __future__ import annotations

import operator
import random
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench.comparison import Case

LANGUAGES = 40
# PAN-X English test: 80,326 tokens in 10,000 sentences (counted).
MEAN_TOKENS = 8
# 1,190 XQuAD questions in 11 languages; MLQA's test questions by language.
XQUAD = 11 * 1_190
MLQA = {"en": 11590, "de": 4517, "es": 5254, "ar": 5335, "zh": 5137, "vi": 5495, "hi": 4918}

OTHER = "example by example"

Sentences = list[list[str]]


def tag_scores(sentences: int, folder: Path) -> Case:
    """Compare ways to score as many sentences of each of 40 languages."""
    from xling.metrics.chunks import f1

    del folder
    data = [tagged(seed, sentences) for seed in range(LANGUAGES)]
    return Case(
        f"scoring tags, {LANGUAGES} languages x {sentences:,} sentences",
        lambda: lambda: [f1(*sides).f1 for sides in data],
        {OTHER: lambda: lambda: [obvious_f1(*sides) for sides in data]},
        operator.eq,
    )


def answer_scores(percent: int, folder: Path) -> Case:
    """Compare ways to score that part of the answers by SQuAD's and MLQA's rules."""
    from xling.metrics import mlqa, squad

    del folder
    counts = {code: n * percent // 100 for code, n in MLQA.items()}
    english = answered("xquad", XQUAD * percent // 100)
    data = {code: answered(code, count) for code, count in counts.items()}

    def ours() -> list[tuple[float, float]]:
        by_language = [mlqa.evaluate(*sides, code) for code, sides in data.items()]
        return [squad.evaluate(*english), *by_language]

    def obvious() -> list[tuple[float, float]]:
        by_language = [obvious_answers(*data[code], obvious_mlqa(code)) for code in data]
        return [obvious_answers(*english, obvious_squad), *by_language]

    count = len(english[0]) + sum(counts.values())
    return Case(
        f"scoring {count:,} answers of XQuAD and MLQA",
        lambda: ours,
        {OTHER: lambda: obvious},
        operator.eq,
    )


def tagged(seed: int, sentences: int) -> tuple[Sentences, Sentences]:
    """Make gold tags, and predictions of which about nine in ten are right."""
    rng = random.Random(seed)
    tags = ("O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG")
    gold = [rng.choices(tags, k=rng.randint(1, 2 * MEAN_TOKENS - 1)) for _ in range(sentences)]
    predicted = [[t if rng.random() < 0.9 else rng.choice(tags) for t in s] for s in gold]
    return gold, predicted


def answered(language: str, count: int) -> tuple[list[list[str]], list[str | None]]:
    """Make gold answers of one to eight words, and predictions of which half are right."""
    rng = random.Random(language)
    letters = "电池中国日本" if language == "zh" else "abdeilnorstu"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(5_000)]
    words += ["the", "der", "una", "là", "ال", "3,5", "(x)"]
    golds = [[" ".join(rng.choices(words, k=rng.randint(1, 8)))] for _ in range(count)]
    given: list[str | None] = [
        gold if rng.random() < 0.5 else " ".join([*gold.split()[:3], rng.choice(words)])
        for (gold,) in golds
    ]
    return golds, given


def obvious_f1(gold: Sentences, predicted: Sentences) -> float:
    """Score tags one by one, as seqeval 0.0.12 does."""
    known, found = obvious_chunks(gold), obvious_chunks(predicted)
    hits = len(known & found)
    if not hits:
        return 0.0
    precision, recall = hits / len(found), hits / len(known)
    return 2 * precision * recall / (precision + recall) * 100


def obvious_chunks(sentences: Sentences) -> set[tuple[str, int, int]]:
    """Walk over all tags and collect the chunks."""
    chunks = set()
    before, kind_before, begin = "O", "", 0
    for i, tag in enumerate(tag for sentence in sentences for tag in [*sentence, "O"]):
        letter, kind = tag[0], tag.split("-")[-1]
        if (
            before in "ES"
            or (before in "BI" and letter in "BSO")
            or (before not in "O." and kind != kind_before)
        ):
            chunks.add((kind_before, begin, i - 1))
        if (
            letter in "BS"
            or (before in "ESO" and letter in "EI")
            or (letter not in "O." and kind != kind_before)
        ):
            begin = i
        before, kind_before = letter, kind
    return chunks


def obvious_squad(text: str) -> str:
    """Normalise a text character by character."""
    marks = set(string.punctuation)
    text = "".join(c for c in text.lower() if c not in marks)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def obvious_mlqa(language: str) -> Callable[[str], str]:
    """Return the function that normalises a text by MLQA's rule."""
    articles = {
        "en": r"\b(a|an|the)\b",
        "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
        "vi": r"\b(của|là|cái|chiếc|những)\b",
        "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
        "ar": "ال",
    }

    def normalized(text: str) -> str:
        marks = string.punctuation
        text = "".join(
            c for c in text.lower() if c not in marks and unicodedata.category(c)[0] != "P"
        )
        if language in articles:
            text = re.sub(articles[language], " ", text)
        if language == "zh":
            text = "".join(f" {c} " if "\u4e00" <= c <= "\u9fa5" else c for c in text)
        return " ".join(text.split())

    return normalized


def obvious_answers(
    golds: list[list[str]], given: list[str | None], normalized: Callable[[str], str]
) -> tuple[float, float]:
    """Score answer by answer, as the released scripts do."""
    exact = overlap = 0.0
    for known, answer in zip(golds, given, strict=True):
        exact += max(normalized(answer or "") == normalized(gold) for gold in known)
        overlap += max(obvious_overlap(answer or "", gold, normalized) for gold in known)
    return 100.0 * exact / len(golds), 100.0 * overlap / len(golds)


def obvious_overlap(answer: str, gold: str, normalized: Callable[[str], str]) -> float:
    """Return the F1 of two bags of tokens."""
    found, known = normalized(answer).split(), normalized(gold).split()
    shared = sum((Counter(found) & Counter(known)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(found), shared / len(known)
    return 2 * precision * recall / (precision + recall)
