# SPDX-License-Identifier: Apache-2.0
"""Language bias: pooled correlation against the mean of the pairs' own."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from xling.distill.evaluation import bias


def predictions(cosines, gold):
    """A table of pairs, each with its own cosines and gold scores."""
    return pa.table(
        {
            "setting": ["standard"] * sum(map(len, gold.values())),
            "id": [str(i) for pair in gold for i in range(len(gold[pair]))],
            "language": [pair for pair in gold for _ in gold[pair]],
            "gold": [value for pair in gold for value in gold[pair]],
            "prediction": [value for pair in gold for value in cosines[pair]],
        }
    )


GOLD = {pair: [0.0, 1.0, 2.0, 3.0] for pair in ("en-en", "en-de")} | {"en-ar": [0.0, 2.0, 4.0, 5.0]}


def test_a_constant_offset_of_a_language_is_a_bias():
    cosines = {
        "en-en": [0.8, 0.85, 0.9, 0.95],
        "en-de": [0.1, 0.15, 0.2, 0.25],
        "en-ar": [0.3, 0.35, 0.4, 0.45],
    }
    found = bias.language_bias(predictions(cosines, GOLD))
    assert list(found) == [bias.ALL, bias.SAME_GOLD]
    whole, same = found[bias.ALL], found[bias.SAME_GOLD]
    assert (whole.pairs, whole.rows) == (("en-ar", "en-de", "en-en"), 12)
    assert (same.pairs, same.rows) == (("en-de", "en-en"), 8)
    assert whole.expected == pytest.approx(100)
    assert same.expected == pytest.approx(100)
    # Ranks of gold are twice each of 1.5 3.5 5.5 7.5; of cosines 5 to 8 and 1 to 4.
    gold, ranks = [1.5, 3.5, 5.5, 7.5] * 2, [5, 6, 7, 8, 1, 2, 3, 4]
    expected = 100 * np.corrcoef(gold, ranks)[0, 1]
    assert same.actual == pytest.approx(expected)
    assert same.gap == pytest.approx(expected - 100)
    pooled = [[v for pair in sorted(GOLD) for v in table[pair]] for table in (GOLD, cosines)]
    assert whole.actual == pytest.approx(100 * stats.spearmanr(*pooled).statistic)


def test_without_an_offset_nothing_is_lost():
    cosines = {pair: [value / 10 for value in values] for pair, values in GOLD.items()}
    for found in bias.language_bias(predictions(cosines, GOLD)).values():
        assert found.gap == pytest.approx(0)


def test_scores_have_both_numbers_and_name_the_pairs():
    cosines = {pair: [0.1, 0.4, 0.3, 0.5] for pair in GOLD}
    scores = bias.scores(predictions(cosines, GOLD))
    assert [(s.setting, s.language, s.n) for s in scores] == [
        ("expected", "all pairs", 12),
        ("pooled", "all pairs", 12),
        ("expected", "same gold", 8),
        ("pooled", "same gold", 8),
    ]
    assert scores[0].value == pytest.approx(80)
    assert scores[1].signature.endswith("|pooled:en-ar+en-de+en-en")
    assert scores[3].signature.endswith("|pooled:en-de+en-en")


def test_one_pair_alone_has_no_bias():
    table = predictions({"en-de": [0.1, 0.2, 0.3, 0.4]}, {"en-de": GOLD["en-de"]})
    assert bias.scores(table) == []


def test_the_same_values_in_other_rows_are_the_same_gold():
    """Files of one origin may number their rows in another order."""
    gold = GOLD | {"en-de": GOLD["en-de"][::-1]}
    cosines = {pair: [0.1, 0.2, 0.3, 0.4] for pair in gold}
    assert bias.language_bias(predictions(cosines, gold))[bias.SAME_GOLD].expected == 0
