# SPDX-License-Identifier: Apache-2.0
"""Translations by the sentence they translate, as products look them up."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from xling.errors import DataError
from xling.translate.engine import Translation


class Texts:
    """Usable translations.

    Args:
        translations: of every sentence that was listed.
        refused: flags that make a translation unusable.
    """

    def __init__(
        self, translations: Mapping[str, Translation], refused: frozenset[str] = frozenset()
    ) -> None:
        self._translations = translations
        self._refused = refused

    def usable(self, sentence: str) -> str | None:
        """Return a translation on one line; None if it is empty or has a refused flag.

        Raises:
            DataError: the sentence was never translated.
        """
        found = self._translations.get(sentence)
        if found is None:
            raise DataError(
                "a sentence has no entry among the translations",
                where=f"'{sentence[:80]}'",
                allowed="an entry for every sentence of the list, flagged if it failed",
                fix="list the sentences again and translate what is missing",
            )
        text = one_line(found.text)
        return None if not text or self._refused.intersection(found.flags) else text


def one_line(text: str) -> str:
    """Return a text without control characters and line ends: files hold one row a line.

    Each run of them and of blanks of any kind becomes one blank.
    """
    plain = "".join(" " if c.isspace() or unicodedata.category(c) == "Cc" else c for c in text)
    return " ".join(plain.split())


def distinct(sentences: Iterable[str]) -> list[str]:
    """Return each sentence once, in order of appearance."""
    return list(dict.fromkeys(sentences))
