# SPDX-License-Identifier: Apache-2.0
"""Training text that is also in a test set: measured, and dropped if wanted.

Texts count as equal if their letters, marks and digits are, in the same order: case, punctuation
and forms of one character do not count.  This is stricter than equality of strings (distill.md,
section 8, item 17), which it includes.  Languages are not compared: the same string in two
languages is the same string.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xling.data.tables import read_table
from xling.distill.data.corpus import SentencePair
from xling.mt.data.filters import digest_of


class _Kept(dict[int, int]):
    """What becomes of each character: letters, marks and digits stay, others are blanks."""

    def __missing__(self, code: int) -> int:
        kept = unicodedata.category(chr(code))[0] in "LMN"
        self[code] = code if kept else ord(" ")
        return self[code]


_KEPT = _Kept()


class TestTexts:
    """Texts of test sets, as digests; a million of them take about 100 MB."""

    __test__ = False  # not a test of pytest, in spite of its name

    def __init__(self, texts: Mapping[str, Iterable[str]]) -> None:
        """Take the texts of each test set by its name; both sides, all languages."""
        self.sizes: dict[str, int] = {}
        # A text of several sets has the names of all.
        self._sets: dict[bytes, tuple[str, ...]] = {}
        for name, items in texts.items():
            digests = {digest_of(key_of(text)) for text in items}
            self.sizes[name] = len(digests)
            for digest in sorted(digests):
                self._sets[digest] = (*self._sets.get(digest, ()), name)

    def sets_of(self, text: str) -> tuple[tuple[str, ...], bytes]:
        """Return the test sets that have a text, and its digest (empty if none has it)."""
        if not self._sets:
            return (), b""
        digest = digest_of(key_of(text))
        names = self._sets.get(digest, ())
        return names, digest if names else b""

    def having(self, pair: SentencePair) -> list[str]:
        """Return the test sets that have a side of a pair, in the order they were given in."""
        found = {*self.sets_of(pair.source)[0], *self.sets_of(pair.target)[0]}
        return [name for name in self.sizes if name in found]


class Overlap:
    """Counts what a corpus in one language shares with each test set."""

    def __init__(self, tests: TestTexts) -> None:
        self._tests = tests
        self._counts: Counter[tuple[str, str]] = Counter()
        self._texts: dict[str, set[bytes]] = {name: set() for name in tests.sizes}

    def add(self, pair: SentencePair) -> None:
        """Count a pair that is trained on."""
        sides = {
            "source": self._tests.sets_of(pair.source),
            "target": self._tests.sets_of(pair.target),
        }
        for name in {name for names, _ in sides.values() for name in names}:
            found = [side for side, (names, _) in sides.items() if name in names]
            for side in found:
                self._counts[name, side] += 1
                self._texts[name].add(sides[side][1])
            self._counts[name, "pairs"] += 1
            self._counts[name, "both"] += len(found) == 2

    def counts(self) -> dict[str, dict[str, int]]:
        """Return numbers by test set.

        ``pairs``: a side is in the test set; ``source``, ``target``, ``both``: which one;
        ``test_texts``: different texts of the test set that are trained on.
        """
        kinds = ("pairs", "source", "target", "both")
        return {
            name: {kind: self._counts[name, kind] for kind in kinds}
            | {"test_texts": len(self._texts[name])}
            for name in self._tests.sizes
        }


def key_of(text: str) -> str:
    """Return what two equal texts share; the text itself if it has no letter and no digit."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_KEPT)
    return " ".join(plain.split()) or text


def retrieval_texts(prepared: Path, languages: Sequence[str] | None = None) -> Iterable[str]:
    """Give both sides of a prepared test split of BUCC or Tatoeba (``docs/retrieval.md``)."""
    column: Any = read_table(prepared, languages, ["text"]).column("text")
    for chunk in column.iterchunks():
        yield from chunk.to_pylist()
