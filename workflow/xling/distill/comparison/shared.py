# SPDX-License-Identifier: Apache-2.0
"""Items of all runs of a task in one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from xling.distill.comparison.contrasts import Contrast
from xling.distill.comparison.items import Items
from xling.distill.comparison.ranks import drawn_correlations
from xling.distill.tables.frame import BUCC
from xling.errors import DataError
from xling.stats.resampling import Floats

if TYPE_CHECKING:
    from xling.plan import Run


@dataclass
class Shared:
    """Items of all runs in one setting of a task.

    Attributes:
        languages: by language and run, shape [items, statistics]; the same items for all runs.
        sizes: items by language.
        gold: of STS, by language.
        cosines: of STS, by language and run.
    """

    languages: dict[str, dict[Run, Floats]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    gold: dict[str, tuple[float, ...]] = field(default_factory=dict)
    cosines: dict[str, dict[Run, tuple[float, ...]]] = field(default_factory=dict)

    def of(self, pair: Contrast) -> list[str]:
        """Return the languages that all runs of a pair of systems have, sorted.

        Raises:
            DataError: there is none.
        """
        found = [code for code, own in self.languages.items() if own.keys() >= set(pair.runs)]
        if not found:
            raise DataError(
                "two systems share no language",
                where=f"{pair.task}: {'/'.join(pair.first)} and {'/'.join(pair.second)}",
                allowed="systems that were scored on the same test sets",
                fix="run snakemake again",
            )
        return sorted(found)

    def stream(self, code: str) -> str:
        """Return the first language whose items are those of ``code``: they are drawn together.

        Equal gold scores in the same order are translations of the same pairs of sentences.
        """
        if not self.gold:
            return code
        return min(other for other, gold in self.gold.items() if gold == self.gold[code])

    def together(self, codes: Sequence[str]) -> list[list[str]]:
        """Return groups of languages whose items are drawn together, if they are several."""
        groups: dict[str, list[str]] = {}
        for code in codes:
            groups.setdefault(self.stream(code), []).append(code)
        return [group for _, group in sorted(groups.items()) if len(group) > 1]

    def drawn_ranks(
        self, code: str, rows: Sequence[tuple[Run, Run]], seed: Sequence[int], resamples: int
    ) -> Floats:
        """Return differences of Spearman's correlation on drawn items, [rows, resamples]."""
        runs = sorted({run for both in rows for run in both})
        cosines = [self.cosines[code][run] for run in runs]
        found = drawn_correlations(self.gold[code], cosines, seed, resamples)
        place = {run: i for i, run in enumerate(runs)}
        return np.stack([found[place[one]] - found[place[other]] for one, other in rows])


def shared_items(task: str, items: Mapping[Run, Mapping[str, Items]]) -> Shared:
    """Bring the items of all runs into one order.

    A foreign sentence of BUCC of which a system kept no pair, and that has no gold pair, counts
    nothing for it.

    Raises:
        DataError: two runs have other items, or other gold.
    """
    found = Shared()
    for code in sorted({code for own in items.values() for code in own}):
        own = {run: by_code[code] for run, by_code in items.items() if code in by_code}
        _check(task, code, own)
        ids = sorted({one for found_items in own.values() for one in found_items.ids})
        place = {one: i for i, one in enumerate(ids)}
        found.languages[code] = {run: _rows(one, place) for run, one in own.items()}
        found.sizes[code] = len(ids)
        first = next(iter(own.values()))
        if first.gold:
            found.gold[code] = first.gold
            found.cosines[code] = {run: one.cosines for run, one in own.items()}
    return found


def _rows(items: Items, place: Mapping[str, int]) -> Floats:
    out = np.zeros((len(place), items.values.shape[1]))
    out[[place[one] for one in items.ids]] = items.values
    return out


def _check(task: str, code: str, items: Mapping[Run, Items]) -> None:
    """Refuse runs on other test sets; of BUCC what must agree is the number of gold pairs."""
    facts = {
        run: float(one.values[:, 2].sum()) if task == BUCC else (one.ids, one.gold)
        for run, one in items.items()
    }
    (first, fact), *others = facts.items()
    wrong = [run for run, other in others if other != fact]
    if wrong or min(len(one.ids) for one in items.values()) < 2:
        names = ", ".join(run.path for run in [first, *wrong[:1]])
        raise DataError(
            "two systems were not tested on the same items, or on fewer than two",
            where=f"{names}, language {code}",
            allowed="the same test set for all systems of a task",
            fix="delete the predictions that are out of date and run snakemake again",
        )
