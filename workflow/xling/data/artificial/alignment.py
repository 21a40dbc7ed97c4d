# SPDX-License-Identifier: Apache-2.0
"""Word alignment between two languages: a word stands for the one in the same place of the tree.

The tree of a sentence is the same in all languages, but for words that a language needs on top: an
auxiliary "do", a plural particle.  Those have no partner.
"""

from __future__ import annotations

from collections.abc import Sequence

from xling.data.artificial.phrases import Token

Groups = list[list[int]]


def counterparts(source: Sequence[Token], target: Sequence[Token]) -> dict[int, int]:
    """Return, for words of the source by index, the index of the same word in the target."""
    where = {_path(token): index for index, token in enumerate(target)}
    return {
        index: where[path] for index, token in enumerate(source) if (path := _path(token)) in where
    }


def pairs(
    source: Sequence[Token],
    source_groups: Groups,
    target: Sequence[Token],
    target_groups: Groups,
    origins: Sequence[int],
) -> list[tuple[int, int]]:
    """Return the aligned pairs of written words, in rising order.

    Args:
        source: words of the sentence that was translated.
        source_groups: the words (indices) that each written word of it is made of.
        target: words of its exact translation.
        target_groups: the words that each written word of the real translation is made of, as
            indices into ``origins``.
        origins: for each word of the real translation, the index of the exact translation's word
            that it stands for.
    """
    partner = counterparts(target, source)
    written = {word: i for i, group in enumerate(source_groups) for word in group}
    return sorted(
        {
            (written[partner[origins[word]]], j)
            for j, group in enumerate(target_groups)
            for word in group
            if origins[word] in partner
        }
    )


def _path(token: Token) -> tuple[str, ...]:
    """Return lemmas and relations from a word up to the root; no two words share them."""
    path: list[str] = []
    step: Token | None = token
    while step is not None:
        path += (step.lemma, step.relation)
        step = step.head
    return tuple(path)
