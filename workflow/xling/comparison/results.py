# SPDX-License-Identifier: Apache-2.0
"""What is kept of a paper's comparisons: one JSON file, whose shape is checked at reading."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from xling.errors import DataError

if TYPE_CHECKING:
    from xling.stats.items import ItemTest
    from xling.stats.seeds import SeedTest

# The last places of a sum depend on the machine; files must not.
_PLACES = 9

M = TypeVar("M", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tested(_Part):
    """One number of two systems, tested over items.

    Attributes:
        first: of the first system, seeds averaged item by item.
        second: of the second system.
        difference: first less second.
        low: of the interval of the difference.
        high: of the same.
        p_bootstrap: two-sided.
        p_randomisation: two-sided.
        p_holm: after Holm's correction.  A language's: its randomisation p value, over the
            languages of the pair.  A mean's: the same, over the pairs of the paper.  A transfer
            gap's: its bootstrap p value, over the pairs of the paper.
        items: that were compared, of all languages together.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    p_bootstrap: float
    p_randomisation: float
    p_holm: float
    items: int


class OverSeeds(_Part):
    """The difference of the means over all languages, seed by seed.

    Attributes:
        seeds: those that both systems have, ascending.
        left_out: those of one of them only, ascending.
        difference: mean over seeds.
        sd: sample standard deviation; None for one seed.
        p_value: of the exact sign-flip test; None with a note.
        note: why there is no p value, or empty.
    """

    seeds: list[int]
    left_out: list[int]
    difference: float
    sd: float | None
    p_value: float | None
    note: str


class PairResult(_Part):
    """Two systems on one task.

    Attributes:
        first_setting: how the first system was tested: the setting that tables show.
        second_setting: how the second was.
        metric: the task's main metric, 0 to 100.
        together: whether items that several languages share were drawn together.
        languages: by language.
        left_out: items that one of the systems only was tested on, by language.
        avg: unweighted mean over all languages.
        avg_targets: the same without the source, if it is one of them.
        gap: the source's score less the mean of the targets; None without source or targets.
        seeds: over seeds.
    """

    task: str
    model: str
    first: str
    second: str
    first_setting: str
    second_setting: str
    metric: str
    together: bool
    languages: dict[str, Tested]
    left_out: dict[str, int]
    avg: Tested
    avg_targets: Tested
    gap: Tested | None
    seeds: OverSeeds


class SumGain(_Part):
    """A mean over pairs of languages, or the difference of two such means, of two systems.

    Attributes:
        tested: over items, seeds averaged; ``p_holm`` is over all gains of this name in the paper.
        seeds: the difference by seed.
    """

    tested: Tested
    seeds: dict[int, float]


class DistanceGain(_Part):
    """Whether a language's gain goes with its distance to the source.

    Attributes:
        kind: of the distance.
        distances: by target language.
        gains: by target language, standard setting, seeds averaged.
        rho: Spearman's coefficient; None with a ``note``.
        low: of the percentile interval of ``rho`` when items are drawn anew.
        high: of the same.
        p_value: two-sided, by permutation of the languages.
        seeds: ``rho`` by seed; None where all gains of a seed are equal.
        note: why there is no number, or empty.
    """

    kind: str
    distances: dict[str, float]
    gains: dict[str, float]
    rho: float | None
    low: float | None
    high: float | None
    p_value: float | None
    seeds: dict[int, float | None]
    note: str


class GainResult(_Part):
    """What a system gains over the baseline, in the standard and in the generalised setting.

    Attributes:
        first: the system.
        second: the baseline.
        without_ns: whether rows were left out of which a sentence was not translated.
        languages: those that both were tested on.
        sums: by name (:data:`xling.comparison.gains.SUMS`).
        by_distance: one for each kind of distance.
    """

    task: str
    model: str
    first: str
    second: str
    without_ns: bool
    languages: list[str]
    sums: dict[str, SumGain]
    by_distance: list[DistanceGain]


class Comparison(_Part):
    """All pairs of a paper.

    Attributes:
        resamples: of each test.
        level: of the intervals.
        gains: of papers whose methods are compared with a baseline.
    """

    study: str
    paper: str
    resamples: int
    level: float
    pairs: list[PairResult]
    gains: list[GainResult] = []


def read_comparison(path: Path) -> Comparison:
    """Read a paper's comparisons.

    Raises:
        DataError: the file is damaged or of another shape.
    """
    return read_results(Comparison, path, "a paper's comparisons", "compare")


def read_results(kind: type[M], path: Path, what: str, verb: str) -> M:
    """Read comparisons of some kind.

    Args:
        kind: their type.
        path: of the file.
        what: is read, for the message.
        verb: of xling that writes it.

    Raises:
        DataError: the file is damaged or of another shape.
    """
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise DataError(
            f"{what} cannot be read",
            where=str(path),
            allowed=f"the JSON that 'xling {verb}' writes ({type(error).__name__})",
            fix="delete the file and run snakemake again",
        ) from error


def dump_comparison(comparison: BaseModel) -> str:
    """Return comparisons as JSON text with sorted keys."""
    return json.dumps(comparison.model_dump(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def over_items(test: ItemTest, first: float, second: float, p_holm: float = 1.0) -> Tested:
    """Return a test over items with two systems' scores, rounded as files have them."""
    return Tested(
        first=round(float(first), _PLACES),
        second=round(float(second), _PLACES),
        difference=round(test.difference, _PLACES),
        low=round(test.low, _PLACES),
        high=round(test.high, _PLACES),
        p_bootstrap=test.p_bootstrap,
        p_randomisation=test.p_randomisation,
        p_holm=p_holm,
        items=test.items,
    )


def over_seeds(test: SeedTest, left_out: Sequence[int]) -> OverSeeds:
    """Return a test over seeds, rounded as files have it."""
    return OverSeeds(
        seeds=list(test.seeds),
        left_out=list(left_out),
        difference=round(test.difference, _PLACES),
        sd=None if test.sd is None else round(test.sd, _PLACES),
        p_value=test.p_value,
        note=test.note,
    )
