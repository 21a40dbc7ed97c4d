# SPDX-License-Identifier: Apache-2.0
"""Converted models: where they come from, what they do in a shard; the table of codes."""

from __future__ import annotations

import csv
from importlib import util

import pytest
from translate_models import TEXTS, write_model

from xling.config.loader import config_file
from xling.errors import DataError, UsageError
from xling.tasks import TASKS
from xling.translate.codes import TABLE, code_of, languages_of
from xling.translate.converted import NOTE, Origin, read_converted
from xling.translate.engines import open_engine
from xling.translate.lists import write_list
from xling.translate.settings import Machine, ModelEngine, Search
from xling.translate.stages.convert_engine import convert_engine
from xling.translate.stages.translate_shard import translate_shard
from xling.translate.store import Store

needs_ctranslate2 = pytest.mark.skipif(
    util.find_spec("ctranslate2") is None, reason="ctranslate2 is not installed"
)
CPU = Machine(device="cpu")


def shard(folder, number, count, settings):
    return translate_shard(
        settings=settings,
        machine=CPU,
        lists=[folder / "list.parquet"],
        number=number,
        count=count,
        store=folder / "store",
        output=folder / f"shard-{number}.json",
    )


@needs_ctranslate2
def test_a_converted_model_tells_where_it_comes_from(tmp_path):
    model, output = write_model("opus_mt", tmp_path / "model"), tmp_path / "engine"
    given = {"family": "opus_mt", "model": model, "output": output}
    note = convert_engine(**given, origin=Origin("opus", "r1", "CC-BY-4.0"))
    assert (note["model"], note["revision"], note["licence"]) == ("opus", "r1", "CC-BY-4.0")
    weights = (output / "model.bin").stat().st_mtime_ns
    # Another origin of the same weights: only the note is new.
    note = convert_engine(**given, origin=Origin("opus", "r2", "CC-BY-4.0"))
    assert read_converted(output) == note
    assert note["revision"] == "r2"
    assert (output / "model.bin").stat().st_mtime_ns == weights
    own = ModelEngine(family="opus_mt", model=str(output), licence="MIT", revision="r2")
    with pytest.raises(UsageError, match=r"licence of this model is 'CC-BY-4\.0'"):
        open_engine(own, CPU)
    own = own.model_copy(update={"licence": "CC-BY-4.0"})
    assert open_engine(own, CPU).about["model"] == "opus"
    # What is damaged is made anew; what fails leaves nothing.
    (output / "model.bin").write_bytes(b"x")
    convert_engine(**given, origin=Origin("opus", "r2", "CC-BY-4.0"))
    assert read_converted(output) == note
    (model / "model.safetensors").write_bytes(b"x")
    with pytest.raises(DataError, match="cannot convert this model"):
        convert_engine(**given | {"output": tmp_path / "bad"}, origin=Origin("", "", "MIT"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["engine", "model"]


@needs_ctranslate2
def test_a_shard_by_a_converted_model(tmp_path):
    model, output = write_model("m2m100", tmp_path / "model"), tmp_path / "engine"
    convert_engine(family="m2m100", model=model, output=output, origin=Origin("m2m", "", "MIT"))
    own = ModelEngine(
        family="m2m100",
        model=str(output),
        licence="MIT",
        search=Search(beam=2, longest_ratio=1.0, longest_more=2),
    )
    write_list(tmp_path / "list.parquet", {("en", "de"): TEXTS[:30]})
    notes = [shard(tmp_path, number, 2, {"en-de": own}) for number in range(2)]
    assert [note["new"] > 0 for note in notes] == [True, True]
    key = notes[0]["engines"]["en-de"]["key"]
    found = Store(tmp_path / "store").find(key, TEXTS[:30], "en", "de")
    alone = open_engine(own, CPU)
    assert found == [alone.translate([text], "en", "de")[0] for text in TEXTS[:30]]
    (output / "shared_vocabulary.json").unlink()
    with pytest.raises(DataError, match="incomplete"):
        shard(tmp_path, 0, 1, {"en-de": own})
    (output / NOTE).write_text("{")
    with pytest.raises(DataError, match="incomplete"):
        shard(tmp_path, 0, 1, {"en-de": own})


def test_files_of_a_model_must_suit_its_family(tmp_path):
    origin = Origin("", "", "MIT")
    for given in (
        {"family": "nllb", "train_note": tmp_path, "binarized": tmp_path},
        {"family": "nllb"},
        {"family": "fairseq", "model": tmp_path},
        {"family": "fairseq", "train_note": tmp_path},
    ):
        with pytest.raises(UsageError, match="is not given like that"):
            convert_engine(**given, origin=origin, output=tmp_path / "out")


def test_the_table_of_codes():
    with config_file(TABLE).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    codes = [row["code"] for row in rows]
    assert codes == sorted(set(codes))
    assert all(row["flores"] and row["madlad"] and row["opus_mt"] for row in rows)
    # Every language of every benchmark has a translator.
    missing = {code for task in TASKS.values() for code in task.languages} - set(codes)
    assert missing == set()
    assert {"eu", "te"} <= set(codes) - set(languages_of("m2m100"))
    with pytest.raises(UsageError, match="cannot translate 'zz'") as error:
        code_of("nllb", "zz")
    assert "zho_Hans" not in error.value.allowed
    assert "zh" in error.value.allowed
