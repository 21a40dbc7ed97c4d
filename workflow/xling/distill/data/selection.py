# SPDX-License-Identifier: Apache-2.0
"""What of a corpus is trained on, what is held out, and in which order the rows stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

import pyarrow as pa

from xling.data.readers.rows import numbered
from xling.distill.data import held_out
from xling.distill.data.corpus import ParallelCorpus, SentencePair
from xling.distill.data.held_out import HeldOut
from xling.distill.data.overlap import Overlap, TestTexts
from xling.distill.data.rules import HELD_OUT, OVER_CAP, REPEATED, PairFilter, Rules
from xling.mt.data.filters import digest_of

#: ``source`` is English, ``target`` its translation.  Rows of one source stand together.  ``id`` is
#: split and line of the raw file, and the place among the translations if a line has several.
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("id", "language", "corpus", "source", "target")]
)
_ROWS = 65_536


@dataclass(frozen=True)
class Recipe:
    """What is written of the raw pairs.

    Attributes:
        rules: which pairs are dropped.
        cap: training pairs of a corpus in a language; the first ones, as in the authors' code
            (500,000).  None: all.
        caps: the same for single ones, by (corpus, language).
        held_out: source sentences of a corpus in a language that are held out, where no
            development part was published (1,000).
        tests: what training text is compared with.
        seed: of the held-out sentences.
    """

    rules: Rules = field(default_factory=Rules)
    cap: int | None = 500_000
    caps: Mapping[tuple[str, str], int] = field(default_factory=dict)
    held_out: int = 1_000
    tests: TestTexts = field(default_factory=lambda: TestTexts({}))
    seed: int = 1

    def cap_of(self, corpus: ParallelCorpus) -> int | None:
        """Return the cap of a corpus in its language."""
        return self.caps.get((corpus.name, corpus.language), self.cap)


class Selection:
    """Divides one corpus in one language into training and held-out pairs.

    Attributes:
        filter, dev_filter: what was read and dropped of the corpus, and of its published
            development part.
        overlap: of the training pairs with test sets.
        sources: different English sentences among the training pairs.
    """

    def __init__(
        self, corpus: ParallelCorpus, recipe: Recipe, own: HeldOut, kept_out: frozenset[bytes]
    ) -> None:
        self.corpus = corpus
        self._cap = recipe.cap_of(corpus)
        self._own, self._kept_out = own, kept_out
        self.filter = PairFilter(corpus.pairs, recipe.rules, recipe.tests)
        self.dev_filter = PairFilter(corpus.dev or _nothing, recipe.rules, recipe.tests)
        self.overlap = Overlap(recipe.tests)
        self._dev: list[SentencePair] = []
        self.sources = 0

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Read the corpus; return its training rows and its held-out rows."""
        order: list[int] = []
        train = _grouped(list(_batches(self._train(order), self.corpus, "train")), order)
        dev = [*self._dev, *_once(self.dev_filter)]
        first: dict[str, int] = {}
        order = [first.setdefault(pair.source, len(first)) for pair in dev]
        return train, _grouped(list(_batches(dev, self.corpus, "dev")), order)

    def _train(self, order: list[int]) -> Iterator[SentencePair]:
        """Give training pairs; append to ``order`` which source each has, counted from 0."""
        seen, dev_seen = set[bytes](), set[bytes]()
        sources: dict[bytes, int] = {}
        for pair in self.filter.kept():
            key, source = digest_of(pair.source, pair.target), digest_of(pair.source)
            drawn = held_out.group_of(pair) in self._own.groups
            if drawn and key not in dev_seen:
                dev_seen.add(key)
                self._dev.append(pair)
            elif drawn or key in seen:
                self.filter.drop(REPEATED)
            elif source in self._kept_out or digest_of(pair.target) in self._kept_out:
                self.filter.drop(HELD_OUT)
            elif self._cap is not None and len(order) >= self._cap:
                self.filter.drop(OVER_CAP)  # not remembered: memory is bounded by the cap
            else:
                seen.add(key)
                order.append(sources.setdefault(source, len(sources)))
                self.overlap.add(pair)
                yield pair
        self.sources = len(sources)


def held_out_of(corpus: ParallelCorpus, recipe: Recipe) -> HeldOut:
    """Return what is held out of a corpus: its published development part, or sentences drawn."""
    if corpus.dev is not None:
        return held_out.published(PairFilter(corpus.dev, recipe.rules, recipe.tests).kept())
    good = PairFilter(corpus.pairs, recipe.rules, recipe.tests).kept()
    return held_out.draw(good, recipe.held_out, recipe.seed)


def _nothing(_: Any) -> Iterator[SentencePair]:
    return iter(())


def _once(good: PairFilter) -> Iterator[SentencePair]:
    """Give the different pairs of a published development part."""
    seen = set[bytes]()
    for pair in good.kept():
        key = digest_of(pair.source, pair.target)
        if key in seen:
            good.drop(REPEATED)
        else:
            seen.add(key)
            yield pair


def _batches(
    pairs: Iterable[SentencePair], corpus: ParallelCorpus, split: str
) -> Iterator[pa.RecordBatch]:
    rest, seen = iter(pairs), dict[int, int]()
    last = 0
    while block := list(islice(rest, _ROWS)):
        ids = []
        for pair in block:
            # Translations of one line come one after the other.
            seen = seen if pair.number == last else {}
            last = pair.number
            place = seen[last] = seen.get(last, 0) + 1
            ids.append(numbered(split, last) + (f".{place}" if place > 1 else ""))
        columns = (
            ids,
            [corpus.language] * len(block),
            [corpus.name] * len(block),
            [pair.source for pair in block],
            [pair.target for pair in block],
        )
        yield pa.RecordBatch.from_arrays(
            [pa.array(values, pa.string()) for values in columns], schema=SCHEMA
        )


def _grouped(batches: list[pa.RecordBatch], order: list[int]) -> pa.Table:
    """Return rows with equal numbers in ``order`` side by side, else in their order."""
    table = pa.Table.from_batches(batches, SCHEMA)
    if all(one <= two for one, two in pairwise(order)):
        return table
    # Offsets of 64 bits: a language may have more than 2 GB of text.
    wide = pa.schema([(name, pa.large_string()) for name in SCHEMA.names])
    places = sorted(range(len(order)), key=order.__getitem__)
    taken = table.cast(wide).take(pa.array(places, pa.int64()))
    blocks = (taken.slice(start, _ROWS).cast(SCHEMA) for start in range(0, len(order), _ROWS))
    return pa.concat_tables(blocks)
