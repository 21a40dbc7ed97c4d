# SPDX-License-Identifier: Apache-2.0
"""Translated sentences of tagging (UD-POS, PAN-X), in xTune's format: words and links.

The file has no tags; ``xling.data.prepare_tagging`` makes them of the links.  A sentence is
identified by its words, so of rows with the same words the first one's labels count.
Back-translations have one word per line, and a line without a word for a sentence that has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xling.data.readers.rows import TaggedRow
from xling.translate.products.ask import (
    SOURCE_KEPT,
    UNTRANSLATED,
    UNWRITABLE,
    WHOLE,
    Ask,
    Counts,
)
from xling.translate.products.order import in_order
from xling.translate.products.texts import Texts, distinct
from xling.translate.project.aligner import Aligner, Worded
from xling.translate.project.entities import entities_of, entity_links
from xling.translate.project.links import Links
from xling.translate.project.markers import form_of, marked, recovered, unmarkable
from xling.translate.project.settings import Projection
from xling.translate.project.words import Span, joined, words_of

#: Why a sentence is left out.
NO_LABELS = "labels not found"


class Sentence(NamedTuple):
    """A sentence as it is translated.

    Attributes:
        request: what the translator gets.
        places: where entities stand; none if they are not marked.
        reason: why entities that there are cannot be marked.
    """

    row: TaggedRow
    source: Worded
    request: str
    places: tuple[Span, ...]
    reason: str


def wanted(ask: Ask, rows: Sequence[TaggedRow]) -> list[str]:
    """Return the texts to translate, each once; with markers around entities if they are used."""
    return distinct(_sentence(ask, row).request for row in rows)


def written(
    ask: Ask,
    rows: Sequence[TaggedRow],
    texts: Texts,
    english: Sequence[TaggedRow],
    aligner: Aligner | None,
) -> tuple[str, Counts]:
    """Return the text of a file and what became of the rows.

    Args:
        ask: the file.
        rows: prepared rows that are translated.
        texts: their translations.
        english: of back-translations: all rows of the English training set.
        aligner: for the method ``alignment``.
    """
    counts = Counts(items=len(rows))
    if ask.role == "back_translation":
        return _back(ask, rows, texts, english, counts), counts
    pairs: list[tuple[Sentence, Worded]] = []
    links: list[Links] = []
    for row in rows:
        found = _translated(ask, _sentence(ask, row), texts, counts)
        if found is not None:
            pairs.append(found[:2])
            links.append(found[2])
    if aligner is not None:
        links = _aligned(pairs, links, aligner, counts)
    return _lines(ask, pairs, links, counts), counts


def _translated(
    ask: Ask, sentence: Sentence, texts: Texts, counts: Counts
) -> tuple[Sentence, Worded, Links] | None:
    """Return a sentence, its translation and the links that are known; None to leave it out."""
    row = sentence.row
    if any(len(token.split()) != 1 for token in row.tokens):
        counts.dropped[UNWRITABLE] += 1
        return None
    text = texts.usable(sentence.request)
    if text is None:
        if not ask.keeps_source:
            counts.dropped[UNTRANSLATED] += 1
            return None
        counts.kept[SOURCE_KEPT] += 1
        return sentence, sentence.source, [(word, word) for word in range(len(row.tokens))]
    if ask.projection is None or ask.projection.method != "markers":
        return sentence, Worded(text, tuple(words_of(text, ask.target))), []
    found = _marked_links(ask.projection, ask.target, sentence, text, counts)
    return (sentence, *found) if found else None


def _sentence(ask: Ask, row: TaggedRow) -> Sentence:
    text, words = joined(row.tokens, ask.source)
    source = Worded(text, tuple(words))
    projection = ask.projection
    if projection is None or projection.method != "markers":
        return Sentence(row, source, text, (), "")
    form = form_of(projection.marker)
    places = tuple([entity.place(words) for entity in entities_of(row.tags)])
    reason = unmarkable(text, places, form) if places else ""
    request = text if reason or not places else marked(text, places, form)
    return Sentence(row, source, request, places, reason)


def _marked_links(
    projection: Projection, target: str, sentence: Sentence, text: str, counts: Counts
) -> tuple[Worded, Links] | None:
    """Return the words of a translation and the links of its entities; None to leave it out."""
    entities, places = entities_of(sentence.row.tags), sentence.places
    spans: tuple[Span | None, ...] = (None,) * len(places)
    reasons: tuple[str, ...] = (sentence.reason,) * len(places)
    if places and not sentence.reason:
        found = recovered(text, len(places), form_of(projection.marker), target)
        text, spans, reasons = found.text, found.spans, found.reasons
        counts.strange += found.strange
    counts.labels += len(places)
    counts.projected += sum(span is not None for span in spans)
    counts.failed.update(reason for reason in reasons if reason)
    words = tuple(words_of(text, target))
    links = entity_links(sentence.row.tags, entities, spans, words)
    if any(reasons):
        if projection.failed == "drop" or not links:
            counts.dropped[NO_LABELS] += 1
            return None
        counts.kept[WHOLE] += 1
    return Worded(text, words), links


def _aligned(
    pairs: Sequence[tuple[Sentence, Worded]],
    links: list[Links],
    aligner: Aligner,
    counts: Counts,
) -> list[Links]:
    """Return the links of all sentences; those that are there (of kept sources) stay."""
    open_ = [i for i, found in enumerate(links) if not found]
    aligned = aligner.align([(pairs[i][0].source, pairs[i][1]) for i in open_])
    for i, found in zip(open_, aligned, strict=True):
        links[i] = found
        counts.labels += len(pairs[i][1].words)
        counts.projected += len({word for _, word in found})
    if counts.labels > counts.projected:
        counts.failed["aligned with nothing"] = counts.labels - counts.projected
    return links


def _lines(
    ask: Ask, pairs: Sequence[tuple[Sentence, Worded]], links: Sequence[Links], counts: Counts
) -> str:
    """Return a line per sentence: its words, language, words of the translation, links."""
    lines = []
    for (sentence, target), found in zip(pairs, links, strict=True):
        words = " ".join(word.of(target.text) for word in target.words)
        reason = "" if words else UNTRANSLATED
        if words and not found and _needs_links(ask):
            reason = NO_LABELS
        if reason:
            counts.dropped[reason] += 1
            continue
        counts.written += 1
        pairs_text = " ".join(f"{one}/{two}" for one, two in found)
        source = " ".join(sentence.row.tokens)
        lines.append(f"{source}\t{ask.target}\t{words}\t{pairs_text}\n")
    return "".join(lines)


def _needs_links(ask: Ask) -> bool:
    """Whether nothing could be learned from a sentence without links."""
    return ask.projection is not None and ask.projection.method != "soft_labels" and not ask.testing


def _back(
    ask: Ask,
    rows: Sequence[TaggedRow],
    texts: Texts,
    english: Sequence[TaggedRow],
    counts: Counts,
) -> str:
    found: dict[str, str] = {}
    for row in rows:
        text = texts.usable(joined(row.tokens, ask.source)[0])
        words = words_of(text, ask.target) if text else []
        if not text or not words:
            counts.dropped[UNTRANSLATED] += 1
            continue
        counts.written += 1
        found[row.id] = "".join(f"{word.of(text)}\tO\n" for word in words)
    return "".join(found.get(row.id, "\tO\n") + "\n" for row in in_order(english, ask))
