# SPDX-License-Identifier: Apache-2.0
"""Figures of the distillation paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from distill_results import STUDENT, frame, record, records

from xling.distill.figures import AMOUNTS, BIAS, SPACE, draw_figures, figure_names, space_systems
from xling.distill.figures.bars import amounts_figure, bias_figure
from xling.distill.figures.space import spread
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
    results = collect(frame(STUDENT), [record(STUDENT, "sts2017")])
    shown = {s.setting: s.value for s in results.of(STUDENT, "sts2017")[0].scores[-4:-2]}
    axes = bias_figure(results).axes[0]
    points = [line.get_xdata()[0] for line in axes.lines[1:]]
    assert points == [shown["expected"], shown["pooled"]]


def test_amounts_are_those_of_the_records():
    of = frame()
    axes = amounts_figure(collect(of, records(of))).axes[0]
    assert len(axes.lines) == len(of.tasks["sts2017"])
    assert list(axes.lines[0].get_xdata()) == [1001, 5001]


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
