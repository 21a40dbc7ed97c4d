# SPDX-License-Identifier: Apache-2.0
"""``xling doctor`` about engines of translations of our own."""

from __future__ import annotations

from importlib import metadata

import pytest
from test_translations_tables import NLLB, PART, make_plan

from xling.doctor import engines
from xling.doctor.engines import engine_findings


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def found(part=PART):
    return list(engine_findings(make_plan(part).translations))


def test_a_model_that_is_not_there():
    lines = found()
    assert [one.level for one in lines] == ["ok", "ok", "error"]
    assert "models/nllb does not exist" in lines[2].what
    assert "translations.engines.nllb" in lines[2].fix


def test_a_model_of_another_family(tmp_path):
    (tmp_path / "models" / "nllb").mkdir(parents=True)
    (tmp_path / "models" / "nllb" / "config.json").write_text('{"model_type": "marian"}')
    assert "type 'marian'" in found()[2].what


def test_a_model_without_weights(tmp_path):
    (tmp_path / "models" / "nllb").mkdir(parents=True)
    (tmp_path / "models" / "nllb" / "config.json").write_text('{"model_type": "m2m_100"}')
    (line,) = [one for one in found() if one.level == "error"]
    assert "model.safetensors" in line.what
    (tmp_path / "models" / "nllb" / "model.safetensors").write_text("weights")
    assert found()[2].what == "engine nllb, all directions: models/nllb is whole"


def test_without_the_library(monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(engines.metadata, "version", version)
    assert [one.level for one in found()] == ["error", "ok", "error"]
    assert "ctranslate2 is not installed" in found()[0].what


def test_the_reference_needs_no_library(monkeypatch):
    slow = NLLB | {"kind": "transformers"}
    part = {"engines": PART["engines"] | {"nllb": slow}}
    assert not any("ctranslate2" in one.what for one in found(part))
