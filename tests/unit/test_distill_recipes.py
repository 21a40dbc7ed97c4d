# SPDX-License-Identifier: Apache-2.0
"""Recipes hold the published settings; contradictions are refused."""

import pytest
from pydantic import ValidationError

from xling.distill.recipes import RECIPES, recipe
from xling.distill.settings import DistillSettings
from xling.errors import UsageError


def test_the_published_numbers():
    v1, emnlp = RECIPES["v1"], RECIPES["emnlp"]
    assert (v1.max_characters, v1.cap, v1.training.epochs) == (128, None, 20.0)
    assert (v1.training.schedule, v1.training.mixing.epoch) == ("constant", "largest")
    assert (emnlp.max_characters, emnlp.cap, emnlp.training.epochs) == (250, 500_000, 5.0)
    assert (emnlp.training.schedule, emnlp.training.mixing.epoch) == ("linear", "total")
    for one in (v1.training, emnlp.training):
        assert (one.learning_rate, one.adam_epsilon, one.weight_decay) == (2e-5, 1e-6, 0.01)
        assert (one.batch_size, one.max_length, one.max_grad_norm) == (64, 128, 1.0)
        assert (one.warmup_steps, one.evaluate_every, one.mixing.share) == (10_000, 1000, "equal")
        assert one.examples == "grouped"


def test_changes():
    short = recipe("v1", max_steps=50, examples="pairs").training
    assert (short.max_steps, short.epochs, short.learning_rate) == (50, None, 2e-5)
    assert short.examples_per_update == 32
    assert recipe("emnlp").training == RECIPES["emnlp"].training


def test_an_unknown_name_and_an_unknown_setting():
    with pytest.raises(UsageError, match="unknown recipe") as caught:
        recipe("emnlp2020")
    assert "emnlp" in caught.value.fix
    with pytest.raises(ValidationError, match="speed"):
        recipe("v1", speed=2)


def test_short_trainings_warm_up_for_a_tenth():
    settings = DistillSettings(max_steps=1)
    assert settings.warmup(20_000) == 10_000
    assert settings.warmup(19_999) == 2000
    assert settings.warmup(100) == 10


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"epochs": 1.0, "max_steps": 5}, "exactly one"),
        ({}, "exactly one"),
        ({"max_steps": 5, "source_side": False, "target_side": False}, "at least one"),
        ({"max_steps": 5, "batch_size": 7}, "even"),
        ({"max_steps": 5, "examples": "grouped", "reduction": "sum"}, "over the sides of pairs"),
    ],
)
def test_contradictions(wrong, why):
    with pytest.raises(ValidationError, match=why):
        DistillSettings(**wrong)
