# SPDX-License-Identifier: Apache-2.0
"""Machine translations with a dial: the exact translation with a share of wrong words."""

from __future__ import annotations

from xling.data.artificial.grammar import Language
from xling.data.artificial.phrases import Token
from xling.data.artificial.second_vocabulary import ALL_CATEGORIES
from xling.data.artificial.streams import Stream

# Ours: of the changed words, these shares are replaced by another word of the same category,
# left out, or said twice.  A word without others in its category is left out instead.
CHANGES = {"replaced": 0.7, "dropped": 0.15, "doubled": 0.15}


def translated(
    stream: Stream, language: Language, tokens: list[Token], noise: float
) -> list[Token]:
    """Return a sentence with each word changed with probability ``noise``; at least one stays."""
    return [token for token, _ in traced(stream, language, tokens, noise)]


def traced(
    stream: Stream, language: Language, tokens: list[Token], noise: float
) -> list[tuple[Token, int]]:
    """Return what :func:`translated` does, each word with the index of the word it stands for.

    A replaced word is another word's form without relation and head.
    """
    words: list[tuple[Token, int]] = []
    for index, token in enumerate(tokens):
        if not stream.chance(noise):
            words.append((token, index))
            continue
        kind = stream.weighted(CHANGES)
        if kind == "doubled":
            words += [(token, index), (token, index)]
        elif kind == "replaced":
            others = [word for word in ALL_CATEGORIES[token.category] if word != token.lemma]
            if others:
                words.append((language.token(stream.pick(others), token.feature), index))
    return words or [(tokens[0], 0)]
