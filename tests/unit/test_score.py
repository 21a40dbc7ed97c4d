# SPDX-License-Identifier: Apache-2.0
"""Scores of predictions, and the flags."""

from __future__ import annotations

import pyarrow as pa
import pytest

from xling.errors import DataError
from xling.records import Score
from xling.score import flags, is_collapsed, score_labels
from xling.tasks import TASKS

PAWSX, XNLI = TASKS["pawsx"], TASKS["xnli"]

ROWS = [
    # id, language, gold, predicted
    ("1", "qaa", "0", "0"),
    ("2", "qaa", "1", "0"),
    ("3", "qaa", "0", "0"),
    ("1", "en", "0", "0"),
    ("2", "en", "1", "1"),
    ("3", "en", "0", "1"),
    ("4", "en", "0", "0"),
]


def predictions(rows: list[tuple]) -> pa.Table:
    names = ("id", "language", "label", "prediction")
    table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})
    return table.append_column("logits", pa.array([[0.5, 0.5]] * len(rows)))


def test_one_score_per_language_in_the_tables_order() -> None:
    scores = score_labels(predictions(ROWS), PAWSX)
    assert [(s.language, s.value, s.n, s.chance) for s in scores] == [
        ("qaa", 2 / 3 * 100, 3, 2 / 3 * 100),
        ("en", 75.0, 4, 75.0),
    ]
    assert {(s.setting, s.metric, s.signature) for s in scores} == {
        ("standard", "accuracy", "accuracy|scale:100|case:exact|v:1")
    }


def test_rows_of_a_language_need_not_stand_together() -> None:
    mixed = [ROWS[i] for i in (0, 3, 6, 1, 4, 2, 5)]
    assert score_labels(predictions(mixed), PAWSX) == score_labels(predictions(ROWS), PAWSX)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("9", "en", "0", "2"), "unknown predicted label '2'"),
        (("9", "en", "0", None), "unknown predicted label None"),
        (("9", "en", "?", "0"), "unknown gold label '?'"),
        (("1", "en", "0", "0"), "predicted twice"),
    ],
)
def test_a_wrong_row_is_refused_and_named(row: tuple, said: str) -> None:
    with pytest.raises(DataError) as caught:
        score_labels(predictions([*ROWS, row]), PAWSX)
    assert said in caught.value.what
    assert caught.value.where == f"language en, id {row[0]}"


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="lack the column 'prediction'"):
        score_labels(predictions(ROWS).drop_columns(["prediction"]), PAWSX)


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="have no rows"):
        score_labels(predictions(ROWS).slice(0, 0), PAWSX)


def made(language: str, value: float, n: int = 800, chance: float = 100 / 3) -> Score:
    return Score(
        setting="standard",
        language=language,
        metric="accuracy",
        value=value,
        n=n,
        signature="accuracy|scale:100|case:exact|v:1",
        chance=chance,
    )


def test_languages_at_chance_are_listed() -> None:
    # Standard error at chance 1/3, n 800: 100 sqrt(2/9 / 800) = 1.667; two of them: 3.333.
    found = flags([made("en", 80.0), made("qaa", 36.7), made("qac", 36.6), made("qad", 34.1)], XNLI)
    assert found == [
        "at chance: qac (accuracy 36.6, chance 33.3, n 800), "
        "qad (accuracy 34.1, chance 33.3, n 800)"
    ]
    assert not is_collapsed(found)


def test_more_rows_tell_a_smaller_distance_from_chance() -> None:
    assert flags([made("en", 80.0), made("qaa", 35.0, n=800)], XNLI) != []
    assert flags([made("en", 80.0), made("qaa", 35.0, n=5010)], XNLI) == []


def test_far_below_chance_is_said() -> None:
    found = flags([made("en", 80.0), made("qad", 20.0)], XNLI)
    assert found == ["below chance: qad (accuracy 20.0, chance 33.3, n 800)"]


@pytest.mark.parametrize(("value", "collapsed"), [(35.4, False), (35.3, True), (10.0, True)])
def test_a_source_language_near_chance_means_collapse(value: float, collapsed: bool) -> None:
    found = flags([made("qaa", 80.0), made("en", value, n=100_000)], XNLI)
    assert is_collapsed(found) is collapsed
    said = f"collapsed: en (accuracy {value:.1f}, chance 33.3, n 100000)"
    assert (said in found) is collapsed


def test_without_the_source_the_best_language_is_judged() -> None:
    assert is_collapsed(flags([made("qaa", 34.0), made("qab", 35.0)], XNLI))
    assert not is_collapsed(flags([made("qaa", 34.0), made("qab", 45.0)], XNLI))


def test_other_metrics_and_settings_do_not_flag() -> None:
    other = made("en", 33.3).model_copy(update={"setting": "generalised"})
    extra = made("en", 33.3).model_copy(update={"metric": "f1"})
    assert flags([made("en", 80.0), other, extra], XNLI) == []
