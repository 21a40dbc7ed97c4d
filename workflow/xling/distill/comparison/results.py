# SPDX-License-Identifier: Apache-2.0
"""What is kept of the comparisons of sentence embeddings: one JSON file, checked at reading."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from xling.comparison.results import OverSeeds, Tested, read_results
from xling.distill.comparison.contrasts import Contrast, Key, Kind

#: How several seeds become one test, as captions say it.
POOLING = (
    "scores are averaged over the seeds that both systems have, and an item is drawn, or "
    "exchanged, with all of them; a system that is not trained stands beside every seed"
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContrastResult(_Part):
    """Two systems on one task in one setting of its scores.

    Attributes:
        first: method of the student whose difference from the other is asked for.
        setting: of the scores: a direction of Tatoeba, a threshold of BUCC.
        metric: 0 to 100, of STS -100 to 100.
        together: languages whose items are drawn together, as their gold scores are the same;
            those of others are drawn by themselves.
        languages: language pairs of STS; ``p_holm`` over those of the two systems.
        averages: unweighted means, by name; ``p_holm`` over all results of the same kind, task and
            setting that have it.
        seeds: of each average, seed by seed.
    """

    kind: Kind
    task: str
    setting: str
    metric: str
    first: str
    first_model: str
    second: str
    second_model: str
    together: list[list[str]]
    languages: dict[str, Tested]
    averages: dict[str, Tested]
    seeds: dict[str, OverSeeds]

    @property
    def keys(self) -> tuple[Key, Key]:
        """Method and model of both systems."""
        return (self.first, self.first_model), (self.second, self.second_model)

    def of(self, contrast: Contrast) -> bool:
        """Return whether it is a result of a planned comparison."""
        mine = (self.kind, self.task, *self.keys)
        return mine == (contrast.kind, contrast.task, contrast.first, contrast.second)


class SentenceComparison(_Part):
    """All comparisons of a study.

    Attributes:
        resamples: of each test.
        level: of the intervals.
        pooling: how seeds are put together, in words.
        not_compared: paths of students' runs that stand beside no other system.
    """

    study: str
    paper: str
    resamples: int
    level: float
    pooling: str
    results: list[ContrastResult]
    not_compared: list[str]


def read_comparison(path: Path) -> SentenceComparison:
    """Read the comparisons of sentence embeddings.

    Raises:
        DataError: the file is damaged or of another shape.
    """
    return read_results(
        SentenceComparison, path, "the comparisons of sentence embeddings", "compare-sentences"
    )
