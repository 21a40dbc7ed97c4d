# SPDX-License-Identifier: Apache-2.0
"""Two systems on the same test items of several languages: each language, means and other sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xling.errors import DataError
from xling.stats.holm import holm
from xling.stats.items import RESAMPLES, ItemTest, checked_pair, mean_score, tested_sum
from xling.stats.resampling import Floats, Score, Shifts, Sides

ByLanguage = Mapping[str, npt.ArrayLike]
#: Weights by language of each named sum.
Sums = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class LanguageTests:
    """Tests per language, of their unweighted mean, and of other sums of them.

    Attributes:
        languages: in the order they were given.
        adjusted: the languages' randomisation p values after Holm's correction.
        macro: the mean over languages.
        combined: by name, the sums that were asked for.
    """

    languages: dict[str, ItemTest]
    adjusted: dict[str, float]
    macro: ItemTest
    combined: dict[str, ItemTest]


@dataclass(frozen=True)
class Systems:
    """Two systems on the test sets of several languages.

    Attributes:
        first: statistics of the first system's items by language, shapes as in
            :func:`compare_items`.  An item that is not there is a row of NaN in both systems.
        second: of the second system.
        combine: weighted sums of the languages' scores to be tested too: by name, the weights by
            language; languages that are not named weigh nothing.
    """

    first: ByLanguage
    second: ByLanguage
    combine: Sums


def compare_languages(
    first: ByLanguage,
    second: ByLanguage,
    *,
    parallel: bool,
    combine: Sums | None = None,
    score: Score = mean_score,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> LanguageTests:
    """Compare two systems per language and on the unweighted mean over languages.

    See :class:`Systems` for the first arguments, :func:`compare_pairs` for the others and errors.
    """
    systems = Systems(first, second, combine or {})
    found = compare_pairs(
        {"": systems}, parallel=parallel, score=score, resamples=resamples, seed=seed
    )
    return found[""]


def compare_pairs(
    pairs: Mapping[str, Systems],
    *,
    parallel: bool,
    score: Score = mean_score,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, LanguageTests]:
    """Compare several pairs of systems on one test set, with the same draws.

    Args:
        pairs: by any name; a language has the same items in the same order in all of them.
        parallel: whether the items of all languages are translations of each other, in the same
            order.  Then they are drawn together: a hard item is hard in every language, and
            drawing them apart would make the mean look more certain than it is.
        score: from means of statistics to the score.
        resamples: of each test.
        seed: with the language's code, decides what is drawn.

    Raises:
        DataError: other languages or items for the two systems of a pair, sets of items that must
            be equal and have different numbers, or a sum of languages that are not there.
        UsageError: no resamples.
    """
    checked = {
        (name, code): pair for name, one in pairs.items() for code, pair in _checked(one).items()
    }
    groups: dict[str, list[tuple[str, str]]] = {}
    for key in checked:
        groups.setdefault("" if parallel else key[1], []).append(key)
    _require_equal_sizes({key: len(pair[0]) for key, pair in checked.items()}, groups)
    sides = [Sides.of([checked[key] for key in keys]) for keys in groups.values()]
    shifts = Shifts.of(sides, [[seed, *code.encode("utf-8")] for code in groups], score, resamples)
    keys = [key for group in groups.values() for key in group]
    sizes = dict(zip(keys, np.concatenate([one.sizes[:, 0] for one in sides]), strict=True))
    place = {key: i for i, key in enumerate(keys)}
    return {
        name: _tests(
            shifts.take([place[name, code] for code in one.first]),
            np.array([sizes[name, code] for code in one.first]),
            one,
        )
        for name, one in pairs.items()
    }


def _checked(systems: Systems) -> dict[str, tuple[Floats, Floats]]:
    """Return both systems' items by language."""
    first, second = systems.first, systems.second
    if not first or set(first) != set(second):
        only = sorted(set(first) ^ set(second))
        raise DataError(
            "the two systems were not scored on the same languages",
            where=f"one of them only: {', '.join(only)}" if only else "no languages",
            allowed="the same languages for both, at least one",
        )
    return {code: checked_pair(first[code], second[code], lacking=True) for code in first}


def _require_equal_sizes(
    rows: Mapping[tuple[str, str], int], groups: Mapping[str, Sequence[tuple[str, str]]]
) -> None:
    """Raise :class:`DataError` if items that are drawn together have different numbers."""
    for keys in groups.values():
        if len({rows[key] for key in keys}) > 1:
            raise DataError(
                "parallel test sets have different numbers of items",
                where=", ".join(f"{' '.join(key).strip()}: {rows[key]}" for key in keys),
                allowed="the same items in every language, and for every pair of systems",
                fix="give rows of NaN for the items that a language lacks",
            )


def _tests(shifts: Shifts, sizes: Floats, systems: Systems) -> LanguageTests:
    """Test one pair: its languages, their mean and its other sums."""
    languages = list(systems.first)
    one_hot = np.eye(len(languages))
    tests = {code: tested_sum(shifts, one_hot[i], sizes) for i, code in enumerate(languages)}
    adjusted = holm([test.p_randomisation for test in tests.values()])
    sums = {name: _weights(name, by, languages) for name, by in systems.combine.items()}
    return LanguageTests(
        tests,
        dict(zip(languages, adjusted, strict=True)),
        tested_sum(shifts, np.full(len(languages), 1.0 / len(languages)), sizes),
        {name: tested_sum(shifts, weights, sizes) for name, weights in sums.items()},
    )


def _weights(name: str, by_language: Mapping[str, float], languages: Sequence[str]) -> Floats:
    """Return the weights of all languages."""
    unknown = sorted(set(by_language) - set(languages))
    if unknown:
        raise DataError(
            f"'{name}' weighs a language that is not compared",
            where=", ".join(unknown),
            allowed=", ".join(languages),
        )
    return np.array([by_language.get(code, 0.0) for code in languages])
