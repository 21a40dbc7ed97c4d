# SPDX-License-Identifier: Apache-2.0
"""A translator of artificial sentences that carries markers over, as well as one wants.

It shows what the handling of markers costs by itself: words of the translation are the
generator's, markers stand where the exact links say, and a share of them is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from xling.data.artificial.streams import Stream
from xling.errors import UsageError
from xling.tasks import SOURCE_LANGUAGE
from xling.translate.engine import Translation, key_of
from xling.translate.project.markers import FORMS, Form, recovered
from xling.translate.project.measure import Exact
from xling.translate.project.words import Span, covered, joined

#: Flag of a sentence that it does not know; it has no translation.
UNKNOWN = "unknown"


class MarkedArtificial:
    """Translates the sentences it is given, with and without markers (an ``Engine``).

    Args:
        exacts: the sentences it knows.
        code: language that it translates to.
        loss: probability that a marker is lost.
        seed: of the losses.
        form: of the markers.
    """

    licence = "Apache-2.0"

    def __init__(
        self,
        exacts: Sequence[Exact],
        code: str,
        *,
        loss: float = 0.0,
        seed: int = 1,
        form: Form = FORMS["xml"],
    ) -> None:
        self._known = {one.text: one for one in exacts}
        self._code, self._loss, self._seed, self._form = code, loss, seed, form
        known = [[*one.source, "", *one.tokens] for one in exacts]
        self.about = {"loss": loss, "seed": seed, "form": form.opening, "language": code}
        self.key = key_of("marked-artificial", known=known, **self.about)

    def translate(self, sentences: list[str], source: str, target: str) -> list[Translation]:
        """Return the translations; one of an unknown sentence is empty and flagged."""
        if (source, target) != (SOURCE_LANGUAGE, self._code):
            raise UsageError(
                f"this translator does not translate from {source} to {target}",
                where="the artificial translator with markers",
                allowed=f"{SOURCE_LANGUAGE} to {self._code}",
            )
        return [self._translated(sentence) for sentence in sentences]

    def _translated(self, sentence: str) -> Translation:
        plain = recovered(sentence, self._form.most, self._form, SOURCE_LANGUAGE)
        one = self._known.get(plain.text)
        if one is None:
            return Translation("", None, (UNKNOWN,))
        source = joined(one.source, SOURCE_LANGUAGE)[1]
        stream = Stream(self._seed, "marker", self._code, sentence)
        before: dict[int, str] = {}
        after: dict[int, str] = {}
        for number, span in enumerate(plain.spans):
            words = self._words(one, source, span) if span else []
            letter = chr(ord("a") + number)
            if words and not stream.chance(self._loss):
                before[words[0]] = before.get(words[0], "") + self._form.opening.format(letter)
            if words and not stream.chance(self._loss):
                after[words[-1]] = self._form.closing.format(letter) + after.get(words[-1], "")
        return Translation(
            joined(
                [before.get(i, "") + word + after.get(i, "") for i, word in enumerate(one.tokens)],
                self._code,
            )[0]
        )

    @staticmethod
    def _words(one: Exact, source: list[Span], span: Span) -> list[int]:
        """Return the words of the translation that a span of the source stands for, in order."""
        phrase = set(covered(source, span))
        return sorted({two for word, two in one.links if word in phrase})
