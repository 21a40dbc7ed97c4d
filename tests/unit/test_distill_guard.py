# SPDX-License-Identifier: Apache-2.0
"""Collapsed vectors are seen, others are not."""

import numpy as np
import pytest

from xling.distill.guard import Spread, check_student, check_teacher, spread_of
from xling.distill.settings import Guard
from xling.errors import DataError

GUARD = Guard()
TEACHER = Spread(cosine=0.2, norm=3.0)  # spread 0.8: a student needs 0.08


def test_spread_is_the_mean_over_pairs_of_different_rows():
    vectors = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32) + 1
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = (unit @ unit.T)[~np.eye(30, dtype=bool)]
    found = spread_of(vectors, 20_000, seed=1)
    assert found.cosine == pytest.approx(cosines.mean(), abs=0.02)
    assert found.norm == pytest.approx(np.linalg.norm(vectors, axis=1).mean(), rel=1e-6)
    assert found == spread_of(vectors, 20_000, seed=1)


def test_no_row_is_its_own_partner():
    assert spread_of(np.eye(2, dtype=np.float32), 50, seed=1).cosine == 0.0


@pytest.mark.parametrize("vectors", [np.ones((9, 4)), np.zeros((9, 4))])
def test_one_direction_and_none_have_no_spread(vectors):
    assert spread_of(vectors.astype(np.float32), 50, seed=1).spread == pytest.approx(0.0)


@pytest.mark.parametrize("wrong", [Spread(0.2, 1e-4), Spread(0.995, 3.0)])
def test_a_collapsed_teacher_is_refused(wrong):
    check_teacher(TEACHER, GUARD)
    with pytest.raises(DataError, match="the teacher has collapsed"):
        check_teacher(wrong, GUARD)


def test_a_student_has_collapsed_after_three_looks_in_a_row():
    good, bad = Spread(0.9, 1.0), Spread(0.95, 1.0)
    check_student([bad, bad], [1, 2], TEACHER, GUARD)
    check_student([bad, bad, good], [1, 2, 3], TEACHER, GUARD)
    check_student([bad, good, bad, bad], [1, 2, 3, 4], TEACHER, GUARD)
    with pytest.raises(DataError, match="since step 20 random pairs") as caught:
        check_student([good, bad, bad, bad], [10, 20, 30, 40], TEACHER, GUARD)
    assert "step 40" in caught.value.where
    assert "0.0800" in caught.value.allowed
