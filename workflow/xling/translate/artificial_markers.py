# SPDX-License-Identifier: Apache-2.0
"""Markers in a sentence for the artificial translator: taken out, and put in where links lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xling.translate.project.markers import FORMS, Form, recovered


@dataclass(frozen=True)
class Marked:
    """A sentence without its markers.

    Attributes:
        text: of the sentence.
        phrases: its marked words by the number of their markers; a blank is between two words, and
            the final mark is one.
        form: of the markers.
    """

    text: str
    phrases: dict[int, range]
    form: Form

    def put_in(self, words: Sequence[str], links: Sequence[tuple[int, int]]) -> str:
        """Return a translation with the markers.

        A phrase without any link has no marker there, as a translator may lose one.

        Args:
            words: of the translation.
            links: words of the sentence and of the translation that belong together.
        """
        before, after = [""] * len(words), [""] * len(words)
        for number, phrase in self.phrases.items():
            there = [two for one, two in links if one in phrase]
            if there:
                letter = chr(ord("a") + number)
                before[min(there)] += self.form.opening.format(letter)
                after[max(there)] = self.form.closing.format(letter) + after[max(there)]
        return " ".join(
            left + word + right for left, word, right in zip(before, words, after, strict=True)
        )


def taken_out(text: str, language: str) -> Marked:
    """Return a sentence without its markers; a marker without partner is only taken out.

    Args:
        text: with markers of one form, or without.
        language: of the text.
    """
    for form in FORMS.values():
        if form.pattern.search(text):
            found = recovered(text, form.most, form, language)
            spans = {number: span for number, span in enumerate(found.spans) if span}
            return Marked(
                found.text,
                {
                    # Blanks in front of a word are as many as the words in front of it.
                    number: range(
                        len(found.text[: span.start].split()), len(found.text[: span.end].split())
                    )
                    for number, span in spans.items()
                },
                form,
            )
    return Marked(text, {}, FORMS["xml"])
