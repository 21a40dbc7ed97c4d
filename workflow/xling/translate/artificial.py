# SPDX-License-Identifier: Apache-2.0
"""The generator of the artificial languages as a translator, with a share of wrong words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xling.config.study import Artificial
from xling.data.artificial.alignment import pairs
from xling.data.artificial.grammar import Language, languages_of
from xling.data.artificial.meaning import Sentence
from xling.data.artificial.noise import traced
from xling.data.artificial.streams import Stream
from xling.errors import UsageError, nearest
from xling.tasks import SOURCE_LANGUAGE
from xling.translate.artificial_markers import taken_out
from xling.translate.guarded import Decoded
from xling.translate.read_artificial import Reader
from xling.translate.settings import Search

_FINAL_MARK = re.compile(r"(?<=\w)([.?])$")


class ArtificialModel:
    """Says in one language what a sentence says in another; each sentence has its own draws.

    Markers around words (:mod:`xling.translate.project.markers`) come to stand around what the
    words became, whatever the noise.  A sentence that is none of the generator's is translated word
    by word, in its order and with unknown words as they are, and flagged ``word_for_word``.

    Args:
        settings: of the artificial languages.
        noise: share of the words that are wrong.
    """

    def __init__(self, settings: Artificial, noise: float) -> None:
        self._seed, self._noise = settings.seed, noise
        self._languages: dict[str, Language] = languages_of(
            settings, [SOURCE_LANGUAGE, *settings.languages]
        )
        self._readers: dict[str, Reader] = {}

    def check(self, source: str, target: str) -> None:
        """See :class:`xling.translate.guarded.Model`."""
        for code in (source, target):
            if code not in self._languages:
                raise UsageError(
                    f"there is no artificial language '{code}'",
                    where="data.artificial.languages",
                    allowed=", ".join(self._languages),
                    fix=nearest(code, self._languages) or "add it to data.artificial.languages",
                )

    def sizes(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        """See :class:`xling.translate.guarded.Model`; words are counted."""
        del source, target
        return [len(text.split()) for text in texts]

    def longest(self) -> int:
        """See :class:`xling.translate.guarded.Model`."""
        return 1 << 20

    def decode(
        self, texts: Sequence[str], source: str, target: str, search: Search, no_repeat: int = 0
    ) -> list[Decoded]:
        """See :class:`xling.translate.guarded.Model`; there is nothing to search for."""
        del search, no_repeat
        if source not in self._readers:
            self._readers[source] = Reader(self._languages[source])
        return [self._translated(text, self._readers[source], target) for text in texts]

    def _translated(self, text: str, reader: Reader, target: str) -> Decoded:
        given = taken_out(text, reader.language.code)
        spaced = _FINAL_MARK.sub(r" \1", given.text)
        words, links, exact = self._words(spaced.split(), reader, target, given.text)
        found = given.put_in(words, links)
        # Where the source has its mark without a blank, so has the translation.
        if spaced != given.text:
            found = re.sub(r" ([.?])((?:</?\w>|[\[\]])*)$", r"\1\2", found)
        return Decoded(found, flags=() if exact else ("word_for_word",))

    def _words(
        self, words: Sequence[str], reader: Reader, target: str, text: str
    ) -> tuple[list[str], list[tuple[int, int]], bool]:
        """Return words of the translation, their links, and whether the sentence was understood.

        Args:
            words: of the source; links name them by their places.
            reader: of the source's language.
            target: language.
            text: what the draws follow from.
        """
        language = self._languages[target]
        meaning = reader.read(words)
        if meaning is None:
            return *_word_for_word(words, reader, language), False
        if isinstance(meaning, Sentence):
            own, exact = reader.language.say(meaning), language.say(meaning)
        else:
            own, exact = reader.language.render(*meaning), language.render(*meaning)
        stream = Stream(self._seed, "translator", reader.language.code, target, text)
        noisy = traced(stream, language, exact, self._noise)
        links = pairs(
            own,
            reader.groups(words),
            exact,
            [[place] for place in range(len(noisy))],
            [origin for _, origin in noisy],
        )
        return [token.form for token, _ in noisy], links, True


def _word_for_word(
    words: Sequence[str], reader: Reader, language: Language
) -> tuple[list[str], list[tuple[int, int]]]:
    """Return words in their order, and their links; what is no word of the reader's stays.

    Words that the language has no counterpart of, as an auxiliary or a particle, are left out.
    """
    found: list[str] = []
    links = []
    for place, word in enumerate(words):
        lemma, feature = reader.lemmas.get(word, (None, ""))
        if lemma is not None and lemma not in language.lexicon.forms:
            continue
        links.append((place, len(found)))
        found.append(word if lemma is None else language.lexicon.form(lemma, feature))
    return found, links
