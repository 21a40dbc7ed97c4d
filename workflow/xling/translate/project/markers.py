# SPDX-License-Identifier: Apache-2.0
"""Markers around spans: put into a text before translation, looked for in the translation.

Mark-then-translate as in EasyProject (Chen et al. 2023): ``the <a>red house</a>`` is translated
with its marks, and what stands between them is the translation of the span.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xling.errors import UsageError, nearest
from xling.translate.project.words import BY_CHARACTER, Span, is_latin, is_letter

# Why a span was not recovered, as the report says it.
LOST = "a marker is lost"
TWICE = "a marker stands twice"
CROSSED = "the closing marker stands first"
EMPTY = "nothing between the markers"
IN_TEXT = "the text has such markers itself"
TOO_MANY = "too many spans for the markers"

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Form:
    """How markers look.

    Attributes:
        opening, closing: ``{}`` is the letter of the span.
        pattern: finds both in a translation, with the changes that translators make; the group
            ``closing`` is not empty for a closing marker, ``letter`` says whose it is.
        most: spans of one text.
        forbidden: characters that a text with markers must not have itself.
    """

    opening: str
    closing: str
    pattern: re.Pattern[str]
    most: int
    forbidden: str


# Translators widen marks in Chinese and Japanese, put blanks into tags, and change their case.
FORMS = {
    "xml": Form(
        "<{}>",
        "</{}>",
        re.compile(r"[<＜〈]\s*(?P<closing>[/／]?)\s*(?P<letter>[a-zA-Z])\s*[>＞〉]"),
        len(_LETTERS),
        "<>＜＞〈〉",
    ),
    # Nothing says which span brackets are of, so there is one; the group ``letter`` is empty.
    "brackets": Form(
        "[",
        "]",
        re.compile(r"(?P<letter>)(?:[\[［【〖]|(?P<closing>[\]］】〗]))"),
        1,
        "[]［］【】〖〗",
    ),
}


class Recovered(NamedTuple):
    """A translation without its markers.

    Attributes:
        text: of the translation.
        spans: where each marked span stands; None if it was not recovered.
        reasons: why not; empty where it was.
        strange: markers that belong to no span; they are taken out of the text too.
    """

    text: str
    spans: tuple[Span | None, ...]
    reasons: tuple[str, ...]
    strange: int


def form_of(name: str) -> Form:
    """Return a form by its name.

    Raises:
        UsageError: there is none.
    """
    if name not in FORMS:
        raise UsageError(
            f"there are no markers called '{name}'",
            where="projection, marker",
            allowed=", ".join(FORMS),
            fix=nearest(name, FORMS),
        )
    return FORMS[name]


def unmarkable(text: str, spans: Sequence[Span], form: Form) -> str:
    """Return why spans of a text cannot be marked; empty if they can."""
    if any(character in text for character in form.forbidden):
        return IN_TEXT
    return TOO_MANY if len(spans) > form.most else ""


def marked(text: str, spans: Sequence[Span], form: Form) -> str:
    """Return a text with markers around the spans, which may be nested or cross each other.

    Raises:
        ValueError: they cannot be marked (:func:`unmarkable`), or a span is empty or outside.
    """
    if reason := unmarkable(text, spans, form):
        raise ValueError(reason)
    # At one place ends come first; of two spans the longer one is outside, of equal ones the first.
    events: list[tuple[int, int, int, int, str]] = []
    for number, (start, end) in enumerate(spans):
        if not 0 <= start < end <= len(text):
            raise ValueError(f"the span {start}-{end} is not in the text")
        letter = _LETTERS[number]
        events.append((end, 0, -start, -number, form.closing.format(letter)))
        events.append((start, 1, -end, number, form.opening.format(letter)))
    out, last = [], 0
    for place, *_, mark in sorted(events):
        out += [text[last:place], mark]
        last = place
    return "".join([*out, text[last:]])


def recovered(translation: str, count: int, form: Form, language: str) -> Recovered:
    """Take the markers out of a translation and say where the spans stand.

    Args:
        translation: of a text with markers.
        count: spans that were marked.
        form: of the markers.
        language: of the translation; says where blanks belong.
    """
    found = list(form.pattern.finditer(translation))
    text, places = _without(translation, found, language)
    ends: list[tuple[list[int], list[int]]] = [([], []) for _ in range(count)]
    strange = 0
    for number, match in enumerate(found):
        whose = _LETTERS.index((match["letter"] or _LETTERS[0]).lower())
        if whose < count:
            ends[whose][bool(match["closing"])].append(number)
        else:
            strange += 1
    judged = [_span(opens, closes, places) for opens, closes in ends]
    spans = tuple([span for span, _ in judged])
    return Recovered(text, spans, tuple([reason for _, reason in judged]), strange)


def _span(opens: list[int], closes: list[int], places: list[int]) -> tuple[Span | None, str]:
    """Return a span, or why there is none; the lists hold numbers of markers."""
    if not opens or not closes:
        return None, LOST
    if len(opens) > 1 or len(closes) > 1:
        return None, TWICE
    if opens[0] > closes[0]:
        return None, CROSSED
    start, end = places[opens[0]], places[closes[0]]
    return (Span(start, end), "") if start < end else (None, EMPTY)


def _without(text: str, markers: list[re.Match[str]], language: str) -> tuple[str, list[int]]:
    """Return a text without its markers, and the place of each in it."""
    out, last, places = "", 0, []
    first = 0
    while first < len(markers):
        final = first
        while final + 1 < len(markers) and not _between(text, markers, final).strip():
            final += 1
        run = markers[first : final + 1]
        left = out + text[last : run[0].start()]
        out = left.rstrip()
        end = run[-1].end()
        right = text[end:].lstrip()
        gap = ""
        if out and right:
            outer, inner = _blanks(
                text, run, before=out != left, after=not text.startswith(right, end)
            )
            gap = _gap(out[-1], right[0], language, outer=outer, inner=inner)
        places += [len(out) + (0 if marker["closing"] else len(gap)) for marker in run]
        out += gap
        last = len(text) - len(right)
        first = final + 1
    return out + text[last:], places


def _between(text: str, markers: list[re.Match[str]], number: int) -> str:
    """Return what stands between a marker and the next one."""
    return text[markers[number].end() : markers[number + 1].start()]


def _blanks(text: str, run: list[re.Match[str]], *, before: bool, after: bool) -> tuple[bool, bool]:
    """Return whether there are blanks outside of the spans, and inside of them, around a run.

    Args:
        text: of the translation.
        run: markers with nothing but blanks between them.
        before, after: whether a blank stands before the first and after the last of them.
    """
    closing = [bool(marker["closing"]) for marker in run]
    # Outside is what lies between an end (or the text) and an opening (or the text).
    left, right = [True, *closing], [*(not one for one in closing), True]
    blank = [before, *(bool(_between(text, run, i)) for i in range(len(run) - 1)), after]
    pieces = list(zip(left, right, blank, strict=True))
    outer = any(here and one and two for one, two, here in pieces)
    return outer, any(blank) and not outer


def _gap(before: str, after: str, language: str, *, outer: bool, inner: bool) -> str:
    """Return what stands in the place of removed markers, between two characters."""
    if language in BY_CHARACTER:
        return " " if (outer or inner) and is_latin(before) and is_latin(after) else ""
    return " " if outer or (inner and is_letter(before) and is_letter(after)) else ""
