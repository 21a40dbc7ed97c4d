# SPDX-License-Identifier: Apache-2.0
"""Engines: CTranslate2 says what transformers says, and what is wrong with a model is named."""

from __future__ import annotations

import json
from importlib import util

import pytest
from pydantic import ValidationError
from translate_models import TEXTS, write_model

from xling.errors import DataError, SetupError, UsageError
from xling.translate.codes import code_of, languages_of
from xling.translate.convert import convert_model
from xling.translate.converted import Origin, read_converted
from xling.translate.engines import check_languages, open_engine, provenance
from xling.translate.settings import Guard, Machine, ModelEngine, Search

needs_ctranslate2 = pytest.mark.skipif(
    util.find_spec("ctranslate2") is None, reason="ctranslate2 is not installed"
)
FAMILIES = ("m2m100", "nllb", "opus_mt", "madlad")
ORIGIN = Origin("made up", "r1", "CC0-1.0")
CPU = Machine(device="cpu", batch_tokens=200)
SOURCES = TEXTS[:40]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Give the folder of a family's model."""
    root, made = tmp_path_factory.mktemp("models"), {}

    def folder(family):
        if family not in made:
            made[family] = write_model(family, root / family)
        return made[family]

    return folder


@pytest.fixture(scope="module")
def converted(models, tmp_path_factory):
    """Give the folder of a family's converted model."""
    root = tmp_path_factory.mktemp("converted")

    def folder(family):
        convert_model(models(family), family, root / family, ORIGIN)
        return root / family

    return folder


def settings(kind, family, folder, **changes):
    """Return greedy search, and translations kept as they are."""
    search = Search(beam=1, longest_ratio=1.0, longest_more=4)
    guard = Guard(retry_beam=None)
    values = {"search": search, "guard": guard, "licence": "CC0-1.0", "revision": "r1"} | changes
    return ModelEngine(kind=kind, family=family, model=str(folder), **values)


@needs_ctranslate2
@pytest.mark.parametrize("family", FAMILIES)
def test_ctranslate2_says_what_transformers_says(models, converted, family):
    reference = open_engine(settings("transformers", family, models(family)), CPU)
    engine = open_engine(settings("ctranslate2", family, converted(family)), CPU)
    wanted = reference.translate(SOURCES, "en", "de")
    found = engine.translate(SOURCES, "en", "de")
    assert [one.text for one in found] == [one.text for one in wanted]
    assert [one.flags for one in found] == [one.flags for one in wanted]
    assert [one.score for one in found] == pytest.approx([w.score for w in wanted], abs=2e-3)
    assert len({one.text for one in wanted}) >= 10  # not one answer to everything
    assert engine.key != reference.key


@needs_ctranslate2
@pytest.mark.parametrize("beam", [1, 4])
def test_texts_do_not_depend_on_batches_and_order(converted, beam):
    folder = converted("m2m100")
    guard = Guard()
    if beam == 1:
        guard = Guard(retry_beam=3)
    own = settings("ctranslate2", "m2m100", folder, search=Search(beam=beam), guard=guard)
    engines = [open_engine(own, Machine(device="cpu", batch_tokens=n)) for n in (1, 64, 4000)]
    alone, some, all_at_once = (one.translate(SOURCES, "en", "de") for one in engines)
    assert [one.text for one in alone] == [one.text for one in some]
    assert [one.text for one in alone] == [one.text for one in all_at_once]
    backwards = engines[1].translate(SOURCES[::-1], "en", "de")
    assert [one.text for one in backwards[::-1]] == [one.text for one in alone]
    assert len({engine.key for engine in engines}) == 1


@needs_ctranslate2
def test_a_long_text_is_cut_and_joined(converted):
    own = settings(
        "ctranslate2", "nllb", converted("nllb"), search=Search(beam=1, longest_source=9)
    )
    engine = open_engine(own, CPU)
    long = " ".join(TEXTS[:6])
    text = f"  {long}.\n\n{TEXTS[7]} {TEXTS[8]}\t"
    (found,) = engine.translate([text], "en", "de")
    assert "split" in found.flags
    # What lies around and between sentences is there as it was.
    assert found.text.startswith("  ")
    assert found.text.endswith("\t")
    assert "\n\n" in found.text


@needs_ctranslate2
def test_what_is_not_text_is_named_and_not_lost(converted):
    engine = open_engine(settings("ctranslate2", "nllb", converted("nllb")), CPU)
    found = engine.translate(["", " \n", "bad\x00 cab", "bad  cab"], "en", "de")
    assert [one.text for one in found[:2]] == ["", " \n"]
    assert [one.flags for one in found[:2]] == [("blank",), ("blank",)]
    assert "control" in found[2].flags
    assert found[2].text == found[3].text
    assert engine.translate([], "en", "de") == []


@needs_ctranslate2
def test_conversion_is_done_once_and_whole(models, converted, tmp_path):
    output = tmp_path / "out"
    note = convert_model(models("opus_mt"), "opus_mt", output, ORIGIN)
    before = (output / "model.bin").stat().st_mtime_ns
    assert (
        convert_model(models("opus_mt"), "opus_mt", output, ORIGIN)
        == note
        == read_converted(output)
    )
    assert (output / "model.bin").stat().st_mtime_ns == before
    # Equal models give equal bytes.
    assert (output / "model.bin").read_bytes() == (converted("opus_mt") / "model.bin").read_bytes()
    (output / "tokenizer/vocab.json").unlink()
    with pytest.raises(DataError, match="incomplete") as error:
        open_engine(settings("ctranslate2", "opus_mt", output), CPU)
    assert error.value.where.endswith("tokenizer/vocab.json")


@needs_ctranslate2
def test_machines_that_cannot_compute_like_that_are_named(converted):
    own = settings("ctranslate2", "m2m100", converted("m2m100"), precision="float16")
    with pytest.raises(SetupError, match="cannot load the model"):
        open_engine(own, CPU).translate(["a"], "en", "de")
    own = settings("ctranslate2", "m2m100", converted("m2m100"), precision="int8")
    assert open_engine(own, CPU).translate(SOURCES, "en", "de")[0].text
    with pytest.raises(ValidationError, match="int8"):
        settings("transformers", "m2m100", "nowhere", precision="int8")


def test_incomplete_models_are_named(models, tmp_path):
    broken = tmp_path / "broken"
    with pytest.raises(DataError, match="is not there"):
        open_engine(settings("transformers", "nllb", broken), CPU)
    broken.mkdir()
    with pytest.raises(DataError, match="incomplete") as error:
        open_engine(settings("transformers", "nllb", broken), CPU)
    assert error.value.where.endswith("config.json")
    (broken / "config.json").write_bytes((models("nllb") / "config.json").read_bytes())
    with pytest.raises(DataError, match="incomplete") as error:
        open_engine(settings("transformers", "nllb", broken), CPU)
    assert error.value.where.endswith("model.safetensors")
    index = {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    (broken / "model.safetensors.index.json").write_text(json.dumps(index))
    (broken / "model-1-of-2.safetensors").write_bytes(b"weights")
    with pytest.raises(DataError, match="incomplete") as error:
        open_engine(settings("transformers", "nllb", broken), CPU)
    assert error.value.where.endswith("model-2-of-2.safetensors")
    (broken / "model.safetensors.index.json").unlink()
    (broken / "model.safetensors").write_bytes(b"weights")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (broken / name).write_bytes((models("nllb") / name).read_bytes())
    with pytest.raises(DataError, match="cannot be loaded"):
        open_engine(settings("transformers", "nllb", broken), CPU).translate(["a"], "en", "de")
    with pytest.raises(UsageError, match="not of the family madlad"):
        open_engine(settings("transformers", "madlad", models("nllb")), CPU)


def test_unknown_languages_are_refused(models):
    engine = open_engine(settings("transformers", "m2m100", models("m2m100")), CPU)
    with pytest.raises(UsageError, match="cannot translate 'te'"):
        engine.translate(["bad"], "en", "te")
    opus = open_engine(settings("transformers", "opus_mt", models("opus_mt")), CPU)
    with pytest.raises(UsageError, match="is of 'en', not of 'de'"):
        opus.translate(["bad"], "de", "en")
    with pytest.raises(UsageError, match="cannot translate 'qaa'"):
        check_languages(settings("ctranslate2", "nllb", "nowhere"), ["en", "qaa"])
    check_languages(settings("ctranslate2", "fairseq", "nowhere"), ["en", "qaa"])


def test_codes_of_languages():
    assert code_of("nllb", "zh") == "zho_Hans"
    assert code_of("madlad", "tl") == "fil"
    assert code_of("opus_mt", "sw") == "swa"
    assert "eu" in languages_of("nllb")
    assert "eu" not in languages_of("m2m100")
    for family in FAMILIES:
        codes = languages_of(family)
        assert len(set(codes.values())) == len(codes)


def test_codes_are_those_of_the_tokenizers():
    from transformers.models.m2m_100 import tokenization_m2m_100 as m2m100
    from transformers.models.nllb import tokenization_nllb as nllb

    assert set(languages_of("nllb").values()) <= set(nllb.FAIRSEQ_LANGUAGE_CODES)
    assert set(languages_of("m2m100").values()) <= set(m2m100.FAIRSEQ_LANGUAGE_CODES["m2m100"])


def test_what_a_translation_is_called_by(models):
    folder = models("m2m100")
    first = open_engine(settings("transformers", "m2m100", folder), CPU)
    again = open_engine(
        settings("transformers", "m2m100", folder, licence="MIT"), Machine(device="cpu", threads=2)
    )
    other = open_engine(settings("transformers", "m2m100", folder, search=Search(beam=2)), CPU)
    assert first.key == again.key != other.key
    said = provenance(first)
    assert said["licence"] == "CC0-1.0"
    assert said["revision"] == "r1"
    assert said["search"]["beam"] == 1
    assert said == json.loads(json.dumps(said))
    with pytest.raises(ValidationError, match="patience"):
        settings("transformers", "nllb", folder, search=Search(patience=2.0))
