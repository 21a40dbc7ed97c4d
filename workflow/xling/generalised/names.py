# SPDX-License-Identifier: Apache-2.0
"""Names of the settings and of pairs of languages, as in predictions, records and tables."""

from __future__ import annotations

from collections.abc import Sequence

#: All ordered pairs of languages, those of a language with itself included.
GENERALISED = "generalised"
#: Ends the name of a setting without the rows of which a sentence was not translated.
WITHOUT_NS = "_without_ns"
#: Column of predictions that says whether a sentence of the row is PAWS-X's placeholder.
NOT_TRANSLATED = "not_translated"


def pair_name(first: str, second: str) -> str:
    """Return what stands for a language: ``de-fr`` has its first sentence in German."""
    return f"{first}-{second}"


def pair_of(name: str) -> tuple[str, str]:
    """Return the languages of the first and of the second sentence.

    Codes of languages have no hyphen: studies allow letters only.
    """
    first, _, second = name.partition("-")
    return first, second


def pair_names(languages: Sequence[str]) -> list[str]:
    """Return all ordered pairs, first languages in the given order, then second ones."""
    return [pair_name(first, second) for first in languages for second in languages]
