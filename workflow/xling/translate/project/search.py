# SPDX-License-Identifier: Apache-2.0
"""A phrase of one translation looked up in another translation of the same sentence."""

from __future__ import annotations

from xling.translate.project.words import BY_CHARACTER, Span, is_letter


def find(text: str, phrase: str, share: float, language: str) -> Span | None:
    """Return where a phrase stands in a text; None if it does not.

    Of several places the one nearest to ``share`` of the text counts, then the first.  In languages
    with spaces a place within a word does not count.  Capital letters matter only if a place with
    the same ones is found.

    Args:
        text: to look in.
        phrase: not empty.
        share: where the middle of the phrase stood in the other translation, 0 to 1.
        language: of both.
    """
    folded = text.casefold(), phrase.casefold()
    tries = [(text, phrase)]
    # Folding may change lengths ("ß"); then places in the folded text mean nothing.
    if len(folded[0]) == len(text) and len(folded[1]) == len(phrase):
        tries.append(folded)
    for where, what in tries:
        places = [place for place in _places(where, what) if _whole(text, place, language)]
        if places:
            return min(places, key=lambda place: abs(_middle(place) / len(text) - share))
    return None


def share_of(span: Span, text: str) -> float:
    """Return where the middle of a span stands in its text, 0 to 1."""
    return _middle(span) / len(text)


def _middle(span: Span) -> float:
    return (span.start + span.end) / 2


def _places(text: str, phrase: str) -> list[Span]:
    found, start = [], text.find(phrase)
    while start >= 0:
        found.append(Span(start, start + len(phrase)))
        start = text.find(phrase, start + 1)
    return found


def _whole(text: str, span: Span, language: str) -> bool:
    """Whether a span neither begins nor ends within a word."""
    if language in BY_CHARACTER:
        return True
    return not any(
        0 < cut < len(text) and is_letter(text[cut - 1]) and is_letter(text[cut]) for cut in span
    )
