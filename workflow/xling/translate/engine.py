# SPDX-License-Identifier: Apache-2.0
"""What every translator is: sentences in and out, and a key that says how they were made."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Translation:
    """The translation of one sentence.

    Attributes:
        text: of the translation; may be empty, and is then flagged.
        score: mean log-probability of a sub-word; None where an engine gives none.
        flags: what the guard found, in rising order (``xling.translate.guard``).
    """

    text: str
    score: float | None = None
    flags: tuple[str, ...] = ()


class Engine(Protocol):
    """A translator.

    Attributes:
        key: engine, revision and all settings that change a translation; equal keys give equal
            translations.  Safe as the name of a folder.
        licence: of the model; what it writes is under it too.
        about: engine, model, revision, settings, versions, as JSON has them: for records.
    """

    @property
    def key(self) -> str:
        """Return the name of what this engine computes."""

    @property
    def licence(self) -> str:
        """Return the licence of the model."""

    @property
    def about(self) -> dict[str, Any]:
        """Return what records say of the engine."""

    def translate(self, sentences: list[str], source: str, target: str) -> list[Translation]:
        """Return the translation of each sentence, in their order.

        Args:
            sentences: any text, empty ones too.
            source, target: ISO 639-1 codes.

        Raises:
            UsageError: the engine does not know a language.
        """


def key_of(name: str, **settings: Any) -> str:
    """Return ``name`` with a checksum of everything that changes what an engine writes."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
