# SPDX-License-Identifier: Apache-2.0
"""Retrieval by layer against hand-made numbers."""

from __future__ import annotations

import copy

import pytest
from test_tables import STUDY, make_record

from xling.config.study import Study
from xling.plan import Plan
from xling.records import Record, Score
from xling.tables import render, table_paths
from xling.tables.sweep import build_sweep, sweep_caption, sweeps

# By layer: qaa, qab.
VALUES = {0: (10.0, 20.0), 1: (30.0, 50.0), 2: (20.0, 40.0)}


def plan(**search) -> Plan:
    study = copy.deepcopy(STUDY)
    study["data"]["artificial"]["sizes"]["tatoeba"] = {"test": 9}
    study["tasks"] = {"tatoeba": {"languages": ["qaa", "qab"], "search": search}}
    study["experiments"][0] |= {"methods": ["mean_pooled"], "tasks": ["tatoeba"], "seeds": [1]}
    return Plan(Study.model_validate(study))


def record(plan: Plan, layer: int | None) -> Record:
    scores = [
        Score(
            setting="standard" if number == (2 if layer is None else layer) else f"layer-{number}",
            language=language,
            metric="accuracy",
            value=value,
            n=9,
            signature="accuracy",
            chance=0.1,
        )
        for number, values in VALUES.items()
        for language, value in zip(("qaa", "qab"), values, strict=True)
    ]
    settings = {"encoder": {"layers": 2}, "decoding": {"layer": layer}}
    return make_record(plan, plan.runs[0], {}, scores=scores, settings=settings)


@pytest.mark.parametrize(("layer", "chosen"), [(1, 1), (None, 2)])
def test_each_layer_is_a_row_and_the_chosen_one_says_so(layer, chosen) -> None:
    of = plan(layer=layer, sweep=True)
    sweep = build_sweep(of, "xmixup", "tatoeba", [record(of, layer)])
    assert [row.title for row in sweep.systems] == [
        f"Mean-pooled encoder, layer {i}{' (chosen)' if i == chosen else ''}" for i in range(3)
    ]
    assert [[row.cells[c].mean for c in sweep.columns] for row in sweep.systems] == [
        [10.0, 20.0, 15.0],
        [30.0, 50.0, 40.0],
        [20.0, 40.0, 30.0],
    ]
    text = render.markdown_text(sweep, sweep_caption(sweep))
    assert "the best of a column was seen on the test set" in text
    assert "| **30.0** | **50.0** | **40.0** | 1 |" in text


def test_files_are_planned_only_for_a_sweep(tmp_path) -> None:
    assert sweeps(plan(layer=1)) == []
    with_sweep = plan(layer=1, sweep=True)
    assert sweeps(with_sweep) == [("xmixup", "tatoeba")]
    names = [path.name for path in table_paths(with_sweep, tmp_path)]
    assert "tatoeba-layers.csv" in names
