# SPDX-License-Identifier: Apache-2.0
"""Which languages are held against each other where there are too many for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Ours: so many of each end; gradients of all of them are in memory at a time.
PAIRED_OF_EACH = 4


def paired_languages(languages: Sequence[str], groups: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the languages whose gradients are compared, in their order."""
    if len(languages) <= 2 * PAIRED_OF_EACH:
        return list(languages)
    chosen: set[str] = set()
    for name in ("low", "high"):
        inside = [language for language in languages if language in groups.get(name, ())]
        chosen |= set(inside[:PAIRED_OF_EACH])
    return [language for language in languages if language in chosen]
