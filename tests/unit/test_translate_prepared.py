# SPDX-License-Identifier: Apache-2.0
"""Own translations as the stage ``prepare`` reads them: losses are allowed, and named."""

from __future__ import annotations

import json

import pytest
from test_translate_product_stages import CODE, SIZES, Described, Flow

from xling.data.manifest import read_manifest
from xling.data.tables import read_summary, read_table
from xling.errors import DataError
from xling.translate.products.settings import LabelSettings


def first_text(flow: Flow) -> str:
    row = read_table(flow.prepared["train"]).to_pylist()[0]
    return " ".join(row["tokens"]) if "tokens" in row else row["sentence1"]


@pytest.mark.parametrize("task", ["xnli", "panx"])
def test_what_is_lost_on_the_way_is_counted(tmp_path, task):
    flow = Flow(task, tmp_path, Described(), untranslated="drop")
    flow.engine.silent = {first_text(flow)}
    flow.all()
    assert 0 < read_table(flow.prepared["translate_train"]).num_rows < SIZES["train"]
    summary = read_summary(flow.prepared["translate_train"])
    assert summary["translations"] == "our translation by swapping (licence none)"
    (lost,) = summary["dropped"].values()
    assert lost == {CODE: SIZES["train"] - summary["rows"][CODE]}
    back = read_summary(flow.prepared["back_translate"])
    assert back["translations"] == summary["translations"]


def test_too_much_loss_is_still_an_error(tmp_path):
    flow = Flow("panx", tmp_path, Described())
    rows = read_table(flow.prepared["train"]).to_pylist()
    flow.engine.silent = {" ".join(row["tokens"]) for row in rows[:16]}
    there = flow.make("there", flow.base)
    with pytest.raises(DataError, match="no translation"):
        flow.prepare("translate_train", [CODE], there)


@pytest.mark.parametrize("task", ["udpos", "panx"])
def test_words_for_a_teacher_have_no_tags(tmp_path, task):
    labels = LabelSettings(udpos="soft_labels", panx="soft_labels")
    flow = Flow(task, tmp_path, Described(), labels=labels)
    there = flow.make("there", flow.base)
    flow.prepare("translate_train", [CODE], there)
    rows = read_table(flow.prepared["translate_train"]).to_pylist()
    assert len(rows) == SIZES["train"]
    for row in rows:
        assert row["tags"] == [""] * len(row["tokens"])


def test_lists_of_raw_files_name_engines(tmp_path):
    flow = Flow("xnli", tmp_path, Described())
    there = flow.make("there", flow.base)
    assert [one["key"] for one in read_manifest(there).engines] == ["swapping"]
    assert "engines" not in json.loads(flow.base.read_text(encoding="utf-8"))
