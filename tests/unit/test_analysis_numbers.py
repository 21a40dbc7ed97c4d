# SPDX-License-Identifier: Apache-2.0
"""Correlation, language groups, transfer gap, and the rows of Tables 1, 2 and 8."""

from __future__ import annotations

import dataclasses
from itertools import permutations

import numpy as np
import pytest
from test_tables import make_plan, make_records

from xling.analysis.cells import mean_cell
from xling.analysis.correlation import NO_RANKS, TOO_FEW, spearman
from xling.analysis.language_groups import (
    OTHER_FAMILY,
    SAME_FAMILY,
    by_dial,
    by_family,
    by_size,
    group_means,
    read_languages,
)
from xling.analysis.rows import correlation_rows, gap_rows, group_rows
from xling.analysis.transfer_gap import transfer_gap
from xling.config.loader import repository_root
from xling.config.study import ArtificialLanguage
from xling.errors import DataError
from xling.tables.table import Cell, build_table
from xling.tasks import TASKS

FACTS = read_languages(repository_root() / "config" / "languages.csv")


def cells(**values):
    return {code: Cell(tuple(seeds), 10) for code, seeds in values.items()}


# --- correlation -----------------------------------------------------------------------------


def numbered(values):
    return dict(zip("abcdefghijklmnop", values, strict=False))


def slow_spearman(x, y):
    """1 - 6 sum d^2 / (n (n^2 - 1)): without ties."""
    ranks = [np.argsort(np.argsort(one)) for one in (x, y)]
    n = len(x)
    return 1 - 6 * int(((ranks[0] - ranks[1]) ** 2).sum()) / (n * (n * n - 1))


def test_rho_and_its_exact_p_value():
    x, y = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0], [2.0, 7.0, 1.0, 8.0, 2.5, 9.5]
    found = spearman(numbered(x), numbered(y))
    assert found.rho == pytest.approx(slow_spearman(x, y))
    every = [slow_spearman(order, y) for order in permutations(x)]
    extreme = np.mean([abs(one) >= abs(found.rho) - 1e-9 for one in every])
    assert found.p_value == pytest.approx(extreme)
    assert found.languages == tuple("abcdef")


def test_a_perfect_order_of_four_is_no_proof():
    found = spearman(numbered([1, 2, 3, 4]), numbered([10, 20, 30, 40]))
    assert found.rho == pytest.approx(1.0)
    assert found.p_value == pytest.approx(2 / 24)
    # What the approximation says of it.
    assert found.p_value_t == pytest.approx(0.0, abs=1e-6)


def test_many_languages_are_sampled_repeatably():
    rng = np.random.default_rng(0)
    x = rng.normal(size=14)
    y = x + rng.normal(size=14)
    found = spearman(numbered(x), numbered(y))
    assert found == spearman(numbered(x), numbered(y))
    assert found.p_value == pytest.approx(found.p_value_t, abs=0.02)


def test_the_source_and_half_known_languages_do_not_count():
    scores = numbered([1.0, 2.0, 3.0, 5.0, 4.0]) | {"en": 90.0, "zh": 1.0}
    found = spearman(scores, numbered([1.0, 2.0, 3.0, 5.0, 4.0]) | {"en": 1.0, "ja": 0.5})
    assert found.rho == pytest.approx(1.0)
    assert found.languages == tuple("abcde")
    assert found.left_out == ("ja", "zh")


def test_no_number_without_a_basis():
    few = spearman(numbered([1, 2, 3]) | {"en": 4}, numbered([1, 2, 3]) | {"en": 4})
    assert (few.rho, few.p_value, few.p_value_t, few.note) == (None, None, None, TOO_FEW)
    flat = spearman(numbered([5.0] * 6), numbered(range(6)))
    assert (flat.rho, flat.p_value, flat.note) == (None, None, NO_RANKS)


# --- groups and gap --------------------------------------------------------------------------


def test_means_are_taken_seed_by_seed():
    mean = mean_cell(cells(de=(60.0, 70.0), sw=(40.0, 30.0)), ["de", "sw"])
    assert mean == Cell((50.0, 50.0), 20)
    assert mean.sd == 0.0
    for languages in ([], ["de", "fr"]):
        with pytest.raises(DataError, match="no mean over"):
            mean_cell(cells(de=(60.0,)), languages)
    with pytest.raises(DataError) as caught:
        mean_cell(cells(de=(60.0, 61.0), sw=(40.0,)), ["de", "sw"])
    assert "de 2, sw 1" in caught.value.where


def test_gap_of_each_seed():
    gap = transfer_gap(cells(de=(70.0, 72.0), en=(80.0, 81.0), sw=(50.0, 60.0)), ["de", "en", "sw"])
    assert gap.values == (20.0, 15.0)
    assert gap.mean == 17.5
    assert gap.sd == pytest.approx(np.sqrt(12.5))
    for languages in (["de", "sw"], ["en"]):
        with pytest.raises(DataError, match="source language and at least one target"):
            transfer_gap(cells(de=(1.0,), en=(1.0,), sw=(1.0,)), languages)


def test_group_means_leave_out_the_source_and_name_the_ungrouped():
    scores = cells(en=(90.0,), de=(70.0,), fr=(80.0,), zh=(50.0,), qaa=(1.0,))
    groups = by_family(scores, FACTS)
    means, ungrouped = group_means(scores, list(scores), groups)
    assert [(m.group, m.languages, m.cell.mean) for m in means] == [
        (SAME_FAMILY, ("de", "fr"), 75.0),
        (OTHER_FAMILY, ("zh",), 50.0),
    ]
    assert ungrouped == ("qaa",)
    means, _ = group_means(scores, ["en", "de"], groups)
    assert means[1].cell is None


def test_size_groups():
    groups = by_size(["de", "sw", "yo", "qaa"], FACTS, "cc100", 10.0)
    assert groups == {"de": "10 GiB or more", "sw": "< 10 GiB", "yo": None, "qaa": None}
    # The threshold itself is above; XLM-R has seen 1.6 GiB of Swahili.
    assert by_size(["sw"], FACTS, "cc100", 1.6) == {"sw": "1.6 GiB or more"}
    assert by_size(["yo"], FACTS, "wikipedia", 0.001) == {"yo": "0.001 GiB or more"}


def test_dials_group_artificial_languages():
    dials = {
        "qaa": ArtificialLanguage(word_order="SVO", cognates=0.5, text_share=0.2),
        "qab": ArtificialLanguage(word_order="SOV", cognates=0.3, text_share=0.1),
    }
    assert by_dial(dials, "word_order") == {
        "qaa": "SVO, like the source",
        "qab": "other word order",
    }
    assert by_dial(dials, "cognates", 0.4) == {
        "qaa": "40% cognates or more",
        "qab": "< 40% cognates",
    }
    assert by_dial(dials, "text_share", 0.1)["qab"] == "10% of the text or more"


def test_the_table_of_languages_has_all_of_xtreme():
    wanted = {code for task in TASKS.values() for code in task.languages} | {"en"}
    assert set(FACTS) == wanted
    assert list(FACTS) == sorted(FACTS)
    indo_european = {code for code, one in FACTS.items() if one.indo_european}
    assert indo_european == set("af bg bn de el en es fa fr hi it mr nl pt ru ur".split())
    for code, one in FACTS.items():
        if one.family:
            assert (one.family == SAME_FAMILY) == one.indo_european, code
    assert max(FACTS, key=lambda code: FACTS[code].gib["cc100"] or 0.0) == "en"
    assert [code for code, one in FACTS.items() if one.gib["cc100"] is None] == ["yo"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",yes,1.3,", ",perhaps,1.3,", "indo_european is 'perhaps'"),
        (",yes,1.3,", ",yes,much,", "a size cannot be read"),
        ("ar,Arabic", "af,Arabic", "af is there twice"),
        ("name,family", "title,family", "the columns"),
        (",141019864,", ",14.1,", "a size cannot be read"),
    ],
)
def test_a_damaged_table_of_languages_is_refused(tmp_path, old, new, words):
    text = (repository_root() / "config" / "languages.csv").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "languages.csv"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=words) as caught:
        read_languages(path)
    assert str(path) in caught.value.where


# --- rows ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    plan = make_plan()
    return build_table(plan, "xmixup", "xnli", make_records(plan))


def test_table_1_has_a_row_per_system_and_group(table):
    rows = group_rows(table, "order", {"qaa": "like", "qab": "other", "qac": "nobody"})
    assert [(row.method, row.group) for row in rows[:3]] == [
        ("zero_shot", "like"),
        ("zero_shot", "nobody"),
        ("zero_shot", "other"),
    ]
    assert rows[0].cell == Cell((70.0, 71.0, 75.0), 300)
    assert rows[0].languages == ("qaa",)
    assert (rows[1].cell, rows[1].note) == (None, "no language of the task is in this group")
    assert len(rows) == 9
    assert group_rows(table, "order", {"qaa": "like", "qab": None})[0].ungrouped == ("qab",)


def test_table_2_says_what_is_missing(table):
    rows = correlation_rows(table, {("zero_shot", "tiny-x"): {"qaa": [0.5, 0.7], "qac": [0.4]}})
    assert (rows[0].rho, rows[0].p_value, rows[0].note) == (None, None, TOO_FEW)
    assert rows[0].languages == ("qaa",)
    assert rows[0].left_out == ("qab", "qac")
    assert rows[0].seeds == 3
    assert [row.note for row in rows[1:]] == ["no CKA computed"] * 2


def test_table_2_correlates_means_over_seeds(table):
    languages = ("en", *"abcd")
    system = dataclasses.replace(
        table.systems[0],
        cells={c: Cell((10.0 * i, 10.0 * i + 2), 5) for i, c in enumerate(languages)},
    )
    wide = dataclasses.replace(table, languages=languages, systems=(system,))
    own = {"a": [0.1, 0.3], "b": [0.3, 0.3], "c": [0.9, 0.0], "d": [0.5, 0.5]}
    (row,) = correlation_rows(wide, {("zero_shot", "tiny-x"): own})
    # Means 0.2, 0.3, 0.45, 0.5: the scores' order, which no single seed has.
    assert row.rho == pytest.approx(1.0)
    assert row.p_value == pytest.approx(2 / 24)


def test_table_8_is_by_seed(table):
    rows = gap_rows(table)
    assert [row.method for row in rows] == ["zero_shot", "translate_train", "translate_test"]
    assert rows[0].cell.values == (15.0, 16.5, 13.5)
    assert rows[0].targets == ("qaa", "qab")
    assert rows[0].note == ""


def test_rows_without_every_language_are_empty_and_say_why(table):
    first = table.systems[0]
    for lost, cell in (("qab", None), ("en", None), ("qab", Cell((60.0,), 300))):
        kept = {code: one for code, one in first.cells.items() if code != lost}
        if cell:
            kept[lost] = cell
        system = dataclasses.replace(first, cells=kept)
        partial = dataclasses.replace(table, systems=(system,))
        (gap,), (group,) = gap_rows(partial), group_rows(partial, "order", {"qaa": "like"})
        assert (gap.cell, gap.note) == (None, f"not scored with every seed on {lost}")
        assert (group.cell, group.note) == (None, gap.note)
