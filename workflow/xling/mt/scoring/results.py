# SPDX-License-Identifier: Apache-2.0
"""What is kept of the comparisons of translation systems: one JSON file, checked at reading."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from xling.comparison.results import OverSeeds, Tested, read_results
from xling.mt.scoring.contrasts import Contrast, Kind

#: How several seeds become one test, as captions say it.
POOLING = (
    "the n-gram counts of a sentence are summed over the seeds that both systems have, so BLEU is "
    "that of all their translations as one corpus; a sentence is drawn, or exchanged, with all its "
    "seeds"
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContrastResult(_Part):
    """Two systems on one benchmark and direction.

    Attributes:
        first: method of the system whose difference from the other is asked for.
        languages: BLEU by language; ``p_holm`` over the languages of the pair.
        averages: unweighted means over groups of languages, by ``averages.AVERAGES``; ``p_holm``
            over all pairs of the same kind that have this average.
        together: whether sentences with equal ids are drawn together in all languages.
        seeds: of each average, seed by seed.
    """

    kind: Kind
    task: str
    first: str
    first_model: str
    second: str
    second_model: str
    together: bool
    signatures: dict[str, str]
    languages: dict[str, Tested]
    averages: dict[str, Tested]
    seeds: dict[str, OverSeeds]

    def of(self, contrast: Contrast) -> bool:
        """Return whether it is the result of a planned comparison."""
        mine = (self.first, self.first_model), (self.second, self.second_model)
        return (self.kind, self.task, *mine) == (
            *(contrast.kind, contrast.task),
            *(contrast.first, contrast.second),
        )


class MtComparison(_Part):
    """All comparisons of a study.

    Attributes:
        metric: what is compared.
        resamples: of the bootstrap.
        trials: of the approximate randomisation.
        level: of the intervals.
        seed: of the random numbers, as sacreBLEU's default.
        pooling: how seeds are put together, in words.
        not_compared: paths of runs without a baseline.
    """

    study: str
    paper: str
    metric: str
    resamples: int
    trials: int
    level: float
    seed: int
    pooling: str
    pairs: list[ContrastResult]
    not_compared: list[str]


def read_comparison(path: Path) -> MtComparison:
    """Read the comparisons of translation systems.

    Raises:
        DataError: the file is damaged or of another shape.
    """
    return read_results(MtComparison, path, "the comparisons of translation systems", "compare-mt")
