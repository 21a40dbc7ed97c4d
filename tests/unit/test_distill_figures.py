# SPDX-License-Identifier: Apache-2.0
"""Figures of the distillation paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from distill_results import STUDENT, frame, record, records, value

from xling.distill.figures import AMOUNTS, BIAS, SPACE, draw_figures, figure_names, space_systems
from xling.distill.figures.bars import amounts_figure, bias_figure
from xling.distill.figures.space import spread
from xling.distill.tables.frame import STS, System
from xling.distill.tables.results import collect
from xling.errors import DataError


def spaces(of):
    rng = np.random.default_rng(0)
    return {
        system.key: {
            code: rng.normal(size=(20, 6)).astype(np.float32) + 3 * place
            for place, code in enumerate(("en", "de", "qaa"))
        }
        for system in space_systems(of)
    }


def test_names_are_known_before_any_run():
    assert figure_names(frame()) == [SPACE, BIAS, AMOUNTS]
    assert figure_names(frame(STUDENT, tasks={"tatoeba": ("de",)})) == []
    assert figure_names(frame(STUDENT)) == [SPACE, BIAS]


def test_all_are_drawn_and_equal_data_gives_equal_bytes():
    of = frame()
    one, other = (dict(draw_figures(of, records(of), spaces(of))) for _ in range(2))
    assert list(one) == figure_names(of)
    assert one == other
    for drawn in one.values():
        assert drawn["png"].startswith(b"\x89PNG")
        assert b"<svg" in drawn["svg"]


def test_before_any_run():
    results = collect(frame(), [])
    assert bias_figure(results).axes[0].get_yticklabels() == []
    assert not amounts_figure(results).axes[0].lines


def test_bias_shows_both_numbers_of_a_system():
    results = collect(frame(STUDENT), [record(STUDENT, "sts17")])
    shown = {s.setting: s.value for s in results.of(STUDENT, "sts17")[0].scores[-4:-2]}
    axes = bias_figure(results).axes[0]
    points = [line.get_xdata()[0] for line in axes.lines[1:]]
    assert points == [shown["expected"], shown["pooled"]]


def test_amounts_are_those_of_the_records():
    of = frame()
    axes = amounts_figure(collect(of, records(of))).axes[0]
    assert len(axes.lines) == len(of.tasks["sts17"])
    assert list(axes.lines[0].get_xdata()) == [1001, 5001]


def test_students_of_other_languages_are_no_points_of_one_curve():
    """German students on en-de, Arabic ones on en-ar; all of the corpus ends the curve."""
    students = [
        System(name, "tiny", name, part, "", ("TED2020",), (name[:2],), amount)
        for name, part, amount in (
            ("de all", "corpora", None),
            ("de 1k", "amounts", 1000),
            ("ar all", "corpora", None),
            ("ar 1k", "amounts", 1000),
        )
    ]
    of = frame(*students)
    axes = amounts_figure(collect(of, records_of_all(of))).axes[0]
    assert all(list(line.get_xdata()) == [1001, 5001] for line in axes.lines)
    drawn = {tuple(line.get_ydata()) for line in axes.lines}
    assert drawn == {
        tuple(value(f"{pair[-2:]} {end}", STS, "standard", pair, "spearman", 1) for end in ends)
        for pair, ends in dict.fromkeys(("en-de", "en-ar", "ar-ar"), ("1k", "all")).items()
    }


def test_encoders_are_curves_of_their_own():
    students = [
        System(name, model, name, "amounts", "", ("TED2020",), (), amount)
        for model in ("tiny", "wide")
        for name, amount in (("1k", 1000), ("all", None))
    ]
    of = frame(*students)
    axes = amounts_figure(collect(of, records_of_all(of))).axes[0]
    assert len(axes.lines) == 2 * len(of.tasks[STS])


def records_of_all(of):
    return [record(system, STS, codes=of.tasks[STS]) for system in of.systems]


def test_a_system_without_vectors():
    of = frame()
    missing = dict(list(spaces(of).items())[1:])
    with pytest.raises(DataError, match="needs vectors of 'LASER'"):
        dict(draw_figures(of, records(of), missing))


def test_spread_is_within_languages():
    """Two sentences at 3 and 4 from their centroids, whatever lies between languages."""
    space = {
        "en": np.array([[0, 3], [0, -3]], np.float32),
        "de": np.array([[104, 0], [96, 0]], np.float32),
    }
    assert spread(space) == pytest.approx(math.sqrt((9 + 16) / 2))
