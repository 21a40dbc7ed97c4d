# SPDX-License-Identifier: Apache-2.0
"""Machine translations with a dial: the exact translation with a share of wrong words."""

from __future__ import annotations

from xling.data.artificial.grammar import Language, Token
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import CATEGORIES

# Ours: of the changed words, these shares are replaced by another word of the same category,
# left out, or said twice.  A word without others in its category is left out instead.
CHANGES = {"replaced": 0.7, "dropped": 0.15, "doubled": 0.15}


def translated(
    stream: Stream, language: Language, tokens: list[Token], noise: float
) -> list[Token]:
    """Return a sentence with each word changed with probability ``noise``; at least one stays."""
    words: list[Token] = []
    for token in tokens:
        if not stream.chance(noise):
            words.append(token)
            continue
        kind = stream.weighted(CHANGES)
        if kind == "doubled":
            words += [token, token]
        elif kind == "replaced":
            others = [word for word in CATEGORIES[token.category] if word != token.lemma]
            if others:
                words.append(language.token(stream.pick(others), token.feature))
    return words or tokens[:1]
