# SPDX-License-Identifier: Apache-2.0
"""The examples of every update: how parts of the data are mixed, a pure function of the seed.

A part is one corpus in one language.  Its units are source sentences with their examples.  Training
takes units in turns, ``turn`` of each part (equal share) or as many as the shares say, and shuffles
the examples of a turn, as the authors' code since July 2020.  A part that is used up begins again
in another order.

Ours: the first pass over a part is shuffled too, and examples of ``WINDOW`` batches are sorted by
length, cut into batches and the batches shuffled, so that little is padded.  Each window keeps the
shares; the last one is shorter, so that n proportional epochs have every example n times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from xling.distill.settings import Mixing

WINDOW = 50  # batches that are sorted by length together, as in xling.batches
_UNITS, _TURNS, _WINDOWS = 1, 2, 3  # keep the random streams apart

Ints = npt.NDArray[np.int64]


def shares(sizes: Sequence[int], mixing: Mixing) -> npt.NDArray[np.float64]:
    """Return how large a share of the units comes from each part of so many units."""
    counts = np.asarray(sizes, dtype=np.float64)
    exponent = {"equal": 0.0, "proportional": 1.0}.get(mixing.share)
    if exponent is None:
        assert mixing.temperature is not None, "the settings' own check"
        exponent = 1.0 / mixing.temperature
    weights = (counts / counts.max()) ** exponent
    return weights / weights.sum()


def epoch_examples(starts: Sequence[Ints], mixing: Mixing) -> int:
    """Return the examples of an epoch; ``starts`` as in :class:`Order`."""
    sizes = [int(one[-1] - one[0]) for one in starts]
    return max(sizes) if mixing.epoch == "largest" else sum(sizes)


class Order:
    """The examples of every update; ``order[step]`` is an array of example numbers.

    Steps are cheap in rising order: one window is in memory at a time.  A lower step than the last
    begins anew, with the same result.

    Args:
        starts: of each part, the first example of every unit and, last, the end of the part.
        lengths: of every example, for sorting.
        mixing: shares and turns.
        batch: examples per update.
        steps: updates.
        seed: all orders follow from it.
    """

    def __init__(
        self,
        starts: Sequence[Ints],
        lengths: npt.NDArray[np.integer],
        mixing: Mixing,
        *,
        batch: int,
        steps: int,
        seed: int,
    ) -> None:
        self.starts = starts
        self.lengths = lengths
        self.mixing = mixing
        self.batch = batch
        self.steps = steps
        self.seed = seed
        self._first = 0
        self._window: list[Ints] = []
        self._windows = self._all_windows()

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Ints:
        if not 0 <= step < self.steps:
            raise IndexError(step)
        if step < self._first:
            self._first, self._window = 0, []
            self._windows = self._all_windows()
        while step >= self._first + len(self._window):
            self._first += len(self._window)
            self._window = next(self._windows)
        return self._window[step - self._first]

    def _all_windows(self) -> Iterator[list[Ints]]:
        begin = 0
        kept: list[Ints] = []
        for turn in self._turns():
            kept.append(turn)
            while (size := min(WINDOW, self.steps - begin) * self.batch) <= sum(map(len, kept)):
                examples = np.concatenate(kept)
                yield self._cut(examples[:size], begin)
                kept = [examples[size:]]
                begin += WINDOW
                if begin >= self.steps:
                    return

    def _cut(self, examples: Ints, begin: int) -> list[Ints]:
        """Return the batches of the window that begins at a step, each of similar lengths."""
        by_length = examples[np.argsort(self.lengths[examples], kind="stable")]
        batches = by_length.reshape(-1, self.batch)
        rng = np.random.default_rng([self.seed, _WINDOWS, begin])
        return [batches[i] for i in rng.permutation(len(batches))]

    def _turns(self) -> Iterator[Ints]:
        """Yield the shuffled examples of one turn after the other, for ever."""
        parts = [_Part(one, [self.seed, _UNITS, i]) for i, one in enumerate(self.starts)]
        per_turn = self.mixing.turn * len(parts)
        wanted = shares([part.units for part in parts], self.mixing)
        taken = np.zeros(len(parts), dtype=np.int64)
        turn = 0
        while True:
            # Rounding the sum, not the turn: a share of 0.3 units per turn is 3 in 10 turns.
            upto = np.rint((turn + 1) * per_turn * wanted).astype(np.int64)
            found = [
                part.examples(int(begin), int(end))
                for part, begin, end in zip(parts, taken, upto, strict=True)
            ]
            rng = np.random.default_rng([self.seed, _TURNS, turn])
            yield rng.permutation(np.concatenate(found))
            taken, turn = upto, turn + 1


class _Part:
    """Units of one part, pass after pass, each pass in an order of its own."""

    def __init__(self, starts: Ints, seed: list[int]) -> None:
        self.starts = starts
        self.units = len(starts) - 1
        self.seed = seed
        self._pass = -1
        self._order: Ints = np.empty(0, dtype=np.int64)

    def examples(self, begin: int, end: int) -> Ints:
        """Return the examples of the units from ``begin`` to ``end``, counted over all passes."""
        found = [np.empty(0, dtype=np.int64)]
        while begin < end:
            number, place = divmod(begin, self.units)
            if number != self._pass:
                self._pass = number
                self._order = np.random.default_rng([*self.seed, number]).permutation(self.units)
            chosen = self._order[place : place + end - begin]
            found += [np.arange(self.starts[i], self.starts[i + 1]) for i in chosen]
            begin += len(chosen)
        return np.concatenate(found)
