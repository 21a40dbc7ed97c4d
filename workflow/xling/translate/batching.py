# SPDX-License-Identifier: Apache-2.0
"""Batches of sentences of similar length, by their number of sub-words."""

from __future__ import annotations

from collections.abc import Sequence


def width(size: int, step: int) -> int:
    """Return a length rounded up to a multiple of ``step``: what batches are padded to, at most."""
    return -(-size // step) * step


def token_batches(sizes: Sequence[int], tokens: int, step: int) -> list[list[int]]:
    """Return places of sentences; a batch holds those of one :func:`width`, each place is in one.

    The width alone bounds the length of a translation, so it depends on no other sentence.

    Args:
        sizes: sub-words of each sentence.
        tokens: sub-words of a batch with its padding, at most; one sentence may have more.
        step: sentences are padded by fewer sub-words than this.

    Returns:
        Batches from short to long; places in a batch by size, then in their order.
    """
    order = sorted(range(len(sizes)), key=lambda place: (sizes[place], place))
    batches: list[list[int]] = []
    last = -1
    for place in order:
        wide = width(sizes[place], step)
        if wide != last or (len(batches[-1]) + 1) * wide > tokens:
            batches.append([])
        batches[-1].append(place)
        last = wide
    return batches
