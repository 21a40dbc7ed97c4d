# SPDX-License-Identifier: Apache-2.0
"""Published settings of the distillation paper against what the program uses."""

from __future__ import annotations

import pytest

from xling.config.loader import config_file
from xling.distill.evaluation import bitext, tatoeba
from xling.distill.paper import read_distill_paper
from xling.distill.recipes import RECIPES
from xling.errors import DataError


@pytest.mark.parametrize("name", ["v1", "emnlp"])
def test_recipes_are_what_was_published(name):
    found, ours = read_distill_paper().recipes[name], RECIPES[name]
    for key, one in found.training.items():
        assert getattr(ours.training, key) == one.used, key
    data = {key: one.used for key, one in found.data.items()}
    assert data == {
        "max_characters": ours.max_characters,
        "cap": ours.cap,
        "share": ours.training.mixing.share,
        "epoch": ours.training.mixing.epoch,
    }


def test_both_recipes_are_there():
    assert set(read_distill_paper().recipes) == set(RECIPES)


def test_the_evaluation_is_what_was_published():
    used = {key: one.used for key, one in read_distill_paper().evaluation.items()}
    assert used["bucc_neighbours"] == bitext.NEIGHBOURS
    assert used["bucc_floor"] == bitext.FLOOR
    assert used["bucc_threshold"] == [bitext.ORACLE, bitext.TUNED]
    assert used["tatoeba_direction"] == tatoeba.MEAN


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("source: bucc_script", "source: memory", "unknown source 'memory'"),
        ("why: the script reads all lines", "note: x", "needs a 'why'"),
    ],
)
def test_mistakes(tmp_path, old, new, what):
    text = config_file("papers/distill.yaml").read_text(encoding="utf-8")
    path = tmp_path / "distill.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=what):
        read_distill_paper(path)
