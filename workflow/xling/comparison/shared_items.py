# SPDX-License-Identifier: Apache-2.0
"""Items of several runs in one order, and those that two systems were both tested on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from xling.comparison.item_statistics import LanguageItems, RunItems
from xling.comparison.pairs import Pair
from xling.errors import DataError
from xling.plan import Run
from xling.stats.resampling import Floats


@dataclass(frozen=True)
class SharedItems:
    """Statistics of the items that all runs of two systems have, NaN in the rows of others.

    Attributes:
        first: of the first system, shape [seeds, items, statistics] by language.
        second: of the second system.
        left_out: items that some of the runs have, by language.
    """

    first: dict[str, Floats]
    second: dict[str, Floats]
    left_out: dict[str, int]


def in_one_order(items: Mapping[Run, RunItems], *, together: bool) -> dict[Run, dict[str, Floats]]:
    """Return each run's statistics by language, shape [items, statistics].

    A language has the items of all runs, by id; NaN in the rows of those that a run lacks.

    Args:
        items: of runs on one task.
        together: whether all languages have the same rows, as items of the same id say the same.
    """
    ids: dict[str, set[str]] = {}
    for run in items.values():
        for code, own in run.languages.items():
            ids.setdefault("" if together else code, set()).update(own.ids)
    places = {code: {one: i for i, one in enumerate(sorted(found))} for code, found in ids.items()}
    return {
        run: {
            code: _rows(own, places["" if together else code])
            for code, own in found.languages.items()
        }
        for run, found in items.items()
    }


def _rows(items: LanguageItems, places: Mapping[str, int]) -> Floats:
    out = np.full((len(places), items.values.shape[1]), np.nan)
    out[[places[one] for one in items.ids]] = items.values
    return out


def shared_items(pair: Pair, rows: Mapping[Run, Mapping[str, Floats]]) -> SharedItems:
    """Take the items that all runs of both systems have.

    Args:
        pair: names languages and seeds.
        rows: of :func:`in_one_order`, at least for the pair's runs.

    Raises:
        DataError: fewer than two common items in a language.
    """
    found = SharedItems({}, {}, {})
    for code in pair.languages:
        first, second = (_seeds(pair, rows, name, code) for name in (pair.first, pair.second))
        there = ~np.isnan(np.concatenate([first, second])[:, :, 0])
        common = there.all(axis=0)
        if common.sum() < 2:
            raise DataError(
                f"{pair.first} and {pair.second} share {common.sum()} test items of {pair.task}",
                where=f"paper {pair.paper}, model {pair.model}, language {code}",
                allowed="two or more items that all runs of both systems were tested on",
                fix="predict the same split with both systems",
            )
        for side, values in ((found.first, first), (found.second, second)):
            side[code] = np.where(common[:, None], values, np.nan)
        found.left_out[code] = int((there.any(axis=0) & ~common).sum())
    return found


def _seeds(
    pair: Pair, rows: Mapping[Run, Mapping[str, Floats]], method: str, language: str
) -> Floats:
    """Return a system's statistics, shape [seeds, items, statistics]."""
    runs = pair.runs(method)
    missing = [run.path for run in runs if language not in rows[run]]
    if missing:
        raise DataError(
            f"predictions lack the language {language}",
            where=missing[0],
            allowed=f"all of {', '.join(pair.languages)}",
            fix="run the prediction again",
        )
    return np.stack([rows[run][language] for run in runs])
