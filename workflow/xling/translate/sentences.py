# SPDX-License-Identifier: Apache-2.0
"""Sentences of a text by rule, and the text of their translations.

Rules, not a model: a wrong cut costs a little quality, and equal text is cut alike everywhere.
What lies between two sentences is blank, and stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

#: Languages that put no blank between sentences.
UNSPACED = frozenset(("ja", "zh"))
# Marks that end a sentence wherever they stand, and those that need a blank after them.
_ALWAYS = "。！？｡"
_BEFORE_BLANK = ".!?…।॥؟۔။"
_CLOSING = "\"'”’»」』）)\\]】〉》"
_END = re.compile(rf"[{_ALWAYS}]+[{_CLOSING}]*|[{_BEFORE_BLANK}]+[{_CLOSING}]*(?=\s)|\n")
# Ours: words whose full stop ends no sentence; single letters and ordinals ("3. Oktober") too.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr vs no nr approx etc e.g i.e z.b bzw ca u.s u.k inc ltd co dept fig "
    "gen col lt capt rev hon mt jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
# Where a sentence that is too long is cut, best first.
_CUTS = (re.compile(r"[;:；：]\s*"), re.compile(r"[,，、،]\s*"), re.compile(r"\s+"))


@dataclass(frozen=True)
class Span:
    """A part of a text, in code points."""

    begin: int
    end: int

    def of(self, text: str) -> str:
        """Return the part."""
        return text[self.begin : self.end]


def sentences(text: str, language: str) -> list[Span]:
    """Return the sentences of a text in order, without the blanks around them.

    Thai marks no sentences: each line is one.

    Args:
        text: any.
        language: ISO 639-1 code.
    """
    begin, found = 0, []
    for match in _END.finditer(text):
        if match[0] == "\n" or not _goes_on(text, begin, match, language):
            found.append(Span(begin, match.end()))
            begin = match.end()
    found.append(Span(begin, len(text)))
    return [span for span in (_stripped(text, span) for span in found) if span.end > span.begin]


def fitting(text: str, span: Span, fits: Callable[[str], bool]) -> Iterator[Span]:
    """Cut a part of a text that is too long for a model into such that are not.

    Cuts are near the middle: at a semicolon, else a comma, else a blank, else between characters.

    Args:
        text: the whole text.
        span: without blanks around it.
        fits: whether a model can take a text; a single character always counts as fitting.
    """
    if span.end - span.begin <= 1 or fits(span.of(text)):
        yield span
        return
    cut = _best_cut(text, span)
    for half in (Span(span.begin, cut), Span(cut, span.end)):
        yield from fitting(text, _stripped(text, half), fits)


def joined(text: str, spans: Sequence[Span], translations: Sequence[str], target: str) -> str:
    """Return a text with its sentences replaced by their translations.

    What is between them is kept.  Where nothing is, languages with blanks between sentences get
    one.

    Args:
        text: that the spans are parts of.
        spans: in rising order.
        translations: of the spans.
        target: ISO 639-1 code of the translations' language.
    """
    parts, end = [], 0
    for span, translation in zip(spans, translations, strict=True):
        between = text[end : span.begin]
        if end and not between and translation and target not in UNSPACED:
            between = " "
        parts += [between, translation]
        end = span.end
    return "".join((*parts, text[end:]))


def _goes_on(text: str, begin: int, match: re.Match[str], language: str) -> bool:
    """Whether a sentence goes on behind what may be its end."""
    if match[0][0] in _ALWAYS:
        return False
    # In tokenised text a mark is a word, and so it is in the artificial languages, which have no
    # capitals; " ... " may stand inside a sentence.
    if len(match[0]) == 1 and text[max(begin, match.start() - 1)].isspace():
        return False
    follows = text[match.end() :].lstrip()[:1]
    if follows.islower():
        return True
    if match[0] != ".":
        return False
    word = re.split(r"[\s(\[\"“„']", text[begin : match.start()])[-1]
    if word.isdigit():
        # "am 3. Oktober"; years and the like end a sentence.
        return len(word) <= 2 and language in ("de", "fi", "hu", "et", "eu", "tr")
    return word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper())


def _stripped(text: str, span: Span) -> Span:
    begin, end = span.begin, span.end
    while begin < end and text[begin].isspace():
        begin += 1
    while begin < end and text[end - 1].isspace():
        end -= 1
    return Span(begin, end)


def _best_cut(text: str, span: Span) -> int:
    """Return where to cut a part in two, neither of them empty."""
    length = span.end - span.begin
    middle = span.begin + length // 2
    for pattern in _CUTS:
        places = [match.end() for match in pattern.finditer(text, span.begin, span.end)]
        # Ours: a cut in the outer quarters helps too little.
        places = [place for place in places if abs(place - middle) <= length // 4]
        if places:
            return min(places, key=lambda place: (abs(place - middle), place))
    # A mark stays with its letter: Thai vowels and tones, Indic vowel signs.
    letters = (
        place
        for place in range(middle, span.begin, -1)
        if not unicodedata.category(text[place]).startswith("M")
    )
    return next(letters, middle)
