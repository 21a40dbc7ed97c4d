# SPDX-License-Identifier: Apache-2.0
"""Spearman's correlation of a language's score with its CKA with the source (Table 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xling.tasks import SOURCE_LANGUAGE

# With three languages every order but one of six is a perfect or nearly perfect correlation.
FEWEST_LANGUAGES = 4
TOO_FEW = "too few languages"
NO_RANKS = "no order: all values are equal"
# Exact up to eight languages (8! = 40,320 orders), sampled above.
RESAMPLES = 99_999


@dataclass(frozen=True)
class Correlation:
    """Rank correlation over languages.

    Attributes:
        rho: Spearman's coefficient; None with a ``note``.
        p_value: two-sided, from permutations: all of them up to eight languages, else a sample.
        p_value_t: two-sided, from Student's t, as ``scipy.stats.spearmanr`` prints it.  It is an
            approximation for many languages; for few it is too small (0 for a perfect order of 4).
        languages: those that both values exist for, sorted, the source left out.
        left_out: languages with one of the two values only, sorted.
        note: why there is no number, or empty.
    """

    rho: float | None
    p_value: float | None
    p_value_t: float | None
    languages: tuple[str, ...]
    left_out: tuple[str, ...]
    note: str


def spearman(scores: Mapping[str, float], cka: Mapping[str, float], seed: int = 0) -> Correlation:
    """Correlate scores with CKA over target languages.

    The source is left out if it is there: its CKA with itself is 1 by construction.

    Args:
        scores: by language.
        cka: with the source, by language.
        seed: of the sampled permutations.
    """
    from scipy import stats

    targets = {*scores, *cka} - {SOURCE_LANGUAGE}
    languages = tuple(sorted(targets & set(scores) & set(cka)))
    left_out = tuple(sorted(targets - set(languages)))
    x = np.array([scores[code] for code in languages])
    y = np.array([cka[code] for code in languages])
    if len(languages) < FEWEST_LANGUAGES:
        return Correlation(None, None, None, languages, left_out, TOO_FEW)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(None, None, None, languages, left_out, NO_RANKS)
    found = stats.spearmanr(x, y)
    ranks = stats.rankdata(y)

    def products(ordered: Any, axis: int) -> Any:
        # Linear in rho for fixed ranks, and cheaper than rho.
        return (ordered * ranks).sum(axis=axis)

    test = stats.permutation_test(
        (stats.rankdata(x),),
        products,
        permutation_type="pairings",
        n_resamples=RESAMPLES,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return Correlation(
        float(found.statistic),
        float(min(1.0, test.pvalue)),
        float(found.pvalue),
        languages,
        left_out,
        "",
    )
