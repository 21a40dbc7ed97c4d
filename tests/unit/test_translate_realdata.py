# SPDX-License-Identifier: Apache-2.0
"""Real texts: how often they are repeated, and what the guard says of human translations."""

from __future__ import annotations

import json

import pytest

from conftest import REALDATA
from xling.translate.guard import bad_flags
from xling.translate.sentences import sentences
from xling.translate.settings import Guard

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        not ((REALDATA / "xnli").is_dir() and (REALDATA / "xquad").is_dir()),
        reason="the real XNLI and XQuAD are not here",
    ),
]


def pairs(language):
    """Return the texts of XNLI's test set: premise, hypothesis, premise, …"""
    text = (REALDATA / f"xnli/test-{language}.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.split("\n") if line]
    return [text for row in rows for text in row[:2]]


def test_texts_are_repeated():
    texts = pairs("en")
    assert (len(texts), len(set(texts))) == (10_020, 6_679)  # 1.5
    assert sum(map(len, texts)) / sum(map(len, set(texts))) == pytest.approx(1.81, abs=0.01)
    articles = json.loads((REALDATA / "xquad/xquad.en.json").read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    contexts = [paragraph["context"] for paragraph in paragraphs for _ in paragraph["qas"]]
    parts = [span.of(text) for text in contexts for span in sentences(text, "en")]
    assert (len(contexts), len(set(contexts))) == (1_190, 240)  # 5.0
    assert len(parts) / len(set(parts)) == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("language", ["ar", "de", "es", "hi", "sw", "zh"])
def test_human_translations_are_hardly_ever_bad(language):
    english, own = pairs("en"), pairs(language)
    bad = [
        (one, two)
        for one, two in zip(english, own, strict=True)
        if bad_flags(one, two, Guard(), cut=False)
    ]
    assert len(bad) <= 0.002 * len(own)


@pytest.mark.parametrize("language", ["en", "zh", "hi"])
def test_sentences_of_real_texts_are_rarely_cut(language):
    texts = sorted(set(pairs(language)))
    cut = [text for text in texts if len(sentences(text, language)) > 1]
    # Rows are sentences, but for a few.
    assert 0.005 * len(texts) < len(cut) < 0.03 * len(texts)
