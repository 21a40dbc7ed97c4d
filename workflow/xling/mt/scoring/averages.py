# SPDX-License-Identifier: Apache-2.0
"""Unweighted means of languages' scores: low-, mid- and high-resource, and all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from xling.errors import DataError

ALL = "avg"
#: Names that averages have in the place of a language, by group.
AVERAGES = {"low": "avg low", "mid": "avg mid", "high": "avg high", "all": ALL}

Groups = Mapping[str, Sequence[str]]


def members(groups: Groups) -> dict[str, tuple[str, ...]]:
    """Return the languages of each average by its name; groups without a language have none."""
    whole = tuple(code for codes in groups.values() for code in codes)
    by_group = {**{name: tuple(groups.get(name, ())) for name in AVERAGES}, "all": whole}
    return {AVERAGES[name]: codes for name, codes in by_group.items() if codes}


def averages(scores: Mapping[str, float], groups: Groups) -> dict[str, float]:
    """Return the averages of scores by language.

    Raises:
        DataError: languages without a score, or without a group.
    """
    check_languages(scores, groups)
    return {name: fmean(scores[code] for code in codes) for name, codes in members(groups).items()}


def check_languages(scored: Mapping[str, object], groups: Groups) -> None:
    """Raise :class:`DataError` unless groups hold the scored languages, each once."""
    grouped = [code for codes in groups.values() for code in codes]
    unknown = sorted(set(groups) - (set(AVERAGES) - {"all"}))
    odd = sorted(set(grouped) ^ set(scored)) or sorted(
        code for code in set(grouped) if grouped.count(code) > 1
    )
    if odd or unknown:
        raise DataError(
            f"languages and groups do not fit: {', '.join(unknown or odd)}",
            allowed="each language that was translated in one of the groups low, mid and high",
            fix="correct the groups (config/mt_groups.csv), or generate the translations again",
        )
