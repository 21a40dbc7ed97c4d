# SPDX-License-Identifier: Apache-2.0
"""Translations that must be in the store by now, whichever engine made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xling.errors import DataError, UsageError
from xling.translate.engine import Translation
from xling.translate.store import Store

#: Provenance of the engine of each direction ("en-de"): its ``key``, ``licence`` and more.
Engines = Mapping[str, Mapping[str, Any]]


class Stored:
    """A store, and which engine translated each direction.

    Args:
        store: of all engines.
        engines: by direction.
    """

    def __init__(self, store: Store, engines: Engines) -> None:
        self._store, self._engines = store, engines

    def engine(self, source: str, target: str) -> Mapping[str, Any]:
        """Return the provenance of a direction's engine.

        Raises:
            UsageError: there is none.
        """
        direction = f"{source}-{target}"
        if direction not in self._engines:
            raise UsageError(
                f"no engine translated {direction}",
                where="engines",
                allowed=", ".join(sorted(self._engines)) or "none",
                fix="give the notes of all shards of both rounds",
            )
        return self._engines[direction]

    def find(self, sentences: Sequence[str], source: str, target: str) -> dict[str, Translation]:
        """Return the translation of each sentence; none needs no engine.

        Args:
            sentences: as they were listed.
            source, target: ISO 639-1 codes.

        Raises:
            DataError: a translation is missing.
            UsageError: there is no engine for the direction.
        """
        if not sentences:
            return {}
        key = str(self.engine(source, target)["key"])
        found = self._store.find(key, sentences, source, target)
        there = {text: one for text, one in zip(sentences, found, strict=True) if one is not None}
        lacks = [text for text in sentences if text not in there]
        if lacks:
            raise DataError(
                f"{len(lacks):,} of {len(sentences):,} sentences are not in the store of "
                "translations",
                where=f"{self._store.folder}, {key}, {source} to {target}: '{lacks[0][:80]}'",
                allowed="a translation of every listed sentence, flagged if it failed",
                fix="translate the list with this engine: what is there is not translated again",
            )
        return there


def engine_words(engines: Iterable[Mapping[str, Any]]) -> str:
    """Return what records and tables say of translations by some engines."""
    return f"our translation by {', '.join(sorted({_words(engine) for engine in engines}))}"


def _words(engine: Mapping[str, Any]) -> str:
    said = [f"{name} {engine[name]}" for name in ("model", "revision") if engine.get(name)]
    said.append(f"licence {engine['licence']}")
    return f"{engine['key']} ({', '.join(said)})"
