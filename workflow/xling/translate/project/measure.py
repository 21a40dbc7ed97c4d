# SPDX-License-Identifier: Apache-2.0
"""How well labels are carried over, against what the artificial languages know exactly.

Two views.  Links of words can be compared where the translation is the generator's, so that every
word of it stands for a known one.  Phrases (names of persons, places, organisations) can be
compared for any translator: the phrase that a method found against the exact words of the language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from xling.config.study import Artificial
from xling.data.artificial import events
from xling.data.artificial.alignment import pairs
from xling.data.artificial.grammar import languages_of
from xling.data.artificial.noise import traced
from xling.data.artificial.purposes import Purpose
from xling.data.artificial.streams import Stream
from xling.metrics.prf import Scores, scores_of_counts
from xling.metrics.squad import token_f1
from xling.tasks import SOURCE_LANGUAGE
from xling.translate.engine import Translation
from xling.translate.products.texts import one_line
from xling.translate.project.aligner import Aligner, Worded
from xling.translate.project.entities import entities_of
from xling.translate.project.links import Links, linked_span
from xling.translate.project.markers import FORMS, Form, marked, recovered
from xling.translate.project.words import Span, joined, words_of


class Exact(NamedTuple):
    """An English sentence, its translation by the generator, and what is known of both.

    Attributes:
        source: words of the sentence.
        tags: its entities, as in PAN-X.
        tokens: words of the translation, a share of them wrong.
        links: which of them stand for which words of the sentence.
        phrases: each entity in the language, as it should be.
        said: each entity as the translation has it; empty if none of its words is there.
    """

    source: tuple[str, ...]
    tags: tuple[str, ...]
    tokens: tuple[str, ...]
    links: Links
    phrases: tuple[str, ...]
    said: tuple[str, ...]

    @property
    def text(self) -> str:
        """The English sentence."""
        return " ".join(self.source)

    @property
    def places(self) -> list[Span]:
        """Where the entities stand in :attr:`text`."""
        words = joined(self.source, SOURCE_LANGUAGE)[1]
        return [entity.place(words) for entity in entities_of(self.tags)]


class Phrases(NamedTuple):
    """How phrases were found.

    Attributes:
        exact: precision, recall and F1 of phrases that are the exact ones, 0 to 100.
        overlap: mean F1 of the words of found and exact phrases, 0 to 100; 0 for one not found.
        wanted: phrases there are.
        found: phrases that the method found, right or wrong.
    """

    exact: Scores
    overlap: float
    wanted: int
    found: int


def exact_sentences(
    settings: Artificial, code: str, count: int, purpose: Purpose = "dev"
) -> list[Exact]:
    """Return different sentences with names and their noisy translations.

    Args:
        settings: of the artificial languages; ``noise`` is the share of wrong words.
        code: language of the translations.
        count: sentences.
        purpose: which names and words may occur (``docs/artificial-languages.md``).
    """
    languages = languages_of(settings, [SOURCE_LANGUAGE, code])
    english, language = languages[SOURCE_LANGUAGE], languages[code]
    drawing = Stream(settings.seed, "projection", purpose)
    noise = Stream(settings.seed, "projection", "noise", purpose, code)
    found: dict[str, Exact] = {}
    while len(found) < count:
        sentence = events.draw_sentence(drawing, purpose, events.PANX)
        source, exact = english.say(sentence), language.say(sentence)
        noisy = traced(noise, language, exact, settings.noise)
        alone, single = ([[i] for i in range(len(words))] for words in (source, noisy))
        right = pairs(source, alone, exact, [[i] for i in range(len(exact))], range(len(exact)))
        tags = tuple([token.entity for token in source])
        real = pairs(source, alone, exact, single, [origin for _, origin in noisy])
        tokens = tuple([token.form for token, _ in noisy])
        one = Exact(
            tuple([token.form for token in source]),
            tags,
            tokens,
            real,
            _phrases(tags, right, [token.form for token in exact], code),
            _phrases(tags, real, tokens, code),
        )
        found.setdefault(one.text, one)
    return list(found.values())


def requests(exacts: Sequence[Exact], form: Form = FORMS["xml"]) -> list[str]:
    """Return the marked sentences, for a translator, in the order of the phrases.

    All entities of a sentence are marked at once if the form allows it, else one at a time.
    """
    return [marked(one.text, part, form) for one in exacts for part in _parts(one, form)]


def phrases_by_markers(
    exacts: Sequence[Exact],
    translations: Mapping[str, Translation],
    code: str,
    form: Form = FORMS["xml"],
) -> list[str | None]:
    """Return what stands between the markers, for each entity of each sentence."""
    found: list[str | None] = []
    for one in exacts:
        for part in _parts(one, form):
            text = one_line(translations[marked(one.text, part, form)].text)
            back = recovered(text, len(part), form, code)
            found += [span.of(back.text) if span else None for span in back.spans]
    return found


def phrases_by_alignment(
    exacts: Sequence[Exact], translations: Mapping[str, Translation], code: str, aligner: Aligner
) -> list[str | None]:
    """Return the words that each entity of each sentence is linked with."""
    sides = [
        (_worded(one.text, SOURCE_LANGUAGE), _worded(one_line(translations[one.text].text), code))
        for one in exacts
    ]
    found: list[str | None] = []
    for one, (_, target), links in zip(exacts, sides, aligner.align(sides), strict=True):
        for entity in entities_of(one.tags):
            phrase = range(entity.first, entity.last + 1)
            place = linked_span(links, phrase, target.words)
            found.append(place.of(target.text) if place else None)
    return found


def score_phrases(gold: Sequence[str], found: Sequence[str | None]) -> Phrases:
    """Compare found phrases with those that there are; empty ones of ``gold`` are left out.

    Args:
        gold: :attr:`Exact.said` of all sentences, to see what is lost in finding them, or
            :attr:`Exact.phrases`, which adds what is wrong in the translation.
        found: of :func:`phrases_by_markers` or :func:`phrases_by_alignment`.
    """
    both = [(one, two or "") for one, two in zip(gold, found, strict=True) if one]
    hits = sum(one == two for one, two in both)
    known = sum(bool(two) for _, two in both)
    overlap = sum(token_f1(two, one) for one, two in both) / len(both) if both else 0.0
    return Phrases(scores_of_counts(hits, known, len(both)), 100 * overlap, len(both), known)


def score_links(exacts: Sequence[Exact], code: str, aligner: Aligner) -> Scores:
    """Compare the links of an aligner with those of the generator's noisy translations."""
    sides = []
    for one in exacts:
        text, words = joined(one.tokens, code)
        sides.append((_worded(one.text, SOURCE_LANGUAGE), Worded(text, tuple(words))))
    hits = found = wanted = 0
    for one, links in zip(exacts, aligner.align(sides), strict=True):
        hits += len(set(links) & set(one.links))
        found += len(links)
        wanted += len(one.links)
    return scores_of_counts(hits, found, wanted)


def _phrases(
    tags: Sequence[str], links: Links, tokens: Sequence[str], code: str
) -> tuple[str, ...]:
    """Return the words that the links give to each entity."""
    text, words = joined(tokens, code)
    places = [
        linked_span(links, range(entity.first, entity.last + 1), words)
        for entity in entities_of(tags)
    ]
    return tuple([place.of(text) if place else "" for place in places])


def _parts(one: Exact, form: Form) -> list[list[Span]]:
    """Return the places that are marked together."""
    places = one.places
    return [[place] for place in places] if form.most == 1 else [places] if places else []


def _worded(text: str, language: str) -> Worded:
    return Worded(text, tuple(words_of(text, language)))
