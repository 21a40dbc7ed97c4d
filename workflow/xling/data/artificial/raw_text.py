# SPDX-License-Identifier: Apache-2.0
"""Pre-training text: documents of two coherent sentences, separated by a tab.

The second sentence follows from the first, adds to it, says it in another way, or objects to it.
It may open with a connective that says which; an objection always does.  First sentences are drawn
from a share of all sentences that no benchmark uses
(:func:`xling.data.artificial.purposes.purpose_of`).  Documents with questions and names follow
(:mod:`xling.data.artificial.more_text`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xling.config.study import Artificial
from xling.data.artificial import more_text, nli, paraphrase
from xling.data.artificial.grammar import Language, text_of
from xling.data.artificial.meaning import Pair
from xling.data.artificial.release import Release
from xling.data.artificial.streams import Stream
from xling.tasks import SOURCE_LANGUAGE

# Ours: what a second sentence does, and the word that says so.
KINDS = {"entailment": 0.25, "neutral": 0.25, "contradiction": 0.25, "1": 0.15, "0": 0.1}
CONNECTIVE = {
    "entailment": "so",
    "neutral": "also",
    "contradiction": "but",
    "1": "namely",
    "0": "but",
}
# Ours: share of the documents that say so, objections aside.  The word cannot be predicted without
# comparing the two sentences, which is what the benchmarks ask for.
CONNECTED = 0.7


def write_text_files(
    release: Release, settings: Artificial, languages: dict[str, Language]
) -> None:
    """Write one file per language."""
    for code, language in languages.items():
        share = (
            settings.source_text_share
            if code == SOURCE_LANGUAGE
            else settings.languages[code].text_share
        )
        count = round(share * settings.text_documents)
        documents = draw_documents(Stream(settings.seed, "text", code), count)
        lines = [_line(pair, language) for pair in documents]
        if more_text.wanted(settings):
            stream = Stream(settings.seed, "more text", code)
            source = languages[SOURCE_LANGUAGE]
            lines += more_text.draw_more(stream, language, source, round(more_text.MORE * count))
        release.write(
            f"text/{code}.txt",
            lines,
            form="text",
            uses=[("text", "all", code)],
        )


def draw_documents(stream: Stream, count: int) -> Iterator[Pair]:
    """Yield pairs of coherent sentences; the label is a key of ``KINDS``."""
    for _ in range(count):
        kind = stream.weighted(KINDS)
        if kind in ("0", "1"):
            clause = paraphrase.draw_sentence(stream, "text")
            pair = paraphrase.draw_pair(stream, clause, kind)
        else:
            premise = nli.draw_premise(stream, "text")
            pair = Pair(premise, nli.draw_hypothesis(stream, premise, kind), kind)
        word = CONNECTIVE[kind]
        if word == "but" or stream.chance(CONNECTED):
            pair = replace(pair, second_style=replace(pair.second_style, connective=word))
        yield pair


def _line(pair: Pair, language: Language) -> tuple[str, str]:
    return (
        text_of(language.render(pair.first, pair.first_style)),
        text_of(language.render(pair.second, pair.second_style)),
    )
