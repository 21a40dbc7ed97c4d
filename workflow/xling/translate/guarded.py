# SPDX-License-Identifier: Apache-2.0
"""An engine around a model: texts are split, translated in batches, checked and joined again."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from xling.translate.engine import Translation
from xling.translate.guard import BAD, bad_flags, readable
from xling.translate.sentences import Span, fitting, joined, sentences
from xling.translate.settings import Guard, Search

log = logging.getLogger(__name__)


# Sub-words around a sentence, at most: languages, begin, end.
_SPECIAL = 8


@dataclass(frozen=True)
class Decoded:
    """What a model made of a sentence.

    Attributes:
        text: without special tokens.
        score: mean log-probability of a sub-word.
        cut: the bound of its length was reached before its end.
        flags: what the model itself has to say.
    """

    text: str
    score: float | None = None
    cut: bool = False
    flags: tuple[str, ...] = ()


class Model(Protocol):
    """A model that translates sentences."""

    def check(self, source: str, target: str) -> None:
        """Raise :class:`UsageError` unless it can translate between two languages."""

    def sizes(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        """Return the sub-words of each text as the model reads it."""

    def longest(self) -> int:
        """Return the sub-words that a sentence may have."""

    def decode(
        self, texts: Sequence[str], source: str, target: str, search: Search, no_repeat: int = 0
    ) -> list[Decoded]:
        """Translate sentences that fit; equal sentences are translated alike.

        Args:
            texts: not blank, one line each.
            source, target: ISO 639-1 codes.
            search: how.
            no_repeat: phrases of that many sub-words are said once at most; 0: as often as wanted.
        """


@dataclass
class GuardedEngine:
    """An engine: a model, which is loaded when it is needed, and what is done around it.

    Attributes:
        key: see :class:`xling.translate.engine.Engine`.
        licence: of the model.
        about: engine, model, settings, versions: for records.
        load: returns the model that translates sentences.
        search: of the first try.
        guard: against bad translations.
        each_sentence: translate the sentences of a text alone, not only where it is too long.
        counts: pieces of texts by what was found, since the engine was made.
    """

    key: str
    licence: str
    about: dict[str, Any]
    load: Callable[[], Model]
    search: Search = field(default_factory=Search)
    guard: Guard = field(default_factory=Guard)
    each_sentence: bool = True
    counts: Counter[str] = field(default_factory=Counter)

    @cached_property
    def model(self) -> Model:
        """Return the model."""
        return self.load()

    def translate(self, sentences: list[str], source: str, target: str) -> list[Translation]:
        """Return the translation of each text; see :class:`xling.translate.engine.Engine`."""
        self.model.check(source, target)
        cleaned = [readable(text) for text in sentences]
        texts = [text for text, _ in cleaned]
        parts = [self._parts(text, source, target) for text in texts]
        wanted = dict.fromkeys(
            span.of(text) for text, (spans, _) in zip(texts, parts, strict=True) for span in spans
        )
        found = dict(zip(wanted, self._checked(list(wanted), source, target), strict=True))
        out = []
        for (text, control), (spans, cut) in zip(cleaned, parts, strict=True):
            flags = {"control"} if control else set()
            flags |= {"split"} if cut else set()
            out.append(_whole(text, spans, [found[one.of(text)] for one in spans], target, flags))
        return out

    def _parts(self, text: str, source: str, target: str) -> tuple[list[Span], bool]:
        """Return what is translated of a text, and whether a sentence had to be cut."""
        spans = sentences(text, source)
        if not spans:
            return [], False
        longest = min(self.search.longest_source, self.model.longest())

        def fits(part: str) -> bool:
            # A sub-word has a byte at least, but for a few special ones.
            return (
                len(part.encode()) + _SPECIAL <= longest
                or self.model.sizes([part], source, target)[0] <= longest
            )

        whole = Span(spans[0].begin, spans[-1].end)
        one_line = "\n" not in whole.of(text)
        if not self.each_sentence and one_line and fits(whole.of(text)):
            return [whole], False
        cut = [list(fitting(text, span, fits)) for span in spans]
        return [part for parts in cut for part in parts], any(len(parts) > 1 for parts in cut)

    def _checked(self, texts: list[str], source: str, target: str) -> list[Translation]:
        """Translate sentences; give bad ones a second try, then the fallback."""
        first = self.model.decode(texts, source, target, self.search) if texts else []
        same = source == target
        found = [self._judged(text, one, same, ()) for text, one in zip(texts, first, strict=True)]
        bad = [place for place, one in enumerate(found) if BAD & set(one.flags)]
        if bad and self.guard.retry_beam is not None:
            search = self.search.model_copy(update={"beam": self.guard.retry_beam})
            again = self.model.decode([texts[i] for i in bad], source, target, search, no_repeat=3)
            for place, one in zip(bad, again, strict=True):
                second = self._judged(texts[place], one, same, ("retried",))
                if _badness(second) < _badness(found[place]):
                    found[place] = second
        found = [self._fallen_back(t, one) for t, one in zip(texts, found, strict=True)]
        self.counts["sentences"] += len(found)
        self.counts.update(flag for one in found for flag in one.flags)
        return found

    def _judged(self, text: str, one: Decoded, same: bool, more: tuple[str, ...]) -> Translation:
        flags = bad_flags(text, one.text, self.guard, cut=one.cut, same=same)
        return Translation(one.text, one.score, tuple(sorted({*flags, *one.flags, *more})))

    def _fallen_back(self, text: str, one: Translation) -> Translation:
        if self.guard.fallback == "keep" or not BAD & set(one.flags):
            return one
        if self.guard.fallback == "source":
            return Translation(text, None, tuple(sorted({*one.flags, "source_kept"})))
        return Translation("", None, tuple(sorted({*one.flags, "dropped"})))


def _badness(one: Translation) -> int:
    return len(BAD & set(one.flags))


def _whole(
    text: str, spans: Sequence[Span], found: Sequence[Translation], target: str, flags: set[str]
) -> Translation:
    """Return the translation of a text from those of its parts."""
    if not spans:
        return Translation(text, None, tuple(sorted({*flags, "blank"})))
    flags = flags.union(*(one.flags for one in found))
    if "dropped" in flags:
        return Translation("", None, tuple(sorted(flags)))
    scores = [one.score for one in found if one.score is not None]
    score = round(sum(scores) / len(scores), 4) if len(scores) == len(found) else None
    return Translation(
        joined(text, spans, [one.text for one in found], target), score, tuple(sorted(flags))
    )
