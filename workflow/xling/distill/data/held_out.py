# SPDX-License-Identifier: Apache-2.0
"""Held-out pairs for the choice of weights: drawn by source sentence, before anything is written.

The authors take the first 1,000 pairs of a file.  Here the order is that of a checksum of seed and
sentence, so that other rows, corpora or languages change nothing, and a sentence that is in many
languages is held out in (nearly) all of them.  No source and no target of a held-out pair is
trained on, in any corpus and language: the authors' script does so within WikiMatrix.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

from xling.data.artificial.streams import digest
from xling.distill.data.corpus import SentencePair
from xling.mt.data.filters import digest_of

#: Ours: of a small corpus at most this share of its pairs is held out.
LARGEST_SHARE = 0.1


@dataclass(frozen=True)
class HeldOut:
    """What is held out of one corpus in one language.

    Attributes:
        groups: digests of the drawn sentences (or groups of sentences).
        texts: digests of all their sources and targets.
    """

    groups: frozenset[bytes]
    texts: frozenset[bytes]


@dataclass
class _Group:
    key: bytes
    sources: set[bytes] = field(default_factory=set)
    texts: set[bytes] = field(default_factory=set)

    def add(self, pair: SentencePair) -> None:
        self.sources.add(digest_of(pair.source))
        self.texts |= {digest_of(pair.source), digest_of(pair.target)}


def group_of(pair: SentencePair) -> bytes:
    """Return the digest of what a pair is held out by."""
    return digest_of(pair.group or pair.source)


def draw(pairs: Iterable[SentencePair], sentences: int, seed: int) -> HeldOut:
    """Draw held-out sentences; memory depends on their number alone.

    Args:
        pairs: all good pairs of a corpus in one language.
        sentences: wanted different sources.  Whole groups are drawn, so there may be a few less;
            a small corpus gives at most ``LARGEST_SHARE`` of its pairs.
        seed: of the order.
    """
    candidates: dict[int, _Group] = {}
    worst: list[int] = []
    count = 0
    for pair in pairs:
        count += 1
        key = group_of(pair)
        rank = digest(seed, "held_out", key.hex())
        if rank not in candidates:
            # Each group has a sentence at least, so later ones are never needed.
            if len(worst) >= sentences and (not worst or rank > -worst[0]):
                continue
            candidates[rank] = _Group(key)
            heapq.heappush(worst, -rank)
            if len(worst) > sentences:
                del candidates[-heapq.heappop(worst)]
        if rank in candidates:
            candidates[rank].add(pair)
    wanted = min(sentences, int(LARGEST_SHARE * count))
    groups, texts, found = set[bytes](), set[bytes](), 0
    for rank in sorted(candidates):
        if found + len(candidates[rank].sources) > wanted:
            break
        found += len(candidates[rank].sources)
        groups.add(candidates[rank].key)
        texts |= candidates[rank].texts
    return HeldOut(frozenset(groups), frozenset(texts))


def published(pairs: Iterable[SentencePair]) -> HeldOut:
    """Return what a published development part keeps out of training."""
    texts = frozenset(digest_of(text) for pair in pairs for text in (pair.source, pair.target))
    return HeldOut(frozenset(), texts)
