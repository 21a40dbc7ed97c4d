# SPDX-License-Identifier: Apache-2.0
"""Which lines are used when not all are: temperature sampling over languages, draws without order.

Pure functions of sizes and a seed; they read nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from heapq import merge

from xling.data.artificial.streams import Stream
from xling.errors import UsageError

#: Temperature of vocabulary training: the T=5 mixture of the DRO code for MNMT (Zhou et al. 2021,
#: utils/prepare_data_ted_upsample.sh, as quoted in cats-data.md section 1.2).
TEMPERATURE = 5.0
#: The mixture is at most this much larger than all data (fairseq, sampled_multi_dataset.py).
LARGEST_MIXTURE = 1.5


def shares(sizes: Mapping[str, int], temperature: float) -> dict[str, float]:
    """Return the probability of each language, proportional to size ** (1 / temperature).

    As fairseq's ``sampling_method.py``; temperature 1 is proportional, infinity is uniform.

    Raises:
        UsageError: a size is not positive, or the temperature is below 1.
    """
    if not sizes or min(sizes.values()) < 1 or temperature < 1:
        raise UsageError(
            f"no mixture of {dict(sizes)} lines at temperature {temperature:g}",
            where="temperature sampling",
            allowed="at least one line of each language, a temperature of at least 1",
            fix="take languages without training data out of the study",
        )
    total = sum(sizes.values())
    weights = {name: (size / total) ** (1 / temperature) for name, size in sizes.items()}
    scale = sum(weights.values())
    return {name: weight / scale for name, weight in weights.items()}


def mixture_size(sizes: Mapping[str, int], temperature: float) -> int:
    """Return the lines of a mixture that has the largest language once, as fairseq counts them.

    fairseq's virtual size of an epoch: the other languages relative to the largest one, cut at
    ``LARGEST_MIXTURE`` times all data.
    """
    share = shares(sizes, temperature)
    largest = max(sizes, key=lambda name: sizes[name])
    size = sum(share.values()) / share[largest] * sizes[largest]
    return int(min(size, LARGEST_MIXTURE * sum(sizes.values())))


def mixture(
    sizes: Mapping[str, int], total: int, temperature: float = TEMPERATURE
) -> dict[str, int]:
    """Divide a number of lines among languages by their shares; the parts add up to ``total``.

    Fractions go to the languages with the largest remainders, in alphabetical order if equal.
    """
    exact = {name: total * share for name, share in shares(sizes, temperature).items()}
    counts = {name: int(value) for name, value in exact.items()}
    order = sorted(exact, key=lambda name: (counts[name] - exact[name], name))
    for name in order[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def lines_for_vocabulary(
    sizes: Mapping[str, int], total: int, *, temperature: float = TEMPERATURE, seed: int
) -> dict[str, array[int]]:
    """Choose the lines that a vocabulary is trained on.

    A language that is to give more lines than it has gives each of them equally often, and a
    random part of them once more.

    Args:
        sizes: training lines of each language.
        total: lines of the mixture, for example of :func:`mixture_size`.
        temperature: of the sampling over languages.
        seed: of the draws; each language has its own stream.

    Returns:
        Line numbers of each language from 0, in ascending order, repeated lines side by side.
    """
    chosen = {}
    for name, count in mixture(sizes, total, temperature).items():
        times, rest = divmod(count, sizes[name])
        repeated = (number for number in range(sizes[name]) for _ in range(times))
        once_more = selected(sizes[name], rest, Stream(seed, "vocabulary", name))
        chosen[name] = array("q", merge(repeated, once_more))
    return chosen


def selected(size: int, wanted: int, stream: Stream) -> Iterator[int]:
    """Give ``wanted`` of the numbers below ``size`` in ascending order, every set equally likely.

    Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S): nothing is
    kept in memory, so lines of any file can be drawn while it is read.

    Raises:
        UsageError: more are wanted than there are.
    """
    if wanted > size:
        raise UsageError(
            f"{wanted:,} lines are wanted of {size:,}",
            where="sampling without repetition",
            allowed=f"at most {size:,}",
            fix="ask for fewer lines",
        )
    for number in range(size):
        if not wanted:
            return
        if stream.chance(wanted / (size - number)):
            wanted -= 1
            yield number
